"""Queries that a worker answers in a moment never reach the application, and nobody can tell."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.serving import Server, serving, small_release
from tests.test_points import told, workers_stopped

QUADS = "".join(
    f"<urn:s{n}> <urn:p> <urn:o{n % 40}> <urn:g> .\n<urn:o{n % 40}> <urn:q> <urn:s{n}> <urn:g> .\n"
    for n in range(4000)
)
JOIN = "SELECT ?c { <urn:s7> <urn:p> ?b . ?b <urn:q>|<urn:r> ?c }"
QUERIES = {
    "a join": JOIN,
    "an expression": "SELECT (STRLEN(STR(?b)) AS ?n) { <urn:s7> <urn:p> ?b }",
    "a join by a path": "SELECT ?c { <urn:s7> <urn:p>/<urn:q> ?c }",
    "a truth": "ASK { ?a <urn:p> ?b . ?b <urn:q> ?a }",
    "nothing": "SELECT ?a { ?a <urn:none> ?b . ?b <urn:q> ?a }",
    "more than a moment": "SELECT (COUNT(*) AS ?n) { ?a <urn:p> ?b . ?b <urn:q> ?c }",
    "more than one look": "SELECT ?a ?b { ?a ?p ?b }",
    "more than memory is for": "SELECT ?a ?b ?c ?d { ?a <urn:p> ?b . ?b <urn:q> ?c . ?c ?d ?e } LIMIT 20000",
    "an error of syntax": "SELECT ?a { ?a ?p }",
    "an unknown function": "SELECT (<urn:f>(1) AS ?a) {}",
    "a graph": "CONSTRUCT { ?a <urn:p> ?b } WHERE { ?a <urn:p> ?b } LIMIT 5",
    "an update": "INSERT DATA { <urn:s> <urn:p> 1 }",
    "a federated call": "SELECT ?n { SERVICE <http://127.0.0.1/> { ?n <urn:p> 1 } }",
    "a format of graphs": "SELECT ?a { ?a <urn:p> <urn:o1> . ?a ?b ?c }",
}
FORMATS = {"a format of graphs": "text/turtle"}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(small_release(tmp_path_factory.mktemp("soon"), QUADS)) as server:
        yield server


@pytest.mark.parametrize("what", QUERIES)
def test_a_query_gets_the_answer_that_the_application_gives(running: Server, what: str) -> None:
    headers = {"Accept": FORMATS.get(what, "*/*;q=0.1, application/sparql-results+json")}
    fields = {"query": QUERIES[what]}
    first = running.ask(f"/sparql?{urlencode(fields)}", headers)
    # A client's own limit on time is the application's business, and no part of what the answer is.
    worked_out = running.ask(f"/sparql?{urlencode({**fields, 'timeout': '20'})}", headers)
    assert told(first) == told(worked_out)


def test_more_clients_than_places_all_get_their_answers(running: Server) -> None:
    queries = [f"{JOIN} LIMIT {number}" for number in range(1, 61)]
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda query: running.query(query, {"Accept": "text/csv"}), queries))
    assert [answer.status for answer in answers] == [200] * len(queries)
    assert [len(answer.body.split()) - 1 for answer in answers] == list(range(1, 61))
    assert running.queries() == (0, 0)


def test_a_worker_that_does_nothing_holds_up_nobody_else(tmp_path: Path) -> None:
    release = small_release(tmp_path, QUADS)
    with serving(release, "--processes", "1") as server, ThreadPoolExecutor(1) as pool:
        assert server.query("SELECT (1 AS ?n) {}").status == 200
        with workers_stopped(server):
            stuck = pool.submit(server.query, "SELECT (2 AS ?n) {}")
            while server.queries() != (1, 0):
                assert not stuck.done()
            assert server.ask("/healthz").status == 200
            assert not stuck.done()
        assert stuck.result().status == 200
