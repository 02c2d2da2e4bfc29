"""From the statements about one subject to what the directory says of it: pure, one subject at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pyoxigraph import Literal, NamedNode, Quad

from legation.namespaces import GRAPH, LEG, PREFIXES
from legation.serve.web.iris import ENTITY_KINDS, kind_and_slug
from legation.serve.words.labels import FALLBACK, LANGUAGES, sort_key
from legation.serve.words.locales import DATES

TYPE: Final = f"{PREFIXES['rdf']}type"
INFERRED: Final = f"{GRAPH}inferred"
DERIVED: Final = f"{GRAPH}derived"
NAMES: Final = tuple(
    f"{PREFIXES[prefix]}{name}"
    for prefix, name in (("skos", "prefLabel"), ("rdfs", "label"), ("dcterms", "title"))
)
EVIDENCE: Final = f"{LEG}evidence"
SOURCE_OF: Final = f"{PREFIXES['oa']}hasSource"
POST_IN: Final = f"{LEG}postIn"
SOURCE_KIND: Final = f"{LEG}sourceKind"
RANK: Final = f"{LEG}rank"
DEPRECATED: Final = f"{LEG}DeprecatedRank"
PLACED: Final = frozenset(f"{LEG}{name}" for name in ("seatState", "heldIn"))
"""What is worked out about where something is, and worth finding it by."""

FACETS: Final = ("type", "state", "body", "year")
LINKS: Final = f"{LEG}links"
"""Leads from a link to Wikidata to the thing that it is about."""

EXPLAINING: Final = frozenset({"claim", "link", "passage", "source"})
"""Kinds that say something about other things, and are listed as such and not as what points at them."""

MATTERS: Final[Mapping[str, tuple[str, ...]]] = {
    "Tenure": ("holder", "post"),
    "Membership": ("member", "memberOfBody"),
    "Participation": ("event", "participant", "participationRole"),
    "Agreement": ("instrument",),
    "Attribute": ("subject", "property"),
}
"""What makes two claims of a class claims on the same matter: both can be right, or they disagree."""


Value = str | list[str]
"""An IRI, or the text, the language (empty where it has none) and the datatype of a literal."""

Said = Mapping[str, Sequence[Value]]


@dataclass(frozen=True)
class Claim:
    """A claim as the directory orders it."""

    kind: str
    matter: str
    deprecated: bool
    date: str
    named: frozenset[str]


@dataclass(frozen=True)
class Entry:
    """One thing as the directory has it."""

    iri: str
    kind: str
    names: Mapping[str, str]
    """Its name in each language it has one in; a text without language under the empty one."""
    sorting: Mapping[str, str]
    """What it is sorted by in each language of the interface."""
    date: str
    facets: frozenset[tuple[str, str]]
    pointing: frozenset[tuple[str, str]]
    stated: Said
    """What is stated about it, by property."""
    inferred: Said
    """What is inferred about it and stated nowhere, by property."""
    post_in: str = ""
    source: str = ""
    claim: Claim | None = None


def entry(iri: str, quads: Iterable[Quad], wider: Mapping[str, frozenset[str]]) -> Entry | None:
    """Return what the directory says of the thing ``iri``; ``None`` where it is no thing of ours."""
    found = kind_and_slug(iri)
    if found is None:
        return None
    kind, slug = found
    quads = list(quads)
    stated = [quad for quad in quads if quad.graph_name.value != INFERRED]  # type: ignore[union-attr]
    nodes = {(q.predicate.value, q.object.value) for q in stated if isinstance(q.object, NamedNode)}
    if not any(predicate == TYPE for predicate, _ in nodes):
        return None
    literals = [(q.predicate.value, q.object) for q in stated if isinstance(q.object, Literal)]
    placed = {
        (q.predicate.value, q.object.value)
        for q in quads
        if isinstance(q.object, NamedNode) and q.predicate.value in PLACED
    }
    dates = sorted(
        value.value for name, value in literals if value.datatype.value in DATES and not _is_bound(name)
    )
    single = dict(nodes)
    known = {quad.triple for quad in stated}
    names = _names(literals)
    return Entry(
        iri=iri,
        kind=kind,
        names=names,
        sorting={language: sort_key(_chosen(names, language) or slug) for language in LANGUAGES},
        date=dates[0] if dates else "",
        facets=frozenset(
            {*_facets(nodes | placed), *(("year", day[:4]) for day in dates if day[:4].isdigit())}
        ),
        pointing=_pointing({node for node in nodes if kind not in EXPLAINING or node[0] == LINKS}, wider),
        stated=_said(stated),
        inferred=_said(quad for quad in quads if quad.triple not in known),
        post_in=single.get(POST_IN, "") if kind == "post" else "",
        source=single.get(SOURCE_OF, "") if kind == "passage" else "",
        claim=_claim(nodes, dates) if kind == "claim" else None,
    )


def _said(quads: Iterable[Quad]) -> dict[str, list[Value]]:
    found: dict[str, list[Value]] = {}
    for quad in quads:
        values = found.setdefault(quad.predicate.value, [])
        if (value := _value(quad.object)) not in values:
            values.append(value)
    return found


def _value(term: object) -> Value:
    if isinstance(term, Literal):
        return [term.value, term.language or "", term.datatype.value]
    return term.value if isinstance(term, NamedNode) else str(term)


def _is_bound(name: str) -> bool:
    return name.endswith(("Earliest", "Latest"))


def _names(literals: Iterable[tuple[str, Literal]]) -> dict[str, str]:
    literals = list(literals)
    named = next((own for name in NAMES if (own := [value for key, value in literals if key == name])), [])
    ordered = sorted(named, key=lambda name: name.value, reverse=True)
    return {(name.language or "").partition("-")[0]: name.value for name in ordered}


def _chosen(names: Mapping[str, str], language: str) -> str | None:
    return next((names[tag] for tag in (*FALLBACK[language], "", *sorted(names)) if tag in names), None)


def _facets(nodes: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    for predicate, value in nodes:
        if predicate in (TYPE, SOURCE_KIND):
            yield "type", value
        elif (found := kind_and_slug(value)) is not None and found[0] in ("state", "body", "post"):
            yield found[0], value


def _pointing(nodes: set[tuple[str, str]], wider: Mapping[str, frozenset[str]]) -> frozenset[tuple[str, str]]:
    implied = {(wide, value) for predicate, value in nodes for wide in wider.get(predicate, ())}
    return frozenset(
        (predicate, value)
        for predicate, value in nodes - implied
        if predicate != TYPE and kind_and_slug(value) is not None
    )


def _claim(nodes: set[tuple[str, str]], dates: list[str]) -> Claim:
    types = sorted(value for predicate, value in nodes if predicate == TYPE)
    matters = MATTERS.get(types[0].removeprefix(LEG), ())
    said = sorted((predicate, value) for predicate, value in nodes if predicate.removeprefix(LEG) in matters)
    return Claim(
        kind=types[0],
        matter=" ".join([types[0], *(value for _, value in said)]),
        deprecated=(RANK, DEPRECATED) in nodes,
        date=dates[0] if dates else "",
        named=frozenset(
            value
            for predicate, value in nodes
            if (found := kind_and_slug(value)) is not None
            and (found[0] in (*ENTITY_KINDS, "concept") or predicate == EVIDENCE)
        ),
    )
