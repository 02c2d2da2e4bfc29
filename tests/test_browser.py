"""Every kind of page in a browser: in three languages, wide and narrow, by keyboard, without script."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browsing import browsing
from tests.page_kinds import LANGUAGES, PAGES, THINGS
from tests.serving import Server

WIDTHS = (320, 390, 1280)
WEIGHT = 150_000
"""Bytes that HTML, CSS and JavaScript of a thing's page may weigh on the wire."""

REBUILT = {"query", "answer", "syntax error", "builder"}
"""The kinds of page on which script puts an editor in the place of the query's field."""

WAITED_FOR = (
    "script:not([defer], [type=module], [type='application/ld+json']), body link[rel=stylesheet], style"
)
OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
SIGHT = """() => {
  const one = document.activeElement, box = one.getBoundingClientRect(), style = getComputedStyle(one);
  return { name: one.tagName + " " + one.textContent.trim().slice(0, 40), body: one === document.body,
    seen: box.width > 1 && box.height > 1 && box.right > 0 && box.left < innerWidth,
    outlined: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
    order: [...document.querySelectorAll("*")].indexOf(one) };
}"""


@pytest.mark.parametrize("kind", PAGES)
def test_a_page_opens_in_three_languages_asks_no_other_host_and_fits_every_width(
    chromium: Browser, server: Server, kind: str
) -> None:
    asked: set[str] = set()
    with browsing(chromium, server) as tab:
        tab.on("request", lambda request: asked.add(urlsplit(request.url).netloc))
        for language, direction in LANGUAGES.items():
            answer = tab.goto(f"/{language}{PAGES[kind]}")
            assert answer is not None
            assert answer.status == {"problem": 404, "syntax error": 400}.get(kind, 200)
            assert tab.locator("html").get_attribute("lang") == language
            assert tab.locator("html").get_attribute("dir") == direction
            assert tab.locator("h1").count() == 1
            for width in WIDTHS:
                tab.set_viewport_size({"width": width, "height": 800})
                assert tab.evaluate(OVERFLOW) <= 0, f"{language}: wider than {width} pixels"
    assert asked == {urlsplit(server.url).netloc}


@pytest.mark.parametrize("kind", PAGES)
def test_a_page_says_without_script_what_it_says_with_it(
    chromium: Browser, server: Server, kind: str
) -> None:
    path = f"/fr{PAGES[kind]}"
    with browsing(chromium, server, script=False) as tab:
        tab.goto(path)
        plain = tab.locator("main").inner_text()
        assert tab.locator(WAITED_FOR).count() == 0, "the first paint waits for it"
    assert len(plain) > 60
    if kind in REBUILT:
        return
    with browsing(chromium, server) as tab:
        tab.goto(path)
        assert tab.locator("main").inner_text() == plain


@pytest.mark.parametrize("kind", THINGS)
def test_the_page_of_a_thing_weighs_little(chromium: Browser, server: Server, kind: str) -> None:
    with browsing(chromium, server) as tab:
        wire = tab.context.new_cdp_session(tab)
        wire.send("Network.enable")
        weights: list[float] = []
        wire.on("Network.loadingFinished", lambda event: weights.append(event["encodedDataLength"]))
        tab.goto(f"/ar{THINGS[kind]}", wait_until="networkidle")
        assert len(weights) >= 3, "the page, its style and its script"
        assert sum(weights) <= WEIGHT


def test_the_heaviest_page_of_a_thing_weighs_little(server: Server) -> None:
    taken = {"Accept": "text/html", "Accept-Encoding": "gzip"}
    shared = sum(
        len(server.ask(f"/static/{name}", taken).body) for name in ("legation.css", "search.js", "icon.svg")
    )
    for path in ("/page/body/gctf", "/page/state/morocco", "/page/body/imctc", "/page/person/omar-hilale"):
        answer = server.ask(f"/ar{path}", taken)
        assert answer.headers["Content-Encoding"] == "gzip"
        assert len(answer.body) + shared <= WEIGHT, path


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_keyboard_goes_through_a_page_in_its_order_and_is_seen_everywhere(
    chromium: Browser, server: Server, language: str
) -> None:
    with browsing(chromium, server) as tab:
        tab.goto(f"/{language}/page/post/co-facilitator-gcts-ninth-review")
        stops = []
        while True:
            tab.keyboard.press("Tab")
            stop = tab.evaluate(SIGHT)
            if stop["body"]:
                break
            stops.append(stop)
            assert len(stops) < 400, "the keyboard does not come out of the page"
    assert [stop["name"] for stop in stops if not stop["seen"]] == []
    assert [stop["name"] for stop in stops if not stop["outlined"]] == []
    order = [stop["order"] for stop in stops]
    assert order == sorted(order)
    assert len(stops) > 30


def test_the_first_stop_of_the_keyboard_skips_to_the_content(chromium: Browser, server: Server) -> None:
    with browsing(chromium, server) as tab:
        tab.goto("/ar/page/person/omar-hilale")
        tab.keyboard.press("Tab")
        expect(tab.locator("a.skip")).to_be_focused()
        expect(tab.locator("a.skip")).to_be_in_viewport()
        tab.keyboard.press("Enter")
        tab.keyboard.press("Tab")
        assert tab.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_another_language_is_one_key_press_away_from_the_same_thing(
    chromium: Browser, server: Server
) -> None:
    with browsing(chromium, server) as tab:
        tab.goto("/ar/page/body/gctf")
        tab.get_by_role("link", name="Français").press("Enter")
        expect(tab).to_have_url(re.compile(r"/fr/page/body/gctf$"))
        expect(tab.locator("h1")).to_have_text("Forum mondial de lutte contre le terrorisme")


@pytest.mark.parametrize(
    ("language", "typed", "found"),
    [
        ("ar", "هلال", "عمر هلال"),
        ("en", "hilal", "Omar Hilale"),
        ("fr", "kridel", "Philippe Kridelka"),
    ],
)
def test_names_are_offered_as_one_types_and_followed_by_keyboard(
    chromium: Browser, server: Server, language: str, typed: str, found: str
) -> None:
    with browsing(chromium, server) as tab:
        tab.goto(f"/{language}/")
        box = tab.get_by_role("combobox")
        box.focus()
        tab.keyboard.type(typed)
        option = tab.get_by_role("option").filter(has_text=found).first
        expect(option).to_be_visible()
        expect(box).to_have_attribute("aria-expanded", "true")
        go_down_to(tab, found)
        chosen = box.get_attribute("aria-activedescendant")
        expect(tab.locator(f"#{chosen}")).to_have_attribute("aria-selected", "true")
        tab.keyboard.press("Enter")
        expect(tab).to_have_url(re.compile(f"/{language}/page/"))
        expect(tab.locator("h1")).to_contain_text(found)


def go_down_to(tab: Page, text: str) -> None:
    """Press the arrow until the option with ``text`` is the chosen one."""
    for _ in range(12):
        tab.keyboard.press("ArrowDown")
        if tab.locator("[role=option][aria-selected=true]").filter(has_text=text).count():
            return
    raise AssertionError(text)


def test_escape_closes_the_suggestions_and_enter_searches(chromium: Browser, server: Server) -> None:
    with browsing(chromium, server) as tab:
        tab.goto("/en/")
        box = tab.get_by_role("combobox")
        box.focus()
        tab.keyboard.type("riyadh")
        expect(tab.get_by_role("option").first).to_be_visible()
        tab.keyboard.press("Escape")
        expect(tab.get_by_role("listbox")).to_be_hidden()
        tab.keyboard.press("Enter")
        expect(tab).to_have_url(re.compile(r"/en/search\?q=riyadh"))
        expect(tab.get_by_role("main").get_by_role("link", name="Riyadh").first).to_be_visible()


def test_without_script_the_search_box_leads_to_the_answers(chromium: Browser, server: Server) -> None:
    with browsing(chromium, server, "ar", script=False) as tab:
        tab.goto("/ar/")
        tab.get_by_role("searchbox").fill("الرياض")
        tab.keyboard.press("Enter")
        tab.get_by_role("main").get_by_role("link", name="الرياض").first.click()
        expect(tab.locator("h1")).to_contain_text("الرياض")


def test_the_evidence_of_a_claim_opens_with_and_without_script(chromium: Browser, server: Server) -> None:
    for script in (True, False):
        with browsing(chromium, server, "ar", script=script) as tab:
            tab.goto("/ar/page/post/co-facilitator-gcts-ninth-review")
            row = tab.locator("#m-daily-2026-gcts-ninth-review-1")
            row.locator("summary").press("Enter")
            expect(row.get_by_role("link", name="الصفحة نفسها")).to_be_visible()
            expect(row).to_contain_text("M Daily")
            expect(row.locator(".evidence time").first).to_be_visible()


def test_members_on_a_chosen_day_are_listed(chromium: Browser, server: Server) -> None:
    with browsing(chromium, server) as tab:
        tab.goto("/en/page/body/gctf")
        tab.locator("#on").fill("2012-01-01")
        tab.get_by_role("button", name="Show").click()
        expect(tab).to_have_url(re.compile("on=2012-01-01"))
        expect(tab.locator("section[aria-labelledby=members]")).to_contain_text("Morocco")
