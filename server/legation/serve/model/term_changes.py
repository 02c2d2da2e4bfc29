"""What changed in the ontology between two releases: terms that are new, gone, or say something else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pyoxigraph import NamedNode, RdfFormat, Triple, parse

from legation.namespaces import LEG
from legation.release import Release, releases_in, version_order
from legation.serve.model.schema import OWL
from legation.serve.state import State

FILE = "ontology.nt"
STAMPED = f"{OWL}versionInfo"
"""What every release says of every term anew."""


@dataclass(frozen=True)
class Changes:
    """The terms that differ from those of an earlier release."""

    since: str
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]


def changes(here: State) -> tuple[Changes, ...]:
    """Return what each release of those that are here changed, the newest first."""
    releases = list(_kept(here.release))
    told = [terms(release) for release in releases]
    pairs = zip(releases, told, told[1:], strict=False)
    return tuple(compare(old.manifest.version, before, after) for old, before, after in reversed([*pairs]))


def compare(
    since: str, before: Mapping[str, frozenset[Triple]], after: Mapping[str, frozenset[Triple]]
) -> Changes:
    """Return the terms that two releases do not say the same of."""
    both = before.keys() & after.keys()
    return Changes(
        since=since,
        added=tuple(sorted(after.keys() - before.keys())),
        removed=tuple(sorted(before.keys() - after.keys())),
        changed=tuple(sorted(iri for iri in both if before[iri] != after[iri])),
    )


def terms(release: Release) -> dict[str, frozenset[Triple]]:
    """Return what the ontology of a release says of each of its terms."""
    found: dict[str, set[Triple]] = {}
    for quad in parse(path=release.path / FILE, format=RdfFormat.N_TRIPLES):
        named = isinstance(quad.subject, NamedNode) and quad.subject.value.startswith(LEG)
        if named and quad.predicate.value != STAMPED and not str(quad.object).startswith("_:"):
            found.setdefault(quad.subject.value, set()).add(quad.triple)
    return {iri: frozenset(said) for iri, said in found.items()}


def _kept(served: Release) -> Iterable[Release]:
    """Yield the release being served and the earlier ones beside it with an ontology, the oldest first."""
    until = version_order(served.manifest.version)
    for release in releases_in(served.path.parent):
        if version_order(release.manifest.version) <= until and FILE in release.manifest.files:
            yield release
