"""Whether an endpoint holds what was loaded: by the size of each graph, and the digest of what comes back."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final
from urllib.parse import urlencode

from pyoxigraph import (
    Literal,
    NamedNode,
    QueryResultsFormat,
    QuerySolutions,
    RdfFormat,
    Triple,
    parse,
    parse_query_results,
)

from legation.endpoint import Endpoint, EndpointError, Question, pieces
from legation.held import as_published, digest_of
from legation.namespaces import GRAPH
from legation.push.load import by_graph
from legation.release import Manifest, Release

FORM: Final = "application/x-www-form-urlencoded"
JSON: Final = "application/sparql-results+json"
N_TRIPLES: Final = "application/n-triples"
PATIENCE: Final = 600.0
SIZES: Final = "SELECT ?g (COUNT(*) AS ?n) WHERE { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g"
SHOWN: Final = 3
"""Statements that a difference shows, of each side."""


@dataclass(frozen=True)
class Difference:
    """A graph that is not as published, and in what."""

    graph: str
    said: str

    def __str__(self) -> str:
        """Return both, for people."""
        return f"{self.graph}: {self.said}"


def differing_sizes(manifest: Manifest, endpoint: Endpoint) -> list[Difference]:
    """Return the graphs that have another size at the endpoint, and those that should not be there."""
    counted = dict(_sizes(endpoint))
    wrong = [
        Difference(iri, f"{counted.get(iri, 0):,} statements instead of {entry.triples:,}")
        for iri, entry in sorted(manifest.graphs.items())
        if counted.get(iri, 0) != entry.triples
    ]
    more = sorted(iri for iri in counted if iri.startswith(GRAPH) and iri not in manifest.graphs)
    return [*wrong, *(Difference(iri, "is not in the release") for iri in more)]


def differing_digests(release: Release, endpoint: Endpoint) -> Iterator[Difference]:
    """Yield the graphs whose statements are not given back as they were published (RDFC-1.0)."""
    for graph, entry in sorted(release.manifest.graphs.items()):
        found = set(_given_back(graph, endpoint))
        if digest_of(found) != entry.rdfc10:
            yield Difference(graph, _compared(release, graph, found))


def _compared(release: Release, graph: str, found: set[Triple]) -> str:
    """Return what is missing and what stands there instead."""
    published = {
        as_published(triple) for name, piece in by_graph(release) if name == graph for triple in piece
    }
    missing, strange = published - found, found - published
    if len(found) < len(published) and not strange:
        return f"only {len(found):,} of {len(published):,} statements come back: the endpoint cuts results"
    told = f"{len(missing):,} statements come back changed"
    return f"{told}: {_few(missing)} came back as {_few(strange)}"


def _few(triples: Iterable[Triple]) -> str:
    return "; ".join(islice(sorted(map(str, triples)), SHOWN)) or "nothing"


def _given_back(graph: str, endpoint: Endpoint) -> Iterator[Triple]:
    """Yield the statements of a graph as the endpoint has them, each blank node as it was."""
    query = f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ GRAPH {NamedNode(graph)} {{ ?s ?p ?o }} }}"
    with tempfile.TemporaryFile() as file:
        for piece in _answer(endpoint, query, N_TRIPLES):
            file.write(piece)
        file.seek(0)
        try:
            yield from (as_published(quad) for quad in parse(file, RdfFormat.N_TRIPLES))
        except SyntaxError as error:
            raise EndpointError(f"what it gives back of {graph} cannot be read: {error}") from error


def _sizes(endpoint: Endpoint) -> Iterator[tuple[str, int]]:
    body = b"".join(_answer(endpoint, SIZES, JSON))
    try:
        results = parse_query_results(body, QueryResultsFormat.JSON)
    except SyntaxError as error:
        raise EndpointError(f"its answer cannot be read: {error}") from error
    for row in results if isinstance(results, QuerySolutions) else ():
        graph, number = row["g"], row["n"]
        if isinstance(graph, NamedNode) and isinstance(number, Literal):
            yield graph.value, int(number.value)


def _answer(endpoint: Endpoint, query: str, accept: str) -> Iterator[bytes]:
    body = urlencode({"query": query}).encode("ascii")
    question = Question("POST", body, {"Accept": accept, "Content-Type": FORM})
    with endpoint.asked(question, time.monotonic() + PATIENCE) as response:
        yield from pieces(response)
