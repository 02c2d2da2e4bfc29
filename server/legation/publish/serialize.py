"""Triples and quads to the text of a download: in every format, always the same text for the same graph.

A large graph is held as the sorted lines of its canonical N-Triples or N-Quads (``publish.lines``), and every
other format is written from these, term by term.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pyoxigraph import (
    CanonicalizationAlgorithm,
    Dataset,
    DefaultGraph,
    Quad,
    RdfFormat,
    Triple,
    parse,
    serialize,
)

from legation.namespaces import PREFIXES
from legation.publish.canonical import named_spelling


def canonical_triples(triples: Iterable[Triple]) -> list[Triple]:
    """Return triples with canonical blank node labels (RDFC-1.0), sorted."""
    dataset = Dataset(Quad(t.subject, t.predicate, t.object, DefaultGraph()) for t in triples)
    dataset.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
    return sorted((quad.triple for quad in dataset), key=str)


def n_triples(triples: Iterable[Triple]) -> list[bytes]:
    """Return the lines of triples as N-Triples, in the order given."""
    return (serialize(triples, format=RdfFormat.N_TRIPLES) or b"").splitlines(keepends=True)


def triples_of(lines: Iterable[bytes]) -> Iterator[Triple]:
    """Yield the triples that lines of N-Triples spell."""
    return (quad.triple for quad in parse(b"".join(lines), RdfFormat.N_TRIPLES))


def turtle(triples: Iterable[Triple]) -> bytes:
    """Return Turtle for reading: the spelling of the authored files, blank nodes named by RDFC-1.0."""
    return named_spelling(canonical_triples(triples)).encode("utf-8")


def large_turtle(triples: Iterable[Triple]) -> bytes:
    """Return Turtle for loading: written as a stream, since the authored spelling takes a graph in memory."""
    return sorted_prefixes(serialize(triples, format=RdfFormat.TURTLE, prefixes=dict(PREFIXES)))


def trig(lines: Iterable[bytes]) -> bytes:
    """Return TriG of quads in the order given, which is to be graph by graph."""
    quads = parse(b"".join(lines), RdfFormat.N_QUADS)
    return sorted_prefixes(serialize(quads, format=RdfFormat.TRIG, prefixes=dict(PREFIXES)))


def sorted_prefixes(text: bytes | None) -> bytes:
    """Return Turtle or TriG with its prefix lines sorted; the serializer writes them in any order."""
    text, end = text or b"", 0
    for _ in PREFIXES:
        end = text.find(b"\n", end) + 1
    return b"".join(sorted(text[:end].splitlines(keepends=True))) + text[end:]


def rdf_xml(triples: Iterable[Triple]) -> bytes:
    """Return RDF/XML."""
    return serialize(triples, format=RdfFormat.RDF_XML, prefixes=dict(PREFIXES)) or b""


def json_text(document: Mapping[str, Any]) -> bytes:
    """Return a JSON document as text."""
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode("utf-8")
