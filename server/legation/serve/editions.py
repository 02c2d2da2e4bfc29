"""The release being served, and how the next one takes its place without a failed request.

The new release is opened beside the old one. Requests that begin after the change get the new one; those
under way keep the old one to their end, and it is closed when the last of them has ended. All but the opening
runs in the server's loop thread, so there is no lock.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from wsgiref.types import WSGIApplication

from legation.release import CURRENT, MANIFEST, Release, ReleaseError, open_release
from legation.serve.engine import Engine
from legation.serve.front.answers import Answers
from legation.serve.front.dereference import Dereference
from legation.serve.front.shortcut import Shortcut
from legation.serve.member import HOLDS, Member

LOOK_EVERY: Final = 1.0
"""Seconds between two looks at where ``current`` points."""


@dataclass(eq=False)
class Edition:
    """One release, opened: the application that answers from it, the answers kept, the way past both."""

    release: Release
    engine: Engine
    application: WSGIApplication
    answers: Answers
    shortcut: Shortcut
    things: Dereference
    under_way: int = 0
    """Requests that are being answered from it."""


@dataclass
class Past:
    """What was counted for editions that are closed now."""

    hits: int = 0
    misses: int = 0
    kills: int = 0


class Editions:
    """Knows the edition to answer from, and follows ``current`` to the next."""

    def __init__(
        self, folder: Path, first: Edition, opener: Callable[[Release], Edition], member: Member
    ) -> None:
        """Begin with ``first``; releases come from ``folder``, and ``opener`` opens one, in a thread.

        ``member`` changes to it when all others do.
        """
        self.current = first
        self.changes = 0
        self.failures = 0
        self.past = Past()
        self._folder = folder
        self._opener = opener
        self._member = member
        self._seen: tuple[Path, int] | None = None
        self._called = asyncio.Event()

    @contextmanager
    def lease(self) -> Iterator[Edition]:
        """Hold on to the current edition for the time of one request."""
        edition = self.current
        edition.under_way += 1
        try:
            yield edition
        finally:
            edition.under_way -= 1
            self._close_if_done(edition)

    def look(self) -> None:
        """Look for a new release now, even where nothing seems to have changed."""
        self._seen = None
        self._called.set()

    async def join(self, tell: Callable[[str], object]) -> None:
        """Take part in changes from now on, and make up for one that the others made meanwhile."""
        self._member.tell(HOLDS, _name(self.current.release))
        await self._look(tell)

    async def follow(self, tell: Callable[[str], object]) -> None:
        """Look for a new release for ever, and ``tell`` what became of each."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._called.wait(), LOOK_EVERY)
            self._called.clear()
            await self._look(tell)

    async def _look(self, tell: Callable[[str], object]) -> None:
        mark = _mark(self._folder)
        if mark == self._seen:
            return
        self._seen = mark
        try:
            await self._change(tell)
        except (ReleaseError, OSError, ValueError) as error:
            self.failures += 1
            served = self.current.release.manifest.version
            tell(f"The new release cannot be served, {served} stays: {error}")

    def close(self) -> None:
        """Close the current edition."""
        self.current.engine.close()

    async def _change(self, tell: Callable[[str], object]) -> None:
        release = await asyncio.to_thread(open_release, self._folder)
        if _identity(release) == _identity(self.current.release):
            return
        opened = await asyncio.to_thread(self._opener, release)
        async with self._member.changing(_name(release)):
            old, self.current = self.current, opened
        self.changes += 1
        tell(f"Serving release {release.manifest.version} now")
        self._close_if_done(old)

    def _close_if_done(self, edition: Edition) -> None:
        if edition is not self.current and edition.under_way == 0:
            self.past.hits += edition.answers.hits
            self.past.misses += edition.answers.misses
            self.past.kills += edition.engine.status().kills
            asyncio.get_running_loop().run_in_executor(None, _close, edition.engine)


def _close(engine: Engine) -> None:
    engine.close()
    gc.collect()  # the old application and its store hang together in cycles


def _identity(release: Release) -> tuple[Path, str]:
    return release.path, release.manifest.digest


def _name(release: Release) -> str:
    return " ".join(map(str, _identity(release)))


def _mark(folder: Path) -> tuple[Path, int] | None:
    """Return what changes when ``current`` points at another release, or at one published anew."""
    found = (folder / CURRENT if (folder / CURRENT).exists() else folder).resolve()
    try:
        return found, (found / MANIFEST).stat().st_mtime_ns
    except OSError:
        return None
