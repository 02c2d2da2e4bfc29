"""Whatever is asked for, in whatever spelling, the answer is one of those the documents promise."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote, unquote, urlencode

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pyoxigraph import NamedNode, QueryResultsFormat, QuerySolutions, Store, parse_query_results

from legation.namespaces import BASE, GRAPH, ID, KINDS, LEG, PREFIXES
from legation.serve.query.clauses import federated_calls
from legation.serve.query.gate import ForbiddenError, check
from legation.serve.site.browse import read_place
from legation.serve.site.directory.read import SORTS, Order
from legation.serve.web.iris import kind_and_slug, local_path, node, thing
from tests.serving import Server, serving, small_release

live = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
TYPES: Final = (
    "text/html",
    "text/turtle",
    "application/ld+json",
    "application/json",
    "*/*",
    "text/*",
    "image/png",
)
SAID: Final = f"""\
<{ID}body/gctf> <{PREFIXES["rdf"]}type> <{LEG}Forum> <{GRAPH}entities> .
<{ID}body/gctf> <{PREFIXES["skos"]}prefLabel> "Global Counterterrorism Forum"@en <{GRAPH}entities> .
"""


@pytest.fixture(scope="module")
def little(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(small_release(tmp_path_factory.mktemp("fuzz"), SAID), "--time-limit", "5") as running:
        yield running


# Negotiation.

RANGES = st.lists(
    st.tuples(
        st.sampled_from(TYPES),
        st.sampled_from(["", ";q=0", ";q=0.5", ";q=1", ";q=2", ";profile=x", ";;", '="']),
    ),
    max_size=4,
).map(lambda found: ", ".join("".join(pair) for pair in found))
LATIN = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=40)


@live
@given(
    accept=RANGES | LATIN,
    language=LATIN,
    format=st.none() | st.text(max_size=12) | st.sampled_from(["ttl", "html"]),
)
def test_what_comes_is_what_was_asked_for_or_406(
    little: Server,
    accept: str,
    language: str,
    format: str | None,  # noqa: A002  # the field's own name
) -> None:
    fields = "" if format is None else "?" + urlencode({"format": format})
    headers = {"Accept": accept.strip(), "Accept-Language": language.strip()}
    answer = little.ask(f"/{fields}", {name: value for name, value in headers.items() if value})
    assert answer.status in (200, 404, 406)
    if answer.status == 406:
        assert {offer["format"] for offer in answer.json()["offers"]} >= {
            "ttl",
            "html",
        } or answer.type == "text/html"
    if format is None:
        assert "Accept" in answer.vary


# Addresses and IRIs.


@given(st.text(max_size=30))
@example("#")
@example("../../etc/passwd")
@example("a#b?c%2f")
@example("\r\nX: y")
def test_every_iri_of_ours_has_one_path_and_it_leads_back(tail: str) -> None:
    iri = node(f"{BASE}{tail}")
    if iri is None:
        return
    path = local_path(iri.value)
    assert path is not None
    assert path.startswith("/")
    assert path.isascii()
    assert not set(path) & set('\r\n "<>\\')
    assert unquote(path[1:]) == iri.value.removeprefix(BASE)


@given(st.sampled_from(KINDS), st.text(min_size=1, max_size=20))
def test_a_thing_s_iri_says_its_kind_and_slug(kind: str, slug: str) -> None:
    iri = thing(kind, slug)
    if iri is not None:
        assert kind_and_slug(iri.value) == (kind, slug)


@given(st.text(max_size=30))
def test_what_is_not_ours_has_no_path_here(iri: str) -> None:
    assert iri.startswith(BASE) or local_path(iri) is None


@live
@given(
    start=st.sampled_from(
        ["/", "/id/body/", "/page/", "/data/body/gctf", "/graph/", "/release/", "/browse/", "/problems/"]
    ),
    tail=st.text(max_size=20),
)
def test_no_address_fails_or_leads_elsewhere(little: Server, start: str, tail: str) -> None:
    answer = little.ask(start + quote(tail, safe="/?&=.;"))
    assert answer.status in (200, 301, 303, 308, 400, 404, 406, 410), answer.text[:300]
    if 300 <= answer.status < 400:
        assert answer.headers["Location"].startswith("/")
        assert not answer.headers["Location"].startswith("//")


VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)


@given(
    text=st.text(max_size=20) | st.lists(VALUES, max_size=3).map(json.dumps),
    by=st.sampled_from(SORTS),
)
@example('["\\ud800", "x"]', "name")
@example("[" * 5000, "name")
@example("[99999999999999999999, 1]", "claims")
@example('[true, "x"]', "claims")
def test_a_place_in_a_list_is_one_or_none(text: str, by: str) -> None:
    place = read_place(text, Order(by, backwards=False, language="en"))
    if place is not None:
        place.iri.encode()
        assert isinstance(place.value, str) or abs(place.value) < 2**63


# The gate, and what stands in the place of a clause.

PIECES = st.sampled_from(
    [
        *(
            "SERVICE ",
            "SERVICE SILENT ",
            "service",
            "<urn:listed>",
            "ex:a",
            "?v",
            "{",
            "}",
            "{}",
            "{ ?s ?p ?o }",
            "(",
            ")",
        ),
        *(
            " ",
            "\n",
            "# x\n",
            "#",
            "'",
            '"',
            "'''",
            "\\u0053ERVICE ",
            "\\u0027",
            "1",
            "true",
            ".",
            ";",
            "FILTER(",
            "FILTER ",
        ),
        *(
            "EXISTS ",
            "?s ?p ?o",
            "BIND(1 AS ?b)",
            "VALUES ?x { 1 }",
            "OPTIONAL ",
            "UNION",
            "<",
            ">",
            "||",
            "@en",
            "^^",
        ),
    ]
)


@settings(max_examples=800, derandomize=True, database=None)
@given(st.lists(PIECES, max_size=20))
def test_with_its_clauses_answered_a_query_that_passes_the_gate_never_calls(pieces: list[str]) -> None:
    """As the server does it: cut out what is read as a clause, and ask the gate about what is left."""
    query = "PREFIX ex: <urn:listed:> SELECT * { " + "".join(pieces) + " }"
    try:
        calls = federated_calls(query)
    except ForbiddenError:
        return
    left, end = "", 0
    for call in calls:
        assert query[call.start : call.start + 7].upper() == "SERVICE"
        assert query[call.start : call.end].endswith(call.group)
        left, end = f"{left}{query[end : call.start]}{{}}", call.end
    left += query[end:]
    try:
        check(left)
    except ForbiddenError:
        return
    try:
        results = Store().query(left)
        assert isinstance(results, QuerySolutions)
        list(results)
    except SyntaxError:
        return
    except (OSError, ValueError, RuntimeError) as error:
        assert "http" not in str(error).lower()
        assert "listed" not in str(error)


@live
@given(
    query=st.lists(PIECES, max_size=14).map(lambda found: "SELECT * { " + " ".join(found) + " }")
    | st.text(max_size=60)
)
def test_any_text_at_all_is_a_result_or_a_problem(little: Server, query: str) -> None:
    answer = little.query(query)
    assert answer.status in (200, 400, 403), answer.text[:300]
    if answer.status == 200:
        assert isinstance(parse_query_results(answer.body, QueryResultsFormat.JSON), QuerySolutions)
    else:
        assert answer.type == "application/problem+json"
        assert answer.json()["type"].startswith(f"{BASE}problems/")


@given(st.text(max_size=12))
def test_a_slug_is_never_more_than_one_iri(slug: str) -> None:
    iri = thing("body", slug)
    assert iri is None or str(iri) == f"<{ID}body/{slug}>"
    assert iri is None or NamedNode(iri.value) == iri
