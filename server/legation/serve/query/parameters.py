"""What a client may say beside its query: how long it will wait, and which version it speaks."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Final

from legation.serve.web.problems import ProblemError

VERSIONS: Final = ("1.1", "1.2-basic", "1.2")
"""The version labels of RDF 1.2 Concepts; ``1.2-basic`` is 1.2 without triple terms. All are read."""

SECONDS: Final = re.compile(r"[0-9]+(?:\.[0-9]*)?|\.[0-9]+")


def timeout_in(values: Sequence[str]) -> float:
    """Return the seconds that the fields called ``timeout`` give the query, infinite where there are none.

    A value above the server's own limit changes nothing: clients set one for all the endpoints they use, so
    refusing it would shut out those who are patient, and the problem that says 504 names the limit in force.
    """
    if not values:
        return math.inf
    seconds = float(values[0]) if SECONDS.fullmatch(values[0]) else 0.0
    if len(values) > 1 or seconds == 0.0:
        raise ProblemError(
            "bad-request", f"One timeout in seconds, such as 2.5, and not {', '.join(values)}."
        )
    return seconds


def check_versions(values: Sequence[str]) -> None:
    """Refuse a ``version`` that this endpoint does not read, or several (SPARQL 1.2 Protocol §2.1)."""
    if len(values) > 1 or any(value not in VERSIONS for value in values):
        known = ", ".join(VERSIONS)
        raise ProblemError("bad-request", f"One version out of {known}, and not {', '.join(values)}.")
