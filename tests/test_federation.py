"""Federated queries: listed hosts answer, joined as the standard says; no other host is ever connected to."""

from __future__ import annotations

import http.server
import ipaddress
import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import Literal, QueryResultsFormat, QuerySolutions, RdfFormat, Store, parse_query_results

from legation.serve.query.clauses import federated_calls, frame_of
from legation.serve.query.federation import _literally
from legation.serve.query.outbound import (
    Host,
    HostError,
    NotListedError,
    Resolver,
    UnreachedError,
    is_public,
    locate,
)
from tests.serving import (
    Answer,
    Server,
    free_port,
    oxigraph,
    serving,
    small_release,
    was_touched,
    watched_socket,
)
from tests.test_settings import legation

TLS: Final = Path(__file__).parent / "tls"
WORLD: Final = Path(__file__).parent / "wikidata" / "world.ttl"
PROLOGUE: Final = """\
PREFIX schema: <http://schema.org/>
PREFIX foaf: <http://xmlns.com/foaf/0.1/>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
PREFIX wdt: <http://www.wikidata.org/prop/direct/>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
"""
LOCAL: Final = """\
<urn:gctf> <urn:article> <https://en.wikipedia.org/wiki/Global_Counterterrorism_Forum> <urn:g1> .
<urn:gctf> <urn:name> "GCTF" <urn:g1> .
<urn:unoct> <urn:article> <https://en.wikipedia.org/wiki/United_Nations_Office_of_Counter-Terrorism> <urn:g> .
<urn:unoct> <urn:name> "UNOCT" <urn:g2> .
<urn:else> <urn:article> <https://en.wikipedia.org/wiki/Nowhere> <urn:g2> .
<urn:else> <urn:name> "service \\\\u0022" <urn:g2> .
<urn:bare> <urn:name> "bare" <urn:g2> .
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with oxigraph(tmp_path_factory.mktemp("world"), WORLD) as url:
        yield url


@pytest.fixture(scope="module")
def authority(world: str) -> str:
    return world.removeprefix("http://").removesuffix("/query")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_release(tmp_path_factory.mktemp("federation"), LOCAL)


@pytest.fixture(scope="module")
def port() -> int:
    """Return a port that the server may reach, for whatever a test lets answer there."""
    return free_port()


@pytest.fixture(scope="module")
def federated(small: Path, authority: str, port: int) -> Iterator[Server]:
    listed = (authority, "localhost:8080", f"127.0.0.1:{port}")
    with serving(small, *(word for host in listed for word in ("--service-host", host))) as running:
        yield running


def slug(answer: Answer) -> str:
    return str(answer.json()["type"]).rpartition("/")[2]


def test_our_sitelinks_join_with_wikidata_shaped_data(release: Path, world: str, authority: str) -> None:
    query = (
        PROLOGUE
        + f"""SELECT ?body ?name ?item ?label WHERE {{
  ?body foaf:isPrimaryTopicOf ?article ; skos:prefLabel ?name . FILTER(LANG(?name) = "en")
  SERVICE <{world}> {{ ?article schema:about ?item . ?item rdfs:label ?label FILTER(LANG(?label) = "ar") }}
}}"""
    )
    with serving(release, "--service-host", authority) as running:
        answer = running.query(query)
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    found = {row["body"]["value"]: row for row in answer.json()["results"]["bindings"]}
    gctf = found["https://w3id.org/legation/id/body/gctf"]
    assert gctf["item"]["value"] == "http://www.wikidata.org/entity/Q900000001"
    assert gctf["label"]["value"] == "المنتدى العالمي لمكافحة الإرهاب"


# Each is asked twice: of our server, and of the engine itself, which follows SERVICE.
SAME: Final = {
    "joined before": "SELECT * { OURS . CALL }",
    "joined after": "SELECT * { CALL OURS }",
    "a filter between": "SELECT * { OURS FILTER(?b != <urn:x>) ?b <urn:name> ?n CALL }",
    "a filter on what comes": "SELECT * { OURS FILTER(BOUND(?i)) . CALL }",
    "a filter that exists": "SELECT * { OURS FILTER NOT EXISTS { ?b <urn:name> 'GCTF' } CALL }",
    "optional": "SELECT * { ?b <urn:name> ?n OPTIONAL { OURS CALL } }",
    "optional before": "SELECT * { ?b <urn:name> ?n OPTIONAL { OURS } CALL }",
    "optional within": "SELECT * { OURS SERVICE <W> { ?i a ?k OPTIONAL { ?a schema:about ?i } } }",
    "minus": "SELECT * { OURS MINUS { CALL } }",
    "a union": "SELECT * { { OURS } UNION { CALL } }",
    "a sub-select": "SELECT * { OURS { SELECT ?a { CALL } } }",
    "a sub-select within": "SELECT * { OURS SERVICE <W> { SELECT (COUNT(*) AS ?n) { ?a schema:about ?i }}}",
    "exists": "SELECT * { OURS FILTER(EXISTS { CALL }) }",
    "two calls": "SELECT * { OURS CALL SERVICE <W> { ?i rdfs:label ?l } }",
    "a dataset": "SELECT * FROM <urn:g2> WHERE { OURS CALL }",
    "named graphs": "SELECT * FROM NAMED <urn:g1> { GRAPH ?g { OURS } CALL }",
    "nothing shared": "SELECT * { ?b <urn:name> 'bare' CALL }",
    "nothing there": "SELECT * { ?b <urn:nothing> ?a CALL }",
    "no variables": "SELECT * { ?b <urn:name> ?n SERVICE <W> { <urn:x> <urn:y> <urn:z> } }",
    "values": "SELECT * { VALUES ?a { UNDEF <https://en.wikipedia.org/> } CALL }",
    "an aggregate": "SELECT (COUNT(?i) AS ?n) { OURS CALL }",
    "literals": "SELECT * { ?b <urn:name> ?n SERVICE <W> { VALUES ?n { 'service \\\\u0022' 'GCTF'@en 1.5 }}}",
    "a comment between": "SELECT * { OURS SERVICE # }\n SILENT <W> # {\n { ?a schema:about ?i # }\n } }",
    "a prefixed name": "PREFIX w: <W> SELECT * { OURS service silent w: { ?a schema:about ?i } }",
    "a base": "BASE <urn:b:> SELECT * { SERVICE <W> { ?a schema:about ?i BIND(<x> AS ?x) } }",
    "a bind": "SELECT * { OURS BIND(STR(?a) AS ?s) CALL }",
}  # fmt: skip


@pytest.mark.parametrize("name", SAME)
def test_the_answer_is_the_one_an_engine_that_follows_service_gives(
    federated: Server, world: str, name: str
) -> None:
    asked = (
        SAME[name]
        .replace("OURS", "?b <urn:article> ?a")
        .replace("CALL", "SERVICE <W> { ?a schema:about ?i }")
    )
    query = PROLOGUE + asked.replace("W>", f"{world}>")
    store = Store()
    store.load(LOCAL.encode(), RdfFormat.N_QUADS)
    own = store.query(query, use_default_graph_as_union="FROM" not in query)
    assert isinstance(own, QuerySolutions)
    expected = solutions(own)
    answer = federated.query(query)
    assert answer.status == 200, answer.text
    found = parse_query_results(answer.body, QueryResultsFormat.JSON)
    assert isinstance(found, QuerySolutions)
    assert solutions(found) == expected


def test_a_clause_within_a_graph_is_not_about_that_graph(federated: Server, world: str) -> None:
    """The engine itself answers nothing here; SPARQL 1.1 Federated Query §4 knows no graph of a call."""
    call = f"SERVICE <{world}> {{ ?a schema:about ?i }}"
    answer = federated.query(f"{PROLOGUE} SELECT * {{ GRAPH ?g {{ ?b <urn:article> ?a {call} }} }}")
    found = {(row["b"]["value"], row["g"]["value"]) for row in answer.json()["results"]["bindings"]}
    assert found == {("urn:gctf", "urn:g1"), ("urn:unoct", "urn:g")}


def solutions(found: QuerySolutions) -> list[list[tuple[str, str]]]:
    names = sorted(variable.value for variable in found.variables)
    return sorted([(name, str(row[name])) for name in names if row[name] is not None] for row in found)


def test_the_solutions_before_a_clause_go_along_so_that_only_what_can_join_is_fetched(
    federated: Server, port: int
) -> None:
    with scripted(Reply(json.dumps(NONE)), port) as other:
        asked = "SELECT * { ?b <urn:article> ?a ; <urn:name> ?n SERVICE <URL> { ?a <urn:about> ?i } }"
        assert federated.query(asked.replace("URL", other.url)).status == 200
        assert len(other.asked) == 1
        assert other.asked[0].count("(<https://en.wikipedia.org/wiki/") == 3
        assert "GCTF" not in other.asked[0]


NONE: Final = {"head": {"vars": ["a"]}, "results": {"bindings": []}}
BLANK: Final = {"head": {"vars": ["a"]}, "results": {"bindings": [{"a": {"type": "bnode", "value": "b"}}]}}
MANY: Final = {
    "head": {"vars": ["a"]},
    "results": {"bindings": [{"a": {"type": "literal", "value": "x"}}] * 10_001},
}
STRANGE: Final = {"head": {"vars": ["other"]}, "results": {"bindings": []}}
BROKEN: Final = {
    "head": {"vars": ["a"]},
    "results": {"bindings": [{"a": {"type": "uri", "value": "a> } #"}}]},
}
CALL: Final = "SELECT * { SERVICE <URL> { ?a ?b ?c } }"
RESULTS: Final = "application/sparql-results+json"


@dataclass
class Reply:
    """What the other endpoint says to every request."""

    body: str = json.dumps(NONE)
    status: int = 200
    headers: tuple[tuple[str, str], ...] = (("Content-Type", RESULTS),)
    drips: bool = False


class Scripted(http.server.ThreadingHTTPServer):
    """An endpoint that always says the same, and remembers what it was asked."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, reply: Reply, port: int) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.reply = reply
        self.scheme = "http"
        self.asked: list[str] = []
        self.over = threading.Event()

    @property
    def authority(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}/sparql"

    def handle_error(self, request: object, client_address: object) -> None:
        """Keep the output of the tests clean: a client that goes away is part of them."""


class Handler(http.server.BaseHTTPRequestHandler):
    server: Scripted

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.asked.append(parse_qs(body)["query"][0])
        reply = self.server.reply
        self.send_response(reply.status)
        for name, value in reply.headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body.encode())
        while reply.drips and not self.server.over.wait(0.05):
            self.wfile.write(b" ")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server's own name
        """Keep the output of the tests clean."""


@contextmanager
def scripted(reply: Reply, port: int = 0, certificate: str = "") -> Iterator[Scripted]:
    server = Scripted(reply, port)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(TLS / certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.scheme = "https"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()


@contextmanager
def allowing(release: Path, other: Scripted, *options: str) -> Iterator[Server]:
    with serving(release, "--service-host", other.authority, *options) as running:
        yield running


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Reply(status=500), "answered 500"),
        (Reply(status=302, headers=(("Location", "http://169.254.169.254/"),)), "redirects are not followed"),
        (Reply("<html>", headers=(("Content-Type", "text/html"),)), RESULTS),
        (Reply("{"), "cannot be read"),
        (Reply('{"head": {}, "boolean": true}'), "true or false"),
        (Reply(json.dumps(BLANK)), "blank node"),
        (Reply(json.dumps(MANY)), "more than 10000 solutions"),
        (Reply(json.dumps(STRANGE)), "?other"),
        (Reply(json.dumps(BROKEN)), "cannot be read"),
        (Reply(" " * (2 * 1024 * 1024 + 1)), "more than 2097152 bytes"),
        (Reply(headers=(("Content-Type", RESULTS), ("Content-Encoding", "gzip"))), "compressed"),
    ],
)
def test_an_endpoint_that_fails_is_502_and_says_which_and_why(
    federated: Server, port: int, reply: Reply, why: str
) -> None:
    with scripted(reply, port) as other:
        answer = federated.query(CALL.replace("URL", other.url))
        assert (answer.status, slug(answer)) == (502, "service-failed")
        assert other.url in answer.json()["detail"]
        assert why in answer.json()["detail"]
        assert "169.254" not in answer.text


def test_silent_goes_on_without_an_endpoint_that_fails(federated: Server, port: int) -> None:
    silent = CALL.replace("SERVICE", "SERVICE SILENT").replace("URL", f"http://127.0.0.1:{port}/sparql")
    with scripted(Reply(status=500), port) as other:
        assert federated.query(silent).json()["results"]["bindings"] == [{}]
        assert len(other.asked) == 1
    assert federated.query(silent).json()["results"]["bindings"] == [{}]


@pytest.mark.parametrize("reply", [Reply(drips=True), Reply("HTTP", status=100)])
def test_an_endpoint_that_never_ends_is_left_within_the_query_s_own_time(small: Path, reply: Reply) -> None:
    with scripted(reply) as other, allowing(small, other, "--time-limit", "1") as running:
        started = time.monotonic()
        answer = running.query(CALL.replace("URL", other.url))
        assert time.monotonic() - started < 3
        assert answer.status in (502, 504)


def test_a_certificate_is_checked_and_so_is_the_name_in_it(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for trusted, shown, status in (("good", "good", 200), ("wrong", "wrong", 502), ("wrong", "good", 502)):
        monkeypatch.setenv("SSL_CERT_FILE", str(TLS / f"{trusted}.pem"))
        with scripted(Reply(), 0, f"{shown}.pem") as other, allowing(small, other) as running:
            answer = running.query(CALL.replace("URL", other.url))
            assert answer.status == status, answer.text
            assert status == 200 or "certificate" in answer.json()["detail"]
            assert len(other.asked) == (status == 200)


OUTSIDE: Final = {
    "another port": "SELECT * { ELSE }",
    "silent": "SELECT * { SERVICE SILENT <URL> { ?s ?p ?o } }",
    "a name": "SELECT * { SERVICE <http://localhost:PORT/> { ?s ?p ?o } }",
    "a decimal address": "SELECT * { SERVICE <http://2130706433:PORT/> { ?s ?p ?o } }",
    "an octal address": "SELECT * { SERVICE <http://0177.0.0.1:PORT/> { ?s ?p ?o } }",
    "a hexadecimal address": "SELECT * { SERVICE <http://0x7f.1:PORT/> { ?s ?p ?o } }",
    "a short address": "SELECT * { SERVICE <http://127.1:PORT/> { ?s ?p ?o } }",
    "a mapped address": "SELECT * { SERVICE <http://[::ffff:127.0.0.1]:PORT/> { ?s ?p ?o } }",
    "a user": "SELECT * { SERVICE <http://OK@127.0.0.1:PORT/> { ?s ?p ?o } }",
    "a fragment": "SELECT * { SERVICE <http://127.0.0.1:PORT#@OK/> { ?s ?p ?o } }",
    "after a listed one": "SELECT * { LISTED ELSE }",
    "within a listed one": "SELECT * { SERVICE <W> { ELSE } }",
    "escaped within a listed one": "SELECT * { SERVICE <W> { \\u0053ERVICE <URL> { ?s ?p ?o } } }",
    "a variable": "SELECT * { VALUES ?u { <URL> } SERVICE ?u { ?s ?p ?o } }",
    "a variable from a listed one": "SELECT * { SERVICE <W> { ?u ?p ?o } SERVICE ?u { ?s ?p ?o } }",
    "a prefix": "PREFIX x: <URL> SELECT * { SERVICE x:a { ?s ?p ?o } }",
    "a prefix said twice": "PREFIX x: <http://OK/> PREFIX x: <URL> SELECT * { SERVICE x:query { ?s ?p ?o } }",
    "a base": "BASE <URL> SELECT * { SERVICE <query> { ?s ?p ?o } }",
    "an escape": "SELECT * { SERVICE <http://127.0.0.1\\u003APORT/> { ?s ?p ?o } }",
    "a string that ends": "SELECT * { SERVICE <W> { ?s ?p '\\u0027 } ELSE #' } }",
    "nothing between": "SELECT*{SERVICE<W>{?s ?p ?o}SERVICE<URL>{?s ?p ?o}}",
    "glued to a prefix": "PREFIX SERVICEx: <urn:> PREFIX x: <URL> SELECT * { LISTED SERVICEx:a {} }",
}  # fmt: skip


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_host_that_is_not_listed_is_never_connected_to(
    federated: Server, authority: str, name: str
) -> None:
    with watched_socket() as listener:
        port = str(listener.getsockname()[1])
        query = (
            OUTSIDE[name]
            .replace("ELSE", "SERVICE <URL> { ?s ?p ?o }")
            .replace("LISTED", "SERVICE <W> { ?s ?p ?o }")
        )
        query = query.replace("<W>", "<http://OK/query>").replace("<URL>", "<http://127.0.0.1:PORT/>")
        answer = federated.query(query.replace("PORT", port).replace("OK", authority))
        assert answer.status == 400, answer.text
        assert slug(answer) in ("service-refused", "syntax-error")
        assert not was_touched(listener)


def test_a_listed_name_that_leads_to_a_private_address_is_never_connected_to(small: Path) -> None:
    with watched_socket() as listener:
        there = f"localhost:{listener.getsockname()[1]}"
        with serving(small, "--service-host", there) as running:
            answer = running.query(CALL.replace("URL", f"http://{there}/"))
            silent = running.query(
                CALL.replace("SERVICE", "SERVICE SILENT").replace("URL", f"http://{there}/")
            )
        assert (answer.status, slug(answer)) == (502, "service-failed")
        assert "not public" in answer.json()["detail"]
        assert silent.json()["results"]["bindings"] == [{}]
        assert not was_touched(listener)


def test_a_redirect_to_loopback_is_not_followed(federated: Server, port: int) -> None:
    with watched_socket() as listener:
        location = ("Location", f"http://127.0.0.1:{listener.getsockname()[1]}/")
        for status in (301, 302, 303, 307, 308):
            with scripted(Reply(status=status, headers=(location,)), port) as other:
                assert federated.query(CALL.replace("URL", other.url)).status == 502
        assert not was_touched(listener)


def test_a_query_that_names_remote_graphs_connects_to_none_of_them(federated: Server) -> None:
    with watched_socket() as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        for query in ("ASK FROM <URL> { ?s ?p ?o }", "ASK FROM NAMED <URL> { GRAPH ?g { ?s ?p ?o } }"):
            assert federated.query(query.replace("URL", url)).json()["boolean"] is False
        for field in ("default-graph-uri", "named-graph-uri"):
            assert federated.query("ASK { ?s ?p ?o }", None, **{field: url}).status == 200
        assert not was_touched(listener)


@pytest.mark.parametrize(
    "entry",
    [
        "127.0.0.1",
        "10.0.0.1",
        "::1",
        "[::1]",
        "2130706433",
        "0177.0.0.1",
        "0x7f.1",
        "127.1",
        "http://x.org/",
        "a b",
        "x.org:0",
        "x.org:70000",
        "",
        "пример.org",
        "user@x.org",
        "*.org",
        "x.org/path",
    ],
)
def test_an_entry_that_could_mean_something_else_stops_the_server_at_the_start(entry: str) -> None:
    with pytest.raises(HostError):
        Host.parse(entry)
    refused = legation("serve", "--release", "/nowhere", "--service-host", entry)
    assert refused.returncode == 1
    assert repr(entry) in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    ("entry", "name", "port"),
    [
        ("Query.Wikidata.org", "query.wikidata.org", 443),
        ("example.org:8443", "example.org", 8443),
        ("127.0.0.1:7878", "127.0.0.1", 7878),
        ("[::1]:7878", "::1", 7878),
        ("[2A02:EC80::1]", "2a02:ec80::1", 443),
    ],
)
def test_an_entry_is_a_name_or_an_address_and_a_port(entry: str, name: str, port: int) -> None:
    host = Host.parse(entry)
    assert (host.name, host.port) == (name, port)


@pytest.mark.parametrize(
    "iri",
    ["https://example.org/sparql", "HTTPS://EXAMPLE.org:443/sparql", "https://example.org?a=1"],
)
def test_an_endpoint_on_a_listed_host_is_found(iri: str) -> None:
    assert locate(iri, [Host.parse("example.org")]).authority == "example.org"


@pytest.mark.parametrize(
    "iri",
    [
        "http://example.org/",
        "https://example.org:8443/",
        "https://example.org./",
        "https://xexample.org/",
        "ftp://example.org/",
        "https://example.org.evil.org/",
        "https://evil.org/example.org",
        "https://example.org@evil.org/",
        "//example.org/",
        "https://evil.org\\@example.org/",
        "https://[example.org]/",
        "https://еxample.org/",
        "https://example.org%2eevil.org/",
        "urn:x",
        "sparql",
    ],
)
def test_an_endpoint_elsewhere_is_not(iri: str) -> None:
    with pytest.raises(NotListedError):
        located = locate(iri, [Host.parse("example.org")])
        assert located.host.name == "example.org"
        assert located.scheme == "never"


INSIDE: Final = """
0.0.0.0 10.1.2.3 100.64.0.1 100.100.100.200 127.0.0.1 127.255.255.254 169.254.169.254
172.16.0.1 192.0.0.192 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 224.0.0.1 240.0.0.1
255.255.255.255 168.63.129.16 :: ::1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 ::127.0.0.1 ::8.8.8.8
64:ff9b::7f00:1 64:ff9b:1::1 100::1 2001:0:1::1 2001:db8::1 2002:7f00:1:: 3fff::1 5f00::1
fc00::1 fd00:ec2::254 fe80::1 fec0::1 ff02::1
"""


@pytest.mark.parametrize("address", INSIDE.split())
def test_no_address_inside_or_with_another_inside_it_is_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["1.1.1.1", "185.15.58.224", "2a02:ec80:300:ed1a::1", "2606:4700::1111"])
def test_an_address_of_the_public_internet_is(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_inside_an_ipv6_one_is_never_public(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    for prefix, shift in (("::", 0), ("::ffff:0:0", 0), ("64:ff9b::", 0), ("2002::", 80), ("2001::", 0)):
        inside = ipaddress.IPv6Address(int(ipaddress.IPv6Address(prefix)) | number << shift)
        assert not is_public(inside)


def test_a_name_that_nobody_knows_is_a_failure_in_words() -> None:
    with pytest.raises(UnreachedError, match="not known"):
        Resolver(1).addresses(Host.parse("nobody.invalid"), time.monotonic() + 30)


@given(st.text())
def test_a_literal_is_the_same_in_every_reading(text: str) -> None:
    term = Literal(text, language="en")
    spelled = _literally(term)
    found = Store().query(f"SELECT * {{ VALUES ?x {{ {spelled} }} }}")
    assert isinstance(found, QuerySolutions)
    assert [row["x"] for row in found] == [term]


def test_a_clause_is_read_where_it_stands() -> None:
    clause = "SERVICE SILENT x:y { ?a ?d {} }"
    query = f"PREFIX x: <http://x.org/>\nSELECT * FROM x:g {{ ?a ?b ?c FILTER(?a != (1)) . {clause} }}"
    call = federated_calls(query)[0]
    assert query[call.start : call.end] == clause
    assert (call.silent, call.endpoint, call.group) == (True, "http://x.org/y", "{ ?a ?d {} }")
    assert call.before == " ?a ?b ?c  {} . "
    assert frame_of(query).dataset == "FROM x:g"
    assert frame_of(query).prologue == "PREFIX x: <http://x.org/>\n"
