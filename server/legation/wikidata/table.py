"""Tables for a terminal: columns as wide as what stands in them."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return ``rows`` under ``heads`` in aligned columns, one line each, no line with blanks at its end."""
    lines = [heads, *rows]
    widths = [max(_width(line[column]) for line in lines) for column in range(len(heads))]
    ruled = [lines[0], ["─" * width for width in widths], *lines[1:]]
    return "\n".join(_line(line, widths) for line in ruled)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell + " " * (width - _width(cell)) for cell, width in zip(cells, widths, strict=True))
    return "  ".join(padded).rstrip()


def _width(text: str) -> int:
    """Count the columns of ``text``; combining signs (Arabic vowels) and format characters take none."""
    return sum(unicodedata.category(sign) not in ("Mn", "Me", "Cf") for sign in text)
