"""Places are shared fairly among clients, and the queue before them is bounded."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from legation.serve.front.client import Client
from legation.serve.query.admission import Lane, Visit
from legation.serve.web.refusals import ClientGoneError, OutOfTimeError, QueueFullError, RefusalError
from tests.serving import serving, small_release
from tests.test_workers import ENDLESS, QUADS


class Asking:
    """A query that asks for a place in a thread of its own, and keeps it until it is told to go."""

    def __init__(self, lane: Lane, visit: Visit, order: list[str]) -> None:
        self.refusal: RefusalError | None = None
        self._go = threading.Event()
        self._lane, self._visit, self._order = lane, visit, order
        self._thread = threading.Thread(target=self._ask)
        self._thread.start()

    def _ask(self) -> None:
        try:
            with self._lane.place(self._visit):
                self._order.append(self._visit.name)
                self._go.wait(20)
        except RefusalError as refusal:
            self.refusal = refusal

    def go(self) -> None:
        self._go.set()

    def join(self) -> None:
        self._thread.join(20)
        assert not self._thread.is_alive()


class Clients:
    """Send queries to a lane one after the other, and see in which order they get a place."""

    def __init__(self, lane: Lane) -> None:
        self.order: list[str] = []
        self.queries: list[Asking] = []
        self._lane = lane

    def ask(self, name: str) -> Asking:
        """Ask as ``name``, and return once the query holds a place, waits for one, or one was refused."""
        before = self._decided()
        asking = Asking(self._lane, Visit(Client(), name), self.order)
        self.queries.append(asking)
        until(lambda: self._decided() > before)
        return asking

    def _decided(self) -> int:
        return sum(self._lane.counts()) + sum(query.refusal is not None for query in self.queries)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


@contextmanager
def clients_of(lane: Lane) -> Iterator[Clients]:
    clients = Clients(lane)
    try:
        yield clients
    finally:
        for query in clients.queries:
            query.go()
        for query in clients.queries:
            query.join()


def test_among_equals_the_first_come_is_the_first_served() -> None:
    lane = Lane(places=1, queue=8, queue_time=20)
    with clients_of(lane) as clients:
        queries = [clients.ask(name) for name in ("a", "b", "c", "d")]
        for query in queries:
            query.go()
            query.join()
    assert clients.order == ["a", "b", "c", "d"]


def test_a_free_place_goes_to_the_client_that_holds_the_fewest() -> None:
    lane = Lane(places=2, queue=8, queue_time=20)
    with clients_of(lane) as clients:
        first, _ = clients.ask("greedy"), clients.ask("greedy")
        for _ in range(3):
            clients.ask("greedy")
        late = clients.ask("modest")
        first.go()
        until(lambda: len(clients.order) == 3)
        assert clients.order == ["greedy", "greedy", "modest"]
        late.go()


def test_one_client_never_holds_the_places_in_reserve() -> None:
    lane = Lane(places=3, queue=8, queue_time=20, reserve=1)
    with clients_of(lane) as clients:
        for _ in range(5):
            clients.ask("greedy")
        assert lane.counts() == (2, 3)
        clients.ask("modest")
        until(lambda: len(clients.order) == 3)
        assert clients.order == ["greedy", "greedy", "modest"]


def test_one_client_alone_may_fill_the_queue() -> None:
    lane = Lane(places=1, queue=3, queue_time=20)
    with clients_of(lane) as clients:
        queries = [clients.ask("only") for _ in range(5)]
        assert [type(query.refusal) for query in queries] == [type(None)] * 4 + [QueueFullError]


def test_whoever_fills_the_queue_loses_the_newest_place_in_it_to_another_client() -> None:
    lane = Lane(places=1, queue=3, queue_time=20)
    with clients_of(lane) as clients:
        greedy = [clients.ask("greedy") for _ in range(4)]
        modest = clients.ask("modest")
        until(lambda: greedy[-1].refusal is not None)
        assert [type(query.refusal) for query in greedy] == [type(None)] * 3 + [QueueFullError]
        assert modest.refusal is None
        assert lane.counts() == (1, 3)


def test_who_waits_too_long_is_refused() -> None:
    lane = Lane(places=1, queue=3, queue_time=0.05)
    with lane.place(Visit(Client(), "a")), pytest.raises(QueueFullError), lane.place(Visit(Client(), "b")):
        pass
    assert lane.counts() == (0, 0)


def test_a_client_s_own_patience_may_end_before() -> None:
    lane = Lane(places=1, queue=3, queue_time=20)
    hasty = Visit(Client(), "b", until=time.monotonic() + 0.05)
    with lane.place(Visit(Client(), "a")), pytest.raises(OutOfTimeError), lane.place(hasty):
        pass


def test_a_client_that_hangs_up_waits_no_longer() -> None:
    lane = Lane(places=1, queue=3, queue_time=20)
    client = Client()
    threading.Timer(0.05, client.leave).start()
    with lane.place(Visit(Client(), "a")), pytest.raises(ClientGoneError), lane.place(Visit(client, "b")):
        pass
    assert lane.counts() == (0, 0)


def test_no_name_is_kept_longer_than_its_query() -> None:
    lane = Lane(places=2, queue=3, queue_time=20)
    with lane.place(Visit(Client(), "192.0.2.7")):
        assert "192.0.2.7" in repr(vars(lane))
    assert "192.0.2.7" not in repr(vars(lane))


def test_behind_a_proxy_a_query_counts_for_the_address_that_the_proxy_adds(tmp_path: Path) -> None:
    """Only the last entry is the proxy's; what stands before it is the client's own word."""
    options = ("--workers", "1", "--queue", "2", "--time-limit", "60", "--queue-time", "60")
    with (
        serving(small_release(tmp_path, QUADS), *options, "--client-header", "X-Forwarded-For") as server,
        server.begin(ENDLESS, {"X-Forwarded-For": "192.0.2.2, 192.0.2.1"}),
    ):
        until(lambda: server.queries() == (1, 0))
        with server.begin(ENDLESS, {"X-Forwarded-For": "192.0.2.3, 192.0.2.1"}):
            until(lambda: server.queries() == (1, 1))
            with server.begin(ENDLESS, {"X-Forwarded-For": "192.0.2.1"}) as last_of_many:
                until(lambda: server.queries() == (1, 2))
                with server.begin(ENDLESS, {"X-Forwarded-For": "192.0.2.1, 192.0.2.2"}):
                    refused = last_of_many.getresponse()
                    assert refused.status == 503
                    assert b"queue-full" in refused.read()
                    until(lambda: server.queries() == (1, 2))
