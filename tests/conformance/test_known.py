"""A run has to stop on whatever the list of known failures does not foresee."""

from __future__ import annotations

from rdflib import Graph, URIRef

from tests.conformance.known import Cause, surprises
from tests.conformance.manifest import Case
from tests.conformance.runner import Results
from tests.conformance.verdict import PASSED, Outcome, Verdict, failed

CAUSES = [Cause("a reason", (), ("suite#known",))]


def results(**verdicts: Verdict) -> Results:
    """Return verdicts on tests of those names."""
    tests = {
        name: Case(f"http://example/#{name}", name, "", "suite", URIRef(name), Graph()) for name in verdicts
    }
    return {test.iri: (test, verdicts[name]) for name, test in tests.items()}


def test_a_known_failure_and_a_pass_are_no_surprise() -> None:
    assert surprises(results(known=failed("no"), other=PASSED), CAUSES) == []


def test_a_failure_that_is_not_listed_is_a_surprise() -> None:
    assert surprises(results(known=failed("no"), other=failed("why")), CAUSES) == [
        "suite#other: fails, and is not listed: why"
    ]


def test_a_pass_of_what_is_listed_is_a_surprise() -> None:
    assert surprises(results(known=PASSED), CAUSES) == ["suite#known: passed, and is listed as failing"]


def test_what_is_listed_and_no_longer_applies_is_a_surprise() -> None:
    assert surprises(results(known=Verdict(Outcome.INAPPLICABLE)), CAUSES)


def test_what_is_listed_and_not_there_is_a_surprise() -> None:
    assert surprises(results(other=PASSED), CAUSES) == [
        "suite#known: listed as failing, and there is no such test"
    ]
