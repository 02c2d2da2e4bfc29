"""Lists by kind: narrowed, sorted, turned page by page, and whole as CSV."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from legation.namespaces import GRAPH, ID, LEG, PREFIXES
from legation.serve.words.labels import sort_key
from tests.serving import Server, serving, small_release

HTML = {"Accept": "text/html"}
MANY = 230


def quads() -> Iterator[str]:
    for number in range(MANY):
        kind, year = "Meeting" if number % 2 else "Visit", 2000 + number % 20
        yield f"<{ID}event/e-{number:03}> <{PREFIXES['rdf']}type> <{LEG}{kind}> <{GRAPH}entities> .\n"
        yield (
            f"<{ID}event/e-{number:03}> <{PREFIXES['skos']}prefLabel> "
            f'"Event {MANY - number:03}"@en <{GRAPH}entities> .\n'
        )
        yield (
            f"<{ID}event/e-{number:03}> <{LEG}startDate> "
            f'"{year}"^^<{PREFIXES["xsd"]}gYear> <{GRAPH}derived> .\n'
        )


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A release of a few hundred events."""
    with serving(small_release(tmp_path_factory.mktemp("many"), "".join(quads()))) as running:
        yield running


def names(text: str) -> list[str]:
    return re.findall(r'<tr><th scope="row"><a [^>]+><bdi[^>]*>([^<]+)', text)


def turned(server: Server, path: str) -> list[str]:
    """Return the names on every page of a list, following the links to the next."""
    found: list[str] = []
    for _ in range(10):
        text = server.ask(path, HTML).text
        found += names(text)
        following = re.search(r'rel="next" href="([^"]+)"', text)
        if following is None:
            return found
        path = path.partition("?")[0] + html.unescape(following[1])
    raise AssertionError("the list does not end")


@pytest.mark.parametrize("sort", ["name", "-name", "date", "-date", "claims"])
def test_every_thing_is_on_exactly_one_page_whatever_the_order(many: Server, sort: str) -> None:
    found = turned(many, f"/browse/event?sort={sort}")
    assert len(found) == len(set(found)) == MANY
    if sort.endswith("name"):
        assert found == sorted(found, reverse=sort.startswith("-"))


def test_values_narrow_the_list_together_and_say_how_many_there_are(many: Server) -> None:
    text = many.ask("/en/browse/event?type=Visit&year=2004", HTML).text
    assert len(names(text)) == 12
    assert 'data value="12"' in text
    assert turned(many, "/browse/event?type=Meeting") == turned(many, "/browse/event?type=Meeting&sort=name")
    assert len(turned(many, "/browse/event?type=Meeting")) == MANY // 2


def test_a_list_is_a_table_for_programs_too(many: Server) -> None:
    answer = many.ask("/browse/event?year=2004&format=csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert answer.type == "text/csv"
    assert len(rows) == 12
    assert {row["date"] for row in rows} == {"2004"}
    assert rows[0]["name_en"].startswith("Event ")
    assert many.ask("/browse/event", {"Accept": "text/csv"}).type == "text/csv"


@pytest.mark.parametrize(
    "query", ["sort=colour", "after=x", "after=[1]", 'after=[1,"x"]', "after=%5B%22a%22,3%5D"]
)
def test_an_order_or_a_place_that_is_none_is_refused(many: Server, query: str) -> None:
    answer = many.ask(f"/browse/event?{query}".replace('"', "%22"))
    assert (answer.status, answer.type) == (400, "application/problem+json")


@pytest.mark.parametrize("query", ["type=Nothing", "state=x%27%20OR%201=1", "year=''", "body=%00"])
def test_a_value_that_nothing_has_gives_an_empty_list(many: Server, query: str) -> None:
    answer = many.ask(f"/en/browse/event?{query}", HTML)
    assert answer.status == 200
    assert "Nothing has all of these." in answer.text


def test_names_sort_without_regard_to_case_accents_vowel_signs_and_hamza() -> None:
    assert sort_key("Égypte") == sort_key("egypte")
    assert sort_key("أحمد") == sort_key("احمد")
    assert sort_key("مُحَمَّد") == sort_key("محمد")


@pytest.mark.parametrize("language", ["ar", "en", "fr"])
def test_the_overview_counts_by_kind_year_body_and_state(server: Server, language: str) -> None:
    text = server.ask(f"/{language}/browse/", HTML).text
    for part in ("by-year", "by-body", "by-state"):
        assert f'id="{part}"' in text
    assert re.search(rf'href="/{language}/browse/event\?year=2023">\d+<', text)
    assert f'href="/{language}/browse/person?state=morocco"' in text


def test_the_persons_of_a_state_are_those_who_represent_it(server: Server) -> None:
    rows = list(csv.DictReader(io.StringIO(server.ask("/browse/person?state=morocco&format=csv").text)))
    assert f"{ID}person/omar-hilale" in {row["iri"] for row in rows}
    assert all(f"{ID}state/morocco" in row["state"] for row in rows)


def test_claims_are_listed_by_what_they_are_about(server: Server) -> None:
    text = server.ask("/en/browse/claim?body=gctf&type=Tenure", HTML).text
    assert "/en/page/post/gctf-co-chair" in text


def test_the_directory_is_built_once(tmp_path: Path) -> None:
    release = small_release(tmp_path, "".join(quads()))
    with serving(release) as running:
        running.ask("/browse/event")
    built = list(release.with_name("1.0.0.store").rglob("directory-*.sqlite"))
    assert len(built) == 1
    first = built[0].stat().st_mtime_ns
    with serving(release) as running:
        assert running.ask("/browse/event").status == 200
    assert built[0].stat().st_mtime_ns == first
