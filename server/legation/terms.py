"""Between the two RDF libraries: pyoxigraph holds and queries the dataset, rdflib carries the validators."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import rdflib
from pyoxigraph import BlankNode, Literal, NamedNode, Triple
from rdflib.term import Node

from legation.namespaces import PREFIXES

XSD_STRING: Final = PREFIXES["xsd"] + "string"


def to_rdflib(term: NamedNode | BlankNode | Literal | Triple) -> Node:
    """Return the rdflib term for a pyoxigraph term; literals keep their lexical form."""
    match term:
        case NamedNode():
            return rdflib.URIRef(term.value)
        case BlankNode():
            return rdflib.BNode(term.value)
        case Literal() if term.language:
            return rdflib.Literal(term.value, lang=term.language)
        case Literal() if term.datatype.value == XSD_STRING:
            return rdflib.Literal(term.value)
        case Literal():
            return rdflib.Literal(term.value, datatype=rdflib.URIRef(term.datatype.value), normalize=False)
        case _:
            raise TypeError(f"a triple is no term in RDF 1.1: {term}")


def to_oxigraph(triple: tuple[Node, Node, Node]) -> Triple:
    """Return the pyoxigraph triple for an rdflib triple."""
    subject, predicate, value = (term_of(node) for node in triple)
    if isinstance(subject, Literal) or not isinstance(predicate, NamedNode):
        raise TypeError(f"not an RDF triple: {triple}")
    return Triple(subject, predicate, value)


def term_of(node: Node) -> NamedNode | BlankNode | Literal:
    """Return the pyoxigraph term for an rdflib node."""
    match node:
        case rdflib.URIRef():
            return NamedNode(str(node))
        case rdflib.BNode():
            return BlankNode(str(node))
        case rdflib.Literal() if node.language:
            return Literal(str(node), language=node.language)
        case rdflib.Literal():
            return Literal(str(node), datatype=NamedNode(str(node.datatype or XSD_STRING)))
        case _:
            raise TypeError(f"not an RDF term: {node!r}")


def add_to(graph: rdflib.Graph, triples: Iterable[Triple]) -> None:
    """Add ``triples`` to an rdflib graph."""
    known: dict[
        NamedNode | BlankNode | Literal | Triple, Node
    ] = {}  # making a term costs more than finding it
    for triple in triples:
        for term in triple:
            if term not in known:
                known[term] = to_rdflib(term)
        graph.add((known[triple.subject], known[triple.predicate], known[triple.object]))
