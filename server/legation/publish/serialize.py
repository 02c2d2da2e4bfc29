"""Triples and quads to the text of a download: in every format, always the same text for the same graph."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from pyoxigraph import CanonicalizationAlgorithm, Dataset, DefaultGraph, Quad, RdfFormat, Triple, serialize

from legation.jsonld import compact
from legation.namespaces import PREFIXES
from legation.publish.canonical import rdflib_graph, spell


def canonical_quads(quads: Iterable[Quad]) -> list[Quad]:
    """Return quads with canonical blank node labels (RDFC-1.0), in code point order of their N-Quads."""
    dataset = Dataset(quads)
    dataset.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
    return sorted(dataset, key=str)


def canonical_triples(triples: Iterable[Triple]) -> list[Triple]:
    """Return triples with canonical blank node labels (RDFC-1.0), sorted."""
    quads = (Quad(t.subject, t.predicate, t.object, DefaultGraph()) for t in triples)
    return [quad.triple for quad in canonical_quads(quads)]


def n_quads(quads: Iterable[Quad]) -> bytes:
    """Return canonical N-Quads: the lines sorted."""
    return sorted_lines(serialize(quads, format=RdfFormat.N_QUADS))


def n_triples(triples: Iterable[Triple]) -> bytes:
    """Return canonical N-Triples: the lines sorted."""
    return sorted_lines(serialize(triples, format=RdfFormat.N_TRIPLES))


def sorted_lines(text: bytes | None) -> bytes:
    """Return the lines of a text in order."""
    return b"".join(sorted((text or b"").splitlines(keepends=True)))


def turtle(triples: Iterable[Triple]) -> bytes:
    """Return Turtle for reading: the spelling of the authored files, blank nodes named by RDFC-1.0."""
    return spell(rdflib_graph(canonical_triples(triples)), canon=False).encode("utf-8")


def large_turtle(triples: Iterable[Triple]) -> bytes:
    """Return Turtle for loading: written as a stream, since the authored spelling takes a graph in memory."""
    return sorted_prefixes(serialize(triples, format=RdfFormat.TURTLE, prefixes=dict(PREFIXES)))


def trig(quads: Iterable[Quad]) -> bytes:
    """Return TriG, graph by graph."""
    by_graph = sorted(quads, key=lambda quad: (str(quad.graph_name), str(quad)))
    return sorted_prefixes(serialize(by_graph, format=RdfFormat.TRIG, prefixes=dict(PREFIXES)))


def sorted_prefixes(text: bytes | None) -> bytes:
    """Return Turtle or TriG with its prefix lines sorted; the serializer writes them in any order."""
    lines = (text or b"").splitlines(keepends=True)
    return b"".join(sorted(lines[: len(PREFIXES)]) + lines[len(PREFIXES) :])


def rdf_xml(triples: Iterable[Triple]) -> bytes:
    """Return RDF/XML."""
    return serialize(triples, format=RdfFormat.RDF_XML, prefixes=dict(PREFIXES)) or b""


def json_ld(triples: Iterable[Triple], context: Mapping[str, Any]) -> bytes:
    """Return compact JSON-LD with the context inside, so that it can be read without asking anyone for it."""
    return json_text(compact(triples, context))


def json_text(document: Mapping[str, Any]) -> bytes:
    """Return a JSON document as text."""
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode("utf-8")
