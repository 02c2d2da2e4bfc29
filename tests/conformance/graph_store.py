"""Graph Store Protocol tests: their reads for real, their writes refused.

The tests write graphs and read them back. Nothing can be written here, so every write is sent and must be
refused, and carried out beside the server instead: each read finds a graph store that holds what the writes
before it would have made. To let one server hold the stores of all reads, each has names of its own: the host
of the tests' IRIs is replaced by one that names the read.
"""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import parse_qsl, quote

from pyoxigraph import Dataset as GraphResult
from pyoxigraph import RdfFormat, Triple, parse

from legation.namespaces import GRAPH
from tests.conformance.manifest import Case
from tests.conformance.protocol import Exchange, Message, exchanges
from tests.conformance.queries import problem, summary
from tests.conformance.results import ResultError, differences, read_result
from tests.conformance.verdict import PASSED, Outcome, Verdict, failed
from tests.serving import Server

AUTHORITY: Final = "www.example"
SERVICE: Final = "/gsp"
DEFAULT: Final = ""
"""The name of the default graph here."""

WRITING: Final = (
    "Graph Store Protocol, writing: a release never changes. Each write was refused; each read gave what the "
    "test expects, from a store as the writes before it would have left it."
)

Store = Mapping[str, tuple[Triple, ...]]


@dataclass(frozen=True)
class Step:
    """One exchange, and the graph store it meets."""

    exchange: Exchange
    store: Store

    @property
    def reading(self) -> bool:
        """Whether it only reads."""
        return self.exchange.method in ("GET", "HEAD")

    @property
    def path(self) -> str:
        """The path at our server: ``/graphs``, or the path of the graph itself."""
        path = self.exchange.path.removeprefix(SERVICE)
        return f"/graph{path}" if path.startswith("/") else f"/graphs{path}"


def steps(test: Case) -> Iterator[Step]:
    """Yield the steps of a test, each in a world of names of its own."""
    story = list(exchanges(test))
    for number, _ in enumerate(story):
        own = f"{test.iri.rpartition('#')[2].replace('_', '-')}-{number}"
        *before, current = [_renamed(exchange, own) for exchange in story[: number + 1]]
        store: Store = {}
        locations: dict[str, str] = {}
        for exchange in before:
            store = _after(exchange, store, locations, own)
        yield Step(_located(current, locations), store)


def needs_own_server(test: Case) -> bool:
    """Tell whether the test reads the default graph, which at our server is the union of all others."""
    return any(name_of(exchange) == DEFAULT for exchange in exchanges(test) if exchange.method == "GET")


def kept_graphs(test: Case) -> dict[str, tuple[Triple, ...]]:
    """Return the graphs that the reads of a test have to find, by name."""
    found = [(name, triples) for step in steps(test) if step.reading for name, triples in step.store.items()]
    return {name or f"{GRAPH}default": triples for name, triples in found}


def name_of(exchange: Exchange) -> str:
    """Return the IRI of the graph that a request is about; for the default graph, ``DEFAULT``."""
    path, _, query = exchange.path.removeprefix(SERVICE).partition("?")
    if path:
        return f"{GRAPH}{path[1:]}"
    fields = dict(parse_qsl(query, keep_blank_values=True))
    return fields.get("graph", DEFAULT)


def check_graph_store(test: Case, server: Server) -> Verdict:
    """Send the writes of a test, which must be refused, and its reads, which must be answered."""
    writing = False
    for step in steps(test):
        wrong = _check_read(step, server) if step.reading else _check_write(step, server)
        if wrong:
            return failed(f"{step.exchange.method} {step.path}: {wrong}")
        writing = writing or not step.reading
    return Verdict(Outcome.INAPPLICABLE, WRITING) if writing else PASSED


def _check_write(step: Step, server: Server) -> str:
    message = step.exchange.message
    answer = server.ask(step.path, message.headers, step.exchange.method, message.body)
    refused = problem(answer) == "method-not-allowed" and "allow" in answer.headers
    return "" if refused else f"a write was not refused: {summary(answer)}"


def _check_read(step: Step, server: Server) -> str:
    expected = step.exchange.expected
    answer = server.ask(step.path, step.exchange.message.headers, step.exchange.method)
    if not expected.accepts_status(answer.status):
        return f"expected {' or '.join(sorted(expected.statuses))}: {summary(answer)}"
    if expected.message.media_type and answer.type != expected.message.media_type:
        return f"expected {expected.message.media_type}: {summary(answer)}"
    if expected.message.body is None:
        return "" if step.exchange.method == "GET" or not answer.body else "a body in the answer to HEAD"
    try:
        wanted = GraphResult(parse(expected.message.body, format=RdfFormat.TURTLE))
        return "; ".join(differences(wanted, read_result(answer.body, answer.type), ordered=False))
    except ResultError as error:
        return str(error)


def _renamed(exchange: Exchange, own: str) -> Exchange:
    """Return an exchange whose graphs have names that occur nowhere else."""
    path = exchange.path.replace(AUTHORITY, f"{own}.example")
    if path.startswith(f"{SERVICE}/"):
        path = f"{SERVICE}/{own}{path.removeprefix(SERVICE)}"
    answer = replace(exchange.expected, message=_renamed_text(exchange.expected.message, own))
    return replace(exchange, path=path, message=_renamed_text(exchange.message, own), expected=answer)


def _renamed_text(message: Message, own: str) -> Message:
    return replace(message, text=message.text and message.text.replace(AUTHORITY, f"{own}.example"))


def _located(exchange: Exchange, locations: Mapping[str, str]) -> Exchange:
    path = exchange.path
    for variable, iri in locations.items():
        path = path.replace(variable, quote(iri, safe=""))
    return replace(exchange, path=path)


def _after(exchange: Exchange, store: Store, locations: dict[str, str], own: str) -> Store:
    """Return the store that a request leaves behind (Graph Store Protocol §5).

    A graph that the server is to name gets its name here, and in ``locations``.
    """
    name, sent = name_of(exchange), tuple(_statements(exchange.message))
    if exchange.expected.location is not None:
        name = f"http://{own}.example{SERVICE}/{len(locations)}"
        locations[exchange.expected.location] = name
    match exchange.method:
        case "PUT":
            return {**store, name: sent}
        case "POST":
            return {**store, name: (*store.get(name, ()), *sent)}
        case "DELETE":
            return {other: triples for other, triples in store.items() if other != name}
    return store


def _statements(message: Message) -> Iterator[Triple]:
    """Yield the statements of a body, or of every part of a body."""
    if message.body is None:
        return
    head = f"Content-Type: {message.headers['content-type']}\r\n\r\n"
    whole = email.message_from_bytes(head.encode() + message.body, policy=email.policy.HTTP)
    for part in whole.iter_parts() if whole.is_multipart() else [whole]:
        payload = part.get_payload(decode=True)
        if isinstance(payload, bytes):
            for quad in parse(payload, format=RdfFormat.TURTLE, rename_blank_nodes=True):
                yield quad.triple
