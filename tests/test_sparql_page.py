"""The SPARQL page as a person meets it, with script and without."""

from __future__ import annotations

import csv
import html
import io
import json
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from legation.namespaces import PREFIXES
from legation.serve.web.problems import KINDS
from legation.serve.words.messages import translate
from legation.serve.writing.editor import excerpt
from tests.browsing import browsing
from tests.projects import ROOT
from tests.serving import Server

HTML = {"Accept": "text/html"}
BUILT = ROOT / "server/legation/serve/static/built/sparql.js"
QUESTIONS = sorted(path.stem for path in (ROOT / "tests/questions").glob("*.rq"))
COUNTS = "SELECT ?kind (COUNT(*) AS ?count) { ?thing a ?kind } GROUP BY ?kind ORDER BY DESC(?count) LIMIT 5"


def open_editor(tab: Page, query: str | None = None, language: str = "en") -> None:
    """Open the page and wait until the editor stands in the place of the text field."""
    assert BUILT.is_file(), "the scripts are not built; `make test` builds them"
    tab.goto(f"/{language}/sparql" + (f"?{urlencode({'query': query})}" if query else ""))
    expect(tab.locator(".cm-content")).to_be_visible()


def write(tab: Page, text: str) -> None:
    """Write a query anew, as a person types."""
    tab.locator(".cm-content").click()
    tab.keyboard.press("Control+a")
    tab.keyboard.insert_text(text)


def completing(tab: Page, text: str) -> list[str]:
    """Type ``text`` at the end and return what is offered."""
    tab.keyboard.type(text)
    offered = tab.locator(".cm-completionLabel")
    expect(offered.first).to_be_visible()
    return offered.all_inner_texts()


@pytest.mark.parametrize(("language", "direction"), [("ar", "rtl"), ("en", "ltr"), ("fr", "ltr")])
def test_the_page_opens_in_each_language_without_an_error_of_script_or_policy(
    chromium: Browser, server: Server, language: str, direction: str
) -> None:
    with browsing(chromium, server) as tab:
        open_editor(tab, COUNTS, language)
        assert tab.locator("html").get_attribute("dir") == direction
        assert tab.locator(".editor").get_attribute("dir") == "ltr"


def test_without_script_a_query_is_written_run_and_downloaded(chromium: Browser, server: Server) -> None:
    with browsing(chromium, server, script=False) as tab:
        tab.goto("/en/sparql")
        tab.get_by_label("Query").fill(COUNTS)
        tab.get_by_role("button", name="Run").click()
        expect(tab.get_by_role("table").locator("tbody tr")).to_have_count(5)
        address = tab.get_by_role("link", name="csv").get_attribute("href") or ""
    rows = list(csv.reader(io.StringIO(server.ask(address).text)))
    assert rows[0] == ["kind", "count"]
    assert len(rows) == 6


def test_with_script_the_answer_comes_without_leaving_the_page_and_its_address_is_shareable(
    chromium: Browser, server: Server
) -> None:
    with browsing(chromium, server) as tab:
        open_editor(tab)
        tab.evaluate("window.stayed = true")
        write(tab, COUNTS)
        tab.keyboard.press("Control+Enter")
        expect(tab.get_by_role("table").locator("tbody tr")).to_have_count(5)
        assert tab.evaluate("window.stayed")
        shared = tab.url
    assert parse_qs(urlsplit(shared).query)["query"] == [COUNTS]
    with browsing(chromium, server, script=False) as other:
        other.goto(shared)
        expect(other.get_by_role("table").locator("tbody tr")).to_have_count(5)


def test_an_answer_is_seen_as_table_as_chart_and_as_it_is(chromium: Browser, server: Server) -> None:
    with browsing(chromium, server) as tab:
        open_editor(tab, COUNTS)
        tab.get_by_role("button", name="Chart").click()
        expect(tab.locator(".bars tr")).to_have_count(5)
        widths = [bar.bounding_box() for bar in tab.locator(".bars .bar").all()]
        drawn = [box["width"] for box in widths if box]
        assert drawn == sorted(drawn, reverse=True)
        assert drawn[0] > drawn[-1] > 0
        tab.get_by_role("button", name="Raw").click()
        raw = tab.locator("[data-pane=raw] pre")
        expect(raw).to_contain_text("bindings")
        assert len(json.loads(raw.inner_text())["results"]["bindings"]) == 5
        tab.get_by_role("button", name="Table").click()
        expect(tab.locator("[data-pane=table] table")).to_be_visible()


def test_words_are_completed_from_the_ontology_the_things_and_the_query_itself(
    chromium: Browser, server: Server
) -> None:
    asked: list[str] = []
    with browsing(chromium, server) as tab:
        open_editor(tab)
        write(tab, "SELECT ?who WHERE { ")
        tab.on("request", lambda request: asked.append(request.url))
        assert completing(tab, "?tenure a leg:Tenu")[0] == "leg:Tenure"
        tab.get_by_role("option", name="leg:Tenure").click()
        assert "leg:holder" in completing(tab, " ; leg:hold")
        tab.keyboard.press("Escape")
        tab.keyboard.type("er ?who ; leg:representing ")
        assert completing(tab, "state:moro")[0] == "state:morocco"
        tab.get_by_role("option", name="state:morocco").click()
        tab.keyboard.type(" FILTER(")
        assert "?tenure" in completing(tab, "?t")
        tab.keyboard.press("Escape")
        text = tab.locator("#query").input_value()
    assert asked == [], "completing a word asks the server nothing"
    assert f"PREFIX leg: <{PREFIXES['leg']}>" in text
    assert f"PREFIX state: <{PREFIXES['state']}>" in text


def test_a_name_in_arabic_completes_to_the_thing(chromium: Browser, server: Server) -> None:
    with browsing(chromium, server, "ar") as tab:
        open_editor(tab, language="ar")
        write(tab, "SELECT * WHERE { ?x ?y ")
        assert "state:morocco" in completing(tab, "المغرب")


def test_prefixes_of_our_table_need_not_be_declared(chromium: Browser, server: Server) -> None:
    with browsing(chromium, server) as tab:
        open_editor(tab)
        write(tab, "ASK { person:omar-hilale a leg:Person }")
        tab.keyboard.press("Control+Enter")
        expect(tab.locator(".boolean")).to_contain_text("Yes")
        assert f"PREFIX person: <{PREFIXES['person']}>" in tab.locator("#query").input_value()


def test_an_error_is_marked_at_its_place_in_the_editor(chromium: Browser, server: Server) -> None:
    with browsing(chromium, server) as tab:
        open_editor(tab)
        write(tab, "SELECT ?x WHERE {\n  ?x ?y }\n}")
        tab.keyboard.press("Control+Enter")
        expect(tab.get_by_role("heading", name="Syntax error in the query")).to_be_visible()
        expect(tab.locator(".cm-lintRange-error")).to_have_count(1)
        expect(tab.locator(".cm-activeLine")).to_have_text("}")


def test_an_error_is_shown_beside_the_query_without_script_too(server: Server) -> None:
    answer = server.query("SELECT ?x WHERE {\n  ?x ?y }\n}", HTML)
    assert answer.status == 400
    assert answer.type == "text/html"
    assert "Line 3, column 1" in answer.text
    assert "<mark>}</mark>" in answer.text
    assert "SELECT ?x WHERE {" in answer.text.partition("<textarea")[2].partition("</textarea>")[0]


def test_a_limit_that_is_met_is_told_in_the_reader_s_language(server: Server) -> None:
    answer = server.ask(
        "/fr/sparql?" + urlencode({"query": "SELECT * { SERVICE <http://127.0.0.1/> {} }"}), HTML
    )
    assert answer.status == 400
    assert translate(KINDS["service-refused"].title, "fr") in answer.text


def test_a_program_still_gets_a_problem_document(server: Server) -> None:
    answer = server.query("SELECT", {"Accept": "application/sparql-results+json"})
    assert answer.status == 400
    assert answer.type == "application/problem+json"


def test_an_excerpt_shows_the_lines_around_the_place() -> None:
    lines = excerpt("a\nb\r\nc\nd\ne\nf", 2, 1)
    assert [(line.number, line.text, line.column) for line in lines] == [
        (1, "a", 0),
        (2, "b", 1),
        (3, "c", 0),
        (4, "d", 0),
    ]


def test_the_completion_file_holds_every_prefix_class_and_property(server: Server) -> None:
    answer = server.ask("/sparql/completion.json")
    assert answer.type == "application/json"
    held = answer.json()
    assert held["prefixes"] == dict(PREFIXES)
    tenure = next(one for one in held["classes"] if one[0] == "leg:Tenure")
    assert set(tenure[1]) == {"ar", "en", "fr"}
    assert tenure[3] > 500, "VoID says how many there are"
    holder = next(one for one in held["properties"] if one[0] == "leg:holder")
    assert "leg:Tenure" in holder[4]
    assert [
        one[0] for name in ("state:morocco", "person:omar-hilale") for one in held["things"] if one[0] == name
    ] == ["state:morocco", "person:omar-hilale"]


@pytest.mark.parametrize("language", ["ar", "en", "fr"])
def test_the_gallery_lists_every_question_in_the_language_of_the_reader(
    server: Server, language: str
) -> None:
    text = server.ask(f"/{language}/questions", HTML).text
    assert [slug for slug in QUESTIONS if f'href="/{language}/questions/{slug}"' not in text] == []
    wording = next(
        line.removeprefix(f"# {language}: ")
        for line in (ROOT / "tests/questions/01-co-facilitators.rq").read_text(encoding="utf-8").splitlines()
        if line.startswith(f"# {language}: ")
    )
    assert wording in html.unescape(text)


def test_each_question_has_a_page_with_its_pinned_answer_and_opens_in_the_editor(
    chromium: Browser, server: Server
) -> None:
    pinned = (ROOT / "tests/questions/04-gctf-co-chairs.csv").read_text(encoding="utf-8")
    rows = len(list(csv.reader(io.StringIO(pinned)))) - 1
    with browsing(chromium, server) as tab:
        tab.goto("/en/questions")
        tab.locator("#\\30 4-gctf-co-chairs a").click()
        expect(tab.locator("details.answer tbody tr")).to_have_count(min(rows, 200))
        file = tab.get_by_role("link", name="CSV").get_attribute("href") or ""
        assert server.ask(file).text == pinned
        tab.get_by_role("link", name="Open in the editor").click()
        expect(tab.locator(".cm-content")).to_contain_text("SELECT")
        expect(tab.locator("table.result tbody tr").first).to_be_visible()


def test_a_question_that_is_not_there_is_not_found(server: Server) -> None:
    assert server.ask("/questions/none").status == 404
