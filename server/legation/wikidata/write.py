"""Write evidenced links into the entity files, in canonical form."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from rdflib import OWL, RDF, SKOS, XSD, Graph, Literal, URIRef

from legation.namespaces import LEG, PREFIXES
from legation.publish.canonical import canonical_turtle
from legation.wikidata.entities import Authored
from legation.wikidata.items import Item
from legation.wikidata.resolve import Proposal, Way

_LINK: Final = URIRef(f"{LEG}WikidataLink")
_HIGH: Final = URIRef(f"{PREFIXES['concept']}high-confidence")
_MEDIUM: Final = URIRef(f"{PREFIXES['concept']}medium-confidence")
_KIND: Final = "answer of a SPARQL endpoint with Wikidata's data"

_WAYS_EN: Final = {Way.SITELINK: "Wikipedia article", Way.WEBSITE: "official website", Way.NAME: "name"}
_WAYS_AR: Final = {Way.SITELINK: "مقالة ويكيبيديا", Way.WEBSITE: "الموقع الرسمي", Way.NAME: "الاسم"}

Triple = tuple[URIRef, URIRef, URIRef | Literal]


@dataclass(frozen=True)
class Asked:
    """Where and when the evidence was obtained."""

    endpoint: str
    day: date


def link_triples(proposal: Proposal, item: Item, asked: Asked) -> list[Triple]:
    """Return what is stated once ``item`` is found: ``owl:sameAs`` and the link with its evidence.

    The link keeps the candidate's identifier, which may have been published and so has to answer for ever.
    """
    link, entity = proposal.candidate.iri, proposal.candidate.entity
    label_en, label_ar = item.label_in("en") or item.number, item.label_in("ar") or item.number
    ways_en = ", ".join(_WAYS_EN[way] for way in proposal.ways)
    ways_ar = "، ".join(_WAYS_AR[way] for way in proposal.ways)
    return [
        (entity, OWL.sameAs, item.iri),
        (link, RDF.type, _LINK),
        (link, _leg("links"), entity),
        (link, _leg("item"), item.iri),
        (link, _leg("evidenceKind"), Literal(_KIND)),
        (link, _leg("evidenceDate"), Literal(asked.day.isoformat(), datatype=XSD.date)),
        (link, _leg("locator"), Literal(locator(proposal, asked.endpoint))),
        (link, _leg("confidence"), _HIGH if proposal.is_strong else _MEDIUM),
        (link, SKOS.editorialNote, Literal(f"Item label: {label_en}. Found by: {ways_en}.", lang="en")),
        (link, SKOS.editorialNote, Literal(f"اسم العنصر: {label_ar}. عُثر عليه عبر: {ways_ar}.", lang="ar")),
    ]


def locator(proposal: Proposal, endpoint: str) -> str:
    """Return where the evidence can be seen again: endpoint, query file of this package, values asked for."""
    asked = {way: sorted({find.key for find in proposal.finds if find.way is way}) for way in proposal.ways}
    told = (
        f"{way.query_name}.rq ({', '.join(' '.join(term.n3() for term in key) for key in keys)})"
        for way, keys in asked.items()
    )
    return f"{endpoint} :: legation/wikidata/queries: {'; '.join(told)}"


def write_links(authored: Authored, proposals: Iterable[Proposal], asked: Asked) -> list[Path]:
    """Put the accepted links in place of their candidates; return the files that changed.

    ``authored`` is changed accordingly. Each file is replaced as a whole, so none is ever seen half-written.
    """
    changed: dict[Path, Graph] = {}
    for proposal in proposals:
        item, home = proposal.accepted, authored.home(proposal.candidate.entity)
        if item is None or home is None:
            continue
        for path, graph in authored.files.items():
            if (proposal.candidate.iri, None, None) in graph:
                graph.remove((proposal.candidate.iri, None, None))
                changed[path] = graph
        for triple in link_triples(proposal, item, asked):
            authored.files[home].add(triple)
        changed[home] = authored.files[home]
    for path, graph in changed.items():
        _replace(path, canonical_turtle(graph))
    return sorted(changed)


def _leg(name: str) -> URIRef:
    return URIRef(f"{LEG}{name}")


def _replace(path: Path, text: str) -> None:
    beside = path.with_name(f".{path.name}.new")
    with beside.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    shutil.copymode(path, beside)
    beside.replace(path)
