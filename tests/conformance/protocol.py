"""Protocol tests: HTTP exchanges that a manifest spells out request by request (vocabulary: HTTP in RDF)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl

from pyoxigraph import Dataset as GraphResult
from rdflib import Graph, Literal, Namespace
from rdflib.term import Node

from tests.conformance.graphs import Library
from tests.conformance.manifest import MF, UT, Case, ManifestError
from tests.conformance.queries import problem, summary
from tests.conformance.refusals import UPDATE
from tests.conformance.results import ResultError, Table, read_result
from tests.conformance.verdict import PASSED, Outcome, Verdict, failed
from tests.serving import Answer, Server

HT: Final = Namespace("http://www.w3.org/2011/http#")
HTS: Final = Namespace("http://www.w3.org/2011/http-statusCodes#")
CNT: Final = Namespace("http://www.w3.org/2011/content#")
RDFS: Final = Namespace("http://www.w3.org/2000/01/rdf-schema#")

STATUS_BY_NAME: Final = {status.phrase.replace(" ", ""): status.value for status in HTTPStatus}


@dataclass(frozen=True)
class Message:
    """The headers and the body of a request, or of the response that is expected to it."""

    headers: Mapping[str, str]
    """Names in lower case."""
    text: str | None
    encoding: str = "utf-8"

    @property
    def body(self) -> bytes | None:
        """The body as it is sent."""
        return None if self.text is None else self.text.encode(self.encoding)

    @property
    def media_type(self) -> str:
        """The media type, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True)
class Expected:
    """What a response has to be; an empty field demands nothing."""

    statuses: frozenset[str]
    """Names such as ``NotFound`` and classes such as ``StatusCode2xx``."""
    boolean: bool | None
    form: str | None
    """``boolean``, ``tabular`` or ``RDF``."""
    location: str | None
    """The variable that the ``Location`` of the response is put into."""
    message: Message

    def accepts_status(self, status: int) -> bool:
        """Tell whether ``status`` is among the expected ones."""
        return any(status in _statuses(name) for name in self.statuses)


def _statuses(name: str) -> range:
    """Return the statuses that a term of the vocabulary stands for: one, or a hundred of a class."""
    if name.startswith("StatusCode"):
        first = int(name.removeprefix("StatusCode").removesuffix("xx")) * 100
        return range(first, first + 100)
    return range(STATUS_BY_NAME[name], STATUS_BY_NAME[name] + 1)


@dataclass(frozen=True)
class Exchange:
    """One request and the response expected to it."""

    method: str
    path: str
    message: Message
    expected: Expected


def exchanges(test: Case) -> Iterator[Exchange]:
    """Yield the exchanges of a test, in their order."""
    graph = test.graph
    requests = test.value(MF.action, HT.requests)
    if requests is None:
        raise ManifestError(f"{test.iri}: no requests")
    for node in graph.items(requests):
        response = graph.value(node, HT.resp)
        yield Exchange(
            str(graph.value(node, HT.methodName)),
            str(graph.value(node, HT.absolutePath)),
            _message(graph, node),
            _expected(graph, response),
        )


def _message(graph: Graph, node: Node | None) -> Message:
    headers = graph.value(node, HT.headers)
    body = graph.value(node, HT.body)
    text = graph.value(body, CNT.chars) if body is not None else None
    encoding = graph.value(body, CNT.characterEncoding) if body is not None else None
    found = {
        str(graph.value(header, HT.fieldName)).lower(): str(graph.value(header, HT.fieldValue))
        for header in (graph.items(headers) if headers is not None else ())
    }
    return Message(found, None if text is None else str(text), str(encoding or "utf-8"))


def _expected(graph: Graph, node: Node | None) -> Expected:
    boolean = graph.value(node, MF.expectedBoolean)
    form = graph.value(node, MF.expectedFormat)
    location = graph.value(node, MF.expectedLocation)
    return Expected(
        frozenset(str(status).removeprefix(str(HTS)) for status in graph.objects(node, MF.expectedStatus)),
        bool(boolean.toPython()) if isinstance(boolean, Literal) else None,
        None if form is None else str(form),
        None if location is None else str(location),
        _message(graph, node),
    )


def keep_graphs(test: Case, library: Library) -> None:
    """Keep the graphs that a test wants the server to hold, under the names it gives them."""
    for node in test.graph.objects(test.node, UT.graphData):
        file, name = test.graph.value(node, UT.graph), test.graph.value(node, RDFS.label)
        library.keep_as(str(name), str(file))


def check_protocol(test: Case, server: Server) -> Verdict:
    """Run the exchanges of a protocol test; where it tests updates, each of them must be refused instead."""
    updating = "update" in test.iri.rpartition("#")[2]
    for exchange in exchanges(test):
        if updating and _is_query(exchange):
            continue  # it asks what the update, which was refused, has changed
        path = exchange.path.replace("/sparql/", "/sparql", 1)
        answer = server.ask(path, exchange.message.headers, exchange.method, exchange.message.body)
        if updating and not problem(answer):
            return failed(f"an update was not refused: {summary(answer)}")
        if not updating and (wrong := _wrong(exchange.expected, answer)):
            return failed(f"{exchange.method} {path}: {wrong}: {summary(answer)}")
    return Verdict(Outcome.INAPPLICABLE, UPDATE) if updating else PASSED


def _is_query(exchange: Exchange) -> bool:
    fields = dict(parse_qsl(exchange.path.partition("?")[2]))
    return "query" in fields or exchange.message.media_type == "application/sparql-query"


def _wrong(expected: Expected, answer: Answer) -> str:
    """Say what is wrong with an answer; nothing where it is as expected."""
    if not expected.accepts_status(answer.status):
        return f"expected {' or '.join(sorted(expected.statuses))}"
    if expected.form is None and expected.boolean is None:
        return ""
    try:
        result = read_result(answer.body, answer.type)
    except ResultError as error:
        return str(error)
    if expected.boolean is not None and result is not expected.boolean:
        return f"expected {expected.boolean}"
    kinds = {"boolean": bool, "tabular": Table, "RDF": GraphResult}
    if expected.form is not None and not isinstance(result, kinds[expected.form]):
        return f"expected a result of the form {expected.form}"
    return ""
