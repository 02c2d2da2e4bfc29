"""docs/benchmarks.md: parts that commands write, between marks that only the parts' names tell apart."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).parent.parent.parent / "docs/benchmarks.md"


def write_part(name: str, text: str) -> None:
    """Put ``text`` between the marks of the part called ``name``; everything else stays as it is."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    page = PAGE.read_text(encoding="utf-8")
    before, found, rest = page.partition(begin)
    _, ended, after = rest.partition(end)
    if not found or not ended:
        raise ValueError(f"{PAGE.name} has no place for {name}: {begin} … {end}")
    PAGE.write_text(f"{before}{begin}\n\n{text.strip()}\n\n{end}{after}", encoding="utf-8")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; all columns but the first are numbers."""
    lines = [list(head), ["---", *["---:" for _ in head[1:]]], *map(list, rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def machine() -> str:
    """Return what the figures were measured on."""
    cpu = re.search(r"^model name\s*:\s*(.+)$", _read("/proc/cpuinfo"), re.MULTILINE)
    memory = re.search(r"^MemTotal:\s*(\d+) kB", _read("/proc/meminfo"), re.MULTILINE)
    size = f"{int(memory[1]) / 2**20:.0f} GiB" if memory else "unknown memory"
    model = cpu[1] if cpu else platform.machine()
    return f"{os.cpu_count()} processors ({model}), {size}, Linux {platform.release().partition('-')[0]}"


def programs() -> str:
    """Return the versions of what our server stands on."""
    names = ("pyoxigraph", "granian", "flask")
    return ", ".join([f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in names)])


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError:
        return ""
