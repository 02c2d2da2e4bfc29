"""Who may go next: a bounded number of places, a bounded queue before them, shared out fairly among clients.

Fair means two things. A place that comes free goes to the client that holds the fewest, and among equals to
the one that has waited longest. And a queue that overflows drops the newest entry of the client that has the
most in it (as fair queueing does, RFC 8290 §4.1.3), so that one client can fill the queue only while nobody
else wants it. A client is known by a name that is forgotten when its last query is answered.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from legation.serve.front.client import Client
from legation.serve.web.refusals import ClientGoneError, OutOfTimeError, QueueFullError


@dataclass(frozen=True)
class Visit:
    """One query on its way through the lanes: whose it is, whether they are there, how long they wait."""

    client: Client
    name: str = ""
    """What the client counts as; the same for all its queries."""
    until: float = float("inf")
    """When the client's own patience ends (``time.monotonic``)."""


@dataclass(eq=False)
class Ticket:
    """A wish for a place."""

    name: str
    decided: Callable[[], object]
    """Called when it is ``admitted``, or dropped from the queue."""
    admitted: bool = False


class Lane:
    """So many places, and a queue before them."""

    def __init__(self, places: int, queue: int, queue_time: float, reserve: int = 0) -> None:
        """Let ``places`` in at once and ``queue`` wait, each for ``queue_time`` seconds at most.

        One client never holds the last ``reserve`` places, so that another finds one free.
        """
        self._places = places
        self._share = max(1, places - reserve)
        self._queue = queue
        self._queue_time = queue_time
        self._lock = threading.Lock()
        self._held: Counter[str] = Counter()
        self._waiting: list[Ticket] = []

    def counts(self) -> tuple[int, int]:
        """Return how many places are taken, and how many wait for one."""
        with self._lock:
            return self._held.total(), len(self._waiting)

    @contextmanager
    def place(self, visit: Visit, before_waiting: Callable[[], object] = lambda: None) -> Iterator[None]:
        """Hold a place for the time of the block; ``before_waiting`` is called where none is free.

        Raises ``QueueFullError`` where there is no room in the queue, or none came free in time,
        ``OutOfTimeError`` where the client's patience ends first, ``ClientGoneError`` where the client does.
        """
        event = threading.Event()
        ticket = self.ask(visit, event.set)
        if not ticket.admitted:
            before_waiting()
            self._wait(ticket, event, visit)
        if not ticket.admitted:
            raise self._reason(visit)
        try:
            yield
        finally:
            self.leave(ticket)

    def ask(self, visit: Visit, decided: Callable[[], object]) -> Ticket:
        """Ask for a place without waiting; ``decided`` is called when one comes free, or no room is left."""
        ticket = Ticket(visit.name, decided)
        with self._lock:
            if not self._waiting and self._has_place(ticket):
                self._held[ticket.name] += 1
                ticket.admitted = True
                return ticket
            self._waiting.append(ticket)
            self._admit()
            if len(self._waiting) > self._queue:
                self._drop_one()
        return ticket

    def leave(self, ticket: Ticket) -> None:
        """Give a place back, or wait for it no longer."""
        with self._lock:
            if ticket.admitted:
                self._held[ticket.name] -= 1
                if not self._held[ticket.name]:
                    del self._held[ticket.name]
                self._admit()
            elif ticket in self._waiting:
                self._waiting.remove(ticket)

    def _wait(self, ticket: Ticket, event: threading.Event, visit: Visit) -> None:
        with visit.client.leaving(event.set):
            event.wait(max(0.0, min(self._queue_time, visit.until - time.monotonic())))
        with self._lock:
            if ticket in self._waiting:
                self._waiting.remove(ticket)

    def _reason(self, visit: Visit) -> Exception:
        if visit.client.gone:
            return ClientGoneError()
        return OutOfTimeError() if time.monotonic() >= visit.until else QueueFullError()

    def _has_place(self, ticket: Ticket) -> bool:
        return self._held.total() < self._places and self._held[ticket.name] < self._share

    def _admit(self) -> None:
        while self._waiting:
            allowed = [waiting for waiting in self._waiting if self._has_place(waiting)]
            if not allowed:
                return
            ticket = min(allowed, key=lambda waiting: self._held[waiting.name])
            self._waiting.remove(ticket)
            self._held[ticket.name] += 1
            ticket.admitted = True
            ticket.decided()

    def _drop_one(self) -> None:
        queued = Counter(ticket.name for ticket in self._waiting)
        most = max(queued.values())
        dropped = next(ticket for ticket in reversed(self._waiting) if queued[ticket.name] == most)
        self._waiting.remove(dropped)
        dropped.decided()
