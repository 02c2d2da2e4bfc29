"""Which answers need RDF 1.2: those with a triple term or a literal with a base direction.

They say so in their media type (``version=1.2``), as the drafts of RDF 1.2 and of the SPARQL 1.2 results have
it (sections “Version Announcement”); all other answers are the same in 1.1 and say nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from pyoxigraph import Literal, Quad, Triple

NEWEST: Final = "1.2"

ANNOUNCED: Final = frozenset(
    {
        "text/turtle",
        "application/n-triples",
        "application/n-quads",
        "application/trig",
        "application/sparql-results+json",
        "application/sparql-results+xml",
        "text/tab-separated-values",
    }
)
"""The media types that have the parameter; a general one (``application/json``) has not."""

SIGNS: Final[Mapping[str, re.Pattern[bytes]]] = MappingProxyType(
    {
        "json": re.compile(rb'"(?:type":"triple"|its:dir":")'),
        "xml": re.compile(rb'<triple>|" its:dir="'),
        "tsv": re.compile(rb'[\t\n]<<\(|"@[A-Za-z0-9-]+--(?:ltr|rtl)[\t\n]'),
    }
)
"""What results of 1.2 have and others cannot: a value has its quotes, tabs and ``<`` escaped."""

HINTS: Final[Mapping[str, tuple[bytes, ...]]] = MappingProxyType(
    {"json": (b"triple", b"its:dir"), "xml": (b"<triple>", b"its:dir"), "tsv": (b"<<(", b"--ltr", b"--rtl")}
)
"""What is in each of the signs: where none of it is, they are not looked for."""

LONGEST_SIGN: Final = 128
"""Bytes; a language tag is much shorter."""


class Signs:
    """Looks for RDF 1.2 in a serialised result while it is written."""

    def __init__(self, name: str) -> None:
        """Begin with no bytes of the format called ``name``."""
        self._signs = SIGNS.get(name)
        self._hints = HINTS.get(name, ())
        self._rest = b""
        self.found = False

    def add(self, data: bytes) -> None:
        """Take the next bytes, cut anywhere."""
        if self.found or self._signs is None:
            return
        text = self._rest + data
        hinted = any(hint in text for hint in self._hints)
        self.found = hinted and self._signs.search(text) is not None
        self._rest = text[-LONGEST_SIGN:]


def needs_newest(statement: Triple | Quad) -> bool:
    """Tell whether a statement can only be said in RDF 1.2."""
    value = statement.object
    return isinstance(value, Triple) or (isinstance(value, Literal) and value.direction is not None)


def announcing(media_type: str, version: str) -> str:
    """Return the media type of an answer that needs ``version``; empty means none in particular."""
    return f"{media_type}; version={version}" if version and media_type in ANNOUNCED else media_type
