"""The quality report: what it measures, as a table, as linked data and as a command."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest
from pyoxigraph import Literal, NamedNode, Quad, RdfFormat, Store, Triple, parse

from legation.namespaces import BASE, ID, PREFIXES, RELEASE
from legation.publish.authored import Authored
from legation.publish.graphs import ENTITIES, add
from legation.publish.report import HEADINGS, measure, metric
from legation.release import open_release
from tests.projects import legation

PROLOGUE: Final = "\n".join(f"PREFIX {prefix}: <{iri}>" for prefix, iri in PREFIXES.items())
FOUR: Final = ("unoct", "gctf", "imctc", "global-coalition")

WORLD: Final = """
state:a a leg:State ; skos:prefLabel "أ"@ar , "A"@en , "A"@fr ; owl:sameAs wd:Q1 .
body:forum a leg:Forum ; skos:prefLabel "منتدى"@ar , "Forum"@en .
body:group a leg:WorkingGroup ; skos:prefLabel "Group"@en .
person:p a leg:Person ; skos:prefLabel "P"@en .
post:chair a leg:Post ; skos:prefLabel "Chair"@en ; leg:role leg:Chair ; leg:postIn body:forum .
event:meeting a leg:Meeting ; skos:prefLabel "Meeting"@en ; leg:organizedBy body:forum .
source:own leg:sourceKind concept:official-source ; leg:publisherName "Forum" ;
  dcterms:issued "2020-05"^^xsd:gYearMonth .
source:daily leg:sourceKind concept:press ; leg:publisherName "Daily" ; dcterms:issued "2021"^^xsd:gYear .
source:copy leg:sourceKind concept:mirror ; leg:publisherName "Daily via Copies" .
claim:own-1 a leg:Membership ; leg:member state:a ; leg:memberOfBody body:forum ; leg:rank leg:NormalRank ;
  leg:evidence source:own .
claim:daily-1 a leg:Membership ; leg:member state:a ; leg:memberOfBody body:forum ; leg:rank leg:NormalRank ;
  leg:evidence source:daily ; leg:start "2019"^^xsd:gYear .
claim:daily-2 a leg:Tenure ; leg:holder person:p ; leg:post post:chair ; leg:rank leg:NormalRank ;
  leg:evidence source:daily .
claim:copy-1 a leg:Tenure ; leg:holder person:p ; leg:post post:chair ; leg:rank leg:NormalRank ;
  leg:evidence source:copy .
claim:own-2 a leg:Participation ; leg:participant person:p ; leg:event event:meeting ;
  leg:rank leg:NormalRank ; leg:evidence source:own ; leg:disagreesWith claim:daily-3 .
claim:daily-3 a leg:Participation ; leg:participant person:p ; leg:event event:meeting ;
  leg:rank leg:NormalRank ; leg:evidence source:daily ; leg:disagreesWith claim:own-2 .
claim:own-3 a leg:Attribute ; leg:subject body:group ; leg:property leg:establishedOn ;
  leg:value "2012"^^xsd:gYear ; leg:rank leg:NormalRank ; leg:evidence source:own .
"""


@pytest.fixture(scope="module")
def measured(authored: Authored) -> Mapping[str, Mapping[str, Literal]]:
    """What is measured of a forum with two members' claims, two of its chair, two of its meeting."""
    store = Store()
    authored.load(store, "ontology")
    add(store, ENTITIES, [quad.triple for quad in parse(PROLOGUE + WORLD, RdfFormat.TURTLE)])
    return measure(store)


def of(measured: Mapping[str, Mapping[str, Literal]], body: str, *columns: str) -> list[str]:
    return [measured[f"{ID}body/{body}" if body else BASE][column].value for column in columns]


def test_a_claim_is_about_the_bodies_it_names_and_those_of_its_posts_and_events(
    measured: Mapping[str, Mapping[str, Literal]],
) -> None:
    assert of(measured, "forum", "claims") == ["6"]
    assert of(measured, "group", "claims") == ["1"]
    assert of(measured, "", "claims") == ["7"]


def test_states_have_no_row_of_their_own(measured: Mapping[str, Mapping[str, Literal]]) -> None:
    assert set(measured) == {BASE, f"{ID}body/forum", f"{ID}body/group"}


def test_two_sources_are_independent_if_their_publishers_differ_and_they_do_not_disagree(
    measured: Mapping[str, Mapping[str, Literal]],
) -> None:
    """The membership has two publishers; the tenure has one and its copy; the participations disagree."""
    assert of(measured, "forum", "two_sources") == ["0.333"]
    assert of(measured, "group", "two_sources") == ["0"]


def test_sources_are_counted_by_kind_and_the_newest_is_dated_as_it_says(
    measured: Mapping[str, Mapping[str, Literal]],
) -> None:
    assert of(measured, "forum", "sources", "sources_official", "sources_press", "sources_mirror") == [
        *("3", "1", "1", "1")
    ]
    assert of(measured, "forum", "newest_source", "disagreements") == ["2021", "2"]
    assert of(measured, "group", "newest_source", "disagreements") == ["2020-05", "0"]


def test_names_and_links_are_counted_of_all_things_that_claims_name(
    measured: Mapping[str, Mapping[str, Literal]],
) -> None:
    """The forum, the state, the person, the post and the meeting."""
    assert of(measured, "forum", "things", "names_ar", "names_en", "names_fr") == ["5", "2", "5", "1"]
    assert of(measured, "forum", "wikidata_found", "wikidata_missing") == ["1", "4"]


def test_every_column_is_measured_and_is_a_metric_that_the_scheme_defines(
    measured: Mapping[str, Mapping[str, Literal]], authored: Authored
) -> None:
    assert set(measured[BASE]) == set(HEADINGS)
    scheme = [t for t in authored.triples("data/schemes") if "/quality-" in str(t.subject)]
    assert {metric(column) for column in HEADINGS} == {
        t.subject
        for t in scheme
        if t.predicate == NamedNode(f"{PREFIXES['skos']}prefLabel") and "concept" in str(t)
    }


def table(release: Path, name: str) -> list[dict[str, str]]:
    with (open_release(release).path / "tables" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def linked(release: Path) -> list[Triple]:
    """The report as linked data."""
    path = open_release(release).path / "quality.ttl"
    return [quad.triple for quad in parse(path=path, format=RdfFormat.TURTLE)]


def test_a_release_reports_on_its_four_bodies_and_on_the_whole(release: Path) -> None:
    rows = {row["body"]: row for row in table(release, "quality")}
    assert next(iter(rows)) == BASE
    for slug in FOUR:
        row = rows[f"{ID}body/{slug}"]
        assert int(row["claims"]) > 50
        assert int(row["sources"]) == sum(int(row[c]) for c in HEADINGS if c.startswith("sources_"))
        assert 0 < float(row["two_sources"]) < 1


def test_the_report_is_sorted_by_number_of_claims(release: Path) -> None:
    claims = [int(row["claims"]) for row in table(release, "quality")]
    assert claims == sorted(claims, reverse=True)


def test_the_linked_data_says_what_the_table_says(release: Path, linked: list[Triple]) -> None:
    dqv = PREFIXES["dqv"]
    store = Store()
    store.extend([Quad(t.subject, t.predicate, t.object) for t in linked])
    version = open_release(release).manifest.version
    for row in table(release, "quality"):
        about = NamedNode(f"{RELEASE}{version}" if row["body"] == BASE else row["body"])
        made = {q.subject for q in store.quads_for_pattern(None, NamedNode(f"{dqv}computedOn"), about, None)}
        values = {
            metric_of.object: value.object
            for this in made
            for metric_of in store.quads_for_pattern(this, NamedNode(f"{dqv}isMeasurementOf"), None, None)
            for value in store.quads_for_pattern(this, NamedNode(f"{dqv}value"), None, None)
        }
        assert {metric(c): row[c] for c in HEADINGS if row[c]} == {
            of_metric: value.value for of_metric, value in values.items() if isinstance(value, Literal)
        }


def test_every_metric_used_is_labelled_in_three_languages(linked: list[Triple]) -> None:
    dqv, label = PREFIXES["dqv"], NamedNode(f"{PREFIXES['skos']}prefLabel")
    used = {t.object for t in linked if t.predicate.value == f"{dqv}isMeasurementOf"}
    for one in used:
        said = [t.object for t in linked if t.subject == one and t.predicate == label]
        assert {name.language for name in said if isinstance(name, Literal)} == {"ar", "en", "fr"}


def test_the_metadata_of_a_release_points_to_its_report(release_graph: Store) -> None:
    found = release_graph.quads_for_pattern(
        None, NamedNode(f"{PREFIXES['dqv']}hasQualityMetadata"), None, None
    )
    assert [str(quad.object).endswith("/quality.ttl>") for quad in found] == [True]


def test_the_command_prints_a_line_a_body(release: Path) -> None:
    printed = legation("report", "--release", release)
    assert printed.returncode == 0
    heading, whole, *bodies = printed.stdout.splitlines()
    assert heading.split()[0] == "claims"
    assert whole.startswith("the whole dataset")
    assert len(bodies) == len(table(release, "quality")) - 1
    assert len({len(line) for line in (heading, whole, *bodies)}) == 1


def test_the_command_lists_the_names_that_are_missing_or_our_own(release: Path) -> None:
    printed = legation("report", "names", "--release", release)
    assert printed.returncode == 0
    lines = printed.stdout.splitlines()
    assert len(lines) == len(table(release, "names"))
    assert all(line.partition(": ")[2].startswith(("no ", "translated", "transliterated")) for line in lines)


def test_the_command_says_what_to_do_where_there_is_no_release(tmp_path: Path) -> None:
    printed = legation("report", "--release", tmp_path)
    assert printed.returncode == 1
    assert "run `legation publish` first" in printed.stderr
