"""The remote engine: the same pages and answers from an endpoint elsewhere, and never a wrong or half one."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest
from pyoxigraph import QueryResultsFormat, QuerySolutions, parse_query_results

from legation.namespaces import BASE, GRAPH, ID, LEG, PREFIXES
from tests.endpoints import MISBEHAVIOURS, Misbehaving, Store, misbehaving, oxigraph_store, virtuoso
from tests.page_kinds import PAGES, THINGS
from tests.projects import ROOT
from tests.serving import LEGATION, Answer, Server, serving, small_release

ROWS: Final = 5000
"""Rows that the server over Virtuoso sends at most; Virtuoso is told to cut results just above."""

XSD: Final = PREFIXES["xsd"]
SKOS: Final = PREFIXES["skos"]
A: Final = PREFIXES["rdf"] + "type"
GCTF: Final = f"{ID}body/gctf"
SMALL: Final = f"""\
<{GCTF}> <{A}> <{LEG}Forum> <{GRAPH}entities> .
<{GCTF}> <{SKOS}prefLabel> "المنتدى العالمي لمكافحة الإرهاب"@ar <{GRAPH}entities> .
<{GCTF}> <{SKOS}prefLabel> "Global Counterterrorism Forum"@en <{GRAPH}entities> .
<{GCTF}> <{SKOS}prefLabel> "a \\"quoted\\"\\n line, with <marks> & more"@en-GB <{GRAPH}entities> .
<{GCTF}> <{LEG}establishedOn> "2011-09"^^<{XSD}gYearMonth> <{GRAPH}entities> .
<{GCTF}> <{LEG}memberCount> "32"^^<{XSD}integer> <{GRAPH}entities> .
<{GCTF}> <{LEG}seat> <{ID}place/nowhere> <{GRAPH}entities> .
<{GCTF}> <{SKOS}note> _:a <{GRAPH}shapes> .
_:a <{SKOS}member> _:b <{GRAPH}shapes> .
_:b <{SKOS}notation> "inner" <{GRAPH}shapes> .
<{ID}place/nowhere> <{A}> <{LEG}Place> <{GRAPH}entities> .
<{ID}place/nowhere> <{SKOS}prefLabel> "Nowhere"@en <{GRAPH}entities> .
<{ID}place/nowhere> <{SKOS}prefLabel> "Nowhere"@en <{GRAPH}source-1> .
<{ID}claim/source-1-1> <{A}> <{LEG}Attribute> <{GRAPH}source-1> .
<{ID}claim/source-1-1> <{LEG}subject> <{GCTF}> <{GRAPH}source-1> .
<{ID}claim/source-1-1> <{LEG}start> "2011"^^<{XSD}gYear> <{GRAPH}source-1> .
<{ID}claim/source-1-1> <{LEG}end> "2019-12-31"^^<{XSD}date> <{GRAPH}source-1> .
<{ID}claim/source-1-1> <{LEG}inForce> "true"^^<{XSD}boolean> <{GRAPH}source-1> .
"""
LOST: Final = f'<{ID}claim/source-1-1> <{LEG}duration> "P2Y"^^<{XSD}duration> <{GRAPH}source-1> .\n'
"""What Virtuoso does not keep as it is: a duration becomes a number of months."""

PROLOGUE: Final = f"PREFIX graph: <{GRAPH}>\n"
QUERIES: Final = {
    "everything": "SELECT * { ?s ?p ?o FILTER(!isIRI(?o) || !STRSTARTS(STR(?o), 'urn:')) }",
    "how many": "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }",
    "how many in graphs": "SELECT (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } }",
    "which graphs": "SELECT ?g (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g ORDER BY ?g",
    "in one graph": f"SELECT ?s {{ GRAPH <{GRAPH}source-1> {{ ?s ?p 'Nowhere'@en }} }}",
    "in one graph and any": f"SELECT ?g {{ GRAPH <{GRAPH}source-1> {{ ?s ?p ?n }} GRAPH ?g {{ ?s ?p ?n }} }}",
    "across graphs": f"SELECT ?n {{ ?c <{LEG}subject>/<{LEG}seat>/<{SKOS}prefLabel> ?n }}",
    "from one graph": "SELECT ?s ?p ?o FROM graph:source-1 { ?s ?p ?o }",
    "from one graph, none named": "SELECT * FROM graph:source-1 { GRAPH ?g { ?s ?p ?o } }",
    "from named, no default": "SELECT * FROM NAMED graph:source-1 { ?s ?p ?o }",
    "from named": "SELECT ?g ?p FROM NAMED graph:source-1 { GRAPH ?g { ?s ?p ?o } }",
    "optional": f"SELECT ?s ?d {{ ?s a ?t OPTIONAL {{ ?s <{LEG}establishedOn> ?d }} }}",
    "languages": "SELECT ?n (LANG(?n) AS ?l) { ?s ?p ?n FILTER(LANG(?n) != '') }",
    "datatypes": "SELECT ?o (DATATYPE(?o) AS ?t) { ?s ?p ?o FILTER(isLiteral(?o) && LANG(?o) = '') }",
    "numbers": f"SELECT (SUM(?n) + 1 AS ?m) {{ ?s <{LEG}memberCount> ?n }}",
    "values": f"SELECT * {{ VALUES ?s {{ <{GCTF}> }} ?s a ?t }}",
    "yes": "ASK { ?s ?p 'Nowhere'@en }",
    "no": "ASK { ?s ?p 'nowhere'@en }",
    "none": "SELECT * { <urn:x> ?p ?o }",
}
GRAPHS: Final = {
    "construct": f"CONSTRUCT {{ ?s <{SKOS}related> ?o }} WHERE {{ ?s <{LEG}seat>|<{LEG}subject> ?o }}",
    "construct where": f"CONSTRUCT WHERE {{ ?s <{SKOS}prefLabel> ?o }}",
    "blank nodes": f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ GRAPH <{GRAPH}shapes> {{ ?s ?p ?o }} }}",
    "describe": f"DESCRIBE <{GCTF}>",
    "describe what is found": f"PREFIX leg: <{LEG}> DESCRIBE ?s {{ ?s a leg:Place }}",
    "describe in a graph": f"DESCRIBE <{ID}place/nowhere> FROM <{GRAPH}source-1>",
}
FORMATS: Final = ("json", "xml", "csv", "tsv")
PATHS: Final = (
    "/en/page/body/gctf",
    "/ar/page/claim/source-1-1",
    "/fr/page/place/nowhere",
    "/data/body/gctf.ttl",
    "/data/claim/source-1-1.jsonld",
    "/graph/source-1?format=nt",
    "/graphs?default&format=nt",
    "/en/browse/body",
)
READING: Final = ("home", "timeline", "answer", "builder", "ontology", "quality", "releases")
"""Pages, beside those of things, for which much is read."""

VERSION: Final = re.compile(rb"v=[0-9a-f]{8,}")
"""What tells files of one server from those of another."""


@dataclass(frozen=True)
class Pair:
    """The same release, served from a remote engine and from the embedded one."""

    remote: Server
    embedded: Server

    def differing(self, path: str, headers: Mapping[str, str] | None = None) -> list[str]:
        """Return what differs between both answers at ``path``."""
        here, there = self.embedded.ask(path, headers), self.remote.ask(path, headers)
        if (here.status, here.type) != (there.status, there.type):
            return [f"{path}: {there.status} {there.type} {there.text[:300]} instead of {here.status}"]
        return [] if shown(self.embedded, here) == shown(self.remote, there) else [path]


def shown(server: Server, answer: Answer) -> bytes:
    """Return the body of an answer without what names the server."""
    return VERSION.sub(b"", answer.body.replace(server.url.encode(), b""))


def legation(*arguments: str, user: str = "") -> subprocess.CompletedProcess[str]:
    credentials = {"LEGATION_ENGINE_USER": user, "LEGATION_ENGINE_PASSWORD": user} if user else {}
    return subprocess.run(
        [*LEGATION, *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **credentials},
        check=False,
    )


def push(release: Path, store: Store, *options: str, user: str = "") -> subprocess.CompletedProcess[str]:
    where = ("--engine", store.query, "--graph-store", store.graphs, "--release", str(release))
    return legation("push", *where, *options, user=user)


def bulk_loaded(release: Path, store: Store, file: Path) -> str:
    """Load the bulk file of a release into a store; return what the command said about it."""
    written = legation("push", "--release", str(release), "--bulk", str(file))
    assert written.returncode == 0, written.stderr
    headers = {"Content-Type": "application/n-quads"}
    urlopen(Request(store.graphs, file.read_bytes(), headers, method="POST")).close()
    return written.stdout


def rows(answer: Answer) -> list[str]:
    """Return the solutions of a JSON result, in no order, blank nodes without their names."""
    found = parse_query_results(answer.body, QueryResultsFormat.JSON)
    if not isinstance(found, QuerySolutions):
        return [str(bool(found))]
    names = [variable.value for variable in found.variables]
    return sorted(re.sub(r"_:\w+", "_:", str([str(row[name]) for name in names])) for row in found)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_release(tmp_path_factory.mktemp("small"), SMALL)


@pytest.fixture(scope="module")
def oxigraph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with oxigraph_store(tmp_path_factory.mktemp("oxigraph")) as store:
        yield store


@pytest.fixture(scope="module")
def virtuoso_store(tmp_path_factory: pytest.TempPathFactory, small: Path) -> Iterator[Store]:
    with virtuoso(tmp_path_factory.mktemp("virtuoso"), ROWS + 2) as store:
        pushed = push(small, store, user="dba")
        assert pushed.returncode == 0, pushed.stderr
        yield store


@pytest.fixture(scope="module")
def over_virtuoso(small: Path, virtuoso_store: Store) -> Iterator[Pair]:
    over = ("--engine", virtuoso_store.query, "--result-rows", str(ROWS))
    with serving(small) as embedded, serving(small, *over) as remote:
        yield Pair(remote, embedded)


@pytest.fixture(scope="module")
def small_oxigraph(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with oxigraph_store(tmp_path_factory.mktemp("small-oxigraph")) as store:
        assert push(small, store).returncode == 0
        yield store


@pytest.fixture(scope="module")
def over_oxigraph(small: Path, small_oxigraph: Store, over_virtuoso: Pair) -> Iterator[Pair]:
    with serving(small, "--engine", small_oxigraph.query) as remote:
        yield Pair(remote, over_virtuoso.embedded)


@pytest.fixture(params=["over_oxigraph", "over_virtuoso"])
def pair(request: pytest.FixtureRequest) -> Pair:
    found: Pair = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="module")
def endpoint(small_oxigraph: Store) -> Iterator[Misbehaving]:
    with misbehaving(small_oxigraph.query) as running:
        yield running


@pytest.fixture(scope="module")
def troubled(small: Path, endpoint: Misbehaving) -> Iterator[Server]:
    with serving(small, "--engine", endpoint.url, "--time-limit", "1", "--answer-cache", "0") as running:
        yield running


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_a_query_has_the_same_solutions_from_either_engine(pair: Pair, query: str) -> None:
    here, there = (server.query(PROLOGUE + query) for server in (pair.embedded, pair.remote))
    assert there.status == 200, there.text
    assert rows(there) == rows(here)


@pytest.mark.parametrize("query", GRAPHS.values(), ids=GRAPHS)
def test_a_graph_has_the_same_statements_from_either_engine(pair: Pair, query: str) -> None:
    found = [server.query(query, format="nt") for server in (pair.embedded, pair.remote)]
    assert found[1].status == 200, found[1].text
    here, there = (sorted(re.sub(r"_:\w+", "_:", line) for line in one.text.splitlines()) for one in found)
    assert here == there != []


@pytest.mark.parametrize("name", FORMATS)
def test_results_are_written_by_our_own_writers_whatever_the_engine_sends(pair: Pair, name: str) -> None:
    query = f"SELECT ?s ?o {{ ?s <{SKOS}prefLabel> ?o }} ORDER BY ?s ?o"
    one, other = (server.query(query, format=name) for server in (pair.embedded, pair.remote))
    assert (one.body, one.headers["Content-Type"]) == (other.body, other.headers["Content-Type"])


@pytest.mark.parametrize("path", PATHS)
def test_a_page_is_the_same_from_either_engine(pair: Pair, path: str) -> None:
    assert pair.differing(path) == []


def test_the_dataset_that_the_protocol_names_is_asked(pair: Pair) -> None:
    query, graph = "SELECT ?s ?p ?o ?g { { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } } }", f"{GRAPH}source-1"
    for field in ("default-graph-uri", "named-graph-uri"):
        path = "/sparql?" + urlencode({"query": query, field: graph, "format": "json"})
        here, there = pair.embedded.ask(path), pair.remote.ask(path)
        assert rows(here) == rows(there) != []


def test_a_query_is_parsed_here_so_that_errors_are_the_same_and_extensions_of_the_engine_refused(
    pair: Pair,
) -> None:
    refused = ("SELECT", 'DEFINE get:soft "replace" SELECT * { ?s ?p ?o }', "SELECT (<bif:now>() AS ?x) {}")
    for query in (*refused, "INSERT DATA { <urn:a> <urn:b> <urn:c> }", "SELECT * { SERVICE <urn:x> {} }"):
        here, there = pair.embedded.query(query), pair.remote.query(query)
        assert 400 <= there.status < 404
        assert here.json() == there.json()


def test_the_bundled_release_reads_the_same_over_oxigraph(
    release: Path, server: Server, oxigraph: Store, tmp_path: Path
) -> None:
    bulk_loaded(release, oxigraph, tmp_path / "bulk.nq")
    pages = [*THINGS.values(), *(PAGES[name] for name in READING)]
    data = [f"/data{path.removeprefix('/page')}.ttl" for path in THINGS.values()]
    questions = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "tests/questions").glob("*.rq"))]
    with serving(release, "--engine", oxigraph.query) as remote:
        pair = Pair(remote, server)
        asked = [*(f"/en{path}" for path in pages), *data, "/ontology?format=ttl", "/shapes?format=ttl"]
        assert [found for path in asked for found in pair.differing(path)] == []
        for query in questions[::3]:
            here, there = server.query(query, format="csv"), remote.query(query, format="csv")
            assert sorted(here.text.splitlines()) == sorted(there.text.splitlines())


MET: Final[Mapping[str, tuple[int, str, str]]] = {
    "hang": (504, "out-of-time", "1 seconds"),
    "cut": (502, "engine-failed", "broke off"),
    "unframed": (502, "engine-failed", "no stated end"),
    "drip": (504, "out-of-time", "1 seconds"),
    "ended early": (502, "engine-failed", "cannot be read to the end"),
    "another type": (502, "engine-failed", "text/html"),
    "redirect": (502, "engine-failed", "redirects are not followed"),
    "fault": (502, "engine-failed", "the disk is on fire"),
    "overloaded": (503, "engine-down", "503"),
    "locked": (502, "engine-failed", "does not let us in"),
    "part": (504, "out-of-time", "1 seconds"),
    "limited": (502, "engine-failed", "cuts results at 1 rows"),
}


@pytest.mark.parametrize("name", MISBEHAVIOURS)
def test_an_engine_that_misbehaves_is_told_of_in_a_problem_and_nothing_of_it_is_sent(
    troubled: Server, name: str
) -> None:
    status, slug, words = MET[name]
    answer = troubled.query(f"SELECT * {{ ?s ?p ?o }} # {name}", {"Accept": "text/csv"})
    assert (answer.status, answer.type) == (status, "application/problem+json"), answer.text
    assert answer.json()["type"] == f"{BASE}problems/{slug}"
    assert words in answer.json()["detail"]
    assert ("Retry-After" in answer.headers) == (status == 503)
    assert troubled.query("ASK { ?s ?p ?o }").json()["boolean"] is True


def test_a_page_of_results_is_not_shown_from_an_answer_that_is_cut(troubled: Server) -> None:
    answer = troubled.query("SELECT * { ?s ?p ?o } # ended early", {"Accept": "text/html"})
    assert (answer.status, answer.type) == (502, "text/html")


def test_a_client_that_hangs_up_has_its_query_ended_at_the_engine(
    troubled: Server, endpoint: Misbehaving
) -> None:
    endpoint.hung_up.clear()
    with troubled.begin("SELECT ?left { ?s ?p ?left } # hang"):
        await_that(lambda: any("?left" in query for query in endpoint.queries))
    assert endpoint.hung_up.wait(60)
    await_that(lambda: troubled.queries() == (0, 0))


def test_no_password_is_ever_told(small: Path, endpoint: Misbehaving) -> None:
    secret = "hunter2"  # noqa: S105  # nobody's
    with_secret = endpoint.url.replace("://", f"://me:{secret}@")
    refused = legation("serve", "--release", str(small), "--engine", with_secret)
    assert refused.returncode == 1
    assert "LEGATION_ENGINE_USER" in refused.stderr
    assert secret not in refused.stderr


def test_a_server_does_not_start_over_an_engine_with_another_release(
    small_oxigraph: Store, tmp_path: Path
) -> None:
    other = small_release(tmp_path, SMALL.replace("Nowhere", "Elsewhere") + LOST)
    refused = legation("serve", "--release", str(other), "--engine", small_oxigraph.query)
    assert refused.returncode == 1
    assert f"{GRAPH}source-1 has 6 statements there and 7 in the release" in refused.stderr
    assert "legation push" in refused.stderr


def test_a_server_does_not_start_over_an_engine_that_would_cut_results_without_a_word(
    small: Path, virtuoso_store: Store
) -> None:
    over = ("--engine", virtuoso_store.query, "--result-rows", str(ROWS + 2))
    refused = legation("serve", "--release", str(small), *over)
    assert refused.returncode == 1
    assert f"cuts results at {ROWS + 2} rows" in refused.stderr
    assert "ResultSetMaxRows" in refused.stderr


def test_a_server_does_not_start_over_an_engine_that_is_not_there(small: Path) -> None:
    refused = legation("serve", "--release", str(small), "--engine", "http://127.0.0.1:1/sparql")
    assert refused.returncode == 1
    assert "cannot be reached (Connection refused)" in refused.stderr


def test_readiness_and_answers_follow_the_engine(small: Path, tmp_path: Path) -> None:
    listed = "legation.nt"
    checksum = f"<{BASE}release/1.0.0#{listed}-sha256> <{PREFIXES['spdx']}checksumValue>"
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    stated = f'{checksum} "{empty}"^^<{XSD}hexBinary> <{GRAPH}meta> .\n'
    release = small_release(tmp_path, SMALL + stated, {listed: ""})
    with ExitStack() as engine:
        store = engine.enter_context(oxigraph_store(tmp_path))
        assert push(release, store).returncode == 0
        with serving(release, "--engine", store.query, "--answer-cache", "0") as running:
            assert running.ask("/readyz").status == 200
            urlopen(Request(f"{store.graphs}?graph={GRAPH}meta", method="DELETE")).close()
            assert "does not hold this release" in running.ask("/readyz").json()["detail"]
            await_that(lambda: running.query("SELECT * { ?s ?p ?o }").status == 503)
            engine.close()
            for answer in (running.ask("/readyz"), running.query("ASK {}"), running.ask("/data/body/gctf")):
                assert answer.status == 503
            assert running.query("ASK {}").headers["Retry-After"]
            assert running.ask("/healthz").status == 200


def test_pushing_names_the_graph_that_an_engine_changes(virtuoso_store: Store, tmp_path: Path) -> None:
    release = small_release(tmp_path, SMALL + LOST)
    by_digest = push(release, virtuoso_store, user="dba")
    by_counts = push(release, virtuoso_store, "--verify", "counts", "--only-verify")
    assert by_digest.returncode == 1
    assert f"1 of 3 graphs differ from release 1.0.0:\n  {GRAPH}source-1: 1 statements" in by_digest.stderr
    assert '"P2Y"' in by_digest.stderr
    assert by_counts.returncode == 0
    restored = push(small_release(tmp_path / "again", SMALL), virtuoso_store, user="dba")
    assert restored.returncode == 0


def test_pushing_names_the_graph_that_is_not_there(small: Path, oxigraph: Store) -> None:
    missing = push(small, oxigraph, "--only-verify")
    assert missing.returncode == 1
    assert f"{GRAPH}source-1: 0 statements instead of 6" in missing.stderr


def test_pushing_without_a_password_says_which_variables_to_set(small: Path, virtuoso_store: Store) -> None:
    refused = push(small, virtuoso_store)
    assert refused.returncode == 1
    assert "LEGATION_ENGINE_PASSWORD" in refused.stderr


def test_the_bulk_file_loads_into_a_store_that_then_serves_the_release(
    small: Path, over_virtuoso: Pair, tmp_path: Path
) -> None:
    with oxigraph_store(tmp_path) as store:
        assert "rdf_loader_run" in bulk_loaded(small, store, tmp_path / "bulk.nq")
        assert push(small, store, "--only-verify").returncode == 0
        with serving(small, "--engine", store.query) as remote:
            pair = Pair(remote, over_virtuoso.embedded)
            assert [found for path in PATHS for found in pair.differing(path)] == []


def await_that(condition: object) -> None:
    """Wait until ``condition`` holds."""
    assert callable(condition)
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
