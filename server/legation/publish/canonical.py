"""The one spelling of authored Turtle: rdflib's ``longturtle``, canonicalised, with the one prefix table."""

from __future__ import annotations

from collections.abc import Iterable

from rdflib import BNode, Graph
from rdflib.term import Node

from legation.namespaces import PREFIXES


def new_graph() -> Graph:
    """Return an empty graph that knows every prefix of the project and no other."""
    graph = Graph(bind_namespaces="none")
    for prefix, namespace in PREFIXES.items():
        graph.bind(prefix, namespace)
    return graph


def canonical_turtle(triples: Iterable[tuple[Node, Node, Node]]) -> str:
    """Return the canonical Turtle of ``triples``: the same triples always give the same text."""
    graph = new_graph()
    for triple in triples:
        graph.add(triple)
    # Canonicalising only names blank nodes; without any it would take four times as long for nothing.
    return spell(graph, canon=any(isinstance(node, BNode) for triple in graph for node in triple))


def spell(graph: Graph, *, canon: bool) -> str:
    """Return Turtle in the project's spelling; without ``canon`` blank nodes keep their names."""
    return graph.serialize(format="longturtle", canon=canon, encoding=None).rstrip("\n") + "\n"


def canonical_text(text: str) -> str:
    """Return the canonical spelling of a Turtle document; the document must be well-formed."""
    return canonical_turtle(new_graph().parse(data=text, format="turtle"))
