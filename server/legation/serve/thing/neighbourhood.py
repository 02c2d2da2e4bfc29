"""The neighbourhood of a thing as a drawing: what points at it on one side, what it points at opposite."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from legation.serve.words.present import Shown

WIDTH: Final = 960
ROW: Final = 24
MIDDLE: Final = 150
"""Half the width of the middle column, where the thing itself stands."""

SIDE: Final = 300
AT_MOST: Final = 12
"""Neighbours on each side."""

OF_A_KIND: Final = 4
"""Neighbours by one property, so that no property crowds out the others."""

LONGEST: Final = 38
"""Characters of a name; the whole of it is in its title."""

RIGHT_TO_LEFT: Final = "\u200f"
"""Makes the sign before it a part of the Arabic text that it ends."""


@dataclass(frozen=True)
class Neighbour:
    """One neighbour, where it stands, and the line that leads there."""

    name: Shown
    label: str
    property: Shown
    x: float
    y: float
    anchor: str
    line: str


@dataclass(frozen=True)
class Drawing:
    """A drawing of a neighbourhood, in units of its own."""

    width: int
    height: int
    x: float
    y: float
    neighbours: tuple[Neighbour, ...]
    left_out: int


Side = Mapping[Shown, Sequence[Shown]]


def drawing(incoming: Side, outgoing: Side, mirrored: bool) -> Drawing | None:
    """Return the drawing of a thing between what leads to it and where it leads; ``None`` if it is alone."""
    sides = [list(_chosen(side)) for side in (incoming, outgoing)]
    rows = max(len(side) for side in sides)
    if rows == 0:
        return None
    height = rows * ROW + ROW
    neighbours = [
        _placed(name, by, index, (len(side), height), outward != mirrored)
        for outward, side in zip((False, True), sides, strict=True)
        for index, (by, name) in enumerate(side)
    ]
    every = sum(len(names) for side in (incoming, outgoing) for names in side.values())
    return Drawing(WIDTH, height, WIDTH / 2, height / 2, tuple(neighbours), every - len(neighbours))


def _chosen(side: Side) -> Iterable[tuple[Shown, Shown]]:
    pairs = [(by, name) for by, names in side.items() for name in names[:OF_A_KIND]]
    return pairs[:AT_MOST]


def _placed(name: Shown, by: Shown, index: int, extent: tuple[int, int], right: bool) -> Neighbour:
    """Return a neighbour on the left or the right side, its line curving to the middle."""
    count, height = extent
    y = height / 2 + (index - (count - 1) / 2) * ROW
    x, inner = (WIDTH - SIDE, WIDTH / 2 + 14) if right else (SIDE, WIDTH / 2 - 14)
    bend = (x + inner) / 2
    edge = x - 8 if right else x + 8
    line = f"M{edge:g} {y:g}C{bend:g} {y:g} {bend:g} {height / 2:g} {inner:g} {height / 2:g}"
    return Neighbour(name, shortened(name.text.value), by, x, y, "start" if right else "end", line)


def shortened(text: str, longest: int = LONGEST) -> str:
    """Return a name as a drawing has room for it; where it is cut, that is where one stops reading."""
    if len(text) <= longest:
        return text
    mark = RIGHT_TO_LEFT if unicodedata.bidirectional(text[0]) in ("R", "AL") else ""
    return f"{text[: longest - 1].rstrip()}…{mark}"
