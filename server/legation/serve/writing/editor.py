"""The page of the query endpoint: the query, and under it the answer or what is wrong with the query."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import urlencode

from flask import Response, current_app, request

from legation.serve.query import workers
from legation.serve.site.pages import language, page, root_path
from legation.serve.site.questions import examples
from legation.serve.state import state
from legation.serve.web.formats import GRAPH_OFFERS, RESULT_OFFERS
from legation.serve.web.negotiation import Offer
from legation.serve.web.problems import ProblemError

PAGE_BYTES: Final = 200_000
"""Bytes of a graph on the page."""

LONGEST_ADDRESS: Final = 6000
"""Characters of an address that a page links to; the answer to a longer query is had by posting it."""

LINES_AROUND: Final = 2
"""Lines shown before and after the one where reading a query stopped."""


class Query(Protocol):
    """What was asked, as the protocol carries it."""

    @property
    def query(self) -> str:
        """The query's text."""
        ...

    @property
    def default_graphs(self) -> tuple[str, ...]:
        """The graphs of ``default-graph-uri``."""
        ...

    @property
    def named_graphs(self) -> tuple[str, ...]:
        """The graphs of ``named-graph-uri``."""
        ...


@dataclass(frozen=True)
class Line:
    """One line of a query that could not be read; ``column`` counts from 1 on the line at fault, else 0."""

    number: int
    text: str
    column: int = 0


def blank_page() -> Response:
    """Return the page with an example in its field."""
    first = next(iter(examples(state().release)), None)
    return _page(query=first.query if first else "", fields={})


def result_page(asked: Query, found: workers.Answer) -> Response:
    """Return the page with the first rows of a result, or the beginning of a graph."""
    body = found.file.read(PAGE_BYTES) if found.file is not None else found.body[:PAGE_BYTES]
    values: dict[str, Any] = {"kind": found.kind, "size": found.size}
    if found.kind == "graph":
        values |= {"text": body.decode(errors="ignore"), "more": found.size > PAGE_BYTES}
    else:
        whole = found.body if found.file is None else body + found.file.read()
        values |= json.loads(whole)
    if found.file is not None:
        found.file.close()
    offers = GRAPH_OFFERS if found.kind == "graph" else RESULT_OFFERS
    return _page(query=asked.query, fields=_fields(asked), result=values, offers=offers)


def problem_page(asked: Query, problem: ProblemError) -> Response:
    """Return the page with the query as it was, and what is wrong with it at the place where it is."""
    line, column = problem.members.get("line", 0), problem.members.get("column", 0)
    response = _page(
        status=problem.kind.status,
        query=asked.query,
        fields=_fields(asked),
        problem=problem,
        excerpt=excerpt(asked.query, line, column) if line else [],
    )
    response.headers.extend(problem.headers)
    response.headers["Cache-Control"] = "no-store"
    return response


def excerpt(query: str, line: int, column: int) -> list[Line]:
    """Return the lines of ``query`` around a place, numbered from 1."""
    lines = query.split("\n")
    first, last = max(1, line - LINES_AROUND), min(len(lines), line + LINES_AROUND)
    numbered = ((number, lines[number - 1].rstrip("\r")) for number in range(first, last + 1))
    return [Line(number, text, column if number == line else 0) for number, text in numbered]


def built(name: str) -> bool:
    """Tell whether a script has been built; where it has not, the page works without."""
    return (Path(current_app.static_folder or "") / "built" / name).is_file()


def _fields(asked: Query) -> dict[str, tuple[str, ...]]:
    fields = {"default-graph-uri": asked.default_graphs, "named-graph-uri": asked.named_graphs}
    return {name: values for name, values in fields.items() if values}


def _page(
    query: str,
    fields: dict[str, tuple[str, ...]],
    status: int = 200,
    offers: tuple[Offer, ...] = (),
    **values: object,
) -> Response:
    address = f"{root_path()}/sparql?" + urlencode({"query": query, **fields}, doseq=True)
    return page(
        "sparql.html",
        status,
        query=query,
        fields=[(name, value) for name, found in fields.items() for value in found],
        offers=offers,
        address=address if len(address) <= LONGEST_ADDRESS else "",
        script=built("sparql.js"),
        limits=state().settings,
        origin=request.host_url.rstrip("/"),
        spoken=language(),
        **values,
    )
