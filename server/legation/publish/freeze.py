"""Files to a release folder: written under a temporary name, synced, renamed; then the pointer is moved."""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

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


class ConflictError(Exception):
    """A release of this version exists already, and its content is another."""


def file_entry(path: str, content: bytes) -> FileEntry:
    """Return a file's line in the manifest."""
    suffix = PurePosixPath(path.removesuffix(".gz")).suffix
    return FileEntry(len(content), hashlib.sha256(content).hexdigest(), MEDIA_TYPES[suffix])


def with_twins(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the files and a gzipped twin of each, which carries no time and no name."""
    # zlib lets other threads run. Its highest level takes four times as long for a tenth less.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        twins = pool.map(lambda content: gzip.compress(content, compresslevel=6, mtime=0), files.values())
        return dict(files) | {f"{path}.gz": twin for path, twin in zip(files, twins, strict=True)}


def content_digest(files: Mapping[str, FileEntry]) -> str:
    """Return the digest that names a release's content.

    It is the SHA-256 of a line ``<sha256>  <path>`` for each file, in order of path. Gzipped twins are left
    out: they add nothing, and their bytes differ between builds of zlib. So are the lists of changes: what a
    release says is the same whichever release it follows.
    """
    told = sorted(path for path in files if not path.endswith(".gz") and path not in CHANGE_LISTS)
    lines = (f"{files[path].sha256}  {path}\n" for path in told)
    return hashlib.sha256("".join(lines).encode("utf-8")).hexdigest()


def freeze(
    releases: Path, manifest: Manifest, files: Mapping[str, bytes], *, replace: bool = False
) -> Release:
    """Write a release below ``releases`` and let ``current`` point at it.

    The same content again changes nothing. Other content under a published version raises ``ConflictError``,
    unless ``replace`` says that nobody was given that release yet. Whatever fails, ``current`` stays.
    """
    releases.mkdir(parents=True, exist_ok=True)
    target = releases / manifest.version
    if not target.exists():
        stage(target, manifest, files).rename(target)
    elif open_release(target).manifest.digest != manifest.digest:
        if not replace:
            raise ConflictError(
                f"{target} is published already with other content, and a release is never edited"
            )
        exchange(target, stage(target, manifest, files))
    sync_folder(releases)
    point(releases, target.name)
    return open_release(target)


def stage(target: Path, manifest: Manifest, files: Mapping[str, bytes]) -> Path:
    """Write a release under a temporary name beside ``target`` and sync it; the manifest comes last."""
    staging = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        for path, content in [*files.items(), (MANIFEST, manifest.to_json().encode("utf-8"))]:
            (staging / path).parent.mkdir(exist_ok=True)
            with (staging / path).open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        for folder in {(staging / path).parent for path in files}:
            sync_folder(folder)
        staging.chmod(0o755)
    except BaseException:
        shutil.rmtree(staging)
        raise
    return staging


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
    sync_folder(releases)


def sync_folder(folder: Path) -> None:
    """Bring a folder's entries to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
