"""The ontology header: where a release's version and dates come from, and what it puts on every term."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from pyoxigraph import Literal, NamedNode, Triple

from legation.namespaces import LEG, ONTOLOGY, PREFIXES
from legation.publish.authored import Authored
from legation.publish.dates import span
from legation.publish.fault import PublishError

TYPE: Final = NamedNode(PREFIXES["rdf"] + "type")
VERSION_INFO: Final = NamedNode(PREFIXES["owl"] + "versionInfo")
IS_DEFINED_BY: Final = NamedNode(PREFIXES["rdfs"] + "isDefinedBy")
CALENDAR_VERSION: Final = re.compile(r"\d{4}\.\d{1,2}\.\d+")

TWINS: Final = {
    PREFIXES["owl"] + "Class": PREFIXES["rdfs"] + "Class",
    PREFIXES["owl"] + "ObjectProperty": PREFIXES["rdf"] + "Property",
    PREFIXES["owl"] + "DatatypeProperty": PREFIXES["rdf"] + "Property",
    PREFIXES["owl"] + "AnnotationProperty": PREFIXES["rdf"] + "Property",
    PREFIXES["skos"] + "prefLabel": PREFIXES["rdfs"] + "label",
    PREFIXES["skos"] + "definition": PREFIXES["rdfs"] + "comment",
}
"""What a reader who knows only RDF Schema looks for in its place."""


@dataclass(frozen=True)
class Header:
    """What the ontology header says about the release."""

    version: str
    issued: str
    triples: tuple[Triple, ...]

    def values(self, prefix: str, name: str) -> list[Literal | NamedNode]:
        """Return the header's values of a property, in order."""
        found = [t.object for t in self.triples if t.predicate.value == PREFIXES[prefix] + name]
        return sorted((o for o in found if isinstance(o, Literal | NamedNode)), key=str)


def read_header(authored: Authored) -> Header:
    """Read the header; raise ``PublishError`` where the version or the date of issue is missing or wrong."""
    this = NamedNode(ONTOLOGY)
    said = tuple(t for file in authored.within("ontology") for t in file.triples if t.subject == this)
    header = Header("", "", said)
    versions = [v.value for v in header.values("owl", "versionInfo")]
    issued = [v.value for v in header.values("dcterms", "issued")]
    if len(versions) != 1 or not CALENDAR_VERSION.fullmatch(versions[0]):
        raise PublishError(
            [authored.fault("the header needs one owl:versionInfo such as 2026.11.0", ONTOLOGY)]
        )
    if len(issued) != 1 or len(issued[0]) != len("2026-11-21") or span(issued[0]) is None:
        raise PublishError([authored.fault("the header needs one dcterms:issued, an xsd:date", ONTOLOGY)])
    return Header(versions[0], issued[0], said)


def stamp(ontology: Iterable[Triple], header: Header) -> Iterator[Triple]:
    """Yield what a release adds to each term: where it is defined, its version, and its RDFS twins."""
    terms = set()
    for triple in ontology:
        subject = triple.subject
        if not isinstance(subject, NamedNode) or not subject.value.startswith(LEG):
            continue
        terms.add(subject)
        if triple.predicate == TYPE and isinstance(triple.object, NamedNode) and triple.object.value in TWINS:
            yield Triple(subject, TYPE, NamedNode(TWINS[triple.object.value]))
        elif triple.predicate.value in TWINS:
            yield Triple(subject, NamedNode(TWINS[triple.predicate.value]), triple.object)
    for term in terms:
        yield Triple(term, IS_DEFINED_BY, NamedNode(ONTOLOGY))
        yield Triple(term, VERSION_INFO, Literal(header.version))
