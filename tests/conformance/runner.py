"""From a manifest entry to a verdict."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from tests.conformance import refusals
from tests.conformance.graph_store import check_graph_store, kept_graphs, needs_own_server
from tests.conformance.graphs import Library, lay_out, with_description
from tests.conformance.manifest import Case, ManifestError, Suites, read_tests
from tests.conformance.protocol import check_protocol, keep_graphs
from tests.conformance.queries import check_syntax, evaluation
from tests.conformance.service_description import check_service_description
from tests.conformance.verdict import Verdict
from tests.serving import Server, serving, small_release

Check = Callable[[Server], Verdict]

EVALUATIONS: Final = frozenset({"QueryEvaluationTest", "CSVResultFormatTest"})
SYNTAX: Final = frozenset(
    {"PositiveSyntaxTest", "PositiveSyntaxTest11", "NegativeSyntaxTest", "NegativeSyntaxTest11"}
)
UPDATES: Final = frozenset(
    {
        "UpdateEvaluationTest",
        "PositiveUpdateSyntaxTest",
        "PositiveUpdateSyntaxTest11",
        "NegativeUpdateSyntaxTest",
        "NegativeUpdateSyntaxTest11",
    }
)
ENTAILMENT: Final = "sparql11/entailment"
FEDERATED: Final = frozenset({"sparql11/service", "sparql11/syntax-fed"})


@dataclass(frozen=True)
class Round:
    """Tests that one server answers, and the graphs it has to hold for them."""

    library: Library
    described: bool
    """Whether its release also has a graph that describes the others, as a real one has."""
    checks: list[tuple[Case, Check]] = field(default_factory=list)


def plan(suites: Suites, tests: Sequence[Case]) -> list[Round]:
    """Return ``tests`` with what is to be done, grouped by the server they need."""
    together = Round(Library(suites), described=True)
    alone = []
    for test in tests:
        round_ = together
        if test.kind == "GraphStoreProtocolTest" and needs_own_server(test):
            round_ = Round(Library(suites), described=False)
            alone.append(round_)
        round_.checks.append((test, check_for(test, round_.library)))
    return [together, *alone]


def check_for(test: Case, library: Library) -> Check:
    """Return what is to be done with ``test``; its data goes into ``library``."""
    suites = library.suites
    if test.suite == ENTAILMENT:
        return lambda _: refusals.skip_entailment()
    if test.suite in FEDERATED:
        return partial(refusals.check_federation, test, suites)
    if test.kind in UPDATES or (test.kind in SYNTAX and test.action_iri().endswith(".ru")):
        return partial(refusals.check_update, test, suites)
    if test.kind in SYNTAX:
        return partial(check_syntax, test, suites)
    return evaluation(test, library).run if test.kind in EVALUATIONS else _check_over_http(test, library)


def _check_over_http(test: Case, library: Library) -> Check:
    match test.kind:
        case "ProtocolTest":
            keep_graphs(test, library)
            return partial(check_protocol, test)
        case "GraphStoreProtocolTest":
            library.add(kept_graphs(test))
            return partial(check_graph_store, test)
        case "ServiceDescriptionTest":
            return partial(check_service_description, test)
    raise ManifestError(f"{test.iri}: nothing is known of a {test.kind}")


@contextlib.contextmanager
def server_for(round_: Round) -> Iterator[Server]:
    """Run our server on a throw-away release with the graphs of a round."""
    with tempfile.TemporaryDirectory(prefix="legation-conformance-") as folder:
        held = round_.library.graphs
        release = small_release(Path(folder), lay_out(with_description(held) if round_.described else held))
        with serving(release) as server:
            yield server


Results = Mapping[str, tuple[Case, Verdict]]


def run(suites: Suites) -> Results:
    """Run every test; return each with what came of it, by IRI, in the order of the manifests."""
    tests = read_tests(suites)
    found: dict[str, tuple[Case, Verdict]] = {}
    for round_ in plan(suites, tests):
        with server_for(round_) as server:
            found |= {test.iri: (test, check(server)) for test, check in round_.checks}
    return {test.iri: found[test.iri] for test in tests}
