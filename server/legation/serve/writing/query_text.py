"""From conditions to the text of a query: what the builder writes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pyoxigraph import Literal

from legation.namespaces import PREFIXES
from legation.serve.words.labels import spelled

LOCAL: Final = re.compile(r"[A-Za-z0-9_]([\w-]*\w)?")
NUMBER: Final = re.compile(r"-?\d{1,18}(\.\d{1,18})?")
DATE: Final = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")


@dataclass(frozen=True)
class Filter:
    """What a value is compared with. Sorts: ``text``, ``number``, ``date``, ``thing`` (by its name)."""

    sort: str
    value: str
    compare: str


@dataclass(frozen=True)
class Condition:
    """One condition: on the thing looked for (0) or on the value of another condition, by its number."""

    number: int
    on: int
    property: str
    thing: str = ""
    """The value, where it is a certain thing."""
    filter: Filter | None = None


class Writer:
    """Writes one query and keeps count of its prefixes and variables."""

    def __init__(self, kind: str, language: str, *, named: bool) -> None:
        """Begin with the thing looked for: its class, and whether things of it have names."""
        self._language = language
        self._prefixes: set[str] = set()
        self._variables = {0: self._fresh_name(kind, set())}
        self._head: list[str] = []
        self._lines = [f"  {self._variables[0]} a {self.name(kind)} ."]
        self._tail: list[str] = []
        self._show(self._variables[0], named=named)

    def add(self, one: Condition, *, named: bool) -> None:
        """Add a condition; ``named`` tells whether its value is a thing, to be shown by its name."""
        subject = self._variables[one.on]
        if one.thing:
            self._lines.append(f"  {subject} {self.name(one.property)} {self.name(one.thing)} .")
            return
        variable = self._fresh_name(one.property, set(self._variables.values()))
        self._variables[one.number] = variable
        self._lines.append(f"  {subject} {self.name(one.property)} {variable} .")
        if one.filter is not None:
            self._lines += self._filtered(variable, one.filter)
        self._show(variable, named=named)

    def text(self) -> str:
        """Return the query."""
        prefixes = [f"PREFIX {name}: <{PREFIXES[name]}>" for name in sorted(self._prefixes)]
        head = f"SELECT DISTINCT {' '.join(self._head)} WHERE {{"
        order = f"ORDER BY {next((name for name in self._head if name.endswith('Name')), self._head[0])}"
        return "\n".join([*prefixes, "", head, *self._lines, *self._tail, "}", order, ""])

    def name(self, iri: str) -> str:
        """Return an IRI as the query spells it, and note the prefix."""
        prefix, colon, local = spelled(iri).partition(":")
        if not colon or prefix not in PREFIXES or not LOCAL.fullmatch(local):
            return f"<{iri}>"
        self._prefixes.add(prefix)
        return f"{prefix}:{local}"

    def _fresh_name(self, iri: str, taken: set[str]) -> str:
        local = re.sub(r"\W", "", spelled(iri).rpartition(":")[2]) or "value"
        name = f"?{local[:1].lower()}{local[1:]}"
        number = 2
        fresh = name
        while fresh in taken:
            fresh, number = f"{name}{number}", number + 1
        return fresh

    def _show(self, variable: str, *, named: bool) -> None:
        """Ask for a value and, where it is a thing that has names, its name in the reader's language."""
        self._head.append(variable)
        if not named:
            return
        name = f"{variable}Name"
        self._head.append(name)
        self._prefixes.add("skos")
        self._tail.append(
            f'  OPTIONAL {{ {variable} skos:prefLabel {name} . FILTER(LANG({name}) = "{self._language}") }}'
        )

    def _filtered(self, variable: str, by: Filter) -> list[str]:
        if by.sort == "number" and NUMBER.fullmatch(by.value):
            sign = {"from": ">=", "until": "<=", "is": "="}[by.compare]
            return [f"  FILTER({variable} {sign} {by.value})"]
        if by.sort == "date" and DATE.fullmatch(by.value):
            sign = {"from": ">=", "until": "<=", "is": "="}[by.compare]
            # At the precision that was asked for: all of 2014 is until 2014.
            return [f'  FILTER(SUBSTR(STR({variable}), 1, {len(by.value)}) {sign} "{by.value}")']
        part = Literal(by.value.casefold())
        if by.sort == "thing":
            label = f"{variable}Label"
            self._prefixes.add("skos")
            return [
                f"  {variable} skos:prefLabel {label} .",
                f"  FILTER(CONTAINS(LCASE(STR({label})), {part}))",
            ]
        return [f"  FILTER(CONTAINS(LCASE(STR({variable})), {part}))"]


def query_text(
    kind: str, conditions: Sequence[Condition], language: str, named: frozenset[int] = frozenset()
) -> str:
    """Return the query for things of the class ``kind`` that keep all ``conditions``.

    ``named`` are the numbers of the conditions whose value is a thing with names; 0 is the thing looked for.
    A condition follows the one it is on.
    """
    writer = Writer(kind, language, named=0 in named)
    for one in conditions:
        writer.add(one, named=one.number in named)
    return writer.text()
