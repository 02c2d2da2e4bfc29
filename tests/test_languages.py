"""The interface speaks Arabic, English and French, whole: words, direction, dates and numbers."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from flask import Flask
from jinja2 import Environment

from legation.serve.words import messages
from legation.serve.words.labels import LANGUAGES
from legation.serve.words.locales import (
    XSD,
    language_name,
    spoken_date,
    spoken_duration,
    spoken_number,
    spoken_share,
    spoken_size,
)
from legation.serve.words.templates import Speaking
from tests.projects import ROOT
from tests.serving import Server

HTML = {"Accept": "text/html"}
SERVE = ROOT / "server/legation/serve"
TEMPLATES = sorted((SERVE / "templates").glob("*.html"))
READ_OUT = {"aria-label", "title", "alt", "placeholder"}
"""Attributes whose value reaches the reader."""

PROPER = re.compile(
    r"Legation|SPARQL|Wikidata|العربية|English|Français|Markdown|Turtle|TriG|N-Quads|N-Triples|JSON-LD|RDF/XML|"
    r"CSV|Apache|EARL|DQV|SHA-256|gzip|HTTP|CC BY 4\.0|claim:"
)
"""Names, which are the same in every language."""


def extracted(folder: Path) -> Catalog:
    """Return every message that code and templates use, as `make messages` collects them."""
    pot = folder / "messages.pot"
    command = [sys.executable, "-m", "babel.messages.frontend", "-q", "extract"]
    options = ["-F", str(ROOT / "pyproject.toml"), "-k", "marked", "-o", str(pot), "."]
    subprocess.run([*command, *options], cwd=SERVE, check=True)
    with pot.open("rb") as file:
        return read_po(file)


MESSAGES = """{{ _("Skip to the content") }}
{{ _("page %(number)s of %(count)s", number=one, count=2) }}
{{ ngettext("%(num)s claim", "%(num)s claims", 2) }}
{{ _(word) }}"""


@pytest.mark.parametrize(
    ("language", "first", "second", "third", "fourth"),
    [
        ("en", "Skip to the content", "page &lt;1&gt; of 2", "2 claims", "Browse"),
        ("fr", "Aller au contenu", "page &lt;1&gt; sur 2", "2 affirmations", "Parcourir"),
    ],
)
def test_a_template_is_compiled_for_each_language(
    language: str, first: str, second: str, third: str, fourth: str
) -> None:
    template = Speaking(Flask("test")).in_language(language).from_string(MESSAGES)
    said = template.render(one="<1>", word="Browse").splitlines()
    assert said == [first, second, third, fourth]


@pytest.mark.parametrize("language", ["ar", "fr"])
def test_every_message_is_translated_and_nothing_else_is(language: str, tmp_path: Path) -> None:
    used = {message.id for message in extracted(tmp_path) if message.id}
    with (messages.FOLDER / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    translated = {message.id for message in catalogue if message.id}
    assert len(used) > 100
    assert used - translated == set(), "run `make messages` and translate what is new"
    assert translated - used == set(), "run `make messages`: these are said nowhere"
    for message in catalogue:
        if message.id:
            said = [message.string] if isinstance(message.string, str) else list(message.string or ())
            assert not message.fuzzy
            assert len(said) in (1, catalogue.num_plurals)
            assert all(said), f"{message.id!r} has no {language}"
            assert all(placeholders(form) <= placeholders(str(message.id)) for form in said), message.id


def test_french_keeps_its_punctuation_on_the_line_and_its_apostrophes_are_typographic() -> None:
    with (messages.FOLDER / "fr.po").open("rb") as file:
        catalogue = read_po(file, locale="fr")
    forms = [
        form
        for message in catalogue
        for form in ([message.string] if isinstance(message.string, str) else message.string or ())
    ]
    loose = re.compile(r" [:;?!»…]|« |(?<=[^\W\d_])'(?=[^\W\d_])")
    assert [form for form in forms if loose.search(form)] == [], "a no-break space (U+00A0) goes there, and ’"


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"%\((\w+)\)s", text))


class Words(HTMLParser):
    """Collects what a template says in its own words."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._foreign: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("code", "pre"):
            self._foreign.append(tag)
        self.found += [value or "" for name, value in attrs if name in READ_OUT]

    def handle_endtag(self, tag: str) -> None:
        if self._foreign and self._foreign[-1] == tag:
            self._foreign.pop()

    def handle_data(self, data: str) -> None:
        if not self._foreign:
            self.found.append(data)


def own_words(template: Path) -> Iterator[str]:
    """Yield the words that stand in a template outside of its expressions, names left out."""
    tokens = Environment(autoescape=True).lex(template.read_text(encoding="utf-8"))
    text = "".join(value if kind == "data" else " " for _, kind, value in tokens if kind != "whitespace")
    for said in Words(text).found:
        yield from re.findall(r"[^\W\d_]{2,}", PROPER.sub("", said))


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_a_template_says_nothing_that_is_not_translated(template: Path) -> None:
    assert list(own_words(template)) == []


@pytest.mark.parametrize(
    ("path", "headers", "spoken"),
    [
        ("/", {}, "en"),
        ("/", {"Accept-Language": "fr;q=0.4, ar-MA;q=0.9"}, "ar"),
        ("/", {"Accept-Language": "de"}, "en"),
        ("/fr/", {"Accept-Language": "ar"}, "fr"),
        ("/?lang=ar", {"Accept-Language": "fr"}, "ar"),
        ("/fr/?lang=ar", {}, "ar"),
        ("/?lang=de", {"Accept-Language": "fr"}, "fr"),
        ("/ar/page/body/gctf", {}, "ar"),
    ],
)
def test_the_address_chooses_the_language_then_the_header_then_english(
    server: Server, path: str, headers: dict[str, str], spoken: str
) -> None:
    answer = server.ask(path, {**HTML, **headers})
    assert answer.status == 200
    assert answer.headers["Content-Language"] == spoken
    assert f'<html lang="{spoken}" dir="{"rtl" if spoken == "ar" else "ltr"}">' in answer.text


@pytest.mark.parametrize("path", ["/ar/", "/ar/browse/body", "/ar/page/body/gctf", "/page/body/gctf?lang=ar"])
def test_a_page_whose_address_says_its_language_links_to_pages_in_that_language(
    server: Server, path: str
) -> None:
    addresses = re.findall(r'<(?:a|form)[^>]* (?:href|action)="(/[^"]*)"', server.ask(path, HTML).text)
    switches = {address for address in addresses if address.startswith(("/en/", "/fr/"))}
    assert len(switches) == 2
    assert len(addresses) > 15
    assert [
        address for address in addresses if not address.startswith("/ar/") and address not in switches
    ] == []


@pytest.mark.parametrize(("language", "tongue"), [("ar", "الإنجليزية"), ("fr", "anglais")])
def test_a_note_that_is_not_in_the_reader_s_language_says_which_it_is_in(
    server: Server, language: str, tongue: str
) -> None:
    text = server.ask(f"/{language}/page/post/co-facilitator-gcts-ninth-review", HTML).text
    (note,) = re.findall(r'<p class="text"[^>]*>The English, Arabic.*?</p>', text, re.DOTALL)
    assert note.startswith('<p class="text" lang="en" dir="ltr">')
    assert f'<abbr class="tongue" lang="{language}" title="{tongue}">en</abbr>' in note


def test_the_language_switch_stays_on_the_page_and_keeps_what_was_asked(server: Server) -> None:
    text = server.ask("/page/body/gctf?on=2024-01-01&lang=fr", HTML).text
    for language in LANGUAGES:
        assert f'href="/{language}/page/body/gctf?on=2024-01-01"' in text


def test_a_redirect_keeps_the_language(server: Server) -> None:
    assert server.ask("/ar/id/body/gctf", HTML).headers["Location"].endswith("/ar/page/body/gctf")


@pytest.mark.parametrize(
    ("value", "kind", "language", "spoken"),
    [
        ("2025-02-07", "date", "en", "7 February 2025"),
        ("2025-02-07", "date", "fr", "7 février 2025"),
        ("2025-02-07", "date", "ar", "7 فبراير 2025"),
        ("2025-02", "gYearMonth", "en", "February 2025"),
        ("2025-02", "gYearMonth", "ar", "فبراير 2025"),
        ("2025", "gYear", "fr", "2025"),
        ("--04-22", "gMonthDay", "en", "22 April"),
        ("--04-22", "gMonthDay", "ar", "22 أبريل"),
        ("2026-11-21T10:00:00Z", "dateTime", "en", "21 November 2026"),
        ("2025-02-31", "date", "en", "2025-02-31"),
    ],
)
def test_a_date_is_said_in_words_and_never_more_precisely_than_it_is(
    value: str, kind: str, language: str, spoken: str
) -> None:
    assert spoken_date(value, f"{XSD}{kind}", language) == spoken


def test_a_partial_date_keeps_its_machine_value_on_the_page(server: Server) -> None:
    text = server.ask("/ar/page/instrument/uncct-imctc-mou-2025", HTML).text
    assert re.search(r'<time datetime="2025-02">(<[^>]+>)?فبراير 2025', text)
    assert re.search(r'<time datetime="2025-02-10">(<[^>]+>)?10 فبراير 2025', text)


def test_a_duration_is_said_in_words() -> None:
    assert [spoken_duration("P3Y", language) for language in LANGUAGES] == ["3 years", "3 سنوات", "3 ans"]
    assert spoken_duration("P1Y6M", "en") == "1 year, 6 months"
    assert spoken_duration("PT5H", "en") == "PT5H"


def test_numbers_are_grouped_and_languages_named_as_the_reader_does() -> None:
    assert [spoken_number(12345, language) for language in LANGUAGES] == ["12,345", "12,345", "12\u202f345"]
    assert spoken_number("many", "en") == "many"
    assert [spoken_size(3_600_000, language) for language in LANGUAGES] == [
        "3.6 MB",
        "3.6 م.ب",
        "3,6\u202fMo",
    ]
    assert [spoken_size(size, "en") for size in (849, 23, 20_900_000_000)] == ["0.8 kB", "0.1 kB", "20.9 GB"]
    assert [spoken_share(0.443, language) for language in LANGUAGES] == ["44%", "44%", "44\u00a0%"]
    assert [language_name("ar", language) for language in LANGUAGES] == ["Arabic", "العربية", "arabe"]
