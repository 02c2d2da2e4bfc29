"""A release folder: the only thing that publishing and serving share.

``releases/<version>/`` is written once and never edited; ``releases/current`` is a relative link to the
release being served; ``releases/<version>.store/`` is a disposable index of it, rebuilt when it is missing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

MANIFEST: Final = "manifest.json"
DATASET: Final = "dataset.nq"
CONTEXT: Final = "context.jsonld"
SEARCH: Final = "search.tsv"
CHANGES: Final = "changes.tsv"
CHANGES_RDF: Final = "changes.ttl"
CHANGE_LISTS: Final = frozenset((CHANGES, CHANGES_RDF))
"""How the release differs from the one before it: a relation of two contents, and so in neither's digest."""

CHANGE_COLUMNS: Final = ("thing", "change", "property", "before", "after")
"""Columns of ``changes.tsv``, in the TSV of SPARQL 1.1: terms as N-Triples has them, lines sorted."""

CURRENT: Final = "current"
ANSWERS: Final = "answers/"
"""Where the pinned answer to each competency question is, as CSV named for the question."""

VERSION: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9}){0,9}")
"""What is a version, and so the name of a release's folder; anything else never reaches the file system."""

MEDIA_TYPES: Final[Mapping[str, str]] = {
    ".ttl": "text/turtle",
    ".trig": "application/trig",
    ".nt": "application/n-triples",
    ".nq": "application/n-quads",
    ".rdf": "application/rdf+xml",
    ".jsonld": "application/ld+json",
    ".json": "application/json",
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
}
"""File suffix to media type; a trailing ``.gz`` is a content coding, not a type."""


class ReleaseError(Exception):
    """A release folder that is missing, incomplete or not what its manifest says."""


@dataclass(frozen=True)
class GraphEntry:
    """One named graph: its size and its RDFC-1.0 digest (SHA-256, hexadecimal)."""

    triples: int
    rdfc10: str


@dataclass(frozen=True)
class FileEntry:
    """One file: its size in bytes, its SHA-256 (hexadecimal) and its media type."""

    bytes: int
    sha256: str
    media_type: str


@dataclass(frozen=True)
class Previous:
    """The release that another one follows: its version and the digest of its content."""

    version: str
    digest: str


@dataclass(frozen=True)
class Manifest:
    """What a release holds. ``digest`` names its content: see ``publish.freeze.content_digest``."""

    version: str
    issued: str
    digest: str
    counts: Mapping[str, int]
    graphs: Mapping[str, GraphEntry]
    files: Mapping[str, FileEntry]
    previous: Previous | None = None
    """The release that its list of changes compares it with; none for the first."""

    def to_json(self) -> str:
        """Return the manifest as canonical JSON text."""
        return json.dumps(asdict(self), indent=2, sort_keys=True, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """Read a manifest; raise ``ReleaseError`` where it is not one."""
        try:
            raw = json.loads(text)
            previous = raw.get("previous")
            return cls(
                version=raw["version"],
                issued=raw["issued"],
                digest=raw["digest"],
                counts=raw["counts"],
                graphs={iri: GraphEntry(**entry) for iri, entry in raw["graphs"].items()},
                files={name: FileEntry(**entry) for name, entry in raw["files"].items()},
                previous=Previous(**previous) if previous is not None else None,
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ReleaseError(f"not a release manifest: {error!r}") from error


@dataclass(frozen=True)
class Release:
    """An opened release: its folder and its manifest."""

    path: Path
    manifest: Manifest

    @property
    def dataset(self) -> Path:
        """The quads of every named graph, as sorted N-Quads."""
        return self.path / DATASET

    @property
    def store(self) -> Path:
        """Where the disposable index of this release lies."""
        return self.path.with_name(f"{self.path.name}.store")


def open_release(folder: Path) -> Release:
    """Open a release folder, or the one that a ``releases`` folder's ``current`` points at.

    The link is resolved once, so a release that is opened stays the same release.
    """
    found = folder / CURRENT if (folder / CURRENT).exists() else folder
    found = found.resolve()
    try:
        text = (found / MANIFEST).read_text(encoding="utf-8")
    except OSError as error:
        message = f"{folder}: no release here ({error.strerror}); run `legation publish` first"
        raise ReleaseError(message) from error
    release = Release(found, Manifest.from_json(text))
    missing = [name for name in release.manifest.files if not (found / name).is_file()]
    if missing:
        raise ReleaseError(f"{found}: the release is incomplete; missing: {', '.join(sorted(missing))}")
    return release


def release_named(folder: Path, version: str) -> Release:
    """Open the release of a version, whatever text that is; raise ``ReleaseError`` where there is none."""
    path = folder / version if VERSION.fullmatch(version) else None
    if path is None or path.is_symlink() or not path.is_dir():
        raise ReleaseError(f"{folder}: no release {version!r} here")
    release = open_release(path)
    if release.manifest.version != version:
        raise ReleaseError(f"{path}: the release in it says that it is {release.manifest.version}")
    return release


def version_order(version: str) -> tuple[int, ...]:
    """Return what calendar versions are sorted by: 2026.9.0 comes before 2026.11.0."""
    return tuple(int(part) for part in version.split(".") if part.isdecimal())


def versions_in(folder: Path) -> list[str]:
    """Return the versions of the releases in a folder, the oldest first, by the names of their folders."""
    found = (
        path.name
        for path in folder.iterdir()
        if VERSION.fullmatch(path.name) and not path.is_symlink() and (path / MANIFEST).is_file()
    )
    return sorted(found, key=version_order)


def releases_in(folder: Path) -> list[Release]:
    """Return the releases in a folder that can be opened under their own versions, the oldest first."""
    found = []
    for version in versions_in(folder):
        with suppress(ReleaseError):
            found.append(release_named(folder, version))
    return found
