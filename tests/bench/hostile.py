"""How quick point queries are alone and beside nine hostile ones: ``python -m tests.bench.hostile``.

The hostile queries are those of tests/test_hostile.py, asked again as soon as they are stopped.
"""

from __future__ import annotations

import tempfile
from itertools import count
from pathlib import Path
from typing import Final

from tests.serving import serving, small_release
from tests.test_hostile import OPTIONS, QUADS, attacked, await_rest, p99, points

ROUNDS: Final = 5


def release(folder: str) -> Path:
    """Write the release that the hostile queries are made for."""
    return small_release(Path(folder), QUADS)


def main() -> None:
    """Print both 99th percentiles of each round."""
    numbers = count()
    print("| p99 alone, ms | p99 beside nine, ms | ratio |\n| ---: | ---: | ---: |")
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(small_release(Path(folder), QUADS), *OPTIONS) as server,
    ):
        for _ in range(ROUNDS):
            await_rest(server)
            alone = p99(points(server, numbers))
            with attacked(server):
                beside = p99(points(server, numbers))
            print(f"| {alone * 1000:.1f} | {beside * 1000:.1f} | {beside / alone:.1f} |", flush=True)


if __name__ == "__main__":
    main()
