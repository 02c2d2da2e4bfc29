"""The list of changes: what one release adds, changes and withdraws against the one before it."""

from __future__ import annotations

from pathlib import Path

import pytest
import rdflib
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode, QueryResultsFormat, QuerySolutions, parse_query_results

from legation.namespaces import GRAPH, ID, LEG, PREFIXES, RELEASE
from legation.publish.changes import change_lists, compare
from legation.publish.freeze import content_digest, entries, write_files
from legation.release import CHANGES, CHANGES_RDF, Release, open_release
from tests.serving import small_release

LABEL = f"<{PREFIXES['skos']}prefLabel>"
TYPE = f"<{PREFIXES['rdf']}type>"
CLAIM = f"{ID}claim/one-1"


def quad(subject: str, predicate: str, value: str, graph: str = "one") -> str:
    return f"<{subject}> {predicate} {value} <{GRAPH}{graph}> .\n"


def rank(name: str, claim: str = CLAIM) -> str:
    return quad(claim, f"<{LEG}rank>", f"<{LEG}{name}Rank>")


def kinds(before: str, after: str) -> dict[str, str]:
    """Return what happened to each identifier."""
    lines = [sorted(text.encode().splitlines(keepends=True)) for text in (before, after)]
    return {change.subject.decode()[1:-1]: change.what for change in compare(*lines)}


def rows(table: bytes) -> list[tuple[object, ...]]:
    """Read a table as any reader of SPARQL results does."""
    found = parse_query_results(table, QueryResultsFormat.TSV)
    assert isinstance(found, QuerySolutions)
    return [tuple(row) for row in found]


@pytest.fixture
def older(tmp_path: Path) -> Release:
    return open_release(small_release(tmp_path, rank("Normal") + quad(CLAIM, LABEL, '"a"@en')))


def test_identifiers_are_added_changed_and_removed() -> None:
    before = rank("Normal") + rank("Normal", f"{CLAIM}1")
    after = rank("Preferred") + rank("Normal", f"{CLAIM}2")
    assert kinds(before, after) == {CLAIM: "changed", f"{CLAIM}1": "removed", f"{CLAIM}2": "added"}


def test_what_is_withdrawn_is_removed_and_may_come_back() -> None:
    withdrawn = quad(CLAIM, TYPE, f"<{LEG}Withdrawn>")
    assert kinds(rank("Normal"), withdrawn) == {CLAIM: "removed"}
    assert kinds(withdrawn, rank("Normal")) == {CLAIM: "added"}
    assert kinds(withdrawn, withdrawn + quad(CLAIM, LABEL, '"a"')) == {}


@pytest.mark.parametrize("graph", ["derived", "inferred", "meta"])
def test_what_nobody_wrote_does_not_count(graph: str) -> None:
    assert kinds(rank("Normal"), rank("Normal") + quad(CLAIM, LABEL, '"a"', graph)) == {}


def test_the_same_statement_in_another_graph_is_no_change() -> None:
    assert kinds(quad(CLAIM, LABEL, '"a"'), quad(CLAIM, LABEL, '"a"', "two")) == {}


def test_what_every_release_says_anew_is_no_change() -> None:
    stamps = [quad(f"{LEG}Tenure", f"<{PREFIXES['owl']}versionInfo>", f'"{year}"') for year in (2026, 2027)]
    lists = [quad(f"{LEG}Tenure", f"<{PREFIXES['owl']}unionOf>", f"_:c14n{number}") for number in (1, 2)]
    assert kinds(stamps[0] + lists[0], stamps[1] + lists[1]) == {}


def test_a_value_that_is_a_blank_node_is_a_value_without_a_name() -> None:
    before, after = quad(CLAIM, LABEL, "_:c14n7"), quad(CLAIM, LABEL, '"a"')
    (change,) = compare([before.encode()], [after.encode()])
    assert [(one.before, one.after) for one in change.differences] == [(b"_:b", b'"a"')]


@settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.sets(st.integers(0, 12)), st.sets(st.integers(0, 12)))
def test_a_walk_side_by_side_finds_what_sets_find(old: set[int], new: set[int]) -> None:
    before, after = ("".join(rank("Normal", f"{ID}claim/c-{n}") for n in one) for one in (old, new))
    wanted = {f"{ID}claim/c-{n}": "added" if n in new else "removed" for n in old ^ new}
    assert kinds(before, after) == wanted


def test_the_table_says_which_values_went_and_which_came(older: Release) -> None:
    lines = [rank("Preferred"), quad(CLAIM, LABEL, '"b\\t\\"c\\""@en'), rank("Normal", f"{ID}claim/two-1")]
    table = change_lists("1.1.0", older, sorted(line.encode() for line in lines))[CHANGES]
    claim, changed = NamedNode(CLAIM), Literal("changed")
    ranks = [NamedNode(f"{LEG}{name}") for name in ("rank", "NormalRank", "PreferredRank")]
    names = Literal("a", language="en"), Literal('b\t"c"', language="en")
    assert rows(table) == [
        (claim, changed, NamedNode(LABEL[1:-1]), *names),
        (claim, changed, *ranks),
        (NamedNode(f"{ID}claim/two-1"), Literal("added"), None, None, None),
    ]
    lines_of = table.splitlines()
    assert lines_of[1:] == sorted(lines_of[1:])


def test_the_graph_tells_the_same_in_the_words_of_activity_streams_and_prov(older: Release) -> None:
    files = change_lists("1.1.0", older, [rank("Preferred").encode(), quad(CLAIM, LABEL, '"a"@en').encode()])
    graph = rdflib.Graph(bind_namespaces="none").parse(data=files[CHANGES_RDF], format="turtle")
    stream, prov = rdflib.Namespace(PREFIXES["as"]), rdflib.Namespace(PREFIXES["prov"])
    here = rdflib.URIRef(f"{RELEASE}1.1.0/{CHANGES_RDF}")
    assert (rdflib.URIRef(f"{RELEASE}1.1.0"), prov.wasRevisionOf, rdflib.URIRef(f"{RELEASE}1.0.0")) in graph
    assert graph.value(here, stream.totalItems) == rdflib.Literal(1)
    (activity,) = graph.objects(here, stream.items)
    assert set(graph.objects(activity, rdflib.RDF.type)) == {stream.Update, prov.Activity}
    assert graph.value(activity, stream.object) == rdflib.URIRef(CLAIM)
    for role, name in ((prov.invalidated, "Normal"), (prov.generated, "Preferred")):
        statement = graph.value(activity, role)
        assert graph.value(statement, rdflib.RDF.object) == rdflib.URIRef(f"{LEG}{name}Rank")


def test_the_first_release_lists_nothing_and_the_same_input_gives_the_same_bytes(older: Release) -> None:
    first = change_lists("1.0.0", None, [rank("Normal").encode()])
    assert rows(first[CHANGES]) == []
    again = [change_lists("1.1.0", older, [rank("Preferred").encode()]) for _ in range(2)]
    assert again[0] == again[1] != first


def test_the_digest_of_a_release_does_not_depend_on_the_release_before_it(
    older: Release, tmp_path: Path
) -> None:
    lines = [rank("Preferred").encode()]
    digests = set()
    for before in (older, None):
        write_files(tmp_path, {"dataset.nq": b"", **change_lists("1.1.0", before, lines)})
        digests.add(content_digest(entries(tmp_path)))
    assert len(digests) == 1
