"""Slow queries on one half of the processors, and while there are any, what carries bytes on the other half.

A thread that wakes on a processor where a query computes may wait milliseconds for its turn, whatever the
priorities. The threads of the HTTP server that read and write connections need little time, and every answer
waits for them several times.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from legation.serve.query import sandbox


class Bulkhead:
    """The two halves of the processors that this process may use; one processor is both."""

    def __init__(self) -> None:
        """Divide them."""
        self.all = sandbox.processors()
        half = (len(self.all) + 1) // 2
        self.first = frozenset(sorted(self.all)[:half])
        self.second = self.all - self.first or self.first
        self._lock = threading.Lock()
        self._slow = 0

    @contextmanager
    def slow_query(self) -> Iterator[None]:
        """Keep the threads that carry bytes in the first half for the time of the block."""
        self._count(1)
        try:
            yield
        finally:
            self._count(-1)

    def _count(self, more: int) -> None:
        with self._lock:
            before, self._slow = self._slow, self._slow + more
            if not before or not self._slow:
                self._run_carriers_on(self.first if self._slow else self.all)

    def _run_carriers_on(self, processors: frozenset[int]) -> None:
        """Have all threads of this process that Python does not know run on these processors."""
        if not processors:
            return
        known = {thread.native_id for thread in threading.enumerate()}
        for task in Path("/proc/self/task").iterdir():
            if int(task.name) not in known:
                with contextlib.suppress(ProcessLookupError):
                    os.sched_setaffinity(int(task.name), processors)
