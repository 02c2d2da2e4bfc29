"""What a running server holds: one release, its engine, and what is worked out from it once."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from threading import Lock, RLock
from typing import Any, Final, TypeVar

from flask import current_app, g
from pyoxigraph import Literal, NamedNode

from legation.namespaces import BASE, GRAPH, PREFIXES
from legation.project import open_project
from legation.release import CONTEXT, Release
from legation.serve.engine import Engine
from legation.serve.lookup.catalogue import Catalogue, read_catalogue
from legation.serve.lookup.index import NameIndex, ensure_name_index
from legation.serve.query.federation import Federation
from legation.serve.resources.history import History, read_history
from legation.serve.settings import Settings, limits
from legation.serve.site.directory.build import ensure_directory
from legation.serve.site.directory.read import Directory, Filter
from legation.serve.web.iris import Links, kind_and_slug, node
from legation.serve.words.present import Presenter

NAMES_KEPT: Final = 65536
"""Names of so many things are kept at hand, a few hundred bytes each."""

EXTENSION: Final = "legation"
Made = TypeVar("Made")
META: Final = NamedNode(f"{GRAPH}meta")
ONTOLOGY_GRAPH: Final = NamedNode(f"{GRAPH}ontology")
SHAPES_GRAPH: Final = NamedNode(f"{GRAPH}shapes")
TERMS: Final = "SELECT DISTINCT ?graph ?term { GRAPH ?graph { ?term ?property ?value } }"
SUB_PROPERTY: Final = NamedNode(f"{PREFIXES['rdfs']}subPropertyOf")


@dataclass(frozen=True)
class State:
    """The release being served and the means to read it."""

    release: Release
    settings: Settings
    engine: Engine
    _made: dict[Callable[[State], object], object] = field(default_factory=dict, repr=False, compare=False)
    _making: RLock = field(default_factory=RLock, repr=False, compare=False)

    def once(self, make: Callable[[State], Made]) -> Made:
        """Return what ``make`` works out from this release; it is asked the first time only."""
        if make not in self._made:
            with self._making:
                if make not in self._made:
                    self._made[make] = make(self)
        return self._made[make]  # type: ignore[return-value]  # what ``make`` returned

    @cached_property
    def federation(self) -> Federation:
        """The hosts that queries may reach."""
        return Federation(self.settings.service_hosts, f"Legation/{self.release.manifest.version} (+{BASE})")

    @cached_property
    def context(self) -> Mapping[str, Any]:
        """The JSON-LD context that answers carry."""
        document: dict[str, Any] = json.loads((self.release.path / CONTEXT).read_text(encoding="utf-8"))
        context: Mapping[str, Any] = document["@context"]
        return context

    @cached_property
    def edition(self) -> str:
        """A digest of release, program and limits: under it the same request always gets the same answer.

        The releases before it count, too: pages tell what changed.
        """
        digest = hashlib.sha256((self.release.manifest.digest + self.history.digest).encode())
        package = Path(__file__).parent.parent
        reports = (open_project().root / "docs").glob("conformance.*")
        for file in [*_files_in(package / "serve"), *sorted(package.glob("*.py")), *sorted(reports)]:
            digest.update(file.read_bytes())
        digest.update(self.settings.engine.encode())
        digest.update(repr([getattr(self.settings, one.name) for one in limits()]).encode())
        return digest.hexdigest()[:32]

    @cached_property
    def history(self) -> History:
        """What happened from release to release up to this one."""
        return read_history(self.release)

    @cached_property
    def name_index(self) -> NameIndex:
        """The release's names, to be looked up by their words."""
        return NameIndex(ensure_name_index(self.release))

    @cached_property
    def catalogue(self) -> Catalogue:
        """The classes and properties in use, for those who reconcile."""
        return read_catalogue(self.engine, self.term_names)

    @cached_property
    def term_names(self) -> Mapping[str, list[Literal]]:
        """The names of every term of the ontology, by IRI; pages need them at every turn."""
        terms = (row["term"] for row in self.engine.select(TERMS, {"graph": ONTOLOGY_GRAPH}))
        return self.engine.names(term for term in terms if isinstance(term, NamedNode))

    @cached_property
    def wider(self) -> Mapping[str, frozenset[str]]:
        """For each property of the ontology, the properties that it implies (``rdfs:subPropertyOf``)."""
        pairs = [
            (quad.subject.value, quad.object.value)
            for quad in self.engine.graph(ONTOLOGY_GRAPH)
            if quad.predicate == SUB_PROPERTY
            and isinstance(quad.subject, NamedNode)
            and isinstance(quad.object, NamedNode)
        ]
        found = {narrow: {wide for other, wide in pairs if other == narrow} for narrow, _ in pairs}
        for _ in found:
            for wide in found.values():
                wide.update(*(found.get(name, set()) for name in tuple(wide)))
        return {narrow: frozenset(wide) for narrow, wide in found.items()}

    @cached_property
    def directory(self) -> Directory:
        """The directory of the release; it is built at the first start with its content."""
        return Directory(ensure_directory(self.engine.folder, self.release.dataset, lambda: self.wider))

    def close(self) -> None:
        """Let go of files and processes; nothing may be asked of it afterwards."""
        if "directory" in self.__dict__:
            self.directory.close()
        self.engine.close()

    def prepare(self) -> None:
        """Work out now what the first reader would otherwise wait for."""
        self.directory.count("claim", Filter())
        self.naming.get(BASE)

    @cached_property
    def turn(self) -> AbstractContextManager[object]:
        """What a thread holds while it makes the page of a thing, so that they make one after another.

        Threads that all want the interpreter hinder each other. Where a page may have to wait for a remote
        engine, the others do not wait with it.
        """
        return nullcontext() if self.settings.engine else Lock()

    @cached_property
    def naming(self) -> Naming:
        """The names of anything, looked up when they are wanted and kept."""
        return Naming(self.engine, self.directory, self.term_names)

    def presenter(self, language: str, links: Links) -> Presenter:
        """Return what shows terms in ``language`` with such ``links``, the same one each time."""
        key = (language, links)
        if key not in self.presenters:
            self.presenters[key] = Presenter(language, self.naming, links.to, self.directory.matter)
        return self.presenters[key]

    @cached_property
    def presenters(self) -> dict[tuple[str, Links], Presenter]:
        """The presenters in use: one for each language and kind of links."""
        return {}

    def names(self, iris: Iterable[NamedNode]) -> dict[str, list[Literal]]:
        """Return the names of ``iris``, by IRI."""
        wanted = set(iris)
        known = {iri.value: self.term_names[iri.value] for iri in wanted if iri.value in self.term_names}
        return known | dict(self.engine.names(iri for iri in wanted if iri.value not in known))


class Naming:
    """Names by IRI, as a page asks for them one by one."""

    def __init__(self, engine: Engine, directory: Directory, known: Mapping[str, list[Literal]]) -> None:
        """Begin with the names that are ``known``."""
        self._engine = engine
        self._directory = directory
        self._known = known
        self._look_up = lru_cache(maxsize=NAMES_KEPT)(self._names_of)

    def get(self, iri: str, _default: tuple[()] = (), /) -> Sequence[Literal]:
        """Return the names of ``iri``, as a mapping does."""
        return self._known.get(iri) or self._look_up(iri)

    def _names_of(self, iri: str) -> Sequence[Literal]:
        if kind_and_slug(iri) is not None and (names := self._directory.names(iri)) is not None:
            return names
        found = node(iri)
        return self._engine.names([found]).get(iri, ()) if found is not None else ()


def _files_in(folder: Path) -> Iterator[Path]:
    """Yield the files of a part of the program, but for what Python has compiled."""
    for path, folders, names in os.walk(folder):
        folders.sort()
        yield from (Path(path, name) for name in sorted(names) if not name.endswith(".pyc"))


def served() -> State:
    """Return what the current application serves."""
    found: State = current_app.extensions[EXTENSION]
    return found


def state() -> State:
    """Return what answers the current request: what is served, unless an earlier release was asked for."""
    found: State | None = g.get(EXTENSION)
    return served() if found is None else found
