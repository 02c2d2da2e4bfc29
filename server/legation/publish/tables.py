"""The main tables as CSV, for those who come with a spreadsheet: one SELECT query a table, in ``tables/``."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources

from pyoxigraph import QueryResultsFormat, QuerySolutions, Store

from legation.namespaces import PREFIXES


def tables(store: Store) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the CSV text of each table."""
    for file in sorted(resources.files(__package__).joinpath("tables").iterdir(), key=lambda file: file.name):
        if file.name.endswith(".rq"):
            yield file.name.removesuffix(".rq"), table(store, file.read_text(encoding="utf-8"))


def table(store: Store, query: str) -> bytes:
    """Return one table: the answer to a SELECT query over all graphs, as SPARQL 1.1 CSV."""
    result = store.query(query, prefixes=dict(PREFIXES), use_default_graph_as_union=True)
    if not isinstance(result, QuerySolutions):
        raise TypeError(f"a table must be a SELECT query, not: {query}")
    return result.serialize(format=QueryResultsFormat.CSV) or b""
