"""When something began and ended, in words: what is known, and no more."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from markupsafe import Markup, escape

from legation.serve.words.locales import spoken_range
from legation.serve.words.messages import marked, translate
from legation.serve.words.spans import Span


@lru_cache(maxsize=16384)
def lasting(span: Span, language: str) -> Markup:
    """Return in HTML from when to when something lasted, as far as it is known."""
    if not span.days:
        return _quiet(marked("no date"), language)
    stated = span.start_earliest or span.end_latest
    seen, begun = span.end_earliest, span.start_latest
    if not stated and seen and begun and begun >= seen:
        return _said(marked("seen %(date)s"), language, date=_days(seen, begun, language))
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
        days = _days(span.start_earliest, span.start_latest, language)
        return _said(marked("from %(date)s"), language, date=days)
    if span.start_latest:
        days = _days(span.start_latest, span.start_latest, language)
        return _said(marked("already %(date)s"), language, date=days)
    return _quiet(marked("beginning unknown"), language)


def _ending(span: Span, language: str) -> Markup:
    if span.end_earliest and span.end_latest:
        days = _days(span.end_earliest, span.end_latest, language)
        return _said(marked("to %(date)s"), language, date=days)
    if span.end_latest:
        days = _days(span.end_latest, span.end_latest, language)
        return _said(marked("no longer after %(date)s"), language, date=days)
    if span.end_earliest:
        days = _days(span.end_earliest, span.end_earliest, language)
        return _said(marked("still %(date)s"), language, date=days)
    return _quiet(marked("end unknown"), language)


def _days(first: date, last: date, language: str) -> Markup:
    times = (
        f'<time datetime="{machine}"><bdi>{escape(words)}</bdi></time>'
        for machine, words in spoken_range(first, last, language)
    )
    return Markup(" – ".join(times))  # noqa: S704  # the words are escaped, the days are digits


def _said(message: str, language: str, **parts: Markup) -> Markup:
    return Markup(escape(translate(message, language)) % parts)  # noqa: S704  # the message is escaped


def _quiet(message: str, language: str) -> Markup:
    return Markup('<span class="quiet">{}</span>').format(translate(message, language))
