"""What an author is told: the file, the line and a sentence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, order=True)
class Fault:
    """One thing that stops publishing. ``line`` counts from 1."""

    path: Path
    line: int
    message: str

    def __str__(self) -> str:
        """Return the fault as editors and terminals expect it: ``path:line: message``."""
        return f"{self.path}:{self.line}: {self.message}"


class PublishError(Exception):
    """Publishing stopped; ``faults`` says where and why."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        """Keep the faults sorted by file and line, each once."""
        self.faults = tuple(sorted(set(faults)))
        super().__init__("\n".join(map(str, self.faults)))
