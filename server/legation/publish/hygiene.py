"""Hygiene: what claims cannot say together, each rule a SPARQL SELECT query in ``hygiene/`` with its name.

Shapes look at one thing at a time; these rules compare claims with each other and with the calendar, and so
run on the built dataset, with its date bounds. A row is a violation: ``?at`` is the thing to correct, the
other variables say what it collides with.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources

from pyoxigraph import NamedNode, QuerySolution, QuerySolutions, Store

from legation.namespaces import PREFIXES
from legation.publish.authored import Authored
from legation.publish.check import short, value_of
from legation.publish.fault import Fault
from legation.publish.questions import HEADING


@dataclass(frozen=True)
class Rule:
    """One rule: its name, its query, and what it tells the author, by language."""

    name: str
    query: str
    wording: dict[str, str]


def hygiene_rules() -> Iterator[Rule]:
    """Yield every rule in order of name; the wording is in comment lines ``# en: …`` and ``# ar: …``."""
    for file in sorted(
        resources.files(__package__).joinpath("hygiene").iterdir(), key=lambda file: file.name
    ):
        if file.name.endswith(".rq"):
            text = file.read_text(encoding="utf-8")
            wording = {found["language"]: found["text"].strip() for found in HEADING.finditer(text)}
            yield Rule(file.name.removesuffix(".rq"), text, wording)


def violations(rule: Rule, store: Store) -> QuerySolutions:
    """Return the rows that a rule finds in the union of all graphs."""
    result = store.query(rule.query, prefixes=dict(PREFIXES), use_default_graph_as_union=True)
    if not isinstance(result, QuerySolutions):
        raise TypeError(f"a rule must be a SELECT query, not: {rule.query}")
    return result


def check_hygiene(authored: Authored, store: Store) -> Iterator[Fault]:
    """Yield a fault for each violation, where the thing to correct is described."""
    for rule in hygiene_rules():
        found = violations(rule, store)
        names = [variable.value for variable in found.variables if variable.value != "at"]
        for row in found:
            at = row["at"]
            iri = at.value if isinstance(at, NamedNode) else ""
            message = f"{short(iri)}: {rule.wording['en']} ({describe(row, names)}{rule.name})"
            yield authored.fault(message, iri)


def describe(row: QuerySolution, names: list[str]) -> str:
    """Return what the thing collides with, as in ``other claim:x-2; post post:y; ``."""
    said = []
    for name in names:
        value = row[name]
        if value is not None:
            text = short(value.value) if isinstance(value, NamedNode) else value_of(value)
            said.append(f"{name} {text}; ")
    return "".join(said)
