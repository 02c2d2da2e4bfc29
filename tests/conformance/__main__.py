"""``make conformance``: run the W3C suites, write the reports, and fail on anything that is not foreseen."""

from __future__ import annotations

import sys
from pathlib import Path

from legation.project import open_project
from tests.conformance.known import known_causes, surprises
from tests.conformance.manifest import suites_from_environment
from tests.conformance.report import MARKDOWN, TURTLE, earl, markdown, subject_of, summary
from tests.conformance.runner import run


def main() -> int:
    """Run, write and tell; the exit status is 1 where a test surprises, 2 where there are no suites."""
    project = open_project(Path(__file__).parents[2])
    suites = suites_from_environment(project.root)
    if not suites.there():
        print(f"{suites.root}: the W3C suites are not here; set LEGATION_SHARED", file=sys.stderr)
        return 2
    results, causes = run(suites), known_causes()
    told = surprises(results, causes)
    if told:
        print(*told, sep="\n", file=sys.stderr)
        return 1
    subject = subject_of(project)
    (project.root / TURTLE).write_text(earl(results, subject, causes), encoding="utf-8")
    (project.root / MARKDOWN).write_text(markdown(results, subject, causes), encoding="utf-8")
    print(summary(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
