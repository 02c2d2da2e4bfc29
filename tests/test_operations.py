"""Running the server: a new release without a failed request, stopping, health, metrics, logs."""

from __future__ import annotations

import json
import re
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from urllib.parse import urlencode

import pytest

from legation.endpoint import PASSWORD, USER
from legation.namespaces import BASE
from legation.serve.front.client import Client
from legation.serve.front.logs import LONGEST_QUERY
from legation.serve.settings import TABLE, settings_table
from legation.serve.web.problems import KINDS
from tests.projects import ROOT
from tests.serving import Answer, Server, serving, small_release
from tests.test_workers import worker_ids

VALUE = "SELECT ?v WHERE { <urn:a> <urn:b> ?v }"
COUNTED = "SELECT (COUNT(*) AS ?n) WHERE { <urn:a> <urn:b> ?v }"
"""No point query: the application answers it, and it is kept at once."""
SLOW = "SELECT (COUNT(*) AS ?n) WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
ENDLESS = "SELECT (COUNT(*) AS ?n) WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l . ?m ?n2 ?o }"
PATIENCE = 90.0


def quads(value: str, many: int = 0) -> str:
    """Return a release's statements: one that tells which release it is, and ``many`` to compute with."""
    more = "".join(f'<urn:x> <urn:y> "{number}" <urn:g> .\n' for number in range(many))
    return f'<urn:a> <urn:b> "{value}" <urn:g> .\n{more}'


def point(releases: Path, release: Path) -> None:
    """Make ``release`` the current one, as publishing does: at once."""
    link = releases / "current.new"
    link.symlink_to(release)
    link.rename(releases / "current")


@pytest.fixture
def releases(tmp_path: Path) -> Path:
    folder = tmp_path / "releases"
    folder.mkdir()
    point(folder, small_release(tmp_path / "old", quads("old", 60)))
    return folder


def await_that(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def sparql(query: str, **fields: str) -> str:
    return "/sparql?" + urlencode({"query": query, **fields})


def value_of(answer: Answer) -> str:
    assert answer.status == 200, answer.text
    found: str = answer.json()["results"]["bindings"][0]["v"]["value"]
    return found


def metric(server: Server, name: str, **labels: str) -> float:
    shown = ",".join(f'{label}="{value}"' for label, value in sorted(labels.items()))
    line = re.escape(f"{name}{{{shown}}}" if shown else name)
    found = re.search(rf"^{line} (\S+)$", server.ask("/metrics").text, re.MULTILINE)
    return float(found[1]) if found else 0.0


@contextmanager
def load(server: Server, threads: int = 4) -> Iterator[list[list[tuple[str, str | None]]]]:
    """Ask without pause, what is kept in memory and what is not; give what each thread got, in order."""
    done = threading.Event()
    seen: list[list[tuple[str, str | None]]] = [[] for _ in range(threads)]
    numbers = count()

    def ask(got: list[tuple[str, str | None]]) -> None:
        while not done.is_set():
            kept = server.ask(sparql(VALUE))
            got.append((value_of(kept), kept.headers["ETag"]))
            got.append((value_of(server.ask(sparql(f"{VALUE} #{next(numbers)}"))), None))

    with ThreadPoolExecutor(threads) as pool:
        asking = [pool.submit(ask, got) for got in seen]
        try:
            yield seen
        finally:
            done.set()
        for one in asking:
            one.result()


@pytest.mark.parametrize("call", [False, True], ids=["pointer", "SIGHUP"])
def test_a_new_release_takes_over_under_load_without_a_failed_or_a_mixed_answer(
    releases: Path, tmp_path: Path, call: bool
) -> None:
    new = small_release(tmp_path / "new", quads("new"))
    with serving(releases) as server, load(server) as seen:
        await_that(lambda: all(len(got) > 20 for got in seen))
        point(releases, new)
        if call:
            server.process.send_signal(signal.SIGHUP)
        await_that(lambda: all(got[-1][0] == "new" for got in seen))
        lengths = [len(got) for got in seen]
        await_that(lambda: all(len(got) > before + 20 for got, before in zip(seen, lengths, strict=True)))
        assert metric(server, "legation_release_changes_total") == 1
    tags: dict[str, set[str]] = {"old": set(), "new": set()}
    for got in seen:
        values = [value for value, _ in got]
        assert values == sorted(values, reverse=True), "an old answer came after a new one"
        for value, tag in got:
            tags[value] |= {tag} if tag is not None else set()
    assert all(len(found) == 1 for found in tags.values())
    assert tags["old"] != tags["new"]


def test_a_query_under_way_is_answered_from_the_release_it_began_with(releases: Path, tmp_path: Path) -> None:
    with serving(releases) as server, ThreadPoolExecutor(1) as pool:
        asked = pool.submit(server.query, SLOW)
        await_that(lambda: metric(server, "legation_queries_running") == 1)
        point(releases, small_release(tmp_path / "new", quads("new")))
        await_that(lambda: value_of(server.query(VALUE)) == "new")
        assert asked.result().json()["results"]["bindings"][0]["n"]["value"] == str(61**4)


def test_the_processes_of_a_release_that_is_gone_end(releases: Path, tmp_path: Path) -> None:
    with serving(releases) as server:
        assert value_of(server.query(VALUE)) == "old"
        before = worker_ids(server)
        point(releases, small_release(tmp_path / "new", quads("new")))
        await_that(lambda: value_of(server.query(VALUE)) == "new")
        await_that(lambda: before.isdisjoint(worker_ids(server)))


def test_a_release_that_cannot_be_served_is_passed_over_and_said(releases: Path, tmp_path: Path) -> None:
    broken = small_release(tmp_path / "broken", quads("broken"))
    (broken / "dataset.nq").unlink()
    with serving(releases) as server:
        point(releases, broken)
        await_that(lambda: metric(server, "legation_release_failures_total") == 1)
        assert value_of(server.query(VALUE)) == "old"
        await_that(lambda: "cannot be served" in server.log.read_text())
        point(releases, small_release(tmp_path / "new", quads("new")))
        await_that(lambda: value_of(server.query(VALUE)) == "new")


def test_when_told_to_stop_it_finishes_what_is_under_way_and_exits_with_0(releases: Path) -> None:
    with serving(releases, "--stop-time", "20", "--time-limit", "2") as server, ThreadPoolExecutor(1) as pool:
        asked = pool.submit(server.query, ENDLESS)
        await_that(lambda: metric(server, "legation_queries_running") == 1)
        assert server.stop() == 0
        assert asked.result().json()["type"] == f"{BASE}problems/out-of-time"


def test_it_does_not_wait_for_ever_when_told_to_stop(releases: Path) -> None:
    with (
        serving(releases, "--stop-time", "0.5", "--time-limit", "60") as server,
        ThreadPoolExecutor(1) as pool,
    ):
        asked = pool.submit(server.query, ENDLESS)
        await_that(lambda: metric(server, "legation_queries_running") == 1)
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began < 30
        assert asked.exception() is not None or asked.result().status >= 500


def test_it_stops_under_load_with_0(releases: Path) -> None:
    def ask() -> int:
        answered = 0
        while True:
            try:
                assert server.ask(sparql(VALUE)).status == 200
            except OSError:
                return answered
            answered += 1

    with serving(releases) as server, ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(ask) for _ in range(4)]
        await_that(lambda: metric(server, "legation_cache_hits_total") > 50)
        assert server.stop() == 0
        assert all(one.result() > 0 for one in asking)


def test_health_and_readiness_are_said_in_a_word(releases: Path) -> None:
    with serving(releases) as server:
        assert server.ask("/healthz").text == "ok 1.0.0\n"
        assert server.ask("/readyz").text == "ready 1.0.0\n"


def test_metrics_count_queries_by_outcome_and_answers_by_what_memory_did(releases: Path) -> None:
    with serving(releases, "--time-limit", "0.5", "--processes", "1") as server:
        for _ in range(3):
            server.query(COUNTED)
        server.query("SELECT nonsense")
        server.query(ENDLESS)
        assert metric(server, "legation_queries_total", outcome="answered") == 1
        assert metric(server, "legation_queries_total", outcome="syntax-error") == 1
        assert metric(server, "legation_queries_total", outcome="out-of-time") == 1
        assert metric(server, "legation_requests_total", cache="hit", status="200") == 2
        assert metric(server, "legation_requests_total", cache="miss", status="504") == 1
        assert metric(server, "legation_query_seconds_count") == 3
        assert metric(server, "legation_worker_kills_total") >= 1
        assert metric(server, "legation_cache_bytes") > 0
        assert metric(server, "legation_cache_answers") > 0
        assert 'legation_release_info{digest="' in server.ask("/metrics").text


@pytest.mark.parametrize(
    ("exposure", "headers", "status"),
    [
        ("local", {}, 200),
        ("local", {"X-Forwarded-For": "192.0.2.1"}, 404),
        ("local", {"Forwarded": "for=192.0.2.1"}, 404),
        ("public", {"X-Forwarded-For": "192.0.2.1"}, 200),
        ("off", {}, 404),
    ],
)
def test_metrics_are_for_this_machine_unless_said_otherwise(
    releases: Path, exposure: str, headers: dict[str, str], status: int
) -> None:
    with serving(releases, "--metrics", exposure) as server:
        assert server.ask("/metrics", headers).status == status


def lines_of(server: Server) -> list[str]:
    """Return what the server wrote, less what it said at its start."""
    lines = server.log.read_text().splitlines()
    return [line for line in lines if not line.startswith(("Building ", "Serving "))]


def test_the_log_has_one_json_line_for_each_request_and_no_address(releases: Path) -> None:
    with serving(releases, "--log", "json", "--processes", "1") as server:
        for _ in range(2):
            server.query(COUNTED)
        server.ask("/nothing/here?secret=1")
        assert server.stop() == 0
        lines = lines_of(server)
    told = [json.loads(line) for line in lines]
    queries = [line for line in told if line["path"] == "/sparql"]
    assert [line["cache"] for line in queries] == ["miss", "hit"]
    assert all(line["query"] == COUNTED and line["status"] == 200 and line["bytes"] > 0 for line in queries)
    assert told[-1]["outcome"] == "not-found"
    assert len({line["request"] for line in told}) == len(told)
    assert "127.0.0.1" not in "".join(lines)
    assert "secret" not in "".join(lines)


def test_a_long_query_is_logged_by_its_digest(releases: Path) -> None:
    long = f"{VALUE} # {'x' * LONGEST_QUERY}"
    with serving(releases, "--log", "json") as server:
        server.query(long)
        assert server.stop() == 0
        line = next(line for line in map(json.loads, lines_of(server)) if line["path"] == "/sparql")
    assert line["query"] == f"{len(long)} characters"
    assert len(line["query_sha256"]) == 64


def test_addresses_are_logged_only_where_the_operator_wants_them(releases: Path) -> None:
    with serving(releases, "--log", "json", "--log-addresses", "yes") as server:
        assert server.stop() == 0
        assert {json.loads(line)["client"] for line in lines_of(server)} == {"127.0.0.1"}


def test_a_line_of_the_text_log_is_one_line_whatever_was_asked(releases: Path) -> None:
    with serving(releases, "--log", "text") as server:
        server.ask("/a%0Ab%1B%5B31m")
        server.query("ASK {}\n\n# two lines")
        assert server.stop() == 0
        lines = lines_of(server)
    assert len([line for line in lines if "/sparql" in line]) == 1
    assert all(line[:4].isdigit() for line in lines)
    assert "\x1b" not in "".join(lines)


def test_without_a_log_nothing_is_written_for_a_request(releases: Path) -> None:
    with serving(releases) as server:
        server.query(VALUE)
        assert server.stop() == 0
        assert lines_of(server) == []


def test_a_body_that_does_not_come_is_given_up(releases: Path) -> None:
    with (
        serving(releases, "--body-time", "0.3") as server,
        socket.create_connection(("127.0.0.1", server.port)) as client,
    ):
        kind = "Content-Type: application/sparql-query\r\nContent-Length: 9"
        client.sendall(f"POST /sparql HTTP/1.1\r\nHost: x\r\n{kind}\r\n\r\nASK".encode())
        client.settimeout(PATIENCE)
        said = client.recv(65536)
    assert said.startswith(b"HTTP/1.1 408 ")
    assert f"{BASE}problems/too-slow".encode() in said


def test_every_kind_of_problem_has_an_address_that_explains_it(releases: Path) -> None:
    with serving(releases) as server:
        for slug, kind in KINDS.items():
            assert (
                server.ask(f"/problems/{slug}", {"Accept": "application/json"}).json()["title"] == kind.title
            )


def test_what_is_wished_for_when_a_client_leaves_is_done_once_and_only_inside_the_block() -> None:
    client, done = Client(), list[str]()
    with client.leaving(lambda: done.append("early")):
        pass
    with client.leaving(lambda: done.append("inside")):
        client.leave()
        client.leave()
    with client.leaving(lambda: done.append("after")):
        pass
    assert done == ["inside", "after"]
    assert client.gone


DOCUMENTED = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


def test_the_settings_are_documented_as_they_are() -> None:
    assert settings_table() in DOCUMENTED


def test_every_metric_is_documented_and_no_other(releases: Path) -> None:
    with serving(releases) as server:
        server.query(VALUE)
        kinds = re.findall(r"^# TYPE (legation_\S+) (\S+)$", server.ask("/metrics").text, re.MULTILINE)
    shown = {name for name, _ in kinds if not name.endswith("_created")}
    assert shown == set(re.findall(r"`(legation_\w+)(?:\{[^}]*\})?`", DOCUMENTED))


def test_the_container_file_copies_what_is_there_and_starts_what_exists() -> None:
    lines = (ROOT / "Containerfile").read_text(encoding="utf-8").splitlines()
    copied = [line.split()[1:-1] for line in lines if line.startswith("COPY ") and "--from" not in line]
    assert all((ROOT / source).exists() for sources in copied for source in sources)
    command = next(json.loads(line.removeprefix("CMD ")) for line in lines if line.startswith("CMD "))
    options = {one.option for one in TABLE.values()}
    assert {word for word in command if word.startswith("--")} <= options


def test_the_unit_and_the_proxy_use_settings_that_exist() -> None:
    variables = set(re.findall(r"\bLEGATION_[A-Z_]+", DOCUMENTED)) - {USER, PASSWORD}
    assert variables <= {one.variable for one in TABLE.values()}
    assert f"client_max_body_size {TABLE['query_limit'].default // 1024}k;" in DOCUMENTED
    assert f"client_body_timeout {TABLE['body_time'].default:g}s;" in DOCUMENTED
