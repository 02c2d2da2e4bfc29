"""From terms to what a reader sees: a name in the right language, or a value, and where it leads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from pyoxigraph import BlankNode, Literal, NamedNode, Quad, Triple

from legation.namespaces import PREFIXES
from legation.serve.iris import kind_and_slug
from legation.serve.labels import WORDS, Text, choose, spelled
from legation.serve.locales import DATES, NUMBERS, spoken_date, spoken_number
from legation.serve.messages import translate

PLAIN: Final = frozenset({f"{PREFIXES['xsd']}string", f"{PREFIXES['rdf']}langString"})

Names = Mapping[str, list[Literal]]


@dataclass(frozen=True)
class Shown:
    """One value as a page shows it."""

    text: Text
    iri: str = ""
    href: str | None = None
    time: bool = False
    machine: str = ""
    """A date or a number as the data has it, where ``text`` says it as the reader's language does."""
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
        if datatype in DATES:
            said = spoken_date(term.value, datatype, self.language)
            return Shown(Text(said, self.language), time=True, machine=term.value)
        if datatype in NUMBERS:
            return Shown(Text(spoken_number(term.value, self.language), self.language), machine=term.value)
        note = "" if datatype in PLAIN else spelled(datatype)
        return Shown(Text(term.value, term.language or ""), note=note)

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
        """Return what values are sorted by: dates and numbers as they are, names as the reader sees them."""
        shown = self.show(term)
        return (shown.machine or shown.text.value).casefold()


def mentioned(quads: Iterable[Quad]) -> set[NamedNode]:
    """Return every IRI that ``quads`` mention."""
    return {
        term
        for quad in quads
        for term in (quad.subject, quad.predicate, quad.object)
        if isinstance(term, NamedNode)
    }
