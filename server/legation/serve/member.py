"""One of the server processes that share a port: what it tells the supervisor and asks the others."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

SERVING: Final = b"s"
"""A member tells the supervisor that it listens."""

OPENED: Final = b"o"
"""A member tells the supervisor that it has opened a new release."""

CHANGE: Final = b"c"
"""The supervisor tells a member that all have opened it."""

PATIENCE: Final = 10.0
"""Seconds that a member which has opened a new release waits for the others; one may be unable to."""

ANSWERING: Final = 2.0
"""Seconds that a member has to tell another what it has counted."""


@dataclass
class Member:
    """This server process. One that is alone has neither supervisor nor others, and waits for nobody."""

    index: int = 0
    count: int = 1
    supervisor: socket.socket | None = None
    """Our end of a pair of sockets; it ends when the supervisor does."""
    folder: Path = Path()
    """Where each member listens for the others, on a socket with its number for a name."""
    _all_opened: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_first(self) -> bool:
        """Whether this is the process that speaks for all where all would say the same."""
        return self.index == 0

    def tell(self, word: bytes) -> None:
        """Say one word to the supervisor, where there is one."""
        if self.supervisor is not None:
            with contextlib.suppress(OSError):  # it is gone: then we stop, see `heed`
                self.supervisor.send(word)

    def heed(self, stop: Callable[[], object]) -> None:
        """Listen to the supervisor from now on, in this loop; ``stop`` is called when it is gone."""
        if self.supervisor is not None:
            asyncio.get_running_loop().add_reader(self.supervisor, self._hear, self.supervisor, stop)

    def _hear(self, supervisor: socket.socket, stop: Callable[[], object]) -> None:
        try:
            words = supervisor.recv(64)
        except OSError:
            words = b""
        if CHANGE in words:
            self._all_opened.set()
        if not words:
            asyncio.get_running_loop().remove_reader(supervisor)
            stop()

    async def when_all_opened(self) -> None:
        """Wait until every member has opened the new release that this one has opened, but not for ever."""
        if self.supervisor is None:
            return
        self._all_opened.clear()
        self.tell(OPENED)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._all_opened.wait(), PATIENCE)

    @asynccontextmanager
    async def telling(self, counted: Callable[[], bytes]) -> AsyncIterator[None]:
        """Tell the other members what this one has ``counted``, for the time of the block."""

        async def answer(_reader: StreamReader, writer: StreamWriter) -> None:
            with contextlib.suppress(OSError):
                writer.write(counted())
                await writer.drain()
            writer.close()

        if self.supervisor is None:
            yield
            return
        own = self._socket(self.index)
        own.unlink(missing_ok=True)  # of a member that had our place and died
        async with await asyncio.start_unix_server(answer, own):
            yield

    async def ask_others(self) -> list[bytes]:
        """Return what each of the other members has counted; one that does not answer is left out."""
        others = (index for index in range(self.count) if index != self.index)
        answers = await asyncio.gather(*(_read(self._socket(index)) for index in others))
        return [answer for answer in answers if answer]

    def _socket(self, index: int) -> Path:
        return self.folder / str(index)


async def _read(path: Path) -> bytes:
    try:
        async with asyncio.timeout(ANSWERING):
            reader, writer = await asyncio.open_unix_connection(path)
            try:
                return await reader.read()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return b""
