"""The derived graph: direct triples from best-ranked claims, and the calendar behind them."""

from __future__ import annotations

import calendar
from collections.abc import Callable
from datetime import date
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import Quad, QueryBoolean, RdfFormat, Store, parse

from legation.namespaces import PREFIXES
from legation.publish.authored import Authored
from legation.publish.dates import Bounds, Span, bounds, later, span
from legation.publish.derive import derive, rules
from legation.publish.graphs import DERIVED, ENTITIES, add

PROLOGUE: Final = "\n".join(f"PREFIX {prefix}: <{iri}>" for prefix, iri in PREFIXES.items())

WORLD: Final = """
state:a a leg:State . state:b a leg:State . place:town a leg:Place ; leg:inState state:a .
body:un a leg:IntergovernmentalOrganization . body:office a leg:UNOffice .
person:p a leg:Person . person:q a leg:Person .
instrument:strategy a leg:Strategy . event:meeting a leg:Meeting .
post:chair a leg:Post ; leg:role leg:Chair ; leg:postIn body:office .
post:head a leg:Post ; leg:role leg:UnderSecretaryGeneral, leg:DirectorGeneral ; leg:postIn body:office .
post:envoy a leg:Post ; leg:role leg:PermanentRepresentative ; leg:postIn body:un .
post:helper a leg:Post ; leg:role leg:CoFacilitator ; leg:postIn body:un ; leg:concerns instrument:strategy .
"""
TENURE: Final = "a leg:Tenure ; leg:holder person:p ; leg:post"
MEMBER: Final = "a leg:Membership ; leg:member state:a ; leg:memberOfBody body:un ; leg:rank leg:NormalRank"
NORMAL: Final = "leg:rank leg:NormalRank"

Says = Callable[[str], bool]
"""Tells whether the derived graph matches a graph pattern."""


@pytest.fixture(scope="module")
def ontology(authored: Authored) -> list[Quad]:
    store = Store()
    authored.load(store, "ontology")
    return list(store)


@pytest.fixture
def derived_from(ontology: list[Quad]) -> Callable[[str], Says]:
    """Derive from a few things and the claims given, on the day of issue in the ontology's header."""

    def derived(claims: str) -> Says:
        store = Store()
        store.extend(ontology)
        text = PROLOGUE + WORLD + claims
        add(store, ENTITIES, [quad.triple for quad in parse(text, RdfFormat.TURTLE)])
        derive(store)

        def says(pattern: str) -> bool:
            query = f"ASK {{ GRAPH <{DERIVED.value}> {{ {pattern} }} }}"
            answer = store.query(query, prefixes=dict(PREFIXES))
            assert isinstance(answer, QueryBoolean)
            return bool(answer)

        return says

    return derived


DerivedFrom = Callable[[str], Says]


def test_a_tenure_that_began_and_is_not_known_to_have_ended_is_held_now_and_was_ever(
    derived_from: DerivedFrom,
) -> None:
    says = derived_from(f'claim:x-1 {TENURE} post:chair ; {NORMAL} ; leg:start "2020"^^xsd:gYear .')
    assert says("person:p leg:holds post:chair ; leg:everHeld post:chair ; leg:chairs body:office")
    assert says("person:p leg:everChaired body:office")


@pytest.mark.parametrize(
    "dates",
    [
        'leg:start "2020-01"^^xsd:gYearMonth ; leg:end "2025"^^xsd:gYear',
        'leg:asOf "2026-11-21"^^xsd:date',
        'leg:end "2025-12-31"^^xsd:date',
        'leg:start "2020-01"^^xsd:gYearMonth ; leg:duration "P2Y"^^xsd:duration',
        'leg:start "2020"^^xsd:gYear ; leg:replacedBy claim:x-2',
        "leg:capacity leg:Substantive",
    ],
)
def test_a_tenure_that_ended_or_is_only_seen_once_was_held_but_is_not_now(
    derived_from: DerivedFrom, dates: str
) -> None:
    says = derived_from(f"claim:x-1 {TENURE} post:chair ; {NORMAL} ; {dates} .")
    assert says("person:p leg:everHeld post:chair ; leg:everChaired body:office")
    assert not says("person:p leg:holds ?post")
    assert not says("person:p leg:chairs ?body")


def test_an_end_that_has_not_passed_by_the_day_of_the_release_ends_nothing(derived_from: DerivedFrom) -> None:
    """The header says 2026-11-21; November 2026 may last until the 30th."""
    says = derived_from(
        f'claim:x-1 {TENURE} post:chair ; {NORMAL} ; leg:start "2020"^^xsd:gYear ; '
        'leg:end "2026-11"^^xsd:gYearMonth .'
    )
    assert says("person:p leg:holds post:chair")


def test_what_has_not_begun_is_neither_held_nor_was_it(derived_from: DerivedFrom) -> None:
    says = derived_from(f'claim:x-1 {TENURE} post:chair ; {NORMAL} ; leg:start "2027"^^xsd:gYear .')
    assert not says("person:p ?property ?object")


def test_one_claim_without_an_end_does_not_outlive_the_end_that_another_claim_states(
    derived_from: DerivedFrom,
) -> None:
    says = derived_from(
        f'claim:x-1 {TENURE} post:chair ; {NORMAL} ; leg:start "2024"^^xsd:gYear .'
        f'claim:y-1 {TENURE} post:chair ; {NORMAL} ; leg:end "2026-06"^^xsd:gYearMonth .'
    )
    assert not says("person:p leg:holds ?post")


def test_a_post_held_a_second_time_is_held_again(derived_from: DerivedFrom) -> None:
    says = derived_from(
        f"claim:x-1 {TENURE} post:chair ; {NORMAL} ; "
        'leg:start "2010"^^xsd:gYear ; leg:end "2012"^^xsd:gYear .'
        f'claim:y-1 {TENURE} post:chair ; {NORMAL} ; leg:start "2024"^^xsd:gYear .'
    )
    assert says("person:p leg:holds post:chair")


def test_a_post_about_an_event_is_not_held_any_longer_than_the_event_lasts(derived_from: DerivedFrom) -> None:
    post = "post:envoy leg:concerns event:meeting . "
    date = "a leg:Attribute ; leg:subject event:meeting ; leg:rank leg:NormalRank ; leg:property"
    held = f'claim:x-1 {TENURE} post:envoy ; {NORMAL} ; leg:start "2024"^^xsd:gYear .'
    for value, over in (("2025-11", True), ("2026-11", False)):
        for term in ("leg:startDate", "leg:endDate"):
            says = derived_from(
                f'{post} {held} claim:x-2 {date} leg:startDate ; leg:value "2025"^^xsd:gYear .'
                f'claim:x-3 {date} {term} ; leg:value "{value}"^^xsd:gYearMonth .'
            )
            assert says("person:p leg:everHeld post:envoy")
            assert says("person:p leg:holds post:envoy") != over


def test_preferred_claims_decide_who_holds_a_post(derived_from: DerivedFrom) -> None:
    says = derived_from(
        f'claim:x-1 {TENURE} post:chair ; leg:rank leg:PreferredRank ; leg:start "2024"^^xsd:gYear .'
        f'claim:y-1 {TENURE} post:chair ; {NORMAL} ; leg:end "2025"^^xsd:gYear .'
    )
    assert says("person:p leg:holds post:chair")


def test_a_deprecated_claim_is_followed_by_nothing(derived_from: DerivedFrom) -> None:
    says = derived_from(
        f'claim:x-1 {TENURE} post:chair ; leg:rank leg:DeprecatedRank ; leg:start "2024"^^xsd:gYear .'
        "claim:x-2 a leg:Attribute ; leg:subject body:un ; leg:property leg:seat ; leg:value place:town ; "
        "leg:rank leg:DeprecatedRank ."
    )
    assert not says("person:p ?property ?object")
    assert not says("body:un ?property ?object")


def test_whoever_holds_a_post_that_concerns_something_is_related_to_that_and_not_to_the_body(
    derived_from: DerivedFrom,
) -> None:
    says = derived_from(f'claim:x-1 {TENURE} post:helper ; {NORMAL} ; leg:start "2024"^^xsd:gYear .')
    assert says("person:p leg:coFacilitates instrument:strategy ; leg:everCoFacilitated instrument:strategy")
    assert not says("person:p ?property body:un")


def test_a_representative_represents_whom_the_tenure_says(derived_from: DerivedFrom) -> None:
    says = derived_from(
        f'claim:x-1 {TENURE} post:envoy ; {NORMAL} ; leg:start "2024"^^xsd:gYear ; leg:representing state:b .'
    )
    assert says("person:p leg:represents state:b ; leg:everRepresented state:b")
    assert not says("person:p ?property body:un")


def test_a_post_with_two_roles_gives_what_each_role_gives(derived_from: DerivedFrom) -> None:
    """An under-secretary-general derives nothing beyond the post; a director-general heads the body."""
    says = derived_from(f'claim:x-1 {TENURE} post:head ; {NORMAL} ; leg:start "2024"^^xsd:gYear .')
    assert says("person:p org:headOf body:office ; leg:everHeadOf body:office")


def test_the_preferred_value_of_an_attribute_hides_the_normal_ones_of_the_same_property(
    derived_from: DerivedFrom,
) -> None:
    count = "a leg:Attribute ; leg:subject body:un ; leg:property leg:memberCount ; leg:value"
    says = derived_from(
        f"claim:x-1 {count} 79 ; {NORMAL} . claim:y-1 {count} 85 ; leg:rank leg:PreferredRank ."
        "claim:z-1 a leg:Attribute ; leg:subject body:un ; leg:property leg:seat ; leg:value place:town ; "
        f"{NORMAL} ."
    )
    assert says("body:un leg:memberCount 85 ; leg:seat place:town")
    assert not says("body:un leg:memberCount 79")


def test_counts_of_different_days_are_no_rivals_and_the_latest_is_stated(derived_from: DerivedFrom) -> None:
    count = "a leg:Attribute ; leg:subject body:un ; leg:property leg:memberCount ; leg:value"
    says = derived_from(
        f'claim:a-1 {count} 79 ; leg:rank leg:PreferredRank ; leg:asOf "2019-02-06"^^xsd:date .'
        f'claim:b-1 {count} 84 ; {NORMAL} ; leg:asOf "2025"^^xsd:gYear .'
        f'claim:c-1 {count} 85 ; leg:rank leg:PreferredRank ; leg:asOf "2025"^^xsd:gYear .'
        f'claim:d-1 {count} 99 ; {NORMAL} ; leg:asOf "2026"^^xsd:gYear ; leg:disagreesWith claim:c-1 .'
    )
    assert says("body:un leg:memberCount 85")
    assert not says("body:un leg:memberCount ?count . FILTER(?count != 85)")


def test_two_normal_values_that_disagree_are_both_stated(derived_from: DerivedFrom) -> None:
    number = (
        "a leg:Attribute ; leg:subject event:meeting ; leg:property leg:ordinal ; leg:rank leg:NormalRank"
    )
    says = derived_from(f"claim:x-1 {number} ; leg:value 7 . claim:y-1 {number} ; leg:value 9 .")
    assert says("event:meeting leg:ordinal 7, 9")


def test_a_member_stays_one_until_it_is_known_to_have_left(derived_from: DerivedFrom) -> None:
    seen = derived_from(
        f'claim:x-1 {MEMBER} ; leg:membershipStatus concept:member ; leg:asOf "2015"^^xsd:gYear .'
    )
    assert seen("state:a org:memberOf body:un ; leg:everMemberOf body:un")
    left = derived_from(
        f'claim:x-1 {MEMBER} ; leg:membershipStatus concept:member ; leg:asOf "2015"^^xsd:gYear .'
        f'claim:y-1 {MEMBER} ; leg:membershipStatus concept:member ; leg:end "2020"^^xsd:gYear .'
    )
    assert left("state:a leg:everMemberOf body:un")
    assert not left("state:a org:memberOf body:un")


def test_partners_and_observers_are_no_members(derived_from: DerivedFrom) -> None:
    for status in ("partner", "observer"):
        assert not derived_from(f"claim:x-1 {MEMBER} ; leg:membershipStatus concept:{status} .")(
            "state:a ?p ?o"
        )


def test_whoever_took_part_in_whatever_role_participated(derived_from: DerivedFrom) -> None:
    says = derived_from(
        "claim:x-1 a leg:Participation ; leg:participant person:p ; leg:event event:meeting ; "
        f"leg:participationRole concept:host ; {NORMAL} ."
    )
    assert says("person:p leg:participatedIn event:meeting")


def test_the_parties_of_an_instrument_have_agreed_with_each_other_and_not_with_themselves(
    derived_from: DerivedFrom,
) -> None:
    says = derived_from(
        "claim:x-1 a leg:Agreement ; leg:party body:un, state:a ; leg:instrument instrument:strategy ; "
        f'leg:date "2025-02"^^xsd:gYearMonth ; {NORMAL} .'
    )
    assert says("instrument:strategy leg:hasParty body:un, state:a")
    assert says("body:un leg:agreedWith state:a . state:a leg:agreedWith body:un")
    assert not says("?x leg:agreedWith ?x")
    assert says('claim:x-1 leg:startEarliest "2025-02-01"^^xsd:date ; leg:startLatest "2025-02-28"^^xsd:date')


def test_an_event_located_in_a_state_was_held_in_it(derived_from: DerivedFrom) -> None:
    says = derived_from(
        "claim:x-1 a leg:Attribute ; leg:subject event:meeting ; leg:property leg:location ; "
        f"leg:value state:a ; {NORMAL} ."
    )
    assert says("event:meeting leg:heldIn state:a")


def test_events_get_the_bounds_of_the_dates_their_best_claims_state(derived_from: DerivedFrom) -> None:
    starts = "a leg:Attribute ; leg:subject event:meeting ; leg:property leg:startDate"
    says = derived_from(
        f'claim:x-1 {starts} ; leg:value "--04-22"^^xsd:gMonthDay ; {NORMAL} .'
        f'claim:y-1 {starts} ; leg:value "2024-02"^^xsd:gYearMonth ; {NORMAL} .'
    )
    assert says(
        'event:meeting leg:startEarliest "2024-02-01"^^xsd:date ; leg:startLatest "2024-02-29"^^xsd:date'
    )
    assert not says("event:meeting leg:endLatest ?day")


def test_claims_get_bounds_and_their_own_dates_stay_as_given(derived_from: DerivedFrom) -> None:
    says = derived_from(
        f"claim:x-1 {TENURE} post:chair ; {NORMAL} ; "
        'leg:start "2020"^^xsd:gYear ; leg:end "2023-02"^^xsd:gYearMonth .'
    )
    assert says(
        'claim:x-1 leg:startEarliest "2020-01-01"^^xsd:date ; leg:startLatest "2020-12-31"^^xsd:date ; '
        'leg:endEarliest "2023-02-01"^^xsd:date ; leg:endLatest "2023-02-28"^^xsd:date'
    )
    assert not says("claim:x-1 leg:start ?start")


def test_every_rule_says_in_a_comment_what_it_does() -> None:
    for name, text in rules():
        assert text.startswith("# "), name


def test_everything_derived_is_typed_as_such_in_the_ontology(release_graph: Store) -> None:
    query = f"""
        SELECT DISTINCT ?property WHERE {{
          GRAPH <{DERIVED.value}> {{ ?thing ?property ?value }}
          FILTER NOT EXISTS {{ GRAPH ?g {{ ?property a ?kind }}
            FILTER(?kind IN (leg:DerivedProperty, leg:ClaimProperty)) }}
        }}"""
    assert [str(row) for row in release_graph.query(query, prefixes=dict(PREFIXES))] == []  # type: ignore[union-attr]


days = st.dates(min_value=date(1, 1, 1), max_value=date(9999, 12, 31))


@given(days)
def test_a_day_means_itself_its_month_all_days_of_the_month_and_its_year_all_of_the_year(day: date) -> None:
    last = calendar.monthrange(day.year, day.month)[1]
    assert span(day.isoformat()) == Span(day, day)
    assert span(day.isoformat()[:7]) == Span(day.replace(day=1), day.replace(day=last))
    assert span(day.isoformat()[:4]) == Span(date(day.year, 1, 1), date(day.year, 12, 31))


@given(st.text(alphabet="0123456789-", max_size=12))
def test_a_text_is_a_span_only_if_its_first_day_begins_with_it(text: str) -> None:
    found = span(text)
    assert found is None or (found.first.isoformat().startswith(text) and found.first <= found.last)


@given(days, days, days)
def test_bounds_never_contradict_the_dates_they_come_from(start: date, seen: date, end: date) -> None:
    start, seen, end = sorted((start, seen, end))
    for cut in (4, 7, 10):
        found = bounds([start.isoformat()[:cut]], [end.isoformat()[:cut]], [seen.isoformat()[:cut]])
        assert found.start_earliest is not None and found.start_latest is not None
        assert found.end_earliest is not None and found.end_latest is not None
        assert found.start_earliest <= start <= found.start_latest
        assert found.end_earliest <= end <= found.end_latest


@given(days)
def test_being_so_as_of_a_date_says_it_had_begun_and_not_yet_ended_and_no_more(day: date) -> None:
    assert bounds(as_of=[day.isoformat()]) == Bounds(start_latest=day, end_earliest=day)


@given(st.dates(min_value=date(1, 1, 1), max_value=date(9000, 12, 31)), st.integers(0, 900))
def test_a_duration_ends_in_the_month_that_many_months_later_on_the_same_day_or_the_months_last(
    day: date, months: int
) -> None:
    found = later(day, f"P{months // 12}Y{months % 12}M")
    assert found is not None
    assert (found.year * 12 + found.month) - (day.year * 12 + day.month) == months
    assert found.day == min(day.day, calendar.monthrange(found.year, found.month)[1])


@pytest.mark.parametrize(
    "text", ["2023-02-29", "2023-13", "--04-22", "0000", "23", "2023-1", "2023-01-01T00:00:00"]
)
def test_what_is_no_date_of_a_known_year_bounds_nothing(text: str) -> None:
    assert span(text) is None
    assert bounds([text], [text], [text]) == Bounds()


def test_a_duration_bounds_the_end_only_where_none_is_stated() -> None:
    assert bounds(["2025-04"], durations=["P2Y"]).end_latest == date(2027, 4, 30)
    assert bounds(["2025-04"], ["2026"], durations=["P2Y"]).end_latest == date(2026, 12, 31)
    assert bounds(durations=["P2Y"]) == Bounds()


def test_the_latest_known_tenure_is_the_one_that_reaches_the_latest_day_told_of(
    derived_from: DerivedFrom,
) -> None:
    says = derived_from(
        f"claim:x-1 {TENURE} post:head ; {NORMAL} ; "
        'leg:start "2020"^^xsd:gYear ; leg:end "2024-05"^^xsd:gYearMonth .'
        f"claim:y-1 a leg:Tenure ; leg:holder person:q ; leg:post post:head ; {NORMAL} ; "
        'leg:asOf "2025-02-03"^^xsd:date .'
    )
    assert says("post:head leg:latestTenure claim:y-1 . body:office leg:lastKnownHead person:q")
    assert not says("post:head leg:latestTenure claim:x-1")
    assert not says("body:office leg:lastKnownHead person:p")
    assert not says("?who org:headOf body:office")


def test_a_tenure_without_a_date_or_of_deprecated_rank_or_yet_to_come_is_not_the_latest_known(
    derived_from: DerivedFrom,
) -> None:
    says = derived_from(
        f'claim:x-1 {TENURE} post:head ; {NORMAL} ; leg:asOf "2020"^^xsd:gYear .'
        f"claim:x-2 {TENURE} post:head ; {NORMAL} ."
        f'claim:x-3 {TENURE} post:head ; leg:rank leg:DeprecatedRank ; leg:asOf "2025"^^xsd:gYear .'
        f'claim:x-4 {TENURE} post:head ; {NORMAL} ; leg:start "2027"^^xsd:gYear .'
    )
    assert says("post:head leg:latestTenure claim:x-1")
    assert not says("post:head leg:latestTenure claim:x-2")
    assert not says("post:head leg:latestTenure claim:x-3")
    assert not says("post:head leg:latestTenure claim:x-4")


def test_only_a_post_that_heads_its_body_gives_the_body_a_last_known_head(derived_from: DerivedFrom) -> None:
    says = derived_from(f'claim:x-1 {TENURE} post:envoy ; {NORMAL} ; leg:asOf "2020"^^xsd:gYear .')
    assert says("post:envoy leg:latestTenure claim:x-1")
    assert not says("?body leg:lastKnownHead ?who")
