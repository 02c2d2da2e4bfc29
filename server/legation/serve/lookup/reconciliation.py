"""From a name in somebody's table to the things it may name, each with a score and what the score is made of.

The queries are those of the Reconciliation Service API 0.2; docs/reconciliation.md explains score and match.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import log1p
from types import MappingProxyType
from typing import Final

from pyoxigraph import Literal, NamedNode

from legation.folding import fold
from legation.namespaces import ID, LEG
from legation.serve.engine import Engine
from legation.serve.lookup.batch import Constraint, Query
from legation.serve.lookup.catalogue import DATE, DATES, STATE, WIKIDATA, WORKED_OUT, Catalogue
from legation.serve.lookup.index import Entry, NameIndex
from legation.serve.lookup.matching import LONGEST, Fit, candidates, fit_of, nearest, search, understand
from legation.serve.lookup.values import (
    DATE_TEXT,
    XSD,
    Reference,
    Term,
    Values,
    Wanted,
    iri_of,
    is_state,
    thing_called,
)
from legation.serve.web.iris import ENTITY_KINDS
from legation.serve.words.messages import marked

COMPARED: Final = 60
"""Candidates whose values are looked at for one query."""

NAMED: Final = 0.7
"""How much the name counts beside the constraints, where there are any."""
OF_ANOTHER_TYPE: Final = 0.6
IN_ANOTHER_LANGUAGE: Final = 0.995
LEAST_SCORE: Final = 25.0
SAFE_NAME: Final = 85.0
SAFE_CONSTRAINT: Final = 0.8
SAFE_DISTANCE: Final = 10.0
SHORT: Final = 3
"""Names of so few letters must be the same to be taken for a match."""

FEATURES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "name": marked("How well the name fits, 0 to 100"),
        "language": marked("Whether the name that fits is in the language asked for"),
        "type": marked("Whether the thing is of the types asked for"),
        "state": marked("How well the states of the thing fit, 0 to 100"),
        "dates": marked("How well the dates of the thing fit, 0 to 100"),
        "properties": marked("How well the other properties asked for fit, 0 to 100"),
        "links": marked("How many things speak of it, from 0 to 100 on a logarithmic scale"),
    }
)
"""The features that explain a score, in the order they are told: messages."""

BY_VALUE: Final = "SELECT DISTINCT ?thing ?property ?value WHERE { ?thing ?property ?value } LIMIT 60"
BY_ANY: Final = "SELECT DISTINCT ?thing ?value WHERE { ?thing ?any ?value FILTER(isIRI(?thing)) } LIMIT 60"


@dataclass(frozen=True)
class Candidate:
    """A thing that a query may mean. ``match``: it is safe to take it for the one that is meant."""

    entry: Entry
    score: float
    features: Mapping[str, float | bool]
    match: bool = False


@dataclass(frozen=True)
class Reconciler:
    """Answers queries about one release in one language."""

    index: NameIndex
    values: Values
    catalogue: Catalogue
    engine: Engine
    language: str

    def answer(self, query: Query) -> list[Candidate]:
        """Return the things that ``query`` may mean, the likeliest first, ``query.limit`` at most."""
        fits = self._fits(query)
        best = sorted(fits, key=lambda fit: (-name_score(fit), fit.entry.id))[:COMPARED]
        scored = [one for fit in best if (one := self._candidate(query, fit)) is not None]
        ranked = sorted(scored, key=lambda one: (-one.score, -one.entry.links, one.entry.id))
        decided = [replace(ranked[0], match=is_safe(query, ranked)), *ranked[1:]] if ranked else []
        return decided[: query.limit]

    def _fits(self, query: Query) -> list[Fit]:
        """Return the things whose names fit, each by its best name; without a name, those with the values."""
        if not query.text:
            return [Fit(entry, 1.0, 1.0, same=True) for entry in self._by_values(query)]
        called = self._called(query.text)
        kinds = self._kinds(query)
        fits = [*called, *self._named(query.text, kinds)]
        if query.types and query.strict == "should" and not any(name_score(fit) >= SAFE_NAME for fit in fits):
            fits += self._named(query.text, ENTITY_KINDS)
        best: dict[str, Fit] = {}
        for fit in fits:
            held = best.get(fit.entry.thing)
            if held is None or self._order(fit) > self._order(held):
                best[fit.entry.thing] = fit
        return list(best.values())

    def _order(self, fit: Fit) -> tuple[float, bool]:
        return name_score(fit), fit.entry.language in ("", self.language)

    def _kinds(self, query: Query) -> list[str]:
        found = {kind for type_ in query.types for kind in self.catalogue.kinds_of.get(type_, ())}
        return sorted(found) or list(ENTITY_KINDS)

    def _named(self, text: str, kinds: Sequence[str]) -> list[Fit]:
        """Return names like ``text``: with all its words, else misprinted or respelled, or with most."""
        strict = understand(self.index, text)
        found = [(strict, entry) for entry in candidates(self.index, strict, kinds)]
        if not any(entry.folded == strict.folded for _, entry in found):
            loose = understand(self.index, text, loosely=True)
            found += [(loose, entry) for entry in candidates(self.index, loose, kinds)]
            found += [(loose, entry) for entry in nearest(self.index, loose, kinds, COMPARED * 2)]
        return [fit_of(self.index, question, entry) for question, entry in found]

    def _called(self, text: str) -> list[Fit]:
        """Return the thing that ``text`` is the identifier of."""
        thing = thing_called(text.strip())
        entries = self.index.names_of([thing.value]) if thing is not None else []
        return [Fit(entry, 1.0, 1.0, same=True) for entry in entries]

    def _by_values(self, query: Query) -> list[Entry]:
        """Return the things that have a value that a constraint asks for."""
        things: dict[str, None] = {}
        for constraint in query.constraints:
            for value in (term for wanted in constraint.values for term in self._terms(wanted)):
                things |= dict.fromkeys(self._having(constraint.property, value))
        kinds = self._kinds(query)
        chosen: dict[str, Entry] = {}
        for entry in self.index.names_of(list(things)[: 2 * COMPARED]):
            if entry.kind in kinds:
                chosen.setdefault(entry.thing, entry)
        return list(chosen.values())

    def _having(self, name: str, value: Term) -> Iterable[str]:
        if name in WORKED_OUT:
            rows = self.engine.select(BY_ANY, {"value": value})
        else:
            rows = self.engine.select(BY_VALUE, {"property": NamedNode(name), "value": value})
        found = (row["thing"] for row in rows)
        return [thing.value for thing in found if isinstance(thing, NamedNode) and thing.value.startswith(ID)]

    def _terms(self, wanted: Wanted) -> list[Term]:
        """Return the terms that a value in a table may stand for."""
        if isinstance(wanted, Reference):
            return [NamedNode(iri_of(wanted.id))] if " " not in wanted.id else []
        if isinstance(wanted, bool):
            return [Literal(wanted)]
        if isinstance(wanted, float):
            return [Literal(int(wanted))] if wanted.is_integer() else [Literal(wanted)]
        text = wanted.strip()
        terms: list[Term] = [Literal(text)]
        if text.isascii() and text.isdigit():
            terms.append(Literal(int(text)))
        if (date := DATE_TEXT.fullmatch(text)) is not None:
            precision = ("gYear", "gYearMonth", "date")[sum(1 for part in date.groups()[1:] if part)]
            terms.append(Literal(text.partition("T")[0], datatype=NamedNode(f"{XSD}{precision}")))
        if text[:1] == "Q" and text[1:].isdigit():
            terms.append(NamedNode(f"{WIKIDATA}{text}"))
        if (thing := thing_called(text)) is not None:
            terms.append(thing)
        same = [hit for hit in search(self.index, text[:LONGEST]).hits[:5] if hit.fit.same]
        return [*terms, *(NamedNode(hit.fit.entry.thing) for hit in same)]

    def _candidate(self, query: Query, fit: Fit) -> Candidate | None:
        """Return a scored candidate; ``None`` where the query rules the thing out."""
        name = name_score(fit)
        typed = is_of(query, fit.entry)
        told: list[tuple[Constraint, float]] = self._compared(query, fit.entry) if query.constraints else []
        if (not typed and query.strict != "should") or any(
            c.required and alike < SAFE_CONSTRAINT for c, alike in told
        ):
            return None
        spoken = fit.entry.language in ("", self.language)
        score = name
        if told:
            alike = 100 * sum(alike for _, alike in told) / len(told)
            score = NAMED * name + (1 - NAMED) * alike if query.text else alike
        score *= (1.0 if typed else OF_ANOTHER_TYPE) * (1.0 if spoken else IN_ANOTHER_LANGUAGE)
        if score < LEAST_SCORE:
            return None
        features: dict[str, float | bool] = {"name": round(name, 1)} if query.text else {}
        features["language"] = spoken
        if query.types:
            features["type"] = typed
        features |= told_by_feature(told)
        features["links"] = round(min(100.0, 100 * log1p(fit.entry.links) / log1p(1000)), 1)
        return Candidate(fit.entry, round(score, 2), MappingProxyType(features))

    def _compared(self, query: Query, entry: Entry) -> list[tuple[Constraint, float]]:
        said = self.values.of([NamedNode(entry.thing)]).get(entry.thing, {})
        return [
            (
                constraint,
                self._fulfilled(constraint, self.values.worked_out(entry.thing, said, constraint.property)),
            )
            for constraint in query.constraints
        ]

    def _fulfilled(self, constraint: Constraint, there: Sequence[Term]) -> float:
        """Return how well a thing with these values fulfils a constraint, 0 to 1."""
        alike = [
            max((self.values.likeness(value, wanted) for value in there), default=0.0)
            for wanted in constraint.values
        ]
        if constraint.quantifier == "none":
            return 1.0 - max(alike, default=0.0)
        return min(alike, default=0.0) if constraint.quantifier == "all" else max(alike, default=0.0)


def name_score(fit: Fit) -> float:
    """Return how well a name fits, 0 to 100: what is asked for is in it, and it in what is asked for."""
    if fit.same:
        return 100.0
    both = 2 * fit.found * fit.covered / (fit.found + fit.covered) if fit.found and fit.covered else 0.0
    return 99.0 * both


def is_of(query: Query, entry: Entry) -> bool:
    """Tell whether a thing is of the classes that a query asks for."""
    there = {f"{LEG}{name}" for name in entry.types.split()}
    if not query.types:
        return True
    return there.issuperset(query.types) if query.strict == "all" else not there.isdisjoint(query.types)


def told_by_feature(told: Sequence[tuple[Constraint, float]]) -> dict[str, float | bool]:
    """Return how well constraints are fulfilled, by feature, 0 to 100."""
    by: dict[str, list[float]] = {}
    for constraint, alike in told:
        by.setdefault(feature_of(constraint), []).append(100 * alike)
    return {name: round(sum(several) / len(several), 1) for name, several in by.items()}


def feature_of(constraint: Constraint) -> str:
    """Return the feature that a constraint is told under: states, dates, or the other properties."""
    name = constraint.property
    if name in DATES or name == DATE:
        return "dates"
    references = [iri_of(value.id) for value in constraint.values if isinstance(value, Reference)]
    return "state" if name == STATE or any(map(is_state, references)) else "properties"


def is_apart(first: Candidate, second: Candidate) -> bool:
    """Tell whether the second candidate is no rival: of another name, where the first has the very name."""
    if first.features.get("name") == 100.0 and second.features.get("name") != 100.0:  # noqa: PLR2004  # the same
        return first.score > second.score
    return first.score - second.score >= SAFE_DISTANCE


def is_safe(query: Query, ranked: Sequence[Candidate]) -> bool:
    """Tell whether the first candidate can be taken for what is meant without anybody looking.

    Its name fits but for a small misprint, nothing asked for speaks against it, and no other comes near.
    """
    first = ranked[0]
    if len(ranked) > 1 and not is_apart(first, ranked[1]):
        return False
    if first.features.get("type") is False:
        return False
    if any(
        first.features.get(one, 100.0) < 100 * SAFE_CONSTRAINT for one in ("state", "dates", "properties")
    ):
        return False
    if not query.text:
        return first.score >= 100 * SAFE_CONSTRAINT
    least = 100.0 if len(fold(query.text)) <= SHORT else SAFE_NAME
    return first.features["name"] >= least
