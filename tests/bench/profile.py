"""What one answer costs each process, by the way that its request goes: ``make bench-profile``.

Processor time is counted by the system for every process of the server, so that the figures hold on a busy
machine, too, where rates do not.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from pyoxigraph import QueryResultsFormat, QuerySolutions, Store

from legation.release import open_release
from legation.serve.front.coding import choose_coding, encode
from legation.serve.front.fields import read_fields
from legation.serve.front.gateway import Reply
from legation.serve.query.worker import PROCESS_NAME
from legation.serve.store import ensure_index
from legation.serve.web import caching
from tests.bench import load, page, peers
from tests.bench.peers import Here, Peer
from tests.bench.serve import CONNECTIONS, FASTEST, TRIPLES, Plan, planned, tell
from tests.bench.worlds import CACHE
from tests.processes import descendants_of

MICROSECONDS: Final = 1_000_000
TICK: Final = MICROSECONDS / os.sysconf("SC_CLK_TCK")
TIMES: Final = 2000
NO_POINT: Final = ("?start WHERE {", "(STR(?start) AS ?day) WHERE {")
"""What turns a point query into one that only a worker answers: an expression."""


@dataclass(frozen=True)
class Cost:
    """Processor time of one answer, in microseconds."""

    rate: float
    server: float
    workers: float

    def row(self, name: str) -> tuple[str, ...]:
        """Return the row of a table."""
        total = self.server + self.workers
        return (name, f"{self.server:.0f}", f"{self.workers:.0f}", f"{total:.0f}", f"{self.rate:,.0f}")


def cost(peer: Peer, paths: Iterator[str], plan: Plan, *, once: bool) -> Cost:
    """Return what one answer costs while ``paths`` are asked for."""
    with load.written(paths) as written:
        before = spent(peer)
        walked = load.walk(peer.url, written, peers.RESULTS, plan.pace, once=once)
        after = spent(peer)
    server, workers = ((after[kind] - before[kind]) / walked.requests for kind in (False, True))
    return Cost(walked.rate, server, workers)


def spent(peer: Peer) -> dict[bool, float]:
    """Return the microseconds that processes of a server have had: query workers (true) and all others."""
    found = {False: 0.0, True: 0.0}
    for pid in (peer.process.pid, *descendants_of(peer.process.pid)):
        name, _, rest = Path(f"/proc/{pid}/stat").read_text().partition("(")[2].rpartition(")")
        user, system = rest.split()[11:13]
        found[name == PROCESS_NAME] += (int(user) + int(system)) * TICK
    return found


def ways(peer: Peer, plan: Plan) -> Iterator[tuple[str, Iterator[str], bool]]:
    """Yield each way of a request: its name, the paths that go it, and whether each is asked once."""
    questions, many = plan.questions, FASTEST * plan.seconds
    tenures = (query for turn in count(1000) for query in islice(questions.points(turn), 0, 4000, 4))
    for_worker = (query.replace(*NO_POINT) for query in tenures)
    yield "from memory", map(peer.path, questions.repeated()), False
    yield "a point query, in the loop", map(peer.path, islice(questions.points(900), many)), True
    yield "by a worker, waited for in the loop", map(peer.path, islice(for_worker, many)), True
    waited = (f"{peer.path(query)}&{urlencode({'timeout': 20})}" for query in islice(for_worker, many))
    yield "by a worker, through the application", waited, True


def stages(plan: Plan) -> Iterator[tuple[str, float]]:
    """Yield the steps of a point query with the microseconds that each takes by itself, one after another."""
    store = Store.read_only(str(ensure_index(open_release(plan.release))))
    queries = list(islice(plan.questions.points(800), TIMES))
    strings = [urlencode({"query": query}) for query in queries]
    body = b"x" * 2048
    headers = [(f"{name}-{number}", "x" * 40) for number in range(4) for name in ("one", "two", "three")]
    reply, wanted = Reply(200, [("content-type", "text/plain"), *headers], body), choose_coding("")
    if wanted is None:
        raise ValueError("no coding is none")
    yield "read the fields of the address", timed(lambda n: read_fields(strings[n]))
    yield "parse and plan the query (engine)", timed(lambda n: store.query(queries[n]))
    yield "the same, evaluated and serialized", timed(lambda n: evaluated(store, queries[n]))
    fields = [("query", queries[0])]
    yield "the entity-tag", timed(lambda _: caching.validator("x" * 32, "/sparql", fields, "text/csv"))
    yield "headers of the coding", timed(lambda _: encode(reply, wanted))


def evaluated(store: Store, query: str) -> bytes:
    """Return the answer to a SELECT query."""
    results = store.query(query)
    if not isinstance(results, QuerySolutions):
        raise TypeError("not a SELECT query")
    return results.serialize(format=QueryResultsFormat.JSON) or b""


def timed(step: Callable[[int], object]) -> float:
    """Return the microseconds that a step takes, of this thread's processor time."""
    began = time.thread_time()
    for number in range(TIMES):
        step(number)
    return (time.thread_time() - began) / TIMES * MICROSECONDS


def main(plan: Plan) -> None:
    """Measure every way, and write the tables down."""
    rows = []
    with ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        ours = stack.enter_context(peers.legation(plan.release, CACHE / "profile"))
        for name, paths, once in ways(ours, plan):
            rows.append(cost(ours, paths, plan, once=once).row(name))
            tell(" | ".join(rows[-1]))
        other = stack.enter_context(peers.oxigraph(Here(plan.release / TRIPLES, CACHE, Path(folder))))
        points = map(other.path, islice(plan.questions.points(900), FASTEST * plan.seconds))
        rows.append(cost(other, points, plan, once=True).row(f"a point query, {other.name}"))
    steps = [(name, f"{taken:.0f}") for name, taken in stages(plan)]
    head = ("way of a request", "server, µs", "workers, µs", "together, µs", "answers a second")
    machine = f"{CONNECTIONS} connections, {plan.triples:,} triples asked for. {page.machine()}."
    text = "\n\n".join(
        [machine, page.table(head, rows), page.table(("step of a point query, by itself", "µs"), steps)]
    )
    page.write_part("profile", text)
    tell(text)


if __name__ == "__main__":
    main(planned())
