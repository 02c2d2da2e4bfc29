"""What the tests share: the bundled project, a release of it published once, and the source documents."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest
from pyoxigraph import RdfFormat, Store

from legation.project import Project, open_project
from legation.publish.authored import Authored, read_files
from legation.publish.pipeline import publish
from legation.release import CURRENT, DATASET, open_release
from tests.browsing import chromium  # noqa: F401  # a fixture of every test
from tests.projects import ROOT, made_from
from tests.serving import server  # noqa: F401  # a fixture of every test


@pytest.fixture(scope="session")
def project() -> Project:
    """The project that this repository is."""
    return open_project(ROOT)


@pytest.fixture(scope="session")
def authored(project: Project) -> Authored:
    """Every authored file of the bundled project, read."""
    authored, faults = read_files(project)
    assert not faults
    return authored


@pytest.fixture(scope="session")
def release(project: Project, pytestconfig: pytest.Config) -> Path:
    """The folder of a release of the bundled project, kept for as long as nothing it is made from changes."""
    cache = pytestconfig.cache
    assert cache is not None
    folder = cache.mkdir("releases") / made_from(project)
    with folder.with_suffix(".lock").open("w") as lock:
        # Several processes test at once, and one of them publishes.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / CURRENT).exists():
            publish(project, folder)
    return open_release(folder).path


@pytest.fixture(scope="session")
def release_graph(release: Path) -> Store:
    """The dataset of that release."""
    store = Store()
    store.bulk_load(path=str(release / DATASET), format=RdfFormat.N_QUADS)
    return store
