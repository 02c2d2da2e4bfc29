"""Releases: their list, their description, and every file of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from flask import Blueprint, Response, request, send_file
from pyoxigraph import DefaultGraph, NamedNode, Quad, RdfFormat, parse

from legation.namespaces import PREFIXES, RELEASE
from legation.release import (
    MANIFEST,
    FileEntry,
    Release,
    ReleaseError,
    release_named,
    releases_in,
    version_order,
)
from legation.serve.resources.things import DATA_OFFERS, document, graph_response
from legation.serve.site.pages import lead_to, negotiate, page, varies_by
from legation.serve.site.sitemap import release_links
from legation.serve.state import META, state
from legation.serve.web import caching
from legation.serve.web.formats import HTML
from legation.serve.web.iris import local_path, node
from legation.serve.web.negotiation import Offer, choose
from legation.serve.web.operations import FILE, described
from legation.serve.web.problems import ProblemError

blueprint: Final = Blueprint("releases", __name__)

JSON: Final = Offer("json", "application/json")
DESCRIPTION: Final = "meta.ttl"
GZIP: Final = ".gz"


@blueprint.get("/release/")
@described(HTML, JSON, schema={"type": "array", "items": {"type": "object"}})
def index() -> Response:
    """List the releases that are here, the newest first."""
    found = _here()
    if negotiate((HTML, JSON)) is HTML:
        response = page("releases.html", releases=found, current=state().release.manifest.version)
    else:
        response = _as_json(found)
    response.headers["Cache-Control"] = caching.CHANGING
    told = [(release.manifest.version, release.manifest.digest) for release in found]
    spoken = response.headers.get("Content-Language", "")
    response.set_etag(caching.etag_for(response.content_type or "", spoken, told))
    response.make_conditional(request)
    return response


@blueprint.get("/release/current")
@described(leads=(303,))
def current() -> Response:
    """Lead to the release being served."""
    return lead_to(f"/release/{state().release.manifest.version}")


@blueprint.get("/release/current/<path:name>")
@described(leads=(303,))
def current_file(name: str) -> Response:
    """Lead to a file of the release being served."""
    return lead_to(local_path(f"{RELEASE}{state().release.manifest.version}/{name}") or "/release/")


@blueprint.get("/release/<version>")
@described(*DATA_OFFERS, HTML, errors=("not-found",))
def describe_release(version: str) -> Response:
    """Return a release's description of itself (VoID, DCAT, PROV), or its page."""
    release = _release(version)
    offer = negotiate((*DATA_OFFERS, HTML))
    if offer is HTML:
        response = page("release.html", release=release, downloads=downloads(release))
        files = {name: entry.media_type for name, entry, _ in downloads(release)}
        response.headers["Link"] = release_links(version, files)
        return response
    return graph_response([*_described(release), *_followed(release)], offer)


@blueprint.get("/release/<version>/<path:name>")
@described(FILE, leads=(303,), errors=("not-found", "range-not-satisfiable", "not-acceptable"))
def file(version: str, name: str) -> Response:
    """Return one file of a release, compressed where the client takes it; only what the manifest names."""
    release = _release(version)
    entry = release.manifest.files.get(name)
    if name == MANIFEST:
        response = Response(release.manifest.to_json(), mimetype="application/json")
        response.headers["Cache-Control"] = caching.FOR_EVER
        return response
    if entry is None:
        return _part(version, name)
    if _wants_description(entry, name):
        return document(NamedNode(f"{RELEASE}{version}/{name}"))
    return _send(release, name, entry)


def downloads(release: Release) -> list[tuple[str, FileEntry, FileEntry | None]]:
    """Return the files of a release, each with its compressed twin."""
    files = release.manifest.files
    return [
        (name, entry, files.get(f"{name}{GZIP}"))
        for name, entry in sorted(files.items())
        if not name.endswith(GZIP)
    ]


def _send(release: Release, name: str, entry: FileEntry) -> Response:
    """Send a file with its digest as validator; Werkzeug sees to ranges and conditions."""
    twin = release.manifest.files.get(f"{name}{GZIP}")
    if twin is not None:
        varies_by("Accept-Encoding")
    compressed = twin is not None and request.accept_encodings.quality("gzip") > 0
    chosen = twin if compressed and twin is not None else entry
    response: Response = send_file(
        release.path / (f"{name}{GZIP}" if compressed else name),
        mimetype="application/gzip" if name.endswith(GZIP) else entry.media_type,
        etag=chosen.sha256,
        conditional=True,
    )
    if compressed:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Cache-Control"] = caching.FOR_EVER
    response.headers["Link"] = f'<{RELEASE}{release.manifest.version}>; rel="collection describedby"'
    return response


def _wants_description(entry: FileEntry, name: str) -> bool:
    """Tell whether the client asks for RDF about a file that itself is something else.

    A file's address gives the file; only a client that would refuse its type and reads RDF gets the
    statements about it instead, so that this IRI, too, answers with data.
    """
    varies_by("Accept")
    own = Offer("file", "application/gzip" if name.endswith(GZIP) else entry.media_type)
    accept = request.headers.get("Accept")
    return choose((own,), accept) is None and choose(DATA_OFFERS, accept) is not None


def _part(version: str, name: str) -> Response:
    """Answer for an IRI under a release that is no file: a description, where there is one."""
    iri = node(f"{RELEASE}{version}/{name}")
    if iri is None:
        raise ProblemError("not-found", "Not a file of this release.")
    return document(iri)


def _described(release: Release) -> list[Quad]:
    if release.path == state().release.path:
        return state().engine.graph(META)
    if DESCRIPTION not in release.manifest.files:
        return []
    quads = parse(path=release.path / DESCRIPTION, format=RdfFormat.TURTLE)
    return [Quad(quad.subject, quad.predicate, quad.object, DefaultGraph()) for quad in quads]


def _followed(release: Release) -> Iterator[Quad]:
    """Yield which release this one follows: it stands in no graph, since it is no part of the content."""
    if release.manifest.previous is not None:
        here = NamedNode(f"{RELEASE}{release.manifest.version}")
        older = NamedNode(f"{RELEASE}{release.manifest.previous.version}")
        for name in (f"{PREFIXES['prov']}wasRevisionOf", f"{PREFIXES['dcterms']}replaces"):
            yield Quad(here, NamedNode(name), older, DefaultGraph())


def _here() -> list[Release]:
    """Return the releases beside the one being served, and it, the newest first."""
    served = state().release
    others = [one for one in releases_in(served.path.parent) if one.path != served.path]
    return sorted([served, *others], key=_day_and_version, reverse=True)


def _day_and_version(release: Release) -> tuple[str, tuple[int, ...]]:
    return release.manifest.issued, version_order(release.manifest.version)


def _release(version: str) -> Release:
    served = state().release
    try:
        return served if version == served.manifest.version else release_named(served.path.parent, version)
    except ReleaseError as error:
        raise ProblemError("not-found", f"There is no release {version} here.") from error


def _as_json(found: list[Release]) -> Response:
    listed = [
        {
            "version": release.manifest.version,
            "issued": release.manifest.issued,
            "iri": f"{RELEASE}{release.manifest.version}",
            "digest": release.manifest.digest,
            "current": release.path == state().release.path,
        }
        for release in found
    ]
    return Response(json.dumps(listed, indent=1) + "\n", mimetype=JSON.media_type)
