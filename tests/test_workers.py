"""Free-form queries run within limits: each limit is kept, nothing is ever cut, nobody else waits for it."""

from __future__ import annotations

import http.client
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from itertools import pairwise
from pathlib import Path

import pytest

from legation.release import open_release
from legation.serve.front.client import Client
from legation.serve.query.admission import Visit
from legation.serve.query.worker import PROCESS_NAME
from legation.serve.query.workers import Pool, Request, Status
from legation.serve.settings import Settings
from legation.serve.store import index_path
from legation.serve.web.refusals import ClientGoneError, OutOfMemoryError, OutOfTimeError, WorkerFailedError
from tests.processes import descendants_of, name_of, soon
from tests.serving import Answer, Server, serving, small_release, was_touched, watched_socket

POINT = "SELECT ?o WHERE { <urn:s1> <urn:p> ?o }"
ENDLESS = "SELECT (COUNT(*) AS ?n) WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
GREEDY = "SELECT * WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i } ORDER BY ?c ?f ?i"
LONG = "SELECT * WHERE { ?a ?b ?c . ?d ?e ?f }"
DEEP = "SELECT * WHERE { ?s ?p ?o FILTER(" + "(" * 60000 + "1" + ")" * 60000 + ") }"
QUADS = "".join(f"<urn:s{n}> <urn:p> <urn:o{n}> <urn:g> .\n" for n in range(2000))
TIME_LIMIT = 1.0
AT_REST = Settings().quick_workers + min(2, Settings().members)
"""Workers that stand ready when nothing runs: one more than there are quick places in each server process.

There may be more on machines with more than two processors."""
ROWS = 3000
"""Of a result: few enough that their bytes are under the limit in every format."""
LIMITS = (
    "--time-limit",
    "1",
    "--workers",
    "2",
    "--queue",
    "2",
    "--queue-time",
    "20",
    "--memory-limit",
    "64",
    "--result-limit",
    "2",
)


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_release(tmp_path_factory.mktemp("limits"), QUADS)


@pytest.fixture(scope="module")
def limited(release: Path) -> Iterator[Server]:
    with serving(release, *LIMITS) as running:
        yield running


@pytest.fixture(scope="module")
def sized(release: Path, limited: Server) -> Iterator[Server]:
    """Start with an index that is there already, and time enough for a result to grow."""
    options = (
        *("--time-limit", "60", "--memory-limit", "64"),
        *("--result-limit", "2", "--result-rows", str(ROWS)),
    )
    with serving(release, *options) as running:
        yield running


def slug(answer: Answer) -> str:
    return str(answer.json()["type"]).rpartition("/")[2]


def test_a_query_that_takes_too_long_is_504_and_names_the_limit(limited: Server) -> None:
    answer = limited.query(ENDLESS)
    assert (answer.status, slug(answer)) == (504, "out-of-time")
    assert answer.json()["limit"] == TIME_LIMIT


def test_a_query_that_takes_too_much_memory_is_503(sized: Server) -> None:
    answer = sized.query(GREEDY)
    assert (answer.status, slug(answer)) == (503, "out-of-memory")
    assert answer.json()["limit"] == 64 * 1024 * 1024


def test_a_result_that_is_too_large_is_413_and_not_one_byte_of_it_is_sent(sized: Server) -> None:
    for headers in ({}, {"Accept": "text/csv"}, {"Accept": "application/sparql-results+xml"}):
        answer = sized.query(LONG, headers)
        assert (answer.status, slug(answer)) == (413, "result-too-large")
    construct = "CONSTRUCT { ?a ?b ?f } WHERE { ?a ?b ?c . ?d ?e ?f }"
    graph = sized.query(construct, {"Accept": "application/n-triples"})
    assert graph.status == 413


@pytest.mark.parametrize("name", ["json", "xml", "csv", "tsv"])
def test_a_result_with_as_many_rows_as_there_may_be_is_whole_and_one_more_is_413(
    sized: Server, name: str
) -> None:
    whole = sized.query(f"{LONG} LIMIT {ROWS}", format=name)
    assert whole.status == 200
    assert whole.headers["Content-Length"] == str(len(whole.body))
    assert whole.text.count("urn:p") == 2 * ROWS
    refused = sized.query(f"{LONG} LIMIT {ROWS + 1}", format=name)
    assert (refused.status, slug(refused), refused.json()["limit"]) == (413, "result-too-large", ROWS)
    assert f"{ROWS} rows" in refused.json()["detail"]


@pytest.mark.parametrize("name", ["nt", "jsonld"])
def test_so_it_is_with_the_triples_of_a_graph(sized: Server, name: str) -> None:
    construct = "CONSTRUCT { ?a ?b ?f } WHERE { SELECT DISTINCT ?a ?b ?f { ?a ?b ?c . ?d ?e ?f } LIMIT %d }"
    whole = sized.query(construct % ROWS, format=name)
    assert whole.status == 200
    assert len(list(whole.triples())) == ROWS
    refused = sized.query(construct % (ROWS + 1), format=name)
    assert (refused.status, slug(refused), refused.json()["limit"]) == (413, "result-too-large", ROWS)


def test_a_result_of_as_many_bytes_as_there_may_be_is_whole_and_one_more_is_413(sized: Server) -> None:
    doubled = "".join(f"BIND(CONCAT(?{a}, ?{a}) AS ?{b}) " for a, b in pairwise("abcdefghijklmnop"))
    text = f'SELECT (SUBSTR(?p, 1, %d) AS ?r) {{ BIND("{"x" * 100}" AS ?a) {doubled} }}'
    limit = 2 << 20
    around = len("r\r\n\r\n")
    whole = sized.query(text % (limit - around), format="csv")
    assert whole.status == 200
    assert len(whole.body) == limit
    refused = sized.query(text % (limit - around + 1), format="csv")
    assert (refused.status, slug(refused), refused.json()["limit"]) == (413, "result-too-large", limit)
    assert f"{limit} bytes" in refused.json()["detail"]


def test_a_query_that_nests_too_deeply_is_400(limited: Server) -> None:
    answer = limited.ask("/sparql", {"Content-Type": "application/sparql-query"}, "POST", DEEP.encode())
    assert (answer.status, slug(answer)) == (400, "too-deep")


def test_a_query_longer_than_the_server_reads_is_413(limited: Server) -> None:
    body = POINT.encode() + b" " * (300 * 1024)
    answer = limited.ask("/sparql", {"Content-Type": "application/sparql-query"}, "POST", body)
    assert (answer.status, slug(answer)) == (413, "request-too-large")


def test_a_call_of_an_unknown_function_is_400_and_costs_no_worker(limited: Server) -> None:
    before = await_workers(limited)
    answer = limited.query("SELECT * WHERE { ?s ?p ?o FILTER(<urn:f>(?o)) }")
    assert (answer.status, slug(answer)) == (400, "unknown-function")
    assert worker_ids(limited) == before


def test_a_result_is_whole_or_not_there(release: Path) -> None:
    with serving(release, "--time-limit", "60") as running:
        rows = running.query("SELECT * WHERE { ?a ?b ?c . ?d ?e ?f } LIMIT 60000", {"Accept": "text/csv"})
        assert rows.status == 200
        assert len(rows.body) > 1 << 20
        assert rows.headers["Content-Length"] == str(len(rows.body))
        assert rows.text.count("\r\n") == 60001
        found = running.query("SELECT * WHERE { ?a ?b ?c . ?d ?e ?f } LIMIT 60000").json()
        assert len(found["results"]["bindings"]) == 60000


def test_a_killed_worker_is_replaced_and_point_queries_go_on_beside_it(limited: Server) -> None:
    before = await_workers(limited)
    with ThreadPoolExecutor(1) as pool:
        heavy = pool.submit(limited.query, ENDLESS)
        answered = 0
        while not heavy.done():
            assert limited.query(POINT).json()["results"]["bindings"]
            assert limited.ask("/healthz").status == 200
            answered += 1
        assert heavy.result().status == 504
    assert answered > 0
    assert limited.query(POINT).status == 200
    after = await_workers(limited)
    assert len(after) == len(before)
    assert after != before


def test_when_every_place_is_taken_the_next_is_503_with_retry_after_and_pages_go_on(limited: Server) -> None:
    await_workers(limited)
    with ThreadPoolExecutor(24) as pool:
        heavy = [pool.submit(limited.query, ENDLESS) for _ in range(24)]
        pages = [limited.ask("/").status for _ in range(20)]
        answers = [one.result() for one in heavy]
    assert set(pages) == {200}
    refused = [answer for answer in answers if slug(answer) == "queue-full"]
    assert len(refused) >= 3  # those for whom there is neither a quick place nor room before it
    assert all(answer.status == 503 and int(answer.headers["Retry-After"]) > 0 for answer in refused)
    assert {slug(answer) for answer in answers if answer not in refused} == {"out-of-time"}


def test_a_slow_query_leaves_half_of_the_processors_to_others(limited: Server) -> None:
    allowed = os.sched_getaffinity(0)
    others = set(sorted(allowed)[(len(allowed) + 1) // 2 :]) or allowed
    with limited.begin(ENDLESS):
        busy = await_busy(limited)
        soon(lambda: all(os.sched_getaffinity(thread) == others for thread in threads_of(busy)))


def test_what_carries_bytes_stays_in_the_other_half_while_a_slow_query_runs(release: Path) -> None:
    allowed = os.sched_getaffinity(0)
    half = set(sorted(allowed)[: (len(allowed) + 1) // 2])
    with serving(release, "--processes", "1") as running:
        await_workers(running, Settings.quick_workers + 1)
        with running.begin(ENDLESS):
            soon(lambda: any(os.sched_getaffinity(one) == half for one in threads_of(running.process.pid)))
        soon(
            lambda: (
                half == allowed
                or all(os.sched_getaffinity(one) != half for one in threads_of(running.process.pid))
            )
        )


def threads_of(pid: int) -> list[int]:
    return [int(thread.name) for thread in Path(f"/proc/{pid}/task").iterdir()]


def test_a_worker_that_is_killed_from_outside_is_an_error_and_then_forgotten(sized: Server) -> None:
    before = await_workers(sized)
    with ThreadPoolExecutor(1) as pool:
        heavy = pool.submit(sized.query, ENDLESS)
        os.kill(await_busy(sized), signal.SIGKILL)
        answer = heavy.result()
    assert answer.status == 500
    await_workers(sized, len(before))
    assert sized.query(POINT).status == 200


def test_a_worker_that_is_killed_in_the_middle_of_a_result_is_a_clean_error(release: Path) -> None:
    """The result is far from whole when its writer dies: none of it is sent, and nothing of it stays."""
    with serving(
        release, "--time-limit", "60", "--result-limit", "1024", "--result-rows", "9999999"
    ) as running:
        await_workers(running)
        with ThreadPoolExecutor(1) as threads:
            large = threads.submit(running.query, LONG, {"Accept": "text/csv"})
            os.kill(await_writing(running), signal.SIGKILL)
            answer = large.result()
        assert (answer.status, answer.type) == (500, "application/problem+json")
        assert slug(answer) == "internal-error"
        assert running.query(POINT).status == 200
        await_workers(running)


def test_every_process_ends_with_the_server(release: Path) -> None:
    with serving(release) as running:
        workers = await_workers(running)
        assert workers
        assert running.stop() == 0
    assert_all_gone(workers)


def test_every_process_ends_even_when_the_server_is_killed(release: Path) -> None:
    with serving(release, "--processes", "1") as running:
        workers = await_workers(running, Settings.quick_workers + 1)
        with ThreadPoolExecutor(1) as pool:
            heavy = pool.submit(running.query, ENDLESS)
            await_busy(running)
            running.process.kill()
            with pytest.raises((OSError, http.client.HTTPException)):
                heavy.result()
        running.process.wait()
    assert_all_gone(workers)


@pytest.fixture(scope="module")
def pool(release: Path, limited: Server) -> Iterator[Pool]:
    index = index_path(open_release(release))
    limits = Settings(
        workers=1, queue=4, queue_time=20, time_limit=2, memory_limit=64 << 20, result_limit=1 << 20
    )
    running = Pool(index, release / "context.jsonld", limits)
    yield running
    running.close()


def test_a_federated_call_that_got_past_the_gate_still_reaches_nobody(pool: Pool) -> None:
    with watched_socket() as listener:
        call = f"SELECT * WHERE {{ SERVICE <http://127.0.0.1:{listener.getsockname()[1]}/> {{ ?s ?p ?o }} }}"
        with pytest.raises((WorkerFailedError, OutOfTimeError)):
            pool.run(Request(call, "json"))
        assert not was_touched(listener)
    assert pool.run(Request(POINT, "json")).kind == "bindings"


def test_the_queue_is_fair_enough_that_everyone_is_served(pool: Pool) -> None:
    with ThreadPoolExecutor(5) as threads:
        answers = list(threads.map(lambda _: pool.run(Request(POINT, "json")), range(50)))
    assert len({answer.body for answer in answers}) == 1


def test_a_result_far_beyond_memory_arrives_as_a_file(release: Path, limited: Server) -> None:
    index = index_path(open_release(release))
    pool = Pool(index, release / "context.jsonld", Settings(workers=1, queue=0))
    answer = pool.run(Request("SELECT * WHERE { ?a ?b ?c . ?d ?e ?f } LIMIT 60000", "csv"))
    assert answer.body == b""
    assert answer.file is not None
    with answer.file as file:
        assert len(file.read()) == answer.size > 1 << 20
    pool.close()


def test_the_worker_of_a_client_that_hangs_up_is_killed_at_once(pool: Pool) -> None:
    client, before = Client(), pool.status().kills
    threading.Timer(0.3, client.leave).start()
    with pytest.raises(ClientGoneError):
        pool.run(Request(ENDLESS, "json"), Visit(client))
    deadline = time.monotonic() + 20
    while pool.status() != Status(running=0, waiting=0, kills=before + 1):  # a place is held until then
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_client_s_own_limit_holds_where_it_is_lower(pool: Pool) -> None:
    started = time.monotonic()
    with pytest.raises(OutOfTimeError):
        pool.run(Request(ENDLESS, "json"), Visit(Client(), until=started + 0.3))
    assert time.monotonic() < started + TIME_LIMIT


def test_a_query_that_needs_more_than_quick_memory_gets_the_full_one(release: Path, limited: Server) -> None:
    index = index_path(open_release(release))
    doubled = "".join(f"BIND(CONCAT(?{a}, ?{a}) AS ?{b}) " for a, b in pairwise("abcdefghijklmnopqrstuvw"))
    large = f'SELECT (STRLEN(?w) AS ?length) {{ BIND("0123456789" AS ?a) {doubled} }}'
    with closing(
        Pool(index, release / "context.jsonld", Settings(quick_memory=16 << 20, quick_time=20))
    ) as pool:
        assert pool.run(Request(large, "csv")).body == b"length\r\n41943040\r\n"
        assert pool.status().kills == 1


def test_the_process_of_a_heavy_query_gets_the_next_one_with_as_much_memory_as_before(
    release: Path, limited: Server
) -> None:
    index = index_path(open_release(release))
    heavy = Request("SELECT (COUNT(*) AS ?n) { SELECT * { ?a ?b ?c . ?d ?e ?f } LIMIT 500000 }", "csv")
    limits = Settings(quick_time=0, memory_limit=64 << 20)
    with closing(Pool(index, release / "context.jsonld", limits)) as pool:
        deadline = time.monotonic() + 60
        while (kept := busiest(lambda: pool.run(heavy))) != busiest(lambda: pool.run(heavy)):
            assert time.monotonic() < deadline  # while others have not started, it goes for one of them
        assert pool.status().kills == 0
        with pytest.raises(OutOfMemoryError):
            pool.run(Request(GREEDY, "json"))
        assert busiest(lambda: pool.run(heavy)) != kept


def busiest(work: Callable[[], object]) -> int:
    """Return the number of the query worker that was busiest while something was done."""
    before = {pid: ticks(pid) for pid in descendants_of(os.getpid()) if name_of(pid) == PROCESS_NAME}
    work()
    after = {pid: ticks(pid) for pid in descendants_of(os.getpid()) if name_of(pid) == PROCESS_NAME}
    return max(after, key=lambda pid: after[pid] - before.get(pid, 0))


def worker_ids(running: Server) -> set[int]:
    return {pid for pid in descendants_of(running.process.pid) if name_of(pid) == PROCESS_NAME}


def await_workers(running: Server, count: int = AT_REST) -> set[int]:
    """Wait until all workers are there again, and return their process numbers."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        found = worker_ids(running)
        if len(found) >= count:
            return found
        time.sleep(0.02)
    raise AssertionError(f"workers were not replaced: {worker_ids(running)}")


def await_busy(running: Server) -> int:
    """Wait until a worker is computing, and return its process number."""
    used = {pid: ticks(pid) for pid in worker_ids(running)}
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for pid, before in used.items():
            if ticks(pid) > before + 2:
                return pid
        time.sleep(0.02)
    raise AssertionError("no worker is busy")


def await_writing(running: Server) -> int:
    """Wait until a worker writes a result that is already too large for memory; return its process number."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for pid in worker_ids(running):
            for file in Path(f"/proc/{pid}/fd").iterdir():
                with suppress(FileNotFoundError):
                    if "(deleted)" in str(file.readlink()) and file.stat().st_size > 1 << 20:
                        return pid
        time.sleep(0.005)
    raise AssertionError("no worker writes a large result")


def ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def assert_all_gone(pids: set[int]) -> None:
    deadline = time.monotonic() + 10
    gone = threading.Event()
    while not gone.is_set() and time.monotonic() < deadline:
        if not any(alive(pid) for pid in pids):
            gone.set()
        time.sleep(0.02)
    assert gone.is_set()


def alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return status != "Z"
