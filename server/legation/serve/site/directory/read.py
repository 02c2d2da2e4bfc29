"""Read the directory: pages of lists, counts of facets, the claims about a thing and what points at it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from pyoxigraph import Literal, NamedNode

from legation.namespaces import LEG
from legation.serve.site.directory.entries import FACETS, NAMES, Value
from legation.serve.words.labels import LANGUAGES

Term = NamedNode | Literal
Said = Mapping[str, Sequence[Term]]
"""What is stated about one thing: values by property."""

NAMES_OF: Final = """
SELECT COALESCE(stated -> :prefLabel, inferred -> :prefLabel, '[]'),
  COALESCE(stated -> :label, inferred -> :label, '[]'), COALESCE(stated -> :title, inferred -> :title, '[]')
FROM thing WHERE iri = :iri
"""
MAPPED: Final = 1 << 40
"""Bytes of the file that are read by mapping it, and so not once for each connection: all of it."""

PATHS_OF_NAMES: Final = MappingProxyType(
    {name.rpartition("#")[2].rpartition("/")[2]: f'$."{name}"' for name in NAMES}
)
WITHDRAWN: Final = f"{LEG}Withdrawn"
FOLDER: Final = Path(__file__).parent
SORTS: Final = ("name", "date", "claims")
"""What a list can be sorted by; with a minus in front of it, backwards."""

FEW: Final = 2000
"""Up to so many things it is quicker to look at all of them than to walk the whole kind in order."""


def _by_order(name: str) -> Mapping[tuple[str, bool], str]:
    """Return the query of a file for each column and direction that a list can be sorted by."""
    text = (FOLDER / name).read_text(encoding="utf-8")
    found = {}
    for column in (*LANGUAGES, "date", "claims"):
        for backwards in (False, True):
            after, way = ("<", "DESC") if backwards else (">", "ASC")
            ordered = text.partition("SELECT")[1] + text.partition("SELECT")[2]
            found[column, backwards] = (
                ordered.replace("SORT", column).replace("AFTER", after).replace("WAY", way)
            )
    return MappingProxyType(found)


DENSE: Final = _by_order("dense.sql")
SPARSE: Final = _by_order("sparse.sql")
MATCHING: Final = (FOLDER / "matching.sql").read_text(encoding="utf-8")
ALL_TALLIES: Final = """
SELECT value, things FROM tally WHERE kind = :kind AND facet = :facet ORDER BY things DESC, value
"""
TALLIES: Final = (FOLDER / "tallies.sql").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Filter:
    """Which things of a kind are wanted: those that have all these values (IRIs; a year in digits)."""

    type: str | None = None
    state: str | None = None
    body: str | None = None
    year: str | None = None

    def values(self) -> dict[str, str | None]:
        """Return the value of each facet, ``None`` where any will do."""
        return {facet: getattr(self, facet) for facet in FACETS}

    def asked(self) -> dict[str, str]:
        """Return the values that are asked for."""
        return {facet: value for facet, value in self.values().items() if value is not None}


@dataclass(frozen=True)
class Order:
    """How a list is sorted."""

    by: str = "name"
    backwards: bool = False
    language: str = LANGUAGES[0]
    """The language whose names are sorted."""


@dataclass(frozen=True)
class Place:
    """Where in a list a page begins: after the row with this IRI and this value of what it is sorted by."""

    value: str | int
    iri: str


@dataclass(frozen=True)
class Listed:
    """One row of a list."""

    id: int
    iri: str
    names: Mapping[str, str]
    date: str
    claims: int
    matter: tuple[str, ...]
    place: Place
    facets: Mapping[str, Sequence[str]] = field(default_factory=dict)


class Directory:
    """An opened directory. It never changes, so what was counted once is kept."""

    def __init__(self, path: Path) -> None:
        """Open the database at ``path`` for reading."""
        self._path = path
        self._connection = sqlite3.connect(
            f"{path.as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
        )
        self._connection.execute(f"PRAGMA mmap_size = {MAPPED}")
        self.count = lru_cache(maxsize=4096)(self._count)
        self.tallies = lru_cache(maxsize=4096)(self._tallies)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def opened_again(self) -> Directory:
        """Return the same directory for a thread that does not wait until others have read."""
        return Directory(self._path)

    def _rows(self, query: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        return self._connection.execute(query, values).fetchall()

    def kinds(self) -> dict[str, int]:
        """Return how many things there are of each kind."""
        return dict(self._rows("SELECT kind, COUNT(*) FROM thing GROUP BY kind", {}))

    def _lead(self, kind: str, wanted: Filter) -> dict[str, Any] | None:
        """Return the rarest of the values asked for, with how many have it; ``None`` where none is."""
        found = []
        for facet, value in wanted.asked().items():
            asked = {"kind": kind, "facet": facet, "value": value}
            query = "SELECT things FROM tally WHERE kind = :kind AND facet = :facet AND value = :value"
            rows = self._rows(query, asked)
            found.append({**asked, "things": rows[0][0] if rows else 0})
        return min(found, key=lambda one: int(one["things"]), default=None)

    def _count(self, kind: str, wanted: Filter) -> int:
        """Return how many things of ``kind`` are wanted."""
        lead = self._lead(kind, wanted)
        if lead is None:
            return int(self._rows("SELECT COUNT(*) FROM thing WHERE kind = :kind", {"kind": kind})[0][0])
        if len(wanted.asked()) == 1:
            return int(lead["things"])
        return int(self._rows(MATCHING, {**wanted.values(), **lead})[0][0])

    def _tallies(self, kind: str, wanted: Filter, facet: str) -> tuple[tuple[str, int], ...]:
        """Return the values of ``facet`` in what is wanted and how many have each, most frequent first."""
        lead = self._lead(kind, wanted)
        if lead is None:
            return tuple(self._rows(ALL_TALLIES, {"kind": kind, "facet": facet}))
        return tuple(self._rows(TALLIES, {**wanted.values(), **lead, "counted": facet}))

    def page(
        self, kind: str, wanted: Filter, order: Order, limit: int, after: Place | None = None
    ) -> list[Listed]:
        """Return the rows of a list after a place, at most ``limit``."""
        lead = self._lead(kind, wanted)
        column = order.language if order.by == "name" else order.by
        queries = DENSE if lead is None or lead["things"] > FEW else SPARSE
        place = {"place": after.value if after else None, "iri": after.iri if after else None}
        values = {"kind": kind, **wanted.values(), **(lead or {}), **place, "limit": limit}
        rows = self._rows(queries[column, order.backwards], values)
        return [self._listed(row) for row in rows]

    def _listed(self, row: tuple[Any, ...]) -> Listed:
        number, iri, names, date, claims, matter, place = row
        query = "SELECT facet, value FROM facet WHERE thing = :thing ORDER BY facet, value"
        facets: dict[str, list[str]] = {}
        for facet, value in self._rows(query, {"thing": number}):
            facets.setdefault(facet, []).append(value)
        return Listed(
            number, iri, json.loads(names), date, claims, tuple(matter.split()), Place(place, iri), facets
        )

    def iris(self, kind: str, limit: int, offset: int = 0) -> list[str]:
        """Return IRIs of things of ``kind``, as the dataset sorts them, at most ``limit``."""
        query = "SELECT iri FROM thing WHERE kind = :kind ORDER BY id LIMIT :limit OFFSET :offset"
        return [iri for (iri,) in self._rows(query, {"kind": kind, "limit": limit, "offset": offset})]

    def said(self, iris: Sequence[str], names: Container[str] | None = None) -> dict[str, Said]:
        """Return what is stated about those of ``iris`` that are things; only by ``names``, where given."""
        query = "SELECT iri, stated FROM thing WHERE iri IN (SELECT value FROM json_each(:iris))"
        rows = self._rows(query, {"iris": json.dumps(list(iris))})
        return {iri: _terms(stated, names) for iri, stated in rows}

    def whole(self, iris: Iterable[str]) -> dict[str, dict[str, list[Value]]]:
        """Return all that is said, stated or inferred, about those of ``iris`` that are things."""
        query = "SELECT iri, stated, inferred FROM thing WHERE iri IN (SELECT value FROM json_each(:iris))"
        rows = self._rows(query, {"iris": json.dumps(list(iris))})
        return {iri: _joined(json.loads(stated), json.loads(inferred)) for iri, stated, inferred in rows}

    def stands(self, iri: str) -> bool:
        """Tell whether ``iri`` is a thing that was not withdrawn."""
        query = "SELECT instr(stated, :withdrawn) FROM thing WHERE iri = :iri"
        return self._rows(query, {"iri": iri, "withdrawn": WITHDRAWN}) == [(0,)]

    def inferred(self, iri: str) -> Said:
        """Return what is inferred about a thing and stated nowhere, by property."""
        rows = self._rows("SELECT inferred FROM thing WHERE iri = :iri", {"iri": iri})
        return _terms(rows[0][0]) if rows else {}

    def names(self, iri: str) -> list[Literal] | None:
        """Return the names of a thing: labels, or titles where it has none; ``None`` for what is no thing."""
        found = self._rows(NAMES_OF, {"iri": iri, **PATHS_OF_NAMES})
        for values in found[0] if found else ():
            terms = [_term(value) for value in json.loads(values)]
            if names := [term for term in terms if isinstance(term, Literal)]:
                return names
        return [] if found else None

    def claim_counts(self, thing: str) -> dict[str, int]:
        """Return how many claims of each class name ``thing``."""
        query = "SELECT class, COUNT(*) FROM about WHERE thing = :thing GROUP BY class"
        return dict(self._rows(query, {"thing": thing}))

    def claims(self, thing: str, kind: str, limit: int, offset: int = 0) -> list[str]:
        """Return claims of class ``kind`` about ``thing``, by when their matter began, at most ``limit``."""
        query = """
        SELECT claim FROM about WHERE thing = :thing AND class = :class
        ORDER BY since, matter, deprecated, date, claim LIMIT :limit OFFSET :offset
        """
        values = {"thing": thing, "class": kind, "limit": limit, "offset": offset}
        return [claim for (claim,) in self._rows(query, values)]

    def matter(self, claim: str) -> tuple[str, ...]:
        """Return the things that a claim is about."""
        rows = self._rows("SELECT matter FROM thing WHERE iri = :claim", {"claim": claim})
        return tuple(rows[0][0].split()[1:]) if rows else ()

    def same_matter(self, claim: str, limit: int) -> list[str]:
        """Return the other claims of the matter that ``claim`` is about, at most ``limit``, by date."""
        query = """
        SELECT other.iri FROM thing AS one JOIN thing AS other ON other.matter = one.matter
        WHERE one.iri = :claim AND other.matter <> '' AND other.iri <> :claim
        ORDER BY other.date, other.iri LIMIT :limit
        """
        return [other for (other,) in self._rows(query, {"claim": claim, "limit": limit})]

    def pointing_counts(self, thing: str) -> dict[str, int]:
        """Return how many statements of each property have ``thing`` as their object."""
        query = "SELECT predicate, COUNT(*) FROM pointing WHERE object = :thing GROUP BY predicate"
        return dict(self._rows(query, {"thing": thing}))

    def pointing(self, thing: str, predicate: str, limit: int, offset: int = 0) -> list[str]:
        """Return what points at ``thing`` by ``predicate``, by IRI, at most ``limit``."""
        query = """
        SELECT subject FROM pointing WHERE object = :thing AND predicate = :predicate
        ORDER BY subject LIMIT :limit OFFSET :offset
        """
        values = {"thing": thing, "predicate": predicate, "limit": limit, "offset": offset}
        return [subject for (subject,) in self._rows(query, values)]


def _joined(stated: dict[str, list[Value]], inferred: dict[str, list[Value]]) -> dict[str, list[Value]]:
    for name, values in inferred.items():
        stated.setdefault(name, []).extend(values)
    return stated


def _terms(said: str, names: Container[str] | None = None) -> Said:
    found: dict[str, list[Value]] = json.loads(said)
    return {
        name: [_term(value) for value in values]
        for name, values in found.items()
        if names is None or name in names
    }


def _term(value: Value) -> Term:
    if isinstance(value, str):
        return NamedNode(value)
    text, language, datatype = value
    return Literal(text, language=language) if language else Literal(text, datatype=NamedNode(datatype))
