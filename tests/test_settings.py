"""Each setting is said once: option, variable, documents and the endpoint's description follow from it."""

from __future__ import annotations

import os
import subprocess
from dataclasses import fields
from pathlib import Path

import pytest
from pyoxigraph import NamedNode, Store

from legation.namespaces import BASE, PREFIXES
from legation.serve.settings import TABLE, Settings, limits, limits_table
from tests.projects import ROOT
from tests.serving import LEGATION, serving, small_release

DOCUMENTED = ROOT / "docs" / "http.md"


def legation(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **variables}
    return subprocess.run(
        [*LEGATION, *arguments], capture_output=True, text=True, check=False, env=environment
    )


def test_a_setting_is_an_option_a_variable_and_a_line_of_legation_settings() -> None:
    lines = legation("settings").stdout.splitlines()
    for name in (one.name for one in fields(Settings)):
        setting = TABLE[name]
        assert setting.about.text.endswith(".")
        line = (f"`{setting.option}`", f"`{setting.variable}`", setting.default_text, setting.about.text)
        assert f"| {' | '.join(line)} |" in lines


def test_the_help_shows_every_setting_with_its_default() -> None:
    shown = " ".join(legation("serve", "--help").stdout.split())
    for setting in TABLE.values():
        assert f" {setting.option} " in shown
        assert f"[default: {setting.default_text}]" in shown


def test_the_limits_are_documented_as_they_are() -> None:
    assert limits_table() in DOCUMENTED.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("variable", "value"),
    [("LEGATION_TIME_LIMIT", "soon"), ("LEGATION_WORKERS", "0"), ("LEGATION_PORT", "70000")],
)
def test_a_value_that_cannot_be_is_refused_with_the_name_of_the_option(variable: str, value: str) -> None:
    refused = legation("serve", **{variable: value})
    assert refused.returncode == 2
    assert variable.removeprefix("LEGATION_").lower().replace("_", "-") in refused.stderr
    assert value in refused.stderr


def test_the_endpoint_states_the_limits_in_force_from_options_and_variables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEGATION_TIME_LIMIT", "2.5")
    with serving(
        small_release(tmp_path, "<urn:s> <urn:p> <urn:o> <urn:g> .\n"), "--memory-limit", "64"
    ) as running:
        described = running.ask("/sparql", {"Accept": "text/turtle"}).triples()
    stated = {limit.name: value_of(described, limit.name) for limit in limits()}
    assert stated["time_limit"] == "2.5"
    assert stated["memory_limit"] == "64"
    assert stated["queue"] == str(Settings.queue)
    assert all(stated.values())


def value_of(described: Store, name: str) -> str:
    node = NamedNode(f"{BASE}sparql#{name.replace('_', '-')}")
    service = NamedNode(f"{BASE}sparql")
    named = NamedNode(f"{PREFIXES['schema']}additionalProperty")
    assert list(described.quads_for_pattern(service, named, node, None))
    quad = next(described.quads_for_pattern(node, NamedNode(f"{PREFIXES['schema']}value"), None, None))
    return str(quad.object.value)  # type: ignore[union-attr]
