"""Which name to show: a pure choice among names by the reader's language."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from markupsafe import Markup, escape
from pyoxigraph import Literal

from legation.namespaces import PREFIXES
from legation.serve.words.messages import marked

LANGUAGES: Final = ("en", "ar", "fr")
"""The languages of names and definitions; the first is spoken where the reader asks for none of them."""

FALLBACK: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"en": ("en", "fr", "ar"), "fr": ("fr", "en", "ar"), "ar": ("ar", "en", "fr")}
)
"""For each language, the order in which names are looked for."""

KIND_TITLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "person": marked("People"),
        "body": marked("Bodies"),
        "state": marked("States"),
        "post": marked("Posts"),
        "event": marked("Events"),
        "instrument": marked("Instruments"),
        "place": marked("Places"),
        "claim": marked("Claims"),
        "source": marked("Sources"),
        "passage": marked("Passages"),
        "concept": marked("Concepts"),
        "scheme": marked("Schemes"),
        "link": marked("Links to Wikidata"),
    }
)
"""What a list of each kind is called: messages."""

KIND_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "person": marked("person"),
        "body": marked("body"),
        "state": marked("state"),
        "post": marked("post"),
        "event": marked("event"),
        "instrument": marked("instrument"),
        "place": marked("place"),
        "claim": marked("claim"),
        "source": marked("source"),
        "passage": marked("passage"),
        "concept": marked("concept"),
        "scheme": marked("concept scheme"),
        "link": marked("link to Wikidata"),
    }
)
"""What one thing of each kind is called: messages."""

WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        f"{PREFIXES['dcterms']}issued": marked("published"),
        f"{PREFIXES['dcterms']}language": marked("language"),
        f"{PREFIXES['dcterms']}title": marked("title"),
        f"{PREFIXES['foaf']}homepage": marked("website"),
        f"{PREFIXES['foaf']}isPrimaryTopicOf": marked("article about it"),
        f"{PREFIXES['oa']}end": marked("ends before character"),
        f"{PREFIXES['oa']}hasSelector": marked("place in the source"),
        f"{PREFIXES['oa']}hasSource": marked("source"),
        f"{PREFIXES['oa']}start": marked("starts at character"),
        f"{PREFIXES['org']}headOf": marked("heads"),
        f"{PREFIXES['org']}memberOf": marked("is a member of"),
        f"{PREFIXES['owl']}sameAs": marked("the same as"),
        f"{PREFIXES['rdf']}type": marked("type"),
        f"{PREFIXES['rdfs']}seeAlso": marked("see also"),
        f"{PREFIXES['schema']}url": marked("address"),
        f"{PREFIXES['skos']}broader": marked("broader"),
        f"{PREFIXES['skos']}Concept": marked("concept"),
        f"{PREFIXES['skos']}ConceptScheme": marked("concept scheme"),
        f"{PREFIXES['skos']}definition": marked("Definition"),
        f"{PREFIXES['skos']}editorialNote": marked("Note"),
        f"{PREFIXES['skos']}hasTopConcept": marked("top concept"),
        f"{PREFIXES['skos']}inScheme": marked("in the scheme"),
        f"{PREFIXES['skos']}narrower": marked("narrower"),
        f"{PREFIXES['skos']}scopeNote": marked("Scope"),
        f"{PREFIXES['skos']}topConceptOf": marked("top concept of"),
        f"{PREFIXES['void']}inDataset": marked("in the dataset"),
    }
)
"""What terms of other vocabularies are called on a page, where the ontology has no label: messages."""

RIGHT_TO_LEFT: Final = frozenset({"ar", "fa", "he", "ur"})


@dataclass(frozen=True)
class Text:
    """A text and the language it is in (empty where it has none)."""

    value: str
    language: str = ""

    @property
    def html(self) -> Markup:
        """The text as HTML, isolated, with its language and direction."""
        spoken = f' lang="{escape(self.language)}"' if self.language else ""
        return Markup(f'<bdi{spoken} dir="{self.direction}">{escape(self.value)}</bdi>')  # noqa: S704

    def __html__(self) -> Markup:
        """Let a template write it."""
        return self.html

    @property
    def direction(self) -> str:
        """The base direction for the ``dir`` attribute; ``auto`` where the language does not tell."""
        return direction(self.language) if self.language else "auto"


def direction(language: str) -> str:
    """Return the direction a language is written in."""
    return "rtl" if language.partition("-")[0].lower() in RIGHT_TO_LEFT else "ltr"


def choose(names: Iterable[Literal], language: str) -> Text | None:
    """Return the name to show to a reader of ``language``: by ``FALLBACK``, then any other, then none."""
    found: dict[str, Literal] = {}
    for name in sorted(names, key=lambda literal: literal.value):
        found.setdefault((name.language or "").split("-")[0].lower(), name)
    order: Sequence[str] = (*FALLBACK.get(language, ()), "", *sorted(found))
    chosen = next((found[tag] for tag in order if tag in found), None)
    return Text(chosen.value, chosen.language or "") if chosen is not None else None


def sort_key(text: str) -> str:
    """Return what ``text`` is sorted by: no case, no accents, no vowel signs, no hamza carriers."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign)).casefold()


def spelled(iri: str) -> str:
    """Return ``iri`` as ``prefix:name`` by the project's prefix table, else whole."""
    best = max(
        ((prefix, space) for prefix, space in PREFIXES.items() if iri.startswith(space)),
        key=lambda pair: len(pair[1]),
        default=None,
    )
    return iri if best is None else f"{best[0]}:{iri[len(best[1]) :]}"
