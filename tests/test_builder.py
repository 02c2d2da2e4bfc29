"""The query builder: choices become a query, with script and without, by keyboard, in every language."""

from __future__ import annotations

import csv
import io
import re

import pytest
from playwright.sync_api import Browser, Page, Route, expect
from pyoxigraph import Store

from legation.namespaces import LEG, PREFIXES
from legation.serve.writing.query_text import Condition, Filter, query_text
from tests.browsing import browsing
from tests.serving import Server

CSV = {"Accept": "text/csv"}
RIYADH = f"{PREFIXES['place']}riyadh"
IMCTC = "Coalition Islamique Militaire pour Combattre le Terrorisme"


def rows(server: Server, query: str) -> list[list[str]]:
    answer = server.query(query, CSV)
    assert answer.status == 200, answer.text
    return list(csv.reader(io.StringIO(answer.text)))[1:]


def written(tab: Page) -> str:
    return tab.locator("[data-query]").input_value()


def test_in_french_one_builds_bodies_seated_in_riyadh_beside_the_editor(
    chromium: Browser, server: Server
) -> None:
    with browsing(chromium, server, "fr-FR") as tab:
        tab.goto("/fr/sparql")
        expect(tab.locator(".cm-content")).to_be_visible()
        tab.get_by_text("Construire une requête sans écrire de SPARQL").click()
        tab.get_by_label("Je cherche", exact=True).select_option(label="organisme")
        tab.locator("#add0").select_option(label="siège")
        expect(tab.get_by_label("siège", exact=True)).to_be_focused()
        tab.get_by_label("siège", exact=True).select_option(label="Riyad")
        expect(tab.locator(".cm-content")).to_contain_text("leg:seat place:riyadh")
        tab.get_by_role("button", name="Exécuter").click()
        expect(tab.locator("table.result")).to_contain_text(IMCTC)


def test_who_opens_the_builder_before_the_script_is_there_gets_it_all_the_same(
    chromium: Browser, server: Server
) -> None:
    with browsing(chromium, server, "fr-FR") as tab:
        held: list[Route] = []

        def hold(route: Route) -> None:
            held.append(route)

        tab.route("**/static/built/sparql.js*", hold)
        tab.goto("/fr/sparql", wait_until="commit")
        tab.get_by_text("Construire une requête sans écrire de SPARQL").click()
        expect(tab.locator("#building[open]")).to_be_visible()
        held.pop().continue_()
        expect(tab.get_by_label("Je cherche", exact=True)).to_be_visible()


def test_without_script_the_same_query_is_built_page_by_page(chromium: Browser, server: Server) -> None:
    with browsing(chromium, server, "fr-FR", script=False) as tab:
        tab.goto("/fr/build")
        tab.locator("#kind").select_option("leg:Body")
        tab.locator(".next button").click()
        tab.locator("#add0").select_option(label="siège")
        tab.locator(".next button").click()
        tab.locator("#v1").select_option(label="Riyad")
        tab.locator(".next button").click()
        assert "leg:seat place:riyadh" in written(tab)
        tab.locator(".written button").click()
        expect(tab.locator("table.result")).to_contain_text(IMCTC)


def test_the_keyboard_alone_builds_a_query_from_right_to_left(chromium: Browser, server: Server) -> None:
    with browsing(chromium, server, "ar") as tab:
        tab.goto("/ar/build")
        assert tab.locator("html").get_attribute("dir") == "rtl"
        label, field = tab.locator("label[for=kind]").bounding_box(), tab.locator("#kind").bounding_box()
        assert label is not None and field is not None
        assert label["x"] > field["x"], "the label stands before its field, on the right"
        tab.locator("#kind").focus()
        choose(tab, "leg:Body")
        press(tab, "متابعة")
        expect(tab.locator("#add0")).to_be_focused()
        choose(tab, "leg:seat")
        press(tab, "أضف")
        expect(tab.locator("#v1")).to_be_focused()
        choose(tab, "place:riyadh")
        press(tab, "متابعة")
        expect(tab.locator("[data-query]")).to_have_value(re.compile("leg:seat place:riyadh"))
        tab.locator("#v1").focus()
        tab.keyboard.press("Tab")
        expect(tab.locator("button[name=drop]")).to_be_focused()
        tab.keyboard.press("Enter")
        expect(tab.locator(".conditions li")).to_have_count(0)


def choose(tab: Page, value: str) -> None:
    """Go through the list that has the focus, key by key, to ``value``."""
    for _ in range(200):
        if tab.locator("select:focus").input_value() == value:
            return
        tab.keyboard.press("ArrowDown")
    raise AssertionError(value)


def press(tab: Page, name: str) -> None:
    """Go on by Tab to the button called ``name`` and press it."""
    for _ in range(20):
        tab.keyboard.press("Tab")
        if tab.locator("button:focus").filter(has_text=name).count():
            tab.keyboard.press("Enter")
            return
    raise AssertionError(name)


def test_a_condition_leads_to_another_kind_with_conditions_of_its_own(server: Server) -> None:
    text = server.ask("/en/build?kind=leg:Tenure&p1=leg:post&on1=0&p2=leg:postIn&on2=1&v2=body:gctf").text
    query = re.search(r"<textarea[^>]*data-query>(.*?)</textarea>", text, re.DOTALL)
    assert query is not None
    told = query[1].replace("&lt;", "<").replace("&gt;", ">").replace("&#34;", '"')
    assert "?post leg:postIn body:gctf ." in told
    assert f"{PREFIXES['post']}gctf-co-chair" in {row[1] for row in rows(server, told)}


def test_what_does_not_fit_the_shapes_is_left_out(server: Server) -> None:
    for wrong in (
        "p1=leg:holder&on1=0",
        "p1=leg:seat&on1=7",
        "p1=nonsense&on1=0",
        "p0x=1",
        "drop=1&p1=leg:seat&on1=0",
    ):
        text = server.ask(f"/en/build?kind=leg:Body&{wrong}").text
        assert '<ul class="conditions">\n</ul>' in text or "<li>\n<input" not in text, wrong
    assert "data-query" not in server.ask("/en/build?kind=leg:Nothing").text


@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        (Condition(1, 0, f"{LEG}seat", RIYADH), "?body leg:seat place:riyadh ."),
        (
            Condition(1, 0, f"{LEG}memberCount", "", Filter("number", "40", "from")),
            "FILTER(?memberCount >= 40)",
        ),
        (
            Condition(1, 0, f"{LEG}establishedOn", "", Filter("date", "2014", "until")),
            'FILTER(SUBSTR(STR(?establishedOn), 1, 4) <= "2014")',
        ),
        (
            Condition(1, 0, f"{LEG}seat", "", Filter("thing", 'Rab"at', "from")),
            'FILTER(CONTAINS(LCASE(STR(?seatLabel)), "rab\\"at"))',
        ),
    ],
)
def test_each_sort_of_condition_is_written_so_that_the_engine_reads_it(
    condition: Condition, wanted: str
) -> None:
    text = query_text(f"{LEG}Body", [condition], "en", frozenset({0}))
    assert wanted in text
    Store().query(text)


def test_no_value_can_end_its_string_or_its_identifier() -> None:
    hostile = '") } DROP ALL # \\" \n'
    by_text = Condition(1, 0, f"{LEG}seat", "", Filter("thing", hostile, "from"))
    by_number = Condition(2, 0, f"{LEG}memberCount", "", Filter("number", "1) } #", "from"))
    by_date = Condition(3, 0, f"{LEG}establishedOn", "", Filter("date", '2014") #', "from"))
    text = query_text(f"{LEG}Body", [by_text, by_number, by_date], "en")
    Store().query(text)
    assert text.count("\nFILTER") == 0


def test_every_kind_and_property_is_offered_by_its_name_in_the_language(server: Server) -> None:
    for language, kind, name in (("ar", "هيئة", "مقر"), ("fr", "organisme", "siège"), ("en", "body", "seat")):
        text = server.ask(f"/{language}/build?kind=leg:Body").text
        assert re.search(rf'<option value="leg:Body" selected>{kind}', text), language
        assert re.search(rf'<option value="leg:seat">[^<]*{name}', text), language
