"""Named graphs over HTTP: the reading half of the Graph Store Protocol, and a graph's own IRI."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qsl

from flask import Blueprint, Response, request
from pyoxigraph import DefaultGraph, NamedNode, Quad

from legation.namespaces import GRAPH
from legation.serve.resources.describe import describe
from legation.serve.resources.things import DATA_OFFERS, describing_page, graph_response
from legation.serve.site.pages import negotiate, page
from legation.serve.state import state
from legation.serve.web.formats import HTML
from legation.serve.web.iris import node
from legation.serve.web.operations import Parameter, described
from legation.serve.web.problems import ProblemError

blueprint: Final = Blueprint("graphs", __name__)

FIELDS: Final = (
    Parameter("graph", "The IRI of a graph; given once, or `default` is."),
    Parameter("default", "Present for the default graph; its value is not looked at."),
)


@blueprint.get("/graphs")
@described(HTML, *DATA_OFFERS, errors=("bad-request", "not-found"), fields=FIELDS)
def indirect() -> Response:
    """Return the graph that ``?graph=`` names, exactly, or the default one (``?default``)."""
    named = [pair for pair in _fields() if pair[0] in ("graph", "default")]
    if not named and negotiate((HTML, *DATA_OFFERS)) is HTML:
        return page("graphs.html", graphs=state().release.manifest.graphs)
    if len(named) != 1:
        raise ProblemError("bad-request", "One graph is asked for: ?default, or ?graph= and its IRI.")
    field, value = named[0]
    return graph_response(_default() if field == "default" else _named(value), negotiate(DATA_OFFERS))


@blueprint.get("/graph/<path:name>")
@described(*DATA_OFFERS, HTML, errors=("not-found",))
def direct(name: str) -> Response:
    """Return a graph by its own IRI: exactly its statements (Graph Store Protocol §4.1)."""
    iri = f"{GRAPH}{name}"
    quads = _named(iri)
    offer = negotiate((*DATA_OFFERS, HTML))
    if offer is HTML:
        return describing_page(describe(state().engine, NamedNode(iri)))
    response = graph_response(quads, offer)
    described = f"{request.script_root}/release/{state().release.manifest.version}"
    response.headers["Link"] = f'<{described}>; rel="describedby"'
    return response


def _named(iri: str) -> list[Quad]:
    name = node(iri)
    quads = state().engine.graph(name) if name is not None else []
    if not quads:
        raise ProblemError("not-found", f"There is no graph {iri} in this release.")
    return quads


def _default() -> list[Quad]:
    """Return the default graph: the union of the named ones, each statement once."""
    names = [NamedNode(iri) for iri in state().release.manifest.graphs]
    quads = (quad for name in names for quad in state().engine.graph(name))
    return list(
        dict.fromkeys(Quad(quad.subject, quad.predicate, quad.object, DefaultGraph()) for quad in quads)
    )


def _fields() -> list[tuple[str, str]]:
    try:
        return parse_qsl(request.query_string.decode("ascii"), keep_blank_values=True, errors="strict")
    except ValueError as error:
        raise ProblemError("bad-request", f"The fields are not UTF-8, percent-encoded: {error}") from None
