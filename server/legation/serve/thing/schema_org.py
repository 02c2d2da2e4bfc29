"""A thing in the vocabulary of schema.org, for search engines: names, links, dates, all of it stated."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from markupsafe import Markup
from pyoxigraph import Literal, NamedNode

from legation.namespaces import LEG, PREFIXES
from legation.serve.site.directory.read import Said

SKOS: Final = PREFIXES["skos"]
TYPES: Final[Mapping[str, str]] = {
    "person": "Person",
    "body": "Organization",
    "state": "Country",
    "post": "Role",
    "event": "Event",
    "place": "Place",
    "instrument": "CreativeWork",
    "source": "CreativeWork",
    "claim": "Claim",
    "concept": "DefinedTerm",
    "scheme": "DefinedTermSet",
}
"""What a thing of each kind is there."""

LICENCE: Final = "https://creativecommons.org/licenses/by/4.0/"
NAMES: Final = {
    f"{SKOS}prefLabel": "name",
    f"{SKOS}altLabel": "alternateName",
    f"{PREFIXES['dcterms']}title": "name",
}
LINKS: Final = {
    f"{PREFIXES['owl']}sameAs": "sameAs",
    f"{PREFIXES['foaf']}homepage": "url",
    f"{PREFIXES['schema']}url": "url",
    f"{PREFIXES['dcterms']}publisher": "publisher",
    f"{LEG}seat": "location",
    f"{LEG}location": "location",
    f"{LEG}partOf": "parentOrganization",
}
DATES: Final = {
    f"{LEG}startDate": "startDate",
    f"{LEG}endDate": "endDate",
    f"{LEG}establishedOn": "foundingDate",
    f"{PREFIXES['dcterms']}issued": "datePublished",
}


def data_block(iri: str, kind: str, said: Said) -> Markup | None:
    """Return the JSON-LD of a thing, safe inside a ``script`` element; ``None`` for kinds without a type."""
    if kind not in TYPES:
        return None
    node: dict[str, object] = {"@context": "https://schema.org/", "@type": TYPES[kind], "@id": iri}
    for name, key in NAMES.items():
        if texts := [_text(value) for value in said.get(name, ()) if isinstance(value, Literal)]:
            node[key] = texts
    for name, key in LINKS.items():
        if nodes := [{"@id": value.value} for value in said.get(name, ()) if isinstance(value, NamedNode)]:
            node[key] = nodes if key not in ("sameAs", "url") else [one["@id"] for one in nodes]
    for name, key in DATES.items():
        if days := [value.value for value in said.get(name, ()) if isinstance(value, Literal)]:
            node[key] = days[0]
    if kind in ("source", "claim"):
        node["license"] = LICENCE if kind == "claim" else None
    text = json.dumps({key: value for key, value in node.items() if value is not None}, ensure_ascii=False)
    return Markup(text.replace("<", "\\u003c").replace("&", "\\u0026"))  # noqa: S704  # nothing closes the element


def _text(value: Literal) -> object:
    return {"@value": value.value, "@language": value.language} if value.language else value.value
