"""From paths of this server to IRIs and back. Any host can serve the IRIs: only the path counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from pyoxigraph import NamedNode

from legation.namespaces import BASE, GRAPH, ID, KINDS

SAFE: Final = "/:@!$&'()*+,;=~-._"
ENTITY_KINDS: Final = ("person", "body", "state", "post", "event", "instrument", "place")
"""The kinds of thing that claims are about, in the order that pages list them."""


def node(iri: str) -> NamedNode | None:
    """Return ``iri`` as a term, or ``None`` where it is not an IRI."""
    try:
        return NamedNode(iri)
    except ValueError:
        return None


def thing(kind: str, slug: str) -> NamedNode | None:
    """Return the IRI of a thing, or ``None`` where there is no such kind."""
    return node(f"{ID}{kind}/{slug}") if kind in KINDS else None


def kind_and_slug(iri: str) -> tuple[str, str] | None:
    """Return the kind and the slug of a thing's IRI."""
    if not iri.startswith(ID):
        return None
    kind, _, slug = iri[len(ID) :].partition("/")
    return (kind, slug) if kind in KINDS and slug else None


@dataclass(frozen=True)
class Links:
    """Where a page links: under ``root``; to things as they stand in ``release``, where it is given."""

    root: str
    release: str = ""

    def to(self, iri: str) -> str | None:
        """Return the address for ``iri``: ours on this server, the web's as they are, others nowhere."""
        path = local_path(iri)
        if path is None:
            return iri if iri.startswith(("http://", "https://")) else None
        dated = f"?release={self.release}" if self.release and kind_and_slug(iri) else ""
        return self.root + path.replace("/id/", "/page/", 1) + dated


def is_graph(iri: str) -> bool:
    """Tell whether ``iri`` names one of our graphs."""
    return iri.startswith(GRAPH)


def local_path(iri: str) -> str | None:
    """Return the path that stands for one of our IRIs on this server, ``None`` for anyone else's."""
    if not iri.startswith(BASE):
        return None
    path, mark, fragment = iri[len(BASE) :].partition("#")
    return f"/{quote(path, safe=SAFE)}{mark}{quote(fragment, safe=SAFE)}"
