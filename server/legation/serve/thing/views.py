"""From a description to the parts of a page: names, facts, claims with their evidence, what points here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, groupby
from typing import Final

from pyoxigraph import BlankNode, Literal, NamedNode, Quad, Triple

from legation.namespaces import GRAPH, LEG, PREFIXES
from legation.serve.resources.describe import Description
from legation.serve.site.directory.entries import MATTERS
from legation.serve.web.iris import kind_and_slug
from legation.serve.words.labels import FALLBACK, LANGUAGES, Text, sort_key
from legation.serve.words.present import Presenter, Shown

Term = NamedNode | BlankNode | Literal | Triple

SKOS: Final = PREFIXES["skos"]
OA: Final = PREFIXES["oa"]
TYPE: Final = f"{PREFIXES['rdf']}type"
INFERRED: Final = f"{GRAPH}inferred"
PARTICIPATED: Final = f"{LEG}participatedIn"
"""Said claim by claim and on the timeline, and so not in short."""

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
SPENT: Final = frozenset({*HEADLINE, *DATES, "rank", "basis", "evidence", "disagreesWith"})


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
    kind: Shown | None
    publisher: Shown | None
    issued: Shown | None
    address: Shown | None
    place: str
    digest: str

    @property
    def is_passage(self) -> bool:
        """Whether it is a passage of the source and not the source as a whole."""
        return self.here.iri != self.source.iri


@dataclass(frozen=True)
class ClaimView:
    """One claim: what it says, what qualifies it, and why we say so."""

    iri: str
    href: str | None
    slug: str
    kind: Shown | None
    matter: tuple[Row, ...]
    """What it is about; every claim of the same matter has the same."""
    says: tuple[Row, ...]
    when: tuple[Row, ...]
    qualified: tuple[Row, ...]
    rank: Shown | None
    basis: Shown | None
    deprecated: bool
    preferred: bool
    notes: tuple[Text, ...]
    rivals: tuple[Shown, ...]
    evidence: tuple[EvidenceView, ...]

    @property
    def publishers(self) -> tuple[Text, ...]:
        """Who published the evidence, each once; a source that names no publisher stands for itself."""
        return tuple(dict.fromkeys((piece.publisher or piece.source).text for piece in self.evidence))


@dataclass(frozen=True)
class LinkView:
    """A link to Wikidata with its evidence, or a candidate for one with its reason."""

    here: Shown
    target: Shown | None
    candidate: bool
    rows: tuple[Row, ...]
    reasons: tuple[Text, ...]


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
    evidence: tuple[EvidenceView, ...]

    @property
    def elsewhere_called(self) -> tuple[Text, ...]:
        """The preferred names in other languages that are spelled otherwise, each once."""
        found = {self.title.value: self.title}
        for _, preferred, _, _ in self.names:
            for text in preferred:
                found.setdefault(text.value, text)
        return tuple(found.values())[1:]


Said = Mapping[str, Sequence[Term]]
"""What is stated about one thing: values by property."""


@dataclass(frozen=True)
class Statements:
    """What a page is made of: what is stated about its subject and about what it rests on."""

    focus: str
    said: Mapping[str, Said]
    """What is stated about the thing itself, the claims to show, and their evidence, by IRI."""
    inferred: Said
    """What is inferred about the thing itself."""


class ThingPage:
    """Works out the parts of a page from statements."""

    def __init__(
        self, statements: Statements, presenter: Presenter, wider: Mapping[str, frozenset[str]]
    ) -> None:
        """Take the statements; ``wider`` gives the properties that each property implies."""
        self._wider = wider
        self._presenter = presenter
        self._focus = statements.focus
        self._said = statements.said
        self._inferred = statements.inferred

    def view(self) -> ThingView:
        """Return the page's parts."""
        own = self._about(self._focus)
        kind = (kind_and_slug(self._focus) or ("",))[0]
        hidden = {
            TYPE,
            PARTICIPATED,
            *NOTES,
            *LINKS,
            *(f"{SKOS}{kind}" for kind in NAME_KINDS),
            f"{LEG}evidence",
        }
        facts = {name: terms for name, terms in own.items() if name not in hidden and not _is_bound(name)}
        return ThingView(
            iri=self._focus,
            title=self._presenter.name(self._focus),
            kinds=tuple(self._presenter.show(term) for term in own.get(TYPE, ())),
            names=self._names(own),
            notes=tuple(
                (self._presenter.named(note), texts(own.get(note, ()), self._presenter.language))
                for note in NOTES
                if own.get(note) and kind != "claim"
            ),
            facts=() if kind == "claim" else self.rows(self._telling(facts)),
            inferred=self.rows(self._inferred),
            links=self.rows({name: own[name] for name in LINKS if own.get(name)}, LINKS),
            claim=self.claim(self._focus) if kind == "claim" else None,
            evidence=() if kind == "claim" else self._evidence(own.get(f"{LEG}evidence", ())),
        )

    def _names(
        self, own: Said
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

    def _about(self, iri: str) -> Said:
        return self._said.get(iri, {})

    def _telling(self, said: Said) -> dict[str, list[Term]]:
        """Return ``said`` less what a narrower property says of the same value: to hold is to have held."""
        implied = {
            (wide, term)
            for name, terms in said.items()
            for wide in self._wider.get(name, ())
            for term in terms
        }
        kept = {name: [term for term in terms if (name, term) not in implied] for name, terms in said.items()}
        return {name: terms for name, terms in kept.items() if terms}

    def rows(self, said: Said, order: Sequence[str] = ()) -> tuple[Row, ...]:
        """Return properties and values as a page shows them, in ``order`` and then by name."""
        rows = [
            Row(
                self._presenter.named(predicate),
                tuple(self._presenter.show(term) for term in sorted(values, key=self._presenter.order))
                if len(values) > 1
                else (self._presenter.show(values[0]),),
            )
            for predicate, values in said.items()
        ]
        if len(rows) < 2:  # noqa: PLR2004  # one row needs no order
            return tuple(rows)
        ranks = {name: index for index, name in enumerate(order)}
        return tuple(
            sorted(rows, key=lambda row: (ranks.get(row.name.iri, len(ranks)), sort_key(row.name.text.value)))
        )

    def claims(self, iris: Sequence[str]) -> tuple[tuple[ClaimView, ...], ...]:
        """Return claims of the description in the order given, those on one matter together."""
        views = (self.claim(iri) for iri in iris)
        return tuple(tuple(group) for _, group in groupby(views, key=lambda one: one.matter))

    def link(self, iri: str) -> LinkView:
        """Return one link to Wikidata of the statements."""
        said = self._about(iri)
        leg = {name[len(LEG) :]: values for name, values in said.items() if name.startswith(LEG)}
        targets = (self._only(leg, name) for name in ("item", "candidateItem", "resolver"))
        return LinkView(
            here=self._presenter.named(iri),
            target=next((target for target in targets if target is not None), None),
            candidate=NamedNode(f"{LEG}WikidataCandidate") in said.get(TYPE, ()),
            rows=self._named(leg, ("confidence", "evidenceKind", "evidenceDate", "locator")),
            reasons=texts(
                [*leg.get("reason", ()), *said.get(f"{SKOS}editorialNote", ())], self._presenter.language
            ),
        )

    def claim(self, iri: str) -> ClaimView:
        """Return one claim of the description."""
        said = self._about(iri)
        leg = {name[len(LEG) :]: values for name, values in said.items() if name.startswith(LEG)}
        kinds = [text_of(term) for term in said.get(TYPE, ())]
        matter = MATTERS.get(kinds[0].removeprefix(LEG), ()) if kinds else ()
        rank = self._only(leg, "rank")
        return ClaimView(
            iri=iri,
            href=self._presenter.href(iri),
            slug=(kind_and_slug(iri) or ("", iri))[1],
            kind=self._presenter.named(kinds[0]) if kinds else None,
            matter=tuple(row for row in self._named(leg, matter) if not self._is_focus(row)),
            says=tuple(
                row
                for row in self._named(leg, [name for name in HEADLINE if name not in matter])
                if not self._is_focus(row)
            ),
            when=self._named(leg, DATES),
            qualified=self._named(
                leg, sorted(name for name in leg if name not in SPENT and not _is_bound(name))
            ),
            rank=rank,
            basis=self._only(leg, "basis"),
            deprecated=rank is not None and rank.iri == f"{LEG}DeprecatedRank",
            preferred=rank is not None and rank.iri == f"{LEG}PreferredRank",
            notes=texts(said.get(f"{SKOS}editorialNote", ()), self._presenter.language),
            rivals=tuple(self._presenter.show(term) for term in leg.get("disagreesWith", ())),
            evidence=self._evidence(leg.get("evidence", ())),
        )

    def _only(self, said: Said, name: str) -> Shown | None:
        return self._presenter.show(said[name][0]) if said.get(name) else None

    def _is_focus(self, row: Row) -> bool:
        """Tell whether a row only repeats which thing the page is about."""
        return [value.iri for value in row.values] == [self._focus]

    def _named(self, leg: Said, names: Iterable[str]) -> tuple[Row, ...]:
        present = [name for name in names if name in leg]
        return self.rows(
            {f"{LEG}{name}": leg[name] for name in present}, [f"{LEG}{name}" for name in present]
        )

    def _evidence(self, terms: Iterable[Term]) -> tuple[EvidenceView, ...]:
        return tuple(self._one_piece(term) for term in terms if isinstance(term, NamedNode))

    def _one_piece(self, term: NamedNode) -> EvidenceView:
        said = self._about(term.value)
        source = said.get(f"{OA}hasSource", [term])[0]
        about = self._about(text_of(source))
        selectors = (self._about(text_of(selector)) for selector in said.get(f"{OA}hasSelector", ()))
        places = [f"{_value(one, f'{OA}start')}–{_value(one, f'{OA}end')}" for one in selectors if one]
        return EvidenceView(
            here=self._presenter.show(term),
            source=self._presenter.show(source),
            kind=self._only(about, f"{LEG}sourceKind"),
            publisher=self._only(about, f"{LEG}publisherName"),
            issued=self._only(about, f"{PREFIXES['dcterms']}issued"),
            address=self._only(about, f"{PREFIXES['schema']}url"),
            place=", ".join(places),
            digest=_value(said, f"{LEG}sha256") if said.get(f"{LEG}sha256") else "",
        )


def text_of(term: object) -> str:
    """Return an IRI or a literal's value as it is; anything else as it is written."""
    return term.value if isinstance(term, NamedNode | BlankNode | Literal) else str(term)


def _is_inferred(quad: Quad) -> bool:
    return isinstance(quad.graph_name, NamedNode) and quad.graph_name.value == INFERRED


def statements_of(description: Description) -> Statements:
    """Return the statements of a description, what is inferred apart."""
    said: dict[str, dict[str, list[Term]]] = defaultdict(lambda: defaultdict(list))
    inferred: dict[str, list[Term]] = defaultdict(list)
    for quad in chain(description.own, description.claims, description.evidence):
        apart = _is_inferred(quad)
        if not apart or quad.subject == description.focus:
            values = inferred if apart else said[text_of(quad.subject)]
            if quad.object not in values[quad.predicate.value]:
                values[quad.predicate.value].append(quad.object)
    return Statements(description.focus.value, said, inferred)


def pointing_of(description: Description) -> dict[str, list[Term]]:
    """Return what a description has pointing at its focus, by property."""
    said: dict[str, list[Term]] = defaultdict(list)
    for quad in description.pointing:
        if quad.subject not in said[quad.predicate.value]:
            said[quad.predicate.value].append(quad.subject)
    return said


def _is_bound(name: str) -> bool:
    """Tell whether ``name`` is one of the earliest and latest dates that are worked out for queries."""
    return name.endswith(("Earliest", "Latest"))


def _value(said: Said, name: str) -> str:
    return text_of(said[name][0]) if said.get(name) else "?"


def texts(terms: Iterable[Term], language: str) -> tuple[Text, ...]:
    """Return the texts in the reader's language or the next best, or all where they are in none of ours."""
    found = [Text(term.value, term.language or "") for term in terms if isinstance(term, Literal)]
    for spoken in FALLBACK[language]:
        if chosen := [text for text in found if text.language.partition("-")[0] == spoken]:
            return tuple(chosen)
    return tuple(found)
