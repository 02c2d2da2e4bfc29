"""A release before it is frozen: the whole dataset, and every file made from it, written as it is made."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import chain
from pathlib import Path
from typing import Any, Final

from pyoxigraph import NamedNode, Store, Triple

from legation.namespaces import ID, LEG, PREFIXES, RELEASE
from legation.publish import lines, serialize
from legation.publish.authored import Authored
from legation.publish.compaction import json_ld
from legation.publish.context import make_context
from legation.publish.describe import UNMEASURED, describe
from legation.publish.fault import Fault
from legation.publish.freeze import content_digest, entries, media_type, write_files
from legation.publish.graphs import META, ONTOLOGY, SHAPES, add, triples_in
from legation.publish.header import Header
from legation.publish.lines import LineFile
from legation.publish.questions import Question, check_questions, describe_questions, read_questions
from legation.publish.report import quality_files
from legation.publish.search import search_table
from legation.publish.tables import tables
from legation.release import (
    ANSWERS,
    CONTEXT,
    DATASET,
    SEARCH,
    FileEntry,
    GraphEntry,
    Manifest,
    Previous,
    Release,
)

COUNTED: Final = (
    *("Person", "Body", "Post", "Place", "Instrument", "Event"),
    *("Claim", "Source", "Passage", "WikidataLink"),
)
"""Classes whose number of members the manifest states."""

OF_SHAPES: Final = f" {SHAPES} .\n".encode()
"""How the lines of the graph of shapes end."""


@dataclass(frozen=True)
class Edition:
    """The dataset with its metadata, its graphs, and the files made from it (without their gzipped twins)."""

    header: Header
    questions: Sequence[Question]
    store: Store
    graphs: Mapping[str, GraphEntry]
    files: Mapping[str, FileEntry]

    def unanswered(self) -> list[Fault]:
        """Return a fault for each competency question that the dataset does not answer as pinned."""
        return list(check_questions(self.questions, self.store))


def make_edition(
    authored: Authored, header: Header, report: Sequence[Triple], store: Store, folder: Path
) -> Edition:
    """Write every file of a release into ``folder``, and add the description of the dataset to it.

    ``report`` is the SHACL validation report of the authored graphs.
    """
    questions = read_questions(authored.project.question_files())
    write_files(folder, downloads(header, questions, report, store))
    # The lines of the dataset are most of what is in memory beside it, so they are taken last.
    quads = lines.quads(store)
    graphs = lines.by_graph(quads)
    write_graphs(folder, make_context(triples_in(store, ONTOLOGY)), quads, graphs)
    files = entries(folder)
    add(store, META, description(authored, header, lines.count(quads, graphs), files))
    graphs[META.value] = lines.graph(store, META)
    write_metadata(folder, store, quads, graphs)
    said = {iri: GraphEntry(len(found), lines.digest(found)) for iri, found in graphs.items()}
    return Edition(header, questions, store, said, entries(folder, files))


def downloads(
    header: Header, questions: Sequence[Question], report: Sequence[Triple], store: Store
) -> dict[str, bytes]:
    """Return what is made of a dataset by asking it, and what goes with it."""
    files = {
        "report.ttl": serialize.turtle(report),
        "questions.ttl": serialize.turtle(
            describe_questions(questions, f"{RELEASE}{header.version}/questions.ttl")
        ),
    }
    files |= {f"tables/{name}.csv": text for name, text in tables(store)}
    files |= {f"{ANSWERS}{one.name}.csv": one.answer_path.read_bytes() for one in questions if one.is_pinned}
    return files | quality_files(store, header) | {SEARCH: search_table(store)}


def write_graphs(
    folder: Path, context: Mapping[str, Any], quads: Sequence[bytes], graphs: Mapping[str, Sequence[bytes]]
) -> None:
    """Write the whole dataset, the ontology and the shapes in every format, and the JSON-LD context."""
    write_files(folder, {CONTEXT: serialize.json_text({"@context": context})})
    readable = [line for line in quads if not line.endswith(OF_SHAPES)]
    whole = write_triples(folder, "legation", readable, context)
    with (folder / "legation.ttl").open("w+b") as file:
        serialize.large_turtle(serialize.triples_of(whole), file)
    for name, graph in (("ontology", ONTOLOGY), ("shapes", SHAPES)):
        small = write_triples(folder, name, graphs[graph.value], context)
        write_files(folder, {f"{name}.ttl": serialize.turtle(serialize.triples_of(small))})


def write_triples(folder: Path, name: str, quads: Sequence[bytes], context: Mapping[str, Any]) -> LineFile:
    """Write the triples of sorted quads in every format but Turtle; return the lines of N-Triples."""
    written = LineFile(folder / f"{name}.nt")
    with written.path.open("wb") as file:
        file.writelines(lines.triples(quads))
    with (folder / f"{name}.rdf").open("wb") as file:
        serialize.rdf_xml(serialize.triples_of(written), file)
    with (folder / f"{name}.jsonld").open("w", encoding="utf-8", newline="\n") as document:
        document.writelines(json_ld(written, context))
    return written


def description(
    authored: Authored, header: Header, statistics: lines.Statistics, files: Mapping[str, FileEntry]
) -> Iterator[Triple]:
    """Yield the metadata graph of a release with these files, and those that will hold the graph itself."""
    project = authored.project
    unmeasured = {name: FileEntry(0, "", media_type(name)) for name in sorted(UNMEASURED)}
    inputs = [*project.turtle_files(), *project.question_files()]
    digests = {project.name_of(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in inputs}
    return describe(header, statistics, digests, {**files, **unmeasured})


def write_metadata(
    folder: Path, store: Store, quads: Sequence[bytes], graphs: Mapping[str, Sequence[bytes]]
) -> None:
    """Write the files that hold the metadata graph: on its own, and among all quads."""
    write_files(folder, {"meta.ttl": serialize.turtle(triples_in(store, META))})
    with (folder / DATASET).open("wb") as file:
        file.writelines(merge(quads, graphs[META.value]))
    in_order = sorted(graphs, key=lambda iri: str(NamedNode(iri)))
    with (folder / "dataset.trig").open("w+b") as file:
        serialize.trig(chain.from_iterable(graphs[iri] for iri in in_order), file)


def manifest(edition: Edition, files: Mapping[str, FileEntry], previous: Release | None = None) -> Manifest:
    """Return what a release with these files holds that follows ``previous``."""
    return Manifest(
        version=edition.header.version,
        issued=edition.header.issued,
        digest=content_digest(files),
        counts=counts(edition.store),
        graphs=edition.graphs,
        files=files,
        previous=Previous(previous.manifest.version, previous.manifest.digest) if previous else None,
    )


def counts(store: Store) -> dict[str, int]:
    """Return how many quads, graphs, and members of the main classes there are."""
    rdf_type = NamedNode(PREFIXES["rdf"] + "type")
    members = {
        name: {quad.subject for quad in store.quads_for_pattern(None, rdf_type, NamedNode(LEG + name), None)}
        for name in COUNTED
    }
    sizes = {name: sum(1 for s in found if str(s).startswith(f"<{ID}")) for name, found in members.items()}
    return {"graphs": sum(1 for _ in store.named_graphs()), "quads": len(store), **sizes}
