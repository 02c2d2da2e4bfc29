"""What is asked of every server: queries and things of the synthetic world, the same in every run."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count, islice
from types import MappingProxyType
from typing import Final

from tests.bench.world import CLAIMS_PER_DOCUMENT, World

SEED: Final = 20261122
REPEATED: Final = 20
"""The same twenty queries, again and again."""

FEWEST: Final = 100
"""The least LIMIT of a query, above what any point query finds: it makes the text another, not the answer."""

MOST_GROUPS: Final = 1000
"""The least LIMIT of an analytic query, above the number of groups that there are."""

PROLOGUE: Final = """\
PREFIX dcterms: <http://purl.org/dc/terms/>
PREFIX leg: <https://w3id.org/legation/ontology#>
PREFIX oa: <http://www.w3.org/ns/oa#>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
"""

TENURES: Final = """\
SELECT ?post ?name ?start WHERE {
  ?tenure leg:holder <https://w3id.org/legation/id/person/h%d> ; leg:post ?post ; leg:start ?start .
  ?post skos:prefLabel ?name
} LIMIT %d"""
CLAIM: Final = """\
SELECT ?holder ?body WHERE {
  <https://w3id.org/legation/id/claim/%s> leg:holder/skos:prefLabel ?holder ; leg:post ?post .
  ?post leg:postIn/skos:prefLabel ?body . FILTER(LANG(?holder) = "en" && LANG(?body) = "en")
} LIMIT %d"""
POST: Final = """\
SELECT ?name ?role WHERE {
  <https://w3id.org/legation/id/post/p%d> skos:prefLabel ?name ; leg:role ?role
} LIMIT %d"""
PASSAGE: Final = """\
SELECT ?title ?start ?end WHERE {
  <https://w3id.org/legation/id/passage/%s> oa:hasSource/dcterms:title ?title ; oa:hasSelector ?at .
  ?at oa:start ?start ; oa:end ?end
} LIMIT %d"""

GROUP: Final = """\
SELECT ?state (COUNT(?tenure) AS ?tenures) (MIN(?start) AS ?first) WHERE {
  ?tenure leg:representing ?state ; leg:start ?start
} GROUP BY ?state ORDER BY DESC(?tenures) ?state LIMIT %d"""
PATH: Final = """\
SELECT ?role (COUNT(?tenure) AS ?tenures) WHERE {
  ?tenure leg:holder ?person ; leg:post/leg:role/skos:broader* ?role
} GROUP BY ?role ORDER BY ?role LIMIT %d"""
SORT: Final = """\
SELECT ?tenure ?name ?start WHERE {
  ?tenure leg:holder/skos:prefLabel ?name ; leg:start ?start . FILTER(LANG(?name) = "en")
} ORDER BY DESC(?start) ?name ?tenure LIMIT %d"""
ANALYTIC: Final[Mapping[str, str]] = MappingProxyType({"group": GROUP, "path": PATH, "sort": SORT})


@dataclass(frozen=True)
class Questions:
    """The questions about one world."""

    world: World

    def points(self, turn: int) -> Iterator[str]:
        """Yield point queries without end, none of them in any other ``turn``.

        They take turns in four shapes, and in each they go through all things of the kind.
        """
        shapes: tuple[tuple[Callable[[int, int], str], int], ...] = (
            (lambda n, limit: TENURES % (n, limit), self.world.people),
            (lambda n, limit: CLAIM % (_claim(n), limit), self.world.tenures),
            (lambda n, limit: POST % (n, limit), self.world.posts),
            (lambda n, limit: PASSAGE % (_claim(n), limit), self.world.tenures),
        )
        for number in count():
            shape, things = shapes[number % len(shapes)]
            lap, thing = divmod(number // len(shapes), things)
            yield PROLOGUE + shape(thing, FEWEST + 1000 * turn + lap)

    def repeated(self) -> list[str]:
        """Return the same few queries."""
        return list(islice(self.points(0), REPEATED))

    def analytic(self, kind: str, turn: int) -> str:
        """Return a query over the whole graph, another text in each ``turn``."""
        return PROLOGUE + ANALYTIC[kind] % (MOST_GROUPS + turn)

    def things(self, turn: int) -> list[str]:
        """Return persons, posts, claims and passages, as many of each, in another order in each ``turn``."""
        least = min(self.world.people, self.world.posts, self.world.tenures)
        found = [
            name
            for n in range(least)
            for name in (f"person/h{n}", f"post/p{n}", f"claim/{_claim(n)}", f"passage/{_claim(n)}")
        ]
        random.Random(SEED + turn).shuffle(found)  # noqa: S311  # no secret
        return found


def _claim(number: int) -> str:
    document, place = divmod(number, CLAIMS_PER_DOCUMENT)
    return f"d{document}-{place + 1}"
