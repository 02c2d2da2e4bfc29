"""Build the directory of a release from its quads: once for each content, beside its store."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from itertools import groupby
from pathlib import Path
from typing import Final

from pyoxigraph import NamedNode, Quad, RdfFormat, parse

from legation.namespaces import ID
from legation.serve.site.directory import entries
from legation.serve.site.directory.entries import Entry, entry

SCHEMA: Final = Path(__file__).with_name("schema.sql").read_text(encoding="utf-8")
FINISH: Final = Path(__file__).with_name("finish.sql").read_text(encoding="utf-8")
STAGING: Final = """
CREATE TEMP TABLE claim (iri TEXT PRIMARY KEY, class TEXT, matter TEXT, deprecated INTEGER, date TEXT);
CREATE TEMP TABLE named (claim TEXT, thing TEXT, PRIMARY KEY (claim, thing)) WITHOUT ROWID;
CREATE TEMP TABLE post_body (post TEXT PRIMARY KEY, body TEXT);
CREATE TEMP TABLE passage_source (passage TEXT PRIMARY KEY, source TEXT);
"""


def directory_path(index: Path) -> Path:
    """Return where the directory lies in the folder of a release's index; another layout has another name."""
    rules = Path(entries.__file__).read_text(encoding="utf-8")
    layout = hashlib.sha256((SCHEMA + FINISH + rules).encode()).hexdigest()[:8]
    return index / f"directory-{layout}.sqlite"


def ensure_directory(index: Path, dataset: Path, wider: Callable[[], Mapping[str, frozenset[str]]]) -> Path:
    """Return the directory of the release whose quads are ``dataset``, building it where it is not there.

    Only then it asks for the ``wider`` properties of each.
    Where the folder cannot be written, it is built in a temporary one, new at each start.
    """
    path = directory_path(index)
    if path.is_file():
        return path
    try:
        handle, building = tempfile.mkstemp(prefix=path.name, dir=path.parent)
    except OSError:
        path = Path(tempfile.mkdtemp(prefix="legation-")) / path.name
        handle, building = tempfile.mkstemp(prefix=path.name, dir=path.parent)
    os.close(handle)
    try:
        with closing(sqlite3.connect(building)) as connection:
            fill(connection, read_entries(dataset, wider()))
        Path(building).rename(path)
    except BaseException:
        Path(building).unlink(missing_ok=True)
        raise
    return path


def read_entries(dataset: Path, wider: Mapping[str, frozenset[str]]) -> Iterator[Entry]:
    """Yield an entry for each thing of ``dataset``, whose quads are sorted, as a release's are."""
    ours = (quad for quad in parse(path=dataset, format=RdfFormat.N_QUADS) if _is_ours(quad))
    for subject, quads in groupby(ours, key=lambda quad: quad.subject):
        if isinstance(subject, NamedNode) and (found := entry(subject.value, quads, wider)) is not None:
            yield found


def _is_ours(quad: Quad) -> bool:
    return isinstance(quad.subject, NamedNode) and quad.subject.value.startswith(ID)


def fill(connection: sqlite3.Connection, found: Iterable[Entry]) -> None:
    """Write ``found`` into an empty database."""
    connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + SCHEMA + STAGING)
    with connection:
        for number, one in enumerate(found):
            _add(connection, number, one)
    connection.executescript(FINISH)


def dumped(value: object) -> str:
    """Return ``value`` as compact JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _add(connection: sqlite3.Connection, number: int, one: Entry) -> None:
    matter = one.claim.matter if one.claim else ""
    sorting = (one.sorting["ar"], one.sorting["en"], one.sorting["fr"])
    said = (dumped(one.stated), dumped(one.inferred))
    row = (number, one.iri, one.kind, dumped(one.names), *sorting, one.date, matter, *said)
    connection.execute("INSERT INTO thing VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)", row)
    connection.executemany(
        "INSERT INTO facet VALUES (?, ?, ?, ?)",
        ((facet, value, number, one.kind) for facet, value in one.facets),
    )
    connection.executemany(
        "INSERT INTO pointing VALUES (?, ?, ?)",
        ((value, predicate, one.iri) for predicate, value in one.pointing),
    )
    if one.post_in:
        connection.execute("INSERT INTO post_body VALUES (?, ?)", (one.iri, one.post_in))
    if one.source:
        connection.execute("INSERT INTO passage_source VALUES (?, ?)", (one.iri, one.source))
    if (claim := one.claim) is not None:
        ordered = (one.iri, claim.kind, claim.matter, claim.deprecated, claim.date)
        connection.execute("INSERT INTO claim VALUES (?, ?, ?, ?, ?)", ordered)
        connection.executemany("INSERT INTO named VALUES (?, ?)", ((one.iri, thing) for thing in claim.named))
