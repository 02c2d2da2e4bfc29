"""When something began and ended, in words: what is known, and no more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

from markupsafe import Markup, escape

from legation.serve.words.locales import spoken_range
from legation.serve.words.messages import marked, translate
from legation.serve.words.spans import Span


@dataclass(frozen=True)
class Saying:
    """How a date is said, by how well it is known: languages differ in the word that goes before it."""

    day: str
    date: str
    """Of a month or a year."""
    between: str
    """Of two days between which it lies."""


SEEN: Final = Saying(
    marked("seen %(day)s"), marked("seen %(date)s"), marked("seen between %(first)s and %(last)s")
)
FROM: Final = Saying(
    marked("from %(day)s"), marked("from %(date)s"), marked("begun between %(first)s and %(last)s")
)
TO: Final = Saying(
    marked("to %(day)s"), marked("to %(date)s"), marked("ended between %(first)s and %(last)s")
)


@lru_cache(maxsize=16384)
def lasting(span: Span, language: str) -> Markup:
    """Return in HTML from when to when something lasted, as far as it is known."""
    if not span.days:
        return _quiet(marked("no date"), language)
    stated = span.start_earliest or span.end_latest
    seen, begun = span.end_earliest, span.start_latest
    if not stated and seen and begun and begun >= seen:
        return _one_or_two(SEEN, seen, begun, language)
    return _said(
        marked("%(beginning)s, %(ending)s"),
        language,
        beginning=_beginning(span, language),
        ending=_ending(span, language),
    )


@lru_cache(maxsize=16384)
def happening(span: Span, language: str) -> Markup:
    """Return in HTML when an event took place, as far as it is known."""
    if not span.days:
        return _quiet(marked("no date"), language)
    began = (span.start_earliest or span.days[0], span.start_latest or span.days[0])
    ended = (span.end_earliest, span.end_latest)
    if ended[0] is None or ended[1] is None or ended == began:
        return _days(*began, language)
    if began[0] == began[1] and ended[0] == ended[1]:
        return _days(began[0], ended[1], language)
    return _days(*began, language) + " – " + _days(ended[0], ended[1], language)


def _beginning(span: Span, language: str) -> Markup:
    if span.start_earliest and span.start_latest:
        return _one_or_two(FROM, span.start_earliest, span.start_latest, language)
    if span.start_latest:
        days = _days(span.start_latest, span.start_latest, language)
        return _said(marked("already %(day)s"), language, day=days)
    return _quiet(marked("beginning unknown"), language)


def _ending(span: Span, language: str) -> Markup:
    if span.end_earliest and span.end_latest:
        return _one_or_two(TO, span.end_earliest, span.end_latest, language)
    if span.end_latest:
        days = _days(span.end_latest, span.end_latest, language)
        return _said(marked("no longer after %(day)s"), language, day=days)
    if span.end_earliest:
        days = _days(span.end_earliest, span.end_earliest, language)
        return _said(marked("still %(day)s"), language, day=days)
    return _quiet(marked("end unknown"), language)


def _one_or_two(said: Saying, first: date, last: date, language: str) -> Markup:
    times = _times(first, last, language)
    if len(times) > 1:
        return _said(said.between, language, first=times[0], last=times[1])
    if first == last:
        return _said(said.day, language, day=times[0])
    return _said(said.date, language, date=times[0])


def _days(first: date, last: date, language: str) -> Markup:
    return Markup(" – ").join(_times(first, last, language))


def _times(first: date, last: date, language: str) -> list[Markup]:
    time = Markup('<time datetime="{}"><bdi>{}</bdi></time>')
    return [time.format(machine, words) for machine, words in spoken_range(first, last, language)]


def _said(message: str, language: str, **parts: Markup) -> Markup:
    return Markup(escape(translate(message, language)) % parts)  # noqa: S704  # the message is escaped


def _quiet(message: str, language: str) -> Markup:
    return Markup('<span class="quiet">{}</span>').format(translate(message, language))
