"""From candidates to evidenced links: find the item in three independent ways, keep only what is certain."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from rdflib import Literal, URIRef

from legation.wikidata.check import Classes, judge, shared_name, type_fits, used_items
from legation.wikidata.endpoint import Endpoint
from legation.wikidata.entities import Candidate, Entity, website_spellings
from legation.wikidata.items import DEFAULT_LANGUAGE, Item, fetch_items, is_item, number
from legation.wikidata.queries import Term, query, safe

Key = tuple[Term, ...]


class Way(Enum):
    """A way to find an item, strongest first: its name, its query, and the variables that take our values."""

    SITELINK = "sitelink", "sitelinks", ("wiki", "title")
    WEBSITE = "website", "websites", ("website",)
    NAME = "name", "names", ("name",)

    def __init__(self, label: str, query_name: str, variables: tuple[str, ...]) -> None:
        """Name the parts."""
        self.label = label
        self.query_name = query_name
        self.variables = variables


@dataclass(frozen=True)
class Find:
    """One item, the way it was found, and the value of ours that it answered to."""

    way: Way
    item: URIRef
    key: Key


@dataclass(frozen=True)
class Proposal:
    """What becomes of one candidate: a link to ``item``, or the reason (``refusal``) why not."""

    candidate: Candidate
    item: Item | None = None
    finds: tuple[Find, ...] = ()
    refusal: str | None = None

    @property
    def ways(self) -> tuple[Way, ...]:
        """The ways that lead to the item, strongest first."""
        found = {find.way for find in self.finds}
        return tuple(way for way in Way if way in found)

    @property
    def accepted(self) -> Item | None:
        """The item to link; ``None`` when the proposal is refused."""
        return None if self.refusal else self.item

    @property
    def is_strong(self) -> bool:
        """Whether the article leads to the item, or two ways do."""
        return Way.SITELINK in self.ways or len(self.ways) > 1


@dataclass(frozen=True)
class Known:
    """What finds are judged by: facts about the items, fitting classes, and the items linked already."""

    items: Mapping[URIRef, Item]
    classes: Classes
    taken: Mapping[URIRef, Entity]


def resolve_candidates(
    endpoint: Endpoint, candidates: Sequence[Candidate], entities: Mapping[URIRef, Entity], classes: Classes
) -> list[Proposal]:
    """Look for every candidate's item; raise ``EndpointError``. Nothing is written."""
    known = {c.entity: entities.get(c.entity, Entity(c.entity)) for c in candidates}
    finds = find_items(endpoint, [c for c in candidates if not known[c.entity].items], known)
    asked = {found.iri for fitting in classes.values() for found in fitting}
    named = {iri for candidate in candidates for iri in candidate.items if is_item(iri)}
    items = fetch_items(endpoint, named | {find.item for found in finds.values() for find in found}, asked)
    facts = Known(items, classes, used_items(entities.values()))
    return without_rivals([decide(c, known[c.entity], finds[c.entity], facts) for c in candidates])


def find_items(
    endpoint: Endpoint, candidates: Iterable[Candidate], entities: Mapping[URIRef, Entity]
) -> Mapping[URIRef, list[Find]]:
    """Ask in all three ways; return the finds of each entity. Raises ``EndpointError``."""
    keys: dict[Way, dict[URIRef, set[Key]]] = {way: defaultdict(set) for way in Way}
    for candidate in candidates:
        entity = entities[candidate.entity]
        articles = {*candidate.articles, *entity.articles}
        keys[Way.SITELINK][entity.iri] |= {(article.wiki, article.title) for article in articles}
        keys[Way.WEBSITE][entity.iri] |= {(s,) for site in entity.websites for s in website_spellings(site)}
        keys[Way.NAME][entity.iri] |= {(s,) for name in entity.names for s in _name_spellings(name)}
    finds: dict[URIRef, list[Find]] = defaultdict(list)
    for way, wanted in keys.items():
        answers = _ask(endpoint, way, {key for found in wanted.values() for key in found})
        for entity_iri, own in wanted.items():
            finds[entity_iri] += [
                Find(way, item, key) for key in sorted(own) for item in answers.get(key, ())
            ]
    return finds


def decide(candidate: Candidate, entity: Entity, finds: Sequence[Find], known: Known) -> Proposal:
    """Decide about one candidate. Pure: the same answers always give the same proposal."""
    if not entity.preferred:
        return Proposal(candidate, refusal="data/entities does not describe it")
    if entity.items:
        return Proposal(candidate, refusal=f"already linked to {_numbers(entity.items)}")
    chosen, refusal = choose(entity, finds, known)
    if chosen is None:
        return Proposal(candidate, refusal=refusal)
    proposal = Proposal(candidate, known.items[chosen], tuple(find for find in finds if find.item == chosen))
    return replace(proposal, refusal=_objection(proposal, entity, known))


def choose(entity: Entity, finds: Sequence[Find], known: Known) -> tuple[URIRef | None, str | None]:
    """Return the item that the ways agree on, or ``None`` and why there is none.

    An item is chosen when every way that found anything found it and at least one way found nothing else.
    A namesake of another kind (a film called as a body is) is no evidence against and none for: it is left
    out when ways are compared, and still makes a way that found it ambiguous.
    """
    found = {way: {find.item for find in finds if find.way is way} for way in Way}
    found = {way: hits for way, hits in found.items() if hits}
    if not found:
        return None, "nothing found"
    compared = dict(found)
    if Way.NAME in found:
        compared[Way.NAME] = {
            iri for iri in found[Way.NAME] if _may_be(entity, known.items[iri], known.classes)
        }
    says = [hits for hits in compared.values() if hits]
    if not says:
        return None, f"only namesakes of another kind: {_numbers(found[Way.NAME])}"
    common = set.intersection(*says)
    if not common:
        told = "; ".join(f"{way.label} {_numbers(hits)}" for way, hits in compared.items() if hits)
        return None, f"the ways disagree: {told}"
    sole = common & {next(iter(hits)) for hits in found.values() if len(hits) == 1}
    if not sole:
        return None, f"ambiguous: {_numbers(set.union(*found.values()))}"
    return sole.pop(), None


def without_rivals(proposals: Sequence[Proposal]) -> list[Proposal]:
    """Refuse proposals of one run that get in each other's way: one item, one entity, one candidate."""
    items = Counter(proposal.accepted.iri for proposal in proposals if proposal.accepted)
    entities = Counter(proposal.candidate.entity for proposal in proposals)

    def judged(proposal: Proposal) -> Proposal:
        if proposal.accepted is None:
            return proposal
        if entities[proposal.candidate.entity] > 1:
            return replace(proposal, refusal="several candidates for this entity; keep one")
        if items[proposal.accepted.iri] > 1:
            return replace(proposal, refusal="found for several entities")
        return proposal

    return [judged(proposal) for proposal in proposals]


def _objection(proposal: Proposal, entity: Entity, known: Known) -> str | None:
    """Return what speaks against a chosen item: whatever ``check`` would say of it, and what only we know."""
    item = proposal.item
    if item is None:
        return "nothing found"
    if item.iri in known.taken:
        return f"is linked to {known.taken[item.iri].name}"
    others = set(proposal.candidate.items) - {item.iri}
    if others:
        return f"the candidate says {_numbers(others)}"
    faults = judge(entity, item, known.classes).faults
    return "; ".join(faults) if faults else _weakness(proposal, entity, item, known.classes)


def _weakness(proposal: Proposal, entity: Entity, item: Item, classes: Classes) -> str | None:
    """Return why a name alone is not enough: it has to be a preferred one, and the item's type judged."""
    if proposal.ways != (Way.NAME,):
        return None
    if shared_name(replace(entity, others=()), item) is None:
        return "found by another name only, not by a preferred one"
    if type_fits(entity, item, classes) is None:
        return "found by name only, and the type cannot be judged"
    return None


def _ask(endpoint: Endpoint, way: Way, keys: set[Key]) -> Mapping[Key, list[URIRef]]:
    rows = sorted(key for key in keys if all(safe(term) for term in key))
    answers: dict[Key, set[URIRef]] = defaultdict(set)
    for row in endpoint.ask(query(way.query_name), way.variables, rows):
        iri = URIRef(row["item"])
        if is_item(iri):
            answers[tuple(row[name] for name in way.variables)].add(iri)
    return {key: sorted(iris) for key, iris in answers.items()}


def _name_spellings(name: Literal) -> tuple[Literal, Literal]:
    return name, Literal(str(name), lang=DEFAULT_LANGUAGE)


def _may_be(entity: Entity, item: Item, classes: Classes) -> bool:
    gone = item.redirect is not None or item.is_disambiguation_page
    return not gone and type_fits(entity, item, classes) is not False


def _numbers(iris: Iterable[URIRef]) -> str:
    return ", ".join(sorted(number(iri) for iri in iris))
