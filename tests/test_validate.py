"""Validation as a service: what is posted, what comes back, and what a hostile document cannot do."""

from __future__ import annotations

import html
import json
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, expect
from pyoxigraph import Literal, NamedNode, RdfFormat, Store, parse, serialize

from legation.namespaces import LEGSH, PREFIXES
from legation.serve.validate.posted import NotReadError, read
from tests.browsing import browsing
from tests.projects import ROOT
from tests.serving import Answer, Server, serving, was_touched, watched_socket

SH = PREFIXES["sh"]
MESSAGE = NamedNode(f"{SH}resultMessage")
VALID = ROOT / "tests/shapes/valid/Tenure-holder.ttl"
INVALID = ROOT / "tests/shapes/invalid/Tenure-holder.ttl"
FORMATS = {
    "text/turtle": RdfFormat.TURTLE,
    "application/n-triples": RdfFormat.N_TRIPLES,
    "application/rdf+xml": RdfFormat.RDF_XML,
    "application/ld+json": RdfFormat.JSON_LD,
    "application/trig": RdfFormat.TRIG,
    "application/n-quads": RdfFormat.N_QUADS,
}
HTML = {"Accept": "text/html"}


def post(
    server: Server, body: bytes | str, kind: str = "text/turtle", accept: str = "text/turtle", path: str = ""
) -> Answer:
    """Post a document as it is."""
    sent = body.encode() if isinstance(body, str) else body
    return server.ask(f"{path}/validate", {"Content-Type": kind, "Accept": accept}, "POST", sent)


def rules(report: Store) -> set[str]:
    """The shapes that a report names."""
    found = report.quads_for_pattern(None, NamedNode(f"{SH}sourceShape"), None, None)
    return {quad.object.value.removeprefix(LEGSH) for quad in found if isinstance(quad.object, NamedNode)}


def conforms(report: Store) -> bool:
    (said,) = report.quads_for_pattern(None, NamedNode(f"{SH}conforms"), None, None)
    return said.object.value == "true"  # type: ignore[union-attr]


@pytest.mark.parametrize("kind", FORMATS)
def test_a_document_is_validated_in_every_format(server: Server, kind: str) -> None:
    body = serialize(parse(path=INVALID, format=RdfFormat.TURTLE), format=FORMATS[kind])
    answer = post(server, body or b"", kind)
    assert answer.status == 200, answer.text
    assert rules(answer.triples()) == {"Tenure-holder"}
    assert not conforms(answer.triples())


@pytest.mark.parametrize("accept", ["text/turtle", "application/ld+json", "application/rdf+xml"])
def test_the_report_comes_in_the_format_that_is_asked_for(server: Server, accept: str) -> None:
    answer = post(server, INVALID.read_bytes(), accept=accept)
    assert answer.type == accept
    assert rules(answer.triples()) == {"Tenure-holder"}


def test_a_document_that_keeps_every_rule_conforms(server: Server) -> None:
    answer = post(server, VALID.read_bytes())
    assert conforms(answer.triples())
    assert rules(answer.triples()) == set()


def test_a_report_says_each_result_in_three_languages(server: Server) -> None:
    report = post(server, INVALID.read_bytes()).triples()
    said = [quad.object for quad in report.quads_for_pattern(None, MESSAGE, None)]
    assert sorted(text.language or "" for text in said if isinstance(text, Literal)) == ["ar", "en", "fr"]


@pytest.mark.parametrize("language", ["ar", "en", "fr"])
def test_a_person_reads_each_result_in_their_language_with_the_way_to_its_rule(
    server: Server, language: str
) -> None:
    text = post(server, INVALID.read_bytes(), accept="text/html", path=f"/{language}").text
    assert f'href="/{language}/shapes#Tenure-holder"' in text
    message = {
        "ar": "سمِّ صاحب منصب واحداً لا غير بالخاصية leg:holder: شخصاً أو هيئة؛ فصاحبان تولّيان.",
        "en": "Name exactly one holder with leg:holder: a person or a body; two holders are two tenures.",
        "fr": "Nommez un titulaire, un seul, avec leg:holder\u00a0: une personne ou un organisme\u00a0; "
        "deux titulaires sont deux exercices.",
    }[language]
    assert message in html.unescape(text)


def test_things_of_the_release_are_known_by_their_classes(server: Server) -> None:
    claim = "claim:gctf-nd-co-chairs-999 a leg:Tenure ; leg:holder {} ; leg:post post:gctf-co-chair ; "
    claim += "leg:rank leg:NormalRank ; leg:capacity leg:Substantive ; leg:basis leg:Stated ; "
    claim += "leg:evidence source:gctf-nd-co-chairs ."
    head = "".join(
        f"PREFIX {name}: <{PREFIXES[name]}>\n" for name in ("claim", "leg", "person", "post", "source")
    )
    assert rules(post(server, head + claim.format("person:omar-hilale")).triples()) == set()
    assert "Tenure-holder" in rules(post(server, head + claim.format("post:gctf-co-chair")).triples())
    assert "Tenure-holder" in rules(post(server, head + claim.format("person:nobody-known")).triples())


def test_what_the_document_does_not_describe_is_not_reported(server: Server) -> None:
    assert conforms(
        post(
            server,
            "<https://example.org/a> <https://example.org/b> person:x .".replace(
                "person:x", f"<{PREFIXES['person']}omar-hilale>"
            ),
        ).triples()
    )


def test_a_document_that_cannot_be_read_is_told_where(server: Server) -> None:
    answer = post(server, "<https://example.org/a> a .\n")
    assert answer.status == 400
    problem = answer.json()
    assert problem["type"].endswith("/problems/document-error")
    assert (problem["line"], problem["column"]) == (1, 27)
    shown = post(server, "<https://example.org/a> a .\n", accept="text/html")
    assert shown.status == 400
    assert "Line 1, column 27" in shown.text


def test_a_type_that_is_no_rdf_is_refused_with_what_is_taken(server: Server) -> None:
    answer = post(server, "x", "application/pdf")
    assert answer.status == 415
    assert "text/turtle" in answer.headers["Accept-Post"]


def test_the_project_s_own_context_is_at_hand_and_no_other_is_fetched(server: Server) -> None:
    document = {"@context": "https://w3id.org/legation/context.jsonld", "@id": "claim:x-1", "@type": "Tenure"}
    found = post(server, json.dumps(document), "application/ld+json").triples()
    assert "Tenure-holder" in rules(found)
    with watched_socket() as listener:
        elsewhere = f"http://127.0.0.1:{listener.getsockname()[1]}/context.jsonld"
        for context in (elsewhere, [elsewhere], {"@import": elsewhere}):
            body = json.dumps({"@context": context, "@id": "http://example.org/a", "http://example.org/b": 1})
            answer = post(server, body, "application/ld+json")
            assert answer.status == 400, context
        assert not was_touched(listener)


def rdf_xml(entities: str, text: str) -> str:
    rdf = PREFIXES["rdf"]
    return (
        f'<?xml version="1.0"?><!DOCTYPE r [{entities}]><r:RDF xmlns:r="{rdf}" xmlns:e="http://example.org/">'
        f'<r:Description r:about="http://example.org/a"><e:b>{text}</e:b></r:Description></r:RDF>'
    )


@pytest.mark.parametrize(
    ("entities", "text"),
    [
        ('<!ENTITY a "lol"><!ENTITY b "&a;&a;">', "&b;"),
        (f'<!ENTITY a "{"x" * 100_000}">', "&a;" * 100),
        ('<!ENTITY a SYSTEM "file:///etc/hostname">', "&a;"),
        ('<!ENTITY % a SYSTEM "http://127.0.0.1/">', ""),
    ],
)
def test_an_xml_document_can_neither_blow_up_nor_reach_out(server: Server, entities: str, text: str) -> None:
    answer = post(server, rdf_xml(entities, text), "application/rdf+xml")
    assert answer.status == 400
    assert "entit" in answer.json()["detail"]


def test_plain_entities_are_read() -> None:
    (triple,) = read(rdf_xml('<!ENTITY e "x">', "&e;&amp;").encode(), RdfFormat.RDF_XML, {})
    assert triple.object.value == "x&"  # type: ignore[union-attr]


def test_triple_terms_are_refused_by_name() -> None:
    with pytest.raises(NotReadError, match=r"RDF 1\.2"):
        read(b"<http://a> <http://b> <<( <http://a> <http://b> 1 )>> .", RdfFormat.TURTLE, {})


def test_a_document_over_the_limit_is_not_read(release: Path) -> None:
    with serving(release, "--document-limit", "1", "--workers", "1") as small:
        assert post(small, "# " + "x" * 2048).status == 413
        assert post(small, "# " + "x" * 512).status == 200
        form = urlencode({"document": "# " + "x" * 2048, "syntax": "ttl"})
        answer = small.ask(
            "/validate", {"Content-Type": "application/x-www-form-urlencoded", **HTML}, "POST", form.encode()
        )
        assert answer.status == 413
        assert answer.type == "text/html"


def test_a_validation_that_takes_too_long_is_ended_and_the_next_is_answered(release: Path) -> None:
    leg = PREFIXES["leg"]
    heavy = f"PREFIX leg: <{leg}>\n" + "\n".join(
        f"<{PREFIXES['claim']}x-{n}> a leg:Tenure ; leg:rank leg:NormalRank ." for n in range(6000)
    )
    with serving(release, "--time-limit", "6", "--workers", "1") as hurried:
        late = post(hurried, heavy)
        assert late.status == 503, late.text[:300]
        assert late.json()["limit"] == 6
        assert post(hurried, VALID.read_bytes()).status == 200


def test_a_document_is_pasted_and_its_results_are_read(chromium: Browser, server: Server) -> None:
    with browsing(chromium, server, script=False) as tab:
        tab.goto("/en/validate")
        tab.get_by_label("Document").fill(INVALID.read_text(encoding="utf-8"))
        tab.get_by_role("button", name="Validate").click()
        expect(tab.get_by_role("heading", name="1 result")).to_be_visible()
        tab.locator(".results a[href*='/shapes#']").click()
        assert tab.url.endswith("/shapes#Tenure-holder")
        expect(tab.locator("#Tenure-holder")).to_be_visible()


def test_a_file_is_chosen_and_validated_by_its_suffix(
    chromium: Browser, server: Server, tmp_path: Path
) -> None:
    file = tmp_path / "claims.nt"
    file.write_bytes(serialize(parse(path=VALID, format=RdfFormat.TURTLE), format=RdfFormat.N_TRIPLES) or b"")
    with browsing(chromium, server, script=False) as tab:
        tab.goto("/fr/validate")
        tab.locator("#file").set_input_files(file)
        tab.locator("form.paste button").first.click()
        expect(tab.locator(".verdict.holds")).to_be_visible()
