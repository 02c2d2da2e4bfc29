"""The competency questions of a release, as the examples of the query page."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from pyoxigraph import Literal, RdfFormat, parse

from legation.namespaces import PREFIXES
from legation.release import Release

FILE: Final = "questions.ttl"
SELECT: Final = f"{PREFIXES['sh']}select"
LABEL: Final = f"{PREFIXES['rdfs']}label"


@dataclass(frozen=True)
class Example:
    """One question: its text in several languages, and the query that answers it."""

    slug: str
    names: tuple[Literal, ...]
    query: str


def examples(release: Release) -> tuple[Example, ...]:
    """Return the questions of ``release``, in their order; none where it has no such file."""
    if FILE not in release.manifest.files:
        return ()
    queries: dict[str, str] = {}
    names: dict[str, list[Literal]] = defaultdict(list)
    for quad in parse(path=release.path / FILE, format=RdfFormat.TURTLE):
        iri = str(quad.subject).strip("<>")
        if isinstance(quad.object, Literal) and quad.predicate.value == SELECT:
            queries[iri] = quad.object.value
        elif isinstance(quad.object, Literal) and quad.predicate.value == LABEL:
            names[iri].append(quad.object)
    return tuple(Example(iri.rpartition("#")[2], tuple(names[iri]), queries[iri]) for iri in sorted(queries))
