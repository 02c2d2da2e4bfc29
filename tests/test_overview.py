"""Overviews: what follows from claims over all bodies, as tables and as CSV."""

from __future__ import annotations

import csv
import io
import re

import pytest

from legation.namespaces import ID
from legation.serve.site.overview import OVERVIEWS
from tests.serving import Server

HTML = {"Accept": "text/html"}


def table(server: Server, path: str) -> list[dict[str, str]]:
    answer = server.ask(path, {"Accept": "text/csv"})
    assert (answer.status, answer.type) == (200, "text/csv")
    return list(csv.DictReader(io.StringIO(answer.text)))


@pytest.mark.parametrize("name", OVERVIEWS)
def test_an_overview_has_the_same_rows_on_its_page_and_as_csv(server: Server, name: str) -> None:
    text = server.ask(f"/ar/overview/{name}", HTML).text
    rows = table(server, f"/overview/{name}")
    assert rows
    assert text.count('<th scope="row">') == len(rows)
    assert set(OVERVIEWS[name].columns) <= rows[0].keys()


def test_the_co_chairs_of_a_body_come_as_csv_with_their_sources(server: Server) -> None:
    rows = table(server, "/en/overview/co-chairs?of=body/gctf")
    assert {row["body"] for row in rows} == {f"{ID}body/gctf"}
    assert {"Morocco", "Netherlands", "Canada", "Egypt", "European Union"} <= {
        row["holderName"] for row in rows
    }
    assert all(row["claim"].startswith(f"{ID}claim/") for row in rows)
    starts = [row["start"] for row in rows if row["start"]]
    assert starts == sorted(starts)


def test_bodies_are_found_by_where_they_have_their_seat(server: Server) -> None:
    rows = table(server, "/fr/overview/seats?of=state/saudi-arabia")
    assert f"{ID}body/imctc" in {row["body"] for row in rows if row["place"] == f"{ID}place/riyadh"}


def test_the_last_known_head_comes_with_the_day_that_the_source_gives(server: Server) -> None:
    rows = table(server, "/overview/heads?of=body/imctc")
    assert rows
    assert all(row["start"] or row["asOf"] or row["end"] for row in rows)


def test_a_table_is_sorted_by_the_column_that_is_asked_for(server: Server) -> None:
    for sort, way in (("holder", "ascending"), ("-holder", "descending")):
        text = server.ask(f"/en/overview/representatives?sort={sort}", HTML).text
        assert f'aria-sort="{way}"' in text
    names = [
        row["holderName"].casefold() for row in table(server, "/en/overview/representatives?sort=holder")
    ]
    assert names == sorted(names)


@pytest.mark.parametrize("path", ["/overview/heads?sort=colour", "/overview/heads?of=gctf"])
def test_what_cannot_be_asked_is_refused(server: Server, path: str) -> None:
    assert server.ask(path).status == 400


def test_there_is_no_other_overview(server: Server) -> None:
    assert server.ask("/overview/nothing", HTML).status == 404


def test_the_home_page_leads_to_the_overviews_and_a_body_to_its_own(server: Server) -> None:
    assert 'href="/fr/overview/seats"' in server.ask("/fr/", HTML).text
    text = server.ask("/en/page/body/gctf", HTML).text
    link = re.search(r'href="(/en/overview/holders\?of=body/gctf)"', text)
    assert link is not None
    assert server.ask(link[1], HTML).status == 200
