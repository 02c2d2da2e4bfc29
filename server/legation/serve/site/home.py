"""The site around the data: home, lists, the context, health, and the addresses that lead elsewhere."""

from __future__ import annotations

import json
from typing import Final

from flask import Blueprint, Response, send_file
from pyoxigraph import NamedNode, RdfFormat, parse

from legation.namespaces import BASE, ID
from legation.project import open_project
from legation.release import CONTEXT
from legation.serve.resources.things import DATA_OFFERS, document, graph_response
from legation.serve.site.overview import OVERVIEWS
from legation.serve.site.pages import language, lead_to, negotiate, page, presenter
from legation.serve.site.questions import examples
from legation.serve.state import state
from legation.serve.web.formats import HTML
from legation.serve.web.iris import ENTITY_KINDS, node
from legation.serve.web.negotiation import Offer
from legation.serve.web.operations import described
from legation.serve.web.problems import KINDS as PROBLEMS
from legation.serve.web.problems import ProblemError, type_iri
from legation.serve.web.refusals import RefusalError
from legation.serve.words.messages import translate
from legation.serve.words.prose import read_prose

blueprint: Final = Blueprint("site", __name__)

MARKDOWN: Final = Offer("md", "text/markdown")
JSON: Final = Offer("json", "application/json")
PLAIN: Final = Offer("txt", "text/plain")
CONTEXT_OFFER: Final = Offer("jsonld", "application/ld+json")
FOUR_BODIES: Final = ("unoct", "gctf", "imctc", "global-coalition")
"""What this is about, in the order of the home page."""


@blueprint.get("/")
@described(HTML, *DATA_OFFERS, errors=("not-found",))
def home() -> Response:
    """Return the home page; to a program, what the release says about the project's base IRI."""
    if negotiate((HTML, *DATA_OFFERS)) is not HTML:
        return document(NamedNode(BASE))
    bodies = [NamedNode(f"{ID}body/{slug}") for slug in FOUR_BODIES]
    reader = presenter()
    counts = state().directory.kinds()
    return page(
        "home.html",
        bodies=[reader.show(body) for body in bodies],
        counts=[(kind, counts.get(kind, 0)) for kind in (*ENTITY_KINDS, "claim", "source")],
        example=next(iter(examples(state().release)), None),
        manifest=state().release.manifest,
        overviews=OVERVIEWS,
    )


@blueprint.get("/about")
@described(HTML)
def about() -> Response:
    """Say what this is, how it comes about and how to cite it."""
    return page("about.html", manifest=state().release.manifest)


@blueprint.get("/licence")
@described(HTML)
def licence() -> Response:
    """Say under which terms data and program may be used."""
    return page("licence.html")


@blueprint.get("/context.jsonld")
@described(CONTEXT_OFFER)
def context() -> Response:
    """Return the JSON-LD context that answers carry, at the address that stays."""
    return send_file(state().release.path / CONTEXT, mimetype="application/ld+json", etag=state().edition)


@blueprint.get("/.well-known/void")
@blueprint.get("/dcat")
@described(leads=(303,))
def dataset() -> Response:
    """Lead to the description of the release being served, which is VoID and DCAT at once."""
    return lead_to(f"/release/{state().release.manifest.version}")


@blueprint.get("/problems/<slug>")
@described(
    HTML,
    JSON,
    errors=("not-found",),
    schema={"type": "object", "required": ["type", "title", "status", "advice"]},
)
def problem(slug: str) -> Response:
    """Explain a kind of problem: the address of its type leads here."""
    kind = PROBLEMS.get(slug)
    if kind is None:
        raise ProblemError("not-found", f"There is no kind of problem called {slug}.")
    if negotiate((HTML, JSON)) is HTML:
        return page("kind_of_problem.html", slug=slug, kind=kind)
    spoken = language()
    words = {"title": translate(kind.title, spoken), "advice": translate(kind.advice, spoken)}
    told = {"type": type_iri(slug), "status": kind.status, **words}
    response = Response(json.dumps(told, ensure_ascii=False, indent=1) + "\n", mimetype=JSON.media_type)
    response.headers["Content-Language"] = spoken
    return response


@blueprint.get("/conformance")
@described(HTML, *DATA_OFFERS, MARKDOWN, errors=("not-found",))
def conformance() -> Response:
    """Return the report of the conformance tests: EARL to programs, the summary to people."""
    reports = {name: open_project().root / "docs" / f"conformance.{name}" for name in ("md", "ttl")}
    if not all(report.is_file() for report in reports.values()):
        raise ProblemError("not-found", "No conformance report came with this program.")
    offer = negotiate((HTML, *DATA_OFFERS, MARKDOWN))
    if offer is HTML:
        return page("conformance.html", text=read_prose(reports["md"]))
    if offer is MARKDOWN:
        return Response(reports["md"].read_text(encoding="utf-8"), mimetype=MARKDOWN.media_type)
    return graph_response(parse(path=reports["ttl"], format=RdfFormat.TURTLE), offer)


@blueprint.get("/healthz")
@described(PLAIN, lasting=False)
def health() -> Response:
    """Say that the server answers, and from which release."""
    response = Response(f"ok {state().release.manifest.version}\n", mimetype="text/plain")
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/readyz")
@described(PLAIN, errors=("not-ready",), lasting=False)
def ready() -> Response:
    """Say that the release can be read; a server that has been told to stop says that it is not ready."""
    try:
        state().engine.check()
    except (OSError, RefusalError) as error:
        told = f"The engine: {error or 'it gave no answer in time'}." if state().settings.engine else ""
        raise ProblemError("not-ready", told or "The release cannot be read.") from error
    response = Response(f"ready {state().release.manifest.version}\n", mimetype="text/plain")
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/<path:rest>")
@described(*DATA_OFFERS, HTML, errors=("not-found",))
def anything(rest: str) -> Response:
    """Answer for any other IRI of ours that the release says something about."""
    iri = node(f"{BASE}{rest}")
    if iri is None:
        raise ProblemError("not-found", "There is nothing at this address.")
    return document(iri)
