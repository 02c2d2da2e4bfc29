"""Service description tests: what a bare GET on the endpoint says, against the schema of the vocabulary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rdflib import RDF, Graph, Literal, Namespace, URIRef
from rdflib.term import Node

from tests.conformance.manifest import Case
from tests.conformance.queries import OK, summary
from tests.conformance.verdict import PASSED, Verdict, failed
from tests.serving import Answer, Server

SD: Final = Namespace("http://www.w3.org/ns/sparql-service-description#")

SCHEMA: Final = {
    SD.endpoint: (SD.Service, None),
    SD.feature: (SD.Service, SD.Feature),
    SD.defaultEntailmentRegime: (SD.Service, SD.EntailmentRegime),
    SD.entailmentRegime: (SD.NamedGraph, SD.EntailmentRegime),
    SD.defaultSupportedEntailmentProfile: (SD.Service, SD.EntailmentProfile),
    SD.supportedEntailmentProfile: (SD.NamedGraph, SD.EntailmentProfile),
    SD.extensionFunction: (SD.Service, SD.Function),
    SD.extensionAggregate: (SD.Service, SD.Aggregate),
    SD.languageExtension: (SD.Service, SD.Feature),
    SD.supportedLanguage: (SD.Service, SD.Language),
    SD.propertyFeature: (SD.Service, SD.Feature),
    SD.defaultDataset: (SD.Service, SD.Dataset),
    SD.availableGraphs: (SD.Service, SD.GraphCollection),
    SD.resultFormat: (SD.Service, None),
    SD.inputFormat: (SD.Service, None),
    SD.defaultGraph: (SD.Dataset, SD.Graph),
    SD.namedGraph: (SD.GraphCollection, SD.NamedGraph),
    SD.name: (SD.NamedGraph, None),
    SD.graph: (SD.NamedGraph, SD.Graph),
}
"""Domain and range of each property (Service Description §3.4); ``None`` where any resource will do."""

BROADER: Final[Mapping[Node, Node]] = {SD.Dataset: SD.GraphCollection}
"""Subclasses of the vocabulary that the schema relies on."""

DISJOINT: Final[frozenset[Node]] = frozenset({SD.Service, SD.GraphCollection, SD.NamedGraph, SD.Graph})
"""Classes that nothing can be several of here: a service is no dataset, a dataset no graph."""

CLASSES: Final = frozenset(
    {
        *(kind for pair in SCHEMA.values() for kind in pair if kind is not None),
        *BROADER,
        SD.Function,
        SD.Aggregate,
        SD.EntailmentProfile,
    }
)
INSTANCES: Final = {
    SD.Language: {SD.SPARQL10Query, SD.SPARQL11Query, SD.SPARQL11Update},
    SD.Feature: {
        SD.DereferencesURIs,
        SD.UnionDefaultGraph,
        SD.RequiresDataset,
        SD.EmptyGraphs,
        SD.BasicFederatedQuery,
    },
}
"""The instances that the vocabulary itself names (§3.3)."""


def check_service_description(test: Case, server: Server) -> Verdict:
    """Ask the endpoint what it is and check the answer in the way the test names."""
    answer = server.ask("/sparql", {"Accept": "text/turtle"})
    if answer.status != OK or answer.type != "text/turtle":
        return failed(summary(answer))
    graph = _parsed(answer)
    match test.iri.rpartition("#")[2]:
        case "returns-rdf":
            return PASSED if len(graph) else failed("an empty graph")
        case "has-endpoint-triple":
            address = f"{server.url}/sparql"
            found = (None, SD.endpoint, URIRef(address)) in graph
            return PASSED if found else failed(f"no sd:endpoint {address}")
        case _:
            faults = [fault for triple in graph for fault in _faults(graph, *triple)]
            return failed("; ".join(sorted(faults))) if faults else PASSED


def _parsed(answer: Answer) -> Graph:
    graph = Graph()
    graph.parse(data=answer.body, format="turtle")
    return graph


def _faults(graph: Graph, subject: Node, predicate: Node, value: Node) -> list[str]:
    """Return what one statement has against the schema."""
    if predicate == RDF.type:
        return [f"{value} is no class of the vocabulary"] if _ours(value) and value not in CLASSES else []
    if not _ours(predicate):
        return []
    if not isinstance(predicate, URIRef) or predicate not in SCHEMA:
        return [f"{predicate} is no property of the vocabulary"]
    if isinstance(value, Literal):
        return [f"{predicate} has a literal: {value}"]
    domain, target = SCHEMA[predicate]
    checked = [(subject, domain), *([(value, target)] if target is not None else [])]
    faults = [
        f"{node} is a {kind} by {predicate}" for node, kind in checked if not _may_be(graph, node, kind)
    ]
    if target in INSTANCES and _ours(value) and value not in INSTANCES[target]:
        faults.append(f"{value} is no {target} that the vocabulary knows")
    return faults


def _ours(node: Node) -> bool:
    return isinstance(node, URIRef) and node.startswith(SD)


def _may_be(graph: Graph, node: Node, kind: URIRef) -> bool:
    """Tell whether the types that ``node`` has leave room for ``kind``."""
    types = {_broadest(found) for found in graph.objects(node, RDF.type)}
    own = _broadest(kind)
    return own not in DISJOINT or not types & DISJOINT or own in types


def _broadest(kind: Node) -> Node:
    return BROADER.get(kind, kind)
