"""Loading a release by the SPARQL 1.1 Graph Store Protocol: graph by graph, in pieces any store takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, groupby, islice
from typing import Final
from urllib.parse import quote, urlsplit

from pyoxigraph import NamedNode, Quad, RdfFormat, Triple, parse, serialize

from legation.endpoint import Endpoint, EndpointError, Question
from legation.held import UNION, Place, as_sent
from legation.namespaces import GRAPH
from legation.release import Release

PIECE: Final = 10_000
"""Triples of one request."""

HELD: Final = 100 * PIECE
"""Triples that wait for others of their graph."""

PATIENCE: Final = 600.0
"""Seconds that an endpoint may take for one request."""

META: Final = f"{GRAPH}meta"
"""The graph by which a server knows the release: it goes first and comes last."""

N_TRIPLES: Final = "application/n-triples"
GONE: Final = "it answered 404"
Tell = Callable[[str], object]


class GraphStore:
    """The Graph Store of an endpoint (SPARQL 1.1 Graph Store HTTP Protocol)."""

    def __init__(self, endpoint: Endpoint) -> None:
        """Send graphs to the address of ``endpoint``; its query, if it has one, comes first."""
        self._endpoint = endpoint

    def replace(self, graph: str | None, triples: Iterable[Triple]) -> int:
        """Put a graph in the place of what has its name (the default graph without one); return its size."""
        size = 0
        for number, piece in enumerate(_pieces(triples)):
            self.put(graph, piece, first=number == 0)
            size += len(piece)
        return size

    def put(self, graph: str | None, piece: list[Triple], *, first: bool) -> None:
        """Put a piece in the place of a graph where it is the ``first``, else add it."""
        self._send("PUT" if first else "POST", graph, piece)

    def remove(self, graph: str) -> None:
        """Remove a graph; nothing happens where there is none."""
        try:
            self._send("DELETE", graph, [])
        except EndpointError as error:
            if not str(error).startswith(GONE):
                raise

    def knock(self) -> None:
        """Ask for something small first: who wants to know who we are says so before a body comes."""
        try:
            self._send("GET", f"{GRAPH}none", [])
        except EndpointError as error:
            if not str(error).startswith(GONE):
                raise

    def _send(self, method: str, graph: str | None, triples: list[Triple]) -> None:
        body = serialize(triples, format=RdfFormat.N_TRIPLES) or b""
        headers = {"Content-Type": N_TRIPLES} if method in ("PUT", "POST") else {"Accept": N_TRIPLES}
        question = Question(method, body, headers, self._target(graph))
        with self._endpoint.asked(question, time.monotonic() + PATIENCE) as response:
            response.read()

    def _target(self, graph: str | None) -> str:
        field = "default" if graph is None else f"graph={quote(graph, safe='')}"
        mark = "&" if urlsplit(self._endpoint.target).query else "?"
        return f"{self._endpoint.target}{mark}{field}"


def load(release: Release, store: GraphStore, tell: Tell) -> None:
    """Load every graph of ``release`` into ``store``, in the place of what it holds under these names.

    Until all of it is there the endpoint is no endpoint of this release: the graph by which it is known goes
    first and comes last. Raises ``EndpointError``.
    """
    store.knock()
    store.remove(META)
    meta: list[Triple] = []
    begun: set[str] = set()
    loaded = 0
    for graph, piece in by_graph(release):
        if graph == META:
            meta += piece
            continue
        store.put(graph, piece, first=graph not in begun)
        begun.add(graph)
        loaded += len(piece)
        tell(f"{loaded:,} of {release.manifest.counts.get('quads', loaded):,} statements loaded")
    tell(f"the union of all graphs stands in {_load_union(release, store).value}")
    if meta:
        store.replace(META, meta)


def _load_union(release: Release, store: GraphStore) -> Place:
    """Load the union into the default graph; into a graph of its own where the store has no default graph."""
    try:
        store.replace(None, union_of(release))
    except EndpointError:
        store.replace(UNION.value, union_of(release))
        return Place.NAMED
    store.remove(UNION.value)
    return Place.DEFAULT


def by_graph(release: Release) -> Iterator[tuple[str, list[Triple]]]:
    """Yield pieces of graphs as an endpoint holds them, in one pass over the dataset.

    What is held back is at most ``HELD`` statements, however many graphs there are.
    """
    waiting: dict[str, list[Triple]] = {}
    held = 0
    for quad in _quads(release):
        graph = quad.graph_name
        if not isinstance(graph, NamedNode):
            continue
        piece = waiting.setdefault(graph.value, [])
        piece.append(as_sent(quad))
        held += 1
        if len(piece) == PIECE or held == HELD:
            full = [graph.value] if len(piece) == PIECE else list(waiting)
            for name in full:
                held -= len(waiting[name])
                yield name, waiting.pop(name)
    yield from waiting.items()


def union_of(release: Release) -> Iterator[Triple]:
    """Yield the union of all graphs, each statement once: the lines of a dataset are sorted."""
    for _, same in groupby(_quads(release), key=lambda quad: quad.triple):
        yield as_sent(next(same))


def _quads(release: Release) -> Iterator[Quad]:
    return parse(path=release.dataset, format=RdfFormat.N_QUADS)


def _pieces(triples: Iterable[Triple]) -> Iterator[list[Triple]]:
    """Yield lists of triples; at least one, for a graph may be empty."""
    rest = iter(triples)
    first = list(islice(rest, PIECE))
    return chain([first], iter(lambda: list(islice(rest, PIECE)), []))
