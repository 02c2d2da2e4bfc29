"""A client that hangs up frees what its query holds, long before any limit."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from legation.serve.query.sandbox import MOST_KEPT
from legation.serve.settings import Settings
from tests.processes import soon
from tests.serving import Server, serving, small_release
from tests.test_workers import ENDLESS, POINT, QUADS, alive, await_busy, await_workers


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    release: Path = small_release(tmp_path_factory.mktemp("leaving"), QUADS)
    with serving(release, "--time-limit", "90", "--queue-time", "90", "--workers", "1") as running:
        yield running


def room_for_more(pid: int) -> int:
    """Return by how many bytes the limit on a process's address space could be raised."""
    limit, last = resource.prlimit(pid, resource.RLIMIT_AS)
    return last - limit


def await_slow(server: Server) -> int:
    """Wait until a worker holds a slow place, where it has all memory; return its process number."""
    busy = await_busy(server)
    soon(lambda: room_for_more(busy) <= MOST_KEPT)
    return busy


def test_hanging_up_on_a_query_that_runs_ends_its_worker(server: Server) -> None:
    before = await_workers(server, Settings.quick_workers + 1)
    with server.begin(ENDLESS):
        busy = await_busy(server)
        soon(lambda: server.queries() == (1, 0))  # it has two places on its way to the slow lane
    soon(lambda: not alive(busy))
    soon(lambda: server.queries() == (0, 0))
    assert server.query(POINT).status == 200
    await_workers(server, len(before))


def test_hanging_up_while_waiting_frees_the_place_in_the_queue(server: Server) -> None:
    with server.begin(ENDLESS):
        busy = await_slow(server)
        with server.begin(ENDLESS):
            soon(lambda: server.queries() == (1, 1))
        soon(lambda: server.queries() == (1, 0))
        assert alive(busy)
    soon(lambda: server.queries() == (0, 0))


def test_hanging_up_lets_the_next_in_the_queue_go_on(server: Server) -> None:
    with server.begin(ENDLESS) as first:
        busy = await_slow(server)
        with server.begin(ENDLESS):
            soon(lambda: server.queries() == (1, 1))
            first.close()
            soon(lambda: server.queries() == (1, 0))
            soon(lambda: not alive(busy))
    soon(lambda: server.queries() == (0, 0))
