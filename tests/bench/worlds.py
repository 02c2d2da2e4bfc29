"""Synthetic worlds as releases: published once for each size and each state of the program, and kept."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from legation.project import open_project
from legation.release import CURRENT
from tests.bench.world import World, write_world
from tests.serving import LEGATION

ROOT = Path(__file__).parent.parent.parent
CACHE = ROOT / "build/bench"
PUBLISHING = ("server/legation/*.py", "server/legation/publish/**/*", "tests/bench/world.py", "ontology/**/*")
SHARED = ("shapes/**/*", "data/schemes/*")


def published(triples: int, tell: Callable[[str], object]) -> Path:
    """Return the release of a world of about so many triples, published when it is not there yet."""
    kept = CACHE / f"world-{triples}-{digest()[:16]}"
    if not (kept / "releases" / CURRENT).exists():
        tell(f"publishing a world of {triples:,} triples (kept in {kept.relative_to(ROOT)})")
        shutil.rmtree(kept, ignore_errors=True)
        write_world(World.of(triples), open_project(), kept / "project")
        options = ["--project", str(kept / "project"), "--releases", str(kept / "releases"), "--quiet"]
        subprocess.run([*LEGATION, "publish", *options], check=True)
    return (kept / "releases" / CURRENT).resolve()


def keep(triples: int, folder: Path) -> None:
    """Keep a folder with a ``project`` of so many triples and its ``releases``, unless there is one."""
    kept = CACHE / f"world-{triples}-{digest()[:16]}"
    if not (kept / "releases" / CURRENT).exists():
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir(parents=True)
        for part in ("project", "releases"):
            shutil.move(folder / part, kept / part)


def digest() -> str:
    """Return a digest of everything that decides what such a release holds."""
    found = hashlib.sha256()
    for pattern in (*PUBLISHING, *SHARED):
        for file in sorted(ROOT.glob(pattern)):
            if file.is_file() and file.suffix != ".pyc":
                found.update(file.relative_to(ROOT).as_posix().encode() + b"\0" + file.read_bytes())
    return found.hexdigest()
