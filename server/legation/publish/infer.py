"""Closure under OWL 2 RL: what follows from the ontology and the data, and whether they agree."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, product
from typing import Final

import rdflib
from owlrl.OWLRL import OWLRL_Semantics  # type: ignore[import-untyped]
from pyoxigraph import BlankNode, NamedNode, Triple
from rdflib.namespace import OWL, RDF, RDFS
from rdflib.term import Node

from legation.namespaces import BASE, ID
from legation.publish.canonical import rdflib_graph
from legation.publish.closure import close, is_covered
from legation.publish.serialize import n_triples, triples_of
from legation.terms import to_oxigraph

Statement = tuple[Node, Node, Node]

VOCABULARIES: Final = (str(OWL), str(RDF), str(RDFS))
TYPE: Final = RDF.type
THING: Final = OWL.Thing
NOTHING: Final = OWL.Nothing
SAME_AS: Final = f"<{OWL.sameAs}>".encode()
REFLEXIVE: Final = frozenset(
    (OWL.sameAs, OWL.equivalentClass, OWL.equivalentProperty, RDFS.subClassOf, RDFS.subPropertyOf)
)
WITHOUT_LOGIC: Final = frozenset(
    str(term) for term in (RDFS.label, RDFS.comment, RDFS.seeAlso, RDFS.isDefinedBy, OWL.versionInfo)
)
"""Annotation properties that OWL builds in: nothing follows from what they say."""


@dataclass(frozen=True)
class Contradiction:
    """Why the data is inconsistent: the things concerned, and the statements that bring it about."""

    message: str
    things: tuple[str, ...]
    causes: tuple[Triple, ...] = ()


class Closure(OWLRL_Semantics):  # type: ignore[misc]  # owlrl has no types
    """OWL 2 RL without what goes without saying, and with keys put right.

    Left out are that a thing is itself and an ``owl:Thing``, and the types of literals, which ``check`` and
    the shapes have looked at. Every rule of owlrl sets out from a triple of the RDF, RDFS or OWL vocabulary
    and looks the others up, so it need not be tried with any other triple.
    """

    def __init__(self, graph: rdflib.Graph) -> None:
        """Close ``graph`` itself. What is known is kept in a set, since looking there is quicker."""
        super().__init__(graph, axioms=False, daxioms=False)
        self.known = set(graph)

    def rules(self, t: Statement, cycle_num: int) -> None:
        """Try the rules with one triple, if any could set out from it."""
        _, predicate, value = t
        telling = value if predicate == TYPE else predicate
        if str(telling).startswith(VOCABULARIES):
            super().rules(t, cycle_num)

    def store_triple(self, t: Statement) -> None:
        """Keep an inferred triple, unless nothing new could ever follow from it."""
        if t in self.known:
            return
        self.known.add(t)
        subject, predicate, value = t
        says_nothing = value == THING or subject == NOTHING or (subject == value and predicate in REFLEXIVE)
        if not says_nothing and not isinstance(subject, rdflib.Literal):
            self.added_triples.add(t)

    def _properties(self, triple: Statement, cycle_num: int) -> None:
        """Apply the rules on properties (table 5 of the profile), with a rule prp-key of our own.

        That of owlrl 7.6.2 forgets a key's last property, so that it takes all states for one.
        """
        if triple[1] == OWL.hasKey:
            self._apply_key(triple[0], list(self.graph.items(triple[2])))
        else:
            super()._properties(triple, cycle_num)

    def _apply_key(self, keyed: Node, properties: list[Node]) -> None:
        holders: dict[tuple[Node, ...], Node] = {}
        for thing in sorted(self.graph.subjects(RDF.type, keyed)):
            for key in product(*(list(self.graph.objects(thing, p)) for p in properties)):
                first = holders.setdefault(key, thing)
                if properties and first != thing:
                    self.store_triple((first, OWL.sameAs, thing))


def infer(ontology: Iterable[Triple], data: Iterable[bytes]) -> tuple[set[Triple], list[Contradiction]]:
    """Return the informative triples that follow from ``ontology`` and ``data``, and every contradiction.

    The data are lines of N-Triples.
    """
    axioms = [t for t in ontology if t.predicate.value not in WITHOUT_LOGIC]
    known = set(telling(axioms, data))
    if is_covered(axioms):
        closed, consistent = close(known)
        if consistent:
            new = triples_of(line for line in closed if line not in known)
            return {triple for triple in new if is_informative(triple)}, []
    return reason(set(triples_of(known)))


def telling(axioms: Sequence[Triple], data: Iterable[bytes]) -> Iterator[bytes]:
    """Yield, as lines of N-Triples, what something can follow from."""
    speaking = {f"<{iri}>".encode() for iri in logical_properties(axioms)}
    for line in chain(n_triples(axioms), data):
        predicate, value = line.split(b" ", 2)[1:]
        if predicate in speaking and not (predicate == SAME_AS and is_elsewhere(value)):
            yield line


def reason(known: set[Triple]) -> tuple[set[Triple], list[Contradiction]]:
    """Return what ``infer`` does, by owlrl: for every construct of OWL 2 RL, and with an explanation."""
    graph = rdflib_graph(known)
    before = set(graph)
    closure = Closure(graph)
    closure.closure()
    inferred = {t for t in map(to_oxigraph, set(graph) - before) if is_informative(t)}
    found = [explain(message, known, graph) for message in closure.error_messages]
    return inferred, sorted([*found, *identities(inferred)], key=lambda c: c.message)


def logical_properties(axioms: Iterable[Triple]) -> frozenset[str]:
    """Return the properties from whose triples something can follow: OWL's own and those in some axiom.

    An annotation property has no logic in OWL, and a property that no axiom mentions has none either.
    """
    axioms = list(axioms)
    annotation = NamedNode(str(OWL.AnnotationProperty))
    silent = {t.subject.value for t in axioms if t.object == annotation and isinstance(t.subject, NamedNode)}
    mentioned = {term.value for t in axioms for term in (t.subject, t.object) if isinstance(term, NamedNode)}
    own = {t.predicate.value for t in axioms if t.predicate.value.startswith(VOCABULARIES)}
    return frozenset((mentioned - silent) | own | {str(RDF.type), str(OWL.sameAs)})


def is_elsewhere(name: bytes) -> bool:
    """Return whether what a thing is the same as, as N-Triples spells it, is the name of it elsewhere.

    Nothing else is known about the other name here, so all that would follow is each statement again.
    That two of our things share a name is the shapes' business.
    """
    return name.startswith(b"<") and not name.startswith(f"<{BASE}".encode())


def is_informative(triple: Triple) -> bool:
    """Return whether an inferred triple tells a reader something about a thing of ours."""
    subject, predicate, value = triple.subject, triple.predicate.value, triple.object
    if not (isinstance(subject, NamedNode) and subject.value.startswith(BASE)) or isinstance(
        value, BlankNode
    ):
        return False
    if predicate == str(TYPE):
        return isinstance(value, NamedNode) and not value.value.startswith(VOCABULARIES)
    return predicate == str(OWL.sameAs) or not predicate.startswith(VOCABULARIES)


def explain(message: str, known: Iterable[Triple], closure: rdflib.Graph) -> Contradiction:
    """Return the reasoner's complaint with its causes: the statements that put a thing into a class named."""
    named = dict.fromkeys(re.findall(r"https?://[^\s,()'\"]+", message))
    things = [iri for iri in named if iri.startswith(ID)]
    classes = [rdflib.URIRef(iri) for iri in named if iri not in things]
    causes = [
        triple
        for triple in known
        for thing, axiom in ((triple.subject, RDFS.domain), (triple.object, RDFS.range))
        if isinstance(thing, NamedNode) and thing.value in things
        if any((rdflib.URIRef(triple.predicate.value), axiom, c) in closure for c in classes)
    ]
    return Contradiction(message, tuple(things), tuple(sorted(causes, key=str)))


def identities(inferred: Iterable[Triple]) -> Iterator[Contradiction]:
    """Yield each pair of things that the reasoner took for one and the same: each has its own identifier."""
    for triple in inferred:
        one, other = triple.subject, triple.object
        if (
            triple.predicate.value == str(OWL.sameAs)
            and isinstance(one, NamedNode)
            and isinstance(other, NamedNode)
        ):
            yield Contradiction(f"{one.value} would be the same as {other.value}", (one.value, other.value))
