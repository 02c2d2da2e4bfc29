"""The documentation of ontology and shapes, as pages."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from pyoxigraph import Literal, NamedNode, RdfFormat, Store, parse

from legation.namespaces import LEG, LEGSH, PREFIXES
from legation.serve.model.term_changes import compare
from tests.browsing import browsing
from tests.serving import Server

HTML = {"Accept": "text/html"}
DEFINITION = NamedNode(f"{PREFIXES['skos']}definition")
MESSAGE = NamedNode(f"{PREFIXES['sh']}message")
PAGES = {"ontology": LEG, "shapes": LEGSH}


def graph(release: Path, name: str) -> Store:
    store = Store()
    store.bulk_load(path=str(release / f"{name}.nt"), format=RdfFormat.N_TRIPLES)
    return store


def article(text: str, anchor: str) -> str:
    """The part of a page that documents one term."""
    found = re.search(rf'<article class="term" id="{re.escape(anchor)}".*?</article>', text, re.DOTALL)
    assert found is not None, anchor
    return html.unescape(found[0])


@pytest.mark.parametrize("language", ["ar", "en", "fr"])
@pytest.mark.parametrize("name", PAGES)
def test_every_term_has_one_anchor_on_the_page_of_its_vocabulary(
    server: Server, release: Path, name: str, language: str
) -> None:
    text = server.ask(f"/{language}/{name}", HTML).text
    subjects = {
        quad.subject.value
        for quad in parse(path=release / f"{name}.nt", format=RdfFormat.N_TRIPLES)
        if isinstance(quad.subject, NamedNode) and quad.subject.value.startswith(PAGES[name])
    }
    assert len(subjects) > 200
    anchors = re.findall(r' id="([^"]+)"', text)
    assert len(anchors) == len(set(anchors)), "an anchor stands twice"
    assert {iri.removeprefix(PAGES[name]) for iri in subjects} - set(anchors) == set()


@pytest.mark.parametrize("language", ["ar", "en", "fr"])
def test_a_term_is_defined_in_the_reader_s_language(server: Server, release: Path, language: str) -> None:
    told = article(server.ask(f"/{language}/ontology", HTML).text, "Tenure")
    definitions = graph(release, "ontology").quads_for_pattern(NamedNode(f"{LEG}Tenure"), DEFINITION, None)
    said = [quad.object for quad in definitions if isinstance(quad.object, Literal)]
    (wanted,) = [literal.value for literal in said if literal.language == language]
    assert f'lang="{language}"' in told
    assert wanted in told


def test_a_class_shows_how_often_it_is_used_where_and_by_which_rules_it_is_bound(server: Server) -> None:
    told = article(server.ask("/en/ontology", HTML).text, "Tenure")
    assert re.search(r"\b\d{3,4} times|\d,\d{3} times", told)
    assert "/en/page/claim/" in told, "an example from the data"
    assert 'href="/en/shapes#Tenure-holder"' in told
    assert "Name exactly one holder with leg:holder" in told
    assert "/en/questions/01-co-facilitators" in told
    assert 'href="#holder"' in told, "what it may carry"


def test_a_class_that_may_carry_what_the_class_above_may_leads_there(server: Server) -> None:
    told = article(server.ask("/en/ontology", HTML).text, "Forum")
    assert re.search(r'May carry</dt><dd>see <a href="#Body">', told)


def test_a_property_shows_its_ends_and_an_example(server: Server) -> None:
    told = article(server.ask("/en/ontology", HTML).text, "seat")
    assert 'href="#Body"' in told
    assert 'href="#Place"' in told
    assert "/en/page/place/" in told


def test_a_shape_shows_its_message_and_its_constraints(server: Server) -> None:
    told = article(server.ask("/ar/shapes", HTML).text, "Tenure-holder")
    assert "سمِّ صاحب منصب واحداً لا غير" in told
    assert 'href="/ar/ontology#holder"' in told
    assert "sh:maxCount" in told


@pytest.mark.parametrize(("language", "claim_is_left"), [("en", True), ("ar", False)])
def test_the_diagram_is_drawn_by_the_server_and_reads_in_the_direction_of_the_language(
    chromium: Browser, server: Server, language: str, claim_is_left: bool
) -> None:
    with browsing(chromium, server, script=False) as tab:
        tab.goto(f"/{language}/ontology")
        boxes = tab.locator("svg.diagram g.box")
        expect(boxes).to_have_count(13)
        first, last = boxes.first.bounding_box(), boxes.last.bounding_box()
        assert first is not None and last is not None
        assert (first["x"] < last["x"]) == claim_is_left
        for text in boxes.locator("text").all():
            inside = text.bounding_box()
            assert inside is not None
            assert first["width"] - 4 >= inside["width"], text.text_content()


def test_an_anchor_lands_on_its_term(chromium: Browser, server: Server) -> None:
    with browsing(chromium, server, script=False) as tab:
        tab.goto("/en/ontology#Tenure")
        expect(tab.locator("#Tenure")).to_be_in_viewport()
        tab.locator("#Tenure summary").last.click()
        tab.locator("#Tenure a[href$='/shapes#Tenure-holder']").click()
        expect(tab.locator("#Tenure-holder")).to_be_in_viewport()


def test_the_other_formats_stay(server: Server) -> None:
    for name, vocabulary in PAGES.items():
        told = server.ask(f"/{name}", {"Accept": "text/turtle"}).triples()
        assert any(
            isinstance(quad.subject, NamedNode) and quad.subject.value.startswith(vocabulary) for quad in told
        )


def test_changes_between_versions_are_terms_new_gone_or_said_otherwise() -> None:
    def said(text: str) -> frozenset[object]:
        return frozenset(quad.triple for quad in parse(text, RdfFormat.N_TRIPLES))

    label = '<http://example.org/{0}> <http://www.w3.org/2000/01/rdf-schema#label> "{1}" .'
    before = {name: said(label.format(name, "old")) for name in "abc"}
    after = {"b": before["b"], "c": said(label.format("c", "new")), "d": said(label.format("d", "old"))}
    found = compare("1.0.0", before, after)  # type: ignore[arg-type]  # triples
    assert (found.since, found.added, found.removed, found.changed) == ("1.0.0", ("d",), ("a",), ("c",))
