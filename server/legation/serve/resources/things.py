"""Things and terms: every IRI of ours answers, with RDF for programs and a page for people."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Final

from flask import Blueprint, Response, request
from pyoxigraph import Literal, NamedNode, Quad

from legation.namespaces import ID, LEG, ONTOLOGY, PREFIXES, SHAPES
from legation.serve.model import manual
from legation.serve.query.versions import NEWEST, announcing, needs_newest
from legation.serve.resources.describe import Description, describe
from legation.serve.site.pages import lead_to, negotiate, page, presenter, spare
from legation.serve.state import META, ONTOLOGY_GRAPH, SHAPES_GRAPH, state
from legation.serve.thing.views import TYPE, Said, ThingPage, pointing_of, statements_of, text_of
from legation.serve.web import caching, dated
from legation.serve.web.formats import GRAPH_ALIASES, GRAPH_OFFERS, HTML, write_graph
from legation.serve.web.iris import local_path, thing
from legation.serve.web.negotiation import Offer
from legation.serve.web.operations import Parameter, described
from legation.serve.web.problems import ProblemError

blueprint: Final = Blueprint("things", __name__)

DATA_OFFERS: Final = (*GRAPH_OFFERS, *GRAPH_ALIASES)
LEADING: Final = (*DATA_OFFERS, HTML)
"""What the IRI of a thing leads to."""

FORMAT: Final = Parameter("format", "The representation to be led to, by name or media type.")
SUFFIXES: Final = frozenset(offer.name for offer in GRAPH_OFFERS)
WITHDRAWN: Final = NamedNode(f"{LEG}Withdrawn")
REPLACED_BY: Final = f"{PREFIXES['dcterms']}isReplacedBy"
NOTE: Final = f"{PREFIXES['skos']}editorialNote"

IN_META: Final = """
SELECT ?s ?p ?o ?meta ?start WHERE {
  GRAPH ?meta { ?s ?p ?o FILTER(isIRI(?s) && STRSTARTS(STR(?s), ?start)) }
}
"""

USING: Final = "SELECT ?s ?p ?o ?meta WHERE { GRAPH ?meta { ?s ?p ?o } }"


@blueprint.get("/id/<kind>/<slug>")
@described(
    leads=(301, 303),
    errors=("not-found", "withdrawn", "not-acceptable", "not-ready", "being-opened"),
    fields=(FORMAT, dated.RELEASE),
)
def identify(kind: str, slug: str) -> Response:
    """Send a reader to the page and a program to the data (303: the thing itself is not a document)."""
    if (moved := _moved(_known(kind, slug))) is not None:
        return moved
    offer = negotiate(LEADING)
    where = "page" if offer is HTML else "data"
    suffix = f".{offer.name}" if "format" in request.args and offer is not HTML else ""
    return lead_to(f"/{where}/{kind}/{slug}{suffix}{dated.query()}")


@blueprint.get("/data/<kind>/<slug>")
@described(
    *DATA_OFFERS,
    leads=(301,),
    errors=("not-found", "withdrawn", "not-ready", "being-opened"),
    fields=(dated.RELEASE,),
)
def data(kind: str, slug: str) -> Response:
    """Return what is said about a thing, in the format of the suffix, of ``?format=`` or of ``Accept``."""
    stem, explicit = stem_and_suffix(slug)
    spare(DATA_OFFERS, explicit)
    described = _known(kind, stem)
    if (moved := _moved(described)) is not None:
        return moved
    offer = negotiate(DATA_OFFERS, explicit)
    response = graph_response(described.quads, offer)
    response.headers["Link"] = f'<{described.focus.value}>; rel="describes"'
    return response


def stem_and_suffix(slug: str) -> tuple[str, str | None]:
    """Return a slug less the suffix that names a format, and the suffix, where there is one."""
    stem, _, suffix = slug.rpartition(".")
    return (stem, suffix) if suffix in SUFFIXES else (slug, None)


@blueprint.get("/ontology")
@described(*DATA_OFFERS, HTML)
def ontology() -> Response:
    """Return the ontology: as a whole, because its terms are fragments of it."""
    return vocabulary(ONTOLOGY, ONTOLOGY_GRAPH)


@blueprint.get("/shapes")
@described(*DATA_OFFERS, HTML)
def shapes() -> Response:
    """Return the shapes, as a whole."""
    return vocabulary(SHAPES, SHAPES_GRAPH)


def document(iri: NamedNode, extra: tuple[Offer, ...] = ()) -> Response:
    """Return what is said about an IRI that is a document of ours, its fragments included."""
    described = describe(state().engine, iri)
    fragments = in_meta(f"{iri.value}#")
    if not described.known and not fragments:
        raise ProblemError("not-found", f"This release says nothing about {iri.value}.")
    offer = negotiate((*DATA_OFFERS, HTML, *extra))
    if offer is HTML:
        return describing_page(described)
    return graph_response([*described.quads, *fragments], offer)


def in_meta(start: str) -> list[Quad]:
    """Return the release's description of everything whose IRI begins with ``start``."""
    rows = state().engine.select(IN_META, {"start": Literal(start), "meta": META})
    return [Quad(row["s"], row["p"], row["o"], META) for row in rows]  # type: ignore[arg-type]


def graph_response(quads: Iterable[Quad], offer: Offer) -> Response:
    """Return statements in the format of ``offer``, or 304 where the client has them."""
    etag = caching.etag_for(offer.media_type)
    if caching.is_fresh(etag):
        return caching.not_modified(etag)
    quads, body = list(quads), io.BytesIO()
    write_graph(quads, offer.name, body, state().context)
    version = NEWEST if any(map(needs_newest, quads)) else ""
    response = Response(body.getvalue(), mimetype=announcing(offer.media_type, version))
    response.set_etag(etag)
    return response


def vocabulary(iri: str, name: NamedNode) -> Response:
    """Return a vocabulary that fills the graph ``name``: to people with an anchor that each term leads to."""
    offer = negotiate((*DATA_OFFERS, HTML))
    quads = state().engine.graph(name)
    if offer is HTML:
        return manual.ontology_page() if iri == ONTOLOGY else manual.shapes_page()
    return graph_response([*quads, *_using(NamedNode(iri)), *_using(NamedNode(f"{iri}#"))], offer)


def _using(name: NamedNode) -> list[Quad]:
    """Return the statements of the release's description that have ``name`` as their object."""
    rows = state().engine.select(USING, {"o": name, "meta": META})
    return [Quad(row["s"], row["p"], row["o"], META) for row in rows]  # type: ignore[arg-type]


def describing_page(described: Description) -> Response:
    """Return the page of a description."""
    composed = ThingPage(statements_of(described), presenter(), state().wider)
    return page("document.html", view=composed.view(), pointing=composed.rows(pointing_of(described)))


def _known(kind: str, slug: str) -> Description:
    iri = thing(kind, slug)
    described = describe(state().engine, iri) if iri is not None else None
    if described is None or not described.known:
        raise ProblemError("not-found", f"This release says nothing about {ID}{kind}/{slug}.")
    return described


def _moved(described: Description) -> Response | None:
    return gone(described.focus.value, statements_of(described).said.get(described.focus.value, {}))


def gone(iri: str, said: Said) -> Response | None:
    """Answer for an identifier that was withdrawn: 301 to what replaces it, else the 410 with its note."""
    if WITHDRAWN not in said.get(TYPE, ()):
        return None
    for successor in said.get(REPLACED_BY, ()):
        if isinstance(successor, NamedNode) and (path := local_path(successor.value)) is not None:
            return lead_to(path + dated.query(), 301)
    notes = " ".join(text_of(note) for note in said.get(NOTE, ()))
    raise ProblemError("withdrawn", notes or "No note was left.", members={"iri": iri, **_since(iri)})


def _since(iri: str) -> dict[str, str]:
    """Return which release withdrew an identifier and where it still stands, as far as the history goes."""
    found = state().history.last_with(iri)
    if found is None:
        return {}
    withdrawn, last = (release.manifest.version for release in found)
    path = (local_path(iri) or "").replace("/id/", "/page/", 1)
    return {"withdrawn": withdrawn, "last": f"{request.script_root}{path}?{dated.FIELD}={last}"}
