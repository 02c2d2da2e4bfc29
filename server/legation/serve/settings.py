"""What an operator can set, with the defaults and the reason for each."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MEBIBYTE: Final = 1024 * 1024


def default_workers() -> int:
    """Return one query worker per processor, and never less than two: one heavy query must not be all."""
    return max(2, os.cpu_count() or 1)


@dataclass(frozen=True)
class Settings:
    """The limits of a server. Sizes are in bytes, times in seconds."""

    release: Path = Path("releases")
    """A release folder, or a folder of releases whose ``current`` is served."""

    host: str = "127.0.0.1"
    """The address to listen on."""

    port: int = 8080
    """The TCP port to listen on."""

    workers: int = default_workers()
    """Free-form queries that run at the same time, each in a process of its own."""

    queue: int = 16
    """Free-form queries that may wait for a worker; one more is refused with 503."""

    queue_time: float = 10.0
    """How long a query may wait for a worker before it is refused with 503, too."""

    time_limit: float = 30.0
    """Wall-clock time of one free-form query, from the moment a worker takes it."""

    memory_limit: int = 1024 * MEBIBYTE
    """Address space that one query may take beyond what its worker has at rest."""

    result_limit: int = 64 * MEBIBYTE
    """Size of one query's serialised result."""

    query_limit: int = 256 * 1024
    """Size of a request's body, and so of the longest query that can be posted."""

    page_threads: int = 8
    """Threads that queries can never occupy, so that pages and point look-ups go on beside them."""

    @property
    def threads(self) -> int:
        """Threads of the HTTP server: every query that runs or waits holds one, and the pages have theirs."""
        return self.workers + self.queue + self.page_threads
