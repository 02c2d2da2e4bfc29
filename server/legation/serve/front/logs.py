"""The access log: one line on standard error for each request, written by a thread of its own.

It tells no client's address unless told to, and no query beyond a bound.
"""

from __future__ import annotations

import hashlib
import json
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final, NamedTuple

NOTE: Final = "legation.note"
"""Where the WSGI environment holds the notes that handlers leave for the log: a ``dict[str, str]``."""

NUMBER: Final = "legation.number"
"""Where it holds what the log calls the request."""

JSON: Final = "json"
TEXT: Final = "text"
NONE: Final = "none"

LONGEST_QUERY: Final = 2000
"""Characters of a query that are logged; of a longer one, its digest and its length."""

LONGEST_PATH: Final = 500
WAITING: Final = 100_000
"""Lines that may wait to be written; when the reader is slower than that, lines are dropped."""

WRITE_EVERY: Final = 0.2
"""Seconds between two writings: waking a thread for each request would cost more than the line."""


class Entry(NamedTuple):
    """One request as the log tells it."""

    at: float
    number: str
    client: str
    method: str
    path: str
    status: int
    size: int
    seconds: float
    cache: str
    note: Mapping[str, str]


class Log:
    """Takes entries from the server's loop and writes them; with the form ``none`` it does nothing."""

    def __init__(self, form: str, *, addresses: bool) -> None:
        """Write lines of ``form``, with the clients' addresses or without."""
        self.enabled = form != NONE
        self._write = LINES[form]
        self._addresses = addresses
        self._waiting: deque[Entry] = deque()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="access-log", daemon=True)
        if self.enabled:
            self._thread.start()

    def add(self, entry: Entry) -> None:
        """Have an entry written soon; when too many wait, it is dropped."""
        if len(self._waiting) < WAITING:
            self._waiting.append(entry)

    def close(self) -> None:
        """Write what waits, and end."""
        if self.enabled:
            self._closed.set()
            self._thread.join()

    def _run(self) -> None:
        while not self._closed.wait(WRITE_EVERY):
            self._write_waiting()
        self._write_waiting()

    def _write_waiting(self) -> None:
        taken = [self._waiting.popleft() for _ in range(len(self._waiting))]
        lines = (self._write(fields_of(entry, addresses=self._addresses)) + "\n" for entry in taken)
        sys.stderr.writelines(lines)
        sys.stderr.flush()


def fields_of(entry: Entry, *, addresses: bool) -> dict[str, Any]:
    """Return what a line tells. The path is without its query; a query stands by itself, within its bound."""
    told: dict[str, Any] = {
        "time": datetime.fromtimestamp(entry.at, UTC).isoformat(timespec="milliseconds"),
        "request": entry.number,
        "method": entry.method,
        "path": entry.path[:LONGEST_PATH],
        "status": entry.status,
        "bytes": entry.size,
        "seconds": round(entry.seconds, 6),
        "cache": entry.cache,
        **({"client": entry.client} if addresses else {}),
        **entry.note,
    }
    query = told.get("query", "")
    if len(query) > LONGEST_QUERY:
        digest = hashlib.sha256(query.encode("utf-8", "surrogatepass")).hexdigest()
        told |= {"query": f"{len(query)} characters", "query_sha256": digest}
    return told


def _as_json(told: Mapping[str, Any]) -> str:
    return json.dumps(told, ensure_ascii=True)


def _as_text(told: Mapping[str, Any]) -> str:
    """Return a line for people: no control character of a request gets into it."""
    parts = [f"{name}={json.dumps(value)}" for name, value in told.items() if name not in HEAD]
    return " ".join(
        [*(str(told[name]) for name in ("time", "status", "method")), json.dumps(told["path"]), *parts]
    )


HEAD: Final = frozenset({"time", "status", "method", "path"})
LINES: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = MappingProxyType(
    {JSON: _as_json, TEXT: _as_text, NONE: str}
)
