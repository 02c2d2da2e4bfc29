"""Triples and quads to the text of a download: in every format, always the same text for the same graph.

A large graph is held as the sorted lines of its canonical N-Triples or N-Quads (``publish.lines``), and every
other format is written from these, term by term, to a file: neither is ever in memory as a whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import IO, Any, Final

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

BATCH: Final = 10_000
"""So many lines are parsed together."""


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
    return (quad.triple for quad in parsed(lines, RdfFormat.N_TRIPLES))


def parsed(lines: Iterable[bytes], format_: RdfFormat) -> Iterator[Quad]:
    """Yield the quads that lines of N-Triples or N-Quads spell; blank nodes keep their names."""
    rest = iter(lines)
    batches = iter(lambda: b"".join(islice(rest, BATCH)), b"")
    return chain.from_iterable(parse(batch, format_) for batch in batches)


def turtle(triples: Iterable[Triple]) -> bytes:
    """Return Turtle for reading: the spelling of the authored files, blank nodes named by RDFC-1.0."""
    return named_spelling(canonical_triples(triples)).encode("utf-8")


def large_turtle(triples: Iterable[Triple], file: IO[bytes]) -> None:
    """Write Turtle for loading, as a stream, since the authored spelling takes a graph in memory."""
    serialize(triples, file, RdfFormat.TURTLE, prefixes=dict(PREFIXES))
    sort_prefixes(file)


def trig(lines: Iterable[bytes], file: IO[bytes]) -> None:
    """Write TriG of quads in the order given, which is to be graph by graph."""
    serialize(parsed(lines, RdfFormat.N_QUADS), file, RdfFormat.TRIG, prefixes=dict(PREFIXES))
    sort_prefixes(file)


def sort_prefixes(file: IO[bytes]) -> None:
    """Sort the prefix lines that a file begins with; the serializer writes them in any order."""
    file.seek(0)
    prologue = sorted(file.readline() for _ in PREFIXES)
    file.seek(0)
    file.writelines(prologue)


def rdf_xml(triples: Iterable[Triple], file: IO[bytes]) -> None:
    """Write RDF/XML."""
    serialize(triples, file, RdfFormat.RDF_XML, prefixes=dict(PREFIXES))


def json_text(document: Mapping[str, Any]) -> bytes:
    """Return a JSON document as text."""
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode("utf-8")
