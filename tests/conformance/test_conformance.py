"""The W3C suites, run over HTTP against our server, where they lie; in CI they have to be there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import pytest

from legation.project import open_project
from tests.conformance.known import Cause, known_causes, surprises
from tests.conformance.manifest import suites_from_environment
from tests.conformance.report import MARKDOWN, TURTLE, earl, markdown, subject_of
from tests.conformance.runner import Results, run

PROJECT: Final = open_project(Path(__file__).parents[2])
SUITES: Final = suites_from_environment(PROJECT.root)


def test_the_suites_are_there_in_continuous_integration() -> None:
    assert SUITES.there() or os.environ.get("CI") != "true", f"the W3C suites are not in {SUITES.root}"


def test_each_known_failure_is_listed_once_and_with_its_reason() -> None:
    listed = [test for cause in known_causes() for test in cause.tests]
    assert sorted(listed) == sorted(set(listed))
    assert all(cause.reason and cause.tests for cause in known_causes())


if SUITES.there():

    @pytest.fixture(scope="module")
    def results() -> Results:
        return run(SUITES)

    @pytest.fixture(scope="module")
    def causes() -> list[Cause]:
        return known_causes()

    def test_every_test_of_the_suites_passes_or_fails_as_it_is_known_to(
        results: Results, causes: list[Cause]
    ) -> None:
        assert "\n".join(surprises(results, causes)) == ""

    def test_the_page_of_the_documentation_says_what_came_of_the_suites(
        results: Results, causes: list[Cause]
    ) -> None:
        written = (PROJECT.root / MARKDOWN).read_text(encoding="utf-8")
        assert written == markdown(results, subject_of(PROJECT), causes), "run `make conformance`"

    def test_the_earl_report_says_what_came_of_the_suites(results: Results, causes: list[Cause]) -> None:
        written = (PROJECT.root / TURTLE).read_text(encoding="utf-8")
        assert written == earl(results, subject_of(PROJECT), causes), "run `make conformance`"
