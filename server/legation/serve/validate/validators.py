"""The process that validates posted documents: bounded, killable, kept from one document to the next."""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from legation.serve.query import wire
from legation.serve.query.workers import LAST_WORDS, OUT_OF_MEMORY, Answer
from legation.serve.settings import Settings
from legation.serve.web.refusals import (
    NotQueryError,
    OutOfMemoryError,
    OutOfTimeError,
    QueueFullError,
    ResultTooLargeError,
    WorkerFailedError,
)

START_LIMIT: Final = 60.0
"""Seconds that the process may take to read ontology and shapes."""

WAITING: Final = 4
"""Documents that may wait for the one being tried: each takes a core for a second or more."""


@dataclass(frozen=True)
class Document:
    """A document as it was posted, its format, and the format of its report."""

    body: bytes
    syntax: str
    format: str = ""

    def frame(self) -> wire.Frame:
        """Return it as the process gets it."""
        return wire.Frame({"syntax": self.syntax, "format": self.format}, self.body)


@dataclass
class _Process:
    """One validation process and our end of its socket."""

    child: subprocess.Popen[bytes]
    connection: socket.socket
    errors: IO[bytes]

    @classmethod
    def start(cls, command: Sequence[str]) -> _Process:
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
            raise WorkerFailedError(process.end().decode(errors="replace")) from error
        return process

    def ask(self, document: Document, limit: float) -> Answer:
        """Return the report on a document; raise why there is none."""
        deadline = time.monotonic() + limit
        try:
            wire.send(self.connection, document.frame(), deadline)
            return _answer_in(wire.receive(self.connection, deadline))
        except wire.LateError:
            raise OutOfTimeError from None
        except wire.ClosedError:
            words = self.end()
            if OUT_OF_MEMORY.search(words):
                raise OutOfMemoryError from None
            raise WorkerFailedError(words.decode(errors="replace")) from None

    def end(self) -> bytes:
        """Kill the process and return the tail of what it wrote on standard error."""
        self.child.kill()
        self.child.wait()
        self.connection.close()
        if self.errors.closed:
            return b""
        with self.errors as errors:
            errors.seek(0)
            return errors.read()[-LAST_WORDS:]


class Validators:
    """Tries one document after the other, in a process that the first of them starts."""

    def __init__(self, index: Path, context: Path, limits: Settings) -> None:
        """Know what to start: on the ``index`` of a release, writing JSON-LD with ``context``."""
        self._command = [sys.executable, "-m", "legation.serve.validate.validator", str(index), str(context)]
        self._command += [str(limits.memory_limit), str(limits.result_limit)]
        self._limits = limits
        self._places = threading.Semaphore(1 + WAITING)
        self._turn = threading.Lock()
        self._process: _Process | None = None

    def run(self, document: Document) -> Answer:
        """Return the report on ``document``, or raise the ``RefusalError`` that says why not."""
        if not self._places.acquire(blocking=False):
            raise QueueFullError
        try:
            if not self._turn.acquire(timeout=self._limits.queue_time):
                raise QueueFullError
            try:
                return self._run_now(document)
            finally:
                self._turn.release()
        finally:
            self._places.release()

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.end()

    def _run_now(self, document: Document) -> Answer:
        process = self._process or _Process.start(self._command)
        self._process = None
        try:
            answer = process.ask(document, self._limits.time_limit)
        except (NotQueryError, ResultTooLargeError):
            self._process = process
            raise
        except BaseException:
            process.end()
            raise
        self._process = process
        return answer


def _answer_in(frame: wire.Frame) -> Answer:
    """Return the report in a frame; raise the refusal that it is."""
    match frame.header["status"]:
        case "ok":
            return Answer(frame.header["kind"], frame.header["size"], frame.body, frame.file)
        case "syntax":
            raise NotQueryError(frame.header["detail"])
        case "too-large":
            raise ResultTooLargeError
        case "memory":
            raise OutOfMemoryError
        case other:
            raise WorkerFailedError(f"the validator answered {other!r}")
