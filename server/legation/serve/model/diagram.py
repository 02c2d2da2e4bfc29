"""The class diagram: what claims connect, as boxes and lines with coordinates; the template draws them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from pyoxigraph import NamedNode

from legation.namespaces import LEG
from legation.serve.model.schema import Schema
from legation.serve.words.labels import direction
from legation.serve.words.present import Presenter, Shown

CLAIM: Final = f"{LEG}Claim"
GROUND: Final = tuple(f"{LEG}{name}" for name in ("Claim", "Passage", "Source"))
THINGS: Final = tuple(f"{LEG}{name}" for name in ("Person", "Post", "Body", "Event", "Instrument"))
WIDTH: Final = 230
BETWEEN: Final = 120
HEAD: Final = 30
ROW: Final = 22
BELOW: Final = 26
"""Measures of boxes and of the room between them, in the units of the drawing."""


@dataclass(frozen=True)
class Port:
    """A property on a box, at the height where its lines begin."""

    y: int
    shown: Shown


@dataclass(frozen=True)
class Box:
    """A class: its place, its name, its properties, and how many classes are below it."""

    iri: str
    x: int
    y: int
    height: int
    shown: Shown
    ports: tuple[Port, ...]
    below: int

    @property
    def middle(self) -> int:
        """The height at which lines meet the box."""
        return self.y + HEAD // 2


@dataclass(frozen=True)
class Line:
    """A line between two boxes: an SVG path; ``kind`` is ``is`` for a subclass and ``has`` for a property."""

    path: str
    kind: str
    title: str


@dataclass(frozen=True)
class Diagram:
    """Boxes and lines on an area of ``width`` by ``height``."""

    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    width: int
    height: int


def draw(schema: Schema, presenter: Presenter) -> Diagram:
    """Return the diagram of claims and of what they connect; mirrored where one reads from right to left."""
    known = set(schema.classes)
    claims = sorted(schema.children(CLAIM), key=lambda iri: -len(_ported(schema, iri)))
    columns = (GROUND, claims, THINGS)
    width = len(columns) * WIDTH + (len(columns) - 1) * BETWEEN
    mirrored = direction(presenter.language) == "rtl"
    boxes: dict[str, Box] = {}
    for number, column in enumerate(columns):
        left = number * (WIDTH + BETWEEN)
        x = width - left - WIDTH if mirrored else left
        boxes |= {box.iri: box for box in _column(schema, presenter, [c for c in column if c in known], x)}
    side = -1 if mirrored else 1
    lines = [*_subclasses(schema, boxes, side), *_properties(schema, boxes, side)]
    height = max((box.y + box.height for box in boxes.values()), default=0)
    return Diagram(tuple(boxes.values()), tuple(lines), width, height)


def _column(schema: Schema, presenter: Presenter, classes: Iterable[str], x: int) -> Iterable[Box]:
    y = 0
    for iri in classes:
        ports = tuple(
            Port(y + HEAD + ROW * number + ROW // 2, presenter.show(NamedNode(name)))
            for number, name in enumerate(_ported(schema, iri))
        )
        below = len(schema.children(iri)) if iri != CLAIM else 0
        height = HEAD + ROW * (len(ports) + bool(below)) + (6 if ports or below else 0)
        yield Box(iri, x, y, height, presenter.show(NamedNode(iri)), ports, below)
        y += height + BELOW


def _ported(schema: Schema, iri: str) -> list[str]:
    """Return the properties of a kind of claim that lead to a box; of all claims, their evidence."""
    if iri == CLAIM:
        return [f"{LEG}evidence"]
    if CLAIM not in schema.ancestors(iri):
        return []
    return [
        name for name in schema.properties if iri in schema.domain(name) and _targets(schema, name, THINGS)
    ]


def _targets(schema: Schema, name: str, among: Sequence[str]) -> list[str]:
    """Return the boxes that a property leads to: the classes of its range, or those below them."""
    wanted = set(schema.range(name))
    direct = [one for one in among if one in wanted]
    return direct or [one for one in among if wanted & set(schema.ancestors(one))]


def _subclasses(schema: Schema, boxes: dict[str, Box], side: int) -> Iterable[Line]:
    above = boxes.get(CLAIM)
    if above is None:
        return
    for box in (boxes[iri] for iri in schema.children(CLAIM)):
        start = box.x if side > 0 else box.x + WIDTH
        end = above.x + WIDTH if side > 0 else above.x
        yield Line(_curve(start, box.middle, end, above.middle, -side), "is", "")


def _properties(schema: Schema, boxes: dict[str, Box], side: int) -> Iterable[Line]:
    yield from _ground(boxes)
    for box in boxes.values():
        for port in box.ports if box.iri != CLAIM else ():
            targets = _targets(schema, port.shown.iri, THINGS)
            for target in (boxes[iri] for iri in targets if iri in boxes):
                start = box.x + WIDTH if side > 0 else box.x
                end = target.x if side > 0 else target.x + WIDTH
                names = (box.shown, port.shown, target.shown)
                title = " – ".join(shown.text.value for shown in names)
                yield Line(_curve(start, port.y, end, target.middle, side), "has", title)


def _ground(boxes: dict[str, Box]) -> Iterable[Line]:
    """Yield the lines from a claim down to its passage and its source."""
    column = [boxes[iri] for iri in GROUND if iri in boxes]
    for upper, lower in itertools.pairwise(column):
        middle = upper.x + WIDTH // 2
        title = f"{upper.shown.text.value} – {lower.shown.text.value}"
        yield Line(f"M{middle} {upper.y + upper.height}V{lower.y}", "has", title)


def _curve(x1: int, y1: int, x2: int, y2: int, side: int) -> str:
    bend = side * BETWEEN // 2
    return f"M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}"
