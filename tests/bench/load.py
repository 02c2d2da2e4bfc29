"""The load tool: Debian's wrk, walking a list of requests; the same for every server."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SCRIPT: Final = Path(__file__).with_name("walk.lua")
WALKED: Final = re.compile(r"^walked (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)$", re.MULTILINE)
PATIENCE: Final = 120
"""Seconds that one answer may take."""


class LoadError(Exception):
    """The tool is missing, or a server answered wrongly under load."""


@dataclass(frozen=True)
class Walk:
    """What one run counted."""

    requests: int
    seconds: float
    p50: float
    """Milliseconds that half of the answers did not exceed."""
    p99: float

    @property
    def rate(self) -> float:
        """Requests in a second."""
        return self.requests / self.seconds


@contextmanager
def written(paths: Iterable[str]) -> Iterator[Path]:
    """Hold a list of paths as a file, one on each line, for the time of the block."""
    with tempfile.NamedTemporaryFile("w", suffix=".paths") as file:
        file.writelines(f"{path}\n" for path in paths)
        file.flush()
        yield Path(file.name)


@dataclass(frozen=True)
class Pace:
    """How many connections ask at the same time, and for how many seconds."""

    connections: int
    seconds: int

    def options(self) -> tuple[str, ...]:
        """Return the options of the tool that say so."""
        return ("--threads", "1", "--connections", str(self.connections), "--duration", f"{self.seconds}s")


def walk(url: str, paths: Path, accept: str, pace: Pace, *, once: bool = False) -> Walk:
    """Ask for ``paths`` at a ``pace``: from the start again and again, or ``once``.

    Raises ``LoadError`` where any answer had a status of 400 or more, or did not come.
    """
    ended = subprocess.run(
        [
            *("wrk", *pace.options(), "--timeout", f"{PATIENCE}s", "--script", str(SCRIPT), url, "--"),
            *(str(paths), accept, "once" if once else "round"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    found = WALKED.search(ended.stdout)
    if found is None:
        raise LoadError(f"wrk said nothing of {url}: {ended.stdout}{ended.stderr}")
    requests, microseconds, refused, broken, p50, p99 = map(int, found.groups())
    if refused or broken or not requests:
        raise LoadError(f"{url}: {requests} answers, {refused} of them errors; {broken} connections broke")
    return Walk(requests, microseconds / 1e6, p50 / 1000, p99 / 1000)


def version() -> str:
    """Return the version of the tool; raise ``LoadError`` where it is missing."""
    if shutil.which("wrk") is None:
        raise LoadError("wrk is missing: apt-get install wrk")
    said = subprocess.run(["wrk", "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"wrk\s+(\S+)", said)
    return found[1] if found else "of an unknown version"
