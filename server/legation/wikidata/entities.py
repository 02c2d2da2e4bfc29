"""What the project says about its entities, as far as links to Wikidata go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from rdflib import FOAF, OWL, RDF, SKOS, Graph, Literal, URIRef

from legation.namespaces import ID, LEG
from legation.project import Project, ProjectError
from legation.publish.canonical import new_graph
from legation.wikidata.items import LANGUAGES

CANDIDATE: Final = URIRef(f"{LEG}WikidataCandidate")
LINKS: Final = URIRef(f"{LEG}links")
CANDIDATE_ITEM: Final = URIRef(f"{LEG}candidateItem")
RESOLVER: Final = URIRef(f"{LEG}resolver")

_WIKIDATA_HOST: Final = "www.wikidata.org"
_RESOLVER: Final = f"https://{_WIKIDATA_HOST}/wiki/Special:ItemByTitle/"


@dataclass(frozen=True, order=True)
class Article:
    """A Wikipedia article: the wiki as Wikidata names it (``https://en.wikipedia.org/``) and the title."""

    wiki: URIRef
    title: Literal


@dataclass(frozen=True)
class Entity:
    """One identity of ours: its names, its article and site, and the items it is said to be the same as."""

    iri: URIRef
    preferred: tuple[Literal, ...] = ()
    others: tuple[Literal, ...] = ()
    articles: tuple[Article, ...] = ()
    websites: tuple[URIRef, ...] = ()
    items: tuple[URIRef, ...] = ()

    @property
    def kind(self) -> str:
        """The kind of thing, as its IRI says: person, body, state …."""
        return self.iri.removeprefix(ID).partition("/")[0]

    @property
    def name(self) -> str:
        """The compact name, ``body:gctf``."""
        return self.iri.removeprefix(ID).replace("/", ":", 1)

    @property
    def names(self) -> tuple[Literal, ...]:
        """Preferred and other names."""
        return self.preferred + self.others


@dataclass(frozen=True)
class Candidate:
    """A link that waits for evidence: the entity, and what may lead to its item (a number, a title)."""

    iri: URIRef
    entity: URIRef
    items: tuple[URIRef, ...] = ()
    articles: tuple[Article, ...] = ()


@dataclass(frozen=True)
class Authored:
    """The files of ``data/entities`` by path, each with its triples."""

    files: Mapping[Path, Graph]

    def home(self, entity: URIRef) -> Path | None:
        """Return the file that introduces ``entity``."""
        return next((path for path, graph in self.files.items() if (entity, RDF.type, None) in graph), None)

    def everything(self) -> Graph:
        """Return all triples in one graph."""
        union = new_graph()
        for graph in self.files.values():
            union += graph
        return union


def read_authored(project: Project) -> Authored:
    """Read the entities of ``project``; raise ``ProjectError`` where a file is not Turtle."""
    paths = [path for path in project.turtle_files() if project.name_of(path).startswith("data/entities/")]
    return Authored({path: _read(path) for path in paths})


def read_entities(graph: Graph) -> dict[URIRef, Entity]:
    """Return every entity that has a preferred name, by IRI in sorted order."""
    iris = {s for s in graph.subjects(SKOS.prefLabel) if isinstance(s, URIRef) and s.startswith(ID)}
    return {iri: _entity(graph, iri) for iri in sorted(iris)}


def read_candidates(graph: Graph) -> list[Candidate]:
    """Return the candidates in sorted order."""
    iris = sorted(s for s in graph.subjects(RDF.type, CANDIDATE) if isinstance(s, URIRef))
    return [
        Candidate(
            iri,
            entity=entity,
            items=tuple(_iris(graph, iri, CANDIDATE_ITEM)),
            articles=tuple(a for link in _iris(graph, iri, RESOLVER) if (a := article_of_resolver(link))),
        )
        for iri in iris
        for entity in _iris(graph, iri, LINKS)
    ]


def article_of_page(page: str) -> Article | None:
    """Return the article behind ``https://<language>.wikipedia.org/wiki/<title>`` in one of our languages."""
    for language in LANGUAGES:
        _, found, title = page.partition(f"://{language}.wikipedia.org/wiki/")
        if found:
            return _article(language, title)
    return None


def article_of_resolver(link: str) -> Article | None:
    """Return the article that Wikidata's resolver (``Special:ItemByTitle/<wiki>/<title>``) is asked for."""
    wiki, found, title = link.removeprefix(_RESOLVER).partition("/")
    language = wiki.removesuffix("wiki")
    if not link.startswith(_RESOLVER) or not found or language not in LANGUAGES:
        return None
    return _article(language, title)


def website_key(website: str) -> str:
    """Return what two spellings of one website share: no scheme, no trailing slash, host in lower case."""
    rest = website.partition("://")[2].rstrip("/")
    host, slash, path = rest.partition("/")
    return f"{host.lower()}{slash}{path}"


def website_spellings(website: str) -> list[URIRef]:
    """Return the spellings of a website under which Wikidata may hold it."""
    key = website_key(website)
    return [URIRef(f"{scheme}://{key}{end}") for scheme in ("http", "https") for end in ("", "/")]


def _article(language: str, title: str) -> Article:
    spaced = unquote(title.partition("#")[0].partition("?")[0]).replace("_", " ").strip()
    capital = spaced[:1].upper() + spaced[1:]  # a title's first letter has no case
    return Article(URIRef(f"https://{language}.wikipedia.org/"), Literal(capital, lang=language))


def _read(path: Path) -> Graph:
    graph = new_graph()
    try:
        graph.parse(path, format="turtle")
    except (OSError, SyntaxError, ValueError) as error:
        raise ProjectError(f"{path}: {str(error).splitlines()[0]}") from error
    return graph


def _entity(graph: Graph, iri: URIRef) -> Entity:
    pages = _iris(graph, iri, FOAF.isPrimaryTopicOf)
    return Entity(
        iri,
        preferred=tuple(_names(graph, iri, SKOS.prefLabel)),
        others=tuple(_names(graph, iri, SKOS.altLabel)),
        articles=tuple(sorted(article for page in pages if (article := article_of_page(page)))),
        websites=tuple(_iris(graph, iri, FOAF.homepage)),
        items=tuple(link for link in _iris(graph, iri, OWL.sameAs) if _WIKIDATA_HOST in link),
    )


def _iris(graph: Graph, subject: URIRef, predicate: URIRef) -> list[URIRef]:
    return sorted(value for value in graph.objects(subject, predicate) if isinstance(value, URIRef))


def _names(graph: Graph, subject: URIRef, predicate: URIRef) -> Iterator[Literal]:
    yield from sorted(
        value
        for value in graph.objects(subject, predicate)
        if isinstance(value, Literal) and value.language in LANGUAGES
    )
