"""The gate: no reading of a query, the standard's or the engine's, may hide a federated call or an update."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pyoxigraph import QuerySolutions, Store

from legation.serve.query.gate import ForbiddenError, Position, check, decode_escapes, tokens
from tests.serving import Server, was_touched, watched_socket

PROLOGUE = """\
PREFIX ex: <{url}>
PREFIX : <{url}>
PREFIX service: <{url}>
PREFIX SERVICEex: <urn:x:>
PREFIX trueSERVICEex: <urn:x:>
"""

CALLS = {
    "plain": "SELECT * {{ SERVICE <{url}> {{ ?s ?p ?o }} }}",
    "lower case": "select * {{ service <{url}> {{ ?s ?p ?o }} }}",
    "silent": "SELECT * {{ SERVICE SILENT <{url}> {{ ?s ?p ?o }} }}",
    "a prefixed name": "SELECT * {{ SERVICE ex:a {{ ?s ?p ?o }} }}",
    "a variable": "SELECT * {{ VALUES ?u {{ <{url}> }} SERVICE ?u {{ ?s ?p ?o }} }}",
    "nothing between": "SELECT*{{SERVICE<{url}>{{?s ?p ?o}}}}",
    "a sub-select": "SELECT * {{ {{ SELECT * {{ SERVICE <{url}> {{ ?s ?p ?o }} }} }} }}",
    "an EXISTS": "SELECT * {{ FILTER(EXISTS {{ SERVICE <{url}> {{ ?s ?p ?o }} }}) }}",
    "a CONSTRUCT": "CONSTRUCT {{ ?s ?p ?o }} WHERE {{ SERVICE <{url}> {{ ?s ?p ?o }} }}",
    "a comment between": "SELECT * {{ SERVICE # SERVICE\n <{url}> {{ ?s ?p ?o }} }}",
    "after a string": "SELECT * {{ BIND('SERVICE' AS ?x) SERVICE <{url}> {{ ?s ?p ?o }} }}",
    "after a long string": 'SELECT * {{ BIND("""a\\"""" AS ?x) SERVICE <{url}> {{ ?s ?p ?o }} }}',
    "a four-digit escape": "SELECT * {{ \\u0053ERVICE <{url}> {{ ?s ?p ?o }} }}",
    "an eight-digit escape": "SELECT * {{ SERV\\U00000049CE <{url}> {{ ?s ?p ?o }} }}",
    "an escaped comment end": "SELECT * {{ # \\u000A SERVICE <{url}> {{ ?s ?p ?o }} \n }}",
    "an escaped quote": "SELECT * {{ BIND('\\u0027 AS ?x) SERVICE <{url}> {{ ?s ?p ?o }} BIND('' AS ?y) }}",
    "an escaped quote before a long string":
        'SELECT * {{ BIND("\\u0022" AS ?x) SERVICE <{url}> {{ ?s ?p ?o }} BIND("""" AS ?y) }}',
    "glued to a prefix": "SELECT * {{ SERVICEex:a {{ ?s ?p ?o }} }}",
    "read as a prefix": "SELECT * {{ service:a {{ ?s ?p ?o }} }}",
    "glued to a silent prefix": "SELECT * {{ SERVICESILENTex:a {{ ?s ?p ?o }} }}",
    "glued to a boolean": "SELECT * {{ ?s ?p trueSERVICE ex:a {{ ?s ?p ?o }} }}",
    "glued to a boolean and a prefix": "SELECT * {{ ?s ?p trueSERVICEex:a {{ ?s ?p ?o }} }}",
    "glued to a number": "SELECT * {{ ?s ?p 1.SERVICE ex:a {{ ?s ?p ?o }} }}",
    "behind a comparison": "SELECT * {{ BIND(1 AS ?q) FILTER(?q<2)SERVICE#>\nex:a {{ ?s ?p ?o }} }}",
    "behind a comparison that looks like an IRI":
        'SELECT * {{ FILTER(1<ex:b#>"""\n) SERVICE ex:a {{ ?s ?p ?o }} }}#"""',
    "a long s": "SELECT * {{ \u017fERVICE <{url}> {{ ?s ?p ?o }} }}",
    "a lateral join": "SELECT * {{ ?s ?p ?o LATERAL {{ SERVICE <{url}> {{ ?s ?p ?o }} }} }}",
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_a_federated_call_is_400_and_its_host_is_never_touched(server: Server, name: str) -> None:
    with watched_socket() as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        query = PROLOGUE.format(url=url) + CALLS[name].format(url=url)
        answer = server.query(query)
        assert answer.status == 400
        assert answer.json()["type"].rpartition("/")[2] in ("service-refused", "syntax-error")
        assert not was_touched(listener)


@pytest.mark.parametrize("name", CALLS)
def test_the_gate_itself_refuses_every_call_that_any_reading_finds(name: str) -> None:
    url = "http://127.0.0.1:9/"
    with pytest.raises(ForbiddenError):
        check(PROLOGUE.format(url=url) + CALLS[name].format(url=url))


def test_a_remote_dataset_clause_is_only_the_name_of_a_graph(server: Server) -> None:
    with watched_socket() as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        for query in (
            "SELECT * FROM <URL> { ?s ?p ?o }",
            "SELECT * FROM NAMED <URL> { GRAPH ?g { ?s ?p ?o } }",
            "SELECT * { GRAPH <URL> { ?s ?p ?o } }",
        ):
            answer = server.query(query.replace("URL", url))
            assert (answer.status, answer.json()["results"]["bindings"]) == (200, [])
        assert server.ask(f"/sparql?query=ASK%7B%3Fs%20%3Fp%20%3Fo%7D&default-graph-uri={url}").status == 200
        assert not was_touched(listener)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT ?service { ?service a ?kind }",
        "SELECT * { ?s <http://example.org/service#> ?o }",
        "PREFIX service: <urn:x:> SELECT * { ?s service:has ?o }",
        "PREFIX service: <urn:x:> SELECT * { GRAPH service:g { ?s ?p ?o } }",
        "PREFIX ex: <urn:x:> SELECT * { ?s ex:service ?o }",
        "SELECT * { ?s ?p 'SERVICE', \"service\", '''a ' SERVICE''', \"\"\"SERVICE\"\"\" }",
        "# SERVICE <http://example.org/>\nSELECT * { ?s ?p ?o }",
        "SELECT * { ?s ?p ?o FILTER(?o < 5 && ?o > 2) } # service",
        "SELECT * { ?s ?p 'services'@en-service }",
        "SELECT * { VALUES ?x { <urn:service> } }",
        "SELECT (REPLACE(STR(?o), 'service', 'x') AS ?y) { ?s ?p ?o }",
    ],
)
def test_the_word_alone_is_nobody_s_business(query: str) -> None:
    assert check(query).form == "SELECT"
    Store().query(query)


@pytest.mark.parametrize(
    ("query", "what", "line", "column"),
    [
        ("SELECT * {\n  SERVICE <urn:x> { }\n}", "service", 2, 3),
        ("INSERT DATA { <urn:a> <urn:b> <urn:c> }", "update", 1, 1),
        ("PREFIX : <urn:x>\n\tdelete where { ?s ?p ?o }", "update", 2, 2),
        ("SELECT * { \\u0053ERVICE <urn:x> { } }", "service", 1, 12),
    ],
)
def test_a_refusal_says_where(query: str, what: str, line: int, column: int) -> None:
    with pytest.raises(ForbiddenError) as refused:
        check(query)
    assert (refused.value.what, refused.value.position) == (what, Position(line, column))


@pytest.mark.parametrize(
    ("query", "form"),
    [
        ("ASK {}", "ASK"),
        ("prefix select: <urn:x> base <urn:ask> construct { ?s ?p ?o } where { ?s ?p ?o }", "CONSTRUCT"),
        ("# SELECT\nDESCRIBE <urn:SELECT>", "DESCRIBE"),
        ("SELECT ?insert { ?insert ?p 'DELETE' }", "SELECT"),
        ("", ""),
        ("hello", ""),
    ],
)
def test_the_form_is_the_first_keyword_that_is_one(query: str, form: str) -> None:
    assert check(query).form == form


@pytest.mark.parametrize(
    ("query", "lasting"),
    [
        ("SELECT * { ?s ?p ?o }", True),
        ("CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }", True),
        ("SELECT (now() AS ?t) {}", False),
        ("SELECT * { ?s ?p ?o } ORDER BY RAND()", False),
        ("SELECT (UUID() AS ?u) {}", False),
        ("CONSTRUCT { _:a ?p ?o } WHERE { ?s ?p ?o }", False),
    ],
)
def test_an_answer_lasts_where_nothing_in_the_query_changes(query: str, lasting: bool) -> None:
    assert check(query).lasting is lasting


def test_escapes_are_replaced_once() -> None:
    assert decode_escapes("\\u005Cu0053 \\U0001F46A \\u00") == "\\u0053 \U0001f46a \\u00"
    assert decode_escapes("\\UFFFFFFFF") == "\\UFFFFFFFF"


@given(st.text())
@example("<<(?s ?p ?o)>>")
@example("'''")
def test_any_text_at_all_is_read_to_its_end(text: str) -> None:
    read = "".join(token.text for token in tokens(text))
    assert len(read) <= len(text)
    try:
        check(text)
    except ForbiddenError as refused:
        assert refused.position.line >= 1


PIECES = st.sampled_from(
    [
        *("SERVICE", "service", "<urn:x>", "ex:a", ":a", "?v", "{", "}", "(", ")", " ", "\n", "#"),
        *(
            "#>",
            "<",
            ">",
            "'",
            '"',
            '"""',
            "'''",
            "\\",
            "\\u0022",
            "\\u0053ERVICE",
            "1",
            "true",
            ".",
            ";",
            ",",
        ),
        *(
            "a",
            "FILTER",
            "BIND",
            "SELECT * ",
            "ASK",
            "?s ?p ?o",
            "AS",
            "GRAPH",
            "OPTIONAL",
            "UNION",
            "VALUES",
        ),
        *("||", "&&", "^^", "@en", "*", "/"),
    ]
)


@settings(max_examples=1500)
@given(st.lists(PIECES, max_size=24))
def test_whatever_the_engine_takes_for_a_federated_call_the_gate_refuses(pieces: list[str]) -> None:
    """With nobody to answer on the other side, a query that calls out fails in the engine in its own way."""
    query = "PREFIX ex: <invalid:> PREFIX : <invalid:> SELECT * { " + "".join(pieces) + " }"
    try:
        check(query)
    except ForbiddenError:
        return
    try:
        results = Store().query(query)
        assert isinstance(results, QuerySolutions)
        list(results)
    except SyntaxError:
        return
    except (OSError, ValueError, RuntimeError) as error:
        assert "invalid" not in str(error)
        assert "http" not in str(error).lower()
