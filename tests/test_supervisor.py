"""Several server processes on one port behave as one: while they serve, change, die and stop."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from legation.serve.front.totals import total
from legation.serve.settings import SHARED_OUT, Settings
from tests.processes import children_of, descendants_of, listeners_on, name_of
from tests.serving import Server, serving, small_release

PROCESSES = 3
OPTIONS = ("--processes", str(PROCESSES), "--workers", str(PROCESSES))
QUADS = "".join(f"<urn:s{n}> <urn:p> <urn:o{n}> <urn:g> .\n" for n in range(60))
ENDLESS = "SELECT (COUNT(*) AS ?n) WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l . ?m ?n ?o }"
PATIENCE = 60.0


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_release(tmp_path_factory.mktemp("supervisor"), QUADS)


def await_that(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def await_all(server: Server) -> set[int]:
    """Wait until every process listens; return their numbers."""
    await_that(lambda: listeners_on(server.port) == PROCESSES)
    return children_of(server.process.pid)


def counted(server: Server, name: str) -> float:
    found = re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", server.ask("/metrics").text, re.MULTILINE)
    return sum(map(float, found))


def test_all_processes_answer_and_are_counted_as_one(release: Path) -> None:
    with serving(release, *OPTIONS) as server:
        assert len(await_all(server)) == PROCESSES
        before = counted(server, "legation_requests_total")
        for _ in range(40):
            assert server.query("ASK {}").status == 200
        assert counted(server, "legation_requests_total") == before + 41  # with the look before
        # Each keeps an answer when it is asked for again, and so works it out twice.
        assert counted(server, "legation_cache_hits_total") >= 40 - 2 * PROCESSES
        assert counted(server, "legation_cache_limit_bytes") == Settings.answer_cache


def test_a_process_that_dies_is_replaced_and_the_others_go_on(release: Path) -> None:
    with serving(release, *OPTIONS) as server:
        processes = await_all(server)
        victim = max(processes)
        os.kill(victim, signal.SIGKILL)
        await_that(lambda: victim not in children_of(server.process.pid))
        replaced = await_all(server)
        assert len(replaced) == PROCESSES
        assert len(replaced - processes) == 1
        assert [server.ask("/healthz").status for _ in range(20)] == [200] * 20


def test_when_the_supervisor_is_killed_the_others_end(release: Path) -> None:
    with serving(release, *OPTIONS, "--stop-time", "1") as server:
        await_all(server)
        family = descendants_of(server.process.pid)
        with ThreadPoolExecutor(1) as pool:
            heavy = pool.submit(server.query, ENDLESS)
            await_that(lambda: server.queries()[0] == 1)
            server.process.kill()
            assert heavy.result().status == 503  # it is told, and not cut off
        await_that(lambda: not any(name_of(pid) for pid in family))


def test_a_stop_ends_all_and_leaves_nothing_behind(release: Path, tmp_path: Path) -> None:
    os.environ["TMPDIR"] = str(tmp_path)
    try:
        with serving(release, *OPTIONS) as server:
            await_all(server)
            family = descendants_of(server.process.pid)
            assert server.stop() == 0
    finally:
        del os.environ["TMPDIR"]
    await_that(lambda: not any(name_of(pid) for pid in family))
    assert list(tmp_path.glob("legation-*")) == []


def test_a_release_that_cannot_be_served_is_an_error_and_not_a_loop(tmp_path: Path) -> None:
    release = small_release(tmp_path, QUADS)
    (release / "dataset.nq").write_text("<urn:s> nonsense\n")
    with pytest.raises(AssertionError, match="the server did not start"), serving(release, *OPTIONS):
        raise AssertionError("it was served")


@pytest.mark.parametrize(("processes", "workers", "members"), [(3, 3, 3), (3, 2, 2), (4, 1, 1), (1, 5, 1)])
def test_there_are_never_more_processes_than_slow_places(processes: int, workers: int, members: int) -> None:
    settings = Settings(processes=processes, workers=workers, quick_workers=8)
    assert settings.members == members


def test_the_shares_of_all_processes_come_to_what_was_set() -> None:
    settings = Settings(processes=3, workers=5, quick_workers=7, answer_cache=100, page_threads=8)
    shares = [settings.share(index) for index in range(settings.members)]
    for name in SHARED_OUT:
        assert sum(getattr(share, name) for share in shares) == getattr(settings, name)
    assert min(share.workers for share in shares) >= 1
    assert min(share.quick_workers for share in shares) >= 1


def test_counts_of_several_processes_add_up_and_what_they_share_does_not() -> None:
    one = (
        b"# HELP legation_worker_kills_total Query workers killed.\n"
        b"# TYPE legation_worker_kills_total counter\n"
        b"legation_worker_kills_total 2.0\n"
        b"# HELP legation_release_info The release being served.\n"
        b"# TYPE legation_release_info gauge\n"
        b'legation_release_info{version="1.0.0"} 1.0\n'
        b"# HELP process_start_time_seconds Start time of the process since unix epoch in seconds.\n"
        b"# TYPE process_start_time_seconds gauge\n"
        b"process_start_time_seconds 50.0\n"
    )
    other = one.replace(b"2.0", b"3.0").replace(b"50.0", b"70.0")
    assert total([one]) == one
    assert total([one, other]) == one.replace(b"total 2.0", b"total 5.0")
