"""Each shape lets its valid file pass, refuses its invalid file, and is the only one that does."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from pyshacl import validate
from rdflib import RDF, RDFS, SH, SKOS, XSD, Graph, URIRef
from rdflib.term import BNode, Literal, Node

from legation.namespaces import LEG, LEGSH
from legation.publish.canonical import canonical_text

PROJECT: Final = Path(__file__).parent.parent
FIXTURES: Final = Path(__file__).parent / "shapes"
VALID: Final = sorted((FIXTURES / "valid").glob("*.ttl"))
INVALID: Final = sorted((FIXTURES / "invalid").glob("*.ttl"))

TARGETS: Final = (SH.targetClass, SH.targetNode, SH.targetSubjectsOf, SH.targetObjectsOf)
NOT_CONSTRAINTS: Final = {
    *TARGETS, RDF.type, RDFS.label, RDFS.comment, SH.name, SH.description, SH.message, SH.path, SH.property,
}  # fmt: skip
"""What a shape says that cannot make it report anything by itself."""


DATATYPES: Final = {4: XSD.gYear, 7: XSD.gYearMonth, 10: XSD.date}
"""The datatype of a date by the length of its text."""


def read(*files: Path) -> Graph:
    """Return one graph of all triples of ``files``."""
    graph = Graph(bind_namespaces="none")
    for file in files:
        graph.parse(file, format="turtle")
    return graph


@functools.cache
def shapes() -> Graph:
    """Every shape. Validating adds two triples on OWL's own classes to it, and no shape."""
    return read(*sorted((PROJECT / "shapes").glob("*.ttl")))


@functools.cache
def constraints() -> Graph:
    """Every shape without what it says to people, which pyshacl would look through for every node again."""
    graph = Graph(bind_namespaces="none") + shapes()
    for text in (RDFS.label, RDFS.comment, SH.name, SH.description, SH.message):
        graph.remove((None, text, None))
    return graph


@functools.cache
def ontology() -> Graph:
    """The ontology, whole."""
    return read(*sorted((PROJECT / "ontology").glob("*.ttl")))


@functools.cache
def background() -> Graph:
    """What every fixture may rely on: the classes and properties of the ontology, and the common things.

    The ontology's concepts (roles, ranks …) are left without names here and are no concepts, so that they
    are not validated again with every fixture.
    """
    graph = ontology() + read(FIXTURES / "common.ttl")
    for concept in [*ontology().subjects(SKOS.prefLabel)]:
        graph.remove((concept, SKOS.prefLabel, None))
        graph.remove((concept, RDF.type, SKOS.Concept))
        graph.remove((concept, RDF.type, SKOS.ConceptScheme))
    graph.remove((None, RDFS.subClassOf, SKOS.Concept))
    return graph


def shape_iris() -> list[URIRef]:
    """The IRIs of all node and property shapes."""
    found = {*shapes().subjects(RDF.type, SH.NodeShape), *shapes().subjects(RDF.type, SH.PropertyShape)}
    return sorted(shape for shape in found if isinstance(shape, URIRef))


def is_reporting(shape: Node) -> bool:
    """Whether the shape has a target, its own or a gathering shape's, and a constraint that can fail."""
    return is_reached(shape) and bool({*shapes().predicates(shape)} - NOT_CONSTRAINTS)


def is_reached(shape: Node) -> bool:
    """Whether the shape is targeted, or a property shape of one that is."""
    if any((shape, target, None) in shapes() for target in TARGETS):
        return True
    return any(is_reached(parent) for parent in shapes().subjects(SH.property, shape))


def short(shape: Node) -> str:
    """The shape's name: its IRI without the namespace."""
    return str(shape).removeprefix(LEGSH)


@functools.cache
def violated(turtle: str) -> tuple[frozenset[str], str]:
    """Return the names of the shapes that a fixture violates, and the report as text.

    The fixture's triples are added to the background and taken away again: reading the ontology for
    every one of some three hundred files would take minutes. Several shapes share a valid file's text.
    """
    data = background()
    read_fixture = Graph(bind_namespaces="none").parse(data=turtle, format="turtle")
    own = [triple for triple in read_fixture if triple not in data]
    for triple in own:
        data.add(triple)
    try:
        _, report, text = validate(data, shacl_graph=constraints(), inference="none")
    finally:
        for triple in own:
            data.remove(triple)
    assert isinstance(report, Graph), text
    return frozenset(short(shape) for shape in report.objects(None, SH.sourceShape)), text


@pytest.mark.parametrize("fixture", VALID, ids=lambda file: file.stem)
def test_a_valid_file_violates_no_shape(fixture: Path) -> None:
    violations, text = violated(fixture.read_text(encoding="utf-8"))
    assert not violations, text


@pytest.mark.parametrize("fixture", INVALID, ids=lambda file: file.stem)
def test_an_invalid_file_violates_the_shape_it_is_named_for_and_no_other(fixture: Path) -> None:
    violations, text = violated(fixture.read_text(encoding="utf-8"))
    assert violations == {fixture.stem}, text


@pytest.mark.parametrize(
    ("start", "end", "in_order"),
    [
        ("2022", "2022", True),
        ("2022-05", "2022", True),
        ("2022", "2022-05", True),
        ("2022-05-11", "2022-05", True),
        ("2022-05", "2022-05-11", True),
        ("2022-05-11", "2022-05-11", True),
        ("2023", "2022", False),
        ("2022-06", "2022-05-31", False),
        ("2022-05-12", "2022-05-11", False),
        ("2022-06-01", "2022-05", False),
        ("2023-01-01", "2022", False),
        ("2023", "2022-12-31", False),
    ],
)
def test_dates_are_compared_at_the_precision_that_both_have(start: str, end: str, *, in_order: bool) -> None:
    claim = read(FIXTURES / "valid" / "Claim-dates.ttl")
    for name, value in (("start", start), ("end", end)):
        subject = next(claim.subjects(URIRef(f"{LEG}{name}")))
        claim.set((subject, URIRef(f"{LEG}{name}"), Literal(value, datatype=DATATYPES[len(value)])))
    violations, text = violated(claim.serialize(format="turtle"))
    assert violations == (frozenset() if in_order else {"Claim-dates"}), text


@pytest.mark.parametrize("folder", [VALID, INVALID], ids=["valid", "invalid"])
def test_every_shape_that_can_report_has_a_fixture_and_no_fixture_is_stray(folder: list[Path]) -> None:
    reporting = {short(shape) for shape in shape_iris() if is_reporting(shape)}
    assert {file.stem for file in folder} == reporting


@pytest.mark.parametrize("fixture", [FIXTURES / "common.ttl", *VALID, *INVALID], ids=lambda file: file.stem)
def test_a_fixture_has_the_canonical_spelling(fixture: Path) -> None:
    text = fixture.read_text(encoding="utf-8")
    assert text == canonical_text(text)


def test_the_shapes_are_valid_shacl() -> None:
    conforms, _, text = validate(Graph(), shacl_graph=shapes(), inference="none", meta_shacl=True)
    assert conforms, text


def test_every_shape_is_in_the_file_of_its_class() -> None:
    for file in sorted((PROJECT / "shapes").glob("*.ttl")):
        described = {short(subject) for subject in read(file).subjects() if isinstance(subject, URIRef)}
        assert {name.split("-")[0] for name in described} == {file.stem}


def test_every_shape_has_an_iri_and_only_lists_and_paths_are_blank_nodes() -> None:
    allowed = {RDF.first, RDF.rest, SH.inversePath, SH.zeroOrOnePath}
    blank = {node for node in shapes().subjects() if isinstance(node, BNode)}
    assert {predicate for node in blank for predicate in shapes().predicates(node)} <= allowed


def languages(shape: Node, predicate: URIRef) -> list[str]:
    """The languages that the shape's texts of one property are in, sorted."""
    texts = shapes().objects(shape, predicate)
    return sorted(text.language or "" for text in texts if isinstance(text, Literal))


@pytest.mark.parametrize("shape", shape_iris(), ids=short)
def test_a_shape_is_named_described_and_its_message_written_in_each_language_once(shape: URIRef) -> None:
    is_property = (shape, RDF.type, SH.PropertyShape) in shapes()
    name, description = (SH.name, SH.description) if is_property else (RDFS.label, RDFS.comment)
    assert languages(shape, name) == ["ar", "en", "fr"]
    assert languages(shape, description) == ["ar", "en", "fr"]
    assert languages(shape, SH.message) == (["ar", "en", "fr"] if is_reporting(shape) else [])


def claim_properties_by(side: str) -> Iterator[URIRef]:
    """Yield each claim property once for every shape that says what its ``side``, value or subject, is."""
    for shape in shape_iris():
        if short(shape).startswith(f"Attribute-{side}-") and short(shape).endswith("-claims"):
            yield from (term for term in shapes().objects(shape, SH.targetNode) if isinstance(term, URIRef))


@pytest.mark.parametrize("side", ["subject", "value"])
def test_for_every_claim_property_exactly_one_shape_says_what_it_takes(side: str) -> None:
    of_ontology = ontology().subjects(RDF.type, URIRef(f"{LEG}ClaimProperty"))
    assert sorted(map(str, claim_properties_by(side))) == sorted(map(str, of_ontology))


def test_no_closed_shape_refuses_a_property_that_the_ontology_gives_its_class() -> None:
    domains = list(ontology().subject_objects(RDFS.domain))
    for shape, target in closed_shapes():
        classes = {target, *reused_classes_above(target)}
        given = {term for term, domain in domains if domain in classes and str(term).startswith(LEG)}
        assert given <= allowed_by(shape), f"{short(shape)}: {sorted(map(str, given - allowed_by(shape)))}"


def closed_shapes() -> Iterator[tuple[Node, Node]]:
    """Yield each closed shape with the class that it closes."""
    for shape in shapes().subjects(SH.closed, None):
        yield from ((shape, target) for target in shapes().objects(shape, SH.targetClass))


def allowed_by(closed: Node) -> set[Node]:
    """The properties that a closed shape allows."""
    lists = shapes().objects(closed, SH.ignoredProperties)
    return {term for allowed in lists for term in shapes().items(allowed)}


def reused_classes_above(target: Node) -> set[Node]:
    """The classes of other vocabularies above the class: derived properties have them as domain."""
    above = ontology().transitive_objects(target, RDFS.subClassOf)
    return {term for term in above if term is not None and not str(term).startswith(LEG)}
