"""The one spelling of authored Turtle: rdflib's ``longturtle``, canonicalised, with the one prefix table."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from pyoxigraph import BlankNode, RdfFormat, Triple, parse
from rdflib import Graph

from legation.namespaces import PREFIXES
from legation.publish.longturtle import UnwritableError, longturtle
from legation.terms import add_to, to_oxigraph


def new_graph() -> Graph:
    """Return an empty graph that knows every prefix of the project and no other."""
    graph = Graph(bind_namespaces="none")
    for prefix, namespace in PREFIXES.items():
        graph.bind(prefix, namespace)
    return graph


def rdflib_graph(triples: Iterable[Triple]) -> Graph:
    """Return an rdflib graph of ``triples``, with the project's prefixes."""
    graph = new_graph()
    add_to(graph, triples)
    return graph


def canonical_text(text: str) -> str:
    """Return the canonical spelling of a Turtle document; raise ``SyntaxError`` if it is none."""
    return canonical_spelling([quad.triple for quad in parse(text, RdfFormat.TURTLE)])


def canonical_spelling(triples: Collection[Triple]) -> str:
    """Return the canonical Turtle of ``triples``: the same triples always give the same text."""
    # Canonicalising only names blank nodes; without any it would take four times as long for nothing.
    canon = any(isinstance(node, BlankNode) for triple in triples for node in triple)
    return spell(rdflib_graph(triples), canon=True) if canon else named_spelling(triples)


def named_spelling(triples: Collection[Triple]) -> str:
    """Return Turtle in the project's spelling, in which blank nodes keep their names."""
    try:
        return longturtle(triples, new_graph()).rstrip("\n") + "\n"
    except UnwritableError:
        return spell(rdflib_graph(triples), canon=False)


def canonical_turtle(graph: Graph) -> str:
    """Return the canonical Turtle of an rdflib graph, which is left as it is."""
    return canonical_spelling([to_oxigraph(triple) for triple in graph])


def spell(graph: Graph, *, canon: bool) -> str:
    """Return Turtle in the project's spelling; without ``canon`` blank nodes keep their names."""
    return graph.serialize(format="longturtle", canon=canon, encoding=None).rstrip("\n") + "\n"
