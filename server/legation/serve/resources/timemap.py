"""TimeMaps (RFC 7089 section 5): the releases in which a thing stands, and where its page is in each."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response
from pyoxigraph import NamedNode

from legation.namespaces import ID, KINDS, LEG, PREFIXES
from legation.release import Release
from legation.serve.site.sitemap import origin
from legation.serve.state import state
from legation.serve.web import dated
from legation.serve.web.iris import local_path
from legation.serve.web.negotiation import Offer
from legation.serve.web.operations import described
from legation.serve.web.problems import ProblemError

blueprint: Final = Blueprint("timemap", __name__)

LINK_FORMAT: Final = Offer("link", "application/link-format")
TYPE: Final = f"{PREFIXES['rdf']}type"
WITHDRAWN: Final = NamedNode(f"{LEG}Withdrawn")


@blueprint.get("/timemap/<kind>/<slug>")
@described(LINK_FORMAT, errors=("not-found",))
def timemap(kind: str, slug: str) -> Response:
    """List the pages of a thing as it stood in each release that is here, the oldest first."""
    iri = f"{ID}{kind}/{slug}"
    said = state().directory.said([iri]).get(iri, {}) if kind in KINDS else {}
    stands = bool(said) and WITHDRAWN not in said.get(TYPE, ())
    found = state().history.past(iri, stands=stands).stands[::-1]
    if not found:
        raise ProblemError("not-found", f"No release here says anything about {iri}.")
    page = origin() + (local_path(iri) or "").replace("/id/", "/page/", 1)
    itself = origin() + (local_path(iri) or "").replace("/id/", "/timemap/", 1)
    first, last = dated.moment_of(found[0]), dated.moment_of(found[-1])
    lines = [
        f'<{page}>; rel="original"',
        f'<{itself}>; rel="self"; type="{LINK_FORMAT.media_type}"; from="{first}"; until="{last}"',
        *(memento(page, one, found) for one in found),
    ]
    return Response(",\n".join(lines) + "\n", mimetype=LINK_FORMAT.media_type)


def memento(page: str, release: Release, among: tuple[Release, ...]) -> str:
    """Return the line of a TimeMap for a page as it stood in one release among others."""
    words = [word for word, one in (("first", among[0]), ("last", among[-1])) if release is one]
    relation, moment = " ".join([*words, "memento"]), dated.moment_of(release)
    return f'<{page}?release={release.manifest.version}>; rel="{relation}"; datetime="{moment}"'
