"""What a release says about a thing, put together in a moment from its directory: for all but large things.

The statements are those of ``describe``, less the graphs that they stand in, and sorted as they are written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Final

from pyoxigraph import Literal, NamedNode, Triple

from legation.namespaces import PREFIXES
from legation.serve.engine import Engine
from legation.serve.resources.describe import EVIDENCE, HAS_SELECTOR, HAS_SOURCE, explains
from legation.serve.site.directory.entries import Value
from legation.serve.site.directory.read import Directory
from legation.serve.web.formats import TYPE, sort_key

DEEPER: Final = (HAS_SOURCE.value, HAS_SELECTOR.value)
LEADING: Final = (EVIDENCE.value, *DEEPER)
DIRECTED: Final = f"{PREFIXES['rdf']}dirLangString"

Whole = Mapping[str, Sequence[Value]]
"""All that is said about one thing: values by property."""


def brief(engine: Engine, directory: Directory, focus: NamedNode, at_most: int) -> list[Triple] | None:
    """Return what the release says about ``focus``; ``None`` where only ``describe`` can tell.

    It tells of things at which, and at whose passages, ``at_most`` so many statements point.
    """
    pointing = _pointing(engine, [focus], at_most)
    if pointing is None:
        return None
    passages = _subjects(triple for triple in pointing if triple.predicate == HAS_SOURCE)
    resting = _pointing(engine, passages, at_most)
    if resting is None:
        return None
    naming = _subjects(triple for triple in (*pointing, *resting) if explains(triple.subject))
    first = {focus.value, *(one.value for one in naming)}
    said = directory.whole(first)
    if focus.value not in said:
        return None
    wanted = _led_to(said.values(), LEADING).union(one.value for one in passages) - first
    said |= directory.whole(wanted)
    deeper = _led_to((said[iri] for iri in wanted if iri in said), DEEPER) - first - wanted
    said |= directory.whole(deeper)
    try:
        elsewhere = [NamedNode(iri) for iri in (first | wanted | deeper) - said.keys()]
        others = {quad.triple for quad in engine.about(elsewhere)}
        return in_order(said, {*others, *(one for one in pointing if not _is_of(one, said))})
    except ValueError:  # a blank node, or a literal with a base direction
        return None


def _pointing(engine: Engine, targets: Sequence[NamedNode], at_most: int) -> list[Triple] | None:
    """Return the statements that have one of ``targets`` as their object, where they are few."""
    found: list[Triple] = []
    for target in targets:
        some = engine.leading_to(target, at_most)
        if some is None or len(found) + len(some) > at_most:
            return None
        found += some
    return found


def _subjects(triples: Iterable[Triple]) -> list[NamedNode]:
    """Return the things that ``triples`` are about, each once."""
    return list(dict.fromkeys(one.subject for one in triples if isinstance(one.subject, NamedNode)))


def _is_of(triple: Triple, said: Mapping[str, Whole]) -> bool:
    """Tell whether a statement is about one of the things that everything is ``said`` about."""
    return isinstance(triple.subject, NamedNode) and triple.subject.value in said


def _led_to(things: Iterable[Whole], names: Iterable[str]) -> set[str]:
    """Return the IRIs that ``things`` have as values of the properties ``names``."""
    return {
        value for said in things for name in names for value in said.get(name, ()) if isinstance(value, str)
    }


def in_order(said: Mapping[str, Whole], others: Iterable[Triple]) -> list[Triple]:
    """Return statements sorted by subject, type, property and value; ``ValueError`` for a blank node."""
    groups = [(f"<{iri}>", list(_triples(iri, one))) for iri, one in said.items()]
    groups += [(str(one.subject), [one]) for one in sorted(others, key=sort_key)]
    return list(chain.from_iterable(group for _, group in sorted(groups, key=lambda pair: pair[0])))


def _triples(iri: str, said: Whole) -> Iterable[Triple]:
    subject = NamedNode(iri)
    for name in sorted(said, key=lambda one: (one != TYPE, one)):
        predicate, values = NamedNode(name), [_term(value) for value in said[name]]
        for term in sorted(values, key=str) if len(values) > 1 else values:
            yield Triple(subject, predicate, term)


def _term(value: Value) -> NamedNode | Literal:
    """Return a value as a term; raise ``ValueError`` for what is no IRI and no plain literal."""
    if isinstance(value, str):
        return NamedNode(value)
    text, language, datatype = value
    if not language:
        return Literal(text, datatype=NamedNode(datatype))
    if datatype == DIRECTED:
        raise ValueError(datatype)
    return Literal(text, language=language)
