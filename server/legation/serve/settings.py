"""What an operator can set: one table, from which options, variables, documents and descriptions are made."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final, get_type_hints

KIBIBYTE: Final = 1024
MEBIBYTE: Final = 1024 * 1024
UNITS: Final[Mapping[str, int]] = MappingProxyType({"KiB": KIBIBYTE, "MiB": MEBIBYTE})
"""Units of options that ``Settings`` holds in bytes; values in all others are held as they are."""


SHARED_OUT: Final = ("quick_workers", "workers", "answer_cache", "page_threads")
"""Settings that say what all server processes have together."""

CALLING: Final = 4
"""Federated queries that may wait for other hosts at the same time."""


@dataclass(frozen=True)
class About:
    """What is said of a setting. The bounds ``least`` and ``most`` are in ``unit``."""

    text: str
    unit: str = ""
    least: int | None = None
    most: int | None = None
    default: str = ""
    """What stands for the default where it depends on the machine."""
    choices: tuple[str, ...] = ()
    """The only values that it may have, where they are few."""
    over: str = ""
    """What a request gets that passes this limit; empty for what is no limit on requests."""


@dataclass(frozen=True)
class Setting:
    """One setting as an operator sees it; ``default`` is as ``Settings`` holds it."""

    name: str
    default: Any
    about: About

    @property
    def option(self) -> str:
        """The option of ``legation serve``."""
        name = self.name.replace("_", "-")
        return f"--{name.removesuffix('s') if self.is_list else name}"

    @property
    def is_list(self) -> bool:
        """Tell whether the option may be given more than once."""
        return isinstance(self.default, tuple)

    @property
    def variable(self) -> str:
        """The environment variable that stands in for the option."""
        return f"LEGATION_{self.name.upper()}"

    @property
    def scale(self) -> int:
        """What one of the unit comes to in ``Settings``."""
        return UNITS.get(self.about.unit, 1)

    def text_of(self, held: Any) -> str:  # noqa: ANN401  # a value of any setting
        """Return a value that ``Settings`` holds as documents show it, with its unit."""
        if self.is_list:
            return " ".join(held) or "none"
        value = f"{held / self.scale:g}" if isinstance(held, float) or self.scale > 1 else str(held)
        return f"{value} {self.about.unit}".strip()

    @property
    def default_text(self) -> str:
        """The default as documents show it."""
        return self.about.default or self.text_of(self.default)


MOST_PROCESSES: Final = 8
"""Server processes that are started without being asked for, on however large a machine."""


def default_processes() -> int:
    """Return one server process per processor: each has an interpreter, and so a lock, of its own."""
    return min(os.cpu_count() or 1, MOST_PROCESSES)


def default_workers() -> int:
    """Return one query worker per processor, and never less than two: one heavy query must not be all."""
    return max(2, os.cpu_count() or 1)


@dataclass(frozen=True)
class Settings:
    """What a server is told. Sizes are held in bytes, times in seconds."""

    release: Annotated[
        Path,
        About(
            "A release, or a folder of releases whose `current` is served. Where there is none yet, "
            "the bundled data is published first.",
            default="where `legation publish` puts them",
        ),
    ] = Path("releases")
    engine: Annotated[
        str,
        About(
            "The address of a SPARQL 1.1 endpoint that holds the release (`legation push` loads it): every "
            "statement is read from there, and queries are answered there.",
            default="the embedded engine",
        ),
    ] = ""
    host: Annotated[str, About("Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, About("TCP port to listen on.", least=1, most=65535)] = 8080
    processes: Annotated[
        int,
        About(
            "Server processes on that port, never more than there are slow places; each has its share of the "
            "places, the memory for answers and the page threads below.",
            least=1,
            default=f"one per processor, at most {MOST_PROCESSES}",
        ),
    ] = default_processes()
    quick_workers: Annotated[
        int,
        About(
            "Queries that run at the same time in their first moment, each in a process of its own.",
            least=1,
            default="two per processor, at least 4",
            over="the query waits",
        ),
    ] = 2 * default_workers()
    quick_time: Annotated[
        float,
        About(
            "That moment, as processor time: a query that takes longer (by the clock, ten times as long) "
            "goes on at a low priority, in the slow lane.",
            "s",
            least=0,
            over="the query takes a slow place",
        ),
    ] = 0.1
    quick_memory: Annotated[
        int,
        About(
            "Address space of a query in its first moment, beyond what its process has at rest.",
            "MiB",
            least=16,
            over="the query takes a slow place",
        ),
    ] = 128 * MEBIBYTE
    workers: Annotated[
        int,
        About(
            "Slow places: queries that take longer and run at the same time.",
            least=1,
            default="one per processor, at least 2",
            over="the query waits, then begins anew",
        ),
    ] = default_workers()
    queue: Annotated[
        int,
        About(
            "Queries that may wait, before each lane of each server process.",
            least=0,
            over="503 `queue-full` with `Retry-After`",
        ),
    ] = 16
    queue_time: Annotated[
        float, About("How long a query may wait.", "s", least=0, over="503 `queue-full` with `Retry-After`")
    ] = 10.0
    time_limit: Annotated[
        float, About("Wall-clock time of one query.", "s", least=0, over="504 `out-of-time`")
    ] = 30.0
    memory_limit: Annotated[
        int,
        About(
            "Address space of one query beyond what its process has at rest.",
            "MiB",
            least=16,
            over="503 `out-of-memory`",
        ),
    ] = 1024 * MEBIBYTE
    result_limit: Annotated[
        int, About("Size of one query's serialised result.", "MiB", least=1, over="413 `result-too-large`")
    ] = 64 * MEBIBYTE
    result_rows: Annotated[
        int,
        About("Rows of one query's result, or triples of its graph.", least=1, over="413 `result-too-large`"),
    ] = 1_000_000
    query_limit: Annotated[
        int,
        About(
            "Size of a request's body, and so of the longest query that can be posted.",
            "KiB",
            least=1,
            over="413 `request-too-large`",
        ),
    ] = 256 * KIBIBYTE
    document_limit: Annotated[
        int,
        About(
            "Size of a document that is posted for validation.",
            "KiB",
            least=1,
            over="413 `request-too-large`",
        ),
    ] = MEBIBYTE
    service_hosts: Annotated[
        tuple[str, ...],
        About(
            "A host that SERVICE may reach: NAME (https), NAME:PORT, or ADDRESS:PORT if it is not public. "
            "Can be given more than once.",
        ),
    ] = ()
    client_header: Annotated[
        str,
        About(
            "Behind a proxy: the request header whose last entry is the address that a query counts for; "
            "only one that the proxy itself sets or adds to.",
            default="none",
        ),
    ] = ""
    body_time: Annotated[
        float,
        About("How long a client may take to send a request's body.", "s", least=0, over="408 `too-slow`"),
    ] = 10.0
    answer_cache: Annotated[
        int, About("Memory for whole answers that are sent again; 0 keeps none.", "MiB", least=0)
    ] = 64 * MEBIBYTE
    stop_time: Annotated[
        float, About("How long requests under way may go on when the server is told to stop.", "s", least=0)
    ] = 10.0
    log: Annotated[
        str,
        About(
            "Lines on standard error, one for each request: none, JSON, or text for people.",
            choices=("none", "json", "text"),
        ),
    ] = "none"
    log_addresses: Annotated[
        str, About("Whether those lines tell the addresses of clients.", choices=("no", "yes"))
    ] = "no"
    metrics: Annotated[
        str,
        About(
            "Who may read /metrics: programs on this machine, everyone, or nobody.",
            choices=("local", "public", "off"),
        ),
    ] = "local"
    page_threads: Annotated[
        int, About("Threads for pages and files, which queries never occupy.", least=1)
    ] = 8

    @property
    def members(self) -> int:
        """Server processes that there are: each needs a place in either lane."""
        return min(self.processes, self.quick_workers, self.workers)

    def share(self, index: int) -> Settings:
        """Return what one of the server processes has of what they share out; ``index`` counts from 0."""
        count = self.members
        held = {name: getattr(self, name) for name in SHARED_OUT}
        shares = {name: total // count + (index < total % count) for name, total in held.items()}
        return replace(self, **{**shares, "page_threads": max(1, shares["page_threads"])})

    @property
    def threads(self) -> int:
        """Threads of one server process: every query that runs or waits holds one, and the pages have theirs.

        So does every federated query that waits for another host.
        """
        federated = CALLING if self.service_hosts else 0
        queries = self.quick_workers + self.workers + 2 * self.queue
        return queries + federated + self.page_threads


def _table() -> dict[str, Setting]:
    hints = get_type_hints(Settings, include_extras=True)
    return {
        one.name: Setting(one.name, one.default, hints[one.name].__metadata__[0]) for one in fields(Settings)
    }


TABLE: Final[Mapping[str, Setting]] = MappingProxyType(_table())
"""Every setting by name, in the order of ``Settings``."""


def limits() -> tuple[Setting, ...]:
    """Return the settings that bound what one request may do or have to wait for."""
    return tuple(one for one in TABLE.values() if one.about.over)


def limits_table() -> str:
    """Return the limits as a Markdown table, the one that the documents show."""
    rows = [("option", "default", "what it bounds", "over it")]
    rows += [(f"`{one.option}`", one.default_text, one.about.text, one.about.over) for one in limits()]
    return _markdown(rows)


def settings_table() -> str:
    """Return every setting as a Markdown table, the one that ``legation settings`` prints."""
    rows = [("option", "variable", "default", "what it sets")]
    rows += [
        (f"`{one.option}`", f"`{one.variable}`", one.default_text, one.about.text) for one in TABLE.values()
    ]
    return _markdown(rows)


def _markdown(rows: Sequence[tuple[str, ...]]) -> str:
    lines = [rows[0], tuple("---" for _ in rows[0]), *rows[1:]]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
