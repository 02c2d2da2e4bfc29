"""The calendar rule: which days a date of any precision can mean. The dates themselves stay as given."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

PATTERN: Final = re.compile(r"(?P<year>\d{4})(-(?P<month>\d{2})(-(?P<day>\d{2}))?)?")
LENGTHS: Final = {"date": 10, "gYearMonth": 7, "gYear": 4}
"""XML Schema's date types, by the precision they have."""
DURATION: Final = re.compile(r"P((?P<years>\d+)Y)?((?P<months>\d+)M)?")


@dataclass(frozen=True)
class Span:
    """The days that an imprecise date can mean, first and last included."""

    first: date
    last: date


@dataclass(frozen=True)
class Bounds:
    """Between which days something began and ended; ``None`` where nothing is known."""

    start_earliest: date | None = None
    start_latest: date | None = None
    end_earliest: date | None = None
    end_latest: date | None = None


def span(text: str) -> Span | None:
    """Return the days that ``2026-06-24``, ``2026-06`` or ``2026`` can mean.

    ``None`` for what is no date of the calendar or, like ``--04-22``, of no known year.
    """
    match = PATTERN.fullmatch(text)
    if match is None:
        return None
    year, month, day = (int(match[name]) if match[name] else None for name in ("year", "month", "day"))
    try:
        if year is None or month is None:
            return Span(date(int(match["year"]), 1, 1), date(int(match["year"]), 12, 31))
        last = day or monthrange(year, month)[1]
        return Span(date(year, month, day or 1), date(year, month, last))
    except ValueError:
        return None


def is_date(text: str, datatype: str) -> bool:
    """Return whether a text is a value of one of XML Schema's date types, without a time zone."""
    if datatype == "gMonthDay":
        return text.startswith("--") and len(text) == len("--04-22") and span(f"2000{text[1:]}") is not None
    return len(text) == LENGTHS[datatype] and span(text) is not None


def later(day: date, duration: str) -> date | None:
    """Return the day that lies a duration of whole years and months (``P2Y``) after ``day``.

    Where the month reached has no such day, it is that month's last (XML Schema, part 2, appendix E).
    """
    match = DURATION.fullmatch(duration)
    if match is None:
        return None
    months = int(match["years"] or 0) * 12 + int(match["months"] or 0) + day.month - 1
    year, month = day.year + months // 12, months % 12 + 1
    try:
        return date(year, month, min(day.day, monthrange(year, month)[1]))
    except ValueError:
        return None


def bounds(
    starts: Iterable[str] = (),
    ends: Iterable[str] = (),
    as_of: Iterable[str] = (),
    durations: Iterable[str] = (),
) -> Bounds:
    """Return what the dates of one claim or event say about when it began and ended.

    Being so *as of* a date means having begun by its last day and not having ended before its first.
    A duration bounds the end only where no end is given.
    """
    start, end, seen = (([s for text in texts if (s := span(text))]) for texts in (starts, ends, as_of))
    start_latest = [max(s.last for s in start)] if start else []
    end_earliest = [min(s.first for s in end)] if end else []
    end_latest = [max(s.last for s in end)] if end else []
    if start and not end:
        for duration in durations:
            end_earliest += [day for day in [later(min(s.first for s in start), duration)] if day]
            end_latest += [day for day in [later(start_latest[0], duration)] if day]
    return Bounds(
        start_earliest=min((s.first for s in start), default=None),
        start_latest=min([*start_latest, *(s.last for s in seen)], default=None),
        end_earliest=max([*end_earliest, *(s.first for s in seen)], default=None),
        end_latest=max(end_latest, default=None),
    )
