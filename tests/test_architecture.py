"""Publishing and serving know nothing of each other but the release folder; every module has its place."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.projects import ROOT

PACKAGE: Final = ROOT / "server/legation"
SHARED: Final = frozenset(
    {"legation"}
    | {f"legation.{name}" for name in ("namespaces", "release", "project", "jsonld", "shacl", "terms")}
    | {"legation.folding", "legation.names", "legation.endpoint", "legation.held"}
)
"""What both may import: prefixes, the release folder, the project, JSON-LD's writer, SHACL's validator and
its terms, how names are folded, endpoints and how they hold a release."""


def modules(package: str) -> list[Path]:
    return sorted((PACKAGE / package).rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    """Yield the names of the modules that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield node.module or ""


@pytest.mark.parametrize(("package", "other"), [("publish", "serve"), ("serve", "publish")])
def test_publishing_and_serving_never_import_each_other(package: str, other: str) -> None:
    own = f"legation.{package}"
    for path in modules(package):
        for name in imports(path):
            if name.split(".")[0] == "legation" and not name.startswith(own):
                assert name in SHARED, f"{path} imports {name}"
                assert not name.startswith(f"legation.{other}")


def test_what_both_share_imports_neither() -> None:
    for name in SHARED - {"legation"}:
        for imported in imports(PACKAGE / f"{name.removeprefix('legation.')}.py"):
            assert not imported.startswith(("legation.publish", "legation.serve")), name


@pytest.mark.parametrize("module", ["legation.cli", "legation.serve.command"])
def test_starting_the_server_does_not_wait_for_the_validators(module: str) -> None:
    code = f"import sys, {module}; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert {"pyshacl", "owlrl", "SPARQLWrapper"}.isdisjoint(loaded)


def test_no_module_is_named_for_having_no_name() -> None:
    names = {path.stem for path in PACKAGE.rglob("*.py")}
    assert names.isdisjoint({"utils", "util", "helpers", "common", "misc"})


def test_the_architecture_page_places_every_module_of_the_server_once() -> None:
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    table = page[page.index("## The way of a request") : page.index("More:")]
    rows = re.findall(r"^\|[^|]+\| (?:itself|`(\w+)/`) \|([^|]+)\|$", table, re.MULTILINE)
    placed = [(folder, name) for folder, names in rows for name in re.findall(r"`(\w+)`", names)]
    folders = {folder for folder, _ in placed} - {""}
    found = [(folder, name) for folder in {"", *folders} for name in modules_in(PACKAGE / "serve" / folder)]
    assert sorted(placed) == sorted(place for place in found if place not in {("", name) for name in folders})


def modules_in(folder: Path) -> set[str]:
    """Return the names of the modules and packages that lie in a folder."""
    packages = {path.parent.name for path in folder.glob("*/__init__.py")}
    return packages | {path.stem for path in folder.glob("*.py")} - {"__init__"}
