"""Whether two servers give the same answer to a query, in whichever order of rows and spelling of JSON."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from tests.bench.peers import AbsentError, Peer

PATIENCE: Final = 60.0
"""Seconds that a server may take for one query before it is left out."""

STRING: Final = "http://www.w3.org/2001/XMLSchema#string"

Row = frozenset[tuple[str, tuple[str, ...]]]


def check_same(queries: Iterable[str], ours: Peer, peer: Peer, slowest: float) -> None:
    """Raise ``AbsentError`` where the peer answers one of ``queries`` otherwise than we do, or too late.

    One that takes more than ``slowest`` seconds for an answer is not asked again: rounds would take too long.
    """
    for query in queries:
        began = time.perf_counter()
        answer, taken = peer.ask(query, PATIENCE), time.perf_counter() - began
        if rows(answer) != rows(ours.ask(query, PATIENCE)):
            raise AbsentError(f"another answer than ours\n{query}")
        if taken > slowest:
            raise AbsentError(f"not asked again after it took {taken:.0f} s for one answer")


def rows(answer: bytes) -> Counter[Row]:
    """Return the solutions of SPARQL results in JSON, each as often as it is there."""
    found = json.loads(answer)["results"]["bindings"]
    return Counter(frozenset((name, _term(term)) for name, term in row.items()) for row in found)


def _term(term: Mapping[str, Any]) -> tuple[str, ...]:
    """Return a term as SPARQL 1.1 has it; an older spelling has a kind of its own for typed literals."""
    kind = "literal" if term["type"] == "typed-literal" else term["type"]
    datatype = term.get("datatype", "")
    return kind, term["value"], term.get("xml:lang", "").lower(), "" if datatype == STRING else datatype
