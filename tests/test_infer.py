"""The inferred graph: what follows under OWL 2 RL, and how a contradiction is reported."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import pytest
from pyoxigraph import NamedNode, RdfFormat, Store, Triple, parse

from legation.namespaces import BASE, LEG, PREFIXES
from legation.publish.authored import Authored
from legation.publish.closure import close, is_covered
from legation.publish.graphs import DERIVED, INFERRED, triples_in
from legation.publish.infer import (
    WITHOUT_LOGIC,
    Contradiction,
    infer,
    is_informative,
    reason,
    telling,
)
from legation.publish.pipeline import locate
from legation.publish.serialize import n_triples, triples_of
from tests.projects import a_source, first_claim, with_file, with_text

PROLOGUE: Final = "\n".join(f"PREFIX {prefix}: <{iri}>" for prefix, iri in PREFIXES.items())


def triples(turtle: str) -> set[Triple]:
    return {quad.triple for quad in parse(PROLOGUE + turtle, RdfFormat.TURTLE)}


def lines(turtle: str) -> list[bytes]:
    return n_triples(triples(turtle))


@pytest.fixture(scope="module")
def ontology(authored: Authored) -> list[Triple]:
    return authored.triples("ontology")


def closure(ontology: Iterable[Triple], data: str) -> set[Triple]:
    inferred, contradictions = infer(ontology, lines(data))
    assert contradictions == []
    return inferred


def test_what_the_ontology_says_follows_and_nothing_uninformative(ontology: list[Triple]) -> None:
    inferred = closure(
        ontology,
        """
        body:a a leg:UNCentre ; leg:partOf body:b . body:b a leg:UNOffice ; leg:partOf body:c .
        body:c a leg:IntergovernmentalOrganization ; leg:seat place:x ; owl:sameAs wd:Q1065 .
        place:x a leg:Place ; leg:inState state:y . state:y a leg:State ; leg:isoAlpha3 "XYZ" .
        state:z a leg:State ; leg:isoAlpha3 "ZZZ" .
        claim:s-1 a leg:Tenure ; leg:post post:p . post:p a leg:Post ; leg:postIn body:a .
        """,
    )
    assert (
        triples(
            """
        body:a leg:partOf body:c ; a leg:Body, org:Organization .
        body:c leg:hasPart body:a, body:b ; leg:seatState state:y .
        claim:s-1 a leg:Claim ; org:organization body:a .
        """
        )
        <= inferred
    )
    for triple in inferred:
        assert isinstance(triple.subject, NamedNode)
        assert triple.subject.value.startswith(BASE)
        assert not str(triple.object).startswith((f"<{PREFIXES['owl']}", "_:"))
        assert "wikidata" not in str(triple)


def test_states_are_told_apart_by_their_code(ontology: list[Triple]) -> None:
    """owlrl forgets the last property of a key, and so would take any two states for one."""
    _, found = infer(
        ontology,
        lines('state:a a leg:State ; leg:isoAlpha3 "AAA" . state:b a leg:State ; leg:isoAlpha3 "AAA" .'),
    )
    assert found
    assert {things for contradiction in found for things in contradiction.things} == {
        f"{PREFIXES['state']}a",
        f"{PREFIXES['state']}b",
    }


def test_a_thing_in_two_disjoint_classes_is_a_contradiction_with_its_cause(ontology: list[Triple]) -> None:
    data = lines("person:a a leg:Person . claim:s-1 a leg:Tenure ; leg:post person:a .")
    _, found = infer(ontology, data)
    assert any(
        f"{PREFIXES['person']}a" in contradiction.things
        and [cause.predicate.value for cause in contradiction.causes] == [f"{LEG}post"]
        for contradiction in found
    )


def test_a_contradiction_is_reported_at_the_line_of_the_statement_that_causes_it(authored: Authored) -> None:
    source = a_source(authored)
    claim = first_claim(source)
    text = f"{source.text}\n<{claim}> leg:appointment <{PREFIXES['person']}omar-hilale> .\n"
    project = with_file(authored, with_text(source, text))
    cause = triples(f"<{claim}> leg:appointment person:omar-hilale .")
    person = f"{PREFIXES['person']}omar-hilale"
    message = f"Disjoint classes {LEG}Event and {LEG}Person have a common individual {person}"
    contradiction = Contradiction(message, (person,), tuple(cause))
    (fault,) = locate([contradiction], project)
    assert (fault.path, fault.line) == (source.path, text.count("\n"))
    assert fault.message.startswith("inconsistent: Disjoint classes leg:Event and leg:Person")
    assert "leg:appointment person:omar-hilale" in fault.message


def test_inference_gives_the_same_in_whatever_order(ontology: list[Triple]) -> None:
    data = lines(
        "body:a a leg:UNCentre ; leg:partOf body:b . body:b leg:partOf body:c . body:c a leg:UNOffice ."
    )
    once, _ = infer(ontology, sorted(data))
    again, _ = infer(list(reversed(ontology)), sorted(data, reverse=True))
    assert once == again


def test_the_release_holds_no_inferred_triple_that_another_graph_states(release_graph: Store) -> None:
    for quad in release_graph.quads_for_pattern(None, None, None, INFERRED):
        assert (
            len(list(release_graph.quads_for_pattern(quad.subject, quad.predicate, quad.object, None))) == 1
        )


def test_every_post_holder_is_inferred_to_be_in_the_organization(release: Path, release_graph: Store) -> None:
    query = """ASK {
        ?claim leg:post/leg:postIn ?body .
        FILTER NOT EXISTS { ?claim org:organization ?body }
    }"""
    assert not release_graph.query(query, prefixes=dict(PREFIXES), use_default_graph_as_union=True)


def test_the_rules_conclude_from_the_bundled_data_what_owlrl_concludes(
    authored: Authored, release_graph: Store
) -> None:
    axioms = [t for t in authored.triples("ontology") if t.predicate.value not in WITHOUT_LOGIC]
    data = [*authored.triples("data"), *triples_in(release_graph, DERIVED)]
    known = set(telling(axioms, n_triples(data)))
    closed, consistent = close(known)
    by_rules = {t for t in triples_of(line for line in closed if line not in known) if is_informative(t)}
    by_owlrl, contradictions = reason(set(triples_of(known)))
    assert (consistent, contradictions) == (True, [])
    assert by_rules == by_owlrl
    assert len(by_rules) > len(data) // 4


CLASHING: Final = (
    "person:a a leg:Person . claim:s-1 a leg:Tenure ; leg:post person:a .",
    'state:a a leg:State ; leg:isoAlpha3 "AAA" . state:b a leg:State ; leg:isoAlpha3 "AAA" .',
    "claim:s-1 a leg:Tenure ; leg:disagreesWith claim:s-1 .",
    "claim:s-1 a leg:Tenure ; leg:replaces claim:s-2 . claim:s-2 a leg:Tenure ; leg:replaces claim:s-1 .",
    "claim:s-1 a leg:Tenure ; leg:rank leg:NormalRank , leg:PreferredRank .",
)


@pytest.mark.parametrize("data", CLASHING)
def test_the_rules_see_a_clash_where_owlrl_does(ontology: list[Triple], data: str) -> None:
    axioms = [t for t in ontology if t.predicate.value not in WITHOUT_LOGIC]
    known = {*axioms, *triples(data)}
    _, consistent = close(n_triples(known))
    _, contradictions = reason(known)
    assert not consistent
    assert contradictions


@pytest.mark.parametrize(
    "axiom",
    [
        "leg:Body owl:equivalentClass org:Organization .",
        "leg:represents owl:propertyChainAxiom ( leg:holds leg:postIn leg:partOf ) .",
        "leg:State owl:hasKey ( leg:isoAlpha2 leg:isoAlpha3 ) .",
    ],
)
def test_an_ontology_that_says_more_than_the_rules_know_is_left_to_owlrl(
    ontology: list[Triple], axiom: str
) -> None:
    axioms = [t for t in ontology if t.predicate.value not in WITHOUT_LOGIC]
    assert is_covered(axioms)
    assert not is_covered([*axioms, *triples(axiom)])
