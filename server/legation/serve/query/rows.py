"""How many rows a serialised SELECT result has, counted in its bytes while they are written.

The engine writes a result by itself, much faster than rows could be taken from it one by one here. Its bytes
say exactly where a row stands, in each format by another sign that cannot occur inside a value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, Protocol

STRING: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
BODY: Final = re.compile(rb"(?:[^\"\\]++|\\.)*+", re.DOTALL)
"""What stands inside a JSON string, up to an escape that is not whole."""


class Rows(Protocol):
    """A count that goes on with each piece of a result."""

    def add(self, data: bytes) -> int:
        """Take the next bytes, cut anywhere; return how many rows there are so far."""
        ...


class JsonRows:
    """SPARQL 1.1 Query Results JSON Format: outside strings, ``{`` after ``[`` or ``,`` begins a row."""

    def __init__(self) -> None:
        """Begin with no bytes."""
        self._rest = b""
        self._rows = 0

    def add(self, data: bytes) -> int:
        """See ``Rows.add``."""
        outside, quote, body = STRING.sub(b"", self._rest + data).partition(b'"')
        self._rows += outside.count(b"[{") + outside.count(b",{")
        self._rest = quote + _half_escape(body) if quote else outside[-1:]
        return self._rows


class XmlRows:
    """SPARQL Query Results XML Format: in text and attributes, ``<`` is always escaped."""

    END: Final = b"</result>"

    def __init__(self) -> None:
        """Begin with no bytes."""
        self._rest = b""
        self._rows = 0

    def add(self, data: bytes) -> int:
        """See ``Rows.add``."""
        text = self._rest + data
        self._rows += text.count(self.END)
        self._rest = text[1 - len(self.END) :]
        return self._rows


class CsvRows:
    """RFC 4180: a line break between quotes belongs to a value; a quote in a value is written twice."""

    def __init__(self) -> None:
        """Begin with no bytes; the first line is the head."""
        self._quotes = 0
        self._lines = 0

    def add(self, data: bytes) -> int:
        """See ``Rows.add``."""
        pieces = data.split(b'"')
        self._lines += sum(piece.count(b"\n") for piece in pieces[self._quotes % 2 :: 2])
        self._quotes += len(pieces) - 1
        return max(0, self._lines - 1)


class TsvRows:
    """SPARQL 1.1 Query Results TSV Format: line breaks in values are escaped."""

    def __init__(self) -> None:
        """Begin with no bytes; the first line is the head."""
        self._lines = 0

    def add(self, data: bytes) -> int:
        """See ``Rows.add``."""
        self._lines += data.count(b"\n")
        return max(0, self._lines - 1)


COUNTERS: Final[Mapping[str, Callable[[], Rows]]] = MappingProxyType(
    {"json": JsonRows, "xml": XmlRows, "csv": CsvRows, "tsv": TsvRows}
)
"""By the name of the format."""


class RowLimit:
    """Tells when a result has more than so many rows; while it has fewer bytes, nothing is counted."""

    def __init__(self, name: str, most: int) -> None:
        """Look at a result in the format called ``name``, with at most ``most`` rows."""
        self._rows = COUNTERS[name]()
        self._most = most
        self._held: list[bytes] = []
        self._size = 0

    def is_passed(self, data: bytes) -> bool:
        """Take the next bytes, cut anywhere; tell whether there are too many rows now."""
        self._size += len(data)
        if self._size <= self._most:  # a row has at least one byte
            self._held.append(data)
            return False
        if self._held:
            held, self._held = b"".join(self._held), []
            self._rows.add(held)
        return self._rows.add(data) > self._most


def _half_escape(body: bytes) -> bytes:
    """Return the backslash at the end of ``body`` where what it escapes is still to come."""
    found = BODY.match(body)
    return body[found.end() :] if found else b""
