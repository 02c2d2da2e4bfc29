"""Which of several representations to send: HTTP content negotiation (RFC 9110 §12) as a pure function.

The server's table of offers is in its order of preference. What the client asks for decides; where the client
does not mind, the table's order does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

IGNORED_PARAMETERS: Final = frozenset({"charset", "profile", "version"})
"""Parameters that never make a range miss an offer: we send UTF-8, and one edition of each format."""

LONGEST_HEADER: Final = 8192
_WORD: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_RANGE: Final = re.compile(rf"\s*({_WORD})/({_WORD})")
_PARAMETER: Final = re.compile(rf'\s*;\s*({_WORD})\s*=\s*(?:({_WORD})|"((?:[^"\\]|\\.)*)")')
_SEPARATOR: Final = re.compile(r"\s*(?:;\s*)?(,|$)")
_MEMBER: Final = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*"?)+')
_QVALUE: Final = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")
_LANGUAGE: Final = re.compile(r"\s*(\*|[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)\s*(?:;\s*q\s*=\s*([0-9.]+)\s*)?")


@dataclass(frozen=True)
class Offer:
    """One representation on offer: the name used in suffixes and ``?format=``, and its media type."""

    name: str
    media_type: str
    parameters: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class MediaRange:
    """One member of an ``Accept`` header."""

    type: str
    subtype: str
    parameters: Mapping[str, str]
    quality: float

    def specificity(self, offer: Offer) -> int:
        """Return how closely this range names ``offer``: 0 not at all, 1 ``*/*``, 2 ``type/*``, 3 or more."""
        offered_type, _, offered_subtype = offer.media_type.partition("/")
        if self.type == "*" and self.subtype == "*":
            return 1
        if self.type != offered_type or self.subtype not in ("*", offered_subtype):
            return 0
        if self.subtype == "*":
            return 2
        asked = {name: value for name, value in self.parameters.items() if name not in IGNORED_PARAMETERS}
        if any(offer.parameters.get(name) != value for name, value in asked.items()):
            return 0
        return 3 + len(asked)


def parse_accept(header: str) -> list[MediaRange]:
    """Return the media ranges of an ``Accept`` header; a member that is not one is passed over."""
    ranges = (_parse_range(member) for member in _MEMBER.findall(header[:LONGEST_HEADER]))
    return [found for found in ranges if found is not None]


def _parse_range(member: str) -> MediaRange | None:
    head = _RANGE.match(member)
    if head is None:
        return None
    parameters: dict[str, str] = {}
    position = head.end()
    while found := _PARAMETER.match(member, position):
        parameters.setdefault(found[1].lower(), found[2] or re.sub(r"\\(.)", r"\1", found[3] or ""))
        position = found.end()
    quality = parameters.pop("q", "1")
    if _SEPARATOR.match(member, position) is None or _QVALUE.fullmatch(quality) is None:
        return None
    return MediaRange(head[1].lower(), head[2].lower(), MappingProxyType(parameters), float(quality))


def quality_of(offer: Offer, ranges: Sequence[MediaRange]) -> float:
    """Return how much the client wants ``offer``, 0 to 1: the most specific range that names it decides."""
    closest = max(ranges, key=lambda candidate: candidate.specificity(offer), default=None)
    if closest is None or closest.specificity(offer) == 0:
        return 0.0
    return closest.quality


def choose(offers: Sequence[Offer], accept: str | None, wanted: str | None = None) -> Offer | None:
    """Return the offer to send, or ``None`` where none is acceptable (406).

    ``wanted`` is an explicit choice (a suffix or ``?format=``), by name or by media type; it overrules the
    header. No header, an empty one, or one without a single readable member means that anything will do.
    """
    if wanted is not None:
        asked = wanted.strip().lower()
        return next((offer for offer in offers if asked in (offer.name, offer.media_type)), None)
    ranges = parse_accept(accept or "")
    if not ranges:
        return offers[0]
    best = max(offers, key=lambda offer: quality_of(offer, ranges))
    return best if quality_of(best, ranges) > 0 else None


def choose_language(available: Sequence[str], accept: str | None, wanted: str | None = None) -> str:
    """Return the language to speak, by RFC 4647 lookup; the first of ``available`` where nothing else fits.

    ``wanted`` is an explicit choice (``?lang=``) and overrules the header where it is available.
    """
    if wanted is not None and (found := _lookup(wanted, available)) is not None:
        return found
    best, best_quality = available[0], 0.0
    for language, quality in _parse_languages(accept or ""):
        found = available[0] if language == "*" else _lookup(language, available)
        if found is not None and quality > best_quality:
            best, best_quality = found, quality
    return best


def _parse_languages(header: str) -> list[tuple[str, float]]:
    found = (_LANGUAGE.fullmatch(member) for member in header[:LONGEST_HEADER].split(","))
    pairs = [(match[1], match[2] or "1") for match in found if match is not None]
    return [(language, float(quality)) for language, quality in pairs if _QVALUE.fullmatch(quality)]


def _lookup(language: str, available: Sequence[str]) -> str | None:
    """Return the longest prefix of ``language`` that is available (RFC 4647 §3.4)."""
    subtags = language.lower().split("-")
    while subtags:
        tag = "-".join(subtags)
        if tag in available:
            return tag
        subtags.pop()
    return None
