"""Screening misses nothing that pyshacl reports: on every example of a shape, and on broken data."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Final

import pyshacl
import pytest
from pyoxigraph import DefaultGraph, Quad, RdfFormat, Store, Triple, parse
from rdflib import RDF, RDFS, SH, Graph, URIRef
from rdflib.term import Node

from legation.namespaces import ID
from legation.publish.authored import Authored
from legation.publish.canonical import rdflib_graph
from legation.publish.screen import Screen, UnscreenableError, only, violated
from tests.test_shapes import INVALID, VALID, background, constraints

SEED: Final = 20261121
BROKEN: Final = 60
"""Triples taken out of the data, and as many that get another's object."""


def results(data: Graph, shapes: Graph) -> set[tuple[Node | None, ...]]:
    """Validate ``data`` with pyshacl: (focus node, path, value, shape) of each result."""
    _, report, text = pyshacl.validate(data, shacl_graph=shapes, inference="none")
    assert isinstance(report, Graph), text
    return {
        tuple(report.value(result, part) for part in (SH.focusNode, SH.resultPath, SH.value, SH.sourceShape))
        for result in report.subjects(RDF.type, SH.ValidationResult)
    }


def screened(triples: list[Triple], tree: Graph) -> set[Node]:
    store = Store()
    store.extend(Quad(t.subject, t.predicate, t.object, DefaultGraph()) for t in triples)
    return violated(store, constraints(), tree)


@pytest.fixture(scope="module")
def common() -> list[Triple]:
    """What every example of a shape may rely on."""
    text = background().serialize(format="nt").encode()
    return [quad.triple for quad in parse(text, RdfFormat.N_TRIPLES)]


@pytest.mark.parametrize("fixture", [*VALID, *INVALID], ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_screening_stops_at_an_example_that_violates_its_shape_and_at_no_other(
    fixture: Path, common: list[Triple]
) -> None:
    own = [quad.triple for quad in parse(fixture.read_bytes(), RdfFormat.TURTLE)]
    assert bool(screened([*common, *own], background())) == (fixture.parent.name == "invalid")


def test_of_broken_data_the_shapes_found_violated_report_all_that_all_shapes_report(
    authored: Authored,
) -> None:
    chance = random.Random(SEED)  # noqa: S311  # a sample, no secret
    kept = [f for f in authored.files if f.folder != "data/sources"]
    kept += chance.sample(authored.within("data/sources"), 40)
    triples = [t for file in kept if file.folder != "shapes" for t in file.triples]
    data = [t for t in triples if str(t.subject).startswith(f"<{ID}")]
    gone = set(chance.sample(data, BROKEN))
    moved = {
        Triple(one.subject, one.predicate, other.object)
        for one, other in zip(chance.sample(data, BROKEN), chance.sample(data, BROKEN), strict=True)
    }
    broken = [*(t for t in triples if t not in gone), *moved]
    graph = rdflib_graph(broken)
    found = results(graph, only(constraints(), screened(broken, rdflib_graph(authored.triples("ontology")))))
    assert len(found) > BROKEN
    assert found == results(graph, constraints())


def test_a_shape_with_a_constraint_that_is_not_compiled_is_left_to_pyshacl() -> None:
    shapes = Graph()
    shape = URIRef("http://example.org/shape")
    shapes.add((shape, RDF.type, SH.NodeShape))
    shapes.add((shape, SH.targetClass, RDFS.Resource))
    shapes.add((shape, SH.hasValue, RDF.nil))
    with pytest.raises(UnscreenableError, match="hasValue"):
        Screen(shapes, Graph()).queries(shape)
    assert violated(Store(), shapes, Graph()) == {shape}


def test_a_node_of_a_class_below_the_target_is_screened() -> None:
    shapes = Graph().parse(
        data="""
        @prefix sh: <http://www.w3.org/ns/shacl#> . @prefix ex: <http://example.org/> .
        ex:shape a sh:PropertyShape ; sh:targetClass ex:Wide ; sh:path ex:p ; sh:minCount 1 ."""
    )
    text = """
        @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix ex: <http://example.org/> .
        ex:Narrow rdfs:subClassOf ex:Middle . ex:Middle rdfs:subClassOf ex:Wide .
        ex:bad a ex:Narrow . ex:good a ex:Middle ; ex:p 1 . ex:other a ex:Else ."""
    store = Store()
    store.load(text.encode(), RdfFormat.TURTLE)
    tree = Graph().parse(data=text)
    assert violated(store, shapes, tree) == {URIRef("http://example.org/shape")}
    store.update("PREFIX ex: <http://example.org/> INSERT DATA { ex:bad ex:p 2 }")
    assert violated(store, shapes, tree) == set()
