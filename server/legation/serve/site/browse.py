"""Browse: lists by kind, narrowed by type, state, body and year, sorted, a page at a time, or as CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from legation.namespaces import ID, KINDS, LEG
from legation.serve.site.directory.entries import FACETS
from legation.serve.site.directory.read import SORTS, Filter, Listed, Order, Place
from legation.serve.site.pages import language, negotiate, page, presenter
from legation.serve.state import state
from legation.serve.web import caching
from legation.serve.web.formats import HTML
from legation.serve.web.iris import ENTITY_KINDS, kind_and_slug
from legation.serve.web.negotiation import Offer
from legation.serve.web.operations import Parameter, described
from legation.serve.web.problems import ProblemError
from legation.serve.words.labels import FALLBACK, LANGUAGES, Text
from legation.serve.words.locales import language_name
from legation.serve.words.messages import marked
from legation.serve.words.present import Presenter, Shown

blueprint: Final = Blueprint("browse", __name__)

CSV: Final = Offer("csv", "text/csv")
A_PAGE: Final = 50
FEW_VALUES: Final = 10
"""Values of a facet that are in sight; the others fold out."""

VALUES_AT_MOST: Final = 80
FACET_TITLES: Final = {
    "type": marked("Type"),
    "state": marked("State"),
    "body": marked("Body"),
    "year": marked("Year"),
}
LARGEST: Final = 2**63 - 1
"""The largest number that the directory compares with."""

FIELDS: Final = (
    *(Parameter(facet, f"Only things of this {facet}.") for facet in FACETS),
    Parameter(
        "sort",
        "The order; with - before it, the other way round.",
        {"type": "string", "examples": list(SORTS)},
    ),
    Parameter("after", "Where the page begins: as the page before it links to it."),
)
COLUMNS: Final = ("iri", "name_ar", "name_en", "name_fr", "type", "state", "body", "date", "claims")


@dataclass(frozen=True)
class Value:
    """One value of a facet, with how many things have it and where choosing or dropping it leads."""

    name: Shown
    count: int
    address: str
    chosen: bool


@dataclass(frozen=True)
class Line:
    """One row of a list as a page shows it."""

    name: Shown
    about: tuple[Shown, ...]
    types: tuple[Shown, ...]
    states: tuple[Shown, ...]
    bodies: tuple[Shown, ...]
    date: str
    claims: int


@blueprint.get("/browse/")
@described(HTML)
def index() -> Response:
    """Show what there is: how many things of each kind, and in each year."""
    directory = state().directory
    counts = directory.kinds()
    years: dict[str, dict[str, int]] = {}
    for kind in ENTITY_KINDS:
        for year, count in directory.tallies(kind, Filter(), "year"):
            years.setdefault(year, {})[kind] = count
    kinds = [kind for kind in (*ENTITY_KINDS, "source", "claim", "concept") if counts.get(kind)]
    dated = [kind for kind in ENTITY_KINDS if any(kind in row for row in years.values())]
    reader = presenter()
    return page(
        "browse_index.html",
        counts=[(kind, counts[kind]) for kind in kinds],
        dated=dated,
        kinds=[kind for kind in ENTITY_KINDS if counts.get(kind)],
        years=sorted(years.items(), reverse=True),
        places={facet: across(facet, reader) for facet in ("state", "body")},
    )


def across(facet: str, reader: Presenter) -> list[tuple[Shown, dict[str, int]]]:
    """Return the values of a facet that most things have, with how many of each kind."""
    found: dict[str, dict[str, int]] = {}
    for kind in ENTITY_KINDS:
        for value, count in state().directory.tallies(kind, Filter(), facet):
            found.setdefault(value, {})[kind] = count
    most = sorted(found, key=lambda value: -sum(found[value].values()))[:40]
    return [(reader.named(value), found[value]) for value in most]


@blueprint.get("/browse/<kind>")
@described(HTML, CSV, errors=("bad-request", "not-found"), fields=FIELDS)
def browse(kind: str) -> Response:
    """List the things of one kind: a page to people, the whole list as CSV."""
    if kind not in KINDS:
        raise ProblemError("not-found", f"There is no kind of thing called {kind}.")
    wanted, order = wanted_things(), wanted_order()
    if negotiate((HTML, CSV)) is CSV:
        return as_csv(kind, wanted, order)
    rows = state().directory.page(kind, wanted, order, A_PAGE + 1, wanted_place(order))
    reader = presenter()
    return page(
        "browse.html",
        kind=kind,
        kinds=(*ENTITY_KINDS, "source", "claim", "concept"),
        total=state().directory.count(kind, wanted),
        lines=[line(row, reader) for row in rows[:A_PAGE]],
        facets=[(title, facet_values(kind, wanted, facet, reader)) for facet, title in FACET_TITLES.items()],
        few=FEW_VALUES,
        order=order,
        sorts={name: address(sort=sort_after(name, order)) for name in SORTS},
        following=after(rows[A_PAGE - 1].place) if len(rows) > A_PAGE else None,
        first=address() if "after" in request.args else None,
        as_csv=address(format="csv"),
    )


def wanted_things() -> Filter:
    """Return what the address asks for; names become IRIs, so that nothing else can be asked."""
    starts = {"type": LEG, "state": f"{ID}state/", "body": f"{ID}body/", "year": ""}
    asked = {facet: request.args[facet] for facet in FACETS if request.args.get(facet)}
    found = {facet: f"{starts[facet]}{value}" for facet, value in asked.items()}
    if asked.get("type", "").startswith("concept/"):
        found["type"] = f"{ID}{asked['type']}"
    return Filter(**found)


def short(facet: str, value: str) -> str:
    """Return a value of a facet as addresses have it."""
    if facet == "year" or (found := kind_and_slug(value)) is None:
        return value.removeprefix(LEG)
    return f"concept/{found[1]}" if facet == "type" else found[1]


def wanted_order() -> Order:
    """Return the order that the address asks for, by name where it asks for none."""
    asked = request.args.get("sort", SORTS[0])
    if asked.removeprefix("-") not in SORTS:
        choice = ", ".join(SORTS)
        raise ProblemError(
            "bad-request", f"“sort” is {asked!r}; it is one of {choice}, or one with - before it."
        )
    return Order(asked.removeprefix("-"), asked.startswith("-"), language())


def wanted_place(order: Order) -> Place | None:
    """Return the place that the address begins after; raise the 400 where it is not one of ours."""
    asked = request.args.get("after")
    if asked is None:
        return None
    place = read_place(asked, order)
    if place is None:
        raise ProblemError("bad-request", "“after” is not a place in this list.")
    return place


def read_place(text: str, order: Order) -> Place | None:
    """Return the place that ``text`` says, as ``after`` writes it, or ``None`` where it says none."""
    try:
        value, iri = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return None
    if order.by == "claims":
        in_reach = type(value) is int and abs(value) <= LARGEST
    else:
        in_reach = isinstance(value, str) and is_text(value)
    return Place(value, iri) if in_reach and isinstance(iri, str) and is_text(iri) else None


def is_text(value: str) -> bool:
    """Tell whether ``value`` is Unicode text: JSON can spell half a character."""
    return not any("\ud800" <= character <= "\udfff" for character in value)


def address(**changes: str | None) -> str:
    """Return the address of this list with some fields changed or dropped, from its beginning."""
    kept = {name: value for name, value in request.args.items() if name not in ("after", "lang", "format")}
    fields = {name: value for name, value in {**kept, **changes}.items() if value is not None}
    return f"?{urlencode(fields)}"


def after(place: Place) -> str:
    """Return the address of what follows a place."""
    return address(after=json.dumps([place.value, place.iri], ensure_ascii=False, separators=(",", ":")))


def sort_after(name: str, order: Order) -> str:
    """Return the order that choosing a column leads to: the other way round where it is the order already."""
    first_down = name != "name"
    down = not order.backwards if order.by == name else first_down
    return f"-{name}" if down else name


def facet_values(kind: str, wanted: Filter, facet: str, reader: Presenter) -> list[Value]:
    """Return the values of a facet among what is wanted."""
    chosen = wanted.values()[facet]
    found = []
    for value, count in state().directory.tallies(kind, wanted, facet)[:VALUES_AT_MOST]:
        leads = address(**{facet: None if value == chosen else short(facet, value)})
        shown = Shown(Text(value)) if facet == "year" else reader.named(value)
        found.append(Value(Shown(shown.text), count, leads, value == chosen))
    return sorted(found, key=lambda one: one.name.text.value, reverse=True) if facet == "year" else found


def line(row: Listed, reader: Presenter) -> Line:
    """Return a row of a list as a page shows it."""
    named = name_of(row, reader)
    parts = {facet: tuple(reader.named(value) for value in row.facets.get(facet, ())) for facet in FACETS[:3]}
    about = tuple(reader.named(iri) for iri in row.matter)
    return Line(named, about, parts["type"], parts["state"], parts["body"], row.date, row.claims)


def name_of(row: Listed, reader: Presenter) -> Shown:
    """Return the name of a row, leading to its page; a claim's is its number."""
    order = (*FALLBACK[reader.language], "", *sorted(row.names))
    tag = next((tag for tag in order if tag in row.names), None)
    if tag is None:
        return Shown(Text((kind_and_slug(row.iri) or ("", row.iri))[1]), row.iri, reader.href(row.iri))
    foreign = language_name(tag, reader.language) if tag not in ("", reader.language) else ""
    return Shown(Text(row.names[tag], tag), row.iri, reader.href(row.iri), tongue=foreign)


def as_csv(kind: str, wanted: Filter, order: Order) -> Response:
    """Return the whole list as CSV: names in three languages, the others as IRIs, several with spaces."""
    etag = caching.etag_for(CSV.media_type)
    if caching.is_fresh(etag):
        return caching.not_modified(etag)
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows(csv_rows(state().directory.page(kind, wanted, order, -1)))
    response = Response(written.getvalue(), mimetype=CSV.media_type)
    response.set_etag(etag)
    response.headers["Content-Disposition"] = f'inline; filename="{kind}.csv"'
    return response


def csv_rows(rows: Sequence[Listed]) -> Iterator[tuple[str | int, ...]]:
    """Yield the cells of each row."""
    for row in rows:
        names = (row.names.get(language, "") for language in sorted(LANGUAGES))
        joined = (" ".join(row.facets.get(facet, ())) for facet in FACETS[:3])
        yield (row.iri, *names, *joined, row.date, row.claims)
