"""rdflib's ``longturtle`` for triples without blank nodes: the same text, many times as fast.

It writes what a short rule can say and leaves everything else to rdflib: a name with unusual characters and a
literal with a datatype each by itself, a graph with blank nodes or classes of RDF Schema as a whole
(``UnwritableError``).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Final

import rdflib
from pyoxigraph import Literal, NamedNode, Triple
from rdflib.plugins.serializers.longturtle import LongTurtleSerializer

from legation.namespaces import PREFIXES
from legation.terms import to_rdflib

RDF: Final = PREFIXES["rdf"]
TYPE: Final = f"{RDF}type"
FIRST: Final = (TYPE, PREFIXES["rdfs"] + "label")
"""Properties that stand before the others."""
FIRST_SET: Final = frozenset(FIRST)
STRING: Final = PREFIXES["xsd"] + "string"
WITH_SHORT_FORMS: Final = frozenset(
    PREFIXES["xsd"] + name for name in ("integer", "decimal", "double", "float", "boolean")
)
"""Datatypes whose values are written without quotation marks where that can be done."""
INTEGER: Final = PREFIXES["xsd"] + "integer"
DIGITS: Final = re.compile(r"-?[0-9]+")
TEXTS: Final = frozenset((STRING, f"{RDF}langString"))
NEEDS_RDFLIB: Final = frozenset((PREFIXES["rdfs"] + "Class", f"{RDF}nil"))
"""Objects that rdflib treats in a way of their own."""

PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")
PLAIN_TEXT: Final = re.compile(r'[^\n\r"\\]*')
PREFIX_OF: Final = {namespace: prefix for prefix, namespace in PREFIXES.items()}
NAMESPACES: Final = tuple(PREFIXES.values())

Object = NamedNode | Literal
Said = Mapping[str, list[Object]]
"""Property to its values, of one subject."""


class UnwritableError(Exception):
    """These triples are left to rdflib."""


class Speller:
    """Terms as ``longturtle`` spells them; ``used`` are the prefixes that it took for them."""

    def __init__(self, known: rdflib.Graph) -> None:
        """Spell with the prefixes bound in ``known``, which are those of the project."""
        self.used: set[str] = set()
        self._names: dict[str, str] = {}
        self._known = known

    @cached_property
    def _rdflib(self) -> LongTurtleSerializer:
        return LongTurtleSerializer(self._known)  # type: ignore[no-untyped-call]

    def name(self, iri: str) -> str:
        """Return an IRI with its prefix, or in full where it has none."""
        known = self._names.get(iri)
        if known is None:
            known = self._names[iri] = self._spell(iri)
        return known

    def _spell(self, iri: str) -> str:
        cut = max(iri.rfind("/"), iri.rfind("#")) + 1
        prefix, local = PREFIX_OF.get(iri[:cut]), iri[cut:]
        if prefix is not None and PLAIN_NAME.fullmatch(local):
            self.used.add(prefix)
            return f"{prefix}:{local}"
        if iri.startswith(NAMESPACES):
            node = rdflib.URIRef(iri)
            unusual: str | None = self._rdflib.get_pname(node, gen_prefix=False)  # type: ignore[no-untyped-call]
            if unusual is not None:
                self.used.add(unusual.partition(":")[0])
                return unusual
        return f"<{iri}>"

    def property(self, iri: str) -> str:
        """Return a property; one without a prefix would get one made up."""
        if iri == TYPE:
            return "a"
        name = self.name(iri)
        if name.startswith("<"):
            raise UnwritableError(f"no prefix for {iri}")
        return name

    def value(self, term: Object) -> str:
        """Return an object."""
        if isinstance(term, NamedNode):
            return self.name(term.value)
        text, language = term.value, term.language
        datatype = "" if language else term.datatype.value
        if datatype in WITH_SHORT_FORMS or not PLAIN_TEXT.fullmatch(text):
            return self._by_rdflib(term)
        if language:
            return f'"{text}"@{language}'
        return f'"{text}"' if datatype == STRING else f'"{text}"^^{self.name(datatype)}'

    def _by_rdflib(self, literal: Literal) -> str:
        if literal.language is None and literal.datatype.value != STRING:
            # rdflib declares the prefix of the datatype even where the short form does without it.
            self.name(literal.datatype.value)
            if literal.datatype.value == INTEGER and DIGITS.fullmatch(literal.value):
                return literal.value
        said = to_rdflib(literal)
        if not isinstance(said, rdflib.Literal):
            raise TypeError(f"no literal: {literal}")
        return said._literal_n3(use_plain=True, qname_callback=lambda iri: self.name(str(iri)))


def longturtle(triples: Iterable[Triple], known: rdflib.Graph) -> str:
    """Return the triples as rdflib's ``longturtle`` with the prefixes bound in ``known``.

    Raises ``UnwritableError`` where that is left to rdflib.
    """
    about, references = group(triples)
    speller = Speller(known)
    order = sorted(about, key=lambda subject: (references[subject], subject))
    said = [statements(subject, about[subject], speller) for subject in order]
    prologue = (f"PREFIX {prefix}: <{PREFIXES[prefix]}>\n" for prefix in sorted(speller.used))
    return "".join((*prologue, *said))


def group(triples: Iterable[Triple]) -> tuple[dict[str, Said], Counter[str]]:
    """Return what is said about each subject, and how often each IRI is an object."""
    about: dict[str, Said] = defaultdict(lambda: defaultdict(list))
    seen: list[str] = []
    for subject, predicate, value in dict.fromkeys(triples):
        if isinstance(value, NamedNode):
            seen.append(value.value)
        elif not isinstance(value, Literal):
            raise UnwritableError("a blank node")
        if not isinstance(subject, NamedNode):
            raise UnwritableError("a blank node")
        about[subject.value][predicate.value].append(value)
    references = Counter(seen)
    if NEEDS_RDFLIB & references.keys():
        raise UnwritableError("a class of RDF Schema or an empty list")
    return about, references


def statements(subject: str, said: Said, speller: Speller) -> str:
    """Return all that is said about one subject."""
    first = [predicate for predicate in FIRST if predicate in said]
    parts = [f"\n{speller.name(subject)}\n"]
    for predicate in (*first, *sorted(said.keys() - FIRST_SET)):
        parts.append(f"    {speller.property(predicate)}{values(said[predicate], speller)} ;\n")
    return "".join((*parts, ".\n"))


def values(terms: list[Object], speller: Speller) -> str:
    """Return the objects of one property, in rdflib's order."""
    if len(terms) == 1:
        return f" {speller.value(terms[0])}"
    return "".join(("\n        ", " ,\n        ".join(map(speller.value, in_order(terms)))))


def in_order(terms: list[Object]) -> list[Object]:
    """Return objects as rdflib sorts them: IRIs, texts by language; values by what they stand for."""
    if all(isinstance(term, NamedNode) for term in terms):
        return sorted(terms, key=lambda term: term.value)
    if all(isinstance(term, Literal) and term.datatype.value in TEXTS for term in terms):
        return sorted(terms, key=lambda text: (getattr(text, "language", None) or "", text.value))
    return sorted(terms, key=to_rdflib)  # type: ignore[arg-type]  # its nodes have an order
