"""The search table: the names in a dataset, folded, with what ranks them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Final

from pyoxigraph import Literal, NamedNode, QuerySolution, QuerySolutions, Store

from legation.names import TERM, Name, Thing, make_name, write_names
from legation.namespaces import ID, LEG, PREFIXES

LOOKED_FOR: Final = frozenset(
    {"person", "body", "state", "post", "place", "instrument", "event", "concept", "scheme", "source"}
)
"""The kinds of thing that are found by name. Claims, passages and links have none."""


def search_table(store: Store) -> bytes:
    """Return the search table of a dataset."""
    types: dict[str, set[str]] = defaultdict(set)
    for row in _rows(store, "types"):
        types[_text(row["thing"])].add(_local(_text(row["type"])))
    links = {_text(row["thing"]): int(_text(row["links"])) for row in _rows(store, "links")}
    return write_names(_names(store, types, links))


def _names(store: Store, types: Mapping[str, set[str]], links: Mapping[str, int]) -> Iterator[Name]:
    for row in _rows(store, "names"):
        thing, name = _text(row["thing"]), row["name"]
        kind = kind_of(thing)
        if kind in LOOKED_FOR or kind == TERM:
            language = name.language or "" if isinstance(name, Literal) else ""
            named = Thing(thing, kind, tuple(sorted(types.get(thing, ()))), links.get(thing, 0))
            yield make_name(named, _text(row["form"]), language, _text(name))


def kind_of(iri: str) -> str:
    """Return the kind of thing an IRI names, ``term`` for one of the ontology, nothing for anything else."""
    if iri.startswith(LEG):
        return TERM
    return iri[len(ID) :].partition("/")[0] if iri.startswith(ID) else ""


def _local(iri: str) -> str:
    """Return the name of a class without its namespace."""
    return iri.rpartition("#")[2] if "#" in iri else iri.rpartition("/")[2]


def _rows(store: Store, name: str) -> Iterator[QuerySolution]:
    query = resources.files(__package__).joinpath("search").joinpath(f"{name}.rq").read_text(encoding="utf-8")
    found = store.query(query, prefixes=dict(PREFIXES), use_default_graph_as_union=True)
    if not isinstance(found, QuerySolutions):
        raise TypeError(f"search/{name}.rq must be a SELECT query")
    yield from found


def _text(term: object) -> str:
    if not isinstance(term, NamedNode | Literal):
        raise TypeError(f"neither an IRI nor a literal: {term}")
    return term.value
