"""How many of 200 messy names the reconciliation service gets right, asked as OpenRefine asks."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.serving import Server

NAMES = Path(__file__).with_name("names.csv")
BATCH = 10
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True)
class Messy:
    """A name as it may stand in a table; ``id`` is the thing it means, empty where there is none."""

    name: str
    id: str
    type: str
    language: str
    wrong: str


@dataclass(frozen=True)
class Outcome:
    """What the service answered to one name: its first candidate, and whether that is a match."""

    messy: Messy
    first: str
    match: bool

    @property
    def right(self) -> bool:
        """Whether the first candidate is the thing that is meant."""
        return bool(self.messy.id) and self.first == self.messy.id


def messy_names() -> list[Messy]:
    """Return the names of the test set."""
    with NAMES.open(encoding="utf-8", newline="") as file:
        return [Messy(**row) for row in csv.DictReader(file)]


def ask(server: Server, names: Sequence[Messy], *, typed: bool = True) -> list[Outcome]:
    """Ask for ``names`` in batches of ten, each in its own language."""
    outcomes: list[Outcome] = []
    for language in sorted({one.language for one in names}):
        spoken = [one for one in names if one.language == language]
        for start in range(0, len(spoken), BATCH):
            outcomes += _batch(server, language, spoken[start : start + BATCH], typed=typed)
    return outcomes


def _batch(server: Server, language: str, names: Sequence[Messy], *, typed: bool) -> Iterable[Outcome]:
    of_type = {"type_strict": "should"} if typed else {}
    queries = {
        f"q{n}": {"query": one.name, **({"type": one.type} if typed else {}), **of_type, "limit": 3}
        for n, one in enumerate(names)
    }
    body = urlencode({"queries": json.dumps(queries, ensure_ascii=False)}).encode()
    answer = server.ask(f"/{language}/reconcile", FORM, "POST", body)
    assert answer.status == 200, answer.text
    for n, one in enumerate(names):
        found = answer.json()[f"q{n}"]["result"]
        first: dict[str, Any] = found[0] if found else {"id": "", "match": False}
        yield Outcome(one, first["id"], first["match"])


def table(outcomes: Sequence[Outcome]) -> str:
    """Return the figures as a Markdown table: a line for each language, and one for all."""
    rows: list[tuple[str, Callable[[Outcome], bool]]] = [
        ("Arabic", lambda one: one.messy.language == "ar"),
        ("English", lambda one: one.messy.language == "en"),
        ("French", lambda one: one.messy.language == "fr"),
        ("**all**", lambda one: True),
    ]
    lines = [
        "| names | of things here | first is right | matched | right of matched |",
        "| --- | --- | --- | --- | --- |",
    ]
    for title, belongs in rows:
        chosen = [one for one in outcomes if belongs(one)]
        here = [one for one in chosen if one.messy.id]
        matched = [one for one in chosen if one.match]
        right, sure = sum(one.right for one in here), sum(one.right for one in matched)
        lines.append(
            f"| {title}: {len(chosen)} | {len(here)} | {right} ({share(right, len(here))}) "
            f"| {len(matched)} | {sure} ({share(sure, len(matched))}) |"
        )
    return "\n".join(lines)


def share(part: int, whole: int) -> str:
    """Return a share as a percentage."""
    return f"{100 * part / whole:.1f} %" if whole else "—"


def recall(outcomes: Sequence[Outcome]) -> float:
    """Return the share of the names of things here whose first candidate is right."""
    here = [one for one in outcomes if one.messy.id]
    return sum(one.right for one in here) / len(here)


def precision(outcomes: Sequence[Outcome]) -> float:
    """Return the share of stated matches that are right."""
    matched = [one for one in outcomes if one.match]
    return sum(one.right for one in matched) / len(matched)
