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

SERVING: Final = "serving"
"""A member tells the supervisor that it listens."""

HOLDS: Final = "holds"
"""A member tells the supervisor which release it answers from, or will when it begins to."""

OPENED: Final = "opened"
"""A member tells the supervisor that it has opened another release."""

HOLD: Final = "hold"
"""The supervisor tells a member that all have opened it: it begins no more requests."""

HELD: Final = "held"
"""A member tells the supervisor that it begins none."""

CHANGE: Final = "change"
"""The supervisor tells a member that no other begins any, either: it changes, and goes on."""

MESSAGE: Final = 4096
"""Bytes of a message at most: a word and, where one belongs to it, what identifies a release."""

PATIENCE: Final = 10.0
"""Seconds that a member which has opened a new release waits for the others; one may be unable to."""

HOLDING: Final = 2.0
"""Seconds that requests are held back at most; it takes that long only where another member has stopped."""

ANSWERING: Final = 2.0
"""Seconds that a member has to tell another what it has counted."""


@dataclass
class Member:
    """This server process. One that is alone has neither supervisor nor others, and waits for nobody."""

    index: int = 0
    count: int = 1
    supervisor: socket.socket | None = None
    """Our end of a pair of sockets that keep messages apart; it ends when the supervisor does."""
    folder: Path = Path()
    """Where each member listens for the others, on a socket with its number for a name."""
    is_over: Callable[[], bool] = bool
    """Tells whether it was told to stop before it could heed signals."""
    holding: bool = False
    """Whether requests that come now wait in ``until_changed``, for a moment."""
    _agreeing: bool = False
    _no_longer: asyncio.TimerHandle | None = None
    _go_on: asyncio.Event = field(default_factory=asyncio.Event)
    _change: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_first(self) -> bool:
        """Whether this is the process that speaks for all where all would say the same."""
        return self.index == 0

    def tell(self, word: str, release: str = "") -> None:
        """Say something to the supervisor, where there is one."""
        if self.supervisor is not None:
            with contextlib.suppress(OSError):  # it is gone: then we stop, see `heed`
                self.supervisor.send(f"{word} {release}".encode())

    def heed(self, stop: Callable[[], object]) -> None:
        """Listen to the supervisor from now on, in this loop; ``stop`` is called when it is gone."""
        if self.supervisor is not None:
            asyncio.get_running_loop().add_reader(self.supervisor, self._hear, self.supervisor, stop)

    def _hear(self, supervisor: socket.socket, stop: Callable[[], object]) -> None:
        try:
            word = supervisor.recv(MESSAGE).decode().strip()
        except OSError:
            word = ""
        if word == HOLD:
            self._hold()
        elif word == CHANGE:
            self._change.set()
        else:
            asyncio.get_running_loop().remove_reader(supervisor)
            stop()

    def _hold(self) -> None:
        if self._agreeing:
            self.holding = True
            self._go_on.clear()
            self._no_longer = asyncio.get_running_loop().call_later(HOLDING, self._change.set)
        self.tell(HELD)

    @asynccontextmanager
    async def changing(self, release: str) -> AsyncIterator[None]:
        """Have the block run when all members have opened ``release``, and none of them begins a request.

        So nobody gets an answer from the old release after one from the new. A member that cannot open it is
        not waited for for ever.
        """
        if self.supervisor is not None:
            self._agreeing = True
            self._change.clear()
            self.tell(OPENED, release)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._change.wait(), PATIENCE)
        yield
        if self._no_longer is not None:
            self._no_longer.cancel()
        self.tell(HOLDS, release)
        self._agreeing = self.holding = False
        self._go_on.set()

    async def until_changed(self) -> None:
        """Wait while requests are held back."""
        await self._go_on.wait()

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
