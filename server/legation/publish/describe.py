"""The release described: VoID, DCAT 3, SPARQL service description and the PROV of its making.

Every part of a release has an IRI with a fragment under the release's own, so that looking it up leads there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from pyoxigraph import Literal, NamedNode, Triple

from legation.namespaces import BASE, GRAPH, ONTOLOGY, PREFIXES, RELEASE
from legation.publish.graphs import META
from legation.publish.header import Header
from legation.publish.lines import Statistics
from legation.release import CHANGE_LISTS, FileEntry

ENDPOINT: Final = NamedNode(f"{BASE}sparql")
SAME_AS: Final = PREFIXES["owl"] + "sameAs"
TYPE: Final = PREFIXES["rdf"] + "type"
FORMATS: Final = "http://www.w3.org/ns/formats/"
MEDIA_TYPES: Final = "https://www.iana.org/assignments/media-types/"
LANGUAGES: Final = "http://id.loc.gov/vocabulary/iso639-1/"
RESULTS: Final = (
    *("SPARQL_Results_JSON", "SPARQL_Results_XML", "SPARQL_Results_CSV", "SPARQL_Results_TSV"),
    *("Turtle", "N-Triples", "N-Quads", "TriG", "RDF_XML", "JSON-LD"),
)
FROM_HEADER: Final = (
    "title",
    "description",
    "creator",
    "contributor",
    "publisher",
    "license",
    "issued",
    "modified",
)
"""What the dataset takes over from the ontology header (Dublin Core terms)."""
SELF_CONTAINED: Final = ("dataset.nq", "dataset.trig", "meta.ttl")
"""Files that hold the metadata graph, which so cannot state their size or digest; the manifest does."""
UNMEASURED: Final = frozenset((*SELF_CONTAINED, *CHANGE_LISTS))
"""Files that the metadata graph names without size and digest: those, and the lists of changes, which depend
on what else was published and not on what this release says."""

Value = str | int | NamedNode | Literal


def describe(
    header: Header, statistics: Statistics, inputs: Mapping[str, str], files: Mapping[str, FileEntry]
) -> Iterator[Triple]:
    """Yield the metadata graph; ``inputs`` are the authored files with SHA-256, ``files`` the downloads."""
    release = NamedNode(RELEASE + header.version)
    yield from dataset(release, header, statistics)
    yield from partitions(release, statistics)
    for path, entry in files.items():
        yield from distribution(release, header, path, entry)
    yield from service(release, statistics)
    yield from making(release, header, inputs)


def dataset(release: NamedNode, header: Header, statistics: Statistics) -> Iterator[Triple]:
    """Yield the release as one dataset, in the words of VoID and DCAT."""
    catalog = NamedNode(BASE)
    yield from say(catalog, ("rdf:type", name("dcat:Catalog")), ("dcat:dataset", release))
    yield from say(
        release,
        *(("rdf:type", name(kind)) for kind in ("dcat:Dataset", "void:Dataset", "sd:Dataset", "prov:Entity")),
        ("dcat:version", header.version),
        ("dcat:landingPage", catalog),
        ("dcterms:conformsTo", NamedNode(ONTOLOGY)),
        ("foaf:homepage", catalog),
        ("dqv:hasQualityMetadata", NamedNode(f"{release.value}/quality.ttl")),
        ("void:sparqlEndpoint", ENDPOINT),
        ("void:uriSpace", f"{BASE}id/"),
        ("void:triples", sum(statistics.properties.values())),
        ("void:entities", statistics.entities),
        ("void:distinctSubjects", statistics.subjects),
        ("void:distinctObjects", statistics.objects),
        ("void:classes", len(statistics.classes)),
        ("void:properties", len(statistics.properties)),
        *(
            ("void:vocabulary", NamedNode(PREFIXES[prefix]))
            for prefix in ("leg", "org", "prov", "skos", "oa")
        ),
        *(("dcterms:language", NamedNode(LANGUAGES + language)) for language in ("ar", "en", "fr")),
    )
    for term in FROM_HEADER:
        for value in header.values("dcterms", term):
            yield Triple(release, name(f"dcterms:{term}"), value)
            if term in ("title", "description", "publisher"):
                yield Triple(catalog, name(f"dcterms:{term}"), value)


def partitions(release: NamedNode, statistics: Statistics) -> Iterator[Triple]:
    """Yield the number of things of each class and of triples of each property, and the links to Wikidata."""
    for iri, number in statistics.classes.items():
        part = NamedNode(f"{release.value}#class-{slug(iri)}")
        yield from say(release, ("void:classPartition", part))
        yield from say(part, ("void:class", NamedNode(iri)), ("void:entities", number))
    for iri, number in statistics.properties.items():
        part = NamedNode(f"{release.value}#property-{slug(iri)}")
        yield from say(release, ("void:propertyPartition", part))
        yield from say(part, ("void:property", NamedNode(iri)), ("void:triples", number))
    links, wikidata = NamedNode(f"{release.value}#links-wikidata"), NamedNode(f"{release.value}#wikidata")
    yield from say(wikidata, ("rdf:type", name("void:Dataset")), ("void:uriSpace", PREFIXES["wd"]))
    yield from say(
        links,
        ("rdf:type", name("void:Linkset")),
        ("void:subset", release),
        ("void:subjectsTarget", release),
        ("void:objectsTarget", wikidata),
        ("void:linkPredicate", name("owl:sameAs")),
        ("void:triples", statistics.wikidata_links),
    )


def distribution(release: NamedNode, header: Header, path: str, entry: FileEntry) -> Iterator[Triple]:
    """Yield one download; its gzipped twin is said to exist beside it, under the same description."""
    this, packed = NamedNode(f"{release.value}#{path}"), NamedNode(f"{release.value}#{path}.gz")
    checksum = NamedNode(f"{release.value}#{path}-sha256")
    yield from say(release, ("dcat:distribution", this), ("dcat:distribution", packed))
    for node, url in ((this, path), (packed, f"{path}.gz")):
        yield from say(
            node,
            ("rdf:type", name("dcat:Distribution")),
            ("dcterms:title", url),
            ("dcterms:issued", Literal(header.issued, datatype=name("xsd:date"))),
            ("dcat:downloadURL", NamedNode(f"{release.value}/{url}")),
            ("dcat:mediaType", NamedNode(MEDIA_TYPES + entry.media_type)),
            *(("dcterms:license", value) for value in header.values("dcterms", "license")),
        )
    yield from say(packed, ("dcat:compressFormat", NamedNode(f"{MEDIA_TYPES}application/gzip")))
    if path in UNMEASURED:
        return
    yield from say(this, ("dcat:byteSize", entry.bytes), ("spdx:checksum", checksum))
    yield from sha256(checksum, entry.sha256)


def service(release: NamedNode, statistics: Statistics) -> Iterator[Triple]:
    """Yield what the endpoint offers: the union of all graphs by default, and each graph by name."""
    this = NamedNode(f"{release.value}#service")
    yield from say(
        this,
        ("rdf:type", name("sd:Service")),
        ("rdf:type", name("dcat:DataService")),
        ("sd:endpoint", ENDPOINT),
        ("dcat:endpointURL", ENDPOINT),
        ("dcat:servesDataset", release),
        ("sd:supportedLanguage", name("sd:SPARQL11Query")),
        ("sd:feature", name("sd:UnionDefaultGraph")),
        ("sd:defaultDataset", release),
        *(("sd:resultFormat", NamedNode(FORMATS + result)) for result in RESULTS),
    )
    default = NamedNode(f"{release.value}#default-graph")
    yield from say(release, ("sd:defaultGraph", default))
    yield from say(
        default, ("rdf:type", name("sd:Graph")), ("void:triples", sum(statistics.properties.values()))
    )
    graphs = {NamedNode(iri): triples for iri, triples in statistics.graphs.items()}
    for graph in (*graphs, META):
        part = NamedNode(f"{release.value}#graph-{graph.value.removeprefix(GRAPH)}")
        yield from say(release, ("sd:namedGraph", part))
        yield from say(part, ("rdf:type", name("sd:NamedGraph")), ("sd:name", graph), ("sd:graph", graph))
        yield from say(graph, ("rdf:type", name("sd:Graph")), ("void:inDataset", release))
    for graph, triples in graphs.items():
        yield from say(graph, ("void:triples", triples))


def making(release: NamedNode, header: Header, inputs: Mapping[str, str]) -> Iterator[Triple]:
    """Yield from which files the release was made. The dates are the header's: no clock is asked."""
    this, program = NamedNode(f"{release.value}#publication"), NamedNode(f"{release.value}#program")
    yield from say(release, ("prov:wasGeneratedBy", this))
    yield from say(
        this,
        ("rdf:type", name("prov:Activity")),
        ("prov:generated", release),
        ("prov:wasAssociatedWith", program),
    )
    yield from say(
        program,
        ("rdf:type", name("prov:SoftwareAgent")),
        ("foaf:name", "legation publish"),
        ("dcat:version", header.version),
    )
    for path, digest in inputs.items():
        used, checksum = NamedNode(f"{release.value}#{path}"), NamedNode(f"{release.value}#{path}-sha256")
        yield from say(this, ("prov:used", used))
        yield from say(
            used, ("rdf:type", name("prov:Entity")), ("dcterms:identifier", path), ("spdx:checksum", checksum)
        )
        yield from sha256(checksum, digest)


def sha256(checksum: NamedNode, digest: str) -> Iterator[Triple]:
    """Yield a SHA-256 checksum in SPDX's words."""
    yield from say(
        checksum,
        ("rdf:type", name("spdx:Checksum")),
        ("spdx:algorithm", name("spdx:checksumAlgorithm_sha256")),
        ("spdx:checksumValue", Literal(digest, datatype=name("xsd:hexBinary"))),
    )


def name(prefixed: str) -> NamedNode:
    """Return the IRI of a prefixed name."""
    prefix, _, local = prefixed.partition(":")
    return NamedNode(PREFIXES[prefix] + local)


def say(subject: NamedNode, *said: tuple[str, Value]) -> Iterator[Triple]:
    """Yield what is said about a subject: pairs of a prefixed property and a value, plain if a string."""
    for prefixed, value in said:
        if isinstance(value, int):
            yield Triple(subject, name(prefixed), Literal(str(value), datatype=name("xsd:integer")))
        else:
            yield Triple(subject, name(prefixed), Literal(value) if isinstance(value, str) else value)


def slug(iri: str) -> str:
    """Return a fragment for a term: its prefix and local name, as in ``leg-Tenure``."""
    prefix, namespace = max(
        ((p, n) for p, n in PREFIXES.items() if iri.startswith(n)),
        key=lambda item: len(item[1]),
        default=("", ""),
    )
    local = iri.removeprefix(namespace)
    return f"{prefix}-{local}" if prefix else "".join(c if c.isalnum() else "-" for c in local)
