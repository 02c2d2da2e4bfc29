"""Nine hostile queries: each is stopped in time, memory stays bounded, point queries go on beside them."""

from __future__ import annotations

import http.client
import math
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import count, pairwise
from typing import Final
from urllib.parse import urlencode

import pytest

from legation.serve.query.worker import PROCESS_NAME
from legation.serve.settings import MEBIBYTE, Settings
from tests.processes import descendants_of, memory_of, name_of
from tests.serving import Answer, Server, serving, small_release

DIRECT: Final = {"Content-Type": "application/sparql-query"}
THINGS: Final = 2000
QUADS: Final = "".join(
    f'<urn:s{n}> <urn:name> "{"a" * 30}{n}" <urn:g> .\n'
    f"<urn:s{n}> <urn:next> <urn:s{(7 * n + 1) % THINGS}> <urn:g> .\n"
    f"<urn:s{n}> <urn:in> <urn:c{n % 10}> <urn:g> .\n"
    for n in range(THINGS)
)

NESTED: Final = "{ SELECT * WHERE { ?s ?p ?o . " * 60 + "} }" * 60
GROWTH: Final = "".join(
    f"BIND(CONCAT(?{a}, ?{a}, ?{a}, ?{a}) AS ?{b}) " for a, b in pairwise("abcdefghijklmnopqr")
)
NUMBERS: Final = " ".join(map(str, range(THINGS)))

HOSTILE: Final = {
    "a cross join": "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }",
    "a five-hop join": (
        "SELECT (COUNT(*) AS ?n) { ?a <urn:in>/^<urn:in> ?b . ?b <urn:in>/^<urn:in> ?c . "
        "?c <urn:in>/^<urn:in> ?d . ?d <urn:in>/^<urn:in> ?e . ?e <urn:in>/^<urn:in> ?f }"
    ),
    "an unbounded path": (
        "SELECT (COUNT(*) AS ?n) { ?a (<urn:next>|^<urn:next>|<urn:in>|^<urn:in>)* ?b . "
        "?b (<urn:next>|!<urn:x>)+ ?c }"
    ),
    "a regex that backtracks": (
        "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f "
        'FILTER(REGEX(CONCAT(STR(?c), STR(?f)), "(a|a|aa)+(a|aa)+b$")) }'
    ),
    "a string that grows": f'SELECT (STRLEN(?r) AS ?length) {{ BIND("0123456789" AS ?a) {GROWTH} }}',
    "giant VALUES": "SELECT (COUNT(*) AS ?n) { "
    + " ".join(f"VALUES ?v{n} {{ {NUMBERS} }}" for n in range(4))
    + " }",
    "deep nesting": f"SELECT * {{ {NESTED} ?t ?u ?v . ?w ?x ?y . ?i ?j ?k }}",
    "a huge ORDER BY": "SELECT * { ?a ?b ?c . ?d ?e ?f } ORDER BY ?f ?c ?a",
    "GROUP_CONCAT of everything": (
        "SELECT (GROUP_CONCAT(CONCAT(STR(?a), STR(?f))) AS ?all) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
    ),
}

LIMIT: Final = 1.0
GRACE: Final = 0.5
"""Seconds after its limit that a query may be answered at the latest."""

SETTINGS: Final = Settings(
    time_limit=LIMIT, memory_limit=128 * MEBIBYTE, result_limit=64 * MEBIBYTE, quick_memory=64 * MEBIBYTE
)
OPTIONS: Final = (
    *("--time-limit", f"{LIMIT:g}", "--memory-limit", "128", "--quick-memory", "64"),
    *("--queue-time", "20"),
)
BOUND: Final = SETTINGS.quick_workers * SETTINGS.quick_memory + SETTINGS.workers * SETTINGS.memory_limit
"""Bytes that all processes together may take beyond what they have at rest (docs/http.md)."""

AT_REST: Final = SETTINGS.quick_workers + SETTINGS.members
"""Workers that stand ready when nothing runs."""

ROUNDS: Final = 3
"""Other programs on the machine (a shared one, at times) can only make answers later, and not in every round:
one round that is good shows what the server can do."""

SAMPLE: Final = 300
THRICE: Final = 3.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(small_release(tmp_path_factory.mktemp("hostile"), QUADS), *OPTIONS) as running:
        yield running


def ask(server: Server, query: str) -> tuple[Answer, float]:
    """Post a query; return its answer, and how many seconds it took."""
    started = time.monotonic()
    answer = server.ask("/sparql", DIRECT, "POST", query.encode())
    return answer, time.monotonic() - started


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_query_is_stopped_within_half_a_second_of_the_limit(server: Server, name: str) -> None:
    late = []
    for _ in range(ROUNDS):
        await_rest(server)
        answer, seconds = ask(server, HOSTILE[name])
        problem = answer.json()["type"].rpartition("/")[2]
        assert (answer.status, problem) in ((504, "out-of-time"), (503, "out-of-memory")), answer.text
        late.append(seconds - LIMIT)
        if late[-1] < GRACE:
            return
    raise AssertionError(f"answered {late} seconds after the limit")


def test_nine_at_once_leave_memory_bounded_and_every_point_query_answered(server: Server) -> None:
    await_rest(server)
    at_rest, most = memory_of(server.process.pid), 0
    with (
        attacked(server) as attack,
        closing(http.client.HTTPConnection("127.0.0.1", server.port, 60)) as connection,
    ):
        for thing in range(SAMPLE):
            point(connection, thing)
            if thing % 10 == 0:
                most = max(most, memory_of(server.process.pid))
        assert attack.poll() is None
    assert most - at_rest < BOUND


def test_nine_at_once_leave_the_slowest_percentile_of_point_queries_within_thrice_that_of_idle(
    server: Server,
) -> None:
    numbers, ratios = count(SAMPLE), []
    for _ in range(ROUNDS):
        await_rest(server)
        alone = p99(points(server, numbers))
        with attacked(server):
            ratios.append(p99(points(server, numbers)) / alone)
        if ratios[-1] <= THRICE:
            return
    raise AssertionError(f"{ratios} times the percentile of an idle server")


def await_rest(server: Server) -> None:
    """Wait until every killed worker is replaced."""
    deadline = time.monotonic() + 20
    while len([pid for pid in descendants_of(server.process.pid) if name_of(pid) == PROCESS_NAME]) < AT_REST:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def point(connection: http.client.HTTPConnection, number: int) -> float:
    """Ask for the name of a thing in words that nothing remembers; return the seconds it took."""
    query = f"SELECT ?n{number} {{ <urn:s{number % THINGS}> <urn:name> ?n{number} }}"
    started = time.monotonic()
    connection.request("GET", "/sparql?" + urlencode({"query": query}))
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status == 200, body
    return time.monotonic() - started


def points(server: Server, numbers: Iterator[int]) -> list[float]:
    """Ask for names one after the other, for so long that hostile queries meet their limit several times.

    All on one connection, as SPARQL clients do: the kernel takes milliseconds to find a free port for a new
    one when thousands have been used.
    """
    seconds: list[float] = []
    end = time.monotonic() + 4 * LIMIT
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, 60)) as connection:
        while len(seconds) < SAMPLE or time.monotonic() < end:
            seconds.append(point(connection, next(numbers)))
    return seconds


def p99(seconds: Sequence[float]) -> float:
    return sorted(seconds)[math.ceil(0.99 * len(seconds)) - 1]


@contextmanager
def attacked(server: Server) -> Iterator[subprocess.Popen[bytes]]:
    """Ask all hostile queries at once, again and again, and yield once each has been sent.

    They come from another process, so that they take nothing from the one that measures, from another address
    than the rest, as an attack does, and each from a connection of its own.
    """
    attack = subprocess.Popen(
        [sys.executable, "-m", "tests.test_hostile", str(server.port)], stdout=subprocess.PIPE
    )
    try:
        assert attack.stdout is not None
        for _ in HOSTILE:
            assert attack.stdout.readline()
        yield attack
    finally:
        attack.kill()
        attack.communicate()


def attack_for_ever(port: int) -> None:
    """Send the hostile queries to the server on ``port``; end at once where one gets what it should not."""

    def ask_again(query: str) -> None:
        first = True
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", port, 60, ("127.0.0.2", 0))
            connection.request("POST", "/sparql", query.encode(), DIRECT)
            if first:
                print("sent", flush=True)
                first = False
            if connection.getresponse().status not in (503, 504):
                os._exit(1)
            connection.close()

    for query in HOSTILE.values():
        threading.Thread(target=ask_again, args=(query,)).start()


if __name__ == "__main__":
    attack_for_ever(int(sys.argv[1]))
