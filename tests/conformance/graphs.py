"""The data of the tests, laid out as releases that our own server serves.

A release holds named graphs and nothing beside them; its default graph is their union. So every data file
becomes a named graph with the file's IRI, and a test names its dataset by the parameters of the protocol
(``default-graph-uri``, ``named-graph-uri``), which makes of it exactly the dataset that the test asks for.
One release then holds the data of hundreds of tests, and one server answers for all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from pyoxigraph import DefaultGraph, NamedNode, Quad, RdfFormat, Triple, parse, serialize

from legation.namespaces import GRAPH, PREFIXES
from tests.conformance.manifest import HOME, QT, Case, Suites

NOTHING: Final = f"{HOME}nothing"
"""A graph that no release holds: a default graph of this name is empty."""

META: Final = f"{GRAPH}meta"
TYPE: Final = NamedNode(f"{PREFIXES['rdf']}type")
NAMED_GRAPH: Final = NamedNode(f"{PREFIXES['sd']}NamedGraph")

Graphs = Mapping[str, tuple[Triple, ...]]


@dataclass(frozen=True)
class Dataset:
    """The dataset of a query, by the names of its graphs."""

    default: tuple[str, ...] = ()
    named: tuple[str, ...] = ()

    def parameters(self) -> list[tuple[str, str]]:
        """Return the parameters that name this dataset (SPARQL 1.1 Protocol §2.1.4)."""
        default = [("default-graph-uri", name) for name in self.default or (NOTHING,)]
        return default + [("named-graph-uri", name) for name in self.named]


@dataclass
class Library:
    """The graphs of many tests; each file is read once."""

    suites: Suites
    graphs: dict[str, tuple[Triple, ...]] = field(default_factory=dict)

    def dataset(self, test: Case) -> Dataset:
        """Return the dataset of ``test`` and keep its graphs."""
        default, named = [], []
        for iri in test.action_iris(QT.data):
            own, others = self._read(iri)
            default.append(own)
            named += others
        for iri in test.action_iris(QT.graphData):
            named.append(self._read(iri)[0])
        return Dataset(tuple(default), tuple(named))

    def keep_as(self, name: str, iri: str) -> None:
        """Keep the graph in the file ``iri`` as ``name``."""
        self.graphs[name] = tuple(quad.triple for quad in parse(path=self.suites.path(iri), base_iri=iri))

    def _read(self, iri: str) -> tuple[str, list[str]]:
        """Read a file and return the graph that stands for it, and the named graphs inside it."""
        found: dict[str, list[Triple]] = {iri: []}
        for quad in parse(path=self.suites.path(iri), base_iri=iri, rename_blank_nodes=True):
            name = iri if isinstance(quad.graph_name, DefaultGraph) else _name(quad)
            found.setdefault(name, []).append(quad.triple)
        if iri not in self.graphs:
            self.add(found)
        return iri, sorted(found.keys() - {iri})

    def add(self, graphs: Mapping[str, Iterable[Triple]]) -> None:
        """Keep ``graphs``; two files may not give one name to different graphs."""
        for name, triples in graphs.items():
            if name in self.graphs:
                raise ValueError(f"two graphs are called {name}")
            self.graphs[name] = tuple(triples)


def _name(quad: Quad) -> str:
    if not isinstance(quad.graph_name, NamedNode):
        raise TypeError(f"a graph named by a blank node: {quad}")
    return quad.graph_name.value


def with_description(graphs: Graphs) -> Graphs:
    """Return ``graphs`` and the one that describes them, as a real release has it."""
    described = (Triple(NamedNode(name), TYPE, NAMED_GRAPH) for name in graphs)
    return {**graphs, META: tuple(described)}


def lay_out(graphs: Graphs) -> str:
    """Return the N-Quads of a release that holds ``graphs``, those without a statement left out."""
    quads = (
        Quad(triple.subject, triple.predicate, triple.object, NamedNode(name))
        for name, triples in sorted(graphs.items())
        for triple in triples
    )
    return (serialize(quads, format=RdfFormat.N_QUADS) or b"").decode()
