"""Passages and the documents they point into: re-checked for the reader, and made for the author.

Offsets count Unicode code points of the file decoded as UTF-8, newline characters as they stand in the file;
the end is exclusive. A digest is the SHA-256 of a passage's (or a file's) UTF-8 bytes, in hexadecimal.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from pyoxigraph import Literal, NamedNode, Triple

from legation.namespaces import ID, LEG, PREFIXES
from legation.project import Project
from legation.publish.authored import AuthoredFile, read_files
from legation.publish.check import short
from legation.publish.fault import Fault, PublishError
from legation.publish.serialize import turtle

OA: Final = PREFIXES["oa"]
TYPE: Final = NamedNode(PREFIXES["rdf"] + "type")
INTEGER: Final = NamedNode(PREFIXES["xsd"] + "integer")

Statements = Mapping[str, Mapping[str, Sequence[str]]]
"""Subject to property to values, all as strings."""


class EvidenceError(Exception):
    """A passage that cannot be made: no such document, no such text in it, or more than one."""


def verify(project: Project, documents: Path) -> list[Fault]:
    """Return a fault for each document and each passage that is not what the project recorded.

    Raises ``PublishError`` where a file of the project cannot be read.
    """
    authored, faults = read_files(project)
    if faults:
        raise PublishError(faults)
    return [fault for file in authored.within("data/sources") for fault in verify_source(file, documents)]


def verify_source(file: AuthoredFile, documents: Path) -> Iterator[Fault]:
    """Yield the faults of one source; a source without a file name is no document at hand and has none."""
    said = statements(file)
    source = f"{ID}source/{file.stem}"
    for name in said.get(source, {}).get(f"{LEG}fileName", []):
        try:
            content = (documents / name).read_bytes()
            text = content.decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            yield file.fault(f"{name} cannot be read: {error}", source, f"{LEG}fileName")
            continue
        recorded = (("characterCount", str(len(text))), ("sha256", digest(content)))
        for term, found in recorded:
            wanted = said[source].get(LEG + term, ["nothing"])[0]
            if wanted != found:
                message = (
                    f"{name} is not the document that was read: leg:{term} is {found}, recorded is {wanted}"
                )
                yield file.fault(message, source, LEG + term)
        for passage, about in said.items():
            if source in about.get(f"{OA}hasSource", []):
                yield from verify_passage(file, said, passage, text)


def verify_passage(file: AuthoredFile, said: Statements, passage: str, text: str) -> Iterator[Fault]:
    """Yield a passage's fault, if it has one, at each claim that rests on it; at itself, if none does."""
    wrong = fault_of_passage(said, passage, text)
    if wrong is None:
        return
    claims = [s for s, about in said.items() if passage in about.get(f"{LEG}evidence", [])]
    for claim in claims:
        yield file.fault(f"{short(claim)} has lost its evidence: {short(passage)} {wrong}", claim, passage)
    if not claims:
        yield file.fault(f"{short(passage)} {wrong}", passage)


def fault_of_passage(said: Statements, passage: str, text: str) -> str | None:
    """Return what is wrong with a passage; ``None`` if nothing is."""
    selectors = said[passage].get(f"{OA}hasSelector", [])
    ranges = [said.get(selector, {}) for selector in selectors]
    try:
        start, end = (int(ranges[0][OA + edge][0]) for edge in ("start", "end"))
    except (IndexError, KeyError, ValueError):
        return "has no readable offsets"
    if not 0 <= start < end <= len(text):
        return f"({start}–{end}) does not lie inside the document's {len(text)} characters"
    recorded = said[passage].get(f"{LEG}sha256", [""])[0]
    found = digest(text[start:end].encode("utf-8"))
    return (
        None if recorded == found else f"({start}–{end}) now has the digest {found}, recorded is {recorded}"
    )


def passage_turtle(project: Project, source_id: str, quoted: str, documents: Path, nth: int | None) -> str:
    """Return the Turtle of the next passage of a source: where ``quoted`` stands in its document.

    Raises ``EvidenceError`` if the text does not occur, or occurs several times and ``nth`` (from 1) does not
    say which.
    """
    path = documents / f"{source_id}.txt"
    try:
        text = path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise EvidenceError(f"{path} cannot be read: {error}") from error
    places = [match.start() for match in re.finditer(f"(?={re.escape(quoted)})", text)] if quoted else []
    if not places:
        raise EvidenceError(f"{path} does not contain this text; it must be given exactly as printed")
    if nth is None and len(places) > 1:
        raise EvidenceError(
            f"the text occurs {len(places)} times (at {', '.join(map(str, places))}); say which: --nth"
        )
    if (nth or 1) > len(places):
        raise EvidenceError(f"the text occurs only {len(places)} times")
    start = places[(nth or 1) - 1]
    number = next_number(project, source_id)
    return turtle(passage_triples(source_id, number, start, quoted)).decode("utf-8")


def passage_triples(source_id: str, number: int, start: int, quoted: str) -> Iterator[Triple]:
    """Yield a passage and its selector."""
    passage = NamedNode(f"{ID}passage/{source_id}-{number}")
    selector = NamedNode(f"{passage.value}-position")
    yield Triple(passage, TYPE, NamedNode(f"{LEG}Passage"))
    yield Triple(passage, NamedNode(f"{OA}hasSource"), NamedNode(f"{ID}source/{source_id}"))
    yield Triple(passage, NamedNode(f"{OA}hasSelector"), selector)
    yield Triple(passage, NamedNode(f"{LEG}sha256"), Literal(digest(quoted.encode("utf-8"))))
    yield Triple(selector, TYPE, NamedNode(f"{OA}TextPositionSelector"))
    yield Triple(selector, NamedNode(f"{OA}start"), Literal(str(start), datatype=INTEGER))
    yield Triple(selector, NamedNode(f"{OA}end"), Literal(str(start + len(quoted)), datatype=INTEGER))


def next_number(project: Project, source_id: str) -> int:
    """Return the first passage number that the source's file does not use."""
    path = project.root / "data/sources" / f"{source_id}.ttl"
    authored, faults = read_files(project, [path]) if path.is_file() else (None, [])
    if faults:
        raise PublishError(faults)
    own = re.compile(re.escape(f"{ID}passage/{source_id}-") + r"(\d+)")
    subjects = authored.files[0].subjects if authored else ()
    return max((int(match[1]) for subject in subjects if (match := own.fullmatch(subject))), default=0) + 1


def statements(file: AuthoredFile) -> Statements:
    """Return what a file says, by subject and property."""
    said: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for triple in file.triples:
        if isinstance(triple.subject, NamedNode) and isinstance(triple.object, NamedNode | Literal):
            said[triple.subject.value][triple.predicate.value].append(triple.object.value)
    return said


def digest(content: bytes) -> str:
    """Return the SHA-256 of ``content``, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()
