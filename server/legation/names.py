"""The search table of a release: every name of every thing, with the words it is found by.

It is what an index is made from, in an order and a spelling that depend on nothing but the names. The engine
that answers searches builds its own index of it, beside the release.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from legation import folding

TERM: Final = "term"
"""The kind of what has no IRI of its own but an anchor: terms of the ontology."""

FORMS: Final[Mapping[str, float]] = MappingProxyType(
    {"preferred": 1.0, "alternative": 0.96, "code": 0.94, "hidden": 0.92}
)
"""How a name stands to its thing, with how much a find by it counts; ``hidden`` are misprints of sources."""

COLUMNS: Final = ("thing", "kind", "types", "links", "form", "language", "name")
WORDS: Final = f"words/{folding.VERSION}"
"""The last column; its heading states the version of the folding that made it."""


class NamesError(Exception):
    """A search table that cannot be read."""


@dataclass(frozen=True, order=True)
class Thing:
    """What has names. ``types`` are names of classes; ``links`` is how many things speak of it."""

    iri: str
    kind: str
    types: tuple[str, ...] = ()
    links: int = 0


@dataclass(frozen=True, order=True)
class Name:
    """One name of a thing, and the words it is found by (``folding.posted``)."""

    thing: Thing
    form: str
    language: str
    text: str
    words: str


def make_name(thing: Thing, form: str, language: str, text: str) -> Name:
    """Return a name of ``thing`` with the words it is found by; white space in it is made plain."""
    plain = " ".join(text.split())
    return Name(thing, form, language, plain, folding.posted(plain))


def write_names(names: Iterable[Name]) -> bytes:
    """Return the table as tab-separated UTF-8 text, sorted."""
    # Tuples compare many times as fast as the names themselves, and in the same order.
    cells = {
        (
            *(thing.iri, thing.kind, thing.types, thing.links),
            *(name.form, name.language, name.text, name.words),
        )
        for name in names
        for thing in (name.thing,)
    }
    rows = ["\t".join((*COLUMNS, WORDS))]
    rows += [
        "\t".join((iri, kind, " ".join(types), str(links), *rest))
        for iri, kind, types, links, *rest in sorted(cells)
    ]
    return ("\n".join(rows) + "\n").encode("utf-8")


def read_names(table: str) -> Iterator[Name]:
    """Yield the names of a table; one that another version of the folding made is folded anew.

    Raises ``NamesError`` where it is not a search table.
    """
    lines = table.split("\n")
    header = tuple(lines[0].split("\t"))
    if header[: len(COLUMNS)] != COLUMNS or len(header) != len(COLUMNS) + 1:
        raise NamesError(f"not a search table: it begins with {lines[0]!r}")
    current = header == (*COLUMNS, WORDS)
    for number, line in enumerate(lines[1:], start=2):
        if not line:
            continue
        cells = line.split("\t")
        if len(cells) != len(header):
            raise NamesError(f"line {number} of the search table has {len(cells)} cells, not {len(header)}")
        iri, kind, types, links, form, language, text, words = cells
        thing = Thing(iri, kind, tuple(types.split()), int(links))
        yield (
            Name(thing, form, language, text, words) if current else make_name(thing, form, language, text)
        )
