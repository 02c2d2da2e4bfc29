"""The quality report: what each body's part of the dataset rests on, measured, as a table and as linked data.

``report/facts/`` holds the CONSTRUCT queries that pick out what is measured (which claim is about which body,
says what, on which source), ``report/metrics/`` the SELECT queries that measure it: a row a body, a column a
metric. The column ``names_ar`` is the metric ``concept:quality-names-ar``, labelled and defined in
``data/schemes/quality-metrics.ttl``.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from tempfile import TemporaryFile
from textwrap import shorten
from typing import Final

import click
from pyoxigraph import Literal, NamedNode, QuerySolutions, QueryTriples, RdfFormat, Store, Triple

from legation.namespaces import BASE, ID, PREFIXES, RELEASE
from legation.project import open_project, releases_folder
from legation.publish import serialize
from legation.publish.graphs import SCHEMES
from legation.publish.header import Header
from legation.release import ReleaseError, open_release

QUALITY_DATA: Final = "quality.ttl"
QUALITY_TABLE: Final = "tables/quality.csv"
NAMES_TABLE: Final = "tables/names.csv"
HEADINGS: Final[Mapping[str, str]] = {
    "claims": "claims",
    "disagreements": "disagree",
    "two_sources": "2 sources",
    "sources": "sources",
    "sources_official": "official",
    "sources_encyclopedia": "encycl.",
    "sources_research": "research",
    "sources_dataset": "dataset",
    "sources_press": "press",
    "sources_mirror": "mirror",
    "newest_source": "newest",
    "things": "things",
    "names_ar": "ar",
    "names_en": "en",
    "names_fr": "fr",
    "wikidata_found": "wd",
    "wikidata_missing": "no wd",
}
"""The metrics in the order of the table, with what stands above them in print."""
NAME_WIDTH: Final = 48
UNMEASURED: Final = Literal("")
LABELS: Final = "SELECT ?body ?name WHERE { ?body skos:prefLabel ?name . FILTER(LANG(?name) = 'en') }"

Measures = Mapping[str, Mapping[str, Literal]]
"""Body (the base IRI for the whole dataset) to metric to value."""


def quality_files(store: Store, header: Header) -> dict[str, bytes]:
    """Return the report of a dataset: as linked data (DQV) and as a table."""
    measures = measure(store)
    names = {row["body"].value: row["name"].value for row in select(store, LABELS)}
    return {
        QUALITY_DATA: serialize.turtle(quality_triples(measures, metrics(store), header)),
        QUALITY_TABLE: quality_table(measures, names),
    }


def measure(store: Store) -> Measures:
    """Return every metric of every body that a claim is about."""
    facts = Store()
    for query in queries("facts"):
        found = store.query(query, prefixes=dict(PREFIXES), use_default_graph_as_union=True)
        if not isinstance(found, QueryTriples):
            raise TypeError(f"facts must be a CONSTRUCT query, not: {query}")
        with TemporaryFile() as file:
            found.serialize(file, RdfFormat.N_TRIPLES)
            file.seek(0)
            facts.bulk_load(file, RdfFormat.N_TRIPLES)
    measures: dict[str, dict[str, Literal]] = defaultdict(dict)
    for query in queries("metrics"):
        found = select(facts, query)
        columns = [variable.value for variable in found.variables if variable.value != "body"]
        for row in found:
            for column in columns:
                if isinstance(row[column], Literal):
                    measures[row["body"].value][column] = row[column]
    return measures


def queries(kind: str) -> Iterator[str]:
    """Yield the text of every query of the report of one kind, in order of name."""
    folder = resources.files(__package__).joinpath("report").joinpath(kind)
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        yield file.read_text(encoding="utf-8")


def select(store: Store, query: str) -> QuerySolutions:
    """Return the rows of a SELECT query over the union of all graphs."""
    found = store.query(query, prefixes=dict(PREFIXES), use_default_graph_as_union=True)
    if not isinstance(found, QuerySolutions):
        raise TypeError(f"a metric must be a SELECT query, not: {query}")
    return found


def ranked(measures: Measures) -> list[str]:
    """Return the bodies, those with the most claims first; the whole dataset leads."""
    return sorted(measures, key=lambda body: (-int(measures[body]["claims"].value), body))


def metrics(store: Store) -> list[Triple]:
    """Return what the dataset says about its metrics: labels and definitions."""
    described = store.quads_for_pattern(None, None, None, SCHEMES)
    return [quad.triple for quad in described if str(quad.subject).startswith(f"<{ID}concept/quality-")]


def quality_triples(measures: Measures, described: Iterable[Triple], header: Header) -> Iterator[Triple]:
    """Yield the report in the words of the W3C Data Quality Vocabulary.

    A measurement is named ``…/release/<version>/quality.ttl#<metric>-<body>``, so that looking it up leads to
    the file; a body that a metric does not apply to has none. The whole dataset is the release itself.
    """
    rdf_type, dqv = NamedNode(f"{PREFIXES['rdf']}type"), PREFIXES["dqv"]
    release = f"{RELEASE}{header.version}"
    yield from described
    file = NamedNode(f"{release}/{QUALITY_DATA}")
    yield Triple(file, rdf_type, NamedNode(f"{dqv}QualityMetadata"))
    for column in HEADINGS:
        yield Triple(metric(column), rdf_type, NamedNode(f"{dqv}Metric"))
    for body in ranked(measures):
        about = NamedNode(release if body == BASE else body)
        slug = body.rpartition("/")[2] or "dataset"
        for column in HEADINGS:
            value = measures[body].get(column, UNMEASURED)
            if value == UNMEASURED:
                continue
            this = NamedNode(f"{file.value}#{column.replace('_', '-')}-{slug}")
            yield Triple(this, rdf_type, NamedNode(f"{dqv}QualityMeasurement"))
            yield Triple(this, NamedNode(f"{dqv}computedOn"), about)
            yield Triple(this, NamedNode(f"{dqv}isMeasurementOf"), metric(column))
            yield Triple(this, NamedNode(f"{dqv}value"), value)


def metric(column: str) -> NamedNode:
    """Return the metric that a column of the table holds."""
    return NamedNode(f"{ID}concept/quality-{column.replace('_', '-')}")


def quality_table(measures: Measures, names: Mapping[str, str]) -> bytes:
    """Return the report as CSV: a row a body, sorted by number of claims; the first row is the dataset's."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("body", "name", *HEADINGS))
    for body in ranked(measures):
        values = [measures[body].get(column, UNMEASURED).value for column in HEADINGS]
        writer.writerow((body, names.get(body, "the whole dataset"), *values))
    return text.getvalue().encode("utf-8")


@click.command("report")
@click.argument("what", type=click.Choice(["quality", "names"]), default="quality")
@click.option(
    "--release",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A release, or a folder of releases.  [default: releases/ in the project]",
)
def report_command(what: str, folder: Path | None) -> None:
    """Print the quality report of a release: what each body's claims rest on.

    `legation report names` lists the things whose names are missing in a language or are our own.
    """
    try:
        release = open_release(folder or releases_folder(open_project()))
    except ReleaseError as error:
        raise click.ClickException(str(error)) from error
    path = release.path / (QUALITY_TABLE if what == "quality" else NAMES_TABLE)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for line in quality_lines(rows) if what == "quality" else names_lines(rows):
        click.echo(line)


def quality_lines(rows: Sequence[Mapping[str, str]]) -> Iterator[str]:
    """Yield the report as a table for reading: a line of headings, then a line a body."""
    table = [("", *HEADINGS.values())]
    table += [
        (
            shorten(row["name"], NAME_WIDTH, placeholder=" …"),
            *(cell(row[column], column) for column in HEADINGS),
        )
        for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for name, *cells in table:
        aligned = (text.rjust(width) for text, width in zip(cells, widths[1:], strict=True))
        yield "  ".join((name.ljust(widths[0]), *aligned))


def cell(value: str, column: str) -> str:
    """Return a value as it is printed: a share in per cent, everything else as it is."""
    return f"{100 * float(value):.0f} %" if column == "two_sources" else value


def names_lines(rows: Sequence[Mapping[str, str]]) -> Iterator[str]:
    """Yield a line for each thing: the languages without a name, whether names are our own, and its names."""
    for row in rows:
        thing = row["thing"].removeprefix(ID)
        status = row["status"].rpartition("/")[2]
        missing = f"no {row['missing']}" if row["missing"] else ""
        names = " · ".join(row[name] for name in ("nameEn", "nameFr", "nameAr") if row[name])
        yield f"{thing}: {', '.join(filter(None, (missing, status)))}: {names}"
