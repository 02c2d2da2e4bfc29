"""Results, expected and received, in one form that can be compared.

A result becomes an RDF dataset which RDFC-1.0 canonicalizes, so that two results are the same exactly when
their canonical lines are: graphs up to blank nodes, tables as multisets of rows under one bijection of
blank nodes, or row by row where the query orders them.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import unified_diff
from typing import Final

from pyoxigraph import (
    BlankNode,
    CanonicalizationAlgorithm,
    Dataset,
    Literal,
    NamedNode,
    Quad,
    QueryBoolean,
    QueryResultsFormat,
    RdfFormat,
    Triple,
    parse,
    parse_query_results,
)

Term = NamedNode | BlankNode | Literal | Triple
Row = tuple[Term | None, ...]

RS: Final = "http://www.w3.org/2001/sw/DataAccess/tests/result-set#"
ROW: Final = "tag:conformance:"
CELL: Final = NamedNode(f"{ROW}cell")
"""The datatype of a CSV cell here: CSV says neither of what kind nor of what type a term is."""

XSD: Final = "http://www.w3.org/2001/XMLSchema#"
INEXACT: Final = frozenset({"double", "float"})
EXACT: Final = frozenset(
    [
        "decimal",
        "integer",
        "long",
        "int",
        "short",
        "byte",
        "unsignedLong",
        "unsignedInt",
        "unsignedShort",
        "unsignedByte",
        "nonNegativeInteger",
        "nonPositiveInteger",
        "positiveInteger",
        "negativeInteger",
    ]
)
BOOLEANS: Final = {"0": "false", "1": "true"}

TABLE_TYPES: Final = {
    "application/sparql-results+json": QueryResultsFormat.JSON,
    "application/sparql-results+xml": QueryResultsFormat.XML,
    "text/tab-separated-values": QueryResultsFormat.TSV,
}
GRAPH_TYPES: Final = {
    "text/turtle": RdfFormat.TURTLE,
    "application/rdf+xml": RdfFormat.RDF_XML,
    "application/n-triples": RdfFormat.N_TRIPLES,
}
CSV_TYPE: Final = "text/csv"
SUFFIX_TYPES: Final = {
    "srj": "application/sparql-results+json",
    "srx": "application/sparql-results+xml",
    "tsv": "text/tab-separated-values",
    "csv": CSV_TYPE,
    "ttl": "text/turtle",
    "rdf": "application/rdf+xml",
    "nt": "application/n-triples",
}


class ResultError(Exception):
    """Bytes that are not a result in the format they claim."""


@dataclass(frozen=True)
class Table:
    """The solutions of a SELECT query."""

    variables: tuple[str, ...]
    rows: tuple[Row, ...]


Result = Table | bool | Dataset


def read_result(data: bytes, media_type: str, base: str | None = None) -> Result:
    """Read a result document; raise ``ResultError`` where it is none."""
    try:
        if media_type == CSV_TYPE:
            return _csv_table(data)
        if media_type in TABLE_TYPES:
            return _table(data, TABLE_TYPES[media_type])
        graph = Dataset(parse(data, format=GRAPH_TYPES[media_type], base_iri=base))
    except KeyError:
        raise ResultError(f"{media_type!r} is not a format of results") from None
    except (SyntaxError, ValueError) as error:
        raise ResultError(f"not {media_type}: {error}") from error
    return _result_set(graph) or graph


def differences(expected: Result, received: Result, *, ordered: bool) -> list[str]:
    """Return what tells two results apart, as lines of a diff; none where they are the same, term by term."""
    if type(expected) is not type(received):
        return [f"expected {type(expected).__name__}, received {type(received).__name__}"]
    wanted, got = _lines(expected, ordered), _lines(received, ordered)
    return list(unified_diff(wanted, got, "expected", "received", lineterm="", n=0))


def with_values(result: Result) -> Result:
    """Return ``result`` with each number and boolean in one lexical form: ``1.0`` and ``1.00`` are the same.

    Datatypes stay: an ``xsd:int`` is not an ``xsd:integer``.
    """
    if isinstance(result, bool):
        return result
    if isinstance(result, Dataset):
        return Dataset(Quad(quad.subject, quad.predicate, _by_value(quad.object)) for quad in result)
    rows = (tuple(None if term is None else _by_value(term) for term in row) for row in result.rows)
    return Table(result.variables, tuple(rows))


def _by_value(term: Term) -> Term:
    if isinstance(term, Triple):
        return Triple(term.subject, term.predicate, _by_value(term.object))
    return _canonical_literal(term) if isinstance(term, Literal) else term


def _canonical_literal(literal: Literal) -> Literal:
    """Return a number or a boolean in one lexical form; another literal, or an ill-typed one, as it is."""
    kind = literal.datatype.value.removeprefix(XSD)
    text = literal.value
    try:
        if kind in INEXACT or literal.datatype == CELL:
            text = repr(float(text))
        elif kind in EXACT:
            text = str(Decimal(text).normalize())
        elif kind == "boolean":
            text = BOOLEANS.get(text, text)
    except (ValueError, ArithmeticError):
        return literal
    return Literal(text, datatype=literal.datatype) if text != literal.value else literal


def _table(data: bytes, form: QueryResultsFormat) -> Table | bool:
    results = parse_query_results(data, format=form)
    if isinstance(results, QueryBoolean):
        return bool(results)
    names = tuple(variable.value for variable in results.variables)
    return Table(names, tuple(tuple(solution[name] for name in names) for solution in results))


def _csv_table(data: bytes) -> Table:
    """Read a CSV result, whose cells say no more of a term than its text and whether it is a blank node."""
    header, *records = csv.reader(io.StringIO(data.decode("utf-8"), newline=""), strict=True)
    if any(len(record) != len(header) for record in records):
        raise ResultError("a CSV row that is longer or shorter than the header")
    return Table(tuple(header), tuple(tuple(map(_csv_term, record)) for record in records))


def _csv_term(cell: str) -> Term:
    return BlankNode(cell[2:]) if cell.startswith("_:") else Literal(cell, datatype=CELL)


def _result_set(graph: Dataset) -> Table | None:
    """Return the table that a graph describes as a result set; ``None`` for another graph."""
    variables = (quad.object for quad in graph if quad.predicate.value == f"{RS}resultVariable")
    names = [variable.value for variable in variables if isinstance(variable, Literal)]
    if not names:
        return None
    parts: dict[str, dict[str, list[Term]]] = {}
    for quad in graph:
        parts.setdefault(str(quad.subject), {}).setdefault(quad.predicate.value, []).append(quad.object)
    solutions = [term for part in parts.values() for term in part.get(f"{RS}solution", [])]
    rows = []
    for solution in solutions:
        bindings = [parts[str(term)] for term in parts[str(solution)].get(f"{RS}binding", [])]
        cells = {binding[f"{RS}variable"][0]: binding[f"{RS}value"][0] for binding in bindings}
        rows.append(tuple(cells.get(Literal(name)) for name in names))
    return Table(tuple(names), tuple(rows))


def _lines(result: Result, ordered: bool) -> Sequence[str]:
    if isinstance(result, bool):
        return [str(result)]
    if isinstance(result, Dataset):
        return _canonical(result)
    header = [f"variable {name}" for name in sorted(result.variables)]
    # Equal rows become one with a number: rows that only blank nodes tell apart are costly to canonicalize.
    numbered = [(row, at) for at, row in enumerate(result.rows)] if ordered else Counter(result.rows).items()
    return header + _canonical(_row_quads(result.variables, numbered))


def _row_quads(variables: Sequence[str], numbered: Iterable[tuple[Row, int]]) -> Iterator[Quad]:
    """Yield each row as a blank node with a number and the terms it binds."""
    for row, number in numbered:
        subject = BlankNode()
        yield Quad(subject, NamedNode(f"{ROW}number"), Literal(number))
        for name, term in zip(variables, row, strict=True):
            if term is not None:
                yield Quad(subject, NamedNode(f"{ROW}variable:{name}"), term)


def _canonical(quads: Iterable[Quad]) -> list[str]:
    dataset = Dataset(quads)
    dataset.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
    return sorted(str(quad) for quad in dataset)
