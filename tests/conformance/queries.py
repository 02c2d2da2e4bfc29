"""Query tests: evaluation, result formats and syntax."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from pyoxigraph import Dataset as GraphResult

from tests.conformance.graphs import Dataset, Library
from tests.conformance.manifest import MF, Case, Suites
from tests.conformance.results import (
    CSV_TYPE,
    SUFFIX_TYPES,
    TABLE_TYPES,
    Result,
    ResultError,
    differences,
    read_result,
    with_values,
)
from tests.conformance.verdict import PASSED, Outcome, Verdict, failed
from tests.serving import Answer, Server

BY_VALUE: Final = "The same by value: the engine writes numbers and booleans in its own lexical form."
"""Said of a test that passes only so. The suites allow for it where they do not require
``mf:NoCanonicalizationOfNumerics``."""

LONGEST_DIFFERENCE: Final = 12
"""Lines of a difference that are shown."""

LONGEST_BODY: Final = 300
"""Bytes of a body that are shown."""

UNKNOWN_FUNCTION: Final = "unknown-function"
"""The problem of a query whose syntax is fine but which calls a function that the engine does not have."""

RELATIVE_IRI: Final = re.compile(r"<(?![A-Za-z][A-Za-z0-9+.-]*:)[^<>\"{}|^`\\\s]*>")
FROM: Final = re.compile(r"\bFROM\b", re.IGNORECASE)
ORDER: Final = re.compile(r"\bORDER\s+BY\b", re.IGNORECASE)

PROBLEM: Final = "application/problem+json"
OK: Final = 200
BAD_REQUEST: Final = 400
SERVER_ERROR: Final = 500


@dataclass(frozen=True)
class Evaluation:
    """A query, the dataset it is put to, and the result it should have."""

    test: Case
    suites: Suites
    dataset: Dataset | None

    @property
    def query(self) -> str:
        """The query as it is sent: with a base, where it has relative IRIs, which HTTP does not carry."""
        text = self.suites.text(self.test.action_iri())
        return f"BASE <{self.test.action_iri()}>\n{text}" if RELATIVE_IRI.search(text) else text

    @property
    def ordered(self) -> bool:
        """Whether the order of the rows counts: ORDER BY after the last group, not in a sub-select."""
        return ORDER.search(self.query.rpartition("}")[2]) is not None

    @property
    def canonicalization_allowed(self) -> bool:
        """Whether numbers may come back in another lexical form."""
        required = self.test.graph.objects(self.test.node, MF.requires)
        return MF.NoCanonicalizationOfNumerics not in required

    def run(self, server: Server) -> Verdict:
        """Put the query to ``server`` and compare what comes back."""
        expected_iri = self.test.result_iri()
        media_type = SUFFIX_TYPES[expected_iri.rpartition(".")[2]]
        expected = read_result(self.suites.path(expected_iri).read_bytes(), media_type, expected_iri)
        accept = _asked_for(expected, media_type)
        answer = ask(server, self.query.encode(), self.dataset, accept)
        if answer.status != OK or answer.type != accept:
            return failed(f"asked for {accept}, got {summary(answer)}")
        try:
            return self._compared(expected, read_result(answer.body, accept))
        except ResultError as error:
            return failed(str(error))

    def _compared(self, expected: Result, received: Result) -> Verdict:
        strict = differences(expected, received, ordered=self.ordered)
        if not strict:
            return PASSED
        if not self.canonicalization_allowed:
            return failed(_shown(strict))
        loose = differences(with_values(expected), with_values(received), ordered=self.ordered)
        return failed(_shown(loose)) if loose else Verdict(Outcome.PASSED, BY_VALUE)


def evaluation(test: Case, library: Library) -> Evaluation:
    """Return what an evaluation test asks for, its data kept in ``library``."""
    dataset = library.dataset(test)
    described = FROM.search(library.suites.text(test.action_iri())) is not None
    return Evaluation(test, library.suites, None if described else dataset)


def check_syntax(test: Case, suites: Suites, server: Server) -> Verdict:
    """Put a query to ``server``, over no data, and see whether its syntax is taken as it should be."""
    answer = ask(server, suites.path(test.action_iri()).read_bytes(), Dataset())
    kind = problem(answer)
    if test.kind.startswith("Positive"):
        return PASSED if answer.status == OK or kind == UNKNOWN_FUNCTION else failed(summary(answer))
    return PASSED if kind == "syntax-error" else failed(summary(answer))


def ask(server: Server, query: bytes, dataset: Dataset | None, accept: str = "*/*") -> Answer:
    """Post a query as it is; the dataset goes into the address (SPARQL 1.1 Protocol §2.1.3)."""
    path = f"/sparql?{urlencode(dataset.parameters())}" if dataset else "/sparql"
    return server.ask(path, {"Content-Type": "application/sparql-query", "Accept": accept}, "POST", query)


def problem(answer: Answer) -> str:
    """Return which problem a 4xx answer is (RFC 9457): the end of its type; empty for none."""
    if answer.type != PROBLEM or not BAD_REQUEST <= answer.status < SERVER_ERROR:
        return ""
    return str(answer.json()["type"]).rpartition("/")[2]


def summary(answer: Answer) -> str:
    """Return the status and the beginning of the body, for messages."""
    return f"{answer.status} {answer.type} {answer.body[:LONGEST_BODY].decode(errors='replace')}".strip()


def _asked_for(expected: Result, media_type: str) -> str:
    """Return the format to ask for: the one of the expected result, where that is a format of results."""
    if isinstance(expected, GraphResult):
        return "text/turtle"
    return media_type if media_type in (*TABLE_TYPES, CSV_TYPE) else "application/sparql-results+json"


def _shown(lines: list[str]) -> str:
    return "; ".join(lines[:LONGEST_DIFFERENCE])
