"""What is known of when something began and ended: bounds, never sharpened, and what follows for one day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import Enum
from functools import cached_property
from typing import Final

from pyoxigraph import Literal, NamedNode

from legation.namespaces import LEG
from legation.serve.site.directory.read import Said

BOUNDS: Final = ("startEarliest", "startLatest", "endEarliest", "endLatest")
PREFERRED: Final = NamedNode(f"{LEG}PreferredRank")
DEPRECATED: Final = NamedNode(f"{LEG}DeprecatedRank")


class On(Enum):
    """Whether something was so on a day."""

    CERTAINLY = "certainly"
    POSSIBLY = "possibly"
    NOT = "not"


@dataclass(frozen=True)
class Span:
    """Between which days something began, and between which it ended; ``None`` where no source says."""

    start_earliest: date | None = None
    start_latest: date | None = None
    end_earliest: date | None = None
    end_latest: date | None = None

    @cached_property
    def days(self) -> list[date]:
        """Every day that is known, in the order of time."""
        bounds = (self.start_earliest, self.start_latest, self.end_earliest, self.end_latest)
        return sorted(day for day in bounds if day is not None)

    def lasts_on(self, day: date) -> On:
        """Tell whether it was so on ``day``, where what has begun lasts until a source ends it."""
        ended = self.end_latest is not None and self.end_latest < day
        if ended or (self.start_earliest is not None and self.start_earliest > day):
            return On.NOT
        begun = self.start_latest is not None and self.start_latest <= day
        open_ended = self.end_latest is None or (self.end_earliest is not None and self.end_earliest >= day)
        return On.CERTAINLY if begun and open_ended else On.POSSIBLY


def span_of(said: Said) -> Span:
    """Return the bounds that a release states of one claim or event."""
    found = (said.get(f"{LEG}{name}", ()) for name in BOUNDS)
    return Span(*(_day(values[0]) if values else None for values in found))


def _day(term: NamedNode | Literal) -> date | None:
    try:
        return date.fromisoformat(term.value)
    except ValueError:
        return None


def merged(claims: Iterable[Said]) -> Span:
    """Return what several claims on one matter say together; deprecated claims do not count.

    It began and ended within what the preferred claims that speak of it say, else the others, taken widely.
    Who was seen on a day had begun by it and had not ended before; that narrows what is stated, and where
    nothing is stated it is all that is known.
    """
    kept = [said for said in claims if DEPRECATED not in said.get(f"{LEG}rank", ())]
    spans = [span_of(said) for said in kept]
    best = [span for said, span in zip(kept, spans, strict=True) if PREFERRED in said.get(f"{LEG}rank", ())]
    starts = [one for one in best if one.start_earliest] or [one for one in spans if one.start_earliest]
    ends = [one for one in best if one.end_latest] or [one for one in spans if one.end_latest]
    begin = min(_known(one.start_earliest for one in starts), default=None)
    end = max(_known(one.end_latest for one in ends), default=None)
    seen_by = _known(one.start_latest for one in spans if one.start_earliest is None)
    seen_on = _known(one.end_earliest for one in spans if one.end_latest is None)
    begun_by = _known([max(_known(one.start_latest for one in starts), default=None)])
    lasted_to = _known([min(_known(one.end_earliest for one in ends), default=None)])
    return Span(
        begin,
        min([*begun_by, *(day for day in seen_by if begin is None or day >= begin)], default=None),
        max([*lasted_to, *(day for day in seen_on if end is None or day <= end)], default=None),
        end,
    )


def _known(days: Iterable[date | None]) -> list[date]:
    return [day for day in days if day is not None]
