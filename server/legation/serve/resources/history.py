"""What happened to a thing from release to release, read from the lists of changes of the releases here.

Each release names the one that it follows, with its digest; so they form a chain, from the one that is
asked about back to the first, or to the last one that is here. A list of changes is sorted: what it says of
one thing is found by bisection in the file, and nothing is kept in memory or open.
"""

from __future__ import annotations

import hashlib
import mmap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, islice, takewhile
from pathlib import Path
from types import MappingProxyType
from typing import Final

from pyoxigraph import (
    BlankNode,
    Literal,
    NamedNode,
    QueryResultsFormat,
    QuerySolution,
    Triple,
    parse_query_results,
)

from legation.namespaces import ID, KINDS, LEG, LEGSH
from legation.release import CHANGE_COLUMNS, CHANGES, Release, ReleaseError, release_named

ADDED: Final = "added"
CHANGED: Final = "changed"
REMOVED: Final = "removed"
FIRST: Final = "first"
"""What happens to a thing in a release; ``first`` is to be there from the first release on."""

HEADING: Final = "\t".join(f"?{column}" for column in CHANGE_COLUMNS).encode() + b"\n"
OTHER_KINDS: Final[Mapping[str, str]] = MappingProxyType({"term": LEG, "shape": LEGSH})
"""Identifiers that last and are no things, and how they begin."""

Term = NamedNode | BlankNode | Literal | Triple


@dataclass(frozen=True)
class Difference:
    """A value of a property before and after; either may be missing."""

    property: str
    before: Term | None
    after: Term | None


@dataclass(frozen=True)
class Change:
    """What a release did to one thing."""

    thing: str
    what: str
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True)
class Step:
    """What one release did to one thing."""

    release: Release
    change: Change


@dataclass(frozen=True)
class Past:
    """The history of one thing, the newest release first."""

    stands: tuple[Release, ...]
    """The releases that it stands in."""
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class History:
    """A release and those that it follows, the newest first, as far as they are here."""

    releases: tuple[Release, ...]

    @property
    def complete(self) -> bool:
        """Whether the last of them is the first that there was."""
        return self.releases[-1].manifest.previous is None

    @cached_property
    def digest(self) -> str:
        """A digest of what there is to tell."""
        lists = [release.manifest.files.get(CHANGES) for release in self.releases]
        told = [
            (one.manifest.digest, entry and entry.sha256)
            for one, entry in zip(self.releases, lists, strict=True)
        ]
        return hashlib.sha256(repr(told).encode()).hexdigest()

    def past(self, thing: str, *, stands: bool, also: Iterable[str] = ()) -> Past:
        """Return the history of ``thing``, which now ``stands`` in the newest release or does not.

        What happened to what ``also`` belongs to it, its evidence, is told while it stands.
        """
        here, found, steps = stands, [], []
        for release in self.releases:
            own = change_in(release, thing)
            if own is not None:
                steps.append(Step(release, own))
            if here:
                found.append(release)
                others = (change_in(release, one) for one in also)
                steps += [Step(release, one) for one in others if one is not None and one.what == CHANGED]
                if own is None and release.manifest.previous is None:
                    steps.append(Step(release, Change(thing, FIRST)))
            if own is not None and own.what != CHANGED:
                here = own.what == REMOVED
        return Past(tuple(found), tuple(steps))

    def last_with(self, thing: str) -> tuple[Release, Release] | None:
        """Return the release that withdrew ``thing``, and the one before it; ``None`` where none did."""
        for release, older in zip(self.releases, self.releases[1:], strict=False):
            own = change_in(release, thing)
            if own is not None and own.what == REMOVED:
                return release, older
        return None


def read_history(release: Release) -> History:
    """Return the history that ends with ``release``; a release that is missing, or another one, ends it."""
    found = [release]
    while (previous := found[-1].manifest.previous) is not None:
        try:
            older = release_named(release.path.parent, previous.version)
        except ReleaseError:
            break
        if older.manifest.digest != previous.digest:
            break
        found.append(older)
    return History(tuple(found))


def change_in(release: Release, thing: str) -> Change | None:
    """Return what a release did to one thing, where its list of changes tells."""
    return next(changes(list_of(release), f"<{thing}>\t"), None)


def changes_of(release: Release, space: str, limit: int) -> list[Change]:
    """Return what a release did to things whose IRI begins with ``space``, by IRI, at most ``limit``."""
    return list(islice(changes(list_of(release), f"<{space}"), limit))


def tallies(release: Release) -> Mapping[tuple[str, str], int]:
    """Return how many identifiers of which kind a release added, changed and removed."""
    found = Counter[tuple[str, str]]()
    for kind in (*KINDS, *OTHER_KINDS):
        lines = lines_from(list_of(release), f"<{space_of(kind)}".encode())
        heads = (line.split(b"\t", 2)[:2] for line in lines)
        for (_, what), _ in groupby(heads):
            found[kind, what.decode().strip('"')] += 1
    return found


def space_of(kind: str) -> str:
    """Return how the identifiers of a kind begin: of a kind of thing, or of terms or shapes."""
    return OTHER_KINDS.get(kind, f"{ID}{kind}/")


def list_of(release: Release) -> Path | None:
    """Return the list of changes of a release; those published before there were any have none."""
    return release.path / CHANGES if CHANGES in release.manifest.files else None


def changes(path: Path | None, start: str) -> Iterator[Change]:
    """Yield the changes whose lines begin with ``start``."""
    for _, lines in groupby(lines_from(path, start.encode()), key=lambda line: line[: line.index(b"\t")]):
        rows = parse_query_results(b"".join([HEADING, *lines]), QueryResultsFormat.TSV)
        yield change_from(list(rows))  # type: ignore[arg-type]  # a table, and so no yes or no


def change_from(rows: Sequence[QuerySolution]) -> Change:
    """Return what the rows about one thing tell."""
    told = tuple(
        Difference(row["property"].value, row["before"], row["after"]) for row in rows if row["property"]
    )
    return Change(rows[0]["thing"].value, rows[0]["change"].value, told)


def lines_from(path: Path | None, start: bytes) -> Iterator[bytes]:
    """Yield the lines of a sorted file, whose first line is a heading, that begin with ``start``."""
    if path is None:
        return
    with path.open("rb") as file:
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
            place = bisect(text, start)
        file.seek(place)
        yield from takewhile(lambda line: line.startswith(start), file)


def bisect(text: mmap.mmap, start: bytes) -> int:
    """Return where the first line begins, after the heading, that does not sort before ``start``."""
    low, high = text.find(b"\n") + 1, len(text)
    while low < high:
        middle = text.rfind(b"\n", low, (low + high) // 2) + 1 or low
        end = text.find(b"\n", middle) + 1
        low, high = (end, high) if text[middle:end] < start else (low, middle)
    return low
