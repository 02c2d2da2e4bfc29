"""What every page shares: the reader's language, negotiation, and the one way an error is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlencode

from flask import Response, g, request

from legation.serve.front.logs import NOTE, NUMBER
from legation.serve.state import state
from legation.serve.web import caching
from legation.serve.web.dated import dated, place
from legation.serve.web.formats import HTML
from legation.serve.web.iris import Links
from legation.serve.web.negotiation import Offer, choose, choose_language
from legation.serve.web.problems import PROBLEM_JSON, PROBLEM_OFFERS, ProblemError, as_json, not_acceptable
from legation.serve.words.labels import KIND_TITLES, LANGUAGES, direction, spelled
from legation.serve.words.labels import choose as choose_name
from legation.serve.words.languages import CHOSEN
from legation.serve.words.locales import XSD, language_name, spoken_date, spoken_number, spoken_size
from legation.serve.words.present import Presenter
from legation.serve.words.templates import render
from legation.serve.words.when import happening, lasting

SERVER_ERROR: Final = 500


def varies_by(header: str) -> None:
    """Note that the answer depends on a request header, for ``Vary``."""
    g.setdefault("vary", set()).add(header)


def language() -> str:
    """Return the language of the page: of ``?lang=``, else of the path, else by ``Accept-Language``."""
    wanted = _wanted()
    if wanted is None:
        varies_by("Accept-Language")
    return choose_language(LANGUAGES, request.headers.get("Accept-Language"), wanted)


def _wanted() -> str | None:
    """Return the language that the address asks for, where it asks for one of ours."""
    asked = request.args.get("lang")
    chosen: str | None = asked if asked in LANGUAGES else request.environ.get(CHOSEN)
    return chosen


def home_path() -> str:
    """Return the path that this server's addresses begin with, whatever their language."""
    return request.script_root.removesuffix(f"/{request.environ.get(CHOSEN)}")


def root_path() -> str:
    """Return the path that links begin with: they keep the language that this address asks for."""
    wanted = _wanted()
    return f"{home_path()}/{wanted}" if wanted else home_path()


def negotiate(offers: Sequence[Offer], wanted: str | None = None) -> Offer:
    """Return the offer to send, by suffix, ``?format=`` or ``Accept``; raise the 406 that lists them."""
    explicit = wanted or request.args.get("format")
    if explicit is None:
        varies_by("Accept")
    chosen = choose(offers, request.headers.get("Accept"), explicit)
    if chosen is None:
        raise not_acceptable(tuple(offers))
    return chosen


def spare(offers: Sequence[Offer], wanted: str | None = None) -> None:
    """Raise the 304 for a client that has the answer already, before any work is done for it."""
    explicit = wanted or request.args.get("format")
    offer = choose(offers, request.headers.get("Accept"), explicit)
    if explicit is None and len(offers) > 1:
        varies_by("Accept")
    if offer is HTML:
        caching.spare(caching.PAGE, language())
    elif offer is not None:
        caching.spare(offer.media_type)


def href(iri: str) -> str | None:
    """Return where a page links for ``iri``: ours on this server, the web's as they are, others nowhere."""
    return links().to(iri)


def links() -> Links:
    """Return where this page links: on the page of an earlier release, into that release."""
    return Links(root_path(), dated())


def presenter(release: str = "") -> Presenter:
    """Return what shows terms to this reader, with links into ``release`` where one is given.

    It is kept for the next who reads the same language.
    """
    return state().presenter(language(), Links(root_path(), release or dated()))


def lead_to(path: str, status: int = 303) -> Response:
    """Return the redirect to another address of this server, given as its path."""
    return Response(status=status, headers={"Location": request.script_root + path})


def page(template: str, status: int = 200, **values: object) -> Response:
    """Return a page in the reader's language."""
    spoken = language()
    if status == caching.OK:
        caching.spare(caching.PAGE, spoken)
    response = Response(render(template, spoken, values), status, mimetype="text/html")
    response.headers["Content-Language"] = spoken
    return response


def page_globals() -> dict[str, Any]:
    """Return what every template may use."""
    spoken = language()
    return {
        "language": spoken,
        "direction": direction,
        "languages": [(code, in_language(code)) for code in LANGUAGES],
        "root": root_path(),
        "memento": place(),
        "home": home_path(),
        "version": state().release.manifest.version,
        "edition": state().edition,
        "href": href,
        "kind_title": KIND_TITLES,
        "spelled": spelled,
        "choose_name": choose_name,
        "tongue": lambda code: language_name(code, spoken),
        "lasting": lambda span: lasting(span, spoken),
        "happening": lambda span: happening(span, spoken),
        "number": lambda value: spoken_number(value, spoken),
        "size": lambda value: spoken_size(value, spoken),
        "date": lambda value, kind="date": spoken_date(value, f"{XSD}{kind}", spoken),
    }


def in_language(code: str) -> str:
    """Return the address of this very page in another language."""
    arguments = [pair for pair in request.args.items(multi=True) if pair[0] != "lang"]
    query = f"?{urlencode(arguments)}" if arguments else ""
    return f"{home_path()}/{code}{request.path}{query}"


def answer_problem(problem: ProblemError) -> Response:
    """Return an error as the client can read it: a page for people, a problem document for everyone else."""
    varies_by("Accept")
    offer = choose(PROBLEM_OFFERS, request.headers.get("Accept")) or PROBLEM_JSON
    document = problem.document(request.path, language())
    status = int(document["status"])
    if offer.name == "html":
        response = page("problem.html", status, problem=problem, document=document)
    else:
        response = Response(as_json(document), status, mimetype=offer.media_type)
    response.headers.extend(problem.headers)
    if NOTE in request.environ:
        request.environ[NOTE]["outcome"] = problem.slug
    if status >= SERVER_ERROR and NUMBER in request.environ:
        response.headers["X-Request-Id"] = request.environ[NUMBER]
    response.headers["Content-Language"] = language()
    response.headers["Cache-Control"] = "no-store"
    return response
