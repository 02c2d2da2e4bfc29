"""Everything a release says about a thing: statements, claims and their evidence, what points at it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from pyoxigraph import BlankNode, NamedNode, Quad

from legation.namespaces import LEG, PREFIXES
from legation.serve.engine import Engine
from legation.serve.web.iris import kind_and_slug

POINTING_AT_MOST: Final = 1000
"""Statements that point at a thing, as many as one description holds; SPARQL gives the rest."""

EVIDENCE: Final = NamedNode(f"{LEG}evidence")
HAS_SOURCE: Final = NamedNode(f"{PREFIXES['oa']}hasSource")
HAS_SELECTOR: Final = NamedNode(f"{PREFIXES['oa']}hasSelector")
EXPLAINING: Final = frozenset({"claim", "link"})
"""The kinds of thing that say something about the thing they point at."""


@dataclass(frozen=True)
class Description:
    """What is said about ``focus``."""

    focus: NamedNode
    own: tuple[Quad, ...]
    """Statements whose subject it is."""
    pointing: tuple[Quad, ...]
    """Statements whose object it is, at most ``POINTING_AT_MOST``."""
    claims: tuple[Quad, ...]
    """Statements of the claims and links that name it."""
    evidence: tuple[Quad, ...]
    """Statements of the passages and sources which those, and it, rest on."""
    complete: bool
    """Whether ``pointing`` is everything that points at it."""

    @property
    def quads(self) -> list[Quad]:
        """Everything, each statement once."""
        return list(dict.fromkeys((*self.own, *self.claims, *self.evidence, *self.pointing)))

    @property
    def known(self) -> bool:
        """Whether the release says anything about it at all."""
        return bool(self.own or self.pointing)


def describe(engine: Engine, focus: NamedNode) -> Description:
    """Return what the release says about ``focus``."""
    own = closed(engine, engine.about([focus]))
    pointing = engine.pointing_at([focus], POINTING_AT_MOST)
    passages = _subjects(pointing, HAS_SOURCE)
    resting = engine.pointing_at(passages, POINTING_AT_MOST)
    naming = [quad.subject for quad in (*pointing, *resting) if explains(quad.subject)]
    claims = engine.about(_distinct(naming))
    evidence = _evidence(engine, (*own, *claims), passages)
    return Description(
        focus=focus,
        own=tuple(own),
        pointing=tuple(pointing),
        claims=tuple(quad for quad in claims if quad.subject != focus),
        evidence=tuple(quad for quad in evidence if quad.subject != focus),
        complete=len(pointing) < POINTING_AT_MOST,
    )


def closed(engine: Engine, quads: Sequence[Quad]) -> list[Quad]:
    """Return ``quads`` with the statements of every blank node they lead to."""
    found = dict.fromkeys(quads)
    pending = {quad.object for quad in quads if isinstance(quad.object, BlankNode)}
    seen: set[BlankNode] = set()
    while pending:
        seen |= pending
        more = engine.about(pending)
        found |= dict.fromkeys(more)
        pending = {quad.object for quad in more if isinstance(quad.object, BlankNode)} - seen
    return list(found)


def _evidence(engine: Engine, statements: Iterable[Quad], passages: Sequence[NamedNode]) -> list[Quad]:
    """Return the statements of the evidence that ``statements`` name, down to the sources."""
    statements = list(statements)
    named = [*_objects(statements, EVIDENCE), *_objects(statements, HAS_SOURCE), *passages]
    first = engine.about(_distinct([*named, *_objects(statements, HAS_SELECTOR)]))
    deeper = [*_objects(first, HAS_SOURCE), *_objects(first, HAS_SELECTOR)]
    return [*first, *engine.about([term for term in _distinct(deeper) if term not in named])]


def explains(term: object) -> bool:
    """Tell whether a term is a claim or a link, which say something about what they point at."""
    if not isinstance(term, NamedNode):
        return False
    found = kind_and_slug(term.value)
    return found is not None and found[0] in EXPLAINING


def _objects(quads: Iterable[Quad], predicate: NamedNode) -> list[NamedNode]:
    found = (quad.object for quad in quads if quad.predicate == predicate)
    return _distinct(found)


def _subjects(quads: Iterable[Quad], predicate: NamedNode) -> list[NamedNode]:
    return _distinct(quad.subject for quad in quads if quad.predicate == predicate)


def _distinct(terms: Iterable[object]) -> list[NamedNode]:
    return list(dict.fromkeys(term for term in terms if isinstance(term, NamedNode)))
