"""The processes of a running server, seen from outside (Linux): which there are, and what they take."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

KIBIBYTE = 1024
LISTENING = "0A"
"""The state TCP_LISTEN, as /proc/net/tcp has it (proc(5))."""

PATIENCE = 20.0
"""Seconds that anything may take on a busy machine."""


def children_of(pid: int) -> set[int]:
    """Return the numbers of the processes that ``pid`` has started."""
    listed = [read(file) for file in Path(f"/proc/{pid}/task").glob("*/children")]
    return {int(child) for text in listed for child in text.split()}


def descendants_of(pid: int) -> set[int]:
    """Return the numbers of the processes that ``pid`` has started, and of those that they have."""
    children = children_of(pid)
    return {*children, *(found for child in children for found in descendants_of(child))}


def name_of(pid: int) -> str:
    """Return the name of a process; it is empty where there is none."""
    return read(Path(f"/proc/{pid}/comm")).strip()


def memory_of(pid: int) -> int:
    """Return the bytes that a process and its descendants take, shared pages by their shares (PSS)."""
    rollups = [read(Path(f"/proc/{one}/smaps_rollup")) for one in {pid, *descendants_of(pid)}]
    lines = [line.split() for text in rollups for line in text.splitlines() if line.startswith("Pss:")]
    return sum(int(fields[1]) for fields in lines) * KIBIBYTE


def read(file: Path) -> str:
    """Return what a file of ``/proc`` says: nothing where its process has ended."""
    try:
        return file.read_text(encoding="utf-8")
    except OSError:
        return ""


def listeners_on(port: int) -> int:
    """Return how many sockets listen on a TCP port over IPv4: one for each server process."""
    rows = [line.split() for line in read(Path("/proc/net/tcp")).splitlines()[1:]]
    return sum(row[1].endswith(f":{port:04X}") and row[3] == LISTENING for row in rows)


def soon(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds; fail where it does not in time."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
