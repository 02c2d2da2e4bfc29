"""A query worker: one process, one read-only store, one query at a time, killed when it takes too long.

Forked from a server that has this module loaded already (``multiprocessing``, method ``forkserver``).
"""

from __future__ import annotations

import json
import os
import queue
import re
import select
import socket
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO, Final

from pyoxigraph import BlankNode, DefaultGraph, NamedNode, Store

from legation.namespaces import BASE
from legation.serve.query import sandbox, wire
from legation.serve.query.convert import UnreadableError, convert
from legation.serve.query.results import Bounds, TooLargeError, Writer

PROCESS_NAME: Final = "legation-query"
THREAD: Final = "thread"
"""The field of a header with the number of the thread that has the next query."""

BEYOND_FORMAT: Final = re.compile(r"does not support RDF 1\.2")
UNKNOWN_FUNCTION: Final = re.compile(r"^The custom (?:aggregate )?function .* is not supported")

STATUSES: Final[Mapping[type[Exception], str]] = MappingProxyType(
    {
        SyntaxError: "syntax",
        UnreadableError: "unreadable",
        TooLargeError: "too-large",
        MemoryError: "memory",
    }
)
"""What refusals are called between the processes."""

REFUSABLE: Final[tuple[type[Exception], ...]] = (*STATUSES, RuntimeError, OSError, ValueError)

DefaultGraphs = list[NamedNode | BlankNode | DefaultGraph] | None
NamedGraphs = list[NamedNode | BlankNode] | None


@dataclass(frozen=True)
class Worker:
    """What one worker process holds."""

    store: Store
    writer: Writer

    @classmethod
    def open(cls, store: Path, context: Path, bounds: Bounds) -> Worker:
        """Open the store in the folder ``store``; ``context`` is the file of the JSON-LD context."""
        document = json.loads(context.read_text(encoding="utf-8"))
        return cls(Store.read_only(str(store)), Writer(bounds, document["@context"]))

    def answer(self, asked: wire.Frame) -> wire.Frame:
        """Run the query of ``asked``, or convert the result in its file; a refusal is a frame as well."""
        try:
            return self._answer(asked.header, asked.file)
        except REFUSABLE as error:
            return wire.Frame({"status": _status(error), "detail": str(error)})

    def _answer(self, request: dict[str, Any], file: BinaryIO | None) -> wire.Frame:
        if file is not None:
            with file:
                return convert(file, request["kind"], self.writer, request["format"], request["rows"])
        default, named = _dataset(request)
        results = self.store.query(request["query"], base_iri=BASE, default_graph=default, named_graphs=named)
        return self.writer.write(results, request["format"], request["rows"])


def _status(error: Exception) -> str:
    """Return what a refusal is called between the processes."""
    if isinstance(error, RuntimeError) and UNKNOWN_FUNCTION.search(str(error)):
        return "function"
    if isinstance(error, OSError | ValueError) and BEYOND_FORMAT.search(str(error)):
        return "format"
    return next((status for kind, status in STATUSES.items() if isinstance(error, kind)), "failed")


def _dataset(request: dict[str, Any]) -> tuple[DefaultGraphs, NamedGraphs]:
    """Return the dataset that the protocol names: either list given alone leaves the other empty (§2.1.4)."""
    default, named = request["default_graphs"], request["named_graphs"]
    if not default and not named:
        return None, None
    return [NamedNode(iri) for iri in default], [NamedNode(iri) for iri in named]


def requests(connection: socket.socket) -> Iterator[wire.Frame]:
    """Yield what the server asks until it closes the socket."""
    while True:
        try:
            yield wire.receive(connection)
        except wire.ClosedError:
            return


def serve(
    connection: socket.socket, store: Path, context: Path, bounds: Bounds, processors: frozenset[int]
) -> None:
    """Serve queries on ``connection`` until the server closes it or is gone: the life of a worker process.

    Queries run in another thread, because the server lowers the priority of one that takes long; meanwhile
    this one sees the server go. What is written on standard error goes to a file that the server holds, too:
    a worker that dies has no other way to say why. The process is in a group of its own, so that no key of a
    terminal stops it, and in the server's session: Linux shares processor time between sessions first,
    whatever the priorities in them.
    """
    os.setpgid(0, 0)
    sandbox.step_back()
    errors = tempfile.TemporaryFile()  # noqa: SIM115  # lives as long as the process
    os.dup2(errors.fileno(), 2)
    os.environ["RUST_BACKTRACE"] = "0"  # one who runs out of memory is to end at once
    threading.excepthook = _die
    guarded = sandbox.forbid_sockets()
    turns = _Turns(Worker.open(store, context, bounds), connection, processors)
    sandbox.limit_memory(bounds.quick_memory, bounds.memory)
    sandbox.name_process(PROCESS_NAME)
    ready = {"status": "ready", "guarded": guarded, THREAD: turns.start()}
    wire.send(connection, wire.Frame(ready, file=os.fdopen(os.dup(2), "rb")))
    turns.go_on()


class _Turns:
    """The threads in which queries run, one at a time.

    One serves until the server lowers its priority, which cannot be raised again and which a thread hands on
    to those that it starts: so the next is started by the process's first thread, which nobody lowers. The
    server is told its number with the answer, because looking for it has a price: a process whose threads
    have been listed takes the kernel long to bury.
    """

    def __init__(self, worker: Worker, connection: socket.socket, processors: frozenset[int]) -> None:
        self._worker, self._connection, self._processors = worker, connection, processors
        self._normal = os.getpriority(os.PRIO_PROCESS, 0)
        self._wanted, self._want = os.pipe()
        self._started: queue.SimpleQueue[int] = queue.SimpleQueue()
        """The numbers of threads that have begun, and nobody has asked for."""

    def start(self) -> int:
        """Start the first thread, and return its number."""
        self._start()
        return self._started.get()

    def go_on(self) -> None:
        """Start one thread after another until the server hangs up."""
        events = select.poll()
        events.register(self._connection, 0)  # nothing but that it hangs up
        events.register(self._wanted, select.POLLIN)
        while self._connection.fileno() not in dict(events.poll()):
            os.read(self._wanted, 1)
            self._start()

    def _start(self) -> None:
        sandbox.run_on(self._processors)
        threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        self._started.put(threading.get_native_id())
        for request in requests(self._connection):
            answer = self._worker.answer(request)
            lowered = os.getpriority(os.PRIO_PROCESS, 0) != self._normal  # this thread's own
            if lowered:
                os.write(self._want, b".")
                answer.header[THREAD] = self._started.get()
            wire.send(self._connection, answer)
            if lowered:
                return


def _die(failure: threading.ExceptHookArgs) -> None:
    """End the process with the reason on standard error: the server waits for nothing then."""
    threading.__excepthook__(failure)
    os._exit(1)
