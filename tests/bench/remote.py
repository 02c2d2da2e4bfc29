"""How many questions a second go through a remote engine: ``python -m tests.bench.remote RELEASE``.

The same release, embedded and at an Oxigraph server, on this machine: queries for names of things, and data
about them, none asked twice. docs/operations.md reckons with what it prints.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from statistics import median
from typing import Final
from urllib.parse import urlencode

from pyoxigraph import NamedNode, RdfFormat, parse

from legation.namespaces import ID, PREFIXES
from legation.release import open_release
from tests.bench.load import Pace, walk, written
from tests.endpoints import oxigraph_store
from tests.serving import serving
from tests.test_remote import push

PACE: Final = Pace(8, 2)
ROUNDS: Final = 5
ENOUGH: Final = 60_000
"""Paths of one run; more than are asked for in its time."""

NAMES: Final = f"SELECT ?name {{ <%s> <{PREFIXES['skos']}prefLabel> ?name }} # %d"
JSON: Final = "application/sparql-results+json"
Paths = Callable[[list[str], int], Iterator[str]]


def queries(things: list[str], begin: int) -> Iterator[str]:
    """Yield addresses of queries, each another one."""
    for number in range(begin, begin + ENOUGH):
        yield "/sparql?" + urlencode({"query": NAMES % (things[number % len(things)], number)})


def documents(things: list[str], begin: int) -> Iterator[str]:
    """Yield addresses of data about things, each another one."""
    for number in range(begin, begin + ENOUGH):
        yield f"/data/{things[number % len(things)].removeprefix(ID)}.ttl?n={number}"


def things_of(release: Path) -> list[str]:
    """Return the entities of a release: what has a type and an IRI of ours."""
    quads = parse(path=release / "dataset.nq", format=RdfFormat.N_QUADS)
    found = {quad.subject.value for quad in quads if isinstance(quad.subject, NamedNode)}
    return sorted(iri for iri in found if iri.startswith((f"{ID}person/", f"{ID}body/", f"{ID}post/")))


def main() -> None:
    """Print a table: what is asked, and requests a second of each server (median of the rounds)."""
    release = open_release(Path(sys.argv[1])).path
    things, numbers = things_of(release), count(0, ENOUGH)
    kinds: dict[str, tuple[Paths, str]] = {
        "queries for names": (queries, JSON),
        "data about things": (documents, "text/turtle"),
    }
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        store = stack.enter_context(oxigraph_store(Path(folder)))
        pushed = push(release, store, "--verify", "counts")
        if pushed.returncode != 0:
            raise SystemExit(pushed.stderr)
        servers = {
            "embedded": stack.enter_context(serving(release)),
            "remote": stack.enter_context(serving(release, "--engine", store.query)),
        }
        print("| asked | embedded, a second | remote, a second |\n| --- | ---: | ---: |")
        for name, (paths, accept) in kinds.items():
            rates: dict[str, list[float]] = {server: [] for server in servers}
            for _ in range(ROUNDS):
                for server, running in servers.items():
                    with written(paths(things, next(numbers))) as listed:
                        rates[server].append(walk(running.url, listed, accept, PACE, once=True).rate)
            found = " | ".join(f"{median(rates[server]):,.0f}" for server in servers)
            print(f"| {name} | {found} |", flush=True)


if __name__ == "__main__":
    main()
