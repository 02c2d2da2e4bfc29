"""How long publishing takes as a dataset grows: ``python -m tests.bench.publish [--sizes …]``.

A synthetic world of each size is checked, inferred and frozen, in a process of its own. Beside it, in
another, Oxigraph merely loads the quads of that release into a store on disk. Both are timed from within.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import linear_regression, median

from pyoxigraph import RdfFormat, Store

from legation.project import open_project
from legation.publish.pipeline import publish
from legation.release import DATASET
from tests.bench.page import machine, programs, table, write_part
from tests.bench.world import World, write_world
from tests.bench.worlds import keep

SIZES = (30_000, 300_000, 1_000_000)
ROUNDS = 3
PART = "publishing"


@dataclass(frozen=True)
class Run:
    """One run of a process: what it said of itself, its processor time (s), its most memory (MiB)."""

    said: Mapping[str, float]
    processor: float
    memory: float


@dataclass(frozen=True)
class Size:
    """What was measured at one size."""

    quads: int
    files: int
    stages: Mapping[str, float]
    """Seconds of each stage of publishing, in their order."""
    loading: float
    processor: tuple[float, float]
    """Seconds of processor time, of all threads, that publishing took and that loading took."""
    memory: float

    @property
    def publishing(self) -> float:
        """Seconds that publishing took."""
        return sum(self.stages.values())


def publish_alone(project: Path, releases: Path) -> None:
    """Publish, and print the seconds of each stage as JSON."""
    marks: list[tuple[str, float]] = []
    begun = time.perf_counter()
    publish(open_project(project), releases, lambda stage: marks.append((stage, time.perf_counter())))
    ends = [begun_at for _, begun_at in marks[1:]] + [time.perf_counter()]
    starts = [begun, *ends[:-1]]
    stages = zip(marks, starts, ends, strict=True)
    print(json.dumps({re.sub(r"[0-9]+ ", "", name): end - start for (name, _), start, end in stages}))


def load_alone(dataset: Path, store: Path) -> None:
    """Load a dataset into a new store on disk, and print the seconds as JSON."""
    begun = time.perf_counter()
    Store(str(store)).bulk_load(path=str(dataset), format=RdfFormat.N_QUADS)
    print(json.dumps({"loading": time.perf_counter() - begun}))


def alone(function: str, *paths: Path) -> Run:
    """Call one of the functions above in a process of its own; it starts no others, so its memory is all."""
    call = f"import sys; from pathlib import Path; from tests.bench.publish import {function} as run; "
    command = [sys.executable, "-c", f"{call}run(*map(Path, sys.argv[1:]))", *map(str, paths)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Run(json.loads(said), used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def measure(triples: int, rounds: int) -> Size:
    """Publish a world of about so many triples and load its release, in turn, so many times.

    The last release is kept for the other benchmarks.
    """
    with tempfile.TemporaryDirectory(prefix="legation-bench-") as name:
        folder = Path(name)
        project = write_world(World.of(triples), open_project(), folder / "project")
        published, loaded = list[Run](), list[Run]()
        for _ in range(rounds):
            shutil.rmtree(folder / "releases", ignore_errors=True)
            published.append(alone("publish_alone", project.root, folder / "releases"))
            dataset = folder / "releases/current" / DATASET
            loaded.append(alone("load_alone", dataset, folder / "store"))
            shutil.rmtree(folder / "store")
        with dataset.open("rb") as quads:
            size = sum(1 for _ in quads)
        # The stages are those of one run, the one in the middle, so that they add up.
        files = sum(1 for _ in project.turtle_files())
        keep(triples, folder)
        middle = sorted(published, key=lambda run: sum(run.said.values()))[len(published) // 2]
        return Size(
            quads=size,
            files=files,
            stages=middle.said,
            loading=median(run.said["loading"] for run in loaded),
            processor=(median(run.processor for run in published), median(run.processor for run in loaded)),
            memory=max(run.memory for run in published),
        )


def exponent(points: Sequence[tuple[int, float]]) -> float:
    """Return e where the seconds grow as quads to the power of e, fitted through all pairs of both."""
    quads, seconds = zip(*((math.log(quads), math.log(seconds)) for quads, seconds in points), strict=True)
    return linear_regression(quads, seconds).slope


def growth(points: Sequence[tuple[int, float]]) -> str:
    """Say the exponent through all sizes, and those from one size to the next."""
    between = ", ".join(
        f"{exponent(pair):.2f} from {pair[0][0]:,} to {pair[1][0]:,}" for pair in pairwise(points)
    )
    return f"as n^{exponent(points):.2f} ({between})"


def report(sizes: Sequence[Size], command: str) -> str:
    """Return the part of the page."""
    whole = table(
        (
            *("quads", "files", "publishing, s", "Oxigraph loads, s", "ratio"),
            *("processor time of both, s", "peak memory, MiB"),
        ),
        (
            (
                *(f"{size.quads:,}", f"{size.files:,}", f"{size.publishing:.1f}", f"{size.loading:.1f}"),
                f"{size.publishing / size.loading:.1f}",
                f"{size.processor[0]:.0f} and {size.processor[1]:.0f}",
                f"{size.memory:,.0f}",
            )
            for size in sizes
        ),
    )
    stages = table(
        ("seconds at quads", *(f"{size.quads:,}" for size in sizes)),
        ((stage, *(f"{size.stages[stage]:.1f}" for size in sizes)) for stage in sizes[0].stages),
    )
    parts = [f"Printed by `{command}` on {machine()}; {programs()}.", whole, stages]
    if len(sizes) > 1:
        taken = growth([(size.quads, size.publishing) for size in sizes])
        worked = growth([(size.quads, size.processor[0]) for size in sizes])
        parts.append(f"Fitted through all sizes, time grows {taken}; processor time {worked}.")
    return "\n\n".join(parts)


def main(arguments: Sequence[str]) -> None:
    """Measure, print, and put what is printed on the page."""
    parser = argparse.ArgumentParser(description="How long publishing takes as a dataset grows.")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, metavar="TRIPLES")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="The median of so many is reported.")
    chosen = parser.parse_args(arguments)
    measured = []
    for triples in chosen.sizes:
        print(f"{triples:,} triples …", file=sys.stderr, flush=True)
        measured.append(measure(triples, chosen.rounds))
    text = report(measured, " ".join(("python -m tests.bench.publish", *arguments)))
    print(text)
    write_part(PART, text)


if __name__ == "__main__":
    main(sys.argv[1:])
