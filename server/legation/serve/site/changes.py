"""What changed from release to release: things, terms, shapes, graphs, and the project's own account."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from flask import Blueprint, Response

from legation.namespaces import KINDS
from legation.project import open_project
from legation.release import CHANGES, Release
from legation.serve.resources.history import ADDED, CHANGED, REMOVED, Change, changes_of, space_of, tallies
from legation.serve.site.pages import page, presenter
from legation.serve.state import State, state
from legation.serve.thing.past import Row, rows_of
from legation.serve.web import dated
from legation.serve.web.formats import HTML
from legation.serve.web.operations import described
from legation.serve.words.labels import KIND_TITLES
from legation.serve.words.messages import marked
from legation.serve.words.present import Presenter, Shown
from legation.serve.words.prose import read_prose

blueprint: Final = Blueprint("changes", __name__)

AT_MOST: Final = 40
"""Things of one kind that the page lists for a release; its list of changes has all."""

FEW: Final = 8
"""Up to so many are in sight at once."""

TITLES: Final[Mapping[str, str]] = {**KIND_TITLES, "term": marked("Terms"), "shape": marked("Shapes")}
ORDER: Final = ("claim", *(kind for kind in KINDS if kind != "claim"), "term", "shape")
WAYS: Final = (ADDED, CHANGED, REMOVED)


@dataclass(frozen=True)
class Graphs:
    """The named graphs that a release has and the one before it had not, or had otherwise."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]


@dataclass(frozen=True)
class Part:
    """What a release did to things of one kind: how many in each way, and the first of them."""

    kind: str
    counts: tuple[int, ...]
    first: tuple[Change, ...]

    @property
    def more(self) -> int:
        """How many are not among the first."""
        return sum(self.counts) - len(self.first)


@dataclass(frozen=True)
class Step:
    """What a release changed; ``older`` is the one that it follows, where that is here."""

    release: Release
    older: Release | None
    listed: bool
    """Whether it has a list of changes; those published before there were any have none."""
    parts: tuple[Part, ...]
    graphs: Graphs | None


@dataclass(frozen=True)
class Line:
    """One thing on the page, linked to how it stood, and the values that changed."""

    what: str
    thing: Shown
    rows: tuple[Row, ...]


@blueprint.get("/changes")
@described(HTML, errors=("not-found", "not-ready", "being-opened"), fields=(dated.RELEASE,))
def changes() -> Response:
    """Show what each release changed, and the project's own account of it."""
    log = open_project().root / "CHANGELOG.md"
    steps = state().once(steps_of)
    return page(
        "changes.html",
        steps=[(step, lines_of(step)) for step in steps],
        titles=TITLES,
        few=FEW,
        log=read_prose(log) if log.is_file() else None,
    )


def steps_of(here: State) -> tuple[Step, ...]:
    """Return what each release of the history changed, the newest first."""
    releases: Sequence[Release | None] = [*here.history.releases[1:], None]
    return tuple(
        Step(
            release,
            older,
            CHANGES in release.manifest.files,
            tuple(parts_of(release)),
            graphs_of(release, older) if older is not None else None,
        )
        for release, older in zip(here.history.releases, releases, strict=True)
    )


def parts_of(release: Release) -> list[Part]:
    """Return what a release did, kind by kind."""
    counts = tallies(release)
    by_kind: dict[str, list[int]] = defaultdict(lambda: [0] * len(WAYS))
    for (kind, what), count in counts.items():
        by_kind[kind][WAYS.index(what)] = count
    return [
        Part(kind, tuple(by_kind[kind]), tuple(changes_of(release, space_of(kind), AT_MOST)))
        for kind in ORDER
        if kind in by_kind
    ]


def graphs_of(release: Release, older: Release) -> Graphs:
    """Return how the graphs of a release differ from those of an older one, by their digests."""
    here, there = release.manifest.graphs, older.manifest.graphs
    common = here.keys() & there.keys()
    return Graphs(
        tuple(sorted(here.keys() - there.keys())),
        tuple(sorted(there.keys() - here.keys())),
        tuple(sorted(iri for iri in common if here[iri].rdfc10 != there[iri].rdfc10)),
    )


def lines_of(step: Step) -> list[list[Line]]:
    """Return the things on the page, part by part: what is gone links to the release that still had it."""
    now = presenter(step.release.manifest.version)
    before = presenter(step.older.manifest.version) if step.older is not None else now
    return [[line_of(change, now, before) for change in part.first] for part in step.parts]


def line_of(change: Change, now: Presenter, before: Presenter) -> Line:
    """Return one thing on the page."""
    reader = before if change.what == REMOVED else now
    return Line(change.what, reader.named(change.thing), rows_of(change, now))
