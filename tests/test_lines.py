"""A dataset as lines: named, counted and digested as by its terms."""

from __future__ import annotations

import hashlib
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import (
    BlankNode,
    CanonicalizationAlgorithm,
    Dataset,
    DefaultGraph,
    Literal,
    NamedNode,
    Quad,
    Store,
)

from legation.namespaces import ID, PREFIXES
from legation.publish import lines

IRIS = [NamedNode(iri) for iri in (f"{ID}a", f"{ID}a-b", f"{PREFIXES['wd']}Q1", "urn:x", "urn:xy")]
GRAPHS = [NamedNode("urn:g"), NamedNode("urn:g1"), NamedNode("urn:ga")]
PREDICATES = [*IRIS, NamedNode(f"{PREFIXES['rdf']}type"), NamedNode(f"{PREFIXES['owl']}sameAs")]
LITERALS = [
    *(Literal(text) for text in ("", "a", "a <b> _:c .", 'quote" \\ line\n', "é", "\x07")),
    *(Literal("a", language="en"), Literal("a", language="fr")),
    Literal("5", datatype=NamedNode(f"{PREFIXES['xsd']}integer")),
]
nodes = st.sampled_from([*IRIS, BlankNode("b"), BlankNode("c"), BlankNode("d")])
quads = st.builds(
    Quad, nodes, st.sampled_from(PREDICATES), nodes | st.sampled_from(LITERALS), st.sampled_from(GRAPHS)
)
datasets = st.lists(quads, max_size=25).map(set)


def rdfc10(found: set[Quad]) -> list[str]:
    """Return what RDFC-1.0 makes of a whole dataset."""
    dataset = Dataset(found)
    dataset.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
    return sorted(f"{quad} .\n" for quad in dataset)


def filled(found: set[Quad]) -> Store:
    store = Store()
    store.extend(found)
    return store


@settings(deadline=None)
@given(datasets)
def test_the_lines_are_those_of_the_canonical_dataset(found: set[Quad]) -> None:
    assert [line.decode() for line in lines.quads(filled(found))] == rdfc10(found)


@settings(deadline=None)
@given(datasets)
def test_each_graph_has_the_digest_of_its_canonical_triples(found: set[Quad]) -> None:
    graphs = lines.by_graph(lines.quads(filled(found)))
    assert graphs.keys() == {str(quad.graph_name)[1:-1] for quad in found}
    for iri, inside in graphs.items():
        bare = {
            Quad(q.subject, q.predicate, q.object, DefaultGraph())
            for q in found
            if q.graph_name == NamedNode(iri)
        }
        assert len(inside) == len(bare)
        assert lines.digest(inside) == hashlib.sha256("".join(rdfc10(bare)).encode()).hexdigest()


@settings(deadline=None)
@given(datasets)
def test_what_is_counted_is_what_there_is(found: set[Quad]) -> None:
    quads = lines.quads(filled(found))
    counted = lines.count(quads, lines.by_graph(quads))
    union = {quad.triple for quad in found}
    typed = [t for t in union if t.predicate.value == f"{PREFIXES['rdf']}type"]
    assert counted.graphs == Counter(str(quad.graph_name)[1:-1] for quad in found)
    assert counted.properties == Counter(t.predicate.value for t in union)
    assert counted.classes == Counter(t.object.value for t in typed if isinstance(t.object, NamedNode))
    assert counted.subjects == len({t.subject for t in union})
    assert counted.objects == len({t.object for t in union})
    assert counted.entities == len({t.subject for t in union if str(t.subject).startswith(f"<{ID}")})
    assert counted.wikidata_links == sum(
        1 for t in union if t.predicate == PREDICATES[-1] and t.object == IRIS[2]
    )


@pytest.mark.parametrize("line", [b'<a> <b> "c <d> ." <g> .\n', b"<a> <b> <c> <g> .\n"])
def test_a_line_is_a_triple_and_a_graph(line: bytes) -> None:
    assert lines.graph_of(line) == b"<g>"
    assert lines.triple_of(line) == line.replace(b"<g> ", b"")
