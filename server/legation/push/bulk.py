"""One file that bulk loaders take, and the commands that load it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pyoxigraph import Quad, RdfFormat, parse, serialize

from legation.held import UNION, as_sent
from legation.push.load import union_of
from legation.release import Release

COMMANDS: Final = """\
Load it into an empty store, then check it with `legation push --engine URL --only-verify`:

Oxigraph   oxigraph load --location FOLDER --file {file}
           oxigraph serve-read-only --location FOLDER --bind HOST:PORT
Virtuoso   isql-vt (the folder has to be in DirsAllowed of virtuoso.ini):
             ld_dir('{folder}', '{name}', '{union}');
             rdf_loader_run();
             checkpoint;
QLever     index with the file as nq: `qlever index` with INPUT_FILES = {name}, FORMAT = nq
"""


def write_bulk(release: Release, file: Path) -> int:
    """Write ``release`` as one N-Quads file; return how many lines it has.

    The named graphs, blank nodes as Skolem IRIs, and the union of them all in the default graph: a line
    without a graph, which Virtuoso's loader puts into the graph that it is given.
    """
    written = 0

    def counted(quads: Iterator[Quad]) -> Iterator[Quad]:
        nonlocal written
        for quad in quads:
            written += 1
            yield quad

    with file.open("wb") as sink:
        serialize(counted(_all(release)), sink, RdfFormat.N_QUADS)
    return written


def commands(file: Path) -> str:
    """Return what to type to load ``file``."""
    full = file.resolve()
    return COMMANDS.format(file=full, folder=full.parent, name=full.name, union=UNION.value)


def _all(release: Release) -> Iterator[Quad]:
    for quad in parse(path=release.dataset, format=RdfFormat.N_QUADS):
        sent = as_sent(quad)
        yield Quad(sent.subject, sent.predicate, sent.object, quad.graph_name)
    for triple in union_of(release):
        yield Quad(triple.subject, triple.predicate, triple.object)
