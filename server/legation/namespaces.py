"""The one prefix table, and the IRIs that the program itself has to know."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

BASE: Final = "https://w3id.org/legation/"
ID: Final = f"{BASE}id/"
GRAPH: Final = f"{BASE}graph/"
RELEASE: Final = f"{BASE}release/"
ONTOLOGY: Final = f"{BASE}ontology"
SHAPES: Final = f"{BASE}shapes"
LEG: Final = f"{ONTOLOGY}#"
LEGSH: Final = f"{SHAPES}#"

KINDS: Final = (
    "person",
    "body",
    "state",
    "post",
    "place",
    "instrument",
    "event",
    "concept",
    "scheme",
    "claim",
    "source",
    "passage",
    "link",
)
"""The kinds of thing that have an IRI under ``…/id/<kind>/<slug>``; each is its own prefix."""

PREFIXES: Final = MappingProxyType(
    {
        "leg": LEG,
        "legsh": LEGSH,
        "graph": GRAPH,
        "release": RELEASE,
        **{kind: f"{ID}{kind}/" for kind in KINDS},
        "as": "https://www.w3.org/ns/activitystreams#",
        "bibo": "http://purl.org/ontology/bibo/",
        "dbr": "http://dbpedia.org/resource/",
        "dcat": "http://www.w3.org/ns/dcat#",
        "dcterms": "http://purl.org/dc/terms/",
        "dqv": "http://www.w3.org/ns/dqv#",
        "foaf": "http://xmlns.com/foaf/0.1/",
        "m8g": "http://data.europa.eu/m8g/",
        "oa": "http://www.w3.org/ns/oa#",
        "org": "http://www.w3.org/ns/org#",
        "owl": "http://www.w3.org/2002/07/owl#",
        "prov": "http://www.w3.org/ns/prov#",
        "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
        "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
        "schema": "https://schema.org/",
        "sd": "http://www.w3.org/ns/sparql-service-description#",
        "sh": "http://www.w3.org/ns/shacl#",
        "skos": "http://www.w3.org/2004/02/skos/core#",
        "spdx": "http://spdx.org/rdf/terms#",
        "time": "http://www.w3.org/2006/time#",
        "vann": "http://purl.org/vocab/vann/",
        "voaf": "http://purl.org/vocommons/voaf#",
        "void": "http://rdfs.org/ns/void#",
        "wd": "http://www.wikidata.org/entity/",
        "wdt": "http://www.wikidata.org/prop/direct/",
        "xsd": "http://www.w3.org/2001/XMLSchema#",
    }
)
"""Prefix to namespace IRI. Every Turtle file, page, context and query of the project uses this table."""
