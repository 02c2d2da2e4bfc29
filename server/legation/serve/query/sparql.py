"""The SPARQL 1.1 Protocol for queries, the endpoint's description of itself, and its page."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final
from urllib.parse import parse_qsl, urlencode

from flask import Blueprint, Response, current_app, request
from werkzeug.wsgi import wrap_file

from legation.serve.front.client import CLIENT, Client
from legation.serve.front.logs import NOTE
from legation.serve.query import gate, workers
from legation.serve.query.admission import Visit
from legation.serve.query.parameters import VERSIONS, check_versions, timeout_in
from legation.serve.query.versions import announcing
from legation.serve.resources.service import describe_endpoint
from legation.serve.resources.things import DATA_OFFERS, graph_response
from legation.serve.settings import Settings
from legation.serve.site.pages import negotiate, varies_by
from legation.serve.state import state
from legation.serve.web import caching, refusals
from legation.serve.web.formats import GRAPH_ALIASES, GRAPH_OFFERS, HTML, RESULT_ALIASES, RESULT_OFFERS, ROWS
from legation.serve.web.iris import node
from legation.serve.web.negotiation import Offer, choose
from legation.serve.web.operations import TEXT, Parameter, Schema, described
from legation.serve.web.problems import PROBLEM_OFFERS, ProblemError
from legation.serve.writing import editor

blueprint: Final = Blueprint("sparql", __name__)

RESULTS: Final = (*RESULT_OFFERS, *RESULT_ALIASES, HTML)
GRAPHS: Final = (*GRAPH_OFFERS, *GRAPH_ALIASES, HTML)
FORM: Final = "application/x-www-form-urlencoded"
DIRECT: Final = "application/sparql-query"
UPDATE: Final = "application/sparql-update"
ACCEPTED: Final = f"{DIRECT}, {FORM}"
"""For ``Accept-Query`` and ``Accept-Post``: what a query can be sent as."""
PAGE_ROWS: Final = 500
"""Rows of a result on the page; the links under it give all of them."""
RETRY_AFTER: Final = 2
"""Seconds after which a query that met a full queue is worth another try."""

LONGEST_ADDRESS: Final = 2048
"""Characters of an address that is told to clients; every client and proxy takes that many."""

PLACE: Final = re.compile(r"error at (\d+):(\d+): (.*)", re.DOTALL)
CHARACTER_CLASS: Final = re.compile(r"\[['_][^\[\]]*(?:\n[^\[\]]*)*\]")

NOT_OFFERED: Final = frozenset({"SERVICE", "LATERAL"})

TOLD: Final[Mapping[type[refusals.RefusalError], tuple[str, str]]] = MappingProxyType(
    {
        refusals.UnknownFunctionError: ("unknown-function", "{}."),
        refusals.BeyondFormatError: ("not-acceptable", "{}; ask for another format."),
        refusals.TooDeepError: ("too-deep", "The engine ran out of stack on this query."),
        refusals.WorkerFailedError: ("internal-error", "The query worker failed."),
        refusals.EngineFailedError: ("engine-failed", "The engine: {}."),
        refusals.EngineDownError: ("engine-down", "The engine: {}."),
    }
)
"""The problem that a refusal is, and its detail, with the words of the refusal in their place."""

FAULTS: Final = frozenset({"internal-error", "engine-failed", "engine-down"})
"""Problems that the operator should hear of."""

ANSWERS: Final = (*RESULTS, *GRAPH_OFFERS, *GRAPH_ALIASES)
ERRORS: Final = (
    "bad-request",
    "syntax-error",
    "unknown-function",
    "too-deep",
    "service-refused",
    "update-refused",
    "request-too-large",
    "result-too-large",
    "service-failed",
    "engine-failed",
    "engine-down",
    "out-of-memory",
    "queue-full",
    "out-of-time",
)
DATASET: Final = (
    Parameter(
        "default-graph-uri",
        "A graph of the default graph; may be repeated.",
        {"type": "string", "format": "iri"},
    ),
    Parameter("named-graph-uri", "A named graph; may be repeated.", {"type": "string", "format": "iri"}),
    Parameter(
        "timeout",
        "Seconds that the client will wait; the server's own limit where that is lower.",
        {"type": "number", "exclusiveMinimum": 0, "examples": [2.5]},
    ),
    Parameter("version", "The version of SPARQL that the query needs.", {"enum": list(VERSIONS)}),
)
FIELDS: Final = (
    Parameter(
        "query",
        "A SPARQL query; without one, the endpoint is described.",
        {"type": "string", "examples": ["ASK {}"]},
    ),
    *DATASET,
)
BODIES: Final[Mapping[str, Schema]] = MappingProxyType(
    {
        DIRECT: {"type": "string", "examples": ["ASK {}"]},
        FORM: {
            "type": "object",
            "required": ["query"],
            "properties": {"query": TEXT, **{field.name: field.schema for field in DATASET}},
        },
    }
)

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Asked:
    """A query as the protocol carries it."""

    query: str
    default_graphs: tuple[str, ...] = ()
    named_graphs: tuple[str, ...] = ()
    timeout: float = math.inf
    """Seconds that the client will wait."""

    def limits(self) -> Settings:
        """Return the settings with the limit on time that holds for this query."""
        settings = state().settings
        return replace(settings, time_limit=min(settings.time_limit, self.timeout))

    def visit(self, deadline: float) -> Visit:
        """Return whose query this is; ``deadline`` is when the client stops waiting, where it said so."""
        client: Client = request.environ.get(CLIENT) or Client()
        hasty = self.timeout < state().settings.time_limit
        return Visit(client, _counted_for(), deadline if hasty else math.inf)

    def fields(self) -> list[tuple[str, str]]:
        """Return the query as the fields of an address."""
        default = [("default-graph-uri", iri) for iri in self.default_graphs]
        return [("query", self.query), *default, *(("named-graph-uri", iri) for iri in self.named_graphs)]

    def request(self, query: str, name: str, deadline: float, rows: int = 0) -> workers.Request:
        """Return the request for ``query``, over the dataset of this one, in the format ``name``."""
        left = max(0.0, deadline - time.monotonic())
        return workers.Request(query, name, self.default_graphs, self.named_graphs, rows, left)


@blueprint.get("/sparql")
@described(*ANSWERS, errors=ERRORS, fields=FIELDS)
def get() -> Response:
    """Answer a query; without one, describe the endpoint to a program and show its page to a person."""
    arguments = _pairs(request.query_string)
    if not any(name in ("query", "update") for name, _ in arguments):
        return _without_query()
    return answer(_asked(arguments))


@blueprint.post("/sparql")
@described(*ANSWERS, errors=(*ERRORS, "unsupported-media-type"), fields=DATASET, bodies=BODIES, lasting=False)
def post() -> Response:
    """Answer a query that was posted, as a form or as it is."""
    url = _pairs(request.query_string)
    match request.mimetype:
        case "application/x-www-form-urlencoded":
            return answer(_asked([*url, *_pairs(request.get_data())]))
        case "application/sparql-query":
            announced = [
                (name, value) for name, value in request.mimetype_params.items() if name == "version"
            ]
            return answer(_asked([*url, *announced, ("query", _text(request.get_data()))]))
        case "application/sparql-update":
            raise ProblemError(
                "update-refused", "This endpoint answers queries; nothing in it can be changed."
            )
        case other:
            raise ProblemError(
                "unsupported-media-type",
                f"A query cannot be sent as {other or 'nothing in particular'}.",
                headers={"Accept-Post": ACCEPTED},
            )


@blueprint.route("/sparql", methods=["QUERY"])
@described(*ANSWERS, errors=(*ERRORS, "unsupported-media-type"), fields=DATASET, bodies=BODIES)
def query() -> Response:
    """Answer a query that is sent as what it is: safe, repeatable, its answer to be kept (RFC 10008)."""
    if not request.mimetype:
        raise ProblemError("bad-request", f"The query needs a Content-Type: {DIRECT} or {FORM}.")
    return post()


@blueprint.after_request
def name_accepted(response: Response) -> Response:
    """Say what can be sent with QUERY, and with POST where a client asks for the options."""
    response.headers["Accept-Query"] = ACCEPTED
    if request.method == "OPTIONS":
        response.headers["Accept-Post"] = ACCEPTED
    return response


def answer(asked: Asked) -> Response:
    """Return the whole answer to a query, or the problem that says why there is none.

    Who asks for a page gets the problem on the page of the query, beside the query itself.
    """
    request.environ.get(NOTE, {})["query"] = asked.query
    try:
        return _answer(asked)
    except ProblemError as problem:
        wanted = choose(PROBLEM_OFFERS, request.headers.get("Accept"))
        if problem.slug == "not-acceptable" or wanted is not HTML:
            raise
        varies_by("Accept")
        return editor.problem_page(asked, problem)


def _answer(asked: Asked) -> Response:
    """Run a query behind the gate."""
    deadline = time.monotonic() + asked.limits().time_limit
    checked, query = _admitted(asked, deadline)
    offer = negotiate(GRAPHS if checked.form in ("CONSTRUCT", "DESCRIBE") else RESULTS)
    etag = caching.etag_for(offer.media_type, fields=asked.fields())
    if checked.lasting and offer is not HTML and caching.is_fresh(etag):
        return caching.not_modified(etag)
    name, rows = offer.name, 0
    if offer is HTML:
        name, rows = ("ttl" if checked.form in ("CONSTRUCT", "DESCRIBE") else ROWS), PAGE_ROWS
    found = _run(asked, asked.request(query, name, deadline, rows), deadline)
    response = editor.result_page(asked, found) if offer is HTML else _result(found, offer)
    if not checked.lasting:
        response.headers["Cache-Control"] = "no-store"
    elif offer is not HTML:
        response.set_etag(etag)
        if request.method not in ("GET", "HEAD") and (address := _address(asked, offer)) is not None:
            response.headers["Content-Location"] = address
    return response


def _counted_for() -> str:
    """Return the address that this query counts for: what the operator's proxy says, or who asks."""
    header = state().settings.client_header
    named = request.headers.get(header, "").rpartition(",")[2].strip() if header else ""
    return named or request.remote_addr or ""


def _address(asked: Asked, offer: Offer) -> str | None:
    """Return the address at which GET gives this very answer, unless it is too long to be one."""
    fields = urlencode([*asked.fields(), ("format", offer.media_type)])
    address = f"{request.script_root}{request.path}?{fields}"
    return address if len(address) <= LONGEST_ADDRESS else None


def _admitted(asked: Asked, deadline: float) -> tuple[gate.Checked, str]:
    """Return what kind of query this is, and its text with every allowed SERVICE clause answered."""
    try:
        return gate.check(asked.query), asked.query
    except gate.ForbiddenError as forbidden:
        if forbidden.what != "service" or not state().federation:
            raise _forbidden(forbidden) from None

    def local(query: str) -> bytes:
        found = state().engine.run(asked.request(query, "json", deadline), asked.visit(deadline))
        if found.file is None:
            return found.body
        with found.file:
            return found.file.read()

    try:
        query = state().federation.resolved(asked.query, local, deadline)
    except gate.ForbiddenError as forbidden:
        raise _forbidden(forbidden) from None
    except refusals.ServiceFailedError as failure:
        raise ProblemError("service-failed", f"{failure}.") from None
    except refusals.RefusalError as refusal:
        raise problem_of(asked.query, refusal, asked.limits()) from None
    return replace(gate.check(query), lasting=False), query


def _run(asked: Asked, wanted: workers.Request, deadline: float) -> workers.Answer:
    begun: workers.Begun | None = request.environ.get(workers.BEGUN)
    try:
        return state().engine.run(replace(wanted, begun=begun), asked.visit(deadline))
    except refusals.RefusalError as refusal:
        raise problem_of(wanted.query, refusal, asked.limits()) from None


def problem_of(query: str, refusal: refusals.RefusalError, settings: Settings) -> ProblemError:
    """Return the problem that tells a client why its query was not answered."""
    if isinstance(refusal, refusals.NotQueryError):
        return _syntax_error(query, str(refusal))
    if (told := TOLD.get(type(refusal))) is None:
        return _limit_met(refusal, settings)
    slug, detail = told
    if slug in FAULTS:
        current_app.logger.error("%s: %s", slug, refusal)
    headers = {"Retry-After": str(RETRY_AFTER)} if slug == "engine-down" else {}
    return ProblemError(slug, detail.format(refusal), headers=headers)


def _limit_met(refusal: refusals.RefusalError, settings: Settings) -> ProblemError:
    """Return the problem that names the limit and its value."""
    time, waiting = f"{settings.time_limit:g} seconds", f"{settings.queue_time:g} seconds"
    busy = f"{settings.workers} queries are running; {settings.queue} may wait, each for {waiting}."
    memory, counted = settings.memory_limit, str(refusal)
    result = settings.result_rows if counted == ROWS else settings.result_limit
    limits: dict[type[refusals.RefusalError], tuple[str, str, float]] = {
        refusals.OutOfTimeError: ("out-of-time", f"The query was given {time}.", settings.time_limit),
        refusals.OutOfMemoryError: ("out-of-memory", f"The query took {memory} bytes of memory.", memory),
        refusals.ResultTooLargeError: ("result-too-large", f"The limit is {result} {counted}.", result),
        refusals.QueueFullError: ("queue-full", busy, settings.queue),
        refusals.ClientGoneError: ("queue-full", "The client hung up.", settings.queue),
    }
    slug, detail, limit = limits[type(refusal)]
    headers = {"Retry-After": str(RETRY_AFTER)} if slug == "queue-full" else {}
    return ProblemError(slug, detail, members={"limit": limit}, headers=headers)


def _result(found: workers.Answer, offer: Offer) -> Response:
    kind = announcing(offer.media_type, found.version)
    if found.file is None:
        return Response(found.body, mimetype=kind)
    response = Response(wrap_file(request.environ, found.file), mimetype=kind, direct_passthrough=True)
    response.content_length = found.size
    response.call_on_close(found.file.close)
    return response


def _without_query() -> Response:
    offer = negotiate((*DATA_OFFERS, HTML))
    if offer is HTML:
        return editor.blank_page()
    described = describe_endpoint(request.base_url, state().release.manifest, state().settings)
    return graph_response(described, offer)


def _pairs(encoded: bytes) -> Pairs:
    """Return the fields of a query string or a form; anything that is not UTF-8 is a bad request."""
    try:
        return parse_qsl(encoded.decode("utf-8"), keep_blank_values=True, errors="strict")
    except ValueError as error:
        raise ProblemError("bad-request", f"The fields are not UTF-8, percent-encoded: {error}") from None


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ProblemError("bad-request", f"The query is not UTF-8: {error}") from None


def _asked(fields: Pairs) -> Asked:
    """Return the query that ``fields`` carry: exactly one (SPARQL 1.1 Protocol §2.1)."""
    values: dict[str, list[str]] = {}
    for name, value in fields:
        values.setdefault(name, []).append(value)
    if "update" in values:
        raise ProblemError("update-refused", "This endpoint answers queries; nothing in it can be changed.")
    queries = values.get("query", [])
    if len(queries) != 1:
        raise ProblemError("bad-request", f"One query is asked for; there are {len(queries)} “query” fields.")
    default, named = values.get("default-graph-uri", []), values.get("named-graph-uri", [])
    for iri in (*default, *named):
        if node(iri) is None:
            raise ProblemError("bad-request", f"Not an absolute IRI for a graph: {iri!r}")
    check_versions(values.get("version", []))
    return Asked(queries[0], tuple(default), tuple(named), timeout_in(values.get("timeout", [])))


def _forbidden(forbidden: gate.ForbiddenError) -> ProblemError:
    place = forbidden.position
    members = {"line": place.line, "column": place.column}
    if forbidden.what == "update":
        return ProblemError(
            "update-refused", "This is an update, and this endpoint answers queries.", members=members
        )
    allowed = "; ".join(state().federation.names) or "none"
    detail = (
        f"SERVICE at line {place.line}, column {place.column}: not a constant endpoint on a host that "
        f"queries may reach from here ({allowed})."
    )
    return ProblemError("service-refused", detail, members=members)


def _syntax_error(query: str, message: str) -> ProblemError:
    """Return the 400 for what the engine's parser said, with the place as members."""
    found = PLACE.match(message)
    if found is None:
        return ProblemError("syntax-error", message)
    line, column = int(found[1]), int(found[2])
    lines = query.split("\n")
    near = lines[line - 1][column - 1 : column + 19].strip() if line <= len(lines) else ""
    at = f"near “{near}”" if near else "at the end of the query"
    detail = f"Line {line}, column {column}, {at}: {_expected(found[3])}"
    return ProblemError("syntax-error", detail, members={"line": line, "column": column})


def _expected(message: str) -> str:
    """Return what the parser expected, less its character classes and what we refuse anyway."""
    spelled = CHARACTER_CLASS.sub("", message.removeprefix("expected ").removeprefix("one of "))
    words = [word.strip() for word in spelled.split(",")]
    known = [word for word in dict.fromkeys(words) if word and word not in NOT_OFFERED]
    return f"expected {' or '.join(known)}" if known else "the query cannot be read on from here"
