"""The formats: one table of offers for graphs, one for query results, and how each is written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain, islice, takewhile
from types import MappingProxyType
from typing import IO, Any, Final, Protocol

from pyoxigraph import (
    BlankNode,
    DefaultGraph,
    Literal,
    NamedNode,
    Quad,
    QueryBoolean,
    QueryResultsFormat,
    QuerySolutions,
    RdfFormat,
    Triple,
    serialize,
)

from legation.namespaces import PREFIXES
from legation.serve.web.negotiation import Offer

HTML: Final = Offer("html", "text/html")

GRAPH_OFFERS: Final = (
    Offer("ttl", "text/turtle"),
    Offer("jsonld", "application/ld+json"),
    Offer("rdf", "application/rdf+xml"),
    Offer("nt", "application/n-triples"),
    Offer("nq", "application/n-quads"),
    Offer("trig", "application/trig"),
)
GRAPH_ALIASES: Final = (
    Offer("jsonld", "application/json"),
    Offer("rdf", "application/xml"),
    Offer("rdf", "text/xml"),
    Offer("nt", "text/plain"),
)
"""Other media types that name a format of ours, each sent as what was asked for."""

RESULT_OFFERS: Final = (
    Offer("json", "application/sparql-results+json"),
    Offer("xml", "application/sparql-results+xml"),
    Offer("csv", "text/csv"),
    Offer("tsv", "text/tab-separated-values"),
)
RESULT_ALIASES: Final = (
    Offer("json", "application/json"),
    Offer("xml", "application/xml"),
    Offer("xml", "text/xml"),
)

GRAPH_FORMATS: Final[Mapping[str, RdfFormat]] = MappingProxyType(
    {
        "ttl": RdfFormat.TURTLE,
        "jsonld": RdfFormat.JSON_LD,
        "rdf": RdfFormat.RDF_XML,
        "nt": RdfFormat.N_TRIPLES,
        "nq": RdfFormat.N_QUADS,
        "trig": RdfFormat.TRIG,
    }
)
RESULT_FORMATS: Final[Mapping[str, QueryResultsFormat]] = MappingProxyType(
    {
        "json": QueryResultsFormat.JSON,
        "xml": QueryResultsFormat.XML,
        "csv": QueryResultsFormat.CSV,
        "tsv": QueryResultsFormat.TSV,
    }
)

ROWS: Final = "rows"
"""The first rows of a result, for a page; this format never leaves the server."""

SORTED_AT_MOST: Final = 20_000


class Sink(Protocol):
    """Anything bytes can be written to."""

    def write(self, data: bytes, /) -> int:
        """Take ``data``."""
        ...

    def flush(self) -> None:
        """Finish what is pending."""
        ...


TYPE: Final = f"{PREFIXES['rdf']}type"
PREFIXED: Final = re.compile(rb"(?:^|[\t ^])([a-z0-9]+):", re.MULTILINE)
"""The prefix of a name in Turtle, or what looks like one within a text."""


def write_graph(
    statements: Iterable[Triple] | Iterable[Quad],
    name: str,
    sink: Sink | IO[bytes],
    context: Mapping[str, Any],
) -> None:
    """Write ``statements`` in the format called ``name``; a small graph is sorted, so that it reads well.

    ``context`` is the value of ``@context`` that compact JSON-LD carries.
    """
    chosen = GRAPH_FORMATS[name]
    iterator: Iterator[Triple | Quad] = iter(statements)
    first = list(islice(iterator, SORTED_AT_MOST))
    if len(first) < SORTED_AT_MOST and not chosen.supports_datasets:
        sink.write(write_sorted(sorted(set(_as_triples(first)), key=sort_key), name))
        return
    ordered: Iterator[Triple | Quad] = chain(_in_order(first), iterator)
    if chosen == RdfFormat.JSON_LD:
        _write_json_ld(_as_triples(ordered), sink, context)
    elif len(first) == SORTED_AT_MOST:
        plain = ordered if chosen.supports_datasets else _as_triples(ordered)
        serialize(plain, sink, chosen, prefixes=dict(PREFIXES))  # type: ignore[arg-type]
    else:
        written = serialize(ordered, format=chosen, prefixes=used_prefixes(first))  # type: ignore[arg-type]
        sink.write(_sorted_header(written or b""))


def write_sorted(triples: Sequence[Triple], name: str) -> bytes:
    """Return sorted triples in the format called ``name``, as ``write_graph`` writes them: not JSON-LD."""
    chosen = GRAPH_FORMATS[name]
    if chosen != RdfFormat.TURTLE:
        return serialize(triples, format=chosen, prefixes=used_prefixes(triples)) or b""
    lines = (serialize(triples, format=chosen, prefixes=dict(PREFIXES)) or b"").split(b"\n")
    header = list(takewhile(lambda line: line.startswith(b"@prefix "), lines))
    body = b"\n".join(lines[len(header) :])
    used = set(PREFIXED.findall(body))
    return b"\n".join([*(line for line in sorted(header) if line[8 : line.index(b":")] in used), body])


def _write_json_ld(triples: Iterator[Triple], sink: Sink | IO[bytes], context: Mapping[str, Any]) -> None:
    from legation.jsonld import compact  # noqa: PLC0415  # most answers are in other formats

    document = compact(dict.fromkeys(triples), context)
    sink.write(json.dumps(document, ensure_ascii=False, indent=1).encode())
    sink.write(b"\n")


def _sorted_header(written: bytes) -> bytes:
    """Return a Turtle or TriG text with its prefixes in order; any other text as it is."""
    lines = written.split(b"\n")
    header = list(takewhile(lambda line: line.startswith(b"@prefix "), lines))
    return b"\n".join([*sorted(header), *lines[len(header) :]])


def _in_order(statements: list[Triple | Quad]) -> list[Triple | Quad]:
    """Return the statements sorted when they all are here, so that every subject stands together."""
    if len(statements) == SORTED_AT_MOST:
        return statements
    return sorted(statements, key=sort_key)


def sort_key(statement: Triple | Quad) -> tuple[str, str, bool, str, str]:
    """Return what statements are sorted by: graph, subject, whether they tell its type, property, value."""
    graph = str(statement.graph_name) if isinstance(statement, Quad) else ""
    predicate = statement.predicate.value
    is_type = predicate == TYPE
    return (graph, str(statement.subject), not is_type, predicate, str(statement.object))


def _as_triples(statements: Iterable[Triple | Quad]) -> Iterator[Triple]:
    for statement in statements:
        yield statement.triple if isinstance(statement, Quad) else statement


def used_prefixes(statements: Iterable[Triple | Quad]) -> dict[str, str]:
    """Return the part of the prefix table that ``statements`` use, for headers without ballast."""
    iris = {term.value for term in {term for one in statements for term in _names(one)}}
    # Namespaces end with a separator, so that what stands after the last one in an IRI does not matter.
    starts = {iri[: max(iri.rfind("/"), iri.rfind("#")) + 1] for iri in iris}
    used = {prefix for start in starts if (prefix := _prefix_of(start)) is not None}
    return {prefix: PREFIXES[prefix] for prefix in sorted(used)}


@lru_cache(maxsize=1024)
def _prefix_of(start: str) -> str | None:
    """Return the prefix of the longest namespace that ``start`` begins with."""
    fitting = (prefix for prefix, namespace in PREFIXES.items() if start.startswith(namespace))
    return max(fitting, key=lambda prefix: len(PREFIXES[prefix]), default=None)


def _names(statement: Triple | Quad) -> Iterator[NamedNode]:
    """Yield the IRIs that a statement mentions, with those of datatypes."""
    terms: tuple[Any, ...] = (statement.subject, statement.predicate, statement.object)
    if isinstance(statement, Quad):
        terms = (*terms, statement.graph_name)
    for term in terms:
        if isinstance(term, NamedNode):
            yield term
        elif isinstance(term, Literal):
            yield term.datatype
        elif isinstance(term, Triple):
            yield from _names(term)


def rows_of(results: QuerySolutions | QueryBoolean, limit: int) -> dict[str, Any]:
    """Return a result as plain data for a page: at most ``limit`` rows, and whether there are more."""
    if isinstance(results, QueryBoolean):
        return {"boolean": bool(results)}
    variables = [variable.value for variable in results.variables]
    rows = [[_cell(solution[name]) for name in variables] for solution in islice(results, limit)]
    return {"variables": variables, "rows": rows, "more": next(iter(results), None) is not None}


def _cell(term: NamedNode | BlankNode | Literal | Triple | DefaultGraph | None) -> dict[str, str] | None:
    match term:
        case None | DefaultGraph():
            return None
        case NamedNode():
            return {"type": "uri", "value": term.value}
        case Literal(language=None):
            return {"type": "literal", "value": term.value, "datatype": term.datatype.value}
        case Literal():
            return {"type": "literal", "value": term.value, "language": term.language or ""}
        case _:
            return {"type": "other", "value": str(term)}
