"""How soon a server answers after it was started, and what memory its processes hold."""

from __future__ import annotations

import re
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.error import URLError
from urllib.request import urlopen

from tests.bench.peers import AbsentError, running
from tests.processes import descendants_of
from tests.serving import LEGATION, free_port

SETTLING: Final = 5.0
"""Seconds after which a server that nobody asks anything is at rest."""

COMPILED: Final = {"PYTHONDONTWRITEBYTECODE": ""}
"""A server as it comes keeps what it has compiled, whatever is set where it is measured."""

MEBIBYTE: Final = 1 << 20
PSS: Final = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)
PEAK: Final = re.compile(r"^VmHWM:\s+(\d+) kB", re.MULTILINE)


@dataclass(frozen=True)
class Start:
    """What one start of our server came to."""

    seconds: float
    """From the command to the first answer with 200."""
    processes: int
    memory: float
    """MiB of all processes together, what they share counted once (proportional set size)."""
    peaks: float
    """MiB: the sum of the most that each process ever had resident, what they share counted every time."""


def start(release: Path) -> Start:
    """Start our server on ``release`` with the settings it comes with, look at it, and stop it."""
    port = free_port()
    command = [*LEGATION, "serve", "--port", str(port), "--release", str(release)]
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        with running(command, Path(folder), COMPILED) as process:
            while process.poll() is None and not _answers(f"http://127.0.0.1:{port}/en/"):
                time.sleep(0.005)
            seconds = time.perf_counter() - began
            if process.poll() is not None:
                raise AbsentError((Path(folder) / "log").read_text())
            time.sleep(SETTLING)
            family = [process.pid, *descendants_of(process.pid)]
            memory = sum(_kibibytes(PSS, f"/proc/{pid}/smaps_rollup") for pid in family)
            peaks = sum(_kibibytes(PEAK, f"/proc/{pid}/status") for pid in family)
    return Start(seconds, len(family), memory * 1024 / MEBIBYTE, peaks * 1024 / MEBIBYTE)


def _answers(url: str) -> bool:
    try:
        with urlopen(url, None, 5) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _kibibytes(pattern: re.Pattern[str], path: str) -> int:
    found = pattern.search(Path(path).read_text())
    return int(found[1]) if found else 0
