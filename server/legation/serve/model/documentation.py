"""The documentation of ontology and shapes: what each term means, who uses it, and what binds it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pyoxigraph import Literal, NamedNode

from legation.namespaces import ID, LEG, LEGSH
from legation.serve.model.schema import (
    OWL,
    PROPERTY_TYPES,
    RDFS,
    SH,
    SKOS,
    TYPE,
    Facts,
    Rule,
    Schema,
    is_ours,
    read_schema,
)
from legation.serve.site.questions import Example, examples
from legation.serve.state import State
from legation.serve.words.labels import FALLBACK, Text, choose, sort_key, spelled
from legation.serve.words.messages import marked
from legation.serve.words.present import Presenter, Shown

EXAMPLES_AT_MOST: Final = 3
QUESTIONS_AT_MOST: Final = 1

INSTANCES: Final = """
SELECT DISTINCT ?thing ?class ?start WHERE {
  ?thing a ?class FILTER(isIRI(?thing) && STRSTARTS(STR(?thing), ?start))
} LIMIT 3
"""
STATEMENT: Final = """
SELECT ?subject ?property ?value ?start WHERE {
  ?subject ?property ?value FILTER(isIRI(?subject) && STRSTARTS(STR(?subject), ?start))
} LIMIT 1
"""

RELATIONS: Final = {
    f"{RDFS}subClassOf": marked("Kind of"),
    f"{RDFS}subPropertyOf": marked("Implies"),
    f"{OWL}inverseOf": marked("The other way round"),
    f"{OWL}equivalentClass": marked("Same class as"),
    f"{OWL}equivalentProperty": marked("Same property as"),
    f"{OWL}disjointWith": marked("Never also a"),
    f"{SKOS}broader": marked("Broader"),
    f"{SKOS}inScheme": marked("In the scheme"),
    f"{SKOS}exactMatch": marked("Exactly as"),
    f"{SKOS}closeMatch": marked("Much as"),
    f"{RDFS}seeAlso": marked("See also"),
}
"""What a term is to other terms, in the order it is shown."""

TRAITS: Final = {
    f"{OWL}FunctionalProperty": marked("has one value at most"),
    f"{OWL}TransitiveProperty": marked("transitive"),
    f"{OWL}SymmetricProperty": marked("symmetric"),
    f"{OWL}AsymmetricProperty": marked("asymmetric"),
    f"{OWL}IrreflexiveProperty": marked("never of a thing to itself"),
    f"{LEG}ClaimProperty": marked("said by claims"),
    f"{LEG}DerivedProperty": marked("derived from claims"),
}
"""What can be said of a property as a whole."""

CONSTRAINTS: Final = (
    *(f"{SH}{name}" for name in ("minCount", "maxCount", "class", "datatype", "nodeKind", "pattern")),
    *(f"{SH}{name}" for name in ("minInclusive", "maxInclusive", "uniqueLang", "closed", "node", "property")),
    *(f"{SH}{name}" for name in ("targetNode", "targetSubjectsOf", "targetObjectsOf", "targetClass")),
)
LISTS: Final = (f"{SH}in", f"{SH}or", f"{SH}languageIn", f"{SH}ignoredProperties")


@dataclass(frozen=True)
class Row:
    """One relation of a term, and what it leads to."""

    name: str
    values: tuple[Shown, ...]


@dataclass(frozen=True)
class RuleView:
    """One rule as a list shows it."""

    shown: Shown
    message: Text | None
    path: Shown | None


@dataclass(frozen=True)
class TermView:
    """One term of the ontology."""

    anchor: str
    curie: str
    name: Text
    names: tuple[Text, ...]
    definition: Text | None
    notes: tuple[tuple[str, Text], ...]
    rows: tuple[Row, ...]
    below: tuple[Shown, ...]
    domain: tuple[Shown, ...]
    range: tuple[Shown, ...]
    traits: tuple[str, ...]
    carries: tuple[Shown, ...]
    """What its things may carry, where that is its own."""
    carries_as: Shown | None
    """The class above that says what they may carry, where that is not its own."""
    rules: tuple[RuleView, ...]
    inherited: tuple[Shown, ...]
    """Classes above whose rules bind it, too."""
    count: int
    examples: tuple[tuple[Shown, ...], ...]
    questions: tuple[Example, ...]


@dataclass(frozen=True)
class ShapeView:
    """One shape, or another thing that the shapes' graph describes."""

    anchor: str
    name: Text
    names: tuple[Text, ...]
    description: Text | None
    messages: tuple[Text, ...]
    path: Shown | None
    rows: tuple[Row, ...]
    query: str


Sample = Mapping[str, Sequence[tuple[NamedNode | Literal, ...]]]


def samples(here: State) -> Sample:
    """Return examples from the data: for each class things, for each property one statement."""
    schema = here.once(read_schema)
    start = Literal(ID)
    found: dict[str, Sequence[tuple[NamedNode | Literal, ...]]] = {}
    for one in filter(is_ours, schema.classes):
        rows = here.engine.select(INSTANCES, {"class": NamedNode(one), "start": start})
        found[one] = sorted(((row["thing"],) for row in rows), key=str)  # type: ignore[misc]  # IRIs, by FILTER
    for one in filter(is_ours, schema.properties):
        rows = here.engine.select(STATEMENT, {"property": NamedNode(one), "start": start})
        found[one] = [
            (row["subject"], row["value"])  # type: ignore[misc]  # an IRI, by FILTER
            for row in rows
            if isinstance(row["value"], NamedNode | Literal)
        ]
    return found


def asked_in(here: State) -> Mapping[str, tuple[Example, ...]]:
    """Return the competency questions that use each term of ours."""
    found: dict[str, list[Example]] = {}
    for example in examples(here.release):
        for name in sorted(set(re.findall(r"\bleg:(\w+)", example.query))):
            found.setdefault(LEG + name, []).append(example)
    return {iri: tuple(used[:QUESTIONS_AT_MOST]) for iri, used in found.items()}


@dataclass(frozen=True)
class Documentation:
    """Works out the views of terms and shapes for one reader."""

    schema: Schema
    presenter: Presenter
    samples: Sample
    questions: Mapping[str, tuple[Example, ...]]

    def groups(self) -> list[tuple[str, list[TermView]]]:
        """Return every term of ours: classes, properties, then the individuals by their class."""
        ours = [iri for iri in self.schema.ontology if is_ours(iri)]
        classes = [iri for iri in ours if iri in set(self.schema.classes)]
        properties = [iri for iri in ours if PROPERTY_TYPES & set(self._types(iri))]
        rest = [iri for iri in ours if iri not in {*classes, *properties}]
        split = (
            (marked("Classes"), classes),
            (marked("Properties"), properties),
            (marked("Individuals"), rest),
        )
        return [(name, [self.term(iri) for iri in self._by_name(found)]) for name, found in split if found]

    def term(self, iri: str) -> TermView:
        """Return the view of one term."""
        facts, schema = self.schema.ontology, self.schema
        is_class = iri in schema.classes
        closed = schema.closed_by(iri) if is_class else None
        rules = [rule for rule in schema.rules if rule.messages and iri in (rule.target, rule.path)]
        above = [one for one in schema.ancestors(iri) if any(rule.target == one for rule in schema.rules)]
        return TermView(
            anchor=iri.removeprefix(LEG),
            curie=spelled(iri),
            name=self.presenter.name(iri),
            names=self._names(facts, iri),
            definition=self._said(facts, iri, f"{SKOS}definition"),
            notes=tuple(
                (label, text)
                for label, name in ((marked("Scope"), "scopeNote"), (marked("Example"), "example"))
                if (text := self._said(facts, iri, f"{SKOS}{name}")) is not None
            ),
            rows=self._rows(facts, iri, RELATIONS),
            below=self._shown(schema.children(iri)) if is_class else (),
            domain=self._shown(schema.domain(iri)),
            range=() if is_class else self._shown(schema.range(iri)),
            traits=tuple(trait for one, trait in TRAITS.items() if one in self._types(iri)),
            carries=self._shown(filter(is_ours, schema.properties_of(iri))) if closed == iri else (),
            carries_as=self.presenter.show(NamedNode(closed)) if closed and closed != iri else None,
            rules=tuple(self._rule(rule) for rule in rules),
            inherited=self._shown(above) if is_class else (),
            count=schema.counts.get(iri, 0),
            examples=tuple(
                tuple(self.presenter.show(term) for term in row) for row in self.samples.get(iri, ())
            ),
            questions=self.questions.get(iri, ()),
        )

    def tree(self, above: str | None = None) -> list[tuple[Shown, list[object]]]:
        """Return the tree of our classes below a class, or from its roots: each with what is below it."""
        ours = [iri for iri in self.schema.classes if is_ours(iri)]
        if above is None:
            level = [iri for iri in ours if not any(map(is_ours, self.schema.ancestors(iri)))]
        else:
            level = [iri for iri in self.schema.children(above) if is_ours(iri)]
        return [(self.presenter.show(NamedNode(iri)), [*self.tree(iri)]) for iri in self._by_name(level)]

    def shapes(self) -> list[tuple[Shown | None, list[ShapeView]]]:
        """Return every thing that the shapes describe, grouped by the class whose shape it belongs to."""
        groups: dict[str, list[str]] = {}
        for iri in self.schema.shapes:
            if iri.startswith(LEGSH):
                groups.setdefault(self._class_of(iri), []).append(iri)
        of_classes = [
            (self.presenter.show(NamedNode(one)), [self.shape(iri) for iri in groups[one]])
            for one in self._by_name(filter(None, groups))
        ]
        return [*of_classes, *((None, [self.shape(iri) for iri in groups[one]]) for one in groups if not one)]

    def shape(self, iri: str) -> ShapeView:
        """Return the view of one shape."""
        facts = self.schema.shapes
        rule = next((one for one in self.schema.rules if one.iri == iri), None)
        names = rule.names if rule else ()
        messages = facts.texts(iri, f"{SH}message")
        return ShapeView(
            anchor=iri.removeprefix(LEGSH),
            name=choose(names, self.presenter.language) or Text(spelled(iri)),
            names=_all_of(names, self.presenter.language),
            description=choose(rule.descriptions, self.presenter.language) if rule else None,
            messages=_all_of(messages, self.presenter.language),
            path=self.presenter.show(NamedNode(rule.path)) if rule and rule.path else None,
            rows=(*self._rows(facts, iri, {name: spelled(name) for name in CONSTRAINTS}), *self._listed(iri)),
            query="\n".join(text.value for text in facts.texts(iri, f"{SH}select")),
        )

    def _class_of(self, iri: str) -> str:
        stem = iri.removeprefix(LEGSH).partition("-")[0]
        return LEG + stem if LEG + stem in self.schema.classes else ""

    def _listed(self, iri: str) -> tuple[Row, ...]:
        found = ((name, self.schema.shapes.members(iri, name)) for name in LISTS)
        return tuple(
            Row(spelled(name), tuple(self.presenter.show(term) for term in terms))
            for name, terms in found
            if terms
        )

    def _rows(self, facts: Facts, iri: str, names: Mapping[str, str]) -> tuple[Row, ...]:
        rows = []
        for name, called in names.items():
            terms = (term for term in facts.objects(iri, name) if isinstance(term, NamedNode | Literal))
            if shown := tuple(self.presenter.show(term) for term in sorted(terms, key=str)):
                rows.append(Row(called, shown))
        return tuple(rows)

    def _rule(self, rule: Rule) -> RuleView:
        return RuleView(
            shown=self.presenter.show(NamedNode(rule.iri)),
            message=choose(rule.messages, self.presenter.language),
            path=self.presenter.show(NamedNode(rule.path)) if rule.path else None,
        )

    def _types(self, iri: str) -> list[str]:
        return self.schema.ontology.iris(iri, TYPE)

    def _said(self, facts: Facts, iri: str, name: str) -> Text | None:
        return choose(facts.texts(iri, name), self.presenter.language)

    def _names(self, facts: Facts, iri: str) -> tuple[Text, ...]:
        labels = facts.texts(iri, f"{RDFS}label") or facts.texts(iri, f"{SKOS}prefLabel")
        return _all_of(labels, self.presenter.language)

    def _shown(self, iris: Iterable[str]) -> tuple[Shown, ...]:
        return tuple(self.presenter.show(NamedNode(iri)) for iri in self._by_name(iris))

    def _by_name(self, iris: Iterable[str]) -> list[str]:
        return sorted(iris, key=lambda iri: sort_key(self.presenter.name(iri).value))


def _all_of(literals: Iterable[Literal], language: str) -> tuple[Text, ...]:
    """Return texts in every language, the reader's first."""
    order = FALLBACK[language]
    texts = (Text(literal.value, literal.language or "") for literal in literals)
    return tuple(sorted(texts, key=lambda text: order.index(text.language) if text.language in order else 9))
