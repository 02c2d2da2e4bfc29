"""A query worker: one process, one read-only store, one query at a time, killed when it takes too long.

Forked from a server that has this module loaded already (``multiprocessing``, method ``forkserver``).
"""

from __future__ import annotations

import io
import json
import os
import re
import select
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from pyoxigraph import (
    BlankNode,
    DefaultGraph,
    NamedNode,
    QueryBoolean,
    QuerySolutions,
    QueryTriples,
    Store,
    Triple,
)

from legation.namespaces import BASE
from legation.serve.query import sandbox, wire
from legation.serve.query.rows import RowLimit
from legation.serve.query.versions import Signs, needs_newest
from legation.serve.web.formats import RESULT_FORMATS, ROWS, rows_of, write_graph

IN_MEMORY: Final = 1 << 20
PROCESS_NAME: Final = "legation-query"
BYTES: Final = "bytes"
"""What the size of a result is counted in, where it is not its rows."""

BEYOND_FORMAT: Final = re.compile(r"does not support RDF 1\.2")
UNKNOWN_FUNCTION: Final = re.compile(r"^The custom (?:aggregate )?function .* is not supported")

DefaultGraphs = list[NamedNode | BlankNode | DefaultGraph] | None
NamedGraphs = list[NamedNode | BlankNode] | None
Request = dict[str, Any]


class TooLargeError(Exception):
    """The result passed a limit; the message says in what it is counted."""


class Spool:
    """A file for a result: in memory while small, on disk without a name after that, never over a limit."""

    def __init__(self, limit: int, look: Callable[[bytes], object] = len) -> None:
        """Keep at most ``limit`` bytes; ``look`` is shown them all, and may raise."""
        self._file: BinaryIO = io.BytesIO()
        self._limit = limit
        self._look = look
        self.size = 0

    def write(self, data: bytes) -> int:
        """Add ``data``; raise ``TooLargeError`` where the limit is passed."""
        self.size += len(data)
        if self.size > self._limit:
            raise TooLargeError(BYTES)
        self._look(data)
        if self.size > IN_MEMORY and isinstance(self._file, io.BytesIO):
            self._file = self._on_disk(self._file)
        return self._file.write(data)

    def flush(self) -> None:
        """Do nothing: the file is read only when it is whole."""

    @staticmethod
    def _on_disk(held: io.BytesIO) -> BinaryIO:
        file: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115  # lives as long as the spool
        file.write(held.getbuffer())
        return file

    def frame(self, header: dict[str, Any]) -> wire.Frame:
        """Return the result as a frame: its bytes where they are few, else the open file."""
        if isinstance(self._file, io.BytesIO):
            return wire.Frame({**header, "size": self.size}, self._file.getvalue())
        self._file.seek(0)  # which flushes, too
        file: BinaryIO = os.fdopen(os.dup(self._file.fileno()), "rb")
        return wire.Frame({**header, "size": self.size}, file=file)


@dataclass(frozen=True)
class Worker:
    """What one worker process holds."""

    store: Store
    context: Mapping[str, Any]
    bounds: Bounds

    @classmethod
    def open(cls, store: Path, context: Path, bounds: Bounds) -> Worker:
        """Open the store in the folder ``store``; ``context`` is the file of the JSON-LD context."""
        document = json.loads(context.read_text(encoding="utf-8"))
        return cls(Store.read_only(str(store)), document["@context"], bounds)

    def answer(self, request: dict[str, Any]) -> wire.Frame:
        """Run the query of ``request``; a refusal is a frame as well as a result is."""
        try:
            default, named = _dataset(request)
            results = self.store.query(
                request["query"], base_iri=BASE, default_graph=default, named_graphs=named
            )
            return self._result(results, request["format"], request["rows"])
        except SyntaxError as error:
            return wire.Frame({"status": "syntax", "detail": str(error)})
        except TooLargeError as error:
            return wire.Frame({"status": "too-large", "detail": str(error)})
        except MemoryError:
            return wire.Frame({"status": "memory"})
        except RuntimeError as error:
            status = "function" if UNKNOWN_FUNCTION.search(str(error)) else "failed"
            return wire.Frame({"status": status, "detail": str(error)})
        except (OSError, ValueError) as error:
            status = "format" if BEYOND_FORMAT.search(str(error)) else "failed"
            return wire.Frame({"status": status, "detail": str(error)})

    def _result(
        self, results: QuerySolutions | QueryBoolean | QueryTriples, name: str, rows: int
    ) -> wire.Frame:
        """Write a result in the format called ``name``; a page shows the first ``rows`` of it."""
        if isinstance(results, QueryTriples):
            return self._graph(results, name)
        if name == ROWS:
            kind = "boolean" if isinstance(results, QueryBoolean) else "bindings"
            spool = Spool(self.bounds.result)
            spool.write(json.dumps(rows_of(results, rows), ensure_ascii=False).encode())
            return spool.frame({"status": "ok", "kind": kind})
        if isinstance(results, QueryBoolean):
            spool = Spool(self.bounds.result)
            results.serialize(spool, RESULT_FORMATS[name])  # type: ignore[arg-type]
            return spool.frame({"status": "ok", "kind": "boolean"})
        return self._bindings(results, name)

    def _bindings(self, results: QuerySolutions, name: str) -> wire.Frame:
        limit, signs = RowLimit(name, self.bounds.rows), Signs(name)

        def look(data: bytes) -> None:
            if limit.is_passed(data):
                raise TooLargeError(ROWS)
            signs.add(data)

        spool = Spool(self.bounds.result, look)
        results.serialize(spool, RESULT_FORMATS[name])  # type: ignore[arg-type]
        return spool.frame({"status": "ok", "kind": "bindings", "newest": signs.found})

    def _graph(self, results: QueryTriples, name: str) -> wire.Frame:
        newest = False

        def counted() -> Iterator[Triple]:
            nonlocal newest
            for number, triple in enumerate(results):
                if number == self.bounds.rows:
                    raise TooLargeError(ROWS)
                newest = newest or needs_newest(triple)
                yield triple

        spool = Spool(self.bounds.result)
        write_graph(counted(), name, spool, self.context)
        return spool.frame({"status": "ok", "kind": "graph", "newest": newest})


def _dataset(request: dict[str, Any]) -> tuple[DefaultGraphs, NamedGraphs]:
    """Return the dataset that the protocol names: either list given alone leaves the other empty (§2.1.4)."""
    default, named = request["default_graphs"], request["named_graphs"]
    if not default and not named:
        return None, None
    return [NamedNode(iri) for iri in default], [NamedNode(iri) for iri in named]


def requests(connection: socket.socket) -> Iterator[dict[str, Any]]:
    """Yield what the server asks until it closes the socket."""
    while True:
        try:
            yield wire.receive(connection).header
        except wire.ClosedError:
            return


@dataclass(frozen=True)
class Bounds:
    """What a worker may take: bytes of memory in the quick lane and in the slow one, and of the result."""

    quick_memory: int
    memory: int
    result: int
    rows: int
    """Rows of a result, or triples of a graph."""


def serve(connection: socket.socket, store: Path, context: Path, bounds: Bounds) -> None:
    """Serve queries on ``connection`` until the server closes it or is gone: the life of a worker process.

    Queries run in another thread, because the server lowers the priority of one that takes long; meanwhile
    this one sees the server go. The store is opened in a third, which yields to queries that run already.
    What is written on standard error goes to a file that the server holds, too: a worker that dies has no
    other way to say why. The process is in a group of its own, so that no key of a terminal stops it, and in
    the server's session: Linux shares processor time between sessions first, whatever the priorities in them.
    """
    os.setpgid(0, 0)
    errors = tempfile.TemporaryFile()  # noqa: SIM115  # lives as long as the process
    os.dup2(errors.fileno(), 2)
    os.environ["RUST_BACKTRACE"] = "0"  # one who runs out of memory is to end at once
    threading.excepthook = _die
    guarded, normal = sandbox.forbid_sockets(), os.getpriority(os.PRIO_PROCESS, 0)
    with ThreadPoolExecutor(1, initializer=sandbox.yield_this_thread) as aside:
        worker = aside.submit(Worker.open, store, context, bounds).result()
    sandbox.limit_memory(bounds.quick_memory, bounds.memory)
    sandbox.name_process(PROCESS_NAME)
    wire.send(
        connection, wire.Frame({"status": "ready", "guarded": guarded}, file=os.fdopen(os.dup(2), "rb"))
    )
    _Turns(worker, connection, normal).go_on()


class _Turns:
    """The threads in which queries run, one at a time.

    One serves until the server lowers its priority, which cannot be raised again and which a thread hands on
    to those that it starts: so the next is started by the process's first thread, which nobody lowers.
    """

    def __init__(self, worker: Worker, connection: socket.socket, normal: int) -> None:
        self._worker, self._connection, self._normal = worker, connection, normal
        self._wanted, self._want = os.pipe()
        self._left: Request | None = None
        """What a thread has taken and left to the next one."""

    def go_on(self) -> None:
        """Start one thread after another until the server hangs up."""
        events = select.poll()
        events.register(self._connection, 0)  # nothing but that it hangs up
        events.register(self._wanted, select.POLLIN)
        self._start()
        while self._connection.fileno() not in dict(events.poll()):
            os.read(self._wanted, 1)
            self._start()

    def _start(self) -> None:
        threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        left, self._left = self._left, None
        if left is not None:
            self._answer(left)
        for request in requests(self._connection):
            if os.getpriority(os.PRIO_PROCESS, 0) != self._normal:  # this thread's own
                self._left = request
                os.write(self._want, b".")
                return
            self._answer(request)

    def _answer(self, request: Request) -> None:
        wire.send(self._connection, self._worker.answer(request))


def _die(failure: threading.ExceptHookArgs) -> None:
    """End the process with the reason on standard error: the server waits for nothing then."""
    threading.__excepthook__(failure)
    os._exit(1)
