"""Overviews: what follows from claims, taken together over all bodies, as sorted tables and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from flask import Blueprint, Response, request
from pyoxigraph import NamedNode

from legation.namespaces import PREFIXES
from legation.serve.engine import Row, Term
from legation.serve.site.pages import negotiate, page, presenter
from legation.serve.site.partners import KINDS, Drawing, draw, ties_of
from legation.serve.state import state
from legation.serve.web.formats import HTML
from legation.serve.web.iris import thing
from legation.serve.web.negotiation import Offer
from legation.serve.web.operations import Parameter, described
from legation.serve.web.problems import ProblemError
from legation.serve.words.labels import direction
from legation.serve.words.messages import marked
from legation.serve.words.present import Presenter, Shown

blueprint: Final = Blueprint("overview", __name__)

FOLDER: Final = Path(__file__).parent
CSV: Final = Offer("csv", "text/csv")
FIELDS: Final = (
    Parameter(
        "of", "Only rows about this thing, such as body/gctf: with it in the first column, or a partner."
    ),
    Parameter("sort", "A column; with - before it, backwards."),
)


PARTNERS: Final = "partners"
"""The overview that has a drawing, too."""


@dataclass(frozen=True)
class Overview:
    """One overview: what it is called, and its columns, by the variables of its query."""

    title: str
    columns: tuple[str, ...]
    mutual: str = ""
    """The column whose things are told about as much as those of the first, where there is one."""


OVERVIEWS: Final[Mapping[str, Overview]] = {
    "heads": Overview(
        marked("Last known heads of bodies"), ("body", "holder", "post", "start", "asOf", "end", "claim")
    ),
    "co-chairs": Overview(
        marked("Co-chairs in order"), ("body", "start", "asOf", "end", "holder", "representing", "claim")
    ),
    "holders": Overview(
        marked("Holders of posts, by body"),
        ("body", "post", "start", "asOf", "end", "holder", "representing", "rank", "claim"),
    ),
    "representatives": Overview(
        marked("Who represents which state, and where"), ("state", "holder", "post", "body")
    ),
    "seats": Overview(marked("Bodies by seat"), ("state", "place", "body")),
    PARTNERS: Overview(
        marked("Agreements and partners"), ("body", "tie", "partner", "instrument", "date"), "partner"
    ),
}
HEADINGS: Final[Mapping[str, str]] = {
    "asOf": marked("As of"),
    "body": marked("Body"),
    "claim": marked("Claim"),
    "date": marked("Date"),
    "end": marked("To"),
    "holder": marked("Holder"),
    "instrument": marked("Instrument"),
    "partner": marked("Partner"),
    "place": marked("Place"),
    "post": marked("Post"),
    "rank": marked("Rank"),
    "representing": marked("On behalf of"),
    "start": marked("From"),
    "state": marked("State"),
    "tie": marked("Tie"),
}


@blueprint.get("/overview/")
@described(HTML)
def index() -> Response:
    """List the overviews."""
    return page("overviews.html", overviews=OVERVIEWS)


@blueprint.get("/overview/<name>")
@described(HTML, CSV, errors=("bad-request", "not-found"), fields=FIELDS)
def show(name: str) -> Response:
    """Return an overview: a table to people, CSV to programs."""
    overview = OVERVIEWS.get(name)
    if overview is None:
        raise ProblemError("not-found", f"There is no overview called {name}.")
    column, backwards = wanted_order(overview)
    reader = presenter()
    of = wanted_thing()
    rows = in_order(rows_of(name, overview, of), overview, reader)
    if column:
        rows.sort(key=lambda row: order_of(row.get(column), reader), reverse=backwards)
    if negotiate((HTML, CSV)) is CSV:
        return as_csv(name, overview, rows)
    return page(
        "overview.html",
        name=name,
        of=request.args.get("of"),
        about=reader.show(of) if of else None,
        overview=overview,
        overviews=OVERVIEWS,
        headings=HEADINGS,
        column=column,
        backwards=backwards,
        rows=[cells(row, overview, reader) for row in rows],
        drawing=drawing_of(rows, reader) if name == PARTNERS else None,
        kinds=KINDS,
    )


def rows_of(name: str, overview: Overview, of: NamedNode | None) -> Sequence[Row]:
    """Return the rows of an overview, those about one thing where one is given."""
    first = overview.columns[0]
    if of is None or not overview.mutual:
        return state().engine.select(query_of(name), {first: of} if of else {})
    rows = state().engine.select(query_of(name), {})
    return [row for row in rows if of in (row.get(first), row.get(overview.mutual))]


def drawing_of(rows: Iterable[Row], reader: Presenter) -> Drawing | None:
    """Return the drawing of who is tied to whom."""
    ends = ((row["body"], row["tie"], row["partner"]) for row in rows)
    return draw(
        ties_of((value_of(body), value_of(tie), value_of(partner)) for body, tie, partner in ends),
        reader,
        mirrored=direction(reader.language) == "rtl",
    )


def wanted_order(overview: Overview) -> tuple[str, bool]:
    """Return the column that the address sorts by, and whether backwards; none where it says none."""
    asked = request.args.get("sort", "")
    if asked and asked.removeprefix("-") not in overview.columns:
        choice = ", ".join(overview.columns)
        raise ProblemError(
            "bad-request", f"“sort” is {asked!r}; it is one of {choice}, or one with - before it."
        )
    return asked.removeprefix("-"), asked.startswith("-")


def wanted_thing() -> NamedNode | None:
    """Return the thing that the address asks about; raise the 400 where it names none."""
    asked = request.args.get("of")
    if not asked:
        return None
    kind, _, slug = asked.partition("/")
    if (found := thing(kind, slug)) is None:
        raise ProblemError("bad-request", f"“of” is {asked!r}; it names a thing, such as body/gctf.")
    return found


def in_order(rows: Sequence[Row], overview: Overview, reader: Presenter) -> list[Row]:
    """Return rows by their columns from the first to the last, as the reader sees them."""
    return sorted(rows, key=lambda row: [order_of(row.get(column), reader) for column in overview.columns])


def order_of(term: Term | None, reader: Presenter) -> tuple[bool, str]:
    """Return what a cell is sorted by; empty cells come last."""
    return (True, "") if term is None else (False, reader.order(term))


def cells(row: Row, overview: Overview, reader: Presenter) -> list[Shown | None]:
    """Return the cells of a row, in the order of the columns."""
    return [reader.show(row[column]) if column in row else None for column in overview.columns]


def as_csv(name: str, overview: Overview, rows: Sequence[Row]) -> Response:
    """Return an overview as CSV: IRIs and values as the data has them, and the name of each thing."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    reader = presenter()
    named = [column for column in overview.columns if column not in ("start", "end", "asOf", "date", "claim")]
    writer.writerow([*overview.columns, *(f"{column}Name" for column in named)])
    for row in rows:
        values = [value_of(row.get(column)) for column in overview.columns]
        names = [reader.show(row[column]).text.value if column in row else "" for column in named]
        writer.writerow([*values, *names])
    response = Response(written.getvalue(), mimetype=CSV.media_type)
    response.headers["Content-Disposition"] = f'inline; filename="{name}.csv"'
    response.headers["Content-Language"] = reader.language
    return response


def value_of(term: Term | None) -> str:
    """Return an IRI or the value of a literal."""
    return str(getattr(term, "value", "")) if term is not None else ""


@cache
def query_of(name: str) -> str:
    """Return the query of an overview, with the project's prefixes before it."""
    prefixes = (f"PREFIX {prefix}: <{space}>" for prefix, space in PREFIXES.items())
    return "\n".join([*prefixes, (FOLDER / f"{name}.rq").read_text(encoding="utf-8")])
