"""What README shows and claims is what the project answers."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The fenced blocks of README in one language."""
    return re.findall(rf"```{language}\n(.*?)\n```", README, flags=re.DOTALL)


def pinned() -> dict[str, str]:
    """Each competency question without its comment lines, and its pinned answer."""
    return {
        re.sub(r"^#.*\n", "", file.read_text(encoding="utf-8"), flags=re.MULTILINE).strip(): (
            file.with_suffix(".csv").read_text(encoding="utf-8").strip()
        )
        for file in (ROOT / "tests" / "questions").glob("*.rq")
    }


def test_the_three_queries_in_the_readme_stand_with_their_pinned_answers() -> None:
    shown = list(zip(blocks("sparql"), blocks("csv"), strict=True))
    assert len(shown) == 3
    assert [(query, pinned().get(query)) for query, _ in shown] == shown


def test_the_readme_states_the_conformance_that_the_report_states() -> None:
    report = (ROOT / "docs" / "conformance.md").read_text(encoding="utf-8")
    sentence = next(line for line in report.splitlines() if line.startswith("Of the "))
    assert sentence in README.splitlines()


def test_every_local_link_in_readme_and_docs_leads_somewhere() -> None:
    pages = [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "data" / "README.md",
        *(ROOT / "docs").rglob("*.md"),
    ]
    dead = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert dead == []
