"""Earlier releases beside the one being served: opened when one is asked for, few at a time, and only read.

An index that is missing is built by a process of its own at a low priority, so that the release being served
never waits for it. A request takes out a lease; what no request holds makes room for what is wanted next.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from legation.release import Release, ReleaseError, open_release
from legation.serve.engine import StoreReader
from legation.serve.query.admission import Visit
from legation.serve.query.workers import Answer, Request, Status
from legation.serve.settings import Settings
from legation.serve.site.directory.build import directory_path
from legation.serve.state import State
from legation.serve.store import ensure_index, index_path
from legation.serve.web.refusals import WorkerFailedError

OPEN_AT_MOST: Final = 3
"""Earlier releases that are open at the same time: each holds some files and some memory."""

WAITING: Final = 4
"""Requests that may wait for a release to be opened: pages of the one being served keep their threads."""

PATIENCE: Final = 5.0
"""Seconds that a request waits for that; building an index may take longer."""

POLITE: Final = 10
"""How much lower the priority is of a process that builds an index."""


class BusyError(Exception):
    """The release cannot be opened just now; it may be in a moment."""


class PastEngine(StoreReader):
    """The index of an earlier release, which has no workers for queries."""

    def run(self, request: Request, visit: Visit) -> Answer:  # those of every engine
        """Refuse: queries are answered from the release being served."""
        raise WorkerFailedError("an earlier release answers no queries")

    def at_once(self, request: Request) -> None:
        """Answer nothing, as ``run`` does."""

    def begin(self, request: Request, visit: Visit, decided: Callable[[], object]) -> None:
        """Begin nothing, as ``run`` does."""

    def status(self) -> Status:
        """Return that none run and none wait."""
        return Status(0, 0, 0)

    def close(self) -> None:
        """Let go of the index, whoever still holds on to the engine."""
        del self._store


@dataclass(eq=False)
class Volume:
    """An earlier release that is open, or is being opened."""

    release: Release
    state: State | None = None
    users: int = 0
    """Requests that read it or wait for it."""

    def close(self) -> None:
        """Let go of its files."""
        if self.state is not None:
            self.state.close()
            self.state = None


class Archive:
    """Lends earlier releases to requests, in any thread."""

    def __init__(self, settings: Settings, most: int = OPEN_AT_MOST, patience: float = PATIENCE) -> None:
        """Have at most so many releases open, and requests wait so long; ``settings`` are the server's."""
        self._settings = settings
        self._most = most
        self._patience = patience
        self._lock = threading.Lock()
        self._volumes: OrderedDict[tuple[Path, str], Volume] = OrderedDict()
        self._waiting = threading.Semaphore(WAITING)
        self._builders: dict[Path, subprocess.Popen[bytes]] = {}

    @contextmanager
    def lease(self, release: Release) -> Iterator[State]:
        """Lend what reads ``release`` for the time of the block.

        Raise ``BusyError`` where it cannot be opened just now, ``ReleaseError`` where it cannot be at all.
        """
        volume = self._take(release)
        try:
            yield self._opened(volume)
        finally:
            with self._lock:
                volume.users -= 1

    def close(self) -> None:
        """Close what is open, and end what is being built."""
        with self._lock:
            for builder in self._builders.values():
                builder.kill()
                builder.wait()
            for volume in self._volumes.values():
                volume.close()
            self._volumes.clear()

    def __len__(self) -> int:
        """Return how many releases are open or being opened."""
        return len(self._volumes)

    def _take(self, release: Release) -> Volume:
        """Return the place of a release, making room for it where it has none."""
        key = release.path, release.manifest.digest
        with self._lock:
            volume = self._volumes.get(key)
            if volume is None:
                self._make_room()
                volume = self._volumes[key] = Volume(release)
            self._volumes.move_to_end(key)
            volume.users += 1
            return volume

    def _make_room(self) -> None:
        if len(self._volumes) < self._most:
            return
        idle = next((key for key, volume in self._volumes.items() if volume.users == 0), None)
        if idle is None:
            raise BusyError
        self._volumes.pop(idle).close()

    def _opened(self, volume: Volume) -> State:
        """Return what reads a release, opening it where nobody has; few requests may wait for that."""
        if volume.state is None:
            if not self._waiting.acquire(blocking=False):
                raise BusyError
            try:
                self._build(volume.release)
                with self._lock:
                    volume.state = volume.state or open_state(volume.release, self._settings)
            finally:
                self._waiting.release()
        return volume.state

    def _build(self, release: Release) -> None:
        """See that the release has its index; raise ``BusyError`` where that takes longer than one waits."""
        if is_indexed(release):
            return
        with suppress(OSError):
            release.store.mkdir(exist_ok=True)
        if not (release.store.is_dir() and os.access(release.store, os.W_OK)):
            raise ReleaseError(f"{release.path} has no index beside it, and none may be written there")
        deadline = time.monotonic() + self._patience
        with self._lock:
            builder = self._builders.get(release.path)
            if builder is None:
                builder = self._builders[release.path] = start_builder(release)
        try:
            failed = builder.wait(deadline - time.monotonic()) != 0
        except subprocess.TimeoutExpired:
            raise BusyError from None
        with self._lock:
            self._builders.pop(release.path, None)
        if failed or not is_indexed(release):
            raise ReleaseError(f"{release.path}: its index cannot be built")


def is_indexed(release: Release) -> bool:
    """Tell whether store and directory of a release are there, in the layout of this program."""
    return directory_path(index_path(release)).is_file()


def open_state(release: Release, settings: Settings) -> State:
    """Open an earlier release whose index is there."""
    return State(release, settings, PastEngine(index_path(release)))


def start_builder(release: Release) -> subprocess.Popen[bytes]:
    """Start the process that builds the index of a release."""
    command = [sys.executable, "-m", "legation.serve.archive", str(release.path)]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)


def build(folder: Path) -> None:
    """Build the index of the release in ``folder``: its store and its directory."""
    os.nice(POLITE)
    release = open_release(folder)
    engine = PastEngine(ensure_index(release))
    assert State(release, Settings(), engine).directory is not None  # noqa: S101  # asking for it builds it


if __name__ == "__main__":
    build(Path(sys.argv[1]))
