"""The pool of query workers: bounded, killable, always full.

As many queries run at once as there are slots; as many more may wait; the next is refused. One worker more
than slots stands ready, so that the query after a kill does not wait for a process to start. A keeper thread
starts all of them: the kernel ties a worker's life to the thread that started it, and request threads come
and go.
"""

from __future__ import annotations

import contextlib
import math
import queue
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO, Final

from legation.serve import wire
from legation.serve.refusals import (
    BeyondFormatError,
    NotQueryError,
    OutOfMemoryError,
    OutOfTimeError,
    QueueFullError,
    RefusalError,
    ResultTooLargeError,
    TooDeepError,
    UnknownFunctionError,
    WorkerFailedError,
)
from legation.serve.settings import Settings

START_LIMIT: Final = 60.0
"""Seconds a new worker may take to open its store."""

RETRY_AFTER: Final = 1
"""Seconds before a worker that could not start is tried again."""

LAST_WORDS: Final = 4096
"""Bytes of a dead worker's standard error that are looked at."""

OUT_OF_MEMORY: Final = re.compile(rb"memory allocation of|MemoryError|Cannot allocate memory")
STACK_OVERFLOW: Final = re.compile(rb"has overflowed its stack")


@dataclass(frozen=True)
class Request:
    """One free-form query: its text, the format to answer in, and the dataset the protocol names."""

    query: str
    format: str
    default_graphs: tuple[str, ...] = ()
    named_graphs: tuple[str, ...] = ()
    rows: int = 0
    """For the format ``rows``: how many at most."""
    time: float = math.inf
    """Seconds that are left of the time that the query was given, where some are spent already."""

    def header(self) -> dict[str, Any]:
        """Return the request as a frame's header."""
        return {
            "query": self.query,
            "format": self.format,
            "default_graphs": list(self.default_graphs),
            "named_graphs": list(self.named_graphs),
            "rows": self.rows,
        }


@dataclass(frozen=True)
class Answer:
    """A whole result (``bindings``, ``boolean`` or ``graph``): bytes or, where it is large, an open file."""

    kind: str
    size: int
    body: bytes
    file: BinaryIO | None


@dataclass(frozen=True)
class Status:
    """What the pool is doing: queries that run, queries that wait, and workers killed so far."""

    running: int
    waiting: int
    kills: int


@dataclass
class _Process:
    """One worker process and our end of its socket."""

    child: subprocess.Popen[bytes]
    connection: socket.socket
    errors: IO[bytes]

    @classmethod
    def start(cls, command: list[str]) -> _Process:
        ours, theirs = socket.socketpair()
        errors = tempfile.TemporaryFile()  # noqa: SIM115  # lives as long as the process
        with theirs:
            child = subprocess.Popen(
                command,
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,
            )
        process = cls(child, ours, errors)
        try:
            wire.receive(ours, time.monotonic() + START_LIMIT)
        except (wire.ClosedError, wire.LateError) as error:
            raise WorkerFailedError(process.last_words().decode(errors="replace")) from error
        return process

    def last_words(self) -> bytes:
        """End the process and return the tail of what it wrote on standard error."""
        self.child.kill()
        self.child.wait()
        self.errors.seek(0)
        words = self.errors.read()[-LAST_WORDS:]
        self.end()
        return words

    def end(self) -> None:
        self.child.kill()
        self.child.wait()
        self.connection.close()
        self.errors.close()


class Pool:
    """Runs free-form queries in worker processes, within ``limits``."""

    def __init__(self, store: Path, context: Path, limits: Settings) -> None:
        """Start the workers on ``store``; ``context`` is the JSON-LD context they write with."""
        module = "legation.serve.worker"
        self._command = [sys.executable, "-m", module, str(store), str(context)]
        self._command += [str(limits.memory_limit), str(limits.result_limit)]
        self._limits = limits
        self._slots = threading.Semaphore(limits.workers)
        self._places = threading.Semaphore(limits.workers + limits.queue)
        self._ready: queue.Queue[_Process] = queue.Queue()
        self._wanted: queue.Queue[bool] = queue.Queue()
        self._closed = threading.Event()
        self._counting = threading.Lock()
        self._counts: Counter[str] = Counter()
        for _ in range(limits.workers + 1):
            self._wanted.put(True)
        self._keeper = threading.Thread(target=self._keep, name="worker-keeper", daemon=True)
        self._keeper.start()

    def run(self, request: Request) -> Answer:
        """Return the whole answer to ``request``, or raise the ``RefusalError`` that says why not."""
        if not self._places.acquire(blocking=False):
            raise QueueFullError
        self._count("held", 1)
        try:
            if not self._slots.acquire(timeout=self._limits.queue_time):
                raise QueueFullError
            self._count("running", 1)
            try:
                return self._run_now(request)
            finally:
                self._count("running", -1)
                self._slots.release()
        finally:
            self._count("held", -1)
            self._places.release()

    def status(self) -> Status:
        """Return what the pool is doing just now."""
        with self._counting:
            running = self._counts["running"]
            return Status(running, self._counts["held"] - running, self._counts["kills"])

    def _count(self, what: str, change: int) -> None:
        with self._counting:
            self._counts[what] += change

    def close(self) -> None:
        """Start no more workers and end the idle ones; a busy one ends with the thread that started it."""
        self._closed.set()
        self._wanted.put(False)
        self._keeper.join()
        with contextlib.suppress(queue.Empty):
            while True:
                self._ready.get_nowait().end()

    def _run_now(self, request: Request) -> Answer:
        try:
            process = self._ready.get(timeout=self._limits.time_limit)
        except queue.Empty:
            raise WorkerFailedError("no worker could be started") from None
        try:
            answer = self._ask(process, request)
        except (BeyondFormatError, NotQueryError, ResultTooLargeError, UnknownFunctionError):
            self._ready.put(process)
            raise
        except BaseException:
            process.end()
            self._count("kills", 1)
            self._wanted.put(True)
            raise
        self._ready.put(process)
        return answer

    def _ask(self, process: _Process, request: Request) -> Answer:
        deadline = time.monotonic() + min(self._limits.time_limit, request.time)
        try:
            wire.send(process.connection, wire.Frame(request.header()), deadline)
            frame = wire.receive(process.connection, deadline)
        except wire.LateError:
            raise OutOfTimeError from None
        except wire.ClosedError:
            words = process.last_words()
            raise _cause_of_death(process.child.returncode, words) from None
        status, detail = frame.header["status"], frame.header.get("detail", "")
        match status:
            case "ok":
                return Answer(frame.header["kind"], frame.header["size"], frame.body, frame.file)
            case "syntax":
                raise NotQueryError(detail)
            case "function":
                raise UnknownFunctionError(detail)
            case "format":
                raise BeyondFormatError(detail)
            case "too-large":
                raise ResultTooLargeError
            case "memory":
                raise OutOfMemoryError
            case _:
                raise WorkerFailedError(detail)

    def _keep(self) -> None:
        """Start a worker whenever one is wanted, for as long as the pool is open."""
        while self._wanted.get() and not self._closed.is_set():
            try:
                self._ready.put(_Process.start(self._command))
            except (WorkerFailedError, OSError):
                self._closed.wait(RETRY_AFTER)
                self._wanted.put(True)


def _cause_of_death(status: int, last_words: bytes) -> RefusalError:
    """Return why a worker ended by itself, from the signal that ended it and what it wrote last."""
    if status == -signal.SIGSEGV or STACK_OVERFLOW.search(last_words):
        return TooDeepError()
    if OUT_OF_MEMORY.search(last_words):
        return OutOfMemoryError()
    return WorkerFailedError(last_words.decode(errors="replace"))
