"""SHACL: the shapes, tried on the data, and what they say turned into faults with file and line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import rdflib
from pyoxigraph import Store, Triple
from rdflib.namespace import RDF, SH
from rdflib.term import Node

from legation.publish.authored import Authored
from legation.publish.canonical import rdflib_graph
from legation.publish.check import short
from legation.publish.fault import Fault
from legation.publish.screen import only, violated
from legation.shacl import FOR_READERS, validate
from legation.terms import to_oxigraph

LANGUAGE: Final = "en"


@dataclass(frozen=True)
class Report:
    """A SHACL validation report: its triples, and a fault for each violation."""

    triples: tuple[Triple, ...]
    faults: tuple[Fault, ...]


def check_shapes(authored: Authored, store: Store) -> Report:
    """Validate the data, with the ontology's class tree, against the shapes.

    ``store`` holds both.
    pyshacl reports on the shapes that screening finds violated; where there are none, on nothing.
    """
    said = (t for t in authored.triples("shapes") if t.predicate.value not in FOR_READERS)
    shapes, tree = rdflib_graph(said), rdflib_graph(authored.triples("ontology"))
    found = violated(store, shapes, tree)
    data = tree + rdflib_graph(authored.triples("data")) if found else rdflib.Graph()
    graph = validate(data, only(shapes, found))
    return Report(tuple(map(to_oxigraph, graph)), tuple(violations(graph, authored)))


def violations(report: rdflib.Graph, authored: Authored) -> Iterator[Fault]:
    """Yield a fault for each violation, at the offending line where the file shows it."""
    for result in report.subjects(RDF.type, SH.ValidationResult):
        if report.value(result, SH.resultSeverity) != SH.Violation:
            continue
        focus, path, value = (report.value(result, p) for p in (SH.focusNode, SH.resultPath, SH.value))
        shape = report.value(result, SH.sourceShape)
        parts = [f"{text_of(focus)}: {message_of(report, result)}"]
        if value is not None and value != focus:
            parts.append(f"found {text_of(value)}")
        if isinstance(shape, rdflib.URIRef):
            parts.append(f"({short(str(shape))})")
        term = str(path) if isinstance(path, rdflib.URIRef) else None
        yield authored.fault(" ".join(parts), str(focus), term)


def message_of(report: rdflib.Graph, result: Node) -> str:
    """Return what a result says to the author, in English where it says it in several languages."""
    messages = [m for m in report.objects(result, SH.resultMessage) if isinstance(m, rdflib.Literal)]
    messages.sort(key=lambda message: (message.language != LANGUAGE, str(message)))
    return str(messages[0]).strip() if messages else "violates a shape"


def text_of(node: Node | None) -> str:
    """Return a node as an author writes it."""
    match node:
        case rdflib.URIRef():
            return short(str(node))
        case rdflib.Literal():
            return node.n3()
        case _:
            return "a blank node"
