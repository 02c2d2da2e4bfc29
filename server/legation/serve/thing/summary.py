"""A thing in a few words, to tell it from others of the same name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from pyoxigraph import Literal, NamedNode

from legation.namespaces import LEG, PREFIXES
from legation.serve.lookup.catalogue import Catalogue
from legation.serve.lookup.values import Term, Values
from legation.serve.site.pages import href
from legation.serve.thing.views import Row, texts
from legation.serve.web.iris import kind_and_slug
from legation.serve.words.labels import Text
from legation.serve.words.present import Presenter, Shown

TELLING: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "person": ("holds", "everHeld", "represents", "everRepresented"),
        "body": ("partOf", "seat", "establishedOn"),
        "state": ("isoAlpha3",),
        "post": ("postIn", "accreditedTo"),
        "event": ("startDate", "location", "concerns"),
        "instrument": ("establishedOn", "hasParty"),
        "place": ("inState",),
    }
)
"""What tells a thing of each kind from its namesakes, the most telling first."""

VALUES: Final = 2
FACTS: Final = 3
DEFINITION: Final = f"{PREFIXES['skos']}definition"


@dataclass(frozen=True)
class Summary:
    """Says what things are, in one language."""

    values: Values
    catalogue: Catalogue
    names: Callable[[Iterable[NamedNode]], Mapping[str, list[Literal]]]
    language: str

    def describe(self, things: Sequence[str]) -> dict[str, Text]:
        """Return a line on each of ``things``: its class and what tells it from others."""
        said = self.values.of([NamedNode(thing) for thing in things])
        chosen = {thing: self._telling(thing, said.get(thing, {})) for thing in things}
        presenter = self._presenter(
            value for told in chosen.values() for _, several in told for value in several
        )
        return {
            thing: Text(
                "; ".join(
                    [
                        *self._kinds(said.get(thing, {})),
                        *(
                            presenter.show(value).text.value
                            for _, several in chosen[thing]
                            for value in several
                        ),
                    ]
                ),
                self.language,
            )
            for thing in things
        }

    def facts(self, thing: str) -> list[Row]:
        """Return what tells a thing from others, with the names of the properties."""
        said = self.values.of([NamedNode(thing)]).get(thing, {})
        told = self._telling(thing, said)
        presenter = self._presenter(value for _, several in told for value in several)
        kinds = [Shown(Text(kind, self.language)) for kind in self._kinds(said)]
        named = [
            Row(
                Shown(self.catalogue.name(name, self.language)),
                tuple(presenter.show(value) for value in several),
            )
            for name, several in told
        ]
        of_class = Shown(self.catalogue.name(f"{PREFIXES['rdf']}type", self.language))
        return [*([Row(of_class, tuple(kinds))] if kinds else []), *named]

    def define(self, term: str) -> Text:
        """Return the definition of a class or property of the ontology."""
        if not term.startswith(LEG):
            return Text("", self.language)
        said = self.values.of([NamedNode(term)]).get(term, {})
        found = texts(said.get(DEFINITION, ()), self.language)
        return found[0] if found else Text("", self.language)

    def _kinds(self, said: Mapping[str, Sequence[Term]]) -> list[str]:
        types = [
            value.value.removeprefix(LEG)
            for value in said.get(f"{PREFIXES['rdf']}type", ())
            if value.value.startswith(LEG)
        ]
        return [self.catalogue.name(one, self.language).value for one in self.catalogue.narrowest(types)]

    def _telling(self, thing: str, said: Mapping[str, Sequence[Term]]) -> list[tuple[str, list[Term]]]:
        kind = (kind_and_slug(thing) or ("",))[0]
        there = [f"{LEG}{name}" for name in TELLING.get(kind, ()) if said.get(f"{LEG}{name}")]
        told: list[tuple[str, list[Term]]] = []
        seen: set[Term] = set()
        for name in there:
            fresh = [value for value in sorted(said[name], key=str) if value not in seen]
            if fresh:
                told.append((name, fresh[:VALUES]))
                seen.update(fresh)
        return told[:FACTS]

    def _presenter(self, values: Iterable[Term]) -> Presenter:
        return Presenter(self.language, self.names(v for v in values if isinstance(v, NamedNode)), href)
