"""Tests of what a published release never does: it is not updated, and queries open no connections.

Such a test does not apply, but what the server does with it is checked all the same: it refuses, every time.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from tests.conformance.graphs import Dataset
from tests.conformance.manifest import Case, Suites
from tests.conformance.queries import ask, problem, summary
from tests.conformance.verdict import Outcome, Verdict, failed
from tests.serving import Server

UPDATE: Final = "SPARQL Update: a release never changes. Refused, as the runner checked."
FEDERATION: Final = "Federated query: by default no query opens a connection. Refused, as the runner checked."
ENTAILMENT: Final = (
    "Entailment regime: not claimed. What follows from a release is inferred when it is published; "
    "queries are answered by simple entailment. Not run."
)

FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
DIRECT: Final = {"Content-Type": "application/sparql-update"}

ONLY_UPDATE: Final = frozenset({"update-refused"})
NOT_A_QUERY: Final = frozenset({"update-refused", "syntax-error"})


def check_update(test: Case, suites: Suites, server: Server) -> Verdict:
    """Send an update in the two ways of the protocol, and as if it were a query: each must be refused."""
    text = suites.path(test.action_iri()).read_bytes()
    answers = (
        server.ask("/sparql", DIRECT, "POST", text),
        server.ask("/sparql", FORM, "POST", urlencode({"update": text}).encode()),
        ask(server, text, Dataset()),
    )
    for answer, kinds in zip(answers, (ONLY_UPDATE, ONLY_UPDATE, NOT_A_QUERY), strict=True):
        if problem(answer) not in kinds:
            return failed(f"an update was not refused: {summary(answer)}")
    return Verdict(Outcome.INAPPLICABLE, UPDATE)


def check_federation(test: Case, suites: Suites, server: Server) -> Verdict:
    """Send a federated query, which must be refused as one."""
    answer = ask(server, suites.path(test.action_iri()).read_bytes(), Dataset())
    if problem(answer) != "service-refused":
        return failed(f"a federated query was not refused: {summary(answer)}")
    return Verdict(Outcome.INAPPLICABLE, FEDERATION)


def skip_entailment() -> Verdict:
    """Return the verdict on a test of an entailment regime."""
    return Verdict(Outcome.INAPPLICABLE, ENTAILMENT)
