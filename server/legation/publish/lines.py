"""A dataset as the sorted lines of its N-Quads: named canonically, taken apart, counted and digested.

A line is bytes with its line end, as Oxigraph writes it (canonical N-Quads). What works on lines needs no
object for each term, so that a million of them cost seconds and little memory.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import merge
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final

from pyoxigraph import (
    CanonicalizationAlgorithm,
    Dataset,
    DefaultGraph,
    NamedNode,
    RdfFormat,
    Store,
    parse,
    serialize,
)

from legation.namespaces import BASE, PREFIXES

BLANK: Final = b"_:"
TYPE: Final = f"<{PREFIXES['rdf']}type>".encode()
SAME_AS: Final = f"<{PREFIXES['owl']}sameAs>".encode()
OURS: Final = f"<{BASE}".encode()
WIKIDATA: Final = f"<{PREFIXES['wd']}".encode()
IRI: Final = b"<"


@dataclass
class Statistics:
    """What is counted of a dataset: triples by graph, and those of the union of all graphs."""

    graphs: Counter[str] = field(default_factory=Counter)
    classes: Counter[str] = field(default_factory=Counter)
    properties: Counter[str] = field(default_factory=Counter)
    subjects: int = 0
    objects: int = 0
    entities: int = 0
    wikidata_links: int = 0


@dataclass(frozen=True)
class LineFile:
    """The lines of a file, read anew each time that they are gone through."""

    path: Path

    def __iter__(self) -> Iterator[bytes]:
        """Yield the lines, each with its line end."""
        with self.path.open("rb") as file:
            yield from file


def spooled(store: Store, graph: DefaultGraph | None = None) -> Iterator[bytes]:
    """Yield the lines of a store's N-Quads, or of one graph's N-Triples, in any order, from a file on disk.

    The store is let go of once they are there, and all of them are never in memory at once.
    """
    with TemporaryFile() as file:
        store.dump(file, RdfFormat.N_QUADS if graph is None else RdfFormat.N_TRIPLES, from_graph=graph)
        del store
        file.seek(0)
        yield from file


def canonical(lines: Iterable[bytes]) -> list[bytes]:
    """Return lines in code point order, each once, with canonical blank node labels (RDFC-1.0).

    The labels depend on the statements about blank nodes alone (RDFC-1.0, §4.4), so only these are looked at.
    """
    kept = list(lines)
    blank = [line for line in kept if BLANK in line]
    if blank:
        dataset = Dataset(parse(b"".join(blank), RdfFormat.N_QUADS))
        dataset.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
        kept = [line for line in kept if BLANK not in line]
        kept += (serialize(dataset, format=RdfFormat.N_QUADS) or b"").splitlines(keepends=True)
    kept.sort()
    return [line for line, _ in groupby(kept)]


def quads(store: Store) -> list[bytes]:
    """Return the canonical lines of a store."""
    return canonical(spooled(store))


def graph(store: Store, name: NamedNode) -> list[bytes]:
    """Return the canonical lines of the quads of one named graph."""
    found = store.quads_for_pattern(None, None, None, name)
    return canonical((serialize(found, format=RdfFormat.N_QUADS) or b"").splitlines(keepends=True))


def graph_of(line: bytes) -> bytes:
    """Return the graph of a quad, as N-Quads spells it."""
    return line[line.rindex(b" ", 0, -3) + 1 : -3]


def triple_of(line: bytes) -> bytes:
    """Return the line of a quad without its graph."""
    return line[: line.rindex(b" ", 0, -3)] + b" .\n"


def by_graph(lines: Iterable[bytes]) -> dict[str, list[bytes]]:
    """Return the lines of each named graph by its IRI; the order of lines is kept."""
    found: dict[bytes, list[bytes]] = defaultdict(list)
    for line in lines:
        found[graph_of(line)].append(line)
    return {iri[1:-1].decode("utf-8"): inside for iri, inside in found.items()}


def digest(quads: Iterable[bytes]) -> str:
    """Return the RDFC-1.0 digest of the triples of one graph (SHA-256, hexadecimal); see ``triples``."""
    found = hashlib.sha256()
    for line in triples(quads):
        found.update(line)
    return found.hexdigest()


def triples(quads: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the canonical lines of the triples of sorted quads, each once.

    The quads are gone through twice. Without blank nodes they are canonical as they stand.
    """
    named = union(line for line in quads if BLANK not in line)
    blank = canonical(union(line for line in quads if BLANK in line))
    return merge(named, blank) if blank else named


def union(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the triples of sorted quads, each once."""
    last = b""
    for line in lines:
        triple = line[: line.rindex(b" ", 0, -3)]
        if triple != last:
            yield triple + b" .\n"
        last = triple


def count(lines: Iterable[bytes], graphs: Mapping[str, Sequence[bytes]]) -> Statistics:
    """Count sorted quads, which ``graphs`` holds too, by graph, class and property.

    A triple in several graphs counts once as a statement of the dataset.
    """
    classes, properties = Counter[bytes](), Counter[bytes]()
    found, objects, subject = Statistics(), set[bytes](), b""
    for line in union(lines):
        this, predicate, rest = line.split(b" ", 2)
        value = rest[:-3]
        if this != subject:
            subject = this
            found.subjects += 1
            found.entities += subject.startswith(OURS)
        properties[predicate] += 1
        objects.add(value)
        if predicate == TYPE and value.startswith(IRI):
            classes[value] += 1
        elif predicate == SAME_AS and value.startswith(WIKIDATA):
            found.wikidata_links += 1
    found.objects = len(objects)
    found.graphs = Counter({iri: len(inside) for iri, inside in graphs.items()})
    found.classes, found.properties = by_iri(classes), by_iri(properties)
    return found


def by_iri(counted: Counter[bytes]) -> Counter[str]:
    """Return what is counted of IRIs by these, without their brackets."""
    return Counter({iri[1:-1].decode("utf-8"): number for iri, number in counted.items()})
