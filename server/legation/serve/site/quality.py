"""The quality report of a release, as a page: what publishing measured, and nothing counted here."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from flask import Blueprint, Response
from pyoxigraph import NamedNode, RdfFormat, parse

from legation.namespaces import ID
from legation.serve.resources.things import DATA_OFFERS, graph_response
from legation.serve.site.pages import negotiate, page, presenter
from legation.serve.state import state
from legation.serve.web.formats import HTML
from legation.serve.web.operations import described
from legation.serve.web.problems import ProblemError
from legation.serve.words.labels import Text
from legation.serve.words.locales import XSD, spoken_date, spoken_number, spoken_share
from legation.serve.words.messages import marked, translate
from legation.serve.words.present import Presenter, Shown

blueprint: Final = Blueprint("quality", __name__)

TABLE: Final = "tables/quality.csv"
DATA: Final = "quality.ttl"
NAMING: Final = ("body", "name")
"""Columns that say what a row is about; every other column is a metric."""

GROUPS: Final = (
    (marked("Claims"), ("claims", "disagreements", "two_sources")),
    (marked("Sources"), ("sources", "sources_", "newest_source")),
    (marked("Things named"), ("things", "names_", "wikidata_")),
)
"""The headings of the page, each with the columns that stand under it, or what their names begin with."""

SHARE: Final = "two_sources"
DAY: Final = "newest_source"
DATE_BY_LENGTH: Final = MappingProxyType({4: "gYear", 7: "gYearMonth", 10: "date"})


@dataclass(frozen=True)
class Row:
    """What was measured of one body, or of the whole dataset."""

    body: Shown
    values: tuple[Shown, ...]


@dataclass(frozen=True)
class Group:
    """Metrics under one heading; ``title`` is a message."""

    title: str
    metrics: tuple[Shown, ...]


@blueprint.get("/quality")
@described(HTML, *DATA_OFFERS, errors=("not-found",))
def quality() -> Response:
    """Show the measurements of the release: a table to people, DQV to programs."""
    path = state().release.path
    if not (path / TABLE).is_file():
        raise ProblemError("not-found", "This release holds no quality report.")
    offer = negotiate((HTML, *DATA_OFFERS))
    if offer is not HTML:
        return graph_response(parse(path=path / DATA, format=RdfFormat.TURTLE), offer)
    table = read_table(path / TABLE)
    columns = grouped(column for column in table[0] if column not in NAMING)
    reader = presenter()
    groups = [
        Group(title, tuple(reader.show(NamedNode(metric_iri(column))) for column in found))
        for title, found in columns
    ]
    order = [column for _, found in columns for column in found]
    rows = [
        Row(body_of(row, reader), tuple(measured(column, row[column], reader.language) for column in order))
        for row in table
    ]
    return page("quality.html", groups=groups, rows=rows)


def read_table(path: Path) -> list[dict[str, str]]:
    """Return the rows of the table, the whole dataset first."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def metric_iri(column: str) -> str:
    """Return the concept that defines the metric of a column."""
    return f"{ID}concept/quality-{column.replace('_', '-')}"


def grouped(columns: Iterable[str]) -> list[tuple[str, list[str]]]:
    """Return the columns under the headings of the page; what no heading asks for stands under the last."""
    left = list(columns)
    found = []
    for title, wanted in GROUPS:
        last = title == GROUPS[-1][0]
        under = [one for one in left if last or any(_fits(one, name) for name in wanted)]
        left = [one for one in left if one not in under]
        found.append((title, under))
    return [(title, under) for title, under in found if under]


def _fits(column: str, name: str) -> bool:
    return column.startswith(name) if name.endswith("_") else column == name


def body_of(row: Mapping[str, str], reader: Presenter) -> Shown:
    """Return what a row is about: a body by its name, or the dataset as a whole."""
    if row["body"].startswith(ID):
        return reader.show(NamedNode(row["body"]))
    return Shown(Text(translate(marked("The whole dataset"), reader.language), reader.language))


def measured(column: str, value: str, language: str) -> Shown:
    """Return a measurement as the reader writes it: a count, a share or a date."""
    if not value:
        return Shown(Text(""))
    if column == DAY:
        said = spoken_date(value, f"{XSD}{DATE_BY_LENGTH.get(len(value), 'date')}", language)
    elif column == SHARE:
        said = spoken_share(float(value), language)
    else:
        said = spoken_number(value, language)
    return Shown(Text(said, language), time=column == DAY, machine=value)
