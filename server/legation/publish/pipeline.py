"""The whole path from authored files to a release: read, check, derive, infer, describe, freeze."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pyoxigraph import Store, Triple

from legation.namespaces import ONTOLOGY as HEADER
from legation.project import Project
from legation.publish.authored import Authored, read_files
from legation.publish.changes import change_lists
from legation.publish.check import abbreviate, check_files, check_withdrawals, name_of, short, value_of
from legation.publish.constraints import Report, check_shapes
from legation.publish.derive import derive
from legation.publish.edition import Edition, make_edition, manifest
from legation.publish.fault import Fault, PublishError
from legation.publish.freeze import add_twins, entries, freeze, staging, write_files
from legation.publish.graphs import INFERRED, ONTOLOGY, SHAPES, add
from legation.publish.header import Header, read_header, stamp
from legation.publish.history import previous_release, published_identifiers
from legation.publish.hygiene import check_hygiene
from legation.publish.infer import Contradiction, infer
from legation.publish.lines import LineFile, graph_of, spooled, triple_of
from legation.release import DATASET, Release

WITHOUT_FACTS: Final = frozenset(str(graph).encode() for graph in (ONTOLOGY, SHAPES))
"""The graphs, as N-Quads spells them, that state nothing of the world."""

Progress = Callable[[str], None]
"""Is told in a few words what happens next."""


def silent(_: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Checked:
    """A project whose authored files keep every rule; ``store`` holds its ontology and its data."""

    authored: Authored
    header: Header
    report: Report
    store: Store


def check(project: Project, releases: Path, progress: Progress = silent) -> Checked:
    """Read and check a project; raise ``PublishError`` with every fault found.

    ``releases`` is where earlier releases are, whose identifiers must live on.
    """
    progress("reading")
    authored, faults = read_files(project)
    if faults:
        # What cannot be read defines nothing, so any further complaint would be noise.
        raise PublishError(faults)
    header = read_header(authored)
    progress(f"checking {len(authored.files)} files")
    faults = check_files(authored)
    faults += check_withdrawals(authored, published_identifiers(releases, header.version))
    progress("checking shapes")
    store = Store()
    authored.load(store, "ontology", "data")
    report = check_shapes(authored, store)
    if faults or report.faults:
        raise PublishError([*faults, *report.faults])
    return Checked(authored.afresh(), header, report, store)


def build(checked: Checked, progress: Progress = silent) -> Store:
    """Complete the dataset: all authored graphs, what is derived from claims, and what follows from it."""
    authored, store = checked.authored, checked.store
    authored.load(store, "shapes")
    ontology = authored.triples("ontology")
    add(store, ONTOLOGY, stamp(ontology, checked.header))
    progress("deriving")
    derive(store)
    progress("inferring")
    inferred, contradictions = infer(ontology, facts(store))
    if contradictions:
        raise PublishError(locate(contradictions, authored))
    add(store, INFERRED, [triple for triple in inferred if not states(store, triple)])
    return store


def facts(store: Store) -> Iterator[bytes]:
    """Yield the data and what is derived from it, as lines of N-Triples."""
    for line in spooled(store):
        if graph_of(line) not in WITHOUT_FACTS:
            yield triple_of(line)


def states(store: Store, triple: Triple) -> bool:
    """Return whether some graph states a triple."""
    found = store.quads_for_pattern(triple.subject, triple.predicate, triple.object, None)
    return next(found, None) is not None


def locate(contradictions: Iterable[Contradiction], authored: Authored) -> Iterator[Fault]:
    """Yield faults for each contradiction: at the statements that cause it, else at the thing concerned."""
    for contradiction in contradictions:
        message = f"inconsistent: {abbreviate(contradiction.message)}"
        written = [t for t in contradiction.causes if name_of(t.subject) in authored.homes]
        for cause in written:
            said = (name_of(cause.subject), cause.predicate.value, value_of(cause.object))
            yield authored.fault(f"{message}, by {' '.join(map(short, said))}", *said[:2])
        if not written:
            yield authored.fault(message, next(iter(contradiction.things), HEADER))


def assemble(checked: Checked, folder: Path, progress: Progress = silent) -> Edition:
    """Build the dataset and write every file made from it into ``folder``, which is empty."""
    store = build(checked, progress)
    progress("describing")
    return make_edition(checked.authored, checked.header, checked.report.triples, store, folder)


def publish(
    project: Project, releases: Path, progress: Progress = silent, *, replace: bool = False
) -> Release:
    """Publish a project below ``releases``; on any fault raise ``PublishError`` and leave all as it was.

    Publishing the same content again changes nothing; see ``freeze`` for ``replace``.
    """
    checked = check(project, releases, progress)
    with staging(releases, checked.header.version) as folder:
        edition = assemble(checked, folder, progress)
        progress("asking the competency questions")
        faults = edition.unanswered()
        progress("looking for what claims cannot say together")
        faults += check_hygiene(checked.authored, edition.store)
        if faults:
            raise PublishError(faults)
        progress("comparing with the release before")
        previous = previous_release(releases, edition.header.version)
        dataset = LineFile(folder / DATASET)
        write_files(folder, change_lists(edition.header.version, previous, dataset))
        progress("freezing")
        add_twins(folder)
        files = entries(folder, edition.files)
        return freeze(releases, manifest(edition, files, previous), folder, replace=replace)
