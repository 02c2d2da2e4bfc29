"""Hygiene: each rule fires on a tiny dataset that breaks it, and is silent on one that keeps it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from pyoxigraph import NamedNode, Quad, RdfFormat, Store, parse

from legation.namespaces import GRAPH, PREFIXES
from legation.publish.authored import Authored
from legation.publish.derive import derive
from legation.publish.fault import PublishError
from legation.publish.graphs import ENTITIES, add
from legation.publish.hygiene import Rule, check_hygiene, hygiene_rules, violations
from legation.publish.pipeline import publish
from tests.projects import file_named, respell, slim_project, with_file, with_text

PROLOGUE: Final = "\n".join(f"PREFIX {prefix}: <{iri}>" for prefix, iri in PREFIXES.items())
RULES: Final = {rule.name: rule for rule in hygiene_rules()}

WORLD: Final = """
state:a a leg:State ; skos:prefLabel "A"@en . state:b a leg:State ; skos:prefLabel "B"@en .
body:forum a leg:Forum ; skos:prefLabel "Forum"@en .
person:p a leg:Person ; skos:prefLabel "P"@en . person:q a leg:Person ; skos:prefLabel "Q"@en .
event:meeting a leg:Meeting ; skos:prefLabel "Meeting"@en .
post:chair a leg:Post ; skos:prefLabel "Chair"@en ; leg:role leg:Chair ; leg:postIn body:forum .
post:co-chair a leg:Post ; skos:prefLabel "Co-chair"@en ; leg:role leg:CoChair ; leg:postIn body:forum .
source:official leg:sourceKind concept:official-source ; leg:publisherName "Forum" .
source:reference leg:sourceKind concept:encyclopedia ; leg:publisherName "Reference" .
source:press leg:sourceKind concept:press ; leg:publisherName "Daily" .
source:mirror leg:sourceKind concept:mirror ; leg:publisherName "Daily via Copies" .
claim:official-1 a leg:Participation ; leg:participant person:p , person:q ; leg:event event:meeting ;
  leg:inPost post:chair , post:co-chair ; leg:rank leg:NormalRank ; leg:evidence source:official .
claim:press-1 a leg:Participation ; leg:evidence source:press . claim:mirror-1 leg:evidence source:mirror .
claim:reference-1 leg:evidence source:reference .
"""
"""What breaks no rule."""

NOTE: Final = 'skos:editorialNote "why"@en'
NORMAL: Final = "leg:rank leg:NormalRank"
P_CHAIRS: Final = f"claim:x-1 a leg:Tenure ; leg:holder person:p ; leg:post post:chair ; {NORMAL}"
Q_CHAIRS: Final = f"claim:x-2 a leg:Tenure ; leg:holder person:q ; leg:post post:chair ; {NORMAL}"
LONG: Final = 'leg:start "2015"^^xsd:gYear ; leg:end "2019"^^xsd:gYear'
MEMBER: Final = (
    "a leg:Membership ; leg:member state:a ; leg:memberOfBody body:forum ; "
    f"leg:membershipStatus concept:member ; {NORMAL}"
)
B_MEMBER: Final = MEMBER.replace("state:a", "state:b")
FOUNDED: Final = (
    "claim:x-9 a leg:Attribute ; leg:subject body:forum ; leg:property leg:establishedOn ; "
    f'leg:value "2011-09"^^xsd:gYearMonth ; {NORMAL} .'
)
SINCE: Final = 'leg:start "2012"^^xsd:gYear'
LEFT: Final = 'leg:end "2018"^^xsd:gYear'
SEEN: Final = 'leg:asOf "2020"^^xsd:gYear'
COUNT: Final = (
    "a leg:Attribute ; leg:subject body:forum ; leg:property leg:memberCount ; "
    'leg:asOf "2020-06-01"^^xsd:date ; leg:value'
)
HELD: Final = (
    "claim:x-8 a leg:Attribute ; leg:subject event:meeting ; leg:property leg:startDate ; "
    f'leg:value "2020-06-01"^^xsd:date ; {NORMAL} .'
)
ONE: Final = f"claim:x-1 {COUNT} 1 ; leg:basis leg:Stated ; leg:disagreesWith claim:x-2 ; {NOTE}"
TWO: Final = f"claim:x-2 {COUNT} 2 ; leg:basis leg:Stated ; leg:disagreesWith claim:x-1 ; {NOTE}"
OFFICIAL: Final = "leg:evidence source:official"
REFERENCE: Final = "leg:evidence source:reference"
PRESS: Final = "leg:evidence source:press"
MIRROR: Final = "leg:evidence source:mirror"
BEST: Final = "leg:rank leg:PreferredRank"
AGAINST_2: Final = f"leg:basis leg:Stated ; leg:disagreesWith claim:x-2 ; {NOTE}"
AGAINST_1: Final = f"leg:basis leg:Stated ; leg:disagreesWith claim:x-1 ; {NOTE}"
P_SINCE_2012: Final = f"{P_CHAIRS} ; {SINCE} ; {AGAINST_2}"
P_UNTIL_2018: Final = f"{P_CHAIRS.replace('x-1', 'x-2')} ; {LEFT} ; {AGAINST_1}"
A_SINCE_2012: Final = f"claim:x-1 {MEMBER} ; {SINCE} ; {AGAINST_2}"
A_UNTIL_2018: Final = f"claim:x-2 {MEMBER} ; {LEFT} ; {AGAINST_1}"

CASES: Final = [
    (
        "no-overlapping-holders",
        f'{P_CHAIRS} ; {LONG} . {Q_CHAIRS} ; leg:asOf "2017"^^xsd:gYear .',
        [
            f'{P_CHAIRS} ; {LONG} . {Q_CHAIRS} ; leg:asOf "2017"^^xsd:gYear ; {NOTE} .',
            f'{P_CHAIRS} ; {LONG} . {Q_CHAIRS} ; leg:asOf "2019"^^xsd:gYear .',
            f'{P_CHAIRS} ; {LONG} . {Q_CHAIRS} ; leg:start "2019-01-01"^^xsd:date .',
            f"{P_CHAIRS} ; {LONG} . {Q_CHAIRS} ; {LONG} .".replace("post:chair", "post:co-chair"),
        ],
    ),
    (
        "no-membership-before-founding",
        f'{FOUNDED} claim:x-1 {MEMBER} ; leg:asOf "2011-08"^^xsd:gYearMonth .',
        [
            f'{FOUNDED} claim:x-1 {MEMBER} ; leg:asOf "2011-08"^^xsd:gYearMonth ; {NOTE} .',
            f'{FOUNDED} claim:x-1 {MEMBER} ; leg:start "2011"^^xsd:gYear .',
            f'{FOUNDED} claim:x-1 {MEMBER} ; leg:start "2011-09-01"^^xsd:date .',
        ],
    ),
    (
        "no-membership-after-departure",
        f"claim:x-1 {MEMBER} ; {LEFT} . claim:x-2 {MEMBER} ; {SEEN} .",
        [
            f"claim:x-1 {MEMBER} ; {LEFT} . claim:x-2 {MEMBER} ; {SEEN} ; {NOTE} .",
            f'claim:x-1 {MEMBER} ; {LEFT} . claim:x-2 {MEMBER} ; leg:asOf "2018"^^xsd:gYear .',
            f"claim:x-1 {MEMBER} ; {LEFT} . claim:x-2 {MEMBER} ; {SEEN} . "
            f'claim:x-3 {MEMBER} ; leg:start "2019"^^xsd:gYear .',
        ],
    ),
    (
        "no-event-outside-tenure",
        f"{HELD} {P_CHAIRS} ; {LONG} .",
        [
            f"{HELD} {P_CHAIRS} ; {LONG} . claim:official-1 {NOTE} .",
            f'{HELD} {P_CHAIRS} ; {LONG} . {P_CHAIRS.replace("x-1", "x-3")} ; leg:asOf "2021"^^xsd:gYear .',
            f'{HELD} {P_CHAIRS} ; leg:end "2020"^^xsd:gYear .',
        ],
    ),
    (
        "no-event-outside-tenure",
        f'{HELD} {P_CHAIRS} ; leg:start "2021"^^xsd:gYear .',
        [
            f'{HELD} {P_CHAIRS} ; leg:start "2020"^^xsd:gYear .',
            f'{HELD} {P_CHAIRS} ; leg:asOf "2021"^^xsd:gYear .',
        ],
    ),
    (
        "no-orphan-entity",
        'place:nowhere a leg:Place ; skos:prefLabel "Nowhere"@en .',
        [
            'place:nowhere a leg:Place ; skos:prefLabel "Nowhere"@en . '
            f"claim:x-1 leg:subject event:meeting ; leg:value place:nowhere ; {NORMAL} .",
            'state:c a leg:State ; skos:prefLabel "C"@en .',
        ],
    ),
    (
        "no-duplicate-label",
        'person:r a leg:Person ; skos:prefLabel "P"@en .',
        ['person:r a leg:Person ; skos:prefLabel "R"@en .', 'body:r a leg:Forum ; skos:prefLabel "P"@en .'],
    ),
    (
        "no-count-against-members",
        f"claim:x-1 {MEMBER} ; {SINCE} . claim:x-2 {B_MEMBER} ; {SINCE} . claim:x-3 {COUNT} 1 ; {NORMAL} .",
        [
            f"claim:x-1 {MEMBER} ; {SINCE} . claim:x-2 {B_MEMBER} ; {SINCE} . "
            f"claim:x-3 {COUNT} {said} ; {NORMAL} ."
            for said in ("2", "3", f"1 ; {NOTE}", "1 ; leg:bound leg:MoreThan")
        ]
        + [
            f"claim:x-1 {MEMBER} ; {SINCE} . claim:x-2 {B_MEMBER} ; {LEFT} . "
            f"claim:x-3 {COUNT} 1 ; {NORMAL} .",
        ],
    ),
    (
        "no-source-without-claim",
        "source:unread leg:sourceKind concept:press .",
        ["source:unread leg:sourceKind concept:press . claim:unread-1 leg:evidence source:unread ."],
    ),
    (
        "preferred-is-strongest",
        f"{ONE} ; {BEST} ; {PRESS} . {TWO} ; {NORMAL} ; {OFFICIAL} .",
        [
            f"{ONE} ; {NORMAL} ; {PRESS} . {TWO} ; {BEST} ; {OFFICIAL} .",
            f"{ONE} ; {BEST} ; {MIRROR} . {TWO} ; {NORMAL} ; {OFFICIAL} .",
            f"{ONE} ; {BEST} ; {PRESS} . {TWO} ; leg:rank leg:DeprecatedRank ; {OFFICIAL} .",
        ],
    ),
    (
        "preferred-is-strongest",
        f"{ONE} ; {BEST} ; {MIRROR} . {TWO} ; {NORMAL} ; {PRESS} .",
        [f"{ONE} ; {NORMAL} ; {MIRROR} . {TWO} ; {BEST} ; {PRESS} ."],
    ),
    (
        "strongest-is-preferred",
        f"{ONE} ; {NORMAL} ; {PRESS} . {TWO} ; {NORMAL} ; {OFFICIAL} .",
        [
            f"{ONE} ; {NORMAL} ; {PRESS} . {TWO} ; {BEST} ; {OFFICIAL} .",
            f"{ONE} ; {NORMAL} ; {MIRROR} . {TWO} ; {NORMAL} ; {OFFICIAL} .",
            f"{ONE} ; {NORMAL} ; {PRESS} . {TWO} ; {NORMAL} ; {OFFICIAL} .".replace("2020-06", "2019-06", 1),
        ],
    ),
    (
        "strongest-is-preferred",
        f"{P_SINCE_2012} ; {REFERENCE} . {P_UNTIL_2018} ; {PRESS} .",
        [
            f"{P_SINCE_2012.replace(NORMAL, BEST)} ; {REFERENCE} . {P_UNTIL_2018} ; {PRESS} .",
            f"{P_SINCE_2012} ; {REFERENCE} . {P_UNTIL_2018} ; {MIRROR} .",
            f"{P_SINCE_2012} ; {REFERENCE} . {P_UNTIL_2018} ; {PRESS} .".replace("Stated", "Inferred", 1),
            f"{P_SINCE_2012} ; {REFERENCE} . {P_UNTIL_2018} ; {PRESS} . "
            f"{P_CHAIRS.replace('x-1', 'x-3').replace(NORMAL, BEST)} ; {OFFICIAL} .",
        ],
    ),
    (
        "strongest-is-preferred",
        f"{A_SINCE_2012} ; {OFFICIAL} . {A_UNTIL_2018} ; {REFERENCE} .",
        [
            f"{A_SINCE_2012.replace(NORMAL, BEST)} ; {OFFICIAL} . {A_UNTIL_2018} ; {REFERENCE} .",
            f"{A_SINCE_2012} ; {OFFICIAL} . {A_UNTIL_2018} ; {OFFICIAL} .",
        ],
    ),
    (
        "disagreement-has-note",
        "claim:x-1 leg:disagreesWith claim:x-2 .",
        [f"claim:x-1 leg:disagreesWith claim:x-2 ; {NOTE} ."],
    ),
    (
        "disagreement-is-mutual",
        "claim:x-1 leg:disagreesWith claim:x-2 .",
        ["claim:x-1 leg:disagreesWith claim:x-2 . claim:x-2 leg:disagreesWith claim:x-1 ."],
    ),
    (
        "no-undeclared-disagreement",
        f"{FOUNDED} {FOUNDED.replace('x-9', 'x-8').replace('2011-09', '2012-09')}",
        [
            f"{FOUNDED} {FOUNDED.replace('x-9', 'x-8').replace('2011-09', '2012-09')} "
            "claim:x-8 leg:disagreesWith claim:x-9 .",
            f"{FOUNDED} {FOUNDED.replace('x-9', 'x-8').replace('2011-09', '2011-09-22')}",
            f"{FOUNDED} {FOUNDED.replace('x-9', 'x-8').replace('2011-09', '2012-09').replace(NORMAL, BEST)}",
        ],
    ),
]
"""A rule, what breaks it, and what does not."""


@pytest.fixture(scope="module")
def ontology(authored: Authored) -> list[Quad]:
    store = Store()
    authored.load(store, "ontology")
    return list(store)


@pytest.fixture
def dataset(ontology: list[Quad]) -> Callable[[str], Store]:
    """Build a dataset from the little world and the claims given."""

    def built(claims: str) -> Store:
        store = Store()
        store.extend(ontology)
        add(store, ENTITIES, [quad.triple for quad in parse(PROLOGUE + WORLD + claims, RdfFormat.TURTLE)])
        derive(store)
        return store

    return built


def broken(store: Store) -> set[str]:
    return {rule.name for rule in RULES.values() if list(violations(rule, store))}


def test_the_little_world_breaks_no_rule(dataset: Callable[[str], Store]) -> None:
    assert broken(dataset("")) == set()


@pytest.mark.parametrize(("name", "claims"), [(name, claims) for name, claims, _ in CASES])
def test_a_rule_fires_on_what_breaks_it(dataset: Callable[[str], Store], name: str, claims: str) -> None:
    assert name in broken(dataset(claims))


@pytest.mark.parametrize(("name", "claims"), [(name, text) for name, _, right in CASES for text in right])
def test_a_rule_is_silent_where_it_is_kept(dataset: Callable[[str], Store], name: str, claims: str) -> None:
    assert name not in broken(dataset(claims))


def test_every_rule_has_a_case_here() -> None:
    assert {name for name, _, _ in CASES} == set(RULES)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule_tells_the_author_what_to_do_in_english_and_arabic(rule: Rule) -> None:
    assert set(rule.wording) == {"en", "ar"}


def test_a_violation_is_told_at_the_line_of_what_is_to_be_corrected(authored: Authored) -> None:
    bodies = file_named(authored, "data/entities/body.ttl")
    text = f'{bodies.text}\nbody:nobody\n    a leg:Forum ;\n    skos:prefLabel "Nobody"@en ;\n.\n'
    changed = with_text(bodies, text)
    store = Store()
    changed.load(store)
    faults = check_hygiene(with_file(authored, changed), store)
    told = [fault for fault in faults if "body:nobody" in fault.message]
    assert [(fault.path.name, fault.line) for fault in told] == [("body.ttl", bodies.text.count("\n") + 2)]
    assert told[0].message.endswith("(no-orphan-entity)")


def test_publishing_stops_where_a_rule_is_broken(tmp_path: Path) -> None:
    project = slim_project(tmp_path / "project")
    path = project.root / "data/entities/place.ttl"
    names = 'skos:prefLabel "لا مكان"@ar , "Nowhere"@en , "Nulle part"@fr'
    with path.open("a", encoding="utf-8") as file:
        file.write(f"\nplace:zz-nowhere a leg:Place ; {names} ; leg:inState state:zimbabwe .\n")
    respell(path)
    before, _, _ = path.read_text(encoding="utf-8").partition("place:zz-nowhere")
    with pytest.raises(PublishError) as stopped:
        publish(project, tmp_path / "releases")
    assert [fault.line for fault in stopped.value.faults] == [before.count("\n") + 1]
    assert "(no-orphan-entity)" in str(stopped.value)
    assert not (tmp_path / "releases").exists()


def test_the_released_dataset_breaks_no_rule(release_graph: Store) -> None:
    assert NamedNode(f"{GRAPH}derived") in set(release_graph.named_graphs())
    assert broken(release_graph) == set()
