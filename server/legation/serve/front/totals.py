"""What several server processes have counted, put together as if it were one (Prometheus text format)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from prometheus_client import generate_latest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector, CollectorRegistry

SAME: Final = frozenset(
    {
        "legation_release_info",
        "legation_release_changes",
        "legation_release_failures",
        "process_max_fds",
    }
)
"""What every process says of the same thing: the most that one says counts. All else is added up."""

STARTED: Final = ("_created", "process_start_time_seconds")
"""How the names of moments end: the earliest counts."""


class _Totals(Collector):
    """Families of several processes, each once."""

    def __init__(self, texts: Sequence[bytes]) -> None:
        self._texts = texts

    def collect(self) -> Iterable[Metric]:
        families: dict[str, Metric] = {}
        values: dict[str, dict[tuple[str, tuple[tuple[str, str], ...]], float]] = {}
        for text in self._texts:
            for family in text_string_to_metric_families(text.decode()):
                families.setdefault(family.name, family)
                held, add = values.setdefault(family.name, {}), _way(family.name)
                for sample in family.samples:
                    key = sample.name, tuple(sorted(sample.labels.items()))
                    held[key] = add((held[key], sample.value)) if key in held else sample.value
        for name, family in families.items():
            family.samples = []
            for (sample_name, labels), value in values[name].items():
                family.add_sample(sample_name, dict(labels), value)
            yield family


def _way(name: str) -> Callable[[tuple[float, float]], float]:
    """Return how two values of a family become one."""
    if name in SAME:
        return max
    return min if name.endswith(STARTED) else sum


def total(texts: Sequence[bytes]) -> bytes:
    """Return the texts of several processes as one; a single one stays as it is."""
    if len(texts) == 1:
        return texts[0]
    registry = CollectorRegistry()
    registry.register(_Totals(texts))
    return generate_latest(registry)
