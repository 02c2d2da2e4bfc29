"""The competency questions of a release: what the data answers, each with its query and its answer."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from flask import Blueprint, Response
from pyoxigraph import Literal, RdfFormat, parse

from legation.namespaces import BASE, PREFIXES
from legation.release import ANSWERS, Release
from legation.serve.site.pages import language, page
from legation.serve.state import State, state
from legation.serve.web.formats import HTML
from legation.serve.web.operations import described
from legation.serve.web.problems import ProblemError
from legation.serve.words.labels import Text, choose

blueprint: Final = Blueprint("questions", __name__)

FILE: Final = "questions.ttl"
SELECT: Final = f"{PREFIXES['sh']}select"
LABEL: Final = f"{PREFIXES['rdfs']}label"
ROWS_AT_MOST: Final = 200
"""Rows of an answer on its page; the file has all of them."""


@dataclass(frozen=True)
class Example:
    """One question: its text in several languages, the query that answers it, and where its answer is."""

    slug: str
    names: tuple[Literal, ...]
    query: str
    answer: str
    """The file of the release that holds the pinned answer; empty where there is none."""

    def text(self, spoken: str) -> Text:
        """Return its text for a reader."""
        return choose(self.names, spoken) or Text(self.slug)


@dataclass(frozen=True)
class Table:
    """The first rows of an answer."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    size: int
    """How many rows the answer has."""


@blueprint.get("/questions")
@described(HTML)
def gallery() -> Response:
    """List the questions."""
    return page("questions.html", questions=_all())


@blueprint.get("/questions/<slug>")
@described(HTML, errors=("not-found",))
def question(slug: str) -> Response:
    """Show one question: its text, its query, and its answer."""
    found = _all()
    number = next((number for number, one in enumerate(found) if one.slug == slug), None)
    if number is None:
        raise ProblemError("not-found", f"This release has no question called {slug}.")
    neighbours = [found[other] if 0 <= other < len(found) else None for other in (number - 1, number + 1)]
    here = found[number]
    return page(
        "question.html",
        question=here,
        title=here.text(language()),
        lines=query_lines(here.query),
        previous=neighbours[0],
        next=neighbours[1],
        answer=read_answer(state().release, here),
        base=BASE,
    )


def _all() -> tuple[Example, ...]:
    return state().once(_examples_of)


def _examples_of(here: State) -> tuple[Example, ...]:
    return examples(here.release)


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
    return tuple(
        Example(slug, tuple(names[iri]), queries[iri], _answer_of(release, slug))
        for iri, slug in sorted((iri, iri.rpartition("#")[2]) for iri in queries)
    )


def _answer_of(release: Release, slug: str) -> str:
    name = f"{ANSWERS}{slug}.csv"
    return name if name in release.manifest.files else ""


def read_answer(release: Release, example: Example) -> Table | None:
    """Return the pinned answer to a question, ``None`` where the release holds none."""
    if not example.answer:
        return None
    text = (release.path / example.answer).read_text(encoding="utf-8")
    head, *rows = csv.reader(io.StringIO(text)) or [[]]
    return Table(tuple(head), tuple(tuple(row) for row in rows[:ROWS_AT_MOST]), len(rows))


def query_lines(query: str) -> str:
    """Return a query without the comment lines that only repeat the question's text."""
    lines = query.splitlines()
    return "\n".join(line for line in lines if not line.startswith(("# en:", "# ar:", "# fr:"))).strip()
