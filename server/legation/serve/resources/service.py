"""The endpoint's description of itself: SPARQL 1.1 Service Description."""

from __future__ import annotations

from typing import Final

from pyoxigraph import Literal, NamedNode, Quad

from legation.namespaces import BASE, PREFIXES
from legation.release import Manifest
from legation.serve.settings import Setting, Settings, limits

RDF: Final = PREFIXES["rdf"]
SCHEMA: Final = PREFIXES["schema"]
SD: Final = PREFIXES["sd"]
VOID: Final = PREFIXES["void"]
FORMATS: Final = "http://www.w3.org/ns/formats/"
RESULT_FORMATS: Final = (
    "SPARQL_Results_JSON",
    "SPARQL_Results_XML",
    "SPARQL_Results_CSV",
    "SPARQL_Results_TSV",
    "Turtle",
    "JSON-LD",
    "RDF_XML",
    "N-Triples",
    "N-Quads",
    "TriG",
)

Statement = tuple[NamedNode, str, NamedNode | Literal]


def describe_endpoint(endpoint: str, manifest: Manifest, settings: Settings) -> list[Quad]:
    """Return what a client has to know about the endpoint that answers at ``endpoint``.

    That address is the one the client used and not the one that is registered, because clients follow it.
    """
    service, dataset, union = (NamedNode(f"{BASE}sparql{part}") for part in ("", "#dataset", "#default"))
    said: list[Statement] = [
        (service, f"{RDF}type", NamedNode(f"{SD}Service")),
        (service, f"{SD}endpoint", NamedNode(endpoint)),
        (service, f"{SD}supportedLanguage", NamedNode(f"{SD}SPARQL11Query")),
        (service, f"{SD}feature", NamedNode(f"{SD}UnionDefaultGraph")),
        (service, f"{SD}defaultDataset", dataset),
        (dataset, f"{RDF}type", NamedNode(f"{SD}Dataset")),
        (dataset, f"{SD}defaultGraph", union),
        (union, f"{RDF}type", NamedNode(f"{SD}Graph")),
    ]
    if settings.service_hosts:
        said.append((service, f"{SD}feature", NamedNode(f"{SD}BasicFederatedQuery")))
    said += [(service, f"{SD}resultFormat", NamedNode(f"{FORMATS}{name}")) for name in RESULT_FORMATS]
    for iri, entry in sorted(manifest.graphs.items()):
        graph = NamedNode(iri)
        said += [
            (dataset, f"{SD}namedGraph", graph),
            (graph, f"{RDF}type", NamedNode(f"{SD}NamedGraph")),
            (graph, f"{SD}name", graph),
            (graph, f"{VOID}triples", Literal(entry.triples)),
        ]
    for limit in limits():
        said += _describe_limit(service, limit, getattr(settings, limit.name))
    return [Quad(subject, NamedNode(predicate), value) for subject, predicate, value in said]


def _describe_limit(service: NamedNode, limit: Setting, value: float) -> list[Statement]:
    """Return what is in force for one limit, in the unit of its option (schema.org ``PropertyValue``)."""
    node = NamedNode(f"{BASE}sparql#{limit.name.replace('_', '-')}")
    shown = value if limit.scale == 1 else value // limit.scale
    said: list[Statement] = [
        (service, f"{SCHEMA}additionalProperty", node),
        (node, f"{RDF}type", NamedNode(f"{SCHEMA}PropertyValue")),
        (node, f"{SCHEMA}name", Literal(limit.name.replace("_", "-"))),
        (node, f"{SCHEMA}value", Literal(shown)),
        (node, f"{SCHEMA}description", Literal(limit.about.text, language="en")),
    ]
    if limit.about.unit:
        said.append((node, f"{SCHEMA}unitText", Literal(limit.about.unit)))
    return said
