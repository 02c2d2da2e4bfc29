"""A query worker: one process, one read-only store, one query at a time, killed when it takes too long.

Started as ``python -m legation.serve.worker``; standard input is the socket to the server.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import socket
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from pyoxigraph import BlankNode, DefaultGraph, NamedNode, QueryBoolean, QuerySolutions, QueryTriples, Store

from legation.namespaces import BASE
from legation.serve import sandbox, wire
from legation.serve.formats import RESULT_FORMATS, ROWS, rows_of, write_graph

IN_MEMORY: Final = 1 << 20
BEYOND_FORMAT: Final = re.compile(r"does not support RDF 1\.2")
UNKNOWN_FUNCTION: Final = re.compile(r"^The custom (?:aggregate )?function .* is not supported")

DefaultGraphs = list[NamedNode | BlankNode | DefaultGraph] | None
NamedGraphs = list[NamedNode | BlankNode] | None


class TooLargeError(Exception):
    """The result passed the limit on its size."""


class Spool:
    """A file for a result: in memory while small, on disk without a name after that, never over a limit."""

    def __init__(self, limit: int) -> None:
        """Keep at most ``limit`` bytes."""
        self._file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  # lives as long as this
        self._limit = limit
        self.size = 0

    def write(self, data: bytes) -> int:
        """Add ``data``; raise ``TooLargeError`` where the limit is passed."""
        self.size += len(data)
        if self.size > self._limit:
            raise TooLargeError
        return self._file.write(data)

    def flush(self) -> None:
        """Do nothing: the file is read only when it is whole."""

    def frame(self, header: dict[str, Any]) -> wire.Frame:
        """Return the result as a frame: its bytes where they are few, else the open file."""
        self._file.seek(0)
        if self.size <= IN_MEMORY:
            return wire.Frame({**header, "size": self.size}, self._file.read())
        file: BinaryIO = os.fdopen(os.dup(self._file.fileno()), "rb")
        return wire.Frame({**header, "size": self.size}, file=file)


@dataclass(frozen=True)
class Worker:
    """What one worker process holds."""

    store: Store
    context: Mapping[str, Any]
    result_limit: int

    def answer(self, request: dict[str, Any]) -> wire.Frame:
        """Run the query of ``request``; a refusal is a frame as well as a result is."""
        try:
            default, named = _dataset(request)
            results = self.store.query(
                request["query"], base_iri=BASE, default_graph=default, named_graphs=named
            )
            spool = Spool(self.result_limit)
            kind = self._write(results, request["format"], request["rows"], spool)
            return spool.frame({"status": "ok", "kind": kind})
        except SyntaxError as error:
            return wire.Frame({"status": "syntax", "detail": str(error)})
        except TooLargeError:
            return wire.Frame({"status": "too-large"})
        except MemoryError:
            return wire.Frame({"status": "memory"})
        except RuntimeError as error:
            status = "function" if UNKNOWN_FUNCTION.search(str(error)) else "failed"
            return wire.Frame({"status": status, "detail": str(error)})
        except (OSError, ValueError) as error:
            status = "format" if BEYOND_FORMAT.search(str(error)) else "failed"
            return wire.Frame({"status": status, "detail": str(error)})

    def _write(
        self,
        results: QuerySolutions | QueryBoolean | QueryTriples,
        name: str,
        rows: int,
        spool: Spool,
    ) -> str:
        if isinstance(results, QueryTriples):
            write_graph(results, name, spool, self.context)
            return "graph"
        kind = "boolean" if isinstance(results, QueryBoolean) else "bindings"
        if name == ROWS:
            spool.write(json.dumps(rows_of(results, rows), ensure_ascii=False).encode())
        else:
            results.serialize(spool, RESULT_FORMATS[name])  # type: ignore[arg-type]
        return kind


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


def main() -> None:
    """Serve queries on standard input until the server goes away."""
    parser = argparse.ArgumentParser(prog="legation.serve.worker")
    parser.add_argument("store")
    parser.add_argument("context", type=Path)
    parser.add_argument("memory_limit", type=int)
    parser.add_argument("result_limit", type=int)
    arguments = parser.parse_args()
    sandbox.die_with_parent()
    connection = socket.socket(fileno=os.dup(0))
    guarded = sandbox.forbid_sockets()
    worker = Worker(
        store=Store.read_only(arguments.store),
        context=json.loads(arguments.context.read_text(encoding="utf-8"))["@context"],
        result_limit=arguments.result_limit,
    )
    sandbox.limit_memory(arguments.memory_limit)
    wire.send(connection, wire.Frame({"status": "ready", "guarded": guarded}))
    for request in requests(connection):
        wire.send(connection, worker.answer(request))


if __name__ == "__main__":
    main()
