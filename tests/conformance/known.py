"""The failures that are known, with their causes; anything else is a surprise."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.conformance.runner import Results
from tests.conformance.verdict import Outcome

FILE: Final = Path(__file__).with_name("known_failures.toml")


@dataclass(frozen=True)
class Cause:
    """Why some tests fail: the reason in words, what is known of it upstream, and the tests, by their ids."""

    reason: str
    upstream: tuple[str, ...]
    tests: tuple[str, ...]


def known_causes() -> list[Cause]:
    """Read the list."""
    found = tomllib.loads(FILE.read_text(encoding="utf-8"))["cause"]
    return [Cause(raw["reason"], tuple(raw["upstream"]), tuple(raw["tests"])) for raw in found]


def surprises(results: Results, causes: Iterable[Cause]) -> Sequence[str]:
    """Return what the list does not foresee: a failure, a pass, or a test that is not there."""
    expected = {test for cause in causes for test in cause.tests}
    found = {test.id: verdict for test, verdict in results.values()}
    told = [
        f"{name}: listed as failing, and there is no such test" for name in sorted(expected - found.keys())
    ]
    for name, verdict in found.items():
        if verdict.outcome is Outcome.FAILED and name not in expected:
            told.append(f"{name}: fails, and is not listed: {verdict.note}")
        if verdict.outcome is not Outcome.FAILED and name in expected:
            told.append(f"{name}: {verdict.outcome.value}, and is listed as failing")
    return told
