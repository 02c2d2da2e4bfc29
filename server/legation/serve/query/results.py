"""Writing the result of a query: in the format that was asked for, whole or not at all, within limits."""

from __future__ import annotations

import io
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from pyoxigraph import QueryBoolean, QuerySolutions, QueryTriples, Triple

from legation.serve.query import wire
from legation.serve.query.rows import RowLimit
from legation.serve.query.versions import Signs, needs_newest
from legation.serve.web.formats import RESULT_FORMATS, ROWS, rows_of, write_graph

IN_MEMORY: Final = 1 << 20
BYTES: Final = "bytes"
"""What the size of a result is counted in, where it is not its rows."""

CHECK: Final = "check"
"""The format for those who want to know only whether a query can be asked at all."""


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
class Bounds:
    """What a worker may take: bytes of memory in the quick lane and in the slow one, and of the result."""

    quick_memory: int
    memory: int
    result: int
    rows: int
    """Rows of a result, or triples of a graph."""


@dataclass(frozen=True)
class Writer:
    """Writes results within ``bounds``; ``context`` is the value of ``@context`` in JSON-LD."""

    bounds: Bounds
    context: Mapping[str, Any]

    def write(
        self, results: QuerySolutions | QueryBoolean | QueryTriples, name: str, rows: int
    ) -> wire.Frame:
        """Write a result in the format called ``name``; a page shows the first ``rows`` of it."""
        if name == CHECK:
            return wire.Frame({"status": "ok", "kind": CHECK, "size": 0}, _variables(results))
        if isinstance(results, QueryTriples):
            return self.graph(results, name)
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

    def graph(self, results: Iterable[Triple], name: str) -> wire.Frame:
        """Write a graph in the format called ``name``."""
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


def _variables(results: QuerySolutions | QueryBoolean | QueryTriples) -> bytes:
    """Return the variables of a SELECT query in their order, as JSON."""
    found = results.variables if isinstance(results, QuerySolutions) else []
    return json.dumps([variable.value for variable in found]).encode()
