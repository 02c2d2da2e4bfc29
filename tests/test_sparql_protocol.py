"""The SPARQL 1.1 Protocol for queries, over HTTP."""

from __future__ import annotations

import csv
import io
import json
from urllib.parse import urlencode

import pytest
from pyoxigraph import NamedNode
from rdflib import URIRef
from rdflib.plugins.stores.sparqlstore import SPARQLStore
from SPARQLWrapper import JSON, POST, POSTDIRECTLY, SPARQLWrapper

from legation.namespaces import GRAPH, ID, LEG, PREFIXES
from tests.serving import Server, serving, small_release

ONE = "SELECT ?s WHERE { ?s a <https://w3id.org/legation/ontology#Coalition> } ORDER BY ?s LIMIT 1"
ASK = "ASK { ?s ?p ?o }"
CONSTRUCT = f"CONSTRUCT WHERE {{ <{ID}body/gctf> ?p ?o }}"
DESCRIBE = f"DESCRIBE <{ID}body/gctf>"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
DIRECT = {"Content-Type": "application/sparql-query"}


def first_binding(text: str) -> str:
    found: str = json.loads(text)["results"]["bindings"][0]["s"]["value"]
    return found


def test_a_query_can_be_asked_in_three_ways_with_the_same_answer(server: Server) -> None:
    answers = [
        server.query(ONE),
        server.ask("/sparql", FORM, "POST", urlencode({"query": ONE}).encode()),
        server.ask("/sparql", DIRECT, "POST", ONE.encode()),
    ]
    assert [answer.status for answer in answers] == [200, 200, 200]
    assert len({answer.body for answer in answers}) == 1
    assert first_binding(answers[0].text).startswith(f"{ID}body/")


def test_a_posted_type_may_name_its_charset(server: Server) -> None:
    headers = {"Content-Type": "application/sparql-query; charset=UTF-8"}
    assert server.ask("/sparql", headers, "POST", ONE.encode()).status == 200


@pytest.mark.parametrize(
    ("accept", "sent"),
    [
        ("*/*", "application/sparql-results+json"),
        ("application/sparql-results+json", "application/sparql-results+json"),
        ("application/sparql-results+xml", "application/sparql-results+xml"),
        ("text/csv", "text/csv"),
        ("text/tab-separated-values", "text/tab-separated-values"),
        ("application/json", "application/json"),
        ("application/xml", "application/xml"),
        ("text/html", "text/html"),
        ("text/csv;q=0.5, application/sparql-results+xml;q=0.4", "text/csv"),
    ],
)
@pytest.mark.parametrize("query", [ONE, ASK])
def test_bindings_and_booleans_come_in_every_format(
    server: Server, query: str, accept: str, sent: str
) -> None:
    answer = server.query(query, {"Accept": accept})
    assert (answer.status, answer.type) == (200, sent)
    assert "Accept" in answer.vary


@pytest.mark.parametrize(
    "media_type",
    [
        "text/turtle",
        "application/n-triples",
        "application/n-quads",
        "application/trig",
        "application/rdf+xml",
        "application/ld+json",
    ],
)
@pytest.mark.parametrize("query", [CONSTRUCT, DESCRIBE])
def test_graphs_come_in_every_format_with_the_same_triples(
    server: Server, query: str, media_type: str
) -> None:
    answer = server.query(query, {"Accept": media_type})
    assert (answer.status, answer.type) == (200, media_type)
    plain = server.query(query, {"Accept": "application/n-triples"})
    assert set(answer.triples()) == set(plain.triples())
    assert len(set(plain.triples())) > 5


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("json", "application/sparql-results+json"),
        ("xml", "application/sparql-results+xml"),
        ("csv", "text/csv"),
    ],
)
def test_a_format_can_be_named_in_the_address(server: Server, name: str, sent: str) -> None:
    answer = server.query(ONE, {"Accept": "text/html"}, format=name)
    assert (answer.status, answer.type) == (200, sent)
    assert "Accept" not in answer.vary


def test_csv_reads_as_csv(server: Server) -> None:
    rows = list(csv.DictReader(io.StringIO(server.query(ONE, {"Accept": "text/csv"}).text)))
    assert rows[0]["s"].startswith(ID)


def test_an_unacceptable_format_is_406_and_lists_the_offers(server: Server) -> None:
    answer = server.query(ONE, {"Accept": "image/png"})
    assert (answer.status, answer.type) == (406, "application/problem+json")
    assert "text/csv" in {offer["type"] for offer in answer.json()["offers"]}
    assert "Accept" in answer.vary
    assert server.query(CONSTRUCT, {"Accept": "text/csv"}).status == 406
    assert server.query(ONE, format="docx").status == 406


def test_a_triple_term_comes_in_the_formats_that_have_them_and_is_406_in_the_one_that_has_not(
    server: Server,
) -> None:
    query = "CONSTRUCT { ?s <urn:says> <<( ?s ?p ?o )>> } WHERE { ?s ?p ?o } LIMIT 1"
    for media_type in ("text/turtle", "application/n-triples", "application/rdf+xml", "application/trig"):
        assert server.query(query, {"Accept": media_type}).status == 200
    assert server.query(query, {"Accept": "application/ld+json"}).status == 406


def test_head_is_get_without_a_body(server: Server) -> None:
    path = "/sparql?" + urlencode({"query": ONE})
    head, get = server.ask(path, method="HEAD"), server.ask(path)
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Type"] == get.headers["Content-Type"]
    assert head.headers["Content-Length"] == str(len(get.body))
    assert head.headers["ETag"] == get.headers["ETag"]


def test_options_name_the_methods_and_allow_every_origin(server: Server) -> None:
    answer = server.ask("/sparql", {"Origin": "https://example.org"}, "OPTIONS")
    assert answer.status == 200
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST", "QUERY"}
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert {"POST", "QUERY"} < set(answer.headers["Access-Control-Allow-Methods"].split(", "))
    assert answer.headers["Accept-Query"] == answer.headers["Accept-Post"]
    assert "Content-Type" in answer.headers["Access-Control-Allow-Headers"]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_405_and_name_those_allowed(server: Server, method: str) -> None:
    answer = server.ask("/sparql", method=method)
    assert (answer.status, answer.type) == (405, "application/problem+json")
    assert "GET" in answer.headers["Allow"]


@pytest.mark.parametrize(
    ("fields", "slug"),
    [
        ([("query", ONE), ("query", ONE)], "bad-request"),
        ([("query", ONE), ("default-graph-uri", "no iri")], "bad-request"),
        ([("update", "CLEAR ALL")], "update-refused"),
        ([("query", ONE), ("update", "CLEAR ALL")], "update-refused"),
    ],
)
def test_fields_that_the_protocol_does_not_allow_are_refused(
    server: Server, fields: list[tuple[str, str]], slug: str
) -> None:
    encoded = urlencode(fields)
    by_get = server.ask(f"/sparql?{encoded}")
    by_form = server.ask("/sparql", FORM, "POST", encoded.encode())
    for answer in (by_get, by_form):
        assert 400 <= answer.status < 500
        assert answer.json()["type"].endswith(f"/problems/{slug}")


def test_a_post_without_a_query_is_a_bad_request(server: Server) -> None:
    assert server.ask("/sparql", FORM, "POST", b"").status == 400
    both = server.ask("/sparql?" + urlencode({"query": ONE}), DIRECT, "POST", ONE.encode())
    assert both.status == 400


@pytest.mark.parametrize("content_type", ["text/plain", "application/json", "multipart/form-data", ""])
def test_another_content_type_is_415_and_says_what_is_read(server: Server, content_type: str) -> None:
    answer = server.ask("/sparql", {"Content-Type": content_type}, "POST", ONE.encode())
    assert answer.status == 415
    assert "application/sparql-query" in answer.headers["Accept-Post"]


@pytest.mark.parametrize("content_type", ["application/sparql-query", "application/x-www-form-urlencoded"])
def test_what_is_not_utf_8_is_a_bad_request(server: Server, content_type: str) -> None:
    body = b"query=" * content_type.endswith("urlencoded") + b"ASK { ?s ?p '\xe9' }"
    assert server.ask("/sparql", {"Content-Type": content_type}, "POST", body).status == 400
    assert server.ask("/sparql?query=ASK%20%7B%20%3Fs%20%3Fp%20%27%E9%27%20%7D").status == 400


@pytest.mark.parametrize(
    "update",
    [
        "INSERT DATA { <urn:a> <urn:b> <urn:c> }",
        "PREFIX : <urn:> DELETE WHERE { ?s ?p ?o }",
        "# a comment\nLOAD <http://example.org/>",
        "CLEAR ALL",
        "WITH <urn:g> DELETE { ?s ?p ?o } WHERE { ?s ?p ?o }",
    ],
)
def test_an_update_is_refused_wherever_it_is_put(server: Server, update: str) -> None:
    headers = {"Content-Type": "application/sparql-update"}
    answers = [
        server.query(update),
        server.ask("/sparql", DIRECT, "POST", update.encode()),
        server.ask("/sparql", headers, "POST", update.encode()),
        server.ask("/sparql", FORM, "POST", urlencode({"update": update}).encode()),
    ]
    for answer in answers:
        assert answer.status == 403
        assert answer.json()["type"].endswith("/problems/update-refused")


@pytest.mark.parametrize(
    ("query", "line", "column"),
    [
        ("SELECT * WHERE { ?s ?p }", 1, 25),
        ("SELECT *\nWHERE {\n  ?s unknown:p ?o\n}", 3, 15),
        ("ASK {", 1, 6),
        ("", 1, 1),
    ],
)
def test_a_syntax_error_is_400_and_says_where(server: Server, query: str, line: int, column: int) -> None:
    answer = server.query(query)
    assert (answer.status, answer.type) == (400, "application/problem+json")
    assert answer.json()["type"].endswith("/problems/syntax-error")
    assert (answer.json()["line"], answer.json()["column"]) == (line, column)


DATASET = "\n".join(
    [
        "<urn:s> <urn:p> <urn:a> <urn:g1> .",
        "<urn:s> <urn:p> <urn:b> <urn:g2> .",
        "<urn:s> <urn:p> <urn:b> <urn:g3> .",
        "",
    ]
)
IN_DEFAULT = "SELECT ?o WHERE { ?s ?p ?o } ORDER BY ?o"
IN_NAMED = "SELECT ?g ?o WHERE { GRAPH ?g { ?s ?p ?o } } ORDER BY ?g ?o"


@pytest.mark.parametrize(
    ("query", "fields", "rows"),
    [
        # the default graph is the union of the named graphs, each statement once
        (IN_DEFAULT, [], ["urn:a", "urn:b"]),
        (IN_NAMED, [], ["urn:g1,urn:a", "urn:g2,urn:b", "urn:g3,urn:b"]),
        # a dataset given by the protocol is the whole dataset
        (IN_DEFAULT, [("default-graph-uri", "urn:g1")], ["urn:a"]),
        (IN_DEFAULT, [("default-graph-uri", "urn:g1"), ("default-graph-uri", "urn:g2")], ["urn:a", "urn:b"]),
        (IN_NAMED, [("default-graph-uri", "urn:g1")], []),
        (IN_NAMED, [("named-graph-uri", "urn:g2")], ["urn:g2,urn:b"]),
        (IN_DEFAULT, [("named-graph-uri", "urn:g2")], []),
        (IN_DEFAULT, [("default-graph-uri", "urn:nowhere")], []),
        # and overrules the query's own
        (IN_DEFAULT.replace("WHERE", "FROM <urn:g2> WHERE"), [], ["urn:b"]),
        (IN_DEFAULT.replace("WHERE", "FROM <urn:g2> WHERE"), [("default-graph-uri", "urn:g1")], ["urn:a"]),
        (IN_NAMED.replace("WHERE", "FROM NAMED <urn:g3> WHERE"), [], ["urn:g3,urn:b"]),
    ],
)
def test_the_dataset_is_the_one_that_is_asked_for(
    small_server: Server, query: str, fields: list[tuple[str, str]], rows: list[str]
) -> None:
    by_get = small_server.ask("/sparql?" + urlencode([("query", query), ("format", "csv"), *fields]))
    by_post = small_server.ask(
        "/sparql?" + urlencode([("format", "csv"), *fields]), DIRECT, "POST", query.encode()
    )
    assert by_get.text.splitlines()[1:] == by_post.text.splitlines()[1:] == rows


@pytest.fixture(scope="module")
def small_server(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]  # noqa: ANN201
    with serving(small_release(tmp_path_factory.mktemp("dataset"), DATASET)) as running:
        yield running


@pytest.mark.parametrize("accept", ["*/*", "text/turtle", "application/rdf+xml", "application/n-triples"])
def test_a_bare_get_describes_the_endpoint_to_a_program(server: Server, accept: str) -> None:
    answer = server.ask("/sparql", {"Accept": accept})
    assert answer.status == 200
    described = answer.triples()
    endpoint = NamedNode(f"{PREFIXES['sd']}endpoint")
    services = list(described.quads_for_pattern(None, endpoint, None, None))
    assert [quad.object for quad in services] == [NamedNode(f"{server.url}/sparql")]
    graphs = list(described.quads_for_pattern(None, NamedNode(f"{PREFIXES['sd']}namedGraph"), None, None))
    assert NamedNode(f"{GRAPH}entities") in {quad.object for quad in graphs}


def test_a_bare_get_shows_a_person_an_editor_and_the_questions(server: Server) -> None:
    answer = server.ask("/sparql", {"Accept": "text/html"})
    assert (answer.status, answer.type) == (200, "text/html")
    assert '<textarea id="query" name="query"' in answer.text
    assert '<a href="/questions">' in answer.text


def test_the_page_shows_an_answer_as_a_table_with_links_to_our_pages(server: Server) -> None:
    answer = server.query(ONE, {"Accept": "text/html"})
    assert '<table class="result">' in answer.text
    assert '<a href="/page/body/' in answer.text
    assert "true" in server.query(ASK, {"Accept": "text/html"}).text
    assert "@prefix" in server.query(CONSTRUCT, {"Accept": "text/html"}).text


def test_a_page_shows_names_in_their_direction_and_nothing_of_theirs_is_markup(server: Server) -> None:
    query = 'SELECT ?a ?b { BIND("<script>x</script>" AS ?a) BIND("اسم"@ar AS ?b) }'
    answer = server.query(query, {"Accept": "text/html"})
    assert "<script>" not in answer.text
    assert '<bdi lang="ar" dir="rtl">اسم</bdi>' in answer.text


def test_the_same_question_has_the_same_strong_validator_and_304_is_free(server: Server) -> None:
    first, again = server.query(ONE), server.query(ONE)
    assert first.headers["ETag"] == again.headers["ETag"]
    assert first.headers["ETag"].startswith('"')
    fresh = server.query(ONE, {"If-None-Match": first.headers["ETag"]})
    assert (fresh.status, fresh.body) == (304, b"")
    assert fresh.headers["ETag"] == first.headers["ETag"]
    assert first.vary <= fresh.vary <= first.vary | {"Accept-Encoding"}  # said before the size is known
    other = server.query(ONE, {"Accept": "text/csv", "If-None-Match": first.headers["ETag"]})
    assert other.status == 200
    assert other.headers["ETag"] != first.headers["ETag"]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT (NOW() AS ?t) {}",
        "SELECT (rand() AS ?t) {}",
        "SELECT (STRUUID () AS ?t) {}",
        "CONSTRUCT { [] a ?o } { ?s a ?o }",
    ],
)
def test_an_answer_that_changes_each_time_is_not_kept(server: Server, query: str) -> None:
    answer = server.query(query)
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert "ETag" not in answer.headers


def test_every_question_that_comes_with_the_data_is_answered(
    server: Server, release_questions: list[str]
) -> None:
    answers = [server.query(query) for query in release_questions]
    assert [answer.text for answer in answers if answer.status != 200] == []
    assert len([answer for answer in answers if answer.json()["results"]["bindings"]]) >= 30


@pytest.fixture(scope="module")
def release_questions(server: Server) -> list[str]:
    store = server.follow("/release/current/questions.ttl").triples()
    found = store.quads_for_pattern(None, NamedNode(f"{PREFIXES['sh']}select"), None, None)
    return sorted(quad.object.value for quad in found)  # type: ignore[union-attr]


def test_sparqlwrapper_gets_answers(server: Server) -> None:
    for method, direct in (("GET", False), (POST, False), (POST, True)):
        client = SPARQLWrapper(f"{server.url}/sparql")
        client.setReturnFormat(JSON)
        client.setMethod(method)
        if direct:
            client.setRequestMethod(POSTDIRECTLY)
        client.setQuery(ONE)
        assert first_binding(client.query().response.read().decode()).startswith(ID)


def test_rdflib_s_store_gets_answers(server: Server) -> None:
    store = SPARQLStore(f"{server.url}/sparql")
    kinds = {
        row[2] for row, _ in store.triples((URIRef(f"{ID}body/gctf"), URIRef(f"{PREFIXES['rdf']}type"), None))
    }
    assert URIRef(f"{LEG}Forum") in kinds


@pytest.mark.parametrize(
    ("headers", "body"),
    [(DIRECT, ONE.encode()), (FORM, urlencode({"query": ONE}).encode())],
    ids=["direct", "form"],
)
def test_query_is_answered_as_get_is_and_can_be_asked_for_again_with_get(
    server: Server, headers: dict[str, str], body: bytes
) -> None:
    asked, got = server.ask("/sparql", headers, "QUERY", body), server.query(ONE)
    assert (asked.status, asked.body, asked.type) == (200, got.body, got.type)
    assert asked.headers["ETag"]
    assert asked.headers["Accept-Query"] == "application/sparql-query, application/x-www-form-urlencoded"
    assert server.ask(asked.headers["Content-Location"]).body == got.body
    fresh = server.ask("/sparql", {**headers, "If-None-Match": asked.headers["ETag"]}, "QUERY", body)
    assert (fresh.status, fresh.body) == (304, b"")


def test_query_without_a_type_or_of_a_type_that_is_no_query_is_refused(server: Server) -> None:
    untyped = server.ask("/sparql", {}, "QUERY", ONE.encode())
    assert (untyped.status, untyped.headers["Accept-Query"]) == (
        400,
        "application/sparql-query, application/x-www-form-urlencoded",
    )
    other = server.ask("/sparql", {"Content-Type": "application/sql"}, "QUERY", b"SELECT 1")
    assert (other.status, other.headers["Accept-Query"]) == (415, untyped.headers["Accept-Query"])
    update = server.ask("/sparql", {"Content-Type": "application/sparql-update"}, "QUERY", b"CLEAR ALL")
    assert update.status == 403


@pytest.mark.parametrize("timeout", ["0.5", "3", "3600", "2."])
def test_a_client_may_say_how_long_it_will_wait(server: Server, timeout: str) -> None:
    assert server.query(ONE, timeout=timeout).status == 200
    assert server.query(ONE, timeout=timeout).headers["ETag"] == server.query(ONE).headers["ETag"]


def test_a_client_s_own_limit_is_named_in_the_504(server: Server) -> None:
    endless = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
    answer = server.query(endless, timeout="0.5")
    assert (answer.status, answer.json()["limit"]) == (504, 0.5)
    assert "0.5 seconds" in answer.json()["detail"]


@pytest.mark.parametrize(
    "fields",
    [
        [("timeout", "soon")],
        [("timeout", "-1")],
        [("timeout", "0")],
        [("timeout", "inf")],
        [("timeout", "1"), ("timeout", "2")],
        [("version", "9")],
        [("version", "1.1"), ("version", "1.2")],
    ],
)
def test_a_timeout_or_a_version_that_cannot_be_is_400(server: Server, fields: list[tuple[str, str]]) -> None:
    answer = server.ask("/sparql?" + urlencode([("query", ONE), *fields]))
    assert (answer.status, answer.json()["type"].rpartition("/")[2]) == (400, "bad-request")
    assert fields[0][1] in answer.json()["detail"]


@pytest.mark.parametrize("version", ["1.1", "1.2-basic", "1.2"])
def test_a_query_may_announce_its_version(server: Server, version: str) -> None:
    assert server.query(ONE, version=version).status == 200
    direct = {"Content-Type": f"application/sparql-query; version={version}"}
    assert server.ask("/sparql", direct, "POST", ONE.encode()).status == 200
    assert server.query(CONSTRUCT, {"Accept": f"text/turtle; version={version}"}).status == 200


def test_an_announced_version_that_nobody_knows_is_400_in_the_media_type_too(server: Server) -> None:
    direct = {"Content-Type": "application/sparql-query; version=9"}
    assert server.ask("/sparql", direct, "POST", ONE.encode()).status == 400


NEWEST = '"a"@en--ltr'
OLDER = '"\\"its:dir\\":\\"ltr\\""@en'


@pytest.mark.parametrize(
    ("accept", "announced"),
    [
        ("application/sparql-results+json", True),
        ("application/sparql-results+xml", True),
        ("text/tab-separated-values", True),
        ("text/csv", False),
        ("application/json", False),
    ],
)
def test_a_result_that_needs_rdf_1_2_says_so_in_its_type_and_no_other_does(
    server: Server, accept: str, announced: bool
) -> None:
    for values in (NEWEST, "<<( <urn:a> <urn:b> 1 )>>"):
        newest = server.query(f"SELECT ?v {{ VALUES ?v {{ {values} }} }}", {"Accept": accept})
        assert newest.status == 200, newest.text
        assert newest.headers.get_param("version") == ("1.2" if announced else None)
    older = server.query(f"SELECT ?v {{ VALUES ?v {{ {OLDER} }} }}", {"Accept": accept})
    assert older.headers.get_param("version") is None


@pytest.mark.parametrize(
    ("accept", "announced"),
    [
        ("text/turtle", True),
        ("application/n-triples", True),
        ("application/n-quads", True),
        ("application/trig", True),
        ("text/plain", False),
    ],
)
def test_a_graph_that_needs_rdf_1_2_says_so_in_its_type_and_no_other_does(
    server: Server, accept: str, announced: bool
) -> None:
    for value in (NEWEST, "<<( <urn:a> <urn:b> 1 )>>"):
        newest = server.query(f"CONSTRUCT {{ <urn:s> <urn:p> {value} }} {{}}", {"Accept": accept})
        assert newest.status == 200, newest.text
        assert newest.headers.get_param("version") == ("1.2" if announced else None)
    older = server.query(f"CONSTRUCT {{ <urn:s> <urn:p> {OLDER} }} {{}}", {"Accept": accept})
    assert older.headers.get_param("version") is None
