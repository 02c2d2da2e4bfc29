"""What a release changes: the identifiers that it adds, changes and withdraws, against the one before it.

Both datasets are sorted, so one walk through them side by side finds every difference, a subject at a time.
Only what somebody wrote counts: what is derived or inferred follows from it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import groupby, zip_longest
from typing import Final

from pyoxigraph import Literal, NamedNode, RdfFormat, Triple, parse

from legation.namespaces import ID, LEG, LEGSH, ONTOLOGY, PREFIXES, RELEASE, SHAPES
from legation.publish import serialize
from legation.publish.describe import name, say
from legation.publish.graphs import COMPUTED
from legation.release import CHANGE_COLUMNS, CHANGES, CHANGES_RDF, Release

ADDED: Final = "added"
CHANGED: Final = "changed"
REMOVED: Final = "removed"

ACTIVITIES: Final = {ADDED: "as:Create", CHANGED: "as:Update", REMOVED: "as:Delete"}
"""The words of Activity Streams 2.0 for what happens to an identifier."""

STARTS: Final = tuple(f"<{space}".encode() for space in (ID, LEG, LEGSH))
"""How the lines about lasting identifiers begin."""

ENDS: Final = tuple(f" {graph} .\n".encode() for graph in COMPUTED)
"""How lines end that nobody wrote."""

STAMP: Final = f"<{PREFIXES['owl']}versionInfo>".encode()
"""What every release says anew of every term."""

WITHDRAWN: Final = (f"<{PREFIXES['rdf']}type>".encode(), f"<{LEG}Withdrawn>".encode())
BLANK: Final = b"_:b"
"""What stands for any blank node: their names are given anew in every release."""

Said = frozenset[tuple[bytes, bytes]]
"""What is said of one subject: properties and objects, as N-Triples has them."""


@dataclass(frozen=True)
class Difference:
    """A value of a property in the one release and in the next; either may be missing."""

    property: bytes
    before: bytes
    after: bytes


@dataclass(frozen=True)
class Change:
    """What happened to one identifier, in N-Triples' spelling; ``differences`` only where it was changed."""

    subject: bytes
    what: str
    differences: tuple[Difference, ...] = ()


def change_lists(version: str, previous: Release | None, dataset: Iterable[bytes]) -> dict[str, bytes]:
    """Return the list of changes against ``previous`` as files; the first release has changed nothing.

    ``dataset`` are the sorted lines of the N-Quads of the release ``version``.
    """
    found: Sequence[Change] = ()
    if previous is not None:
        with previous.dataset.open("rb") as before:
            found = list(compare(before, dataset))
    told = sorted(described(version, previous, found), key=str)
    text = BytesIO()
    serialize.large_turtle(told, text)
    return {CHANGES: table(found), CHANGES_RDF: text.getvalue()}


def compare(before: Iterable[bytes], after: Iterable[bytes]) -> Iterator[Change]:
    """Yield what changed between two datasets, given as sorted lines of N-Quads, in order of identifier."""
    for subject, old, new in aligned(before, after):
        was, is_now = said(old), said(new)
        there = bool(was) and WITHDRAWN not in was
        here = bool(is_now) and WITHDRAWN not in is_now
        if here and not there:
            yield Change(subject, ADDED)
        elif there and not here:
            yield Change(subject, REMOVED)
        elif here and was != is_now:
            yield Change(subject, CHANGED, tuple(differences(was, is_now)))


def aligned(
    before: Iterable[bytes], after: Iterable[bytes]
) -> Iterator[tuple[bytes, list[bytes], list[bytes]]]:
    """Yield every subject whose lines differ, with its lines in both datasets."""
    left, right = blocks(before), blocks(after)
    old, new = next(left, None), next(right, None)
    while old is not None or new is not None:
        if new is None or (old is not None and old[0] < new[0]):
            assert old is not None  # noqa: S101  # the loop's condition
            yield old[0], old[1], []
            old = next(left, None)
        elif old is None or new[0] < old[0]:
            yield new[0], [], new[1]
            new = next(right, None)
        else:
            if old[1] != new[1]:
                yield old[0], old[1], new[1]
            old, new = next(left, None), next(right, None)


def blocks(lines: Iterable[bytes]) -> Iterator[tuple[bytes, list[bytes]]]:
    """Yield each lasting identifier with the lines that somebody wrote about it."""
    ours = (line for line in lines if line.startswith(STARTS) and not line.endswith(ENDS))
    for subject, found in groupby(ours, key=lambda line: line[: line.index(b" ")]):
        yield subject, list(found)


def said(lines: Iterable[bytes]) -> Said:
    """Return what lines of one subject say, whichever graph they stand in."""
    found = set()
    for line in lines:
        _, predicate, rest = line.split(b" ", 2)
        value, _, _ = rest.rsplit(b" ", 2)
        if predicate != STAMP:
            found.add((predicate, BLANK if value.startswith(b"_:") else value))
    return frozenset(found)


def differences(was: Said, is_now: Said) -> Iterator[Difference]:
    """Yield the values that differ, property by property, those that went beside those that came."""
    gone, come = _by_property(was - is_now), _by_property(is_now - was)
    for predicate in sorted(gone.keys() | come.keys()):
        pairs = zip_longest(gone.get(predicate, ()), come.get(predicate, ()), fillvalue=b"")
        yield from (Difference(predicate, before, after) for before, after in pairs)


def _by_property(found: Iterable[tuple[bytes, bytes]]) -> dict[bytes, list[bytes]]:
    values: dict[bytes, list[bytes]] = defaultdict(list)
    for predicate, value in sorted(found):
        values[predicate].append(value)
    return values


def table(changes: Iterable[Change]) -> bytes:
    """Return the list as a table: a line for each identifier or, where it was changed, for each value."""
    lines = {
        b"\t".join((change.subject, f'"{change.what}"'.encode(), one.property, one.before, one.after)) + b"\n"
        for change in changes
        for one in change.differences or (Difference(b"", b"", b""),)
    }
    heading = "\t".join(f"?{column}" for column in CHANGE_COLUMNS) + "\n"
    return heading.encode() + b"".join(sorted(lines))


def described(version: str, previous: Release | None, changes: Sequence[Change]) -> Iterator[Triple]:
    """Yield the list in the words of Activity Streams (what happened) and PROV (to which statements)."""
    release, here = NamedNode(f"{RELEASE}{version}"), NamedNode(f"{RELEASE}{version}/{CHANGES_RDF}")
    yield from say(here, ("rdf:type", name("as:Collection")), ("as:totalItems", len(changes)))
    if previous is not None:
        older = NamedNode(f"{RELEASE}{previous.manifest.version}")
        yield from say(release, ("prov:wasRevisionOf", older), ("dcterms:replaces", older))
    for change in changes:
        iri = change.subject.decode()[1:-1]
        activity = NamedNode(f"{here.value}#{place(iri)}")
        yield from say(here, ("as:items", activity))
        yield from say(
            activity,
            ("rdf:type", name(ACTIVITIES[change.what])),
            ("rdf:type", name("prov:Activity")),
            ("as:object", NamedNode(iri)),
        )
        yield from statements(activity, iri, change.differences)


def place(iri: str) -> str:
    """Return the fragment for an identifier: its path, as in ``claim/gctf-2023-1`` or ``ontology/Tenure``."""
    for space, folder in ((LEG, ONTOLOGY), (LEGSH, SHAPES)):
        if iri.startswith(space):
            return f"{folder.rpartition('/')[2]}/{iri.removeprefix(space)}"
    return iri.removeprefix(ID)


def statements(activity: NamedNode, iri: str, changed: Iterable[Difference]) -> Iterator[Triple]:
    """Yield the statements that a change brought and took away, each with an IRI of its own.

    A value that is a blank node is left out: it has no meaning outside the release that it stands in.
    """
    for number, one in enumerate(changed, 1):
        for value, role in ((one.before, "prov:invalidated"), (one.after, "prov:generated")):
            if value and value != BLANK:
                this = NamedNode(f"{activity.value}/{role.partition(':')[2]}-{number}")
                yield from say(activity, (role, this))
                yield from say(
                    this,
                    ("rdf:type", name("rdf:Statement")),
                    ("rdf:subject", NamedNode(iri)),
                    ("rdf:predicate", NamedNode(one.property.decode()[1:-1])),
                )
                yield Triple(this, name("rdf:object"), term(value))


def term(spelled: bytes) -> NamedNode | Literal:
    """Return the term that N-Triples spells."""
    line = b"<urn:s> <urn:p> " + spelled + b" .\n"
    found = next(iter(parse(line, RdfFormat.N_TRIPLES))).object
    if not isinstance(found, NamedNode | Literal):
        raise TypeError(f"neither an IRI nor a literal: {spelled!r}")
    return found
