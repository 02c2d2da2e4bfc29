"""The quality page shows what publishing measured, in the reader's language, and is data to programs."""

from __future__ import annotations

import csv
import io
import re

import pytest
from pyoxigraph import NamedNode

from tests.serving import Server

VALUE = NamedNode("http://www.w3.org/ns/dqv#value")


@pytest.mark.parametrize(
    ("language", "direction", "heading", "body"),
    [
        ("en", "ltr", "Quality", "United Nations Office of Counter-Terrorism"),
        ("ar", "rtl", "الجودة", "مكتب الأمم المتحدة لمكافحة الإرهاب"),
        ("fr", "ltr", "Qualité", "Bureau"),
    ],
)
def test_the_quality_page_names_bodies_and_metrics_in_the_language_asked_for(
    server: Server, language: str, direction: str, heading: str, body: str
) -> None:
    page = server.ask(f"/quality?lang={language}", {"Accept": "text/html"})
    assert page.status == 200
    assert f'lang="{language}" dir="{direction}"' in page.text
    assert f"<h1>{heading}</h1>" in page.text
    assert body in page.text


def test_every_row_of_the_quality_table_is_on_the_page(server: Server) -> None:
    table = list(csv.DictReader(io.StringIO(server.follow("/release/current/tables/quality.csv").text)))
    page = server.ask("/quality", {"Accept": "text/html"}).text
    assert page.count('<th scope="row">') == len(table) > 4


@pytest.mark.parametrize(("language", "share"), [("en", "%"), ("fr", "\u00a0%")])
def test_a_measurement_is_written_as_the_reader_writes_it_and_keeps_its_machine_value(
    server: Server, language: str, share: str
) -> None:
    page = server.ask(f"/{language}/quality", {"Accept": "text/html"}).text
    table = list(csv.DictReader(io.StringIO(server.follow("/release/current/tables/quality.csv").text)))
    whole = table[0]
    said = f"{round(float(whole['two_sources']) * 100)}{share}"
    assert f'<data value="{whole["two_sources"]}"><bdi lang="{language}" dir="ltr">{said}</bdi>' in page
    assert f'<time datetime="{whole["newest_source"]}">' in page


def test_the_columns_of_the_quality_table_stand_under_headings_that_span_them_all(server: Server) -> None:
    page = server.ask("/en/quality", {"Accept": "text/html"}).text
    spans = [int(found) for found in re.findall(r'scope="colgroup" colspan="(\d+)"', page)]
    table = next(csv.reader(io.StringIO(server.follow("/release/current/tables/quality.csv").text)))
    assert sum(spans) == len(table) - len(("body", "name"))
    assert len(spans) == 3


def test_a_program_gets_the_measurements_as_linked_data(server: Server) -> None:
    answer = server.ask("/quality", {"Accept": "text/turtle"})
    assert answer.type == "text/turtle"
    assert len(list(answer.triples().quads_for_pattern(None, VALUE, None))) > 100
