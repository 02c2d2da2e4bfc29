"""The remote engine: every triple is read from a SPARQL 1.1 endpoint that holds the release."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final, TypeVar

from pyoxigraph import BlankNode, Literal, NamedNode, Quad, RdfFormat, Store, Triple, serialize

from legation.endpoint import Endpoint
from legation.held import as_published, with_iris
from legation.release import CONTEXT, Release, ReleaseError
from legation.serve.engine import NAME_PROPERTIES, Row, Term
from legation.serve.query import gate
from legation.serve.query.admission import Lane, Visit
from legation.serve.query.convert import BINDINGS, BOOLEAN, GRAPH
from legation.serve.query.results import CHECK
from legation.serve.query.workers import Answer, Pool, Request, Status
from legation.serve.remote.asking import WORDIER, Asking
from legation.serve.remote.holding import Holding, find
from legation.serve.remote.rewrite import Dataset, listed, resources_of, saying, spelled_out, with_values
from legation.serve.settings import Settings
from legation.serve.web.refusals import ClientGoneError, RefusalError, ResultTooLargeError

ABOUT: Final = "SELECT ?s ?p ?o ?g WHERE { GRAPH ?g { ?s ?p ?o } }"
IN_GRAPH: Final = "SELECT ?s ?p ?o WHERE { GRAPH ?g { ?s ?p ?o } }"
NAMES: Final = "SELECT ?s ?p ?o WHERE { ?s ?p ?o FILTER(isLiteral(?o) && ?p IN (?first, ?second, ?third)) }"

AT_ONCE: Final = 100
"""Things that one query of ours asks about."""

KINDS: Final = {"ASK": BOOLEAN, "CONSTRUCT": GRAPH}
Given = TypeVar("Given")


class RemoteEngine:
    """A release at an endpoint. Strangers' queries pass our parser first, and their results our writers."""

    def __init__(self, holding: Holding, release: Release, settings: Settings) -> None:
        """Read from ``holding``, within the limits of ``settings``."""
        self._holding = holding
        self._remote = holding.remote
        self._settings = settings
        self._limit = WORDIER * settings.result_limit
        self._empty = Path(tempfile.mkdtemp(prefix="legation-parser-"))
        Store(self._empty).flush()
        self._pool = Pool(self._empty, release.path / CONTEXT, settings)
        places = settings.quick_workers + settings.workers
        self._lane = Lane(places, settings.queue, settings.queue_time, reserve=1)
        self.folder = _folder(release)

    @classmethod
    def open(cls, release: Release, settings: Settings, agent: str) -> RemoteEngine:
        """Open the endpoint of ``settings``; ``ReleaseError`` unless it holds ``release``."""
        try:
            endpoint = Endpoint(settings.engine, agent)
        except ValueError as error:
            raise ReleaseError(str(error)) from error
        return cls(find(endpoint, release, settings.result_rows), release, settings)

    def about(self, subjects: Iterable[NamedNode | BlankNode]) -> list[Quad]:
        """See ``Engine.about``."""
        return [_quad(row) for some in _some(_iris(subjects)) for row in self._rows(listed(ABOUT, "s", some))]

    def pointing_at(self, objects: Iterable[NamedNode], limit: int) -> list[Quad]:
        """See ``Engine.pointing_at``."""
        found: dict[str, list[Quad]] = {}
        wanted = list(objects)
        for some in _some(wanted):
            rows = self._rows(listed(ABOUT, "o", some, limit * len(some)))
            if len(rows) == limit * len(some) > limit:  # some may have had the places of others
                rows = [row for one in some for row in self._rows(listed(ABOUT, "o", [one], limit))]
            for quad in map(_quad, rows):
                found.setdefault(str(quad.object), []).append(quad)
        return [quad for one in wanted for quad in islice(found.get(str(one), ()), limit)]

    def leading_to(self, _target: NamedNode, _limit: int) -> None:
        """See ``Engine.leading_to``: they have to be fetched."""

    def graph(self, name: NamedNode) -> list[Quad]:
        """See ``Engine.graph``."""
        return [_quad({**row, "g": name}) for row in self._rows(with_values(IN_GRAPH, {"g": name}))]

    def names(self, iris: Iterable[NamedNode]) -> Mapping[str, list[Literal]]:
        """See ``Engine.names``."""
        first, second, third = NAME_PROPERTIES
        query = with_values(NAMES, {"first": first, "second": second, "third": third})
        found: dict[str, dict[str, list[Literal]]] = {}
        for some in _some(list(iris)):
            for row in self._rows(listed(query, "s", some)):
                thing, name, value = row["s"], row["p"], row["o"]
                if (
                    isinstance(thing, NamedNode)
                    and isinstance(name, NamedNode)
                    and isinstance(value, Literal)
                ):
                    found.setdefault(thing.value, {}).setdefault(name.value, []).append(value)
        return {
            iri: next(named[one.value] for one in NAME_PROPERTIES if one.value in named)
            for iri, named in found.items()
        }

    def select(self, query: str, values: Mapping[str, NamedNode | Literal]) -> Sequence[Row]:
        """See ``Engine.select``."""
        return self._rows(with_values(query, values))

    def run(self, request: Request, visit: Visit) -> Answer:
        """See ``Engine.run``: parsed here, answered there, read to its end and written here."""
        checked = self._pool.run(replace(request, format=CHECK), visit)
        request = replace(request, query=spelled_out(request.query, json.loads(checked.body)))
        limit = min(self._settings.time_limit, request.time)
        form = gate.check(request.query).form
        with self._lane.place(visit):
            deadline = min(visit.until, time.monotonic() + limit)
            try:
                with self._result(form, request, visit, deadline) as file:
                    self._holding.make_sure()
                    kind = GRAPH if form == "DESCRIBE" else KINDS.get(form, BINDINGS)
                    left = max(0.0, deadline - time.monotonic())
                    return self._pool.run(replace(request, kind=kind, file=file, time=left), visit)
            except RefusalError:
                if visit.client.gone:
                    raise ClientGoneError from None
                raise

    def at_once(self, _request: Request) -> Answer | None:
        """See ``Engine.at_once``: nothing that comes from elsewhere is there in a moment."""
        return None

    def begin(self, _request: Request, _visit: Visit, _decided: Callable[[], object]) -> None:
        """See ``Engine.begin``: somebody has to wait for an answer from elsewhere."""

    def status(self) -> Status:
        """See ``Engine.status``."""
        running, waiting = self._lane.counts()
        return Status(running, waiting, self._pool.status().kills)

    def check(self) -> None:
        """See ``Engine.check``."""
        self._holding.look()

    def close(self) -> None:
        """See ``Engine.close``."""
        self._pool.close()
        self._remote.endpoint.close()
        shutil.rmtree(self._empty, ignore_errors=True)

    def _rows(self, query: str) -> list[Row]:
        deadline = time.monotonic() + self._settings.time_limit
        found = list(self._remote.rows(Asking(query, deadline, self._limit)))
        self._holding.make_sure()
        return found

    @contextmanager
    def _result(self, form: str, request: Request, visit: Visit, deadline: float) -> Iterator[BinaryIO]:
        """Give the result of a stranger's query as the endpoint sends it: JSON, or N-Triples."""
        dataset = Dataset(request.default_graphs, request.named_graphs)
        leaving = visit.client.leaving
        asking = Asking(request.query, deadline, self._limit, KINDS.get(form, BINDINGS), dataset, leaving)
        if form != "DESCRIBE":
            with self._remote.result(asking) as file:
                yield file
            return
        with tempfile.TemporaryFile() as file:
            serialize(self._described(asking), file, RdfFormat.N_TRIPLES)
            file.seek(0)
            yield file

    def _described(self, asking: Asking) -> Iterator[Triple]:
        """Yield what is said about the things of a DESCRIBE query and the blank nodes these lead to.

        What it says is up to each endpoint (SPARQL 1.1 §16.4); this is what the embedded engine says.
        """
        things = self._remote.rows(replace(asking, query=resources_of(asking.query)))
        terms = (term for row in things for term in row.values())
        pending = {term for term in terms if isinstance(term, NamedNode | BlankNode)}
        seen: set[NamedNode | BlankNode] = set()
        number = 0
        while pending:
            seen |= pending
            found: set[Term] = set()
            for some in _some(_iris(pending)):
                query = listed(saying(asking.query), "s", some)
                for row in self._remote.rows(replace(asking, query=query)):
                    number += 1
                    if number > self._settings.result_rows:
                        raise ResultTooLargeError("rows")
                    triple = _triple(row)
                    found.add(triple.object)
                    yield triple
            pending = {term for term in found if isinstance(term, BlankNode) and term not in seen}


def _folder(release: Release) -> Path:
    """Return where what is worked out from the release may be kept, beside it or in a temporary place."""
    path = release.store / f"{release.manifest.digest[:16]}.light"
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError:
        return Path(tempfile.mkdtemp(prefix="legation-"))
    return path


def _iris(terms: Iterable[NamedNode | BlankNode]) -> list[NamedNode]:
    """Return terms as the endpoint knows them."""
    return [known for known in map(with_iris, terms) if isinstance(known, NamedNode)]


def _some(terms: Sequence[Given]) -> Iterator[Sequence[Given]]:
    for start in range(0, len(terms), AT_ONCE):
        yield terms[start : start + AT_ONCE]


def _triple(row: Row) -> Triple:
    return as_published(Triple(row["s"], row["p"], row["o"]))  # type: ignore[arg-type]  # as the pattern has it


def _quad(row: Row) -> Quad:
    return Quad(row["s"], row["p"], row["o"], row["g"])  # type: ignore[arg-type]  # as the pattern has it
