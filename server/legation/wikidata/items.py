"""What Wikidata says about items: whether they are there, what they are called, what they are."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from rdflib import OWL, RDFS, SKOS, Literal, URIRef

from legation.namespaces import PREFIXES
from legation.wikidata.classes import DISAMBIGUATION_PAGE
from legation.wikidata.endpoint import Endpoint
from legation.wikidata.queries import query, with_values

LANGUAGES: Final = ("en", "ar", "fr")
DEFAULT_LANGUAGE: Final = "mul"
"""Wikidata's language of a name that is the same everywhere; the others may then be missing.

https://www.wikidata.org/wiki/Help:Default_values_for_labels_and_aliases
"""

_ITEM: Final = re.compile(re.escape(PREFIXES["wd"]) + r"Q[1-9][0-9]*")
_VERSION: Final = URIRef("http://schema.org/version")  # Wikidata writes schema.org with http
_INSTANCE_OF: Final = URIRef(f"{PREFIXES['wdt']}P31")


@dataclass(frozen=True)
class Item:
    """One Wikidata item. ``classes`` holds those of the classes asked for that it is an instance of."""

    iri: URIRef
    exists: bool = False
    redirect: URIRef | None = None
    labels: tuple[Literal, ...] = ()
    aliases: tuple[Literal, ...] = ()
    types: frozenset[URIRef] = frozenset()
    classes: frozenset[URIRef] = frozenset()

    @property
    def number(self) -> str:
        """The Q-number."""
        return number(self.iri)

    @property
    def names(self) -> tuple[Literal, ...]:
        """Labels and aliases in our languages."""
        return self.labels + self.aliases

    @property
    def label(self) -> Literal | None:
        """The label to show: English, else the default for all languages, else Arabic, else French."""
        return self.label_in("en")

    def label_in(self, language: str) -> Literal | None:
        """Return the label in ``language``, else the nearest one there is."""
        by_language = {label.language: label for label in self.labels}
        order = (language, DEFAULT_LANGUAGE, *LANGUAGES)
        return next((by_language[code] for code in order if code in by_language), None)

    @property
    def is_disambiguation_page(self) -> bool:
        """Whether it stands for a Wikipedia page that lists namesakes."""
        return DISAMBIGUATION_PAGE in self.classes | self.types


def is_item(iri: URIRef) -> bool:
    """Say whether ``iri`` is of the form ``http://www.wikidata.org/entity/Q…``."""
    return _ITEM.fullmatch(iri) is not None


def number(iri: URIRef) -> str:
    """Return the last part of an entity IRI, for people to read."""
    return iri.removeprefix(PREFIXES["wd"])


def fetch_items(
    endpoint: Endpoint, iris: Iterable[URIRef], classes: Iterable[URIRef]
) -> Mapping[URIRef, Item]:
    """Ask about ``iris`` and which of ``classes`` each is an instance of; raise ``EndpointError``."""
    wanted = sorted(set(iris))
    if not wanted:
        return {}
    said: dict[URIRef, dict[URIRef, list[URIRef | Literal]]] = defaultdict(lambda: defaultdict(list))
    rows = [(iri,) for iri in wanted]
    for row in endpoint.ask(query("items"), ["item"], rows):
        said[URIRef(row["item"])][URIRef(row["property"])].append(row["value"])
    fitting: dict[URIRef, set[URIRef]] = defaultdict(set)
    asked = [(iri,) for iri in sorted({*classes, DISAMBIGUATION_PAGE})]
    for row in endpoint.ask(with_values(query("classes"), ["class"], asked), ["item"], rows):
        fitting[URIRef(row["item"])].add(URIRef(row["class"]))
    return {iri: _item(iri, said[iri], frozenset(fitting[iri])) for iri in wanted}


def fold(name: str) -> str:
    """Return ``name`` without what may differ between spellings: case, diacritics, tatweel, punctuation."""
    bare = (sign for sign in unicodedata.normalize("NFKD", name) if not unicodedata.combining(sign))
    spaced = "".join(sign if sign.isalnum() else " " for sign in bare if sign != "\N{ARABIC TATWEEL}")
    return " ".join(spaced.casefold().split())


def _item(iri: URIRef, said: Mapping[URIRef, list[URIRef | Literal]], classes: frozenset[URIRef]) -> Item:
    targets = sorted(value for value in said.get(OWL.sameAs, ()) if isinstance(value, URIRef))
    named = {
        key: tuple(sorted(value for value in said.get(key, ()) if isinstance(value, Literal)))
        for key in (RDFS.label, SKOS.altLabel)
    }
    types = frozenset(value for value in said.get(_INSTANCE_OF, ()) if isinstance(value, URIRef))
    return Item(
        iri,
        exists=bool(said.get(_VERSION) or named[RDFS.label] or types),
        redirect=targets[0] if targets else None,
        labels=named[RDFS.label],
        aliases=named[SKOS.altLabel],
        types=types,
        classes=classes,
    )
