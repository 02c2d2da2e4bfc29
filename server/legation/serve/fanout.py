"""How many statements a property can add at a step: the fan-out of each property, in both directions.

It is counted once for an index, and kept beside it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

from pyoxigraph import NamedNode, QuerySolutions, Store, Variable

PROPERTIES: Final = "SELECT DISTINCT ?p { ?s ?p ?o }"
OBJECTS: Final = "SELECT ?p (COUNT(*) AS ?n) { ?s ?p ?o } GROUP BY ?p ?s ORDER BY DESC(?n) LIMIT 1"
SUBJECTS: Final = "SELECT ?p (COUNT(*) AS ?n) { ?s ?p ?o } GROUP BY ?p ?o ORDER BY DESC(?n) LIMIT 1"


class FanOut(NamedTuple):
    """The most objects that one subject has by a property, and the most subjects that one object has."""

    objects: int
    subjects: int


FanOuts = Mapping[str, FanOut]
"""By the IRI of the property."""


def fanouts_path(index: Path) -> Path:
    """Return where the fan-outs of an index lie."""
    return index.with_name(f"{index.name}.fanouts.json")


def ensure_fanouts(index: Path, store: Store) -> FanOuts:
    """Return the fan-outs of ``store``, which is the index; where they cannot be kept, count them anew."""
    path = fanouts_path(index)
    with suppress(FileNotFoundError):
        told = json.loads(path.read_text(encoding="utf-8"))
        return MappingProxyType({iri: FanOut(*numbers) for iri, numbers in told.items()})
    counted = count_fanouts(store)
    with suppress(OSError):
        new = path.with_name(f"{path.name}.{os.getpid()}")
        new.write_text(json.dumps(dict(counted)), encoding="utf-8")
        new.rename(path)
    return counted


def count_fanouts(store: Store) -> FanOuts:
    """Count the fan-outs of every property in the default graph."""
    properties = [solution["p"] for solution in _solutions(store, PROPERTIES)]
    return MappingProxyType(
        {p.value: FanOut(_most(store, OBJECTS, p), _most(store, SUBJECTS, p)) for p in properties}
    )


def _most(store: Store, query: str, predicate: NamedNode) -> int:
    return max(int(solution["n"].value) for solution in _solutions(store, query, predicate))


def _solutions(store: Store, query: str, predicate: NamedNode | None = None) -> QuerySolutions:
    found = store.query(query, substitutions={} if predicate is None else {Variable("p"): predicate})
    if not isinstance(found, QuerySolutions):
        raise TypeError("not a SELECT query")
    return found
