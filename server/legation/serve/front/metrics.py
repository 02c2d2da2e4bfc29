"""What the server counts, for Prometheus (text exposition format); docs/operations.md says what each means.

Counts that change with every request are plain numbers of the loop thread, read when somebody asks.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter as Tally
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from typing import Final

from granian.rsgi import Scope
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from legation.serve.editions import Editions

PATH: Final = "/metrics"
MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
LOCAL: Final = "local"
PUBLIC: Final = "public"
FORWARDED: Final = ("forwarded", "x-forwarded-for", "via")
"""Headers by which a proxy on this machine says that it asks for somebody else."""

BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Times:
    """How many requests took how long."""

    def __init__(self) -> None:
        """Begin with none."""
        self._counts = [0] * (len(BUCKETS) + 1)
        self._sum = 0.0

    def add(self, seconds: float) -> None:
        """Count one more."""
        self._counts[bisect_left(BUCKETS, seconds)] += 1
        self._sum += seconds

    def family(self, name: str, about: str) -> Metric:
        """Return all of it as a histogram; a bucket holds those below it, too."""
        limits = (*map(str, BUCKETS), "+Inf")
        buckets = [
            (limit, float(count)) for limit, count in zip(limits, accumulate(self._counts), strict=True)
        ]
        return HistogramMetricFamily(name, about, buckets, self._sum)


class Counts:
    """What changes with every request."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.requests: Tally[tuple[int, str]] = Tally()
        self.queries: Tally[str] = Tally()
        self.seconds = Times()
        self.query_seconds = Times()


class Metrics:
    """Everything counted since the server started."""

    def __init__(self, editions: Editions) -> None:
        """Count for the server that answers from ``editions``."""
        self._counts = Counts()
        self._registry = CollectorRegistry()
        self._registry.register(_Present(editions, self._counts))
        ProcessCollector(registry=self._registry)

    def count(self, status: int, cache: str) -> None:
        """Count a request by the status of its answer and what memory had to do with it."""
        self._counts.requests[status, cache] += 1

    def time(self, seconds: float, outcome: str | None) -> None:
        """Note how long the application took; ``outcome`` is that of a query, where it was one."""
        self._counts.seconds.add(seconds)
        if outcome is not None:
            self._counts.queries[outcome] += 1
            self._counts.query_seconds.add(seconds)

    def text(self) -> bytes:
        """Return all of it as Prometheus reads it."""
        return generate_latest(self._registry)


class _Present(Collector):
    """What is read when somebody asks."""

    def __init__(self, editions: Editions, counts: Counts) -> None:
        self._editions = editions
        self._counts = counts

    def collect(self) -> Iterable[Metric]:
        yield from self._of_requests()
        yield from self._of_queries()
        yield from self._of_memory()
        yield from self._of_workers()
        yield from self._of_releases()

    def _of_requests(self) -> Iterator[Metric]:
        yield self._counts.seconds.family(
            "legation_request_seconds",
            "Time of requests that the application answered; those from memory are not timed.",
        )
        requests = CounterMetricFamily(
            "legation_requests",
            "Requests, by status and by cache: hit, miss, or beside.",
            labels=["status", "cache"],
        )
        for (status, cache), count in sorted(self._counts.requests.items()):
            requests.add_metric([str(status), cache], count)
        yield requests

    def _of_queries(self) -> Iterator[Metric]:
        queries = CounterMetricFamily(
            "legation_queries",
            "SPARQL queries that the application answered, by outcome: answered, known, or a problem.",
            labels=["outcome"],
        )
        for outcome, count in sorted(self._counts.queries.items()):
            queries.add_metric([outcome], count)
        yield queries
        yield self._counts.query_seconds.family(
            "legation_query_seconds",
            "Time of SPARQL queries that the application answered, waiting included.",
        )

    def _of_memory(self) -> Iterator[Metric]:
        answers = self._editions.current.answers
        past = self._editions.past
        yield CounterMetricFamily(
            "legation_cache_hits", "Answers sent from memory.", answers.hits + past.hits
        )
        yield CounterMetricFamily(
            "legation_cache_misses", "Answers looked for in memory in vain.", answers.misses + past.misses
        )
        yield GaugeMetricFamily("legation_cache_bytes", "Bytes of answers in memory.", answers.size)
        yield GaugeMetricFamily("legation_cache_limit_bytes", "Bytes that there may be.", answers.limit)
        yield GaugeMetricFamily("legation_cache_answers", "Answers in memory.", len(answers))

    def _of_workers(self) -> Iterator[Metric]:
        now = self._editions.current.engine.status()
        yield GaugeMetricFamily("legation_queries_running", "Queries that run now.", now.running)
        yield GaugeMetricFamily(
            "legation_queries_waiting", "Queries that wait for a worker now.", now.waiting
        )
        yield CounterMetricFamily(
            "legation_worker_kills", "Query workers killed.", now.kills + self._editions.past.kills
        )

    def _of_releases(self) -> Iterator[Metric]:
        release = self._editions.current.release
        named = {"version": release.manifest.version, "digest": release.manifest.digest}
        yield InfoMetricFamily("legation_release", "The release being served.", named)
        yield CounterMetricFamily(
            "legation_release_changes", "New releases taken up.", self._editions.changes
        )
        yield CounterMetricFamily(
            "legation_release_failures", "New releases that could not be served.", self._editions.failures
        )


def may_see(scope: Scope, headers: Mapping[str, str], exposure: str) -> bool:
    """Tell whether a client may read the metrics: by default one of this machine that asks for itself."""
    if exposure == LOCAL:
        client = scope.client.rpartition(":")[0].strip("[]").removeprefix("::ffff:")
        own = client == "::1" or client.startswith("127.")
        return own and not any(name in headers for name in FORWARDED)
    return exposure == PUBLIC
