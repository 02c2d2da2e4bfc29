"""The index of a release's names: SQLite with full-text search, made from the search table, disposable."""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from legation.folding import LIGHT, TITLES, VERSION, sound
from legation.names import Name, read_names
from legation.release import SEARCH, Release

SCHEMA: Final = """
CREATE TABLE thing (id INTEGER PRIMARY KEY, iri TEXT UNIQUE, kind TEXT, types TEXT, links INTEGER);
CREATE TABLE name (
  id INTEGER PRIMARY KEY, thing INTEGER, form TEXT, language TEXT, text TEXT, folded TEXT, words TEXT
);
CREATE VIEW entry AS
  SELECT name.id, thing.iri, thing.kind, thing.types, thing.links, name.form, name.language, name.text,
    name.folded, name.words
  FROM name JOIN thing ON thing.id = name.thing;
CREATE VIRTUAL TABLE posting USING fts5(
  words, content='', detail=column, tokenize='unicode61 remove_diacritics 0'
);
CREATE TABLE word (text TEXT PRIMARY KEY, names INTEGER) WITHOUT ROWID;
"""
FINISH: Final = """
CREATE INDEX name_folded ON name (folded, id);
CREATE INDEX name_thing ON name (thing);
INSERT INTO posting (posting) VALUES ('optimize');
ANALYZE;
"""
OPENINGS: Final = str.maketrans("wfcqjyzoeطصضث", "vvkkgisuiتسدت")
"""First letters that are taken for one another."""

LIGHT_WEIGHT: Final = 0.05
TITLE_WEIGHT: Final = 0.3


@dataclass(frozen=True)
class Entry:
    """A name in the index, and the thing it is a name of."""

    id: int
    thing: str
    kind: str
    types: str
    links: int
    form: str
    language: str
    text: str
    folded: str
    words: str


MATCHING: Final = """
SELECT * FROM entry
WHERE id IN (SELECT rowid FROM posting WHERE posting MATCH :expression LIMIT :limit)
"""
MATCHING_OF_KINDS: Final = """
SELECT * FROM entry
WHERE id IN (
  SELECT posting.rowid FROM posting JOIN entry ON entry.id = posting.rowid
  WHERE posting MATCH :expression AND entry.kind IN (SELECT value FROM json_each(:kinds))
  LIMIT :limit
)
"""
BEST: Final = """
SELECT * FROM entry
WHERE id IN (SELECT rowid FROM posting WHERE posting MATCH :expression ORDER BY rank LIMIT :limit)
"""
BEST_OF_KINDS: Final = """
SELECT * FROM entry
WHERE id IN (
  SELECT posting.rowid FROM posting JOIN entry ON entry.id = posting.rowid
  WHERE posting MATCH :expression AND entry.kind IN (SELECT value FROM json_each(:kinds))
  ORDER BY posting.rank LIMIT :limit
)
"""
BEGINNING: Final = """
SELECT * FROM (
  SELECT * FROM entry
  WHERE folded >= :start AND folded < :start || char(1114111)
    AND (:kinds = '[]' OR kind IN (SELECT value FROM json_each(:kinds)))
  LIMIT 2000
)
ORDER BY folded <> :start, links DESC, id LIMIT :limit
"""
OF_THINGS: Final = "SELECT * FROM entry WHERE iri IN (SELECT value FROM json_each(:things)) ORDER BY id"


class NameIndex:
    """The names of one release, to be looked up by their words."""

    def __init__(self, path: Path) -> None:
        """Open an index for reading."""
        self._path = path
        self._local = threading.local()
        self._weights: dict[str, float] = {}

    @cached_property
    def words(self) -> Mapping[str, int]:
        """Every word in the index, with the number of names it is in."""
        return dict(self._rows("SELECT text, names FROM word ORDER BY text"))

    @cached_property
    def by_sound(self) -> Mapping[str, Sequence[str]]:
        """The words by how they sound."""
        found: dict[str, list[str]] = {}
        for word in self.words:
            if heard := sound(word):
                found.setdefault(heard, []).append(word)
        return found

    @cached_property
    def by_length(self) -> Mapping[int, Sequence[str]]:
        """The words by their number of letters, to look for misprints among."""
        found: dict[int, list[str]] = {}
        for word in self.words:
            if not word.isdigit():
                found.setdefault(len(word), []).append(word)
        return found

    @cached_property
    def by_start(self) -> Mapping[tuple[int, str], Sequence[str]]:
        """The words by their number of letters and what they begin with (``opening``)."""
        found: dict[tuple[int, str], list[str]] = {}
        for length, words in self.by_length.items():
            for word in words:
                found.setdefault((length, opening(word)), []).append(word)
        return found

    @cached_property
    def in_order(self) -> Sequence[str]:
        """The words in the order of their letters, to look for beginnings among."""
        return sorted(self.words)

    @cached_property
    def size(self) -> int:
        """The number of names."""
        return int(self._rows("SELECT count(*) FROM name")[0][0])

    def weight(self, word: str) -> float:
        """Return how much a word tells, see ``weigh``."""
        found = self._weights.get(word)
        if found is None:
            found = self._weights[word] = weigh(word, self.words.get(word, 0), self.size)
        return found

    def matching(self, expression: str, kinds: Sequence[str], limit: int) -> list[Entry]:
        """Return the names that fit a full-text expression, those with the least besides it first."""
        return self._entries(MATCHING_OF_KINDS if kinds else MATCHING, expression, kinds, limit)

    def best(self, expression: str, kinds: Sequence[str], limit: int) -> list[Entry]:
        """Return the names that fit a full-text expression best, as the engine ranks them (BM25)."""
        return self._entries(BEST_OF_KINDS if kinds else BEST, expression, kinds, limit)

    def beginning(self, folded: str, kinds: Sequence[str], limit: int) -> list[Entry]:
        """Return the names that begin with a folded text: those that are it, then the most spoken of."""
        values = {"start": folded, "kinds": json.dumps(list(kinds)), "limit": limit}
        return [Entry(*row) for row in self._rows(BEGINNING, values)]

    def names_of(self, things: Iterable[str]) -> list[Entry]:
        """Return every name of some things, given by IRI."""
        return [Entry(*row) for row in self._rows(OF_THINGS, {"things": json.dumps(list(things))})]

    def _entries(self, query: str, expression: str, kinds: Sequence[str], limit: int) -> list[Entry]:
        values = {"expression": expression, "limit": limit}
        return [
            Entry(*row)
            for row in self._rows(query, values | ({"kinds": json.dumps(list(kinds))} if kinds else {}))
        ]

    def _rows(self, query: str, values: Mapping[str, object] = MappingProxyType({})) -> list[tuple[Any, ...]]:
        return self._connection.execute(query, dict(values)).fetchall()

    @property
    def _connection(self) -> sqlite3.Connection:
        """This thread's own connection: readers then never wait for each other."""
        if not hasattr(self._local, "connection"):
            self._local.connection = sqlite3.connect(f"{self._path.as_uri()}?mode=ro&immutable=1", uri=True)
        connection: sqlite3.Connection = self._local.connection
        return connection


def index_file(release: Release) -> Path:
    """Return where the index of exactly these names lies."""
    return release.store / f"{release.manifest.digest[:16]}.names-{VERSION}.sqlite"


def ensure_name_index(release: Release) -> Path:
    """Return the index of the names of ``release``, building it beside the release when it is not there.

    It appears under its name only when it is whole. Where the folder cannot be written, it is built in a
    temporary one, new at each start. A release without a search table has no names to look for.
    """
    path = index_file(release)
    if path.is_file():
        return path
    table = release.path / SEARCH
    names = read_names(table.read_text(encoding="utf-8")) if SEARCH in release.manifest.files else ()
    try:
        path.parent.mkdir(exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".names-", dir=path.parent))
    except OSError:
        folder = Path(tempfile.mkdtemp(prefix="legation-"))
        path = folder / path.name
        return build_name_index(names, path)
    try:
        return build_name_index(names, folder / path.name).rename(path)
    finally:
        shutil.rmtree(folder)


def build_name_index(names: Iterable[Name], path: Path) -> Path:
    """Write the index of ``names`` to a new file and return its path.

    Names are numbered from the lightest to the heaviest (``mass``). Of the names that have all the words
    asked for, those with the lowest numbers have the least besides them: nobody need look at the others.
    """
    known = list(names)
    counts = Counter(form for name in known for form in set(_forms(name.words)))
    connection = sqlite3.connect(path)
    try:
        connection.executescript(f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; {SCHEMA}")
        _fill(
            connection,
            sorted(known, key=lambda name: (mass(name, counts, len(known)), -name.thing.links, name)),
        )
        connection.executemany("INSERT INTO word VALUES (?, ?)", sorted(counts.items()))
        connection.executescript(FINISH)
    finally:
        connection.close()
    return path


def _fill(connection: sqlite3.Connection, names: Sequence[Name]) -> None:
    numbers = {thing: number for number, thing in enumerate(dict.fromkeys(n.thing for n in names), start=1)}
    connection.executemany(
        "INSERT INTO thing VALUES (?, ?, ?, ?, ?)",
        ((n, thing.iri, thing.kind, " ".join(thing.types), thing.links) for thing, n in numbers.items()),
    )
    connection.executemany(
        "INSERT INTO name VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            (
                *(number, numbers[name.thing], name.form, name.language, name.text),
                *(" ".join(_heads(name.words)), name.words),
            )
            for number, name in enumerate(names, start=1)
        ),
    )
    connection.executemany(
        "INSERT INTO posting (rowid, words) VALUES (?, ?)",
        ((number, name.words) for number, name in enumerate(names, start=1)),
    )


def mass(name: Name, counts: Mapping[str, int], size: int) -> float:
    """Return how much all words of a name tell together."""
    return sum(weigh(word, counts.get(word, 0), size) for word in _heads(name.words))


def opening(word: str) -> str:
    """Return the first letter of a word, the same for letters that are taken for one another."""
    return word[:1].translate(OPENINGS)


def weigh(word: str, names: int, size: int) -> float:
    """Return how much a word tells that is in ``names`` of ``size`` names: the rarer it is the more.

    Words that tell no name from another count hardly at all, titles of persons little.
    """
    if word in LIGHT:
        return LIGHT_WEIGHT
    told = log(1 + size / (1 + names))
    return told * TITLE_WEIGHT if word in TITLES else told


def _heads(words: str) -> list[str]:
    return [word.partition("/")[0] for word in words.split()]


def _forms(words: str) -> list[str]:
    return words.replace("/", " ").split()
