"""What a running server holds: one release, its engine, and what is worked out from it once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from flask import current_app
from pyoxigraph import Literal, NamedNode

from legation.namespaces import BASE, GRAPH, ID, PREFIXES
from legation.release import CONTEXT, Release
from legation.serve.engine import Engine
from legation.serve.federation import Federation
from legation.serve.index import NameIndex, ensure_name_index
from legation.serve.iris import kind_and_slug
from legation.serve.settings import Settings

THINGS: Final = """
SELECT DISTINCT ?thing ?start WHERE { ?thing a ?type FILTER(isIRI(?thing) && STRSTARTS(STR(?thing), ?start)) }
"""
EXTENSION: Final = "legation"
META: Final = NamedNode(f"{GRAPH}meta")
ONTOLOGY_GRAPH: Final = NamedNode(f"{GRAPH}ontology")
SHAPES_GRAPH: Final = NamedNode(f"{GRAPH}shapes")
SUB_PROPERTY: Final = NamedNode(f"{PREFIXES['rdfs']}subPropertyOf")


@dataclass(frozen=True)
class State:
    """The release being served and the means to read it."""

    release: Release
    settings: Settings
    engine: Engine

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
        """A digest of release and program: under it the same request always gets the same answer."""
        digest = hashlib.sha256(self.release.manifest.digest.encode())
        package = Path(__file__).parent.parent
        for file in sorted(package.glob("serve/**/*")) + sorted(package.glob("*.py")):
            if file.is_file() and file.suffix != ".pyc":
                digest.update(file.read_bytes())
        return digest.hexdigest()[:32]

    @cached_property
    def name_index(self) -> NameIndex:
        """The release's names, to be looked up by their words."""
        return NameIndex(ensure_name_index(self.release))

    @cached_property
    def term_names(self) -> Mapping[str, list[Literal]]:
        """The names of every term of the ontology, by IRI; pages need them at every turn."""
        terms = {quad.subject for quad in self.engine.graph(ONTOLOGY_GRAPH)}
        return self.engine.names(term for term in terms if isinstance(term, NamedNode))

    @cached_property
    def things(self) -> Mapping[str, list[NamedNode]]:
        """Everything that has an IRI of ours and a type, by kind."""
        found: dict[str, list[NamedNode]] = {}
        for row in self.engine.select(THINGS, {"start": Literal(ID)}):
            thing = row["thing"]
            if isinstance(thing, NamedNode) and (kind := kind_and_slug(thing.value)) is not None:
                found.setdefault(kind[0], []).append(thing)
        return found

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

    def names(self, iris: Iterable[NamedNode]) -> dict[str, list[Literal]]:
        """Return the names of ``iris``, by IRI."""
        wanted = set(iris)
        known = {iri.value: self.term_names[iri.value] for iri in wanted if iri.value in self.term_names}
        return known | dict(self.engine.names(iri for iri in wanted if iri.value not in known))


def state() -> State:
    """Return what the current application serves."""
    found: State = current_app.extensions[EXTENSION]
    return found
