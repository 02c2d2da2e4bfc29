"""What earlier releases promised: an identifier once published answers for ever."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pyoxigraph import NamedNode, RdfFormat, parse

from legation.namespaces import ID, LEG, LEGSH
from legation.publish.graphs import COMPUTED
from legation.release import MANIFEST, Release, open_release, version_order

LASTING: Final = (ID, LEG, LEGSH)


def previous_release(releases: Path, version: str) -> Release | None:
    """Return the latest release before ``version``, should there be one.

    A release of the same version is no predecessor: it has the same content, or is about to be replaced.
    """
    folders = [folder for folder in releases.glob("[0-9]*.*") if (folder / MANIFEST).is_file()]
    earlier = [folder for folder in folders if version_order(folder.name) < version_order(version)]
    return open_release(max(earlier, key=lambda folder: version_order(folder.name))) if earlier else None


def published_identifiers(releases: Path, version: str) -> list[str]:
    """Return the identifiers that the authored graphs of the previous release describe, sorted."""
    release = previous_release(releases, version)
    if release is None:
        return []
    subjects = {
        quad.subject.value
        for quad in parse(path=release.dataset, format=RdfFormat.N_QUADS)
        if isinstance(quad.subject, NamedNode) and quad.graph_name not in COMPUTED
    }
    return sorted(subject for subject in subjects if subject.startswith(LASTING))
