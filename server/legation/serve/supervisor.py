"""Keeps several server processes on one port: starts them, replaces one that dies, passes on signals.

The processes are forked before anything is opened and before there is any thread. The kernel shares out
connections among them (``SO_REUSEPORT``, socket(7)).
"""

from __future__ import annotations

import os
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import wait
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import Final

from legation.serve import member
from legation.serve.member import MESSAGE, Member

STOPPING: Final = frozenset({signal.SIGTERM, signal.SIGINT})
HEEDED: Final = (*STOPPING, signal.SIGHUP)

MOMENT: Final = 1.0
"""Seconds between two starts of the same member, where it dies at once."""

SLACK: Final = 5.0
"""Seconds beyond its own time after which a member that does not stop is killed; one that has not begun to
serve has no time of its own."""


@dataclass(eq=False)
class _Child:
    """A member as the supervisor sees it."""

    process: ForkProcess
    channel: socket.socket
    """Our end of the pair of sockets."""
    began: float
    serving: bool = False
    current: str = ""
    """The release that it answers from, where it has begun or is about to."""
    opened: str = ""
    """The one that it has opened last."""
    told_to_hold: bool = False
    held: bool = False

    def hear(self) -> None:
        """Take in what it says."""
        message = ""
        with suppress(OSError):
            message = self.channel.recv(MESSAGE).decode()
        word, _, release = message.partition(" ")
        match word:
            case member.SERVING:
                self.serving = True
            case member.HOLDS:
                self.current = self.opened = release
            case member.OPENED:
                self.opened = release
            case member.HELD:
                self.held = True

    def tell(self, word: str) -> None:
        """Say one word to it."""
        with suppress(OSError):
            self.channel.send(word.encode())

    def hold(self) -> None:
        """Have it begin no more requests."""
        if not self.told_to_hold:
            self.told_to_hold = True
            self.tell(member.HOLD)

    def change(self) -> None:
        """Have it answer from the release that it has opened."""
        self.current, self.told_to_hold, self.held = self.opened, False, False
        self.tell(member.CHANGE)

    @property
    def has_ended(self) -> bool:
        """Whether its process is no more."""
        return self.process.exitcode is not None


class Supervisor:
    """Keeps ``count`` members, each of which runs ``serve``; they are given ``stop_time`` seconds to end."""

    def __init__(self, count: int, serve: Callable[[Member], object], stop_time: float) -> None:
        """Start nothing yet."""
        self._count = count
        self._serve = serve
        self._stop_time = stop_time
        self._children: dict[int, _Child] = {}
        self._heard: list[int] = []

    def run(self) -> int:
        """Serve until told to stop, and return the exit status: not 0 where the first member cannot serve.

        The others are started when the first one serves: what has to be built once is there for them.
        """
        with tempfile.TemporaryDirectory(prefix="legation-") as folder, self._hearing() as woken:
            first = self._start(0, Path(folder))
            while not self._is_over():
                self._pass_on()
                if first.serving:
                    self._replace(Path(folder))
                elif first.has_ended:
                    return first.process.exitcode or 0
                self._wait(woken)
            self._stop()
        return 0

    def _alive(self) -> list[_Child]:
        return [child for child in self._children.values() if not child.has_ended]

    def _start(self, index: int, folder: Path) -> _Child:
        """Fork a member."""
        ours, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
        own = Member(index, self._count, theirs, folder)
        process = get_context("fork").Process(target=self._be, args=(own, ours))
        signal.pthread_sigmask(signal.SIG_BLOCK, HEEDED)
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, HEEDED)
        theirs.close()
        self._children[index] = _Child(process, ours, time.monotonic())
        return self._children[index]

    def _be(self, own: Member, channel: socket.socket) -> None:
        """Be a member, in a process of our own: nothing of the supervisor's is left open.

        Signals are noted until it heeds them: one that ended it as it starts workers would leave these lost.
        """
        signal.set_wakeup_fd(-1)
        self._heard.clear()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HEEDED)
        own.is_over = self._is_over
        for one in (channel, *(child.channel for child in self._children.values())):
            one.close()
        self._serve(own)

    def _wait(self, woken: socket.socket) -> None:
        """Wait until something happens, and take in what members say."""
        children = self._alive()
        channels = [child.channel for child in children]
        sentinels = [child.process.sentinel for child in children]
        ready = wait([woken, *channels, *sentinels], None if len(children) == self._count else MOMENT)
        if woken in ready:
            woken.recv(64)
        for child in children:
            if child.channel in ready:
                child.hear()
        self._change_together()

    def _change_together(self) -> None:
        """Let members change to a new release once all have opened it and hold requests back."""
        members = [child for child in self._alive() if child.current]
        if len({child.opened for child in members}) != 1:
            return
        changing = [child for child in members if child.current != child.opened]
        for child in changing:
            child.hold()
        if all(child.held for child in changing):
            for child in changing:
                child.change()

    def _replace(self, folder: Path) -> None:
        """Start the members that are missing, those that have died among them."""
        for index in range(self._count):
            child = self._children.get(index)
            if child is None or (child.has_ended and time.monotonic() >= child.began + MOMENT):
                if child is not None:
                    child.channel.close()
                self._start(index, folder)

    def _is_over(self) -> bool:
        """Tell whether a signal that ends all has come."""
        return not STOPPING.isdisjoint(self._heard)

    def _pass_on(self) -> None:
        """Pass on the signals that have come and end nothing."""
        heard = [number for number in self._heard if number not in STOPPING]
        for number in heard:
            self._heard.remove(number)
            self._signal(number)

    def _signal(self, number: int) -> None:
        for child in self._alive():
            os.kill(child.process.pid or os.getpid(), number)

    def _stop(self) -> None:
        """Have all members end, and kill those that do not."""
        self._signal(signal.SIGTERM)
        now = time.monotonic()
        for child in self._children.values():
            end = now + (self._stop_time if child.current else 0) + SLACK
            child.process.join(max(0.0, end - time.monotonic()))
            child.process.kill()
            child.process.join()
            child.channel.close()

    @contextmanager
    def _hearing(self) -> Iterator[socket.socket]:
        """Note signals for the time of the block; the socket can be read when one has come."""
        woken, waker = socket.socketpair()
        woken.setblocking(False)
        waker.setblocking(False)
        handlers = {number: signal.signal(number, self._note) for number in HEEDED}
        before = signal.set_wakeup_fd(waker.fileno())
        try:
            with woken, waker:
                yield woken
        finally:
            signal.set_wakeup_fd(before)
            for number, handler in handlers.items():
                signal.signal(number, handler)

    def _note(self, number: int, _frame: object) -> None:
        self._heard.append(number)
