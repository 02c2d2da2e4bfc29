"""The test manifests of the W3C suites: what there is to run, in the order the suites give."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rdflib import RDF, Graph, Literal, Namespace, URIRef
from rdflib.term import Node

MF: Final = Namespace("http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#")
QT: Final = Namespace("http://www.w3.org/2001/sw/DataAccess/tests/test-query#")
UT: Final = Namespace("http://www.w3.org/2009/sparql/tests/test-update#")

HOME: Final = "https://w3c.github.io/rdf-tests/sparql/"
"""Where the suites are published: the base of every relative IRI in them."""

ROOTS: Final = ("sparql11/manifest-all.ttl", "sparql12/manifest.ttl")


class ManifestError(Exception):
    """A manifest that does not say what a test needs."""


@dataclass(frozen=True)
class Suites:
    """The folder that holds ``sparql11`` and ``sparql12``."""

    root: Path

    def path(self, iri: str) -> Path:
        """Return the file that an IRI of the suites stands for."""
        if not iri.startswith(HOME):
            raise ManifestError(f"{iri} is not a file of the suites")
        return self.root / iri.removeprefix(HOME)

    def text(self, iri: str) -> str:
        """Return the text of a file of the suites, exactly as stored."""
        return self.path(iri).read_bytes().decode("utf-8")

    def there(self) -> bool:
        """Tell whether the suites lie in this folder."""
        return all((self.root / manifest).is_file() for manifest in ROOTS)


def suites_from_environment(project: Path) -> Suites:
    """Return the suites under ``$LEGATION_SHARED/conformance/sparql`` (by default beside the project)."""
    shared = Path(os.environ.get("LEGATION_SHARED", project.parent / "shared"))
    return Suites(shared / "conformance" / "sparql")


@dataclass(frozen=True)
class Case:
    """One entry of a manifest; what it asks for is read from ``graph`` when it is run."""

    iri: str
    name: str
    kind: str
    """The local name of its type, such as ``QueryEvaluationTest``."""
    suite: str
    """The folder its manifest lies in, such as ``sparql11/bind``."""
    node: Node
    graph: Graph

    @property
    def id(self) -> str:
        """The suite and the fragment of the IRI: short and unique."""
        return f"{self.suite}#{self.iri.rpartition('#')[2]}"

    def value(self, *path: URIRef) -> Node | None:
        """Return the node at the end of ``path``; ``None`` where it breaks off."""
        node: Node | None = self.node
        for step in path:
            node = None if node is None else self.graph.value(node, step)
        return node

    def action_iri(self) -> str:
        """Return the file the test acts on: its query or its update."""
        for path in ((MF.action, QT.query), (MF.action, UT.request), (MF.action,)):
            found = self.value(*path)
            if isinstance(found, URIRef):
                return str(found)
        raise ManifestError(f"{self.iri}: no query and no update")

    def action_iris(self, step: URIRef) -> list[str]:
        """Return the files named by ``step`` in the action, sorted."""
        action = self.value(MF.action)
        return sorted(str(node) for node in self.graph.objects(action, step) if isinstance(node, URIRef))

    def result_iri(self) -> str:
        """Return the file with the expected result."""
        found = self.value(MF.result)
        if not isinstance(found, URIRef):
            raise ManifestError(f"{self.iri}: no expected result")
        return str(found)


def read_tests(suites: Suites) -> list[Case]:
    """Return every test of every manifest, depth first."""
    return [test for root in ROOTS for test in _read(suites, f"{HOME}{root}")]


def _read(suites: Suites, iri: str) -> Iterator[Case]:
    graph = Graph()
    graph.parse(suites.path(iri), format="turtle", publicID=iri)
    suite = iri.removeprefix(HOME).rpartition("/")[0]
    for manifest in graph.subjects(RDF.type, MF.Manifest):
        for entries in graph.objects(manifest, MF.entries):
            for node in graph.items(entries):
                yield _test(graph, node, suite)
        for included in graph.objects(manifest, MF.include):
            for node in graph.items(included):
                yield from _read(suites, str(node))


def _test(graph: Graph, node: Node, suite: str) -> Case:
    kind, name = graph.value(node, RDF.type), graph.value(node, MF.name)
    if not isinstance(kind, URIRef) or not isinstance(name, Literal):
        raise ManifestError(f"{node}: a test without a type or a name")
    return Case(str(node), " ".join(str(name).split()), str(kind).rpartition("#")[2], suite, node, graph)
