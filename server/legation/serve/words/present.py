"""From terms to what a reader sees: a name in the right language, or a value, and where it leads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final, Protocol

from markupsafe import Markup, escape
from pyoxigraph import BlankNode, Literal, NamedNode, Quad, Triple

from legation.namespaces import PREFIXES
from legation.serve.web.iris import kind_and_slug
from legation.serve.words.labels import WORDS, Text, choose, sort_key, spelled
from legation.serve.words.locales import (
    DATES,
    NUMBERS,
    XSD,
    language_name,
    spoken_date,
    spoken_duration,
    spoken_number,
)
from legation.serve.words.messages import translate

PLAIN: Final = frozenset({f"{PREFIXES['xsd']}string", f"{PREFIXES['rdf']}langString"})

KEPT: Final = 8192
"""Names that a presenter keeps at hand, with the HTML that shows them."""

Term = NamedNode | BlankNode | Literal | Triple


class Names(Protocol):
    """Gives the names of an IRI: a mapping, or what looks them up."""

    def get(self, iri: str, default: tuple[()], /) -> Sequence[Literal]:
        """Return the names of ``iri``, ``default`` where it has none."""
        ...


@dataclass(frozen=True)
class Shown:
    """One value as a page shows it. In a template it writes itself."""

    text: Text
    iri: str = ""
    href: str | None = None
    time: bool = False
    machine: str = ""
    """A date or a number as the data has it, where ``text`` says it as the reader's language does."""
    note: str = ""
    """The datatype, where it says more than the value does."""
    tongue: str = ""
    """What the reader calls the language of a name that is not in their own."""

    @cached_property
    def html(self) -> Markup:
        """The value as HTML: a link, a date, a number or a text, in its own language and direction."""
        body = str(self.text.html)
        if self.href is not None:
            body = f'<a href="{escape(self.href)}">{body}</a>'
        elif self.time:
            body = f'<time datetime="{escape(self.machine)}">{body}</time>'
        elif self.machine:
            body = f'<data value="{escape(self.machine)}">{body}</data>'
        if self.tongue:
            code = self.text.language.partition("-")[0]
            body += f' <abbr class="tongue" title="{escape(self.tongue)}">{escape(code)}</abbr>'
        if self.note:
            body += f' <small class="note"><bdi dir="ltr">{escape(self.note)}</bdi></small>'
        return Markup(body)  # noqa: S704  # every value in it is escaped

    def __html__(self) -> Markup:
        """Let a template write it."""
        return self.html


def nothing(_: str) -> Sequence[str]:
    """Return nothing: what a claim is about, to a presenter that is not told."""
    return ()


@dataclass(frozen=True)
class Presenter:
    """Shows terms to a reader of one language."""

    language: str
    names: Names
    href: Callable[[str], str | None]
    matter: Callable[[str], Sequence[str]] = nothing
    """Returns the things that a claim is about, which stand in for the name that no claim has."""

    def __post_init__(self) -> None:
        """Keep what was shown lately: the same few hundred things are on most pages."""
        object.__setattr__(self, "named", lru_cache(maxsize=KEPT)(self._named))

    def show(self, term: Term) -> Shown:
        """Return how ``term`` is shown."""
        if isinstance(term, NamedNode):
            return self.named(term.value)
        if not isinstance(term, Literal):
            return Shown(Text(str(term)))
        datatype = term.datatype.value
        if datatype in DATES:
            said = spoken_date(term.value, datatype, self.language)
            return Shown(Text(said, self.language), time=True, machine=term.value)
        if datatype in NUMBERS:
            return Shown(Text(spoken_number(term.value, self.language), self.language), machine=term.value)
        if datatype == f"{XSD}duration":
            return Shown(Text(spoken_duration(term.value, self.language), self.language), machine=term.value)
        note = "" if datatype in PLAIN else spelled(datatype)
        return Shown(Text(term.value, term.language or ""), note=note)

    def named(self, iri: str) -> Shown:
        """Return how the thing or term ``iri`` is shown: by its name, leading to its page."""
        return self._named(iri)

    def _named(self, iri: str) -> Shown:
        text = self._choose(iri)
        foreign = text.language.partition("-")[0] not in ("", self.language)
        tongue = language_name(text.language, self.language) if foreign else ""
        return Shown(text, iri, self.href(iri), tongue=tongue)

    def name(self, iri: str) -> Text:
        """Return the name of ``iri``: its label, else its slug or its prefixed form."""
        return self.named(iri).text

    def _choose(self, iri: str) -> Text:
        found = choose(self.names.get(iri, ()), self.language)
        if found is not None:
            return found
        if iri in WORDS:
            return Text(translate(WORDS[iri], self.language), self.language)
        thing = kind_and_slug(iri)
        if thing is not None and thing[0] == "claim" and (about := self.matter(iri)):
            names = [self.named(one).text for one in about]
            return Text(" · ".join(name.value for name in names), names[0].language)
        return Text(thing[1] if thing is not None else spelled(iri))

    def order(self, term: Term) -> str:
        """Return what values are sorted by: dates and numbers as they are, names as the reader sees them."""
        shown = self.show(term)
        return shown.machine or sort_key(shown.text.value)


def mentioned(quads: Iterable[Quad]) -> set[NamedNode]:
    """Return every IRI that ``quads`` mention."""
    return {
        term
        for quad in quads
        for term in (quad.subject, quad.predicate, quad.object)
        if isinstance(term, NamedNode)
    }
