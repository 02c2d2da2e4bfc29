"""Whether an endpoint holds the release that is served: found out at the start, and asked all the time."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlencode

from pyoxigraph import Literal, NamedNode

from legation.endpoint import Endpoint, EndpointError, Question
from legation.held import MARK, UNION, Place, strangers
from legation.namespaces import BASE, GRAPH, PREFIXES
from legation.release import Manifest, Release, ReleaseError
from legation.serve.remote.asking import FORM, JSON, Asking, Remote, Row
from legation.serve.remote.rewrite import with_values
from legation.serve.web.refusals import EngineDownError, RefusalError

SIZES: Final = "SELECT ?g (COUNT(*) AS ?n) WHERE { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g"
SIZE: Final = "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }"
SIZE_OF_UNION: Final = "SELECT (COUNT(*) AS ?n) WHERE { GRAPH ?union { ?s ?p ?o } }"
MARKED: Final = "SELECT ?digest WHERE { GRAPH ?meta { ?checksum ?states ?digest } }"
META: Final = NamedNode(f"{GRAPH}meta")
STATES: Final = NamedNode(f"{PREFIXES['spdx']}checksumValue")

CHECK_TIME: Final = 120.0
"""Seconds for each question of the check at the start."""

LOOK_TIME: Final = 5.0
LOOK_EVERY: Final = 1.0
"""Seconds after which an answer makes us look again whether the endpoint still holds the release."""

SMALL: Final = 64 << 20
DIFFERING: Final = 3
"""Graphs that an error names."""


@dataclass
class Holding:
    """A release at an endpoint."""

    remote: Remote
    manifest: Manifest
    seen: float = float("-inf")

    def __post_init__(self) -> None:
        """Begin without a look under way."""
        self._lock = threading.Lock()

    def look(self) -> None:
        """Raise ``RefusalError`` unless the endpoint answers and holds this release; cheap.

        The metadata graph states the digest of a file with everything else that the release says.
        """
        values = {"meta": META, "states": STATES, "checksum": self._checksum}
        rows = list(self.remote.rows(_asking(with_values(MARKED, values), LOOK_TIME)))
        wanted = self.manifest.files.get(MARK)
        stated = {row["digest"].value for row in rows if isinstance(row["digest"], Literal)}
        if wanted is not None and META.value in self.manifest.graphs and wanted.sha256 not in stated:
            raise EngineDownError("it does not hold this release just now")

    @property
    def _checksum(self) -> NamedNode:
        return NamedNode(f"{BASE}release/{self.manifest.version}#{MARK}-sha256")

    def make_sure(self) -> None:
        """Look again where the last look was more than ``LOOK_EVERY`` ago. To be called *after* an answer."""
        began = time.monotonic()
        with self._lock:
            if began - self.seen < LOOK_EVERY:
                return
            self.look()
            self.seen = time.monotonic()


def find(endpoint: Endpoint, release: Release, rows: int) -> Holding:
    """Return the release at the endpoint; raise ``ReleaseError`` unless all of it is there.

    So it does for an endpoint that would cut results of no more than ``rows`` rows.
    """
    manifest = release.manifest
    if outside := strangers(manifest):
        raise ReleaseError(f"graph {outside[0]} is not below {GRAPH}: no endpoint can serve this release")
    try:
        remote = Remote(endpoint, Place.DEFAULT, manifest.graphs, _server(endpoint))
        if remote.is_virtuoso:
            _check_uncut(endpoint, rows)
        counted = _sizes(remote)
        if differing := differences(manifest, counted):
            raise ReleaseError(_told(release, differing))
        holding = Holding(replace(remote, place=_place(remote, manifest)), manifest)
        holding.look()
    except (RefusalError, EndpointError) as error:
        reason = str(error) or "it did not answer in time"
        raise ReleaseError(f"the engine at {endpoint.url} cannot be used: {reason}") from error
    return holding


def differences(manifest: Manifest, counted: dict[str, int]) -> list[str]:
    """Return what is wrong with the sizes of graphs, one sentence for each."""
    wrong = [
        f"{iri} has {counted.get(iri, 0)} statements there and {entry.triples} in the release"
        for iri, entry in sorted(manifest.graphs.items())
        if counted.get(iri, 0) != entry.triples
    ]
    more = sorted(iri for iri in counted if iri.startswith(GRAPH) and iri not in manifest.graphs)
    return [*wrong, *(f"{iri} is there and not in the release" for iri in more)]


def _told(release: Release, differing: list[str]) -> str:
    few = "; ".join(differing[:DIFFERING])
    more = f"; and {len(differing) - DIFFERING} more" if len(differing) > DIFFERING else ""
    return (
        f"the engine does not hold release {release.manifest.version}: {few}{more}. "
        f"Load it with `legation push --engine URL --release {release.path}`"
    )


def _asking(query: str, patience: float) -> Asking:
    return Asking(query, time.monotonic() + patience, SMALL)


def _server(endpoint: Endpoint) -> str:
    """Return what the endpoint calls itself; raise ``EndpointError`` where it cannot be asked at all."""
    body = urlencode({"query": "ASK { ?s ?p ?o }"}).encode("ascii")
    question = Question("POST", body, {"Accept": JSON, "Content-Type": FORM})
    with endpoint.asked(question, time.monotonic() + CHECK_TIME) as response:
        response.read()
        return str(response.headers.get("Server", ""))


def _check_uncut(endpoint: Endpoint, rows: int) -> None:
    """Raise ``ReleaseError`` where Virtuoso cuts results of ``rows`` rows: it may do so silently."""
    side = math.ceil((rows + 1) ** (1 / 3))
    numbers = " ".join(map(str, range(side)))
    product = " ".join(f"VALUES ?{name} {{ {numbers} }}" for name in "abc")
    query = f"SELECT (1 AS ?one) WHERE {{ {product} }} LIMIT {rows + 1}"
    body = urlencode({"query": query}).encode("ascii")
    question = Question("POST", body, {"Accept": "text/csv", "Content-Type": FORM})
    with endpoint.asked(question, time.monotonic() + CHECK_TIME) as response:
        most = response.headers.get("X-SPARQL-MaxRows")
        if most is None:
            response.read()
            return
    raise ReleaseError(
        f"the engine cuts results at {most} rows, and says so only of some: set ResultSetMaxRows in section "
        f"[SPARQL] of virtuoso.ini to {rows + 2} or more, or start with a lower --result-rows"
    )


def _sizes(remote: Remote) -> dict[str, int]:
    """Return the size of each named graph."""
    rows = remote.rows(_asking(SIZES, CHECK_TIME))
    named = ((row.get("g"), row) for row in rows)
    return {graph.value: _number(row) for graph, row in named if isinstance(graph, NamedNode)}


def _place(remote: Remote, manifest: Manifest) -> Place:
    """Return where the endpoint keeps the union of all graphs; raise ``ReleaseError`` where it is nowhere."""
    sizes = [entry.triples for entry in manifest.graphs.values()]
    possible = range(max(sizes, default=0), sum(sizes) + 1)
    if _size(remote, with_values(SIZE_OF_UNION, {"union": UNION})) in possible:
        return Place.NAMED
    if _size(remote, SIZE) in possible:
        return Place.DEFAULT
    raise ReleaseError(
        "the engine holds the graphs of the release and no union of them; load it with `legation push`"
    )


def _size(remote: Remote, query: str) -> int:
    return next(_number(row) for row in remote.rows(_asking(query, CHECK_TIME)))


def _number(row: Row) -> int:
    counted = row.get("n")
    if not isinstance(counted, Literal):
        raise EndpointError("it cannot count")
    return int(counted.value)
