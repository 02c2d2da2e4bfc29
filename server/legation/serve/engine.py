"""The one interface between the pages and whatever holds the graph, and the embedded engine behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Final, Protocol

from pyoxigraph import (
    BlankNode,
    DefaultGraph,
    Literal,
    NamedNode,
    Quad,
    QuerySolutions,
    Store,
    Triple,
    Variable,
)

from legation.namespaces import PREFIXES
from legation.serve.fanout import ensure_fanouts
from legation.serve.query.admission import Visit
from legation.serve.query.points import MOST_MATCHES, Points, answer
from legation.serve.query.workers import Answer, Begun, Pool, Request, Status
from legation.serve.settings import Settings

NAME_PROPERTIES: Final = (
    NamedNode(f"{PREFIXES['skos']}prefLabel"),
    NamedNode(f"{PREFIXES['rdfs']}label"),
    NamedNode(f"{PREFIXES['dcterms']}title"),
)
"""Where the name of a thing stands; the first of them that it has counts."""

Term = NamedNode | BlankNode | Literal | Triple
Row = Mapping[str, Term]


class Engine(Protocol):
    """Answers about one release. The default graph is the union of all named graphs."""

    def about(self, subjects: Iterable[NamedNode | BlankNode]) -> list[Quad]:
        """Return every statement whose subject is one of ``subjects``, with the named graph it stands in."""
        ...

    def pointing_at(self, objects: Iterable[NamedNode], limit: int) -> list[Quad]:
        """Return statements whose object is one of ``objects``: at most ``limit`` for each."""
        ...

    def leading_to(self, target: NamedNode, limit: int) -> list[Triple] | None:
        """Return the statements whose object is ``target``, each once; ``None`` where that takes a while.

        It does where there are more than ``limit``, and where they have to be fetched from elsewhere.
        """
        ...

    def graph(self, name: NamedNode) -> list[Quad]:
        """Return the statements of one named graph; none where there is no such graph."""
        ...

    def names(self, iris: Iterable[NamedNode]) -> Mapping[str, list[Literal]]:
        """Return the names (``NAME_PROPERTIES``) of those of ``iris`` that have any, by IRI."""
        ...

    def select(self, query: str, values: Mapping[str, NamedNode | Literal]) -> Sequence[Row]:
        """Return the rows of one of our own SELECT queries, with ``values`` put in for its variables."""
        ...

    def run(self, request: Request, visit: Visit) -> Answer:
        """Return the whole answer to a stranger's query, or raise the ``RefusalError`` that says why not."""
        ...

    def at_once(self, request: Request) -> Answer | None:
        """Return the whole answer to a query that takes no more than a moment, ``None`` for any other."""
        ...

    def begin(self, request: Request, visit: Visit, decided: Callable[[], object]) -> Begun | None:
        """Begin a query without waiting for it, where that can be done; see ``Begun``."""
        ...

    @property
    def folder(self) -> Path:
        """Where what is worked out from the release may be kept."""
        ...

    def check(self) -> None:
        """Raise ``RefusalError`` or ``OSError`` where the release cannot be read just now."""
        ...

    def status(self) -> Status:
        """Return how many strangers' queries run and wait."""
        ...

    def close(self) -> None:
        """Let go of processes and files."""
        ...


class StoreReader:
    """The release's own index, read in this process."""

    def __init__(self, index: Path) -> None:
        """Open ``index`` read-only."""
        self.folder = index
        self._store = Store.read_only(str(index))

    def about(self, subjects: Iterable[NamedNode | BlankNode]) -> list[Quad]:
        """See ``Engine.about``."""
        found = (self._store.quads_for_pattern(subject, None, None, None) for subject in subjects)
        return [quad for quads in found for quad in quads if not isinstance(quad.graph_name, DefaultGraph)]

    def pointing_at(self, objects: Iterable[NamedNode], limit: int) -> list[Quad]:
        """See ``Engine.pointing_at``."""
        found = (self._store.quads_for_pattern(None, None, target, None) for target in objects)
        named = ((quad for quad in quads if not isinstance(quad.graph_name, DefaultGraph)) for quads in found)
        return [quad for quads in named for quad in islice(quads, limit)]

    def leading_to(self, target: NamedNode, limit: int) -> list[Triple] | None:
        """See ``Engine.leading_to``."""
        quads = self._store.quads_for_pattern(None, None, target, DefaultGraph())
        found = [quad.triple for quad in islice(quads, limit + 1)]
        return found if len(found) <= limit else None

    def graph(self, name: NamedNode) -> list[Quad]:
        """See ``Engine.graph``."""
        return list(self._store.quads_for_pattern(None, None, None, name))

    def names(self, iris: Iterable[NamedNode]) -> Mapping[str, list[Literal]]:
        """See ``Engine.names``."""
        return {iri.value: names for iri in iris if (names := self._names_of(iri))}

    def _names_of(self, iri: NamedNode) -> list[Literal]:
        for name in NAME_PROPERTIES:
            quads = self._store.quads_for_pattern(iri, name, None, DefaultGraph())
            if found := [quad.object for quad in quads if isinstance(quad.object, Literal)]:
                return found
        return []

    def select(self, query: str, values: Mapping[str, NamedNode | Literal]) -> Sequence[Row]:
        """See ``Engine.select``."""
        substitutions = {Variable(name): value for name, value in values.items()}
        solutions = self._store.query(query, substitutions=dict(substitutions))
        if not isinstance(solutions, QuerySolutions):
            raise TypeError("not a SELECT query")
        names = [variable.value for variable in solutions.variables]
        return [
            {name: value for name in names if (value := solution[name]) is not None} for solution in solutions
        ]

    def check(self) -> None:
        """See ``Engine.check``."""
        self.names(NAME_PROPERTIES)


class OxigraphEngine(StoreReader):
    """The index of the release being served; strangers' queries run in the pool, but for the smallest."""

    def __init__(self, index: Path, pool: Pool, settings: Settings) -> None:
        """Open ``index`` read-only."""
        super().__init__(index)
        self._pool = pool
        self._points = Points(self._store, ensure_fanouts(index, self._store))
        self._most_rows, self._most_bytes = settings.result_rows, settings.result_limit

    def run(self, request: Request, visit: Visit) -> Answer:
        """See ``Engine.run``."""
        return self._pool.run(request, visit)

    def at_once(self, request: Request) -> Answer | None:
        """See ``Engine.at_once``."""
        if self._most_rows < MOST_MATCHES or not self._points.has(request.query):
            return None
        found = answer(request.query, request.format, self._store)
        return found if found is not None and found.size <= self._most_bytes else None

    def begin(self, request: Request, visit: Visit, decided: Callable[[], object]) -> Begun | None:
        """See ``Engine.begin``."""
        return Begun(self._pool, request, visit, decided)

    def status(self) -> Status:
        """See ``Engine.status``."""
        return self._pool.status()

    def close(self) -> None:
        """See ``Engine.close``."""
        self._pool.close()
