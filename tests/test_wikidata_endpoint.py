"""Asking an endpoint that is busy, broken or not there, and putting values into a query."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pyoxigraph
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import QuerySolutions, Store
from rdflib import Literal, URIRef

from legation.publish.canonical import canonical_text, new_graph
from legation.wikidata.command import wikidata
from legation.wikidata.endpoint import Endpoint, EndpointError, Patience, retry_after, user_agent
from legation.wikidata.queries import BATCH, UnsafeValueError, batches, query, safe, with_values

NOTHING = json.dumps({"head": {"vars": ["item"]}, "results": {"bindings": []}})
QUERIES = {
    "sitelinks": ("wiki", "title"),
    "websites": ("website",),
    "names": ("name",),
    "items": ("item",),
    "classes": ("item",),
}


@dataclass
class Answer:
    """What the scripted server says to one request; ``hangs`` says nothing until the test is over."""

    status: int = 200
    body: str = NOTHING
    headers: dict[str, str] = field(default_factory=dict)
    hangs: bool = False
    drips: bool = False


class Scripted(ThreadingHTTPServer):
    """A server that answers as scripted, the last answer again and again, and remembers what it was asked."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, answers: Sequence[Answer]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = list(answers)
        self.asked: list[tuple[dict[str, str], str]] = []
        self.over = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/sparql"


class Handler(BaseHTTPRequestHandler):
    server: Scripted

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.asked.append((dict(self.headers), parse_qs(body)["query"][0]))
        answers = self.server.answers
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if answer.hangs:
            self.server.over.wait()
            return
        self.send_response(answer.status)
        for name, value in {"Content-Type": "application/sparql-results+json", **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if answer.drips:
            self.drip()
        else:
            self.wfile.write(answer.body.encode())

    def drip(self) -> None:
        """Send a blank now and then, so that the socket never falls silent."""
        while not self.server.over.wait(0.05):
            try:
                self.wfile.write(b" ")
            except OSError:
                return

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- http.server's own name
        """Keep the output of the tests clean."""


class Servers:
    """Scripted servers that end with the test."""

    def __init__(self) -> None:
        self.started: list[Scripted] = []

    def __call__(self, *answers: Answer) -> Scripted:
        server = Scripted(answers)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        self.started.append(server)
        return server

    def close(self) -> None:
        for server in self.started:
            server.over.set()
            server.shutdown()
            server.server_close()


@pytest.fixture
def serve() -> Iterator[Servers]:
    servers = Servers()
    yield servers
    servers.close()


def waiting(url: str, patience: Patience | None = None) -> tuple[Endpoint, list[float]]:
    """Return an endpoint, and the list of the waits it would make between questions."""
    waits: list[float] = []
    return Endpoint(url, user_agent(), patience or Patience(), sleep=waits.append), waits


# waiting


def test_a_429_is_waited_for_as_long_as_it_says_and_then_asked_again(serve: Servers) -> None:
    server = serve(Answer(429, "slow down", {"Retry-After": "7"}), Answer())
    endpoint, waits = waiting(server.url)

    assert endpoint.select("SELECT * WHERE { }") == []
    assert waits == [7.0]
    assert len(server.asked) == 2


def test_a_429_without_a_time_is_waited_for_a_minute(serve: Servers) -> None:
    endpoint, waits = waiting(serve(Answer(429), Answer()).url)

    endpoint.select("SELECT * WHERE { }")

    assert waits == [60.0]


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_after_a_server_error_the_waits_double_until_patience_ends(serve: Servers, status: int) -> None:
    server = serve(Answer(status))
    endpoint, waits = waiting(server.url)

    with pytest.raises(EndpointError, match=rf"answered {status} .*\(asked 5 times\)"):
        endpoint.select("SELECT * WHERE { }")
    assert waits == [2.0, 4.0, 8.0, 16.0]
    assert len(server.asked) == 5


def test_who_asks_for_too_long_a_wait_is_not_waited_for(serve: Servers) -> None:
    endpoint, waits = waiting(serve(Answer(429, headers={"Retry-After": "86400"})).url)

    with pytest.raises(EndpointError, match="answered 429 Too Many Requests"):
        endpoint.select("SELECT * WHERE { }")
    assert waits == []


@pytest.mark.parametrize("status", [400, 401, 403, 404, 414])
def test_what_will_not_pass_is_asked_once(serve: Servers, status: int) -> None:
    server = serve(Answer(status))
    endpoint, waits = waiting(server.url)

    with pytest.raises(EndpointError):
        endpoint.select("SELECT * WHERE { }")
    assert (waits, len(server.asked)) == ([], 1)


@pytest.mark.parametrize(
    "answer", [Answer(hangs=True), Answer(drips=True)], ids=["no answer", "an answer that never ends"]
)
def test_a_slow_endpoint_is_given_up_in_time_and_asked_again(serve: Servers, answer: Answer) -> None:
    server = serve(answer, Answer())
    endpoint, waits = waiting(server.url, Patience(timeout=1))

    assert endpoint.select("SELECT * WHERE { }") == []
    assert waits == [2.0]


@pytest.mark.parametrize(
    "body",
    [
        "<html>Service Unavailable</html>",
        '{"results": {"bindings": [{"item": {"type": "uri", "val',
        '{"results": []}',
        '{"results": {"bindings": [{"item": "Q1"}]}}',
        "[]",
        "",
    ],
)
def test_an_answer_that_is_no_sparql_result_is_asked_for_again_and_then_given_up(
    serve: Servers, body: str
) -> None:
    endpoint, waits = waiting(serve(Answer(body=body)).url, Patience(retries=1))

    with pytest.raises(
        EndpointError, match=r"did not answer with SPARQL results in JSON .*\(asked 2 times\)"
    ):
        endpoint.select("SELECT * WHERE { }")
    assert waits == [2.0]


def test_a_body_shorter_than_announced_is_asked_for_again(serve: Servers) -> None:
    endpoint, waits = waiting(serve(Answer(headers={"Content-Length": "1000"}), Answer()).url)

    assert endpoint.select("SELECT * WHERE { }") == []
    assert waits == [2.0]


def test_retry_after_may_be_a_date() -> None:
    now = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)

    assert retry_after("Sat, 21 Nov 2026 12:00:30 GMT", now) == 30.0
    assert retry_after("Sat, 21 Nov 2026 11:00:00 GMT", now) == 0.0
    assert retry_after(" 5 ", now) == 5.0
    assert retry_after("soon", now) is None
    assert retry_after(None, now) is None


# what is sent


def test_the_user_agent_names_program_contact_and_library(serve: Servers) -> None:
    server = serve(Answer())

    waiting(server.url)[0].select("SELECT * WHERE { }")

    headers, _ = server.asked[0]
    assert headers["User-Agent"] == user_agent()
    assert user_agent("me@example.org").startswith("legation/2")
    assert " (me@example.org) SPARQLWrapper/2" in user_agent("me@example.org")


def test_values_are_asked_about_in_batches(serve: Servers) -> None:
    server = serve(Answer())
    rows = [(URIRef(f"http://www.wikidata.org/entity/Q{n}"),) for n in range(1, 2 * BATCH + 2)]

    waiting(server.url)[0].ask(query("items"), ["item"], rows)

    assert [text.count("/entity/Q") for _, text in server.asked] == [BATCH, BATCH, 1]


# the command's exit codes


def run(folder: Path, *arguments: str) -> Result:
    """Run a command on a project with one candidate and one link."""
    prefixes = "".join(f"PREFIX {prefix}: <{namespace}>\n" for prefix, namespace in new_graph().namespaces())
    entities = """
    body:gctf a leg:Forum ; skos:prefLabel "GCTF"@en .
    link:body-gctf-1 a leg:WikidataCandidate ; leg:links body:gctf .
    body:imctc a leg:Coalition ; skos:prefLabel "IMCTC"@en ; owl:sameAs wd:Q21723343 .
    """
    for name, turtle in {"ontology/legation.ttl": "", "data/entities/body.ttl": entities}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(canonical_text(prefixes + turtle), encoding="utf-8")
    return CliRunner().invoke(wikidata, [*arguments, "--project", str(folder)])


@pytest.mark.parametrize("command", [("check",), ("resolve", "--write")])
def test_an_unreachable_endpoint_has_its_own_exit_code(tmp_path: Path, command: tuple[str, ...]) -> None:
    with socket.socket() as taken:  # bound but not listening: nobody answers here
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/sparql"

        result = run(tmp_path, *command, "--endpoint", url)

    assert result.exit_code == 3
    assert result.stderr == f"Error: {url}: cannot be reached (Connection refused). Nothing was changed.\n"
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        pytest.param(
            Answer(503, headers={"Retry-After": "0"}), "answered 503 Service Unavailable", id="busy"
        ),
        pytest.param(Answer(404), "not possible to connect to the given endpoint", id="not an endpoint"),
        pytest.param(Answer(body="oops"), "did not answer with SPARQL results in JSON", id="malformed"),
    ],
)
def test_an_endpoint_that_never_answers_well_has_the_same_exit_code(
    serve: Servers, tmp_path: Path, answer: Answer, reason: str
) -> None:
    server = serve(answer)

    result = run(tmp_path, "check", "--endpoint", server.url, "--retries", "0")

    assert result.exit_code == 3
    assert result.stderr.startswith(f"Error: {server.url}: ")
    assert reason in result.stderr


def test_a_busy_endpoint_that_recovers_is_no_error(serve: Servers, tmp_path: Path) -> None:
    server = serve(Answer(429, headers={"Retry-After": "0"}), Answer())

    result = run(tmp_path, "check", "--endpoint", server.url)

    assert result.exit_code == 1
    assert "no such item" in result.stdout
    assert result.stderr == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ("--endpoint", "ftp://example.org/"),
        ("--endpoint", "https://me:secret@example.org/"),
        ("--endpoint", "http://example.org:x/"),
        ("--contact", "me\nX-Evil: 1"),
        ("--timeout", "0"),
    ],
)
def test_wrong_options_are_wrong_use(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert run(tmp_path, "check", *arguments).exit_code == 2


# values in queries


@given(st.text(max_size=40), st.sampled_from(["en", "ar", "fr", "mul"]))
def test_whatever_text_is_put_into_a_query_stays_one_value(text: str, language: str) -> None:
    name = Literal(text, lang=language)
    if not safe(name):
        with pytest.raises(UnsafeValueError):
            with_values(query("names"), ["name"], [(name,)])
        return
    bare = "SELECT ?name WHERE { VALUES (?name) { } }"

    found = Store().query(with_values(bare, ["name"], [(name,)]))

    assert isinstance(found, QuerySolutions)
    assert [row["name"] for row in found] == [pyoxigraph.Literal(text, language=language)]


@pytest.mark.parametrize(
    "term",
    [
        URIRef("http://example.org/> } DROP ALL #"),
        URIRef("http://example.org/a b"),
        URIRef("file:///etc/passwd"),
        URIRef("relative"),
        Literal("a\\u0022 b"),
        Literal("line\nbreak"),
        Literal(1),
    ],
)
def test_terms_that_could_break_a_query_are_refused(term: URIRef | Literal) -> None:
    with pytest.raises(UnsafeValueError):
        with_values(query("names"), ["name"], [(term,)])


def test_values_only_go_where_the_query_has_room_for_them() -> None:
    with pytest.raises(ValueError, match="the query has no VALUES"):
        with_values(query("names"), ["item"], [])
    with pytest.raises(ValueError, match="a row of 2 for 1 variables"):
        with_values(query("names"), ["name"], [(Literal("a", lang="en"), Literal("b", lang="en"))])


@pytest.mark.parametrize("name", QUERIES)
def test_every_query_is_valid_as_it_stands(name: str) -> None:
    found = Store().query(with_values(query(name), QUERIES[name], []))

    assert isinstance(found, QuerySolutions)
    assert list(found) == []


def test_batches_lose_nothing() -> None:
    rows = [(Literal(str(n)),) for n in range(BATCH + 1)]

    assert [row for batch in batches(rows) for row in batch] == rows
    assert list(batches([])) == []
