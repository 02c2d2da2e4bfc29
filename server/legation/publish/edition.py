"""A release before it is frozen: the whole dataset, and every file made from it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

from pyoxigraph import NamedNode, Store, Triple

from legation.namespaces import ID, LEG, PREFIXES, RELEASE
from legation.publish import lines, serialize
from legation.publish.authored import Authored
from legation.publish.compaction import json_ld
from legation.publish.context import make_context
from legation.publish.describe import UNMEASURED, describe
from legation.publish.fault import Fault
from legation.publish.freeze import content_digest, file_entry
from legation.publish.graphs import META, ONTOLOGY, SHAPES, add, triples_in
from legation.publish.header import Header
from legation.publish.questions import Question, check_questions, describe_questions, read_questions
from legation.publish.report import quality_files
from legation.publish.search import search_table
from legation.publish.tables import tables
from legation.release import ANSWERS, CONTEXT, DATASET, SEARCH, GraphEntry, Manifest, Previous, Release

COUNTED: Final = (
    *("Person", "Body", "Post", "Place", "Instrument", "Event"),
    *("Claim", "Source", "Passage", "WikidataLink"),
)
"""Classes whose number of members the manifest states."""

OF_SHAPES: Final = f" {SHAPES} .\n".encode()
"""How the lines of the graph of shapes end."""


@dataclass(frozen=True)
class Edition:
    """The dataset with its metadata, and the files of a release (without their gzipped twins).

    ``quads`` are the lines of ``store``, sorted; ``graphs`` are the same by graph.
    """

    header: Header
    questions: Sequence[Question]
    store: Store
    quads: Sequence[bytes]
    graphs: Mapping[str, Sequence[bytes]]
    files: Mapping[str, bytes]

    def unanswered(self) -> list[Fault]:
        """Return a fault for each competency question that the dataset does not answer as pinned."""
        return list(check_questions(self.questions, self.store))


def make_edition(authored: Authored, header: Header, report: Sequence[Triple], store: Store) -> Edition:
    """Make every file of a release from a dataset, and add its description to the dataset.

    ``report`` is the SHACL validation report of the authored graphs.
    """
    questions = read_questions(authored.project.question_files())
    quads = lines.quads(store)
    graphs = lines.by_graph(quads)
    files = downloads(header, questions, report, store)
    files |= graph_files(make_context(triples_in(store, ONTOLOGY)), quads, graphs)
    add(store, META, description(authored, header, lines.count(quads, graphs), files))
    graphs[META.value] = lines.graph(store, META)
    quads = sorted([*quads, *graphs[META.value]])
    return Edition(header, questions, store, quads, graphs, files | with_metadata(store, quads, graphs))


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


def graph_files(
    context: Mapping[str, Any], quads: Sequence[bytes], graphs: Mapping[str, Sequence[bytes]]
) -> dict[str, bytes]:
    """Return the whole dataset, the ontology and the shapes in every format, and the JSON-LD context."""
    files = {CONTEXT: serialize.json_text({"@context": context})}
    readable = (line for line in quads if not line.endswith(OF_SHAPES))
    for name, triples, turtle in (
        ("legation", lines.union(readable), serialize.large_turtle),
        ("ontology", map(lines.triple_of, graphs[ONTOLOGY.value]), serialize.turtle),
        ("shapes", map(lines.triple_of, graphs[SHAPES.value]), serialize.turtle),
    ):
        canonical = lines.canonical(triples)
        files[f"{name}.ttl"] = turtle(serialize.triples_of(canonical))
        files[f"{name}.nt"] = b"".join(canonical)
        files[f"{name}.rdf"] = serialize.rdf_xml(serialize.triples_of(canonical))
        files[f"{name}.jsonld"] = "".join(json_ld(canonical, context)).encode("utf-8")
    return files


def description(
    authored: Authored, header: Header, statistics: lines.Statistics, files: Mapping[str, bytes]
) -> Iterator[Triple]:
    """Yield the metadata graph of a release with these files, and those that will hold the graph itself."""
    project = authored.project
    entries = {path: file_entry(path, content) for path, content in files.items()}
    entries |= {path: file_entry(path, b"") for path in sorted(UNMEASURED)}
    inputs = [*project.turtle_files(), *project.question_files()]
    digests = {project.name_of(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in inputs}
    return describe(header, statistics, digests, entries)


def with_metadata(
    store: Store, quads: Sequence[bytes], graphs: Mapping[str, Sequence[bytes]]
) -> dict[str, bytes]:
    """Return the files that hold the metadata graph: on its own, and among all quads."""
    in_order = sorted(graphs, key=lambda iri: str(NamedNode(iri)))
    return {
        "meta.ttl": serialize.turtle(triples_in(store, META)),
        DATASET: b"".join(quads),
        "dataset.trig": serialize.trig(chain.from_iterable(graphs[iri] for iri in in_order)),
    }


def manifest(edition: Edition, files: Mapping[str, bytes], previous: Release | None = None) -> Manifest:
    """Return what a release with these files holds that follows ``previous``."""
    entries = {path: file_entry(path, content) for path, content in files.items()}
    graphs = {iri: GraphEntry(len(found), lines.digest(found)) for iri, found in edition.graphs.items()}
    return Manifest(
        version=edition.header.version,
        issued=edition.header.issued,
        digest=content_digest(entries),
        counts=counts(edition.store),
        graphs=graphs,
        files=entries,
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
