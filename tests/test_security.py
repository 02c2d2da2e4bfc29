"""What strangers may send: nothing they do writes, reads past the release, or makes the server misspeak."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import pytest
from pyoxigraph import RdfFormat, Store

from legation.namespaces import BASE, GRAPH, ID, LEG, PREFIXES
from tests.serving import Server, serving, small_release

HTML: Final = {"Accept": "text/html"}
A_FORUM: Final = f"""\
<{ID}body/gctf> <{PREFIXES["rdf"]}type> <{LEG}Forum> <{GRAPH}entities> .
<{ID}body/gctf> <{PREFIXES["skos"]}prefLabel> "A </script><script>alert(1)</script>"@en <{GRAPH}entities> .
<{ID}body/gctf> <{PREFIXES["rdfs"]}seeAlso> <javascript:alert(1)> <{GRAPH}entities> .
"""
PATIENCE: Final = 20.0


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_release(tmp_path_factory.mktemp("security"), A_FORUM, {"tables/a.csv": "a\\n1\\n"})


@pytest.fixture(scope="module")
def running(small: Path) -> Iterator[Server]:
    with serving(small, "--time-limit", "5", "--body-time", "2") as server:
        yield server


def sent(server: Server, request: bytes) -> bytes:
    """Send bytes as they are and return everything that comes back until the server hangs up."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as connection:
        received = b""
        try:
            connection.sendall(request)
            while chunk := connection.recv(65536):
                received += chunk
        except (ConnectionResetError, BrokenPipeError):
            """The server hung up on what we were still sending; what it said before may be there."""
        return received


def got(server: Server, target: str | bytes, *headers: str | bytes) -> bytes:
    """Send a GET for a target that no client would send, and return the whole answer."""
    lines = [b"GET " + as_bytes(target) + b" HTTP/1.1", b"Host: example.org", b"Connection: close"]
    return sent(server, b"\r\n".join([*lines, *map(as_bytes, headers), b"", b""]))


def as_bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("latin-1")


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def header_lines(answer: bytes) -> list[str]:
    head = answer.partition(b"\r\n\r\n")[0].decode("latin-1")
    return [line.lower() for line in head.split("\r\n")[1:]]


# Nothing can be written.

WRITING: Final = (
    *("PUT", "DELETE", "PATCH", "POST", "MKCOL", "COPY", "MOVE", "PROPPATCH", "LOCK", "TRACE", "CONNECT"),
    *("LINK", "PURGE", "FOO"),
)


STYLE: Final = {"filename": "legation.css"}


def paths_of(server: Server) -> list[str]:
    """Return an address for each route that the server says it has."""
    values = {
        "kind": "body",
        "slug": "gctf",
        "version": "1.0.0",
        "name": "dataset.nq",
        "filename": "legation.css",
    }
    paths = server.ask("/openapi.json").json()["paths"]
    return [re.sub(r"\{(\w+)\}", lambda found: values.get(found[1], "x"), path) for path in paths]


def digest_of(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        digest.update(
            repr((str(path), path.stat().st_mtime_ns, path.is_file() and path.read_bytes())).encode()
        )
    return digest.hexdigest()


def test_no_method_on_any_route_writes(running: Server, small: Path) -> None:
    before = digest_of(small)
    paths = paths_of(running)
    assert len(paths) > 20
    for method in WRITING:
        assert running.ask("/metrics", method=method, body=b"x").status == 404
    for path in set(paths) - {"/metrics"}:
        allowed = set(running.ask(path, method="OPTIONS").headers.get("Allow", "").split(", "))
        assert allowed <= {"GET", "HEAD", "OPTIONS", "POST", "QUERY"}
        assert "POST" not in allowed or path.startswith(POSTED), path
        for method in set(WRITING) - allowed:
            answer = running.ask(path, {"Content-Type": "text/turtle"}, method, b"<urn:a> <urn:b> <urn:c> .")
            assert (answer.status, answer.type) == (405, "application/problem+json"), (method, path)
            assert set(answer.headers["Allow"].split(", ")) == allowed
        for method in {"POST", "QUERY"} & allowed:
            for sort in ("text/turtle", "application/sparql-update", "application/json"):
                assert running.ask(path, {"Content-Type": sort}, method, b"<urn:a> <urn:b> 1 .").status < 500
    assert digest_of(small) == before


POSTED: Final = ("/sparql", "/reconcile", "/validate")
"""Routes that read what is posted."""


def test_no_field_or_header_turns_a_reading_into_a_writing(running: Server, small: Path) -> None:
    before = digest_of(small)
    for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        assert running.ask("/data/body/gctf", {name: "DELETE"}).status == 200
    for field in ("_method=DELETE", "method=PUT", "update=CLEAR+ALL", "using-graph-uri=urn:x"):
        for path in ("/data/body/gctf", "/graphs?default", "/release/1.0.0/dataset.nq"):
            separator = "&" if "?" in path else "?"
            assert running.ask(f"{path}{separator}{field}").status == 200
    assert running.ask("/sparql?" + urlencode({"update": "CLEAR ALL"})).status == 403
    assert running.query("SELECT * { ?s ?p ?o }").json()["results"]["bindings"]
    assert digest_of(small) == before


# Downloads are the release's files and no others.

OUTSIDE: Final = (
    "/release/1.0.0/../../../../../../etc/passwd",
    "/release/1.0.0/..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
    "/release/1.0.0/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "/release/1.0.0/%252e%252e%252f%252e%252e%252fetc%252fpasswd",
    "/release/1.0.0/..%5c..%5c..%5cetc%5cpasswd",
    "/release/1.0.0/..\\\\..\\\\etc\\\\passwd",
    "/release/1.0.0/....//....//etc/passwd",
    "/release/1.0.0//etc/passwd",
    "/release/1.0.0/%2fetc%2fpasswd",
    "/release/1.0.0/tables/../../secret.txt",
    "/release/1.0.0/..%c0%af..%c0%afsecret.txt",
    "/release/1.0.0/../secret.txt",
    "/release/../secret.txt",
    "/release/..%2f/secret.txt",
    "/release/%2e%2e/secret.txt",
    "/release/./1.0.0/../../secret.txt",
    "/release/1.0.0.store/CURRENT",
    "/release/1.0.0/dataset.nq%00.txt",
    "/release/1.0.0/secret.txt%00",
    "/release/1.0.0/tables",
    "/release/1.0.0/tables/",
    "/release/current/../secret.txt",
    "/release/current/%2e%2e/%2e%2e/secret.txt",
    "/static/../app.py",
    "/static/%2e%2e/app.py",
    "/static/..%2fapp.py",
    "/static/..%5capp.py",
    "/static/%252e%252e/app.py",
    "/static//etc/passwd",
    "/static/legation.css%00",
    "/ar/../static/../app.py",
    "/graph/../../secret.txt",
    "/data/body/../../secret.txt",
    "/context.jsonld/../secret.txt",
    "/etc/passwd",
    "/.git/config",
)


@pytest.mark.parametrize("target", OUTSIDE)
def test_no_spelling_of_a_path_leads_out_of_the_release(running: Server, small: Path, target: str) -> None:
    (small.parent / "secret.txt").write_text("a secret")
    answer = got(running, target)
    assert status_of(answer) in (303, 400, 404)
    assert b"a secret" not in answer
    assert b"root:" not in answer
    assert b"import annotations" not in answer
    assert str(small.parent).encode() not in answer
    for line in header_lines(answer):
        if line.startswith("location: "):
            assert line.startswith("location: /release/1.0.0/")


# What the client sends never becomes a header of ours.

BREAK: Final = "%0d%0aX-Evil:%20yes%0d%0a%0d%0a<p>"
INJECTED: Final = (
    f"/{BREAK}",
    f"/id/body/x{BREAK}",
    f"/id/body/gctf?format={BREAK}",
    f"/id/body/gctf?format=ttl{BREAK}",
    f"/page/body/gctf?lang={BREAK}",
    f"/page/body/gctf?{BREAK}={BREAK}",
    f"/release?x={BREAK}",
    f"/release/current/{BREAK}",
    f"/release/current/a?format={BREAK}",
    f"/graphs?graph={BREAK}",
    f"/graph/{BREAK}",
    f"/problems/{BREAK}",
    f"/ar{BREAK}/",
    f"/sparql?query=ASK%7B%7D&default-graph-uri={BREAK}",
    f"/sparql?query={BREAK}",
    f"/search?q={BREAK}",
    f"/static/legation.css?v={BREAK}",
    f"/id/body/{BREAK.replace('%0d%0a', '%0a')}",
    f"/release/current/{BREAK.replace('%0d%0a', '%E5%98%8A%E5%98%8D')}",
)


@pytest.mark.parametrize("target", INJECTED)
@pytest.mark.parametrize("accept", ["text/html", "*/*"])
def test_a_line_break_in_an_address_never_reaches_a_header(running: Server, target: str, accept: str) -> None:
    answer = got(running, target, f"Accept: {accept}")
    assert status_of(answer) < 500
    assert not [line for line in header_lines(answer) if line.startswith("x-evil")]
    assert b"<p>" not in answer.partition(b"\r\n\r\n")[2] or accept == "text/html"


ELSEWHERE: Final = (
    "//evil.example/",
    "/\\evil.example",
    "/release",
    "//evil.example/release",
    "/ar//evil.example",
    "/release/current//evil.example",
    "/release/current/\\evil.example",
    "/id/body//evil.example",
    "/https://evil.example/",
    "/.well-known/void",
    "/dcat",
    "/id/body/gctf",
)


@pytest.mark.parametrize("target", ELSEWHERE)
def test_every_redirect_stays_on_this_server_whatever_host_is_asked_for(running: Server, target: str) -> None:
    answer = sent(
        running, f"GET {target} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n".encode("latin-1")
    )
    for line in header_lines(answer):
        if line.startswith("location: "):
            assert re.match(r"location: /(?![/\\])", line), line
    assert status_of(answer) in (200, 303, 308, 400, 404)
    if 300 <= status_of(answer) < 400:
        assert b"evil.example" not in answer.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize(
    "host", [b'a"b>c', b"", b"\xff\xfe", b"a b", b"x:99999", b"a\tb", b"<script>", b"[::1"]
)
def test_no_host_header_breaks_an_answer(running: Server, host: bytes) -> None:
    request = (
        b"GET /sparql HTTP/1.1\r\nHost: " + host + b"\r\nAccept: text/turtle\r\nConnection: close\r\n\r\n"
    )
    answer = sent(running, request)
    assert status_of(answer) in (200, 400)
    if status_of(answer) == 200:
        Store().load(answer.partition(b"\r\n\r\n")[2], RdfFormat.TURTLE)


# Too much of anything.


@pytest.mark.parametrize(
    ("request_line", "headers"),
    [
        (b"GET /" + b"a" * 100_000 + b" HTTP/1.1", b""),
        (b"GET /sparql?query=" + b"a" * 1_000_000 + b" HTTP/1.1", b""),
        (b"GET / HTTP/1.1", b"X: " + b"a" * 1_000_000 + b"\r\n"),
        (b"GET / HTTP/1.1", b"X: a\r\n" * 1000),
        (b"GET / HTTP/1.1", b"Accept: " + b"text/html," * 100_000 + b"\r\n"),
    ],
)
def test_an_address_or_a_head_that_is_too_long_is_refused(
    running: Server, request_line: bytes, headers: bytes
) -> None:
    answer = sent(running, request_line + b"\r\nHost: x\r\nConnection: close\r\n" + headers + b"\r\n")
    assert answer == b"" or status_of(answer) in (400, 414, 431)
    assert running.ask("/healthz").status == 200


def posted(body: bytes, *headers: bytes) -> bytes:
    lines = [b"POST /sparql HTTP/1.1", b"Host: x", b"Content-Type: application/sparql-query", *headers]
    return b"\r\n".join([*lines, b"Connection: close", b"", b""]) + body


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "gzip, gzip", "x-unknown"])
def test_a_compressed_body_is_415_and_says_that_it_is_to_be_sent_as_it_is(
    running: Server, coding: str
) -> None:
    bomb = gzip.compress(b"ASK {}" + b" " * 50_000_000)
    headers = {"Content-Type": "application/sparql-query", "Content-Encoding": coding}
    answer = running.ask("/sparql", headers, "POST", bomb)
    assert (answer.status, answer.type) == (415, "application/problem+json")
    assert answer.headers["Accept-Encoding"] == "identity"
    assert "Content-Encoding" in answer.json()["detail"]


# What is not UTF-8, and what is not HTTP.


@pytest.mark.parametrize(
    "target", ["/%ff", "/id/body/%ff", "/id/body/%ed%a0%80", "/page/body/%c3", "/release/%fe/x", "/graph/%80"]
)
def test_a_path_that_is_not_utf_8_is_a_bad_request(running: Server, target: str) -> None:
    answer = running.ask(target)
    assert (answer.status, answer.type) == (400, "application/problem+json")
    assert "UTF-8" in answer.json()["detail"]


@pytest.mark.parametrize(
    "target", ["/sparql?query=%ff", "/graphs?graph=%ff", "/sparql?%ff=1&query=ASK%7B%7D"]
)
def test_a_field_that_is_not_utf_8_is_a_bad_request(running: Server, target: str) -> None:
    answer = running.ask(target)
    assert (answer.status, answer.type) == (400, "application/problem+json")
    assert "UTF-8" in answer.json()["detail"]


HEADERS: Final = (
    "Accept",
    "Accept-Language",
    "Accept-Encoding",
    "If-None-Match",
    "If-Modified-Since",
    "Range",
    "If-Range",
    "Origin",
    "Cookie",
    "Content-Type",
    "Authorization",
    "Forwarded",
)
ODD: Final = (
    b"\xff\xfe",
    b"\xd8\xb9",
    b",,,;;;",
    b"q=1;;q=",
    b'"',
    b"*",
    b"bytes=9-1,--1",
    b"=?utf-8?q?=00?=",
    b"a" * 9000,
)


@pytest.mark.parametrize("name", HEADERS)
def test_no_value_of_a_header_breaks_the_server(running: Server, name: str) -> None:
    for value in ODD:
        for target in ("/", "/data/body/gctf", "/release/1.0.0/dataset.nq", "/sparql?query=ASK%7B%7D"):
            answer = got(running, target, name.encode() + b": " + value)
            assert status_of(answer) in (200, 206, 304, 400, 404, 406, 416), (name, value, target, answer)


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nBad Header: 1\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n folded: c\r\nConnection: close\r\n\r\n",
        b"\xff" * 4096 + b"\r\n\r\n",
        b"\r\n" * 4096,
        b"POST /sparql HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /sparql HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nASK",
        b"POST /sparql HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
    ],
)
def test_what_is_not_http_gets_an_error_or_nothing(running: Server, request_bytes: bytes) -> None:
    with socket.create_connection(("127.0.0.1", running.port), timeout=PATIENCE) as connection:
        try:
            connection.sendall(request_bytes)
            connection.shutdown(socket.SHUT_WR)
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        except OSError:
            answer = b""
    assert b" 200 " not in answer.split(b"\r\n")[0]
    assert running.ask("/healthz").status == 200


def test_a_length_beside_chunks_smuggles_no_second_request(running: Server) -> None:
    hidden = b"GET /problems/out-of-time HTTP/1.1\r\nHost: x\r\n\r\n"
    request = posted(b"0\r\n\r\n" + hidden, b"Content-Length: 5", b"Transfer-Encoding: chunked")
    assert sent(running, request).count(b"HTTP/1.1 ") <= 1


# Clients that take their time, and bodies without end.


def test_a_body_that_is_too_long_is_413_and_names_the_limit(running: Server) -> None:
    long = b"ASK { ?s ?p ?o } #" + b"a" * 300_000
    answers = [
        sent(running, posted(long, b"Content-Length: %d" % len(long))),
        sent(running, posted(b"%x\r\n%s\r\n0\r\n\r\n" % (len(long), long), b"Transfer-Encoding: chunked")),
    ]
    for answer in answers:
        assert status_of(answer) == 413
        assert b"262144" in answer


@pytest.mark.parametrize(
    "beginning",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: x\r\n",
        posted(b"ASK", b"Content-Length: 1000"),
        posted(b"5\r\nASK", b"Transfer-Encoding: chunked"),
    ],
)
def test_clients_that_never_finish_leave_everyone_else_answered(running: Server, beginning: bytes) -> None:
    """Hundreds of connections say nothing, half a head, or half a body; the rest of us see nothing of it."""
    with ExitStack() as stack:
        for _ in range(400):
            address = ("127.0.0.1", running.port)
            connection = stack.enter_context(socket.create_connection(address, timeout=PATIENCE))
            connection.sendall(beginning)
        for path in ("/healthz", "/page/body/gctf", "/sparql?query=ASK%7B%7D", "/release/1.0.0/dataset.nq"):
            started = time.monotonic()
            assert running.ask(path).status == 200
            assert time.monotonic() - started < 5


def test_half_a_body_asks_nothing(small: Path) -> None:
    with serving(small, "--log", "json") as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as connection:
            connection.sendall(posted(b"ASK {}", b"Content-Length: 1000"))
        deadline = time.monotonic() + PATIENCE
        while "/sparql" not in server.log.read_text():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        told = [json.loads(line) for line in server.log.read_text().splitlines() if "/sparql" in line]
        assert [(line["status"], "query" in line) for line in told] == [(499, False)]


@pytest.mark.parametrize(
    ("beginning", "drop"),
    [(b"GET / HTTP/1.1\r\n", b"X: y\r\n"), (posted(b"", b"Content-Length: 100000"), b"A")],
)
def test_a_client_that_drips_is_hung_up_on(running: Server, beginning: bytes, drop: bytes) -> None:
    with socket.create_connection(("127.0.0.1", running.port), timeout=0.25) as connection:
        connection.sendall(beginning)
        started, received = time.monotonic(), b""
        while time.monotonic() - started < 3 * PATIENCE:
            try:
                connection.sendall(drop)
                chunk = connection.recv(65536)
                received += chunk
                if not chunk:
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        assert time.monotonic() - started < PATIENCE
    assert received == b"" or status_of(received) == 408


# What is said and what is kept quiet.


def test_nothing_a_client_sends_is_written_to_the_log_of_a_quiet_server(small: Path) -> None:
    with serving(small, "--quiet") as server:
        got(server, "/sparql?query=SECRET-ONE", "Cookie: SECRET-TWO", "Authorization: Basic SECRET-THREE")
        server.ask("/sparql", {"Content-Type": "application/sparql-query"}, "POST", b"SECRET-FOUR")
        got(server, "/%ff?SECRET-FIVE", b"Accept: \xff")
        sent(server, b"SECRET-SIX\r\n\r\n")
        assert "SECRET" not in server.log.read_text()
        assert "Traceback" not in server.log.read_text()


SAFE: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Access-Control-Allow-Origin": "*",
}
KINDS_OF_ANSWER: Final[tuple[tuple[int, str, str, dict[str, str]], ...]] = (
    (200, "GET", "/", HTML),
    (200, "GET", "/data/body/gctf", {}),
    (200, "HEAD", "/data/body/gctf", {}),
    (200, "GET", "/sparql?query=ASK%7B%7D", {}),
    (200, "GET", "/sparql?query=ASK%7B%7D", HTML),
    (200, "GET", "/release/1.0.0/dataset.nq", {}),
    (206, "GET", "/release/1.0.0/dataset.nq", {"Range": "bytes=0-9"}),
    (416, "GET", "/release/1.0.0/dataset.nq", {"Range": "bytes=999999-"}),
    (200, "GET", "/static/legation.css", {}),
    (200, "GET", "/openapi.json", {}),
    (200, "OPTIONS", "/sparql", {}),
    (303, "GET", "/id/body/gctf", {}),
    (308, "GET", "/release", {}),
    (400, "GET", "/sparql?query=SELECT", {}),
    (403, "GET", "/sparql?update=CLEAR+ALL", {}),
    (404, "GET", "/nothing", HTML),
    (404, "GET", "/nothing", {}),
    (405, "DELETE", "/", {}),
    (406, "GET", "/data/body/gctf", {"Accept": "image/png"}),
    (415, "POST", "/sparql", {"Content-Type": "text/plain"}),
)


@pytest.mark.parametrize(("status", "method", "path", "headers"), KINDS_OF_ANSWER)
def test_every_kind_of_answer_keeps_browsers_safe(
    running: Server, status: int, method: str, path: str, headers: dict[str, str]
) -> None:
    answer = running.ask(path, headers, method)
    assert answer.status == status
    assert {name: answer.headers[name] for name in SAFE} == SAFE
    policy = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert set(policy.values()) == {"'none'", "'self'"}
    assert "Set-Cookie" not in answer.headers


class Elements(HTMLParser):
    """Collects what a page could run."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.handlers: list[tuple[str, str]] = []
        self.addresses: list[str] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.inside: str = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside = tag
        self.handlers += [(tag, name) for name, _ in attrs if name.startswith("on") or name == "style"]
        self.addresses += [
            value or "" for name, value in attrs if name in ("href", "src", "action", "formaction")
        ]
        if tag in ("script", "style", "iframe", "object", "embed", "base", "svg"):
            self.scripts.append((dict(attrs), tag))

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside == "script" and self.scripts:
            attributes, said = self.scripts[-1]
            self.scripts[-1] = (attributes, said + data)


PAGES: Final = (
    *(
        "/",
        "/browse/body",
        "/page/body/gctf",
        "/sparql",
        "/sparql?query=SELECT+*+%7B%3Fs+%3Fp+%3Fo%7D",
        "/graphs",
    ),
    *("/graph/entities", "/release/", "/release/1.0.0", "/problems/out-of-time", "/conformance", "/nothing"),
    *("/search?q=forum", "/openapi.json?<script>", "/sparql?query=<script>alert(1)</script>"),
)


@pytest.mark.parametrize("path", PAGES)
def test_no_page_holds_script_or_style_of_its_own(running: Server, path: str) -> None:
    answer = running.follow(path.replace("<", "%3C").replace(">", "%3E"), HTML)
    if answer.type != "text/html":
        return
    page = Elements(answer.text)
    assert page.handlers == []
    assert not [
        address for address in page.addresses if re.match(r"\s*(javascript|data|vbscript):", address, re.I)
    ]
    for attributes, said in page.scripts:
        if attributes.get("type") == "application/ld+json":
            json.loads(said.removeprefix("script"))
        else:
            assert (attributes.get("src") or "").startswith("/static/"), attributes
            assert said == "script"


def test_a_problem_never_shows_how_the_server_is_made(running: Server) -> None:
    for target in (
        "/sparql?query=%5C",
        "/data/body/gctf?format=%00",
        "/graphs?graph=urn:x",
        "/release/1.0.0/x",
    ):
        text = running.ask(target).text
        assert "Traceback" not in text
        assert "/legation/serve/" not in text
        assert ".py" not in text


def test_the_base_of_every_problem_type_is_ours(running: Server) -> None:
    problem: dict[str, Any] = running.ask("/nothing").json()
    assert problem["type"].startswith(f"{BASE}problems/")
