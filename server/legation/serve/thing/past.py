"""The history of a thing as its page shows it: the releases that it stands in, and what they changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pyoxigraph import BlankNode

from legation.serve.resources.history import Change, History
from legation.serve.words.labels import Text
from legation.serve.words.present import Presenter, Shown, Term


@dataclass(frozen=True)
class Row:
    """A property, and its value before and after."""

    property: Shown
    before: Shown | None
    after: Shown | None


@dataclass(frozen=True)
class Told:
    """What one release did: to the thing itself, or to evidence that it is ``about``."""

    version: str
    issued: str
    what: str
    about: Shown | None
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class PastView:
    """The history of a thing, the newest release first."""

    stands: tuple[str, ...]
    steps: tuple[Told, ...]
    cut: bool
    """Whether there were releases before, which are not here."""


def past_view(
    history: History, iri: str, evidence: Iterable[str], reader: Presenter, *, stands: bool = True
) -> PastView:
    """Return the history of the thing ``iri``, and of the ``evidence`` that it rests on."""
    past = history.past(iri, stands=stands, also=evidence)
    steps = tuple(
        Told(
            step.release.manifest.version,
            step.release.manifest.issued,
            step.change.what,
            None if step.change.thing == iri else reader.named(step.change.thing),
            rows_of(step.change, reader),
        )
        for step in past.steps
    )
    versions = tuple(release.manifest.version for release in past.stands)
    return PastView(versions, steps, cut=not history.complete and past.stands[-1:] == history.releases[-1:])


def rows_of(change: Change, reader: Presenter) -> tuple[Row, ...]:
    """Return the values that a change took and brought."""
    return tuple(
        Row(reader.named(one.property), shown(one.before, reader), shown(one.after, reader))
        for one in change.differences
    )


def shown(term: Term | None, reader: Presenter) -> Shown | None:
    """Return how a value is shown; a blank node only says that there is one."""
    if isinstance(term, BlankNode):
        return Shown(Text("…"))
    return None if term is None else reader.show(term)


def evidence_of(values: Sequence[Term]) -> list[str]:
    """Return the IRIs of pieces of evidence."""
    return [str(value.value) for value in values if hasattr(value, "value")]
