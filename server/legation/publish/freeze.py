"""A release folder: filled under a temporary name, synced, renamed; then the pointer is moved."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Final

from legation.release import (
    CHANGE_LISTS,
    CURRENT,
    MANIFEST,
    MEDIA_TYPES,
    FileEntry,
    Manifest,
    Release,
    open_release,
)

GZIP: Final = zlib.MAX_WBITS + 16
"""What tells zlib to write gzip's header and trailer."""
CHUNK: Final = 1 << 20
"""Bytes that are compressed together."""


class ConflictError(Exception):
    """A release of this version exists already, and its content is another."""


@contextmanager
def staging(releases: Path, version: str) -> Iterator[Path]:
    """Make a folder for the files of a release, under a temporary name beside where it will be.

    Unless ``freeze`` gave it its name it goes away in the end, and everything is as it was.
    """
    is_first = not releases.exists()
    releases.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{version}-", dir=releases))
    try:
        yield folder
    finally:
        if folder.exists():
            shutil.rmtree(folder)
        if is_first and not any(releases.iterdir()):
            releases.rmdir()


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write small files into a folder, which may be in folders of their own there."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)


def files_in(folder: Path) -> dict[str, Path]:
    """Return all files in a folder and the folders in it by their names, as in ``tables/people.csv``."""
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}


def entries(folder: Path, known: Mapping[str, FileEntry] | None = None) -> dict[str, FileEntry]:
    """Return the manifest's line for each file in a folder; those ``known`` are not read again."""
    known = known or {}
    return {name: known.get(name) or file_entry(path, name) for name, path in files_in(folder).items()}


def file_entry(path: Path, name: str) -> FileEntry:
    """Return the line of the manifest for a file of that name."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return FileEntry(file.tell(), digest, media_type(name))


def media_type(name: str) -> str:
    """Return the media type of a file; a gzipped twin has that of what is in it."""
    return MEDIA_TYPES[PurePosixPath(name.removesuffix(".gz")).suffix]


def add_twins(folder: Path) -> None:
    """Put a gzipped twin, which carries no time and no name, beside each file in a folder."""
    # The largest first, so that no processor is left with it in the end; zlib lets other threads run.
    files = sorted(files_in(folder).values(), key=lambda path: -path.stat().st_size)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for _ in pool.map(add_twin, files):
            pass


def add_twin(path: Path) -> None:
    """Write the gzipped twin of a file beside it."""
    # The highest level takes four times as long for a tenth less.
    packer = zlib.compressobj(6, zlib.DEFLATED, GZIP)
    with path.open("rb") as file, path.with_name(f"{path.name}.gz").open("xb") as twin:
        twin.writelines(packer.compress(chunk) for chunk in iter(lambda: file.read(CHUNK), b""))
        twin.write(packer.flush())


def content_digest(files: Mapping[str, FileEntry]) -> str:
    """Return the digest that names a release's content.

    It is the SHA-256 of a line ``<sha256>  <path>`` for each file, in order of path. Gzipped twins are left
    out: they add nothing, and their bytes differ between builds of zlib. So are the lists of changes: what a
    release says is the same whichever release it follows.
    """
    told = sorted(path for path in files if not path.endswith(".gz") and path not in CHANGE_LISTS)
    lines = (f"{files[path].sha256}  {path}\n" for path in told)
    return hashlib.sha256("".join(lines).encode("utf-8")).hexdigest()


def freeze(releases: Path, manifest: Manifest, folder: Path, *, replace: bool = False) -> Release:
    """Let ``folder`` (see ``staging``), which holds all files, be a release, and ``current`` point at it.

    The same content again changes nothing. Other content under a published version raises ``ConflictError``,
    unless ``replace`` says that nobody was given that release yet. Whatever fails, ``current`` stays.
    """
    target = releases / manifest.version
    if not target.exists():
        seal(folder, manifest)
        folder.rename(target)
    elif open_release(target).manifest.digest != manifest.digest:
        if not replace:
            raise ConflictError(
                f"{target} is published already with other content, and a release is never edited"
            )
        seal(folder, manifest)
        exchange(target, folder)
    sync(releases)
    point(releases, target.name)
    return open_release(target)


def seal(folder: Path, manifest: Manifest) -> None:
    """Write the manifest, bring everything in a folder to the disk and let everybody read it."""
    write_files(folder, {MANIFEST: manifest.to_json().encode("utf-8")})
    for path in (*files_in(folder).values(), *{path.parent for path in files_in(folder).values()}):
        sync(path)
    folder.chmod(0o755)


def exchange(target: Path, staging: Path) -> None:
    """Put ``staging`` in the place of ``target``."""
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    target.rename(old / "release")
    staging.rename(target)
    shutil.rmtree(old)


def point(releases: Path, version: str) -> None:
    """Let ``releases/current`` point at a version: a relative link, replaced in one step."""
    link = releases / CURRENT
    if link.is_symlink() and link.readlink() == Path(version):
        return
    with tempfile.TemporaryDirectory(prefix=".current-", dir=releases) as folder:
        fresh = Path(folder) / CURRENT
        fresh.symlink_to(version)
        fresh.rename(link)
    sync(releases)


def sync(path: Path) -> None:
    """Bring a file, or the entries of a folder, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
