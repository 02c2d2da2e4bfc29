"""The model as ontology and shapes state it: classes, what a thing of each may carry, which rules bind it.

Read once from a release's two graphs; completion, the query builder and the documentation stand on it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from pyoxigraph import BlankNode, Literal, NamedNode, Quad, Triple

from legation.namespaces import LEG, PREFIXES
from legation.serve.state import META, ONTOLOGY_GRAPH, SHAPES_GRAPH, State

Term = NamedNode | BlankNode | Literal | Triple

RDF: Final = PREFIXES["rdf"]
RDFS: Final = PREFIXES["rdfs"]
OWL: Final = PREFIXES["owl"]
SH: Final = PREFIXES["sh"]
SKOS: Final = PREFIXES["skos"]
XSD: Final = PREFIXES["xsd"]
TYPE: Final = f"{RDF}type"
NIL: Final = f"{RDF}nil"
PROPERTY_TYPES: Final = frozenset(f"{OWL}{name}" for name in ("ObjectProperty", "DatatypeProperty"))

PARTITIONS: Final = """
SELECT ?term ?count ?meta ?naming ?counting WHERE {
  GRAPH ?meta { ?part ?naming ?term ; ?counting ?count }
}
"""
"""VoID's partitions of a release: what publishing has counted, so that nothing is counted here."""


@dataclass(frozen=True)
class Rule:
    """One shape as its documentation shows it."""

    iri: str
    target: str
    """The class whose instances it binds; empty where it has no such target."""
    path: str
    """The property it is about; empty where there is none or the path is longer than that."""
    names: tuple[Literal, ...]
    descriptions: tuple[Literal, ...]
    messages: tuple[Literal, ...]


class Facts:
    """Statements by subject and property."""

    def __init__(self, quads: Iterable[Quad]) -> None:
        """Index ``quads``."""
        self._said: dict[str, dict[str, list[Term]]] = defaultdict(lambda: defaultdict(list))
        for quad in quads:
            self._said[key_of(quad.subject)][quad.predicate.value].append(quad.object)

    def __iter__(self) -> Iterator[str]:
        """Iterate over the subjects that are IRIs, in order."""
        return iter(sorted(subject for subject in self._said if not subject.startswith("_:")))

    def objects(self, subject: str, name: str) -> Sequence[Term]:
        """Return the values of a property."""
        return self._said[subject][name] if subject in self._said and name in self._said[subject] else ()

    def iris(self, subject: str, name: str) -> list[str]:
        """Return the values of a property that are IRIs, in order."""
        return sorted(term.value for term in self.objects(subject, name) if isinstance(term, NamedNode))

    def texts(self, subject: str, name: str) -> tuple[Literal, ...]:
        """Return the values of a property that are literals, in order."""
        found = (term for term in self.objects(subject, name) if isinstance(term, Literal))
        return tuple(sorted(found, key=lambda literal: (literal.language or "", literal.value)))

    def members(self, subject: str, name: str) -> list[Term]:
        """Return the members of the RDF lists that are values of a property."""
        return [member for head in self.objects(subject, name) for member in self._list(key_of(head))]

    def _list(self, head: str) -> Iterator[Term]:
        seen: set[str] = set()
        while head != NIL and head not in seen:
            seen.add(head)
            yield from self.objects(head, f"{RDF}first")
            head = key_of(next(iter(self.objects(head, f"{RDF}rest")), NamedNode(NIL)))


@dataclass(frozen=True)
class Schema:
    """Classes, properties and rules of one release."""

    ontology: Facts
    shapes: Facts
    counts: Mapping[str, int]
    """How many things of each class, and how many statements with each property, the release holds."""

    @cached_property
    def classes(self) -> list[str]:
        """Every class that the ontology declares or reuses."""
        return [iri for iri in self.ontology if f"{OWL}Class" in self.ontology.iris(iri, TYPE)]

    @cached_property
    def properties(self) -> list[str]:
        """Every property that the ontology declares or reuses."""
        return [iri for iri in self.ontology if PROPERTY_TYPES & {*self.ontology.iris(iri, TYPE)}]

    @cached_property
    def rules(self) -> list[Rule]:
        """Every shape, in order of its name."""
        return [self._rule(iri) for iri in self.shapes if self._is_shape(iri)]

    @cached_property
    def allowed(self) -> Mapping[str, frozenset[str]]:
        """For each class with a closed shape: the properties that its instances may carry."""
        found = {}
        for iri in self.shapes:
            for target in self.shapes.iris(iri, f"{SH}targetClass"):
                listed = self.shapes.members(iri, f"{SH}ignoredProperties")
                if listed:
                    found[target] = frozenset(term.value for term in listed if isinstance(term, NamedNode))
        return found

    def ancestors(self, iri: str) -> list[str]:
        """Return the classes above a class, the nearest first, itself not included."""
        found: dict[str, None] = {}
        pending = self.ontology.iris(iri, f"{RDFS}subClassOf")
        while pending:
            found |= dict.fromkeys(pending)
            pending = [up for one in pending for up in self.ontology.iris(one, f"{RDFS}subClassOf")]
            pending = [one for one in pending if one not in found]
        found.pop(iri, None)
        return list(found)

    def children(self, iri: str) -> list[str]:
        """Return the classes directly below a class."""
        return [one for one in self.classes if iri in self.ontology.iris(one, f"{RDFS}subClassOf")]

    def closed_by(self, iri: str) -> str | None:
        """Return the class whose closed shape binds the things of a class: itself, or the nearest above."""
        return next((one for one in (iri, *self.ancestors(iri)) if one in self.allowed), None)

    def properties_of(self, iri: str) -> list[str]:
        """Return what a thing of a class may carry: by its closed shape, or the nearest above."""
        closed = self.closed_by(iri)
        return sorted(self.allowed[closed]) if closed else []

    def rules_of(self, iri: str) -> list[Rule]:
        """Return the rules that bind instances of a class: its own and those of the classes above."""
        lineage = [iri, *self.ancestors(iri)]
        bound = [rule for rule in self.rules if rule.target in lineage and rule.messages]
        return sorted(bound, key=lambda rule: (lineage.index(rule.target), rule.iri))

    def domain(self, iri: str) -> list[str]:
        """Return the classes that have a property, unions taken apart."""
        return self._ends(iri, f"{RDFS}domain")

    def range(self, iri: str) -> list[str]:
        """Return the classes or datatypes of a property's values: by the shapes, else by the ontology."""
        shaped = {one for rule in self.rules if rule.path == iri for one in self.values_of(rule.iri)}
        return sorted(shaped) or self._ends(iri, f"{RDFS}range")

    def values_of(self, shape: str) -> list[str]:
        """Return the classes and datatypes that a shape accepts for its values, choices included."""
        direct = [*self.shapes.iris(shape, f"{SH}class"), *self.shapes.iris(shape, f"{SH}datatype")]
        choices = [key_of(one) for one in self.shapes.members(shape, f"{SH}or")]
        return sorted({*direct, *(value for choice in choices for value in self.values_of(choice))})

    def _ends(self, iri: str, name: str) -> list[str]:
        named = self.ontology.iris(iri, name)
        unions = [key_of(term) for term in self.ontology.objects(iri, name) if isinstance(term, BlankNode)]
        members = [member for one in unions for member in self.ontology.members(one, f"{OWL}unionOf")]
        return sorted({*named, *(term.value for term in members if isinstance(term, NamedNode))})

    def _is_shape(self, iri: str) -> bool:
        return bool({f"{SH}NodeShape", f"{SH}PropertyShape"} & {*self.shapes.iris(iri, TYPE)})

    def _rule(self, iri: str) -> Rule:
        facts = self.shapes
        return Rule(
            iri=iri,
            target=next(iter(facts.iris(iri, f"{SH}targetClass")), ""),
            path=next(iter(facts.iris(iri, f"{SH}path")), ""),
            names=facts.texts(iri, f"{SH}name") or facts.texts(iri, f"{RDFS}label"),
            descriptions=facts.texts(iri, f"{SH}description") or facts.texts(iri, f"{RDFS}comment"),
            messages=facts.texts(iri, f"{SH}message"),
        )


def read_schema(state: State) -> Schema:
    """Return the schema of the release that ``state`` serves."""
    counted = (("class", "entities"), ("property", "triples"))
    rows = [row for names in counted for row in _partitions(state, *names)]
    return Schema(
        ontology=Facts(state.engine.graph(ONTOLOGY_GRAPH)),
        shapes=Facts(state.engine.graph(SHAPES_GRAPH)),
        counts={term: count for term, count in rows},  # noqa: C416  # pairs of two classes
    )


def _partitions(state: State, naming: str, counting: str) -> Iterator[tuple[str, int]]:
    void = PREFIXES["void"]
    values = {"meta": META, "naming": NamedNode(void + naming), "counting": NamedNode(void + counting)}
    for row in state.engine.select(PARTITIONS, values):
        term, count = row["term"], row["count"]
        if isinstance(term, NamedNode) and isinstance(count, Literal):
            yield term.value, int(count.value)


def is_ours(iri: str) -> bool:
    """Tell whether a term is of our own ontology."""
    return iri.startswith(LEG)


def key_of(term: Term) -> str:
    """Return what a term is indexed by: blank nodes by their label, so that they cannot meet an IRI."""
    return term.value if isinstance(term, NamedNode) else str(term)
