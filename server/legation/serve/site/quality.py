"""The quality report of a release, as a page: what publishing measured, and nothing counted here."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
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
from legation.serve.words.present import Shown

blueprint: Final = Blueprint("quality", __name__)

TABLE: Final = "tables/quality.csv"
DATA: Final = "quality.ttl"
NAMING: Final = ("body", "name")
"""Columns that say what a row is about; every other column is a metric."""


@dataclass(frozen=True)
class Row:
    """What was measured of one body, or of the whole dataset."""

    body: Shown
    values: tuple[str, ...]


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
    metrics = [NamedNode(metric_iri(column)) for column in table[0] if column not in NAMING]
    bodies = [NamedNode(row["body"]) for row in table]
    reader = presenter()
    rows = [Row(reader.show(body), values(row)) for body, row in zip(bodies, table, strict=True)]
    return page("quality.html", metrics=[reader.show(metric) for metric in metrics], rows=rows)


def read_table(path: Path) -> list[dict[str, str]]:
    """Return the rows of the table, the whole dataset first."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def metric_iri(column: str) -> str:
    """Return the concept that defines the metric of a column."""
    return f"{ID}concept/quality-{column.replace('_', '-')}"


def values(row: Mapping[str, str]) -> tuple[str, ...]:
    """Return the measurements of a row, in the order of the columns."""
    return tuple(value for column, value in row.items() if column not in NAMING)
