"""The pool of query workers: bounded, killable, always full.

A query runs in two lanes. In the *quick* lane it has a moment and little memory; nearly every query ends
there. One that does not goes on in the *slow* lane, where it has the full limits at a low priority; where all
slow places are taken it gives its process up and begins anew when its turn comes. So point queries never
queue behind heavy ones, and never share the processor with them as equals. The process of a slow query takes
another one's place when it is done: it holds the blocks of the store that it has read, and goes on with them.
"""

from __future__ import annotations

import math
import multiprocessing
import queue
import re
import signal
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import forkserver
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, BinaryIO, Final

from legation.serve.front.client import Client
from legation.serve.query import sandbox, wire
from legation.serve.query.admission import Lane, Visit
from legation.serve.query.bulkhead import Bulkhead
from legation.serve.query.results import Bounds
from legation.serve.query.versions import NEWEST
from legation.serve.query.worker import THREAD, serve
from legation.serve.settings import Settings
from legation.serve.web.refusals import (
    BeyondFormatError,
    ClientGoneError,
    EngineFailedError,
    NotQueryError,
    OutOfMemoryError,
    OutOfTimeError,
    RefusalError,
    ResultTooLargeError,
    TooDeepError,
    UnknownFunctionError,
    WorkerFailedError,
)

START_LIMIT: Final = 60.0
"""Seconds a new worker may take to open its store."""

RETRY_AFTER: Final = 1
"""Seconds before a worker that could not start is tried again."""

STARTERS: Final = 4
"""Workers that are started at the same time: opening a store is mostly waiting."""

_children: Final = threading.Lock()
"""Held while a child is started or waited for: ``multiprocessing`` asks after all children at both."""

LAST_WORDS: Final = 64 * 1024
"""Bytes of a dead worker's standard error that are looked at."""

OUT_OF_MEMORY: Final = re.compile(rb"memory allocation of|MemoryError|Cannot allocate memory")
STACK_OVERFLOW: Final = re.compile(rb"has overflowed its stack")

AT_FIRST: Final = 0.001
"""Seconds that a query has the processor as every worker has it; then all else goes first."""

PATIENCE: Final = 10
"""How much longer by the clock a query may take than by its processor: busy machines make none heavy."""

SHORTEST: Final = 0.002
"""Seconds between two looks at how much a query has spent."""

SETTLING: Final = 0.25
"""Seconds after a query got all the memory there is: where it runs out in them, it may have done so before,
and begins anew. One that really took all of it so quickly costs little more by that."""

BEGUN: Final = "legation.begun"
"""Where the WSGI environment holds the ``Begun`` query, where there is one."""

ANYONE: Final = Visit(Client())
"""A visit of nobody in particular, who stays."""

HARMLESS: Final = (
    BeyondFormatError,
    EngineFailedError,
    NotQueryError,
    ResultTooLargeError,
    UnknownFunctionError,
)
"""Refusals after which the worker is as good as before."""


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
    begun: Begun | None = None
    """The same query, where a worker has it already."""
    kind: str = ""
    """What the result in ``file`` is."""
    file: BinaryIO | None = field(default=None, compare=False)
    """A result from elsewhere that is to be converted; then the query is not run."""

    def header(self) -> dict[str, Any]:
        """Return the request as a frame's header."""
        return {
            "query": self.query,
            "format": self.format,
            "default_graphs": list(self.default_graphs),
            "named_graphs": list(self.named_graphs),
            "rows": self.rows,
            "kind": self.kind,
        }


@dataclass(frozen=True)
class Answer:
    """A whole result (``bindings``, ``boolean`` or ``graph``): bytes or, where it is large, an open file."""

    kind: str
    size: int
    body: bytes
    file: BinaryIO | None
    version: str = ""
    """The version of RDF that it needs, where that is not any."""


@dataclass(frozen=True)
class Status:
    """What the pool is doing: queries that run, queries that wait, and workers killed so far."""

    running: int
    waiting: int
    kills: int


@dataclass(eq=False)
class _Process:
    """One worker process, our end of its socket, what it writes on standard error, and its query thread."""

    child: ForkServerProcess
    connection: socket.socket
    errors: BinaryIO
    bounds: Bounds
    thread: int

    @classmethod
    def start(cls, store: Path, context: Path, bounds: Bounds, processors: frozenset[int]) -> _Process:
        """Fork a worker and wait until it is ready; its queries run on ``processors``."""
        ours, theirs = socket.socketpair()
        server = multiprocessing.get_context("forkserver")
        child = server.Process(target=serve, args=(theirs, store, context, bounds, processors), daemon=True)
        with theirs, _children:
            child.start()
        try:
            ready = wire.receive(ours, time.monotonic() + START_LIMIT)
        except (wire.ClosedError, wire.LateError) as error:
            child.kill()
            ours.close()
            raise WorkerFailedError("a worker did not start") from error
        if ready.file is None:
            raise WorkerFailedError("a worker has no standard error")
        return cls(child, ours, ready.file, bounds, ready.header[THREAD])

    @property
    def pid(self) -> int:
        """The process number."""
        if self.child.pid is None:
            raise WorkerFailedError("a worker did not start")
        return self.child.pid

    def is_fit_again(self) -> bool:
        """Tell whether the process, which had all the memory there is, is as good as one in the quick lane.

        Its store is warm: the engine holds the blocks that it has read, which saves the next query some time.
        """
        return sandbox.limit_memory_again(self.pid, self.bounds.quick_memory, self.bounds.memory)

    def last_words(self) -> bytes:
        """End the process and return the tail of what it wrote on standard error."""
        self._kill()
        self.errors.seek(0)
        return self.errors.read()[-LAST_WORDS:]

    def cause_of_death(self) -> RefusalError:
        """Return why the process ended by itself, from the signal that ended it and what it wrote last."""
        words = self.last_words()
        if self.child.exitcode == -signal.SIGSEGV or STACK_OVERFLOW.search(words):
            return TooDeepError()
        if OUT_OF_MEMORY.search(words):
            return OutOfMemoryError()
        return WorkerFailedError(words.decode(errors="replace"))

    def end(self) -> None:
        """End the process and let go of what belongs to it."""
        self._kill()
        self.connection.close()
        self.errors.close()

    def _kill(self) -> None:
        self.child.kill()
        with _children:
            self.child.join()


class _Work:
    """One query in one worker process, from the moment it gets the process until it gives it back or up."""

    def __init__(self, process: _Process, visit: Visit, circuit: _Circuit) -> None:
        self._process, self._visit, self._circuit = process, visit, circuit
        self._deadline = visit.until
        self._slow = False
        self._spent = 0.0
        """What the process had spent when it got the query."""
        self.ended = False
        self.replaced: Callable[[], object] = _nothing
        """What to do when another process stands ready in the place of this one."""

    def ask(self, request: Request, limit: float) -> None:
        """Hand the query to the process; from now on it has ``limit`` seconds."""
        self._deadline = min(self._visit.until, time.monotonic() + limit)
        self._spent = sandbox.time_spent(self._process.pid)
        try:
            wire.send(
                self._process.connection, wire.Frame(request.header(), file=request.file), self._deadline
            )
        except (wire.LateError, wire.ClosedError) as error:
            self.end()
            raise WorkerFailedError("a worker did not take the query") from error

    def is_done(self, moment: float) -> bool:
        """Tell whether the process has answered or ended, after ``moment`` seconds at most."""
        with self._visit.client.leaving(self._process.child.kill):
            return bool(wait([self._process.connection], min(moment, self._deadline - time.monotonic())))

    def is_done_within(self, spent: float) -> bool:
        """Tell whether the process has answered or ended before it spends so many seconds on the query.

        They are processor time; where other programs keep it waiting it has ``PATIENCE`` times as long by the
        clock.
        """
        end = self._spent + spent
        latest = min(time.monotonic() + PATIENCE * spent, self._deadline)
        left = spent
        while not self.is_done(max(left, SHORTEST)):
            left = end - sandbox.time_spent(self._process.pid)
            if left <= 0 or time.monotonic() >= latest:
                return False
        return True

    def yield_to_others(self, processors: frozenset[int]) -> None:
        """Give the query the lowest priority, on these processors; the next in the process is free again."""
        sandbox.yield_to_others(self._process.pid, self._process.thread, processors)

    def leave_the_circuit(self) -> None:
        """Give the process all the memory there is, and have another one take its place."""
        self._slow = True
        self._circuit.replace(self.replaced)
        bounds = self._process.bounds
        sandbox.allow_all_memory(self._process.pid, bounds.quick_memory, bounds.memory)

    def answer(self) -> Answer:
        """Return the answer; raise why there is none. The process goes back where it is fit for more."""
        try:
            answer = answer_in(self._receive())
        except HARMLESS:
            self._give_back()
            raise
        except BaseException:
            self.end()
            raise
        self._give_back()
        return answer

    def fileno(self) -> int:
        """Return the descriptor that can be read when the process has answered or ended."""
        return self._process.connection.fileno()

    def answer_there(self) -> Answer | None:
        """Return the answer where all of it is there, the process given back; ``None`` for anything else."""
        found = wire.peek(self._process.connection)
        if found is None:
            return None
        frame, size = found
        if frame.header["status"] != "ok" or frame.header["size"] != len(frame.body):
            return None
        wire.drop(self._process.connection, size)
        self._note_thread(frame)
        self._give_back()
        return answer_in(frame)

    def end(self) -> None:
        """Kill the process, unless that has been done."""
        if self.ended:
            return
        self.ended = True
        self._process.end()
        self._circuit.note_kill()
        if not self._slow:
            self._circuit.replace(self.replaced)

    def _receive(self) -> wire.Frame:
        client = self._visit.client
        try:
            with client.leaving(self._process.child.kill):
                frame = wire.receive(self._process.connection, self._deadline)
        except wire.LateError:
            raise OutOfTimeError from None
        except wire.ClosedError:
            raise (ClientGoneError() if client.gone else self._process.cause_of_death()) from None
        if client.gone:
            raise ClientGoneError
        self._note_thread(frame)
        return frame

    def _note_thread(self, answer: wire.Frame) -> None:
        self._process.thread = answer.header.get(THREAD, self._process.thread)

    def _give_back(self) -> None:
        if not self._slow:
            self._circuit.ready.put(self._process)
        elif self._process.is_fit_again():
            self._circuit.ready.swap(self._process).end()
        else:
            self._process.end()


class _Ready(queue.LifoQueue[_Process]):
    """The processes that wait for a query; the one that had one last gets the next: its caches are warm."""

    def swap(self, process: _Process) -> _Process:
        """Put in one more, and return the one that has waited longest; where none waits, the same."""
        with self.mutex:
            self.queue.append(process)
            return self.queue.pop(0)


class _Circuit:
    """The processes that are ready for a query, and the threads that start new ones."""

    def __init__(self, size: int, start: Callable[[], _Process], processors: frozenset[int]) -> None:
        self.ready = _Ready()
        self.kills = 0
        self._start = start
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._starters = ThreadPoolExecutor(STARTERS, "worker-starter", sandbox.run_on, (processors,))
        aside = ThreadPoolExecutor(1, initializer=sandbox.run_on, initargs=(processors,))
        self._forks = aside.submit(_start_forkserver)
        aside.shutdown(wait=False)
        for _ in range(size):
            self.replace(_nothing)

    def take(self) -> _Process:
        """Return a process that is ready; one that has died meanwhile is passed over."""
        while True:
            try:
                process = self.ready.get(timeout=START_LIMIT)
            except queue.Empty:
                raise WorkerFailedError("no worker could be started") from None
            if not wait([process.connection], 0):
                return process
            process.end()
            self.replace(_nothing)

    def replace(self, then: Callable[[], object]) -> None:
        """Have one more process started, and ``then`` called when it is ready."""
        with suppress(RuntimeError):  # closed: no more are wanted
            self._starters.submit(self._start_one, then)

    def note_kill(self) -> None:
        """Count a process that had to be killed."""
        with self._lock:
            self.kills += 1

    def close(self) -> None:
        """Start no more processes and end those that are ready."""
        self._closed.set()
        self._starters.shutdown(cancel_futures=True)
        while not self.ready.empty():
            self.ready.get_nowait().end()

    def _start_one(self, then: Callable[[], object]) -> None:
        self._forks.exception()  # waited for; where it failed, the first worker has it tried again
        while not self._closed.is_set():
            try:
                self.ready.put(self._start())
            except (WorkerFailedError, OSError):
                self._closed.wait(RETRY_AFTER)
            else:
                then()
                return


def _start_forkserver() -> None:
    """Have the process that forks workers run; it takes turns and processors from this thread, as they do."""
    sandbox.take_turns(sandbox.USUAL_TURN)
    multiprocessing.get_context("forkserver").set_forkserver_preload(["legation.cli", serve.__module__])
    forkserver.ensure_running()


class Begun:
    """A query that waits for a worker or has one, and no thread that waits for it.

    Whoever has begun it takes its answer where that is there in a moment, or has ``Pool.run`` go on with it.
    """

    def __init__(self, pool: Pool, request: Request, visit: Visit, decided: Callable[[], object]) -> None:
        """Ask for a quick place; ``decided`` is called when one comes free, or no room is left to wait."""
        self.visit = visit
        self._pool, self._request = pool, request
        self._ticket = pool.quick.ask(visit, decided)
        self._work: _Work | None = None
        self._closed = False

    @property
    def has_place(self) -> bool:
        """Whether there is a place for the query."""
        return self._ticket.admitted

    def start(self) -> int | None:
        """Hand the query to a worker; return the descriptor that tells of its answer, where one takes it."""
        work = self._pool.take_ready(self.visit)
        if work is None:
            return None
        try:
            work.ask(self._request, self._pool.limit(self._request))
        except WorkerFailedError:
            return None
        self._work = work
        return work.fileno()

    def answer(self) -> Answer | None:
        """Return the answer where all of it is there; then the query is over."""
        answer = self._work.answer_there() if self._work is not None else None
        if answer is not None:
            self._work = None
            self.close()
        return answer

    def passed_on(self) -> tuple[_Work, Callable[[], object]] | None:
        """Let go of the worker: return it and how to leave its place, or ``None`` where there is none."""
        if self._work is None or self._closed:
            return None
        work, self._work, self._closed = self._work, None, True
        return work, partial(self._pool.quick.leave, self._ticket)

    def close(self) -> None:
        """End the query, unless it is over or passed on."""
        if self._closed:
            return
        self._closed = True
        if self._work is not None:
            self._work.end()
        self._pool.quick.leave(self._ticket)


class Pool:
    """Runs free-form queries in worker processes, within the limits of ``settings``."""

    def __init__(self, store: Path, context: Path, settings: Settings) -> None:
        """Start the workers on ``store``; ``context`` is the JSON-LD context they write with."""
        self._settings = settings
        self.quick = Lane(settings.quick_workers, settings.queue, settings.queue_time, reserve=1)
        self._slow = Lane(settings.workers, settings.queue, settings.queue_time)
        bounds = Bounds(
            settings.quick_memory, settings.memory_limit, settings.result_limit, settings.result_rows
        )
        self._bulkhead = Bulkhead()
        start = partial(_Process.start, store, context, bounds, self._bulkhead.all)
        self._circuit = _Circuit(settings.quick_workers + 1, start, self._bulkhead.second)

    def run(self, request: Request, visit: Visit = ANYONE) -> Answer:
        """Return the whole answer to ``request``, or raise the ``RefusalError`` that says why not."""
        limit = self.limit(request)
        with ExitStack() as place:
            work = self._begin(request, visit, place)
            if not work.is_done_within(AT_FIRST):
                work.yield_to_others(self._bulkhead.second)
            if work.is_done_within(AT_FIRST + self._settings.quick_time):
                with suppress(OutOfMemoryError):
                    return work.answer()
            # Held until the process is replaced: who gets a quick place finds a process ready.
            work.replaced = place.pop_all().close if not work.ended else _nothing
        with self._slow.place(visit, before_waiting=work.end), self._bulkhead.slow_query():
            if not work.ended:
                work.leave_the_circuit()
                if not work.is_done(SETTLING):
                    return work.answer()
                with suppress(OutOfMemoryError):  # of the quick lane's memory, as it seems
                    return work.answer()
            work = self._take(visit)
            work.leave_the_circuit()
            work.ask(request, limit)
            work.is_done_within(AT_FIRST)
            work.yield_to_others(self._bulkhead.second)
            return work.answer()

    def limit(self, request: Request) -> float:
        """Return the seconds that a query has."""
        return min(self._settings.time_limit, request.time)

    def take_ready(self, visit: Visit) -> _Work | None:
        """Return a process that is ready, ``None`` where there is none just now."""
        try:
            return _Work(self._circuit.ready.get_nowait(), visit, self._circuit)
        except queue.Empty:
            return None

    def _begin(self, request: Request, visit: Visit, place: ExitStack) -> _Work:
        """Return the query as a process has it, and its quick place in ``place``."""
        begun = request.begun.passed_on() if request.begun is not None else None
        if begun is not None:
            work, leave = begun
            place.callback(leave)
            return work
        place.enter_context(self.quick.place(visit))
        work = self._take(visit)
        work.ask(request, self.limit(request))
        return work

    def status(self) -> Status:
        """Return what the pool is doing just now."""
        (quick, before_quick), (slow, before_slow) = self.quick.counts(), self._slow.counts()
        return Status(quick + slow, before_quick + before_slow, self._circuit.kills)

    def close(self) -> None:
        """Start no more workers and end the idle ones; a busy one ends with the process that started it."""
        self._circuit.close()

    def _take(self, visit: Visit) -> _Work:
        return _Work(self._circuit.take(), visit, self._circuit)


def _nothing() -> None:
    """Do nothing."""


def answer_in(frame: wire.Frame) -> Answer:
    """Return the answer that a frame holds, or raise the refusal that it says."""
    detail = frame.header.get("detail", "")
    match frame.header["status"]:
        case "ok":
            version = NEWEST if frame.header.get("newest") else ""
            return Answer(frame.header["kind"], frame.header["size"], frame.body, frame.file, version)
        case "syntax":
            raise NotQueryError(detail)
        case "function":
            raise UnknownFunctionError(detail)
        case "format":
            raise BeyondFormatError(detail)
        case "too-large":
            raise ResultTooLargeError(detail)
        case "unreadable":
            raise EngineFailedError(detail)
        case "memory":
            raise OutOfMemoryError
        case _:
            raise WorkerFailedError(detail)
