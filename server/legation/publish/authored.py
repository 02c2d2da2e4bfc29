"""Authored Turtle files, read with the line of everything in them, so that a fault can say where it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final

from pyoxigraph import NamedNode, RdfFormat, Store, Triple, parse

from legation.namespaces import GRAPH
from legation.project import Project
from legation.publish.fault import Fault

TERM: Final = re.compile(
    r"<(?P<iri>[^<>\s]*)>|(?P<prefix>[A-Za-z][\w-]*):(?P<local>(?:\\.|[^\s;,()\[\]\\])*)"
)
PREFIX_LINE: Final = re.compile(r"@?prefix\s+(?P<prefix>[\w-]*):\s*<(?P<namespace>[^>]*)>", re.IGNORECASE)
STRING: Final = re.compile(r'"""(?:\\.|[^\\])*?"""|"(?:\\.|[^"\\\n])*"')

GRAPH_OF_FOLDER: Final[Mapping[str, str]] = {
    "ontology": "ontology",
    "shapes": "shapes",
    "data/schemes": "schemes",
    "data/entities": "entities",
}
"""Folder to the named graph its files share; every file of ``data/sources`` is a graph of its own."""


@dataclass(frozen=True)
class AuthoredFile:
    """One Turtle file: its place in the project and its text; all else is worked out from that and kept."""

    path: Path
    name: str
    text: str

    @cached_property
    def triples(self) -> tuple[Triple, ...]:
        """The triples that the text says; raises ``SyntaxError`` where it is not Turtle."""
        return tuple(quad.triple for quad in parse(self.text, RdfFormat.TURTLE))

    @property
    def folder(self) -> str:
        """The folder inside the project, as in ``data/entities``."""
        return self.name.rpartition("/")[0]

    @property
    def stem(self) -> str:
        """The file's name without its suffix."""
        return self.path.stem

    @property
    def graph(self) -> NamedNode:
        """The named graph that the file's triples belong to."""
        return NamedNode(GRAPH + GRAPH_OF_FOLDER.get(self.folder, self.stem))

    def load(self, store: Store) -> None:
        """Add the file's triples to its named graph in ``store``, which names blank nodes anew."""
        store.load(input=self.text, format=RdfFormat.TURTLE, to_graph=self.graph)

    @property
    def _bare(self) -> str:
        """The text without what stands inside strings, which is no term; line breaks there still count."""
        return STRING.sub(lambda m: '""' + "\n" * m[0].count("\n"), self.text)

    @cached_property
    def _prefixes(self) -> Mapping[str, str]:
        return {m["prefix"]: m["namespace"] for m in PREFIX_LINE.finditer(self.text)}

    @cached_property
    def terms(self) -> tuple[tuple[int, bool, str], ...]:
        """Every IRI in the text in order, as (line, whether it opens a statement, IRI)."""
        return tuple(
            (number, not line[0].isspace() and match.start() == 0, iri)
            for number, line in enumerate(self._bare.split("\n"), 1)
            if line and not PREFIX_LINE.match(line)
            for match in TERM.finditer(line)
            if (iri := expand(match, self._prefixes)) is not None
        )

    @cached_property
    def subjects(self) -> Mapping[str, int]:
        """The line on which each subject's statements begin (the first, should there be several)."""
        lines: dict[str, int] = {}
        for number, line in enumerate(self._bare.split("\n"), 1):
            # Only what begins at the margin opens a statement; every other line is passed over.
            if line and not line[0].isspace() and not PREFIX_LINE.match(line):
                match = TERM.match(line)
                iri = expand(match, self._prefixes) if match else None
                if iri is not None:
                    lines.setdefault(iri, number)
        return lines

    def line_of(self, subject: str, term: str | None = None) -> int:
        """Return the line of ``term`` in what is said about ``subject``; failing that, the subject's."""
        current = None
        for line, opens, iri in self.terms:
            current = iri if opens else current
            if current == subject and term == iri:
                return line
        return self.subjects.get(subject, 1)

    def fault(self, message: str, subject: str = "", term: str | None = None) -> Fault:
        """Return a fault at ``subject`` (or where ``term`` is said of it) in this file."""
        return Fault(self.path, self.line_of(subject, term), message)


def expand(match: re.Match[str], prefixes: Mapping[str, str]) -> str | None:
    """Return the IRI that a matched term stands for; ``None`` if its prefix is not declared."""
    if match["iri"] is not None:
        return match["iri"]
    namespace = prefixes.get(match["prefix"])
    return None if namespace is None else namespace + re.sub(r"\\(.)", r"\1", match["local"])


@dataclass(frozen=True)
class Authored:
    """All files of a project that could be read."""

    project: Project
    files: tuple[AuthoredFile, ...]

    def within(self, folder: str) -> tuple[AuthoredFile, ...]:
        """Return the files of one folder and the folders below it."""
        return tuple(f for f in self.files if f.folder == folder or f.folder.startswith(f"{folder}/"))

    def triples(self, folder: str) -> list[Triple]:
        """Return the triples of all files of a folder and the folders below it."""
        return [triple for file in self.within(folder) for triple in file.triples]

    def afresh(self) -> Authored:
        """Return the same files with nothing kept but their texts: the triples take ten times the memory."""
        return Authored(self.project, tuple(replace(file) for file in self.files))

    def load(self, store: Store, *folders: str) -> None:
        """Add all files of some folders and the folders below them to ``store``."""
        for folder in folders:
            for file in self.within(folder):
                file.load(store)

    @cached_property
    def homes(self) -> Mapping[str, AuthoredFile]:
        """The file that describes each subject (the first one, should there be several)."""
        homes: dict[str, AuthoredFile] = {}
        for file in self.files:
            for iri in file.subjects:
                homes.setdefault(iri, file)
        return homes

    def fault(self, message: str, subject: str, term: str | None = None) -> Fault:
        """Return a fault at ``subject`` (or where ``term`` is said of it), wherever that is written."""
        home = self.homes.get(subject)
        return home.fault(message, subject, term) if home else Fault(self.project.header, 1, message)


def parse_turtle(path: Path) -> tuple[str, tuple[Triple, ...]] | Fault:
    """Return the text and the triples of one Turtle file; what is not Turtle is a fault with its line."""
    content = path.read_bytes()
    try:
        triples = tuple(quad.triple for quad in parse(content, RdfFormat.TURTLE))
        return content.decode("utf-8"), triples
    except SyntaxError as error:
        # What is missing at the end is reported at the last line there is.
        return Fault(path, min(error.lineno or 1, content.count(b"\n") or 1), f"syntax error: {error.msg}")
    except UnicodeDecodeError as error:
        return Fault(path, content.count(b"\n", 0, error.start) + 1, f"not UTF-8: {error.reason}")


def read_file(project: Project, path: Path) -> AuthoredFile | Fault:
    """Read one authored file."""
    parsed = parse_turtle(path)
    if isinstance(parsed, Fault):
        return parsed
    text, triples = parsed
    file = AuthoredFile(path, project.name_of(path), text)
    vars(file)["triples"] = triples  # as the property keeps them, so that nothing is parsed twice
    return file


def read_files(project: Project, paths: Iterable[Path] | None = None) -> tuple[Authored, list[Fault]]:
    """Read ``paths`` (all authored files by default); return them, and a fault for each not in Turtle."""
    results = [read_file(project, path) for path in paths or project.turtle_files()]
    files = tuple(result for result in results if isinstance(result, AuthoredFile))
    return Authored(project, files), [result for result in results if isinstance(result, Fault)]
