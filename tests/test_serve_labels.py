"""Which name a reader sees."""

from __future__ import annotations

import pytest
from pyoxigraph import Literal

from legation.serve.words.labels import Text, choose, direction, spelled

ALL = [Literal("بيت", language="ar"), Literal("house", language="en"), Literal("maison", language="fr")]


@pytest.mark.parametrize(
    ("names", "language", "shown"),
    [
        (ALL, "ar", Text("بيت", "ar")),
        (ALL, "en", Text("house", "en")),
        (ALL, "fr", Text("maison", "fr")),
        (ALL[:2], "fr", Text("house", "en")),
        (ALL[::2], "en", Text("maison", "fr")),
        (ALL[:1], "fr", Text("بيت", "ar")),
        ([Literal("plain")], "ar", Text("plain", "")),
        ([Literal("Haus", language="de")], "en", Text("Haus", "de")),
        ([Literal("colour", language="en-gb"), ALL[0]], "en", Text("colour", "en-gb")),
        ([Literal("b", language="en"), Literal("a", language="en")], "en", Text("a", "en")),
        ([], "en", None),
    ],
)
def test_the_name_is_in_the_reader_s_language_or_the_next_best_and_says_which(
    names: list[Literal], language: str, shown: Text | None
) -> None:
    assert choose(names, language) == shown


@pytest.mark.parametrize(
    ("language", "way"), [("ar", "rtl"), ("ar-MA", "rtl"), ("en", "ltr"), ("fr-CA", "ltr")]
)
def test_a_language_has_a_direction(language: str, way: str) -> None:
    assert direction(language) == way
    assert Text("x", language).direction == way
    assert Text("x").direction == "auto"


@pytest.mark.parametrize(
    ("iri", "short"),
    [
        ("https://w3id.org/legation/ontology#Tenure", "leg:Tenure"),
        ("https://w3id.org/legation/id/person/x", "person:x"),
        ("http://www.w3.org/2004/02/skos/core#prefLabel", "skos:prefLabel"),
        ("urn:x", "urn:x"),
    ],
)
def test_an_iri_without_a_name_is_shown_by_its_prefix(iri: str, short: str) -> None:
    assert spelled(iri) == short
