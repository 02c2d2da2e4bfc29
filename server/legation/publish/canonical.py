"""The one spelling of authored Turtle: rdflib's ``longturtle``, canonicalised, with the one prefix table."""

from __future__ import annotations

from rdflib import Graph

from legation.namespaces import PREFIXES


def new_graph() -> Graph:
    """Return an empty graph that knows every prefix of the project and no other."""
    graph = Graph(bind_namespaces="none")
    for prefix, namespace in PREFIXES.items():
        graph.bind(prefix, namespace)
    return graph


def canonical_turtle(graph: Graph) -> str:
    """Return the canonical Turtle of ``graph``: the same triples always give the same text."""
    spelled = new_graph()
    for triple in graph:
        spelled.add(triple)
    return spelled.serialize(format="longturtle", canon=True, encoding=None).rstrip("\n") + "\n"
