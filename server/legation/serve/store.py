"""The disposable index of a release: a RocksDB store that the embedded engine reads."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pyoxigraph import Quad, RdfFormat, Store, parse

from legation.release import Release


def index_path(release: Release) -> Path:
    """Return where the index of exactly this content lies: a release published anew has another."""
    return release.store / release.manifest.digest[:16]


@contextmanager
def building(release: Release) -> Iterator[None]:
    """Be the only server process that builds what belongs to a release, for the time of the block.

    Where nothing can be kept beside the release, none waits for another.
    """
    with suppress(OSError):
        release.store.mkdir(exist_ok=True)
    if not release.store.is_dir():
        yield
        return
    descriptor = os.open(release.store, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def ensure_index(release: Release) -> Path:
    """Return the index of ``release``, building it beside the release when it is not there.

    It appears under its name only when it is whole. Where the folder cannot be written, it is built in a
    temporary one, new at each start.
    """
    path = index_path(release)
    if path.is_dir():
        return path
    try:
        path.parent.mkdir(exist_ok=True)
        building = Path(tempfile.mkdtemp(prefix=f"{path.name}.", dir=path.parent))
    except OSError:
        path = Path(tempfile.mkdtemp(prefix="legation-")) / path.name
        building = path.with_suffix(".new")
    try:
        build_index(release.dataset, building)
        return _publish(building, path)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise


def build_index(dataset: Path, folder: Path) -> None:
    """Load the N-Quads of ``dataset`` into a new store in ``folder``.

    The default graph is filled with the union of all named graphs, so that a plain query sees everything
    and each statement once, without a flag and without merging at query time.
    """
    store = Store(folder)
    store.bulk_extend(_with_union(parse(path=dataset, format=RdfFormat.N_QUADS)))
    store.flush()
    store.optimize()


def _with_union(quads: Iterator[Quad]) -> Iterator[Quad]:
    for quad in quads:
        yield quad
        yield Quad(quad.subject, quad.predicate, quad.object)


def _publish(building: Path, path: Path) -> Path:
    """Give a finished index its name; another process that was faster has built the same."""
    try:
        building.rename(path)
    except OSError:
        if not path.is_dir():
            raise
        shutil.rmtree(building, ignore_errors=True)
    else:
        _sync(path.parent)
    return path


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
