"""The named graphs that publishing fills, beside one for each source document."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from pyoxigraph import NamedNode, Quad, Store, Triple

from legation.namespaces import GRAPH

ONTOLOGY: Final = NamedNode(f"{GRAPH}ontology")
SHAPES: Final = NamedNode(f"{GRAPH}shapes")
SCHEMES: Final = NamedNode(f"{GRAPH}schemes")
ENTITIES: Final = NamedNode(f"{GRAPH}entities")
DERIVED: Final = NamedNode(f"{GRAPH}derived")
INFERRED: Final = NamedNode(f"{GRAPH}inferred")
META: Final = NamedNode(f"{GRAPH}meta")

COMPUTED: Final = frozenset((DERIVED, INFERRED, META))
"""Graphs that nobody writes."""


def triples_in(store: Store, graph: NamedNode) -> list[Triple]:
    """Return the triples of one named graph."""
    return [quad.triple for quad in store.quads_for_pattern(None, None, None, graph)]


def add(store: Store, graph: NamedNode, triples: Iterable[Triple]) -> None:
    """Add triples to a named graph."""
    store.extend(Quad(t.subject, t.predicate, t.object, graph) for t in triples)
