"""What came of a test."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Outcome(Enum):
    """The outcomes of EARL 1.0 that occur; the value is the local name of the term."""

    PASSED = "passed"
    FAILED = "failed"
    INAPPLICABLE = "inapplicable"


@dataclass(frozen=True)
class Verdict:
    """The outcome of one test, and what is to be said about it."""

    outcome: Outcome
    note: str = ""


PASSED = Verdict(Outcome.PASSED)


def failed(note: str) -> Verdict:
    """Return the verdict on a test that did not give what it should."""
    return Verdict(Outcome.FAILED, note)
