"""Asking the remote engine: a query out, a whole result in a file back, or the reason why there is none."""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPMessage
from typing import BinaryIO, Final
from urllib.parse import urlencode

from pyoxigraph import (
    BlankNode,
    Literal,
    NamedNode,
    QueryResultsFormat,
    QuerySolutions,
    Triple,
    parse_query_results,
)

from legation.endpoint import (
    Endpoint,
    EndpointError,
    LateError,
    Leaving,
    Question,
    RefusedError,
    UnreachedError,
    nobody_leaves,
    pieces,
)
from legation.held import GENID, Place, with_blank_nodes
from legation.serve.query.convert import BINDINGS, BOOLEAN, GRAPH
from legation.serve.query.results import BYTES, IN_MEMORY
from legation.serve.remote.rewrite import Dataset, addressed
from legation.serve.web.refusals import (
    EngineDownError,
    EngineFailedError,
    OutOfTimeError,
    RefusalError,
    ResultTooLargeError,
)

FORM: Final = "application/x-www-form-urlencoded"
JSON: Final = "application/sparql-results+json"
N_TRIPLES: Final = "application/n-triples"
ACCEPT: Final[Mapping[str, str]] = {BINDINGS: JSON, BOOLEAN: JSON, GRAPH: N_TRIPLES}
"""What each kind of result is asked for as: what says the most, and can be read to a certain end."""

WORDIER: Final = 4
"""How much longer a result may be as it comes than as it is sent on: JSON says the variables in each row."""

SKOLEM: Final = re.compile(
    rb'"type"\s*:\s*"uri"\s*,\s*"value"\s*:\s*"' + re.escape(GENID).encode() + rb'([A-Za-z0-9]+)"'
)
TRUTH: Final = re.compile(
    rb'("datatype"\s*:\s*"http://www\.w3\.org/2001/XMLSchema#boolean"\s*,\s*"value"\s*:\s*)"([01])"'
)
SPELLED: Final = {b"0": b"false", b"1": b"true"}

Term = NamedNode | BlankNode | Literal | Triple
Row = Mapping[str, Term]


@dataclass(frozen=True)
class Asking:
    """A query, and what bounds its answer."""

    query: str
    deadline: float
    """Of ``time.monotonic``."""
    limit: int
    """Bytes of the result, as it comes."""
    kind: str = BINDINGS
    dataset: Dataset = field(default_factory=Dataset)
    leaving: Leaving = nobody_leaves


@dataclass(frozen=True)
class Remote:
    """An endpoint that holds a release."""

    endpoint: Endpoint
    place: Place
    graphs: Collection[str] = ()
    """The named graphs of the release."""
    server: str = ""
    """What the endpoint calls itself (the header ``Server``)."""

    @property
    def is_virtuoso(self) -> bool:
        """Whether it takes ``timeout`` in milliseconds, and may then answer with a part."""
        return self.server.startswith("Virtuoso")

    def rows(self, asking: Asking) -> Iterator[Row]:
        """Yield the solutions of a SELECT query of ours; raise ``RefusalError`` where it has no answer."""
        with self.result(asking) as file:
            try:
                results = parse_query_results(file, QueryResultsFormat.JSON)
                if not isinstance(results, QuerySolutions):
                    raise EngineFailedError("it answered a SELECT query with yes or no")
                names = [variable.value for variable in results.variables]
                for solution in results:
                    found = ((name, solution[name]) for name in names)
                    yield {name: with_blank_nodes(term) for name, term in found if term is not None}
            except SyntaxError as error:
                raise EngineFailedError(f"its answer cannot be read to the end ({error})") from error

    @contextmanager
    def result(self, asking: Asking) -> Iterator[BinaryIO]:
        """Give the whole result of a query, in a file; raise ``RefusalError`` where there is none."""
        fields = [("query", addressed(asking.query, asking.dataset, self.place, self.graphs))]
        if self.is_virtuoso:
            left = max(1.0, asking.deadline - time.monotonic())
            fields.append(("timeout", str(int(left * 1000))))
        accept = ACCEPT[asking.kind]
        question = Question(
            "POST", urlencode(fields).encode("ascii"), {"Accept": accept, "Content-Type": FORM}
        )
        with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as spool:
            file: BinaryIO = spool  # type: ignore[assignment]  # it is one in all that is done with it
            try:
                with self.endpoint.asked(question, asking.deadline, asking.leaving) as response:
                    _check_head(response.headers, accept)
                    body = pieces(response)
                    _keep(body if asking.kind == GRAPH else mended(body), file, asking.limit)
            except EndpointError as error:
                raise refusal(error) from None
            file.seek(0)
            yield file


def refusal(error: EndpointError) -> RefusalError:
    """Return what a failure of the endpoint is to our client."""
    match error:
        case LateError():
            return OutOfTimeError()
        case UnreachedError():
            return EngineDownError(str(error))
        case RefusedError():
            return EngineFailedError(f"it refused a query that is SPARQL 1.1: {error}")
    return EngineFailedError(str(error))


def mended(body: Iterator[bytes]) -> Iterator[bytes]:
    """Yield a result with Skolem IRIs as the blank nodes they stand for, and booleans as they are written.

    Virtuoso writes ``1`` for ``true``. What is looked for has quotes that a string could not have, and is
    never cut: a piece ends after a brace, and no object that is changed has another before its end.
    """
    rest = b""
    for piece in body:
        text = rest + piece
        end = text.rfind(b"}") + 1
        rest = text[end:]
        if end:
            yield _mended(text[:end])
    yield _mended(rest)


def _mended(text: bytes) -> bytes:
    text = SKOLEM.sub(rb'"type":"bnode","value":"\1"', text)
    return TRUTH.sub(lambda found: found[1] + b'"' + SPELLED[found[2]] + b'"', text)


def _keep(body: Iterator[bytes], file: BinaryIO, limit: int) -> None:
    size = 0
    for piece in body:
        size += len(piece)
        if size > limit:
            raise ResultTooLargeError(BYTES)
        file.write(piece)


def _check_head(headers: HTTPMessage, wanted: str) -> None:
    """Raise ``EndpointError`` for another type than was asked for, and for what is only a part."""
    if (given := headers.get_content_type()) != wanted:
        raise EndpointError(f"it answered with {given} where {wanted} was asked for")
    state = headers.get("X-SQL-State", "")
    if state == "S1TAT":  # Virtuoso's “anytime query”: what was found until its time was over
        raise LateError("it ran out of time")
    if state:
        raise EndpointError(f"it answered with a fault: {headers.get('X-SQL-Message', state)[:200]}")
    if (rows := headers.get("X-SPARQL-MaxRows")) is not None:
        raise EndpointError(f"it cuts results at {rows} rows: ask for less, or raise its ResultSetMaxRows")
