"""What a release takes on disk for each statement: ``python -m tests.bench.size --triples N``.

Of the synthetic world that the other benchmarks use. docs/operations.md reckons with what it prints.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterable
from pathlib import Path

from legation.release import DATASET, open_release
from legation.serve.lookup.index import ensure_name_index
from legation.serve.site.directory.build import ensure_directory
from legation.serve.store import ensure_index
from tests.bench.worlds import published


def size_of(files: Iterable[Path]) -> int:
    """Return the bytes that files take."""
    return sum(file.stat().st_size for file in files if file.is_file())


def sizes(folder: Path) -> dict[str, int]:
    """Return the bytes of each part of a release that is served, with the index built."""
    release = open_release(folder)
    index, names = ensure_index(release), ensure_name_index(release)
    with tempfile.TemporaryDirectory() as elsewhere:  # what properties imply is not known here
        directory = size_of([ensure_directory(Path(elsewhere), release.dataset, dict)])
    return {
        "quads, as text": size_of([release.path / DATASET]),
        "all other files of the release": size_of(release.path.rglob("*"))
        - size_of([release.path / DATASET]),
        "store (named graphs and their union)": size_of(index.rglob("*.sst")),
        "directory and index of names": directory + size_of([names]),
    }


def main() -> None:
    """Print a table: part, bytes, bytes for each statement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--triples", type=int, default=30_000)
    parser.add_argument("--release", type=Path)
    given = parser.parse_args()
    folder = given.release or published(given.triples, print)
    statements = open_release(folder).manifest.counts["quads"]
    print(f"{statements:,} statements\n\n| part | MiB | bytes for each statement |\n| --- | ---: | ---: |")
    for part, size in sizes(folder).items():
        print(f"| {part} | {size / 2**20:,.0f} | {size / statements:,.0f} |")


if __name__ == "__main__":
    main()
