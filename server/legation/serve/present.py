"""From terms to what a reader sees: a name in the right language, or a value, and where it leads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from pyoxigraph import BlankNode, Literal, NamedNode, Quad, Triple

from legation.namespaces import PREFIXES
from legation.serve.iris import kind_and_slug
from legation.serve.labels import WORDS, Text, choose, spelled
from legation.serve.messages import translate

DATES: Final = frozenset(f"{PREFIXES['xsd']}{name}" for name in ("date", "gYearMonth", "gYear", "dateTime"))
PLAIN: Final = frozenset({f"{PREFIXES['xsd']}string", f"{PREFIXES['rdf']}langString"})

Names = Mapping[str, list[Literal]]


@dataclass(frozen=True)
class Shown:
    """One value as a page shows it."""

    text: Text
    iri: str = ""
    href: str | None = None
    time: bool = False
    note: str = ""
    """The datatype, where it says more than the value does."""


@dataclass(frozen=True)
class Presenter:
    """Shows terms to a reader of one language."""

    language: str
    names: Names
    href: Callable[[str], str | None]
    _chosen: dict[str, Text] = field(default_factory=dict)

    def show(self, term: NamedNode | BlankNode | Literal | Triple) -> Shown:
        """Return how ``term`` is shown."""
        if isinstance(term, NamedNode):
            return Shown(self.name(term.value), term.value, self.href(term.value))
        if not isinstance(term, Literal):
            return Shown(Text(str(term)))
        datatype = term.datatype.value
        note = "" if datatype in PLAIN or datatype in DATES else spelled(datatype)
        return Shown(Text(term.value, term.language or ""), time=datatype in DATES, note=note)

    def name(self, iri: str) -> Text:
        """Return the name of ``iri``: its label, else its slug or its prefixed form."""
        if iri not in self._chosen:
            self._chosen[iri] = self._choose(iri)
        return self._chosen[iri]

    def _choose(self, iri: str) -> Text:
        found = choose(self.names.get(iri, ()), self.language)
        if found is not None:
            return found
        if iri in WORDS:
            return Text(translate(WORDS[iri], self.language), self.language)
        thing = kind_and_slug(iri)
        return Text(thing[1] if thing is not None else spelled(iri))

    def order(self, term: NamedNode | BlankNode | Literal | Triple) -> str:
        """Return what values are sorted by: what the reader sees."""
        return self.show(term).text.value.casefold()


def mentioned(quads: Iterable[Quad]) -> set[NamedNode]:
    """Return every IRI that ``quads`` mention."""
    return {
        term
        for quad in quads
        for term in (quad.subject, quad.predicate, quad.object)
        if isinstance(term, NamedNode)
    }
