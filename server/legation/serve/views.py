"""From a description to the parts of a page: names, facts, claims with their evidence, what points here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pyoxigraph import BlankNode, Literal, NamedNode, Quad, Triple

from legation.namespaces import GRAPH, LEG, PREFIXES
from legation.serve.describe import Description
from legation.serve.iris import kind_and_slug
from legation.serve.labels import FALLBACK, LANGUAGES, Text
from legation.serve.present import Presenter, Shown

Term = NamedNode | BlankNode | Literal | Triple

SKOS: Final = PREFIXES["skos"]
OA: Final = PREFIXES["oa"]
TYPE: Final = f"{PREFIXES['rdf']}type"
INFERRED: Final = f"{GRAPH}inferred"
NAME_KINDS: Final = ("prefLabel", "altLabel", "hiddenLabel")
NOTES: Final = (f"{SKOS}editorialNote", f"{SKOS}definition", f"{SKOS}scopeNote", f"{LEG}leavesOut")
LINKS: Final = (
    f"{PREFIXES['owl']}sameAs",
    f"{PREFIXES['foaf']}isPrimaryTopicOf",
    f"{PREFIXES['foaf']}homepage",
    f"{PREFIXES['rdfs']}seeAlso",
    f"{PREFIXES['schema']}url",
    f"{LEG}resolver",
)
CLAIM_CLASSES: Final = ("Tenure", "Membership", "Participation", "Agreement", "Attribute")
HEADLINE: Final = (
    "holder",
    "post",
    "member",
    "memberOfBody",
    "participant",
    "participationRole",
    "event",
    "party",
    "instrument",
    "subject",
    "property",
    "value",
)
"""What a claim says, in the order it is said; everything else qualifies it."""

DATES: Final = ("start", "end", "asOf", "date", "duration")
APART: Final = frozenset({"rank", "basis", "evidence"})


@dataclass(frozen=True)
class Row:
    """A property and its values."""

    name: Shown
    values: tuple[Shown, ...]


@dataclass(frozen=True)
class EvidenceView:
    """One piece of evidence: the source, and where in it."""

    here: Shown
    source: Shown
    place: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class ClaimView:
    """One claim: what it says, what qualifies it, and why we say so."""

    iri: str
    href: str | None
    slug: str
    says: tuple[Row, ...]
    when: tuple[Row, ...]
    qualified: tuple[Row, ...]
    rank: Shown | None
    basis: Shown | None
    deprecated: bool
    notes: tuple[Text, ...]
    evidence: tuple[EvidenceView, ...]


@dataclass(frozen=True)
class ThingView:
    """The parts of the page of a thing."""

    iri: str
    title: Text
    kinds: tuple[Shown, ...]
    names: tuple[tuple[str, tuple[Text, ...], tuple[Text, ...], tuple[Text, ...]], ...]
    notes: tuple[tuple[Shown, tuple[Text, ...]], ...]
    facts: tuple[Row, ...]
    inferred: tuple[Row, ...]
    links: tuple[Row, ...]
    claim: ClaimView | None
    claims: tuple[tuple[Shown, tuple[ClaimView, ...]], ...]
    evidence: tuple[EvidenceView, ...]
    pointing: tuple[Row, ...]
    complete: bool


class ThingPage:
    """Works out the parts of a page from a description."""

    def __init__(
        self, description: Description, presenter: Presenter, wider: Mapping[str, frozenset[str]]
    ) -> None:
        """Index the description by subject; ``wider`` gives the properties that each property implies."""
        self._description = description
        self._wider = wider
        self._presenter = presenter
        self._said: dict[str, dict[str, list[Term]]] = defaultdict(lambda: defaultdict(list))
        for quad in description.quads:
            values = self._said[text_of(quad.subject)][quad.predicate.value]
            if quad.object not in values and not (quad.predicate.value == TYPE and _is_inferred(quad)):
                values.append(quad.object)

    def view(self) -> ThingView:
        """Return the page's parts."""
        focus = self._description.focus.value
        own = self._said[focus]
        is_claim = (kind_and_slug(focus) or ("",))[0] == "claim"
        facts, inferred = self._facts()
        return ThingView(
            iri=focus,
            title=self._presenter.name(focus),
            kinds=tuple(self._presenter.show(term) for term in own.get(TYPE, ())),
            names=self._names(own),
            notes=tuple(
                (self._presenter.show(NamedNode(note)), texts(own.get(note, ()), self._presenter.language))
                for note in NOTES
                if own.get(note) and not is_claim
            ),
            facts=() if is_claim else facts,
            inferred=inferred,
            links=self._rows({name: own[name] for name in LINKS if own.get(name)}, LINKS),
            claim=self._claim(focus) if is_claim else None,
            claims=self._claims(),
            evidence=() if is_claim else self._evidence(own.get(f"{LEG}evidence", ())),
            pointing=self._pointing(),
            complete=self._description.complete,
        )

    def _names(
        self, own: Mapping[str, list[Term]]
    ) -> tuple[tuple[str, tuple[Text, ...], tuple[Text, ...], tuple[Text, ...]], ...]:
        rows = []
        for language in LANGUAGES:
            found = tuple(
                tuple(
                    Text(term.value, language)
                    for term in own.get(f"{SKOS}{kind}", ())
                    if isinstance(term, Literal) and (term.language or "").split("-")[0] == language
                )
                for kind in NAME_KINDS
            )
            if any(found):
                rows.append((language, found[0], found[1], found[2]))
        return tuple(rows)

    def _facts(self) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
        """Return the statements about the thing, and apart from them what only inference adds."""
        hidden = {TYPE, *NOTES, *LINKS, *(f"{SKOS}{kind}" for kind in NAME_KINDS), f"{LEG}evidence"}
        stated: dict[str, list[Term]] = defaultdict(list)
        inferred: dict[str, list[Term]] = defaultdict(list)
        known = {(q.predicate, q.object) for q in self._description.own if not _is_inferred(q)}
        for quad in self._description.own:
            predicate = quad.predicate.value
            if quad.subject != self._description.focus or (predicate in hidden and not _is_inferred(quad)):
                continue
            if (quad.predicate, quad.object) not in known:
                inferred[predicate].append(quad.object)
            elif quad.object not in stated[predicate]:
                stated[predicate].append(quad.object)
        return self._rows(self._telling(stated)), self._rows(inferred)

    def _telling(self, said: Mapping[str, Sequence[Term]]) -> dict[str, list[Term]]:
        """Return ``said`` less what a narrower property says of the same value: to hold is to have held."""
        implied = {
            (wide, term)
            for name, terms in said.items()
            for wide in self._wider.get(name, ())
            for term in terms
        }
        kept = {name: [term for term in terms if (name, term) not in implied] for name, terms in said.items()}
        return {name: terms for name, terms in kept.items() if terms}

    def _rows(self, said: Mapping[str, Sequence[Term]], order: Sequence[str] = ()) -> tuple[Row, ...]:
        rows = [
            Row(
                self._presenter.show(NamedNode(predicate)),
                tuple(self._presenter.show(term) for term in sorted(values, key=self._presenter.order)),
            )
            for predicate, values in said.items()
        ]
        ranks = {name: index for index, name in enumerate(order)}
        return tuple(sorted(rows, key=lambda row: (ranks.get(row.name.iri, len(ranks)), row.name.text.value)))

    def _claims(self) -> tuple[tuple[Shown, tuple[ClaimView, ...]], ...]:
        groups: dict[str, list[ClaimView]] = defaultdict(list)
        for subject in dict.fromkeys(quad.subject for quad in self._description.claims):
            iri = text_of(subject)
            if (kind_and_slug(iri) or ("",))[0] == "claim":
                kinds = [text_of(term) for term in self._said[iri].get(TYPE, ())]
                groups[kinds[0] if kinds else ""].append(self._claim(iri))
        order = {f"{LEG}{name}": index for index, name in enumerate(CLAIM_CLASSES)}
        return tuple(
            (self._presenter.show(NamedNode(kind)), tuple(sorted(groups[kind], key=_claim_order)))
            for kind in sorted(groups, key=lambda kind: order.get(kind, len(order)))
            if kind
        )

    def _claim(self, iri: str) -> ClaimView:
        said = self._said[iri]
        leg = {name[len(LEG) :]: values for name, values in said.items() if name.startswith(LEG)}
        spent = {*HEADLINE, *DATES, *APART}
        ranks = [self._presenter.show(term) for term in leg.get("rank", ())]
        bases = [self._presenter.show(term) for term in leg.get("basis", ())]
        return ClaimView(
            iri=iri,
            href=self._presenter.href(iri),
            slug=(kind_and_slug(iri) or ("", iri))[1],
            says=tuple(row for row in self._named(leg, HEADLINE) if not self._is_focus(row)),
            when=self._named(leg, DATES),
            qualified=self._named(
                leg, sorted(name for name in leg if name not in spent and not _is_bound(name))
            ),
            rank=ranks[0] if ranks else None,
            basis=bases[0] if bases else None,
            deprecated=any(rank.iri == f"{LEG}DeprecatedRank" for rank in ranks),
            notes=texts(said.get(f"{SKOS}editorialNote", ()), self._presenter.language),
            evidence=self._evidence(leg.get("evidence", ())),
        )

    def _is_focus(self, row: Row) -> bool:
        """Tell whether a row only repeats which thing the page is about."""
        return [value.iri for value in row.values] == [self._description.focus.value]

    def _named(self, leg: Mapping[str, list[Term]], names: Iterable[str]) -> tuple[Row, ...]:
        order = [f"{LEG}{name}" for name in names]
        return self._rows({f"{LEG}{name}": leg[name] for name in names if name in leg}, order)

    def _evidence(self, terms: Iterable[Term]) -> tuple[EvidenceView, ...]:
        return tuple(self._one_piece(term) for term in terms if isinstance(term, NamedNode))

    def _one_piece(self, term: NamedNode) -> EvidenceView:
        said = self._said[term.value]
        sources = said.get(f"{OA}hasSource", [term])
        selectors = [self._said[text_of(selector)] for selector in said.get(f"{OA}hasSelector", ())]
        places = [
            f"{_value(selector, f'{OA}start')}–{_value(selector, f'{OA}end')}"
            for selector in selectors
            if selector
        ]
        source = self._said[text_of(sources[0])]
        telling = (f"{LEG}publisherName", f"{PREFIXES['dcterms']}issued", f"{PREFIXES['schema']}url")
        rows = self._rows({name: source[name] for name in telling if source.get(name)}, telling)
        return EvidenceView(
            self._presenter.show(term), self._presenter.show(sources[0]), ", ".join(places), rows
        )

    def _pointing(self) -> tuple[Row, ...]:
        """Return what points at the thing, by property, less the claims, which have their own place."""
        said: dict[str, list[Term]] = defaultdict(list)
        explained = {quad.subject for quad in self._description.claims}
        for quad in self._description.pointing:
            subject = quad.subject
            if subject not in explained and subject not in said[quad.predicate.value]:
                said[quad.predicate.value].append(subject)
        return self._rows(self._telling(said))


def text_of(term: object) -> str:
    """Return an IRI or a literal's value as it is; anything else as it is written."""
    return term.value if isinstance(term, NamedNode | BlankNode | Literal) else str(term)


def _is_inferred(quad: Quad) -> bool:
    return isinstance(quad.graph_name, NamedNode) and quad.graph_name.value == INFERRED


def _is_bound(name: str) -> bool:
    """Tell whether ``name`` is one of the earliest and latest dates that are worked out for queries."""
    return name.endswith(("Earliest", "Latest"))


def _value(said: Mapping[str, Sequence[Term]], name: str) -> str:
    return text_of(said[name][0]) if said.get(name) else "?"


def texts(terms: Iterable[Term], language: str) -> tuple[Text, ...]:
    """Return the texts in the reader's language or the next best, or all where they are in none of ours."""
    found = [Text(term.value, term.language or "") for term in terms if isinstance(term, Literal)]
    for spoken in FALLBACK[language]:
        if chosen := [text for text in found if text.language.partition("-")[0] == spoken]:
            return tuple(chosen)
    return tuple(found)


def _claim_order(claim: ClaimView) -> tuple[bool, str, str]:
    dates = [value.machine or value.text.value for row in claim.when for value in row.values]
    return (claim.deprecated, dates[0] if dates else "9999", claim.slug)
