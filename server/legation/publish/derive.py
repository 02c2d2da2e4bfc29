"""Claims to direct triples: what people expect to find, computed from best-ranked claims and never authored.

The rules are the SPARQL CONSTRUCT queries in ``rules/``, one a file; only the calendar is Python (``dates``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from importlib import resources
from typing import Final

from pyoxigraph import Literal, NamedNode, QuerySolutions, QueryTriples, RdfFormat, Store, Triple

from legation.namespaces import LEG, PREFIXES
from legation.publish import dates
from legation.publish.graphs import DERIVED, add

XSD_DATE: Final = NamedNode(PREFIXES["xsd"] + "date")

DATES: Final = """
SELECT ?thing ?kind ?date WHERE {
  VALUES (?property ?kind) {
    (leg:start "starts") (leg:date "starts") (leg:startDate "starts")
    (leg:end "ends") (leg:endDate "ends")
    (leg:asOf "as_of") (leg:duration "durations")
  }
  ?thing ?property ?date .
}"""
"""Every date qualifier of a claim, and every date of an event as its best-ranked claims give it."""


def rules() -> Iterator[tuple[str, str]]:
    """Yield the name and the text of every rule, in the order they run in."""
    for file in sorted(resources.files(__package__).joinpath("rules").iterdir(), key=lambda file: file.name):
        if file.name.endswith(".rq"):
            yield file.name.removesuffix(".rq"), file.read_text(encoding="utf-8")


def derive(store: Store) -> None:
    """Fill the derived graph of ``store``, which holds the authored graphs, the ontology among them.

    Attributes come first, since the date of an event is one; then date bounds, since who holds a post *now*
    needs them.
    """
    named = dict(rules())
    run(store, named.pop("attribute"))
    add(store, DERIVED, date_bounds(store))
    for rule in named.values():
        run(store, rule)


def run(store: Store, rule: str) -> None:
    """Add to the derived graph what one CONSTRUCT query makes of the union of all graphs."""
    result = store.query(rule, prefixes=dict(PREFIXES), use_default_graph_as_union=True)
    if not isinstance(result, QueryTriples):
        raise TypeError(f"a rule must be a CONSTRUCT query, not: {rule}")
    made = result.serialize(format=RdfFormat.N_TRIPLES)
    store.load(input=made, format=RdfFormat.N_TRIPLES, to_graph=DERIVED)


def date_bounds(store: Store) -> Iterator[Triple]:
    """Yield the earliest and latest days on which each claim and each event can have begun and ended."""
    texts: dict[NamedNode, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    result = store.query(DATES, prefixes=dict(PREFIXES), use_default_graph_as_union=True)
    if not isinstance(result, QuerySolutions):
        raise TypeError("the dates must come from a SELECT query")
    for thing, kind, text in result:
        if isinstance(thing, NamedNode) and isinstance(kind, Literal) and isinstance(text, Literal):
            texts[thing][kind.value].append(text.value)
    for thing, given in texts.items():
        bounds = dates.bounds(**given)
        yield from bound(thing, "startEarliest", bounds.start_earliest)
        yield from bound(thing, "startLatest", bounds.start_latest)
        yield from bound(thing, "endEarliest", bounds.end_earliest)
        yield from bound(thing, "endLatest", bounds.end_latest)


def bound(thing: NamedNode, property_name: str, day: date | None) -> Iterator[Triple]:
    """Yield one bound, where it is known."""
    if day is not None:
        yield Triple(thing, NamedNode(LEG + property_name), Literal(day.isoformat(), datatype=XSD_DATE))
