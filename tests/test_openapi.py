"""The OpenAPI document tells what the server does: every route is in it; requests made from it prove it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    negative_data_rejection,
    positive_data_acceptance,
)
from schemathesis.specs.openapi.schemas import OpenApiSchema

from legation.namespaces import GRAPH, ID, LEG, PREFIXES
from legation.release import CONTEXT, open_release
from legation.serve.app import create_app
from legation.serve.archive import Archive
from legation.serve.engine import OxigraphEngine
from legation.serve.query.workers import Pool
from legation.serve.settings import Settings
from legation.serve.store import ensure_index
from legation.serve.web.openapi import METHODS, PLACEHOLDER
from tests.serving import Server, serving, small_release

AnyOperation = APIOperation[Any, Any, Any, Any]
A_FORUM: Final = f"""\
<{ID}body/gctf> <{PREFIXES["rdf"]}type> <{LEG}Forum> <{GRAPH}entities> .
<{ID}body/gctf> <{PREFIXES["skos"]}prefLabel> "Global Counterterrorism Forum"@en <{GRAPH}entities> .
"""


@pytest.fixture(scope="module")
def little(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a release of few statements, so that many requests take little time."""
    return small_release(tmp_path_factory.mktemp("openapi"), A_FORUM)


@pytest.fixture(scope="module")
def running(little: Path) -> Iterator[Server]:
    with serving(little, "--time-limit", "2") as server:
        yield server


@pytest.fixture(scope="module")
def told(running: Server) -> dict[str, Any]:
    answer = running.ask("/openapi.json")
    assert (answer.status, answer.type) == (200, "application/json")
    found: dict[str, Any] = answer.json()
    return found


@pytest.fixture(scope="module")
def surface(running: Server) -> OpenApiSchema:
    """Return the document as requests are made from it."""
    return schemathesis.openapi.from_url(f"{running.url}/openapi.json")


def test_the_document_is_valid_openapi_3_1(surface: OpenApiSchema, told: dict[str, Any]) -> None:
    surface.validate()
    assert told["openapi"].startswith("3.1.")
    operations = [told for path in told["paths"].values() for told in path.values() if "operationId" in told]
    identifiers = [operation["operationId"] for operation in operations]
    assert len(identifiers) == len(set(identifiers))
    assert all(operation["summary"].endswith(".") for operation in operations)


def test_every_route_and_method_is_described_and_nothing_else_is(little: Path, told: dict[str, Any]) -> None:
    release, settings = open_release(little), Settings(workers=1)
    index = ensure_index(release)
    engine = OxigraphEngine(index, Pool(index, release.path / CONTEXT, settings), settings)
    app = create_app(release, engine, settings, Archive(settings))
    engine.close()
    routes = {
        (PLACEHOLDER.sub(r"{\g<name>}", rule.rule), method)
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
    }
    described = {
        (path, method.upper())
        for path, item in told["paths"].items()
        for method in (*item, *item.get("x-methods", ()))
        if method != "x-methods"
    }
    assert described == routes | {("/metrics", "GET"), ("/metrics", "HEAD")}
    assert {method for _, method in routes} & set(METHODS) == {"GET", "HEAD", "OPTIONS", "POST"}


LEFT_OUT: Final = (positive_data_acceptance, negative_data_rejection, allow_header_conformance)
"""Checks of what JSON Schema, and OpenAPI 3.1, cannot say.

There is no place for the method QUERY, which ``Allow`` names. A text that fits the schema need not be a query
or name a thing (400, 404), and a field that nobody knows is passed over, as the web does.
"""


@pytest.mark.parametrize(
    ("method", "mode"),
    [
        ("GET", GenerationMode.POSITIVE),
        ("GET", GenerationMode.NEGATIVE),
        ("HEAD", GenerationMode.POSITIVE),
        ("OPTIONS", GenerationMode.POSITIVE),
        ("POST", GenerationMode.POSITIVE),
        ("POST", GenerationMode.NEGATIVE),
    ],
)
def test_requests_made_from_the_document_are_answered_as_it_says(
    surface: OpenApiSchema, method: str, mode: GenerationMode
) -> None:
    operations = [found.ok() for found in surface.get_all_operations() if isinstance(found, Ok)]
    failures = [
        failure
        for operation in operations
        if operation.method.upper() == method
        for failure in failures_of(operation, mode)
    ]
    assert failures == []


def failures_of(operation: AnyOperation, mode: GenerationMode) -> Iterator[str]:
    """Send what the document allows, or what it does not, and hold every answer to it."""

    @settings(
        max_examples=4,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=mode))
    def answered_as_told(case: Case[Any]) -> None:
        case.call_and_validate(excluded_checks=[*LEFT_OUT], timeout=30)

    try:
        answered_as_told()
    except FailureGroup as group:
        yield from (f"{operation.label}: {failure}" for failure in group.exceptions)
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE, "every text is a good value for these"
