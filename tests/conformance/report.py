"""What came of a run, for programs (EARL 1.0) and for people (Markdown)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from string import Template
from typing import Final
from urllib.parse import quote

from rdflib import DCTERMS, DOAP, FOAF, OWL, RDF, XSD, Graph, Literal, Namespace, URIRef

from legation.namespaces import BASE, ONTOLOGY
from legation.project import Project
from tests.conformance.known import Cause
from tests.conformance.manifest import HOME, Case
from tests.conformance.queries import BY_VALUE
from tests.conformance.runner import Results
from tests.conformance.verdict import Outcome, Verdict

EARL: Final = Namespace("http://www.w3.org/ns/earl#")
REPORT: Final = URIRef(f"{BASE}conformance")
SUBJECT: Final = URIRef(f"{REPORT}#subject")
RUNNER: Final = URIRef(f"{REPORT}#runner")
REVISION: Final = URIRef(f"{REPORT}#version")
COMMAND: Final = "make conformance"

PAGE: Final = Path(__file__).with_name("page.md")
MARKDOWN: Final = "docs/conformance.md"
TURTLE: Final = "docs/conformance.ttl"


@dataclass(frozen=True)
class Subject:
    """What was tested. The date is the one of the release, so that the same run gives the same report."""

    version: str
    issued: str
    engine: str


def subject_of(project: Project) -> Subject:
    """Return the version and date of the ontology header, and the engine that is installed."""
    header = Graph()
    header.parse(project.header)
    said = [header.value(URIRef(ONTOLOGY), name) for name in (OWL.versionInfo, DCTERMS.issued)]
    return Subject(str(said[0]), str(said[1]), f"pyoxigraph {version('pyoxigraph')}")


def earl(results: Results, subject: Subject, causes: Sequence[Cause]) -> str:
    """Return the report as Turtle: one assertion for each test."""
    graph = Graph()
    for prefix, namespace in (
        ("", f"{REPORT}#"),
        ("earl", EARL),
        ("dcterms", DCTERMS),
        ("doap", DOAP),
        ("foaf", FOAF),
    ):
        graph.bind(prefix, namespace)
    _describe(graph, subject)
    reasons = {test: cause.reason for cause in causes for test in cause.tests}
    for test, verdict in results.values():
        _assert(graph, test, verdict, reasons.get(test.id, verdict.note))
    return graph.serialize(format="turtle")


def _describe(graph: Graph, subject: Subject) -> None:
    """Say what was tested, by what, and what this document is."""
    issued = Literal(subject.issued, datatype=XSD.date)
    for node, name, value in (
        (REPORT, RDF.type, FOAF.Document),
        (REPORT, FOAF.primaryTopic, SUBJECT),
        (REPORT, DCTERMS.title, Literal("Legation: conformance to SPARQL", lang="en")),
        (REPORT, DCTERMS.issued, issued),
        (SUBJECT, RDF.type, EARL.TestSubject),
        (SUBJECT, RDF.type, EARL.Software),
        (SUBJECT, RDF.type, DOAP.Project),
        (SUBJECT, DOAP.name, Literal("Legation")),
        (SUBJECT, DOAP.homepage, URIRef(BASE)),
        (SUBJECT, DOAP["programming-language"], Literal("Python")),
        (SUBJECT, DOAP.release, REVISION),
        (SUBJECT, DCTERMS.requires, Literal(subject.engine)),
        (REVISION, RDF.type, DOAP.Version),
        (REVISION, DOAP.revision, Literal(subject.version)),
        (REVISION, DOAP.created, issued),
        (RUNNER, RDF.type, EARL.Assertor),
        (RUNNER, RDF.type, EARL.Software),
        (RUNNER, DCTERMS.title, Literal(f"Legation’s conformance runner ({COMMAND})", lang="en")),
    ):
        graph.add((node, name, value))


def _assert(graph: Graph, test: Case, verdict: Verdict, note: str) -> None:
    assertion = URIRef(f"{REPORT}#{quote(test.id.replace('/', '-').replace('#', '-'))}")
    result = URIRef(f"{assertion}-result")
    for node, name, value in (
        (assertion, RDF.type, EARL.Assertion),
        (assertion, EARL.assertedBy, RUNNER),
        (assertion, EARL.subject, SUBJECT),
        (assertion, EARL.test, URIRef(test.iri)),
        (assertion, EARL.mode, EARL.automatic),
        (assertion, EARL.result, result),
        (result, RDF.type, EARL.TestResult),
        (result, EARL.outcome, EARL[verdict.outcome.value]),
    ):
        graph.add((node, name, value))
    if note:
        graph.add((result, EARL.info, Literal(note, lang="en")))


def markdown(results: Results, subject: Subject, causes: Sequence[Cause]) -> str:
    """Return the report as a page of the documentation."""
    by_value = [test.id for test, verdict in results.values() if verdict.note == BY_VALUE]
    return Template(PAGE.read_text(encoding="utf-8")).substitute(
        summary=summary(results),
        version=subject.version,
        engine=subject.engine,
        suites="\n".join(_suites(results)),
        failures="\n".join(_failures(results, causes)),
        by_value_count=len(by_value),
        by_value="\n".join(f"- `{name}`" for name in by_value),
        inapplicable="\n".join(_inapplicable(results)),
    )


def summary(results: Results) -> str:
    """Return the counts in a sentence."""
    counts = Counter(verdict.outcome for _, verdict in results.values())
    passed, failed = counts[Outcome.PASSED], counts[Outcome.FAILED]
    return (
        f"Of the {len(results)} tests in the W3C suites for SPARQL 1.1 and 1.2, {passed + failed} apply to "
        f"a published release, which is read and never changed: {passed} pass and {failed} fail, each for a "
        "cause that is named."
    )


def _suites(results: Results) -> Iterator[str]:
    """Yield a row for each suite, and one for all of them."""
    for suite in dict.fromkeys(test.suite for test, _ in results.values()):
        counts = Counter(verdict.outcome for test, verdict in results.values() if test.suite == suite)
        yield f"| [{suite}]({HOME}{suite}/) {_cells(counts)}"
    yield f"| **all** {_cells(Counter(verdict.outcome for _, verdict in results.values()))}"


def _cells(counts: Counter[Outcome]) -> str:
    columns = (counts.total(), *(counts[outcome] for outcome in Outcome))
    return "".join(f"| {count or '·'} " for count in columns) + "|"


def _failures(results: Results, causes: Sequence[Cause]) -> Iterator[str]:
    names = {test.id: test.name for test, _ in results.values()}
    for cause in causes:
        links = ", ".join(f"[{_short(iri)}]({iri})" for iri in cause.upstream)
        yield f"- {cause.reason}{f' ({links})' if links else ''}"
        for test in cause.tests:
            yield f"  - `{test}` {names[test]}"


def _short(iri: str) -> str:
    """Return ``owner/name#number`` for the address of an issue or a pull request."""
    owner, name, _, number = iri.removeprefix("https://github.com/").split("/")
    return f"{owner}/{name}#{number}"


def _inapplicable(results: Results) -> Iterator[str]:
    found = [verdict for _, verdict in results.values() if verdict.outcome is Outcome.INAPPLICABLE]
    for note, count in Counter(verdict.note for verdict in found).items():
        yield f"- {count} tests. {note}"
