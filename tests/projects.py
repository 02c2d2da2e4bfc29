"""Copies of the bundled project to break, and the source documents where they are at hand."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

from legation.namespaces import ID
from legation.project import QUESTIONS, Project, open_project
from legation.publish.authored import Authored, AuthoredFile
from legation.publish.canonical import canonical_text

ROOT: Final = Path(__file__).resolve().parent.parent
SHARED: Final = Path(os.environ.get("LEGATION_SHARED", ROOT.parent / "shared"))
DOCUMENTS: Final = SHARED / "sources"

QUESTION: Final = """\
# en: What are the names of Morocco?
# ar: ما أسماء المغرب؟
# fr: Quels sont les noms du Maroc ?
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
SELECT ?name WHERE { <https://w3id.org/legation/id/state/morocco> skos:prefLabel ?name } ORDER BY ?name
"""

NAME: Final = r"(?:person|body|post|place|instrument|event):[\w-]+"
"""An entity as an author writes it."""


def made_from(project: Project) -> str:
    """Return a digest of everything that a release of ``project`` is made from, the program included."""
    program = ROOT / "server/legation"
    files = [*project.turtle_files(), *(project.root / QUESTIONS).iterdir(), ROOT / "requirements.lock"]
    files += [*program.glob("*.py"), *(path for path in program.glob("publish/**/*") if path.is_file())]
    digest = hashlib.sha256()
    for file in sorted(file for file in files if file.suffix != ".pyc"):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]


def copy_project(folder: Path) -> Project:
    """Copy the bundled project to ``folder``."""
    for part in ("ontology", "shapes", "data", "tests/questions"):
        shutil.copytree(ROOT / part, folder / part)
    return open_project(folder)


def slim_project(folder: Path) -> Project:
    """Copy the bundled project with few sources and one question, for tests that publish often.

    It keeps the first sources on the web whose claims speak of no other source's claims.
    """
    project = copy_project(folder)
    kept = [path for path in sorted((folder / "data/sources").glob("[a-z]*.ttl")) if is_independent(path)][:3]
    for path in (folder / "data/sources").glob("*.ttl"):
        if path not in kept:
            path.unlink()
    for path in (folder / "tests/questions").iterdir():
        path.unlink()
    (folder / "tests/questions/01-names.rq").write_text(QUESTION, encoding="utf-8")
    (folder / "tests/questions/01-names.csv").write_text("name\nMaroc\nMorocco\nالمغرب\n", encoding="utf-8")
    drop_orphans(folder)
    return project


def drop_orphans(folder: Path) -> None:
    """Take out the entities, states aside, that the sources left do not lead to."""
    files = {path: path.read_text(encoding="utf-8") for path in (folder / "data/entities").glob("*.ttl")}
    parts = {path: text.split("\n\n") for path, text in files.items()}
    blocks = {part.partition("\n")[0]: part for texts in parts.values() for part in texts}
    sources = [path.read_text(encoding="utf-8") for path in (folder / "data/sources").glob("*.ttl")]
    named = set(blocks) & set(re.findall(NAME, "".join(sources)))
    while found := {name for kept in named for name in re.findall(NAME, blocks[kept])} & set(blocks) - named:
        named |= found
    for path, texts in parts.items():
        kept = [
            text
            for text in texts
            if text.startswith(("PREFIX", "state:", *(f"{name}\n" for name in named)))
            or named.intersection(re.findall(r"leg:links (\S+)", text))
            or "leg:links state:" in text
        ]
        path.write_text("\n\n".join(kept) + "\n", encoding="utf-8")
        respell(path)


def is_independent(path: Path) -> bool:
    """Return whether a source's file names no claim but its own."""
    named = re.findall(r"claim:([\w-]+)-\d+", path.read_text(encoding="utf-8"))
    return set(named) == {path.stem}


def edit(path: Path, old: str, new: str) -> int:
    """Replace ``old``, which must be there, in a file once; return the line it stands on."""
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{path} does not contain {old!r}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def respell(path: Path) -> None:
    """Write a file in its canonical spelling, as an author would after an edit."""
    path.write_text(canonical_text(path.read_text(encoding="utf-8")), encoding="utf-8")


def with_text(file: AuthoredFile, text: str) -> AuthoredFile:
    """Return a file as it would be with another text."""
    return AuthoredFile(file.path, file.name, text)


def with_file(authored: Authored, changed: AuthoredFile) -> Authored:
    """Return a project's files with one of them changed (or added), that one first."""
    others = tuple(file for file in authored.files if file.name != changed.name)
    return replace(authored, files=(changed, *others))


def file_named(authored: Authored, name: str) -> AuthoredFile:
    """Return one authored file."""
    return next(file for file in authored.files if file.name == name)


def a_source(authored: Authored) -> AuthoredFile:
    """Return a source file whose claims stand on their own."""
    return next(f for f in authored.within("data/sources") if f.stem[0].isalpha() and is_independent(f.path))


def first_claim(file: AuthoredFile) -> str:
    """Return the IRI of a source file's first claim."""
    return next(iri for iri in file.subjects if iri.startswith(f"{ID}claim/"))


def legation(*arguments: str | Path, seed: str = "0") -> subprocess.CompletedProcess[str]:
    """Run the command as a user would, with a given order of Python's sets."""
    command = [
        sys.executable,
        "-W",
        "error",
        "-c",
        "from legation.cli import main; main(prog_name='legation')",
        *map(str, arguments),
    ]
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
