"""Timelines: tenures, memberships and events as rows that read as a list, each with a bar on one scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from legation.serve.words.present import Shown
from legation.serve.words.spans import Span

TENURE: Final = "tenure"
MEMBERSHIP: Final = "membership"
EVENT: Final = "event"

WIDTH: Final = 1000
"""The width of the scale, in units of its own; the page stretches it."""

PADDING: Final = 0.02
TICKS_AT_MOST: Final = 12
STEPS: Final = (1, 2, 5, 10, 20, 50)
LEAST: Final = 4
"""No bar is narrower, so that a single day can be seen."""


@dataclass(frozen=True)
class Entry:
    """One thing that took place or lasted."""

    kind: str
    """``TENURE``, ``MEMBERSHIP`` or ``EVENT``."""
    parts: tuple[Shown, ...]
    span: Span


@dataclass(frozen=True)
class Bar:
    """A piece of a row, in units of the scale: ``known``, ``maybe`` or ``open``."""

    kind: str
    x: float
    width: float


@dataclass(frozen=True)
class Row:
    """A row of a timeline."""

    entry: Entry
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Tick:
    """A year on the scale."""

    year: int
    x: float


@dataclass(frozen=True)
class Timeline:
    """Rows in the order of time and the years they span."""

    rows: tuple[Row, ...]
    undated: tuple[Entry, ...]
    ticks: tuple[Tick, ...]
    left_out: int


@dataclass(frozen=True)
class Scale:
    """From days to places on the scale, from left to right or, in Arabic, from right to left."""

    first: date
    last: date
    mirrored: bool

    def at(self, day: date) -> float:
        """Return the place of ``day``."""
        whole = max((self.last - self.first).days, 1)
        share = (day - self.first).days / whole
        place = WIDTH * (PADDING + share * (1 - 2 * PADDING))
        return round(WIDTH - place if self.mirrored else place, 1)

    def bar(self, kind: str, begin: float, end: float) -> Bar:
        """Return the piece between two places, whichever is first."""
        return Bar(kind, min(begin, end), max(abs(end - begin), LEAST))

    @property
    def edges(self) -> tuple[float, float]:
        """Where time begins and ends on the scale."""
        return (WIDTH, 0) if self.mirrored else (0, WIDTH)


def timeline(entries: Sequence[Entry], mirrored: bool, at_most: int) -> Timeline | None:
    """Return the timeline of ``entries``, at most so many rows; ``None`` where nothing has a date."""
    dated = sorted(
        (one for one in entries if one.span.days), key=lambda one: (one.span.days[0], one.span.days[-1])
    )
    if not dated:
        return None
    shown = dated[-at_most:]
    days = [day for one in shown for day in one.span.days]
    scale = Scale(date(min(days).year, 1, 1), date(max(days).year, 12, 31), mirrored)
    return Timeline(
        rows=tuple(Row(one, bars(one.span, scale, one.kind)) for one in shown),
        undated=tuple(one for one in entries if not one.span.days),
        ticks=ticks(scale),
        left_out=len(dated) - len(shown),
    )


def bars(span: Span, scale: Scale, kind: str) -> tuple[Bar, ...]:
    """Return the pieces of a row: what is known, what may be, and ends no source gives (events have none)."""
    days = span.days
    begin, end = scale.edges
    found = []
    if kind != EVENT and span.start_earliest is None:
        found.append(scale.bar("open", begin, scale.at(days[0])))
    if kind != EVENT and span.end_latest is None:
        found.append(scale.bar("open", scale.at(days[-1]), end))
    known = _known(span)
    if known is None or days[0] < known[0] or days[-1] > known[1]:
        found.append(scale.bar("maybe", scale.at(days[0]), scale.at(days[-1])))
    if known is not None:
        found.append(scale.bar("known", scale.at(known[0]), scale.at(known[1])))
    return tuple(found)


def _known(span: Span) -> tuple[date, date] | None:
    """Return the days from and to which it was certainly so; ``None`` where there is no such day."""
    if span.start_latest and span.end_earliest:
        return (span.start_latest, span.end_earliest) if span.start_latest <= span.end_earliest else None
    exact = (span.start_earliest, span.start_latest, span.end_earliest, span.end_latest)
    for one, other in (exact[:2], exact[2:]):
        if one is not None and one == other:
            return (one, one)
    return None


def ticks(scale: Scale) -> tuple[Tick, ...]:
    """Return the years that the scale is marked with."""
    years = scale.last.year - scale.first.year + 1
    step = next((step for step in STEPS if years / step <= TICKS_AT_MOST), STEPS[-1])
    begin = -(-scale.first.year // step) * step
    return tuple(Tick(year, scale.at(date(year, 1, 1))) for year in range(begin, scale.last.year + 1, step))
