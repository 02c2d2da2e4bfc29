"""The JSON-LD context, made from the prefix table and the ontology."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final

from pyoxigraph import NamedNode, Triple

from legation.namespaces import KINDS, LEG, PREFIXES

OWL: Final = PREFIXES["owl"]
XSD: Final = PREFIXES["xsd"]
TYPE: Final = PREFIXES["rdf"] + "type"
INTEGERS: Final = frozenset(XSD + name for name in ("integer", "nonNegativeInteger", "positiveInteger"))
"""Ranges whose values are written as ``xsd:integer``: the engine knows no narrower integer."""
RANGE: Final = PREFIXES["rdfs"] + "range"
TERMS: Final = frozenset(
    OWL + kind for kind in ("Class", "ObjectProperty", "DatatypeProperty", "AnnotationProperty")
)
LANGUAGE_MAPS: Final = (
    "skos:prefLabel", "skos:altLabel", "skos:hiddenLabel", "skos:definition", "skos:editorialNote",
    "skos:scopeNote", "skos:example", "rdfs:label", "rdfs:comment",
)  # fmt: skip
"""Properties whose values are texts in a language, and so read well as ``{"ar": …, "en": …}``."""
REFERENCES: Final = (
    "skos:inScheme", "skos:broader", "skos:narrower", "skos:topConceptOf", "skos:hasTopConcept",
    "rdfs:subClassOf", "rdfs:subPropertyOf", "rdfs:domain", "rdfs:range", "rdfs:isDefinedBy", "rdfs:seeAlso",
    "owl:sameAs", "owl:inverseOf", "foaf:homepage", "foaf:isPrimaryTopicOf", "oa:hasSource", "oa:hasSelector",
    "org:headOf", "org:memberOf", "org:holds", "schema:url", "prov:wasDerivedFrom",
)  # fmt: skip
"""Properties of others whose values are things, and so can be written as bare IRIs."""


def make_context(ontology: Iterable[Triple]) -> dict[str, Any]:
    """Return the context: every vocabulary's prefix, and a term for each class and property of the ontology.

    The prefixes of the kinds of thing are left out: some are also names of properties (``post``, ``event``),
    and an identifier in full can be followed as it stands.
    """
    said: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for triple in ontology:
        if isinstance(triple.subject, NamedNode) and isinstance(triple.object, NamedNode):
            said[triple.subject.value][triple.predicate.value].add(triple.object.value)
    terms = {
        iri.removeprefix(LEG): term(f"leg:{iri.removeprefix(LEG)}", about[TYPE], about[RANGE])
        for iri, about in sorted(said.items())
        if iri.startswith(LEG) and about[TYPE] & TERMS
    }
    prefixes = {prefix: iri for prefix, iri in sorted(PREFIXES.items()) if prefix not in KINDS}
    of_others: dict[str, Any] = {name: {"@id": name, "@container": "@language"} for name in LANGUAGE_MAPS}
    of_others |= {name: {"@id": name, "@type": "@id"} for name in REFERENCES}
    clashes = terms.keys() & prefixes.keys()
    if clashes:
        raise ValueError(f"both a term of the ontology and a prefix: {', '.join(sorted(clashes))}")
    return {**prefixes, **terms, **dict(sorted(of_others.items()))}


def term(name: str, kinds: set[str], ranges: set[str]) -> dict[str, str]:
    """Return a term's definition: references are bare IRIs, an only datatype goes without saying."""
    if f"{OWL}ObjectProperty" in kinds:
        return {"@id": name, "@type": "@id"}
    datatype = next(iter(ranges)) if len(ranges) == 1 else ""
    if datatype in INTEGERS:
        return {"@id": name, "@type": "xsd:integer"}
    if f"{OWL}DatatypeProperty" in kinds and datatype.startswith(XSD) and datatype != f"{XSD}string":
        return {"@id": name, "@type": f"xsd:{datatype.removeprefix(XSD)}"}
    return {"@id": name}
