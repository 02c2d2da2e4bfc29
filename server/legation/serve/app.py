"""The application: the blueprints, one for each noun, and what they share."""

from __future__ import annotations

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from legation.release import Release
from legation.serve.archive import Archive
from legation.serve.engine import Engine
from legation.serve.lookup import reconcile, search
from legation.serve.query import sparql
from legation.serve.resources import graphs, releases, things, timemap
from legation.serve.settings import Settings
from legation.serve.site import browse, changes, overview, quality, questions, sitemap
from legation.serve.site import home as site
from legation.serve.site.pages import answer_problem, page_globals
from legation.serve.state import EXTENSION, State, state
from legation.serve.thing import sheet
from legation.serve.validate import validation
from legation.serve.web import caching, dated, intake, openapi
from legation.serve.web.problems import PROBLEM, ProblemError, slug_for
from legation.serve.web.refusals import RefusalError
from legation.serve.words.languages import LanguageInPath
from legation.serve.words.templates import speak
from legation.serve.writing import builder, completion


def create_app(release: Release, engine: Engine, settings: Settings, archive: Archive) -> Flask:
    """Return the WSGI application that serves ``release`` through ``engine``, and others from ``archive``."""
    app = Flask("legation.serve", static_folder="static", template_folder="templates")
    app.config["MAX_CONTENT_LENGTH"] = settings.query_limit
    app.config["MAX_FORM_MEMORY_SIZE"] = settings.query_limit
    app.url_map.strict_slashes = True
    speak(app)
    app.extensions[EXTENSION] = State(release, settings, engine)
    app.extensions[EXTENSION].prepare()
    app.extensions[dated.ARCHIVE] = archive
    for module in (
        site,
        sitemap,
        browse,
        changes,
        things,
        sheet,
        overview,
        graphs,
        quality,
        reconcile,
        releases,
        timemap,
        search,
        sparql,
        openapi,
    ):
        app.register_blueprint(module.blueprint)
    for module in (completion, questions, validation, builder):
        app.register_blueprint(module.blueprint)
    app.before_request(_found_before)
    app.context_processor(page_globals)
    app.wsgi_app = LanguageInPath(app.wsgi_app)  # type: ignore[method-assign]
    app.register_error_handler(ProblemError, answer_problem)
    app.register_error_handler(caching.KnownError, caching.answer_known)
    app.register_error_handler(RefusalError, _unread)
    app.register_error_handler(HTTPException, _http_error)
    app.before_request(intake.check_request)
    app.before_request(dated.enter)
    app.teardown_request(dated.leave)
    app.after_request(caching.finish)
    app.after_request(dated.sign)
    app.after_request(intake.keep_here)
    return app


def _found_before() -> None:
    """Raise the problem that the server found before it asked us: it is answered as all others are."""
    problem = request.environ.get(PROBLEM)
    if problem is not None:
        raise problem


def _unread(refusal: RefusalError) -> Response:
    """Answer for a page whose statements could not be read."""
    return answer_problem(sparql.problem_of("", refusal, state().settings))


def _http_error(error: HTTPException) -> Response:
    """Give the errors of Flask and Werkzeug the shape of ours, keeping redirects and headers."""
    status = error.code or 500
    response = error.get_response()
    if 300 <= status < 400:  # noqa: PLR2004
        return Response(headers=response.headers.to_wsgi_list(), status=status)
    kept = {name: response.headers[name] for name in ("Allow", "Content-Range") if name in response.headers}
    detail = f"{request.method} {request.path}: {error.description or error.name}"
    members = {"status": status}
    return answer_problem(ProblemError(slug_for(status), detail, members=members, headers=kept))
