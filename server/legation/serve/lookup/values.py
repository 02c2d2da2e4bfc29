"""The values of things: what a reconciliation compares and a data extension returns."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pyoxigraph import Literal, NamedNode
from rapidfuzz import fuzz

from legation.folding import fold
from legation.namespaces import ID, LEG, PREFIXES
from legation.serve.engine import Engine
from legation.serve.lookup.catalogue import DATE, DATES, STATE, WIKIDATA
from legation.serve.lookup.index import NameIndex
from legation.serve.web.iris import kind_and_slug, node

XSD: Final = PREFIXES["xsd"]
DATE_TYPES: Final = frozenset(f"{XSD}{name}" for name in ("date", "gYear", "gYearMonth"))
LEADS_TO_STATE: Final = frozenset(
    f"{LEG}{name}"
    for name in ("inState", "seatState", "heldIn", "represents", "everRepresented", "location", "seat")
)
"""Properties by which a thing's own values are of a state."""

THROUGH: Final = frozenset(
    f"{LEG}{name}" for name in ("holds", "everHeld", "postIn", "partOf", "headOf", "everHeadOf", "role")
)
"""Properties through which a thing is of a state that one of its values is of."""

DATE_TEXT: Final = re.compile(r"(-?\d{4})(?:-(\d\d))?(?:-(\d\d))?(?:T.*)?")
SAME_YEAR: Final = 0.5
ALIKE: Final = 0.6
"""Texts less alike than this have nothing to do with each other."""

Term = NamedNode | Literal


@dataclass(frozen=True)
class Reference:
    """A value that was reconciled before: the identifier of a thing."""

    id: str


Wanted = str | float | bool | Reference


@dataclass(frozen=True)
class Values:
    """Looks up the values of things, and compares them with what somebody has in a table."""

    engine: Engine
    index: NameIndex

    def of(self, things: Iterable[NamedNode]) -> Mapping[str, Mapping[str, Sequence[Term]]]:
        """Return all values of ``things``, by IRI and property."""
        found: dict[str, dict[str, dict[Term, None]]] = defaultdict(lambda: defaultdict(dict))
        for quad in self.engine.about(things):
            if isinstance(quad.subject, NamedNode) and isinstance(quad.object, NamedNode | Literal):
                found[quad.subject.value][quad.predicate.value][quad.object] = None
        return {iri: {name: list(values) for name, values in said.items()} for iri, said in found.items()}

    def worked_out(self, iri: str, said: Mapping[str, Sequence[Term]], name: str) -> list[Term]:
        """Return the values of a property of a thing of which ``said`` is everything said."""
        if name == STATE:
            return self._states(iri, said)
        if name == DATE:
            return [value for date in sorted(DATES) for value in said.get(date, ())]
        if name.startswith("name:"):
            language = name.partition(":")[2]
            labels = said.get(f"{PREFIXES['skos']}prefLabel", ())
            return [label for label in labels if isinstance(label, Literal) and label.language == language]
        return list(said.get(name, ()))

    def _states(self, iri: str, said: Mapping[str, Sequence[Term]]) -> list[Term]:
        """Return the states a thing is of: itself, its values, and those that its posts and bodies are of."""
        if is_state(iri):
            return [NamedNode(iri)]
        found = dict.fromkeys(direct_states(said))
        steps = [
            value
            for name, values in said.items()
            if name in THROUGH | LEADS_TO_STATE
            for value in values
            if isinstance(value, NamedNode) and value.value.startswith(ID)
        ]
        for further in self.of(steps).values() if steps else ():
            found |= dict.fromkeys(direct_states(further))
        return list(found)

    def likeness(self, value: Term, wanted: Wanted) -> float:
        """Return how alike a value is to one that somebody has, 0 to 1."""
        if isinstance(value, NamedNode):
            if isinstance(wanted, Reference):
                return float(value.value == iri_of(wanted.id))
            return self._name_likeness(value, str(wanted))
        return literal_likeness(value, wanted)

    def _name_likeness(self, value: NamedNode, wanted: str) -> float:
        text = wanted.strip()
        if text in (value.value, value.value.removeprefix(WIKIDATA), value.value.removeprefix(ID)):
            return 1.0
        folded = fold(text)
        names = self.index.names_of([value.value])
        return max((text_likeness(entry.folded, folded) for entry in names), default=0.0)


def literal_likeness(value: Literal, wanted: Wanted) -> float:
    """Return how alike a literal is to a value that somebody has: equal numbers, like dates and texts."""
    if isinstance(wanted, Reference):
        return float(value.value == wanted.id)
    if isinstance(wanted, bool):
        return float(value.value == str(wanted).lower())
    if isinstance(wanted, float):
        return float(value.value == f"{wanted:g}")
    if value.datatype.value in DATE_TYPES:
        return date_likeness(value.value, wanted)
    return text_likeness(fold(value.value), fold(wanted))


def is_state(iri: str) -> bool:
    """Tell whether ``iri`` names a state."""
    return (kind_and_slug(iri) or ("",))[0] == "state"


def direct_states(said: Mapping[str, Sequence[Term]]) -> list[NamedNode]:
    """Return the states among a thing's values, those left aside that it only lists as members or parties."""
    apart = {f"{LEG}hasParticipant", f"{LEG}hasParty", f"{LEG}agreedWith", f"{LEG}cooperatesWith"}
    return [
        value
        for name, values in said.items()
        if name not in apart
        for value in values
        if isinstance(value, NamedNode) and is_state(value.value)
    ]


def date_likeness(value: str, wanted: str) -> float:
    """Return 1 where two dates agree as far as both go, less where only their years do, else 0."""
    one, other = DATE_TEXT.fullmatch(value), DATE_TEXT.fullmatch(wanted.strip())
    if one is None or other is None or one[1] != other[1]:
        return 0.0
    known = [(a, b) for a, b in zip(one.groups()[1:], other.groups()[1:], strict=True) if a and b]
    return 1.0 if all(a == b for a, b in known) else SAME_YEAR


def text_likeness(one: str, other: str) -> float:
    """Return how alike two folded texts are, whatever the order of their words."""
    if not one or not other:
        return 0.0
    alike: float = fuzz.token_sort_ratio(one, other) / 100
    return alike if alike >= ALIKE else 0.0


def iri_of(identifier: str) -> str:
    """Return the IRI of a thing that is called by its IRI, its identifier (``person/x``) or ``person:x``."""
    if identifier.startswith(("http://", "https://")):
        return identifier
    prefix, colon, name = identifier.partition(":")
    return f"{PREFIXES[prefix]}{name}" if colon and prefix in PREFIXES else f"{ID}{identifier}"


def identifier_of(iri: str) -> str:
    """Return what a reconciliation service calls a thing."""
    return iri.removeprefix(ID)


def thing_called(identifier: str) -> NamedNode | None:
    """Return the thing that ``identifier`` may name, or ``None`` where it can name none."""
    iri = iri_of(identifier)
    return node(iri) if kind_and_slug(iri) is not None and " " not in identifier else None


def as_extended(value: Term, name: str, *, content: str) -> dict[str, Any]:
    """Return a value as a data extension has it; ``name`` is what it is called where it is a thing.

    ``content`` is ``literal`` where things are wanted by name, and not as things.
    """
    if isinstance(value, NamedNode):
        if content == "literal" or not value.value.startswith((ID, WIKIDATA)):
            return {"str": name if value.value.startswith(ID) else value.value.removeprefix(WIKIDATA)}
        return {"id": identifier_of(value.value).removeprefix(WIKIDATA), "name": name}
    datatype = value.datatype.value
    if datatype == f"{XSD}integer":
        return {"int": int(value.value)}
    if datatype in (f"{XSD}decimal", f"{XSD}double"):
        return {"float": float(value.value)}
    if datatype == f"{XSD}date":
        return {"date": f"{value.value}T00:00:00Z"}
    return {"str": value.value}
