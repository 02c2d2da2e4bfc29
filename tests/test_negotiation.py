"""Content negotiation, as a specification: what is offered, what is asked for, what is sent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legation.serve.web.formats import GRAPH_OFFERS, HTML, RESULT_OFFERS
from legation.serve.web.negotiation import Offer, choose, choose_language, parse_accept, quality_of

OFFERS = (*GRAPH_OFFERS, HTML)
FLOWED = (Offer("plain", "text/plain"), Offer("flowed", "text/plain", {"format": "flowed"}))

CHROME = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
RDFLIB = "application/sparql-results+json, application/rdf+xml, text/turtle;q=0.9, */*;q=0.1"


@pytest.mark.parametrize(
    ("accept", "sent"),
    [
        # whoever does not mind gets the first offer
        (None, "ttl"),
        ("", "ttl"),
        ("*/*", "ttl"),
        # an exact type
        ("text/turtle", "ttl"),
        ("application/ld+json", "jsonld"),
        ("application/rdf+xml", "rdf"),
        ("application/n-triples", "nt"),
        ("application/n-quads", "nq"),
        ("application/trig", "trig"),
        ("text/html", "html"),
        ("TEXT/Turtle", "ttl"),
        # what nobody offers
        ("image/png", None),
        ("application/json", None),
        # quality decides
        ("text/turtle;q=0.5, application/ld+json", "jsonld"),
        ("text/turtle;q=0.5, application/ld+json;q=0.6", "jsonld"),
        ("text/turtle;q=0.001", "ttl"),
        ("text/turtle; q=0.3 , application/trig ; q=0.4", "trig"),
        # equal quality: the server's order
        ("application/trig, text/turtle", "ttl"),
        # q=0 is a refusal
        ("text/turtle;q=0", None),
        ("text/turtle;q=0, */*", "jsonld"),
        ("text/*;q=0, */*", "jsonld"),
        # the most specific range decides, wherever it stands
        ("*/*, text/turtle;q=0.1", "jsonld"),
        ("text/*;q=0.1, text/turtle;q=0.9, */*;q=0.2", "ttl"),
        ("application/*", "jsonld"),
        ("text/*", "ttl"),
        ("*/*;q=0.1, text/html", "html"),
        # parameters that say nothing of ours
        ("text/turtle;charset=utf-8", "ttl"),
        ('application/ld+json;profile="http://www.w3.org/ns/json-ld#compacted"', "jsonld"),
        ('application/ld+json;profile="a,b;c=\\"d";q=0.9, text/turtle;q=0.5', "jsonld"),
        ("text/turtle;version=1.2", "ttl"),
        ("text/turtle;level=1", None),
        # members that are none are passed over
        ("text/turtle;q=2, application/trig", "trig"),
        ("text/turtle;q=x, application/trig", "trig"),
        ("turtle, application/trig", "trig"),
        (",,application/trig,", "trig"),
        ("nonsense", "ttl"),
        # real clients
        (CHROME, "html"),
        (RDFLIB, "rdf"),
        ("application/rdf+xml,text/turtle;q=0.9,*/*;q=0.5", "rdf"),
    ],
)
def test_the_best_offer_is_sent(accept: str | None, sent: str | None) -> None:
    chosen = choose(OFFERS, accept)
    assert (chosen.name if chosen else None) == sent


@pytest.mark.parametrize(
    ("accept", "sent"),
    [
        ("text/plain", "plain"),
        ("text/plain;format=flowed", "flowed"),
        ("text/plain;format=fixed", None),
        ("text/plain;q=0.2, text/plain;format=flowed", "flowed"),
        ("text/plain, text/plain;format=flowed;q=0.2", "plain"),
    ],
)
def test_a_parameter_is_more_specific_than_a_type(accept: str, sent: str | None) -> None:
    chosen = choose(FLOWED, accept)
    assert (chosen.name if chosen else None) == sent


@pytest.mark.parametrize(
    ("wanted", "sent"),
    [
        ("ttl", "ttl"),
        ("TTL", "ttl"),
        ("jsonld", "jsonld"),
        ("text/turtle", "ttl"),
        ("application/ld+json", "jsonld"),
        ("docx", None),
        ("", None),
    ],
)
def test_an_explicit_format_overrules_the_header(wanted: str, sent: str | None) -> None:
    chosen = choose(OFFERS, "text/html", wanted)
    assert (chosen.name if chosen else None) == sent


@pytest.mark.parametrize(
    ("accept", "wanted", "spoken"),
    [
        (None, None, "en"),
        ("", None, "en"),
        ("ar", None, "ar"),
        ("AR", None, "ar"),
        ("ar-MA", None, "ar"),
        ("fr-CA, ar;q=0.5", None, "fr"),
        ("fr;q=0.5, ar;q=0.8", None, "ar"),
        ("de, fr;q=0.1", None, "fr"),
        ("de", None, "en"),
        ("*", None, "en"),
        ("fr;q=0, ar;q=0.1", None, "ar"),
        ("en;q=0.2, zh-Hant-TW, ar;q=0.3", None, "ar"),
        ("ar", "fr", "fr"),
        ("ar", "de", "ar"),
        ("!!, fr", None, "fr"),
    ],
)
def test_the_language_is_the_reader_s(accept: str | None, wanted: str | None, spoken: str) -> None:
    assert choose_language(("en", "ar", "fr"), accept, wanted) == spoken


TOKEN = st.text("abcxyz0123+-.", min_size=1, max_size=8)
QVALUE = st.sampled_from(["0", "0.1", "0.25", "0.999", "1", "1.000"])
RANGE = st.one_of(
    st.just("*/*"),
    TOKEN.map(lambda type_: f"{type_}/*"),
    st.sampled_from([offer.media_type for offer in OFFERS]),
    st.tuples(TOKEN, TOKEN).map("/".join),
)
MEMBER = st.tuples(RANGE, QVALUE).map(lambda pair: f"{pair[0]};q={pair[1]}")


@given(st.text())
def test_any_header_at_all_is_read_without_failing(header: str) -> None:
    assert all(0 <= found.quality <= 1 for found in parse_accept(header))
    choose(OFFERS, header)
    choose_language(("en", "ar", "fr"), header, header)


@given(st.lists(MEMBER, min_size=1, max_size=6))
def test_nothing_better_is_ever_left_on_the_table(members: list[str]) -> None:
    ranges = parse_accept(", ".join(members))
    chosen = choose(OFFERS, ", ".join(members))
    qualities = [quality_of(offer, ranges) for offer in OFFERS]
    if chosen is None:
        assert max(qualities) == 0
    else:
        assert quality_of(chosen, ranges) == max(qualities) > 0


@given(st.lists(MEMBER, min_size=1, max_size=6))
def test_the_order_of_members_does_not_matter_between_different_ranges(members: list[str]) -> None:
    once = list({member.split(";")[0]: member for member in members}.values())
    assert choose(OFFERS, ", ".join(once)) == choose(OFFERS, ", ".join(reversed(once)))


@given(st.sampled_from([*GRAPH_OFFERS, *RESULT_OFFERS, HTML]))
def test_every_offer_can_be_had_by_its_own_type(offer: Offer) -> None:
    assert choose((*GRAPH_OFFERS, *RESULT_OFFERS, HTML), offer.media_type) == offer
