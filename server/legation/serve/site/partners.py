"""Who has agreed with whom and works together, as a drawing: bodies with many ties between their partners.

Every tie has an end in the middle column, whose bodies are chosen so that together they cover all ties.
Other bodies stand on one side and states on the other, each near those that it is tied to. The same ties
always give the same drawing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from legation.namespaces import LEG
from legation.serve.thing.neighbourhood import shortened
from legation.serve.web.iris import kind_and_slug
from legation.serve.words.messages import marked
from legation.serve.words.present import Presenter, Shown

AT_MOST: Final = 60
"""Things on the drawing; the ties of others are in the table beside it."""

WIDTH: Final = 1140
SIDE: Final = 330
"""Where the names of the outer columns end, from the edge."""

BOX: Final = 300
TALL: Final = 24
ROW: Final = 26
GAP: Final = 9
"""Room between a name and its lines."""

APART: Final = 5
"""Between two lines that lead to the same place."""

LONGEST: Final = 38
SWEEPS: Final = 8
"""Times that each column is put in order by the other; more change nothing that one would see."""

AGREED: Final = "agreed"
TOGETHER: Final = "together"
BORNE: Final = "borne"
KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        AGREED: marked("an agreement between them"),
        TOGETHER: marked("cooperation or association"),
        BORNE: marked("hosted, supported, served or inspired by"),
    }
)
"""Kinds of tie, as the legend names them."""

_KIND_OF: Final = {"agreedWith": AGREED, "cooperatesWith": TOGETHER, "associatedWith": TOGETHER}

Tie = tuple[str, str, str]
"""Two things by IRI, and the kind of tie between them."""

Places = Mapping[str, float]
"""How far down each thing stands, from 0 to 1."""


@dataclass(frozen=True)
class Node:
    """A body or a state: where its name stands and, in the middle column, its box."""

    name: Shown
    label: str
    x: float
    y: float
    anchor: str
    boxed: bool


@dataclass(frozen=True)
class Edge:
    """A tie: an SVG path, its kind, and its two ends in words."""

    path: str
    kind: str
    title: str


@dataclass(frozen=True)
class Drawing:
    """Nodes and edges on an area of ``WIDTH`` by ``height``; ``left_out`` ties had no room."""

    height: int
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    kinds: tuple[str, ...]
    left_out: int
    width: int = WIDTH
    box: int = BOX
    tall: int = TALL


def ties_of(rows: Iterable[tuple[str, str, str]]) -> list[Tie]:
    """Return the ties in rows of body, property and partner, each once, in order."""
    found = {
        (body, partner, _KIND_OF.get(name.removeprefix(LEG), BORNE))
        for body, name, partner in rows
        if body != partner and kind_and_slug(body) and kind_and_slug(partner)
    }
    return sorted(found)


def draw(ties: Sequence[Tie], reader: Presenter, *, mirrored: bool) -> Drawing | None:
    """Return the drawing of ``ties``; ``None`` where there are none."""
    if not ties:
        return None
    hubs, shown = within(neighbours(ties), AT_MOST)
    kept = [one for one in ties if shown.issuperset(one[:2]) and not set(hubs).isdisjoint(one[:2])]
    columns = in_columns(neighbours(kept), hubs)
    height = ROW * max(map(len, columns))
    spots = {name: spot for column in columns for name, spot in spread(column, height).items()}
    return Drawing(
        height,
        tuple(
            node_of(name, place, spots[name], reader, mirrored)
            for place, column in enumerate(columns)
            for name in column
        ),
        tuple(edges_of(kept, columns, spots, reader, mirrored)),
        tuple(kind for kind in KINDS if any(one[2] == kind for one in kept)),
        len(ties) - len(kept),
    )


def neighbours(ties: Iterable[Tie]) -> dict[str, set[str]]:
    """Return what each thing is tied to."""
    found: dict[str, set[str]] = {}
    for one, other, _ in ties:
        found.setdefault(one, set()).add(other)
        found.setdefault(other, set()).add(one)
    return found


def covering(every: Mapping[str, set[str]]) -> Iterator[str]:
    """Yield things of which each tie has one, those with the most ties first; rather bodies than states."""
    left = {name: set(others) for name, others in every.items()}
    while any(left.values()):
        best = min(left, key=lambda name: (-len(left[name]), is_state(name), name))
        yield best
        for other in left.pop(best):
            left[other].discard(best)


def within(every: Mapping[str, set[str]], limit: int) -> tuple[list[str], set[str]]:
    """Return the first things that cover ties, and with them what they are tied to: as many as fit."""
    hubs: list[str] = []
    shown: set[str] = set()
    for hub in covering(every):
        more = shown | {hub} | every[hub]
        if len(more) > limit and hubs:
            break
        hubs.append(hub)
        shown = more if len(more) <= limit else {hub, *sorted(every[hub])[: limit - 1]}
    return hubs, shown


def is_state(iri: str) -> bool:
    """Tell whether a thing stands in the column of states."""
    found = kind_and_slug(iri)
    return found is not None and found[0] == "state"


def in_columns(every: Mapping[str, set[str]], hubs: Sequence[str]) -> tuple[list[str], list[str], list[str]]:
    """Return other bodies, ``hubs`` and states, each column ordered so that few lines cross."""
    outer = sorted(every.keys() - set(hubs))
    middle = [hub for hub in hubs if hub in every]
    sides = ([one for one in outer if not is_state(one)], [one for one in outer if is_state(one)])
    for _ in range(SWEEPS):
        among = ranks(middle)
        for side in sides:
            side.sort(key=lambda one: (centre(every[one], among), one))
        around = ranks(sides[0]) | ranks(sides[1])
        middle.sort(key=lambda one: (centre(every[one], around), one))
    return sides[0], middle, sides[1]


def ranks(column: Sequence[str]) -> dict[str, float]:
    """Return how far down each thing of a column stands."""
    return {name: (index + 0.5) / len(column) for index, name in enumerate(column)}


def centre(others: Iterable[str], places: Places) -> float:
    """Return the middle of where ``others`` stand, of those that have a place."""
    found = [places[one] for one in others if one in places]
    return sum(found) / len(found) if found else 0.5


def spread(column: Sequence[str], height: int) -> dict[str, float]:
    """Return the height of each thing in its column."""
    return {name: place * height for name, place in ranks(column).items()}


def node_of(iri: str, column: int, y: float, reader: Presenter, mirrored: bool) -> Node:
    """Return a thing where it stands, in the column 0, 1 or 2 from where one begins to read."""
    name = reader.named(iri)
    right = (column == 2) != mirrored  # noqa: PLR2004  # the last column
    x = WIDTH / 2 if column == 1 else WIDTH - SIDE if right else SIDE
    anchor = "middle" if column == 1 else "start" if right else "end"
    return Node(name, shortened(name.text.value, LONGEST), x, y, anchor, column == 1)


def edges_of(
    ties: Sequence[Tie],
    columns: Sequence[Sequence[str]],
    spots: Places,
    reader: Presenter,
    mirrored: bool,
) -> Iterable[Edge]:
    """Yield the ties as lines; those between the same two things lie side by side."""
    beside: dict[frozenset[str], int] = {}
    for one, other, kind in ties:
        pair = frozenset((one, other))
        shift = APART * beside.get(pair, 0)
        beside[pair] = beside.get(pair, 0) + 1
        title = f"{reader.name(one).value} – {reader.name(other).value}"
        hub, end = (one, other) if one in columns[1] else (other, one)
        if end in columns[1]:
            yield Edge(arc(spots[hub] + shift, spots[end] + shift, mirrored), kind, title)
        else:
            right = (end in columns[2]) != mirrored
            yield Edge(curve(spots[hub] + shift, spots[end] + shift, right), kind, title)


def curve(y1: float, y2: float, right: bool) -> str:
    """Return the line from a box to a name on its right or its left."""
    side = 1 if right else -1
    x1, x2 = WIDTH / 2 + side * BOX / 2, WIDTH / 2 + side * (WIDTH / 2 - SIDE - GAP)
    bend = (x1 + x2) / 2
    return f"M{x1:g} {y1:g}C{bend:g} {y1:g} {bend:g} {y2:g} {x2:g} {y2:g}"


def arc(y1: float, y2: float, mirrored: bool) -> str:
    """Return the line between two boxes: around those between them, on the side of the bodies."""
    side = 1 if mirrored else -1
    x = WIDTH / 2 + side * BOX / 2
    bend = x + side * min(70.0, 16 + abs(y2 - y1) / 6)
    return f"M{x:g} {y1:g}C{bend:g} {y1:g} {bend:g} {y2:g} {x:g} {y2:g}"
