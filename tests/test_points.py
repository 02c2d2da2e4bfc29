"""Point queries are answered at once, like any other query, and only where they are small."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlencode

import pytest
from pyoxigraph import Literal, NamedNode, Quad, QuerySolutions, Store

from legation.serve.fanout import FanOut, count_fanouts, ensure_fanouts
from legation.serve.query.points import MOST_MATCHES, Points
from legation.serve.settings import Settings
from tests.serving import Answer, Server, serving, small_release
from tests.test_workers import await_workers

NAMES = (
    "PREFIX skos: <http://www.w3.org/2004/02/skos/core#> "
    "SELECT ?name { <https://w3id.org/legation/id/body/gctf> skos:prefLabel ?name }"
)
MEDIA = {"csv": "text/csv", "tsv": "text/tab-separated-values"}
SMALL = (
    "SELECT ?n { <urn:s> <urn:p> ?n }",
    "select distinct ?n where { <urn:s> <urn:p> ?n . } order by ?n limit 3 offset 1",
    'PREFIX u: <urn:> SELECT * { u:s u:p ?n ; u:q ?m , "x"@en . ?t a u:c FILTER(LANG(?m) = "fr" || ?n = 5) }',
    "SELECT ?n { ?x <urn:q> ?n . <urn:s> <urn:p> ?x }",
    "SELECT ?n { <urn:s> <urn:p>/<urn:q>/a ?n }",
    'ASK { <urn:s> <urn:p> "2011"^^<http://www.w3.org/2001/XMLSchema#gYear> . ?s <urn:q> <urn:x> }',
)
OTHERS = {
    "nothing is named": "SELECT ?s { ?s ?p ?o }",
    "nothing leads to a pattern": "SELECT ?n { <urn:s> <urn:p> ?x . ?y <urn:p> ?n }",
    "what leads to a pattern is any property": "SELECT ?n { <urn:s> <urn:p> ?x . ?x ?y ?n }",
    "a pattern looks for a literal": "SELECT ?n { ?n <urn:p> 5 }",
    "a path": "SELECT ?n { <urn:s> <urn:p>+ ?n }",
    "an alternative path": "SELECT ?n { <urn:s> <urn:p>|<urn:q> ?n }",
    "a variable twice": "SELECT ?n { <urn:s> ?n ?n }",
    "an expression": "SELECT (1 AS ?x) { <urn:s> <urn:p> ?n }",
    "an aggregate": "SELECT (COUNT(*) AS ?x) { <urn:s> <urn:p> ?n }",
    "a regular expression": 'SELECT ?n { <urn:s> <urn:p> ?n FILTER(REGEX(?n, "(a|a)+$")) }',
    "an optional group": "SELECT ?n { <urn:s> <urn:p> ?n OPTIONAL { ?n ?p ?o } }",
    "a named graph": "SELECT ?n { GRAPH <urn:g> { <urn:s> <urn:p> ?n } }",
    "a dataset": "SELECT ?n FROM <urn:g> { <urn:s> <urn:p> ?n }",
    "a federated call": "SELECT ?n { SERVICE <http://127.0.0.1/> { <urn:s> <urn:p> ?n } }",
    "a word that holds the name of one": "PREFIX service: <urn:> SELECT ?n { service:s <urn:p> ?n }",
    "a blank node": "SELECT ?n { <urn:s> <urn:p> [ <urn:q> ?n ] }",
    "a codepoint escape": "SELECT ?n { <urn:s> <urn:\\u0070> ?n }",
    "a relative IRI": "SELECT ?n { <s> <urn:p> ?n }",
    "an unknown prefix": "SELECT ?n { u:s <urn:p> ?n }",
    "a graph": "CONSTRUCT { <urn:s> <urn:p> ?n } WHERE { <urn:s> <urn:p> ?n }",
    "an update": "INSERT DATA { <urn:s> <urn:p> 1 }",
    "an end too early": "SELECT ?n { <urn:s> <urn:p> ?n",
    "nothing": "",
}


def is_small(query: str, store: Store) -> bool:
    return Points(store, count_fanouts(store)).has(query)


def filled(subject: str, count: int, *predicates: str) -> Store:
    store = Store()
    store.extend(
        Quad(NamedNode(subject), NamedNode(predicate), Literal(str(number)))
        for number in range(count)
        for predicate in predicates
    )
    return store


@pytest.mark.parametrize("query", SMALL)
def test_what_names_its_subjects_or_objects_is_a_point_query(query: str) -> None:
    assert is_small(query, filled("urn:s", 3, "urn:p", "urn:q"))


@pytest.mark.parametrize("what", OTHERS)
def test_what_could_cost_more_than_its_matches_is_none(what: str) -> None:
    assert not is_small(OTHERS[what], filled("urn:s", 3, "urn:p", "urn:q"))


def test_the_matches_of_all_patterns_together_are_bounded() -> None:
    one, two = "SELECT ?a { <urn:s> <urn:p> ?a }", "SELECT * { <urn:s> <urn:p> ?a ; <urn:q> ?b }"
    assert is_small(one, filled("urn:s", MOST_MATCHES, "urn:p"))
    assert not is_small(one, filled("urn:s", MOST_MATCHES + 1, "urn:p"))
    assert is_small(two, filled("urn:s", 30, "urn:p", "urn:q"))
    assert not is_small(two, filled("urn:s", 40, "urn:p", "urn:q"))


def linked(fans: int) -> Store:
    """Return <urn:s> with one <urn:p>, which is one of so many that have the same <urn:q>."""
    store = Store()
    store.add(Quad(NamedNode("urn:s"), NamedNode("urn:p"), NamedNode("urn:0")))
    store.extend(Quad(NamedNode(f"urn:{n}"), NamedNode("urn:q"), NamedNode("urn:all")) for n in range(fans))
    return store


def test_a_step_costs_what_its_property_adds_in_the_directions_that_a_join_can_take() -> None:
    many = linked(MOST_MATCHES + 1)
    forward, back = "<urn:s> <urn:p> ?x . ?x <urn:q> ?y", "?z <urn:q> ?y"
    assert is_small(f"SELECT * {{ {forward} }}", many)
    assert is_small(f"SELECT * {{ {forward} . {back} }}", linked(30))
    assert not is_small(f"SELECT * {{ {forward} . {back} }}", many)
    assert not is_small(f"SELECT * {{ {forward} . <urn:s> <urn:p>/<urn:q> ?y }}", many)


@pytest.mark.parametrize(
    "group",
    [
        "<urn:s7> <urn:p> ?x . ?x <urn:q> ?n",
        "?x <urn:q> ?n . <urn:s7> <urn:p> ?x",
        "<urn:s7> <urn:p>/<urn:q> ?n",
    ],
)
def test_the_engine_looks_up_what_a_step_leads_to_and_nothing_else(group: str) -> None:
    store, seen = Store(), []
    for n in range(2000):
        store.add(Quad(NamedNode(f"urn:s{n}"), NamedNode("urn:p"), NamedNode(f"urn:x{n}")))
        store.add(Quad(NamedNode(f"urn:x{n}"), NamedNode("urn:q"), Literal(f"n{n}")))

    def see(value: Literal) -> Literal:
        seen.append(value)
        return Literal(value=True)

    # The engine asks a condition of one variable as soon as that is bound: of all, were it to scan them.
    query = f"SELECT ?n {{ {group} FILTER(<urn:see>(?n)) }}"
    found = store.query(query, custom_functions={NamedNode("urn:see"): see})
    assert isinstance(found, QuerySolutions)
    assert [solution["n"] for solution in found] == [Literal("n7")] == seen


def test_fanouts_are_the_most_objects_and_the_most_subjects_and_are_counted_once(tmp_path: Path) -> None:
    index = tmp_path / "index"
    counted = ensure_fanouts(index, linked(7))
    assert counted == {"urn:p": FanOut(1, 1), "urn:q": FanOut(1, 7)}
    assert ensure_fanouts(index, linked(9)) == counted


def test_queries_of_one_shape_are_told_apart_by_what_they_name() -> None:
    store = filled("urn:many", MOST_MATCHES + 1, "urn:p")
    assert is_small("SELECT ?a { <urn:few> <urn:p> ?a }", store)
    assert not is_small("SELECT ?a { <urn:many> <urn:p> ?a }", store)


def told(answer: Answer) -> tuple[int, list[tuple[str, str]], bytes]:
    """Return all that an answer says, but for when it was made."""
    headers = [(name.lower(), value) for name, value in answer.headers.items()]
    return answer.status, sorted(pair for pair in headers if pair[0] != "date"), answer.body


@pytest.mark.parametrize("kind", ["json", "xml", "csv", "tsv"])
@pytest.mark.parametrize("coding", ["identity", "gzip", "zstd"])
@pytest.mark.parametrize("by", ["header", "field"])
def test_a_point_query_gets_the_answer_that_the_application_gives(
    server: Server, kind: str, coding: str, by: str
) -> None:
    media = MEDIA.get(kind, f"application/sparql-results+{kind}")
    query = f"{NAMES} # {kind} {coding} {by}"
    headers = {"Accept-Encoding": coding} | ({"Accept": media} if by == "header" else {})
    fields = {"query": query} | ({"format": kind} if by == "field" else {})
    at_once = server.ask(f"/sparql?{urlencode(fields)}", headers)
    # A client's own limit on time is the application's business, and no part of what the answer is.
    worked_out = server.ask(f"/sparql?{urlencode({**fields, 'timeout': '20'})}", headers)
    assert told(at_once) == told(worked_out)
    assert at_once.status == 200
    assert "Forum" in server.query(NAMES, format=kind).text


@contextmanager
def workers_stopped(server: Server) -> Iterator[None]:
    """Let no worker of a server that is one process do anything for the time of the block."""
    workers = await_workers(server, Settings.quick_workers + 1)
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in workers:
            with suppress(ProcessLookupError):  # one that was killed meanwhile
                os.kill(pid, signal.SIGCONT)


def test_a_point_query_needs_no_worker(tmp_path: Path) -> None:
    quads = "".join(f'<urn:s{n}> <urn:p> "{n}" <urn:g> .\n' for n in range(9))
    with serving(small_release(tmp_path, quads), "--time-limit", "2", "--processes", "1") as server:
        assert server.query("SELECT (1 AS ?n) {}").status == 200
        with workers_stopped(server):
            answer = server.query("SELECT ?n { <urn:s7> <urn:p> ?n }", {"Accept": "text/csv"})
            assert (answer.status, answer.body) == (200, b"n\r\n7\r\n")
            assert server.query("SELECT (2 AS ?n) {}").status == 504


def test_a_point_query_that_is_asked_again_is_kept(server: Server) -> None:
    path = f"/sparql?{urlencode({'query': NAMES + ' # kept'})}"
    tags = [server.ask(path).headers["ETag"] for _ in range(3)]
    assert len(set(tags)) == 1
    assert server.ask(path, {"If-None-Match": tags[0]}).status == 304
