"""Are our links still right? The item exists, is no redirect or list of namesakes, fits, shares a name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from rdflib import Literal, URIRef

from legation.wikidata.classes import FittingClass
from legation.wikidata.endpoint import Endpoint
from legation.wikidata.entities import Entity
from legation.wikidata.items import Item, fetch_items, fold, is_item, number

Classes = Mapping[str, tuple[FittingClass, ...]]


@dataclass(frozen=True)
class Judgement:
    """What is found about one pair of entity and item. ``faults`` is empty where all is well.

    ``type_label`` names the class that fits; ``None`` means that the type was not judged or does not fit.
    """

    entity: Entity
    item: Item
    type_label: str | None
    shared_name: Literal | None
    faults: tuple[str, ...]


def check_links(endpoint: Endpoint, entities: Iterable[Entity], classes: Classes) -> list[Judgement]:
    """Judge every ``owl:sameAs`` link of ``entities``; raise ``EndpointError``."""
    pairs = [(entity, iri) for entity in entities for iri in entity.items]
    asked = {found.iri for fitting in classes.values() for found in fitting}
    items = fetch_items(endpoint, (iri for _, iri in pairs if is_item(iri)), asked)
    uses = Counter(iri for _, iri in pairs)
    return [
        _with_uses(judge(entity, items.get(iri, Item(iri)), classes), uses[iri], len(entity.items))
        for entity, iri in pairs
    ]


def judge(entity: Entity, item: Item, classes: Classes) -> Judgement:
    """Compare what the project says of ``entity`` with what Wikidata says of ``item``. Pure."""
    fitting = next((found for found in classes.get(entity.kind, ()) if found.iri in item.classes), None)
    shared = shared_name(entity, item)
    return Judgement(
        entity,
        item,
        type_label=None if fitting is None else fitting.label,
        shared_name=shared,
        faults=tuple(_faults(entity, item, classes, fitting, shared)),
    )


def shared_name(entity: Entity, item: Item) -> Literal | None:
    """Return the first of our names that the item has too, whatever its case, diacritics and language."""
    theirs = {fold(name) for name in item.names}
    return next((name for name in entity.names if fold(name) in theirs), None)


def type_fits(entity: Entity, item: Item, classes: Classes) -> bool | None:
    """Say whether the item's type fits; ``None`` where no class is known for this kind of entity."""
    fitting = classes.get(entity.kind)
    return None if fitting is None else any(found.iri in item.classes for found in fitting)


def _faults(
    entity: Entity, item: Item, classes: Classes, fitting: FittingClass | None, shared: Literal | None
) -> list[str]:
    if not is_item(item.iri):
        return ["not the IRI of an item"]
    if item.redirect is not None:
        return [f"redirects to {number(item.redirect)}"]
    if not item.exists:
        return ["no such item"]
    faults = []
    if item.is_disambiguation_page:
        faults.append("disambiguation page")
    elif entity.kind in classes and fitting is None:
        expected = " or ".join(found.label for found in classes[entity.kind])
        actual = ", ".join(sorted(number(found) for found in item.types)) or "no class"
        faults.append(f"wrong type: {actual} is no {expected}")
    if shared is None:
        faults.append("no label matches")
    return faults


def _with_uses(judgement: Judgement, uses: int, links: int) -> Judgement:
    """Add the faults that only the whole set of links shows: one number for one entity."""
    faults = list(judgement.faults)
    if uses > 1:
        faults.append(f"linked by {uses} entities")
    if links > 1:
        faults.append(f"one of {links} links of this entity")
    return replace(judgement, faults=tuple(faults))


def used_items(entities: Iterable[Entity]) -> Mapping[URIRef, Entity]:
    """Return which entity is linked to each item."""
    return {iri: entity for entity in entities for iri in entity.items}
