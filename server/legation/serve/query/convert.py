"""Results that another endpoint has sent, read to their end and written as ours are.

Read in a query worker: what comes from elsewhere gets no more time and memory there than a query does.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from pyoxigraph import (
    QueryBoolean,
    QueryResultsFormat,
    QuerySolutions,
    RdfFormat,
    Triple,
    parse,
    parse_query_results,
)

from legation.held import as_published
from legation.serve.query import wire
from legation.serve.query.results import Writer
from legation.serve.web.formats import ROWS

BINDINGS: Final = "bindings"
BOOLEAN: Final = "boolean"
GRAPH: Final = "graph"
"""What a result is: solutions, yes or no (both in SPARQL 1.1 JSON), or triples (in N-Triples)."""

ASKED: Final = "__ASK_RETVAL"
"""The variable that Virtuoso answers an ASK with: bound where the answer is yes."""


class UnreadableError(Exception):
    """The result is not whole, or not what was asked for; the message says what."""


def convert(file: BinaryIO, kind: str, writer: Writer, name: str, rows: int) -> wire.Frame:
    """Write the result in ``file`` in the format ``name``; raise ``UnreadableError`` where it is none."""
    file.seek(0)
    try:
        if kind == GRAPH:
            return writer.graph(_triples(file), name)
        results = _results(file, kind)
        if name == ROWS and isinstance(results, QuerySolutions):
            _read_to_the_end(results)
            file.seek(0)
            results = _results(file, kind)
        return writer.write(results, name, rows)
    except SyntaxError as error:
        raise UnreadableError(f"its answer cannot be read to the end ({error})") from error


def _triples(file: BinaryIO) -> Iterator[Triple]:
    for quad in parse(file, RdfFormat.N_TRIPLES):
        yield as_published(quad)


def _results(file: BinaryIO, kind: str) -> QuerySolutions | QueryBoolean:
    results = parse_query_results(file, QueryResultsFormat.JSON)
    if kind == BOOLEAN and isinstance(results, QuerySolutions):
        if [variable.value for variable in results.variables] != [ASKED]:
            raise UnreadableError("it answered an ASK query with solutions")
        return _boolean(any(True for _ in results))
    if (kind == BOOLEAN) != isinstance(results, QueryBoolean):
        raise UnreadableError("it answered a SELECT query with yes or no")
    return results


def _boolean(value: bool) -> QuerySolutions | QueryBoolean:  # the value that it is about
    text = b'{"head":{},"boolean":%s}' % (b"true" if value else b"false")
    return parse_query_results(text, QueryResultsFormat.JSON)


def _read_to_the_end(results: QuerySolutions) -> None:
    with Path(os.devnull).open("wb") as nowhere:
        results.serialize(nowhere, QueryResultsFormat.TSV)
