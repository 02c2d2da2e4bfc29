"""Print precision and recall: ``python -m tests.reconciliation [RELEASE]``; by default releases/current."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.projects import ROOT
from tests.reconciliation.figures import ask, messy_names, table
from tests.serving import serving

if __name__ == "__main__":
    release = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "releases"
    with serving(release) as server:
        outcomes = ask(server, messy_names())
        print(table(outcomes))
        untyped = ask(server, messy_names(), typed=False)
        print(f"\nWithout a type:\n\n{table(untyped)}")
        for one in outcomes:
            if one.match and not one.right:
                print(f"\nwrong match: {one.messy.name}: {one.first}, not {one.messy.id or 'anything'}")
        for one in outcomes:
            if one.messy.id and not one.right:
                print(f"\nnot first: {one.messy.name}: {one.first or 'nothing'}, not {one.messy.id}")
