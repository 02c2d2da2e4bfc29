"""What can be asked about things by name of class and property: the types and properties that are in use."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from pyoxigraph import Literal, NamedNode

from legation.namespaces import GRAPH, LEG, PREFIXES
from legation.serve.engine import Engine
from legation.serve.web.iris import ENTITY_KINDS, kind_and_slug
from legation.serve.words.labels import WORDS, Text, choose, spelled
from legation.serve.words.messages import marked, translate

IN_USE: Final = """
PREFIX id: <https://w3id.org/legation/id/>
PREFIX leg: <https://w3id.org/legation/ontology#>
SELECT ?type ?property (COUNT(DISTINCT ?thing) AS ?things) (SAMPLE(?thing) AS ?one) WHERE {
  ?thing a ?type ; ?property ?value .
  FILTER(isIRI(?thing) && STRSTARTS(STR(?thing), STR(id:)) && STRSTARTS(STR(?type), STR(leg:)))
}
GROUP BY ?type ?property
"""
ONTOLOGY: Final = NamedNode(f"{GRAPH}ontology")
SUB_CLASS: Final = f"{PREFIXES['rdfs']}subClassOf"
RANGE: Final = f"{PREFIXES['rdfs']}range"
SAME_AS: Final = f"{PREFIXES['owl']}sameAs"
WIKIDATA: Final = PREFIXES["wd"]
TAKEN: Final = frozenset(
    {SAME_AS, f"{PREFIXES['foaf']}homepage", f"{PREFIXES['skos']}prefLabel", f"{PREFIXES['skos']}altLabel"}
)
"""Properties of other vocabularies that are offered; the others say again what ours say."""

STATE: Final = "state"
DATE: Final = "date"
WORKED_OUT: Final[Mapping[str, str]] = MappingProxyType(
    {
        STATE: marked("state"),
        DATE: marked("date"),
        "name:ar": marked("Arabic name"),
        "name:en": marked("English name"),
        "name:fr": marked("French name"),
    }
)
"""Properties that stand for several of the ontology, with what they are called: messages."""

DATES: Final = frozenset(f"{LEG}{name}" for name in ("startDate", "endDate", "establishedOn", "mandateUntil"))
FOUND_BY_DEFAULT: Final = ("Person", "Body", "State", "Post", "Event", "Instrument", "Place")
LOOKED_FOR: Final = frozenset((*ENTITY_KINDS, "concept", "source"))


@dataclass(frozen=True)
class Catalogue:
    """The classes and properties in use, by the identifiers that a reconciliation service gives them.

    A term of the ontology is called by its own name (``Person``), any other as ``prefix:name``.
    """

    names: Mapping[str, Sequence[Literal]]
    """The labels of terms, by IRI."""
    properties_of: Mapping[str, Sequence[str]]
    """For each class, the properties of its members, the most frequent first: IRIs."""
    kinds_of: Mapping[str, frozenset[str]]
    """For each class, the kinds of its members."""
    broader: Mapping[str, Sequence[str]]
    """For each class, the classes directly above it."""
    ranges: Mapping[str, str]
    """For each property whose values are things, the class that they are in."""

    @property
    def types(self) -> Sequence[str]:
        """The classes in use: IRIs."""
        return list(self.properties_of)

    @property
    def properties(self) -> Sequence[str]:
        """The properties in use: IRIs, and the identifiers of those that are worked out."""
        used = dict.fromkeys(one for several in self.properties_of.values() for one in several)
        return [*WORKED_OUT, *used]

    def type_named(self, identifier: str) -> str | None:
        """Return the class that ``identifier`` names, if it is in use."""
        return _found(identifier, self.properties_of)

    def property_named(self, identifier: str) -> str | None:
        """Return the property that ``identifier`` names, if it is in use."""
        return identifier if identifier in WORKED_OUT else _found(identifier, self.properties)

    def name(self, term: str, language: str) -> Text:
        """Return what a class or property is called."""
        if term in WORKED_OUT:
            return Text(translate(WORKED_OUT[term], language), language)
        found = choose(self.names.get(term, ()), language)
        if found is None and term in WORDS:
            return Text(translate(WORDS[term], language), language)
        return found or Text(spelled(term))

    def all_names(self, term: str) -> list[str]:
        """Return every name of a class or property, its identifier too."""
        said = [literal.value for literal in self.names.get(term, ())]
        said += [
            translate(WORKED_OUT[term], language) for language in ("en", "ar", "fr") if term in WORKED_OUT
        ]
        return [*said, identifier(term)]

    def narrowest(self, types: Iterable[str]) -> list[str]:
        """Return those of ``types`` (names of classes) under which there is no other of them: IRIs."""
        found = [f"{LEG}{name}" for name in types if f"{LEG}{name}" in self.properties_of]
        above = {wide for one in found for wide in self._all_above(one)}
        return [one for one in found if one not in above]

    def _all_above(self, one: str) -> set[str]:
        above: set[str] = set()
        waiting = list(self.broader.get(one, ()))
        while waiting:
            wide = waiting.pop()
            if wide not in above:
                above.add(wide)
                waiting += self.broader.get(wide, ())
        return above


def identifier(term: str) -> str:
    """Return what a reconciliation service calls a class or property."""
    return term[len(LEG) :] if term.startswith(LEG) else spelled(term)


def _found(identifier_: str, terms: Iterable[str]) -> str | None:
    known = set(terms)
    prefix, colon, name = identifier_.partition(":")
    written = f"{PREFIXES[prefix]}{name}" if colon and prefix in PREFIXES else ""
    return next((term for term in (identifier_, f"{LEG}{identifier_}", written) if term in known), None)


def read_catalogue(engine: Engine, names: Mapping[str, Sequence[Literal]]) -> Catalogue:
    """Return the catalogue of a release; ``names`` are the labels of the ontology's terms."""
    properties: dict[str, dict[str, int]] = defaultdict(dict)
    kinds: dict[str, set[str]] = defaultdict(set)
    for row in engine.select(IN_USE, {}):
        type_, name, one = (str_of(row[column]) for column in ("type", "property", "one"))
        kind = (kind_and_slug(one) or ("",))[0]
        if kind in LOOKED_FOR:
            kinds[type_].add(kind)
            if is_offered(name):
                properties[type_][name] = int(str_of(row["things"]))
    ontology = engine.graph(ONTOLOGY)
    broader: dict[str, list[str]] = defaultdict(list)
    for quad in ontology:
        if quad.predicate.value == SUB_CLASS and str_of(quad.object) in properties:
            broader[str_of(quad.subject)].append(str_of(quad.object))
    return Catalogue(
        names=names,
        properties_of={
            type_: sorted(counts, key=lambda name: (-counts[name], name))
            for type_, counts in sorted(properties.items())
        },
        kinds_of={type_: frozenset(found) for type_, found in kinds.items()},
        broader=broader,
        ranges={
            str_of(quad.subject): str_of(quad.object)
            for quad in ontology
            if quad.predicate.value == RANGE and str_of(quad.object) in properties
        },
    )


def is_offered(name: str) -> bool:
    """Tell whether a property is offered to those who reconcile: not those that only bound a date."""
    return name in TAKEN or (name.startswith(LEG) and not name.endswith(("Earliest", "Latest")))


def str_of(term: object) -> str:
    """Return the IRI or the value of a term."""
    return term.value if isinstance(term, NamedNode | Literal) else str(term)
