"""Validation as a service: a document is posted, and its SHACL report against our shapes comes back."""

from __future__ import annotations

import weakref
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from flask import Blueprint, Response, current_app, request
from pyoxigraph import Literal, NamedNode, RdfFormat, parse

from legation.namespaces import LEGSH, PREFIXES
from legation.release import CONTEXT
from legation.serve.model.schema import Schema, Term, key_of, read_schema
from legation.serve.query.sparql import PLACE, RETRY_AFTER
from legation.serve.query.workers import Answer
from legation.serve.resources.things import DATA_OFFERS
from legation.serve.settings import Settings
from legation.serve.site.pages import href, language, negotiate, page
from legation.serve.state import State, state
from legation.serve.store import ensure_index
from legation.serve.validate.validators import WAITING, Document, Validators
from legation.serve.web import refusals
from legation.serve.web.formats import GRAPH_ALIASES, GRAPH_OFFERS, HTML
from legation.serve.web.operations import TEXT, described
from legation.serve.web.operations import Schema as JsonSchema
from legation.serve.web.problems import ProblemError
from legation.serve.words.labels import Text, choose
from legation.serve.words.present import Presenter, Shown, mentioned

blueprint: Final = Blueprint("validation", __name__)

SH: Final = PREFIXES["sh"]
FORMS: Final = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
SYNTAXES: Final[Mapping[str, str]] = {
    offer.media_type: offer.name for offer in (*GRAPH_OFFERS, *GRAPH_ALIASES)
}
"""Media types of documents, and the names of their formats."""

SUFFIXES: Final = {offer.name: offer.name for offer in GRAPH_OFFERS} | {"owl": "rdf", "json": "jsonld"}
ERRORS: Final = (
    *("bad-request", "document-error", "not-acceptable", "unsupported-media-type"),
    *("request-too-large", "validation-over-limit", "queue-full"),
)
BODIES: Final[Mapping[str, JsonSchema]] = {
    **{offer.media_type: TEXT for offer in GRAPH_OFFERS},
    "application/x-www-form-urlencoded": {
        "type": "object",
        "required": ["document"],
        "properties": {"document": TEXT, "syntax": {"enum": [offer.name for offer in GRAPH_OFFERS]}},
    },
}
RESULTS_ON_PAGE: Final = 300
EXAMPLE: Final = """\
PREFIX claim: <https://w3id.org/legation/id/claim/>
PREFIX leg: <https://w3id.org/legation/ontology#>
PREFIX person: <https://w3id.org/legation/id/person/>
PREFIX post: <https://w3id.org/legation/id/post/>
PREFIX source: <https://w3id.org/legation/id/source/>

claim:example-1
    a leg:Tenure ;
    leg:holder person:omar-hilale ;
    leg:post post:gctf-co-chair ;
    leg:evidence source:gctf-nd-co-chairs ;
    leg:rank leg:NormalRank ;
.
"""


@dataclass(frozen=True)
class Result:
    """One result of a report, as a page shows it."""

    focus: Shown
    path: Shown | None
    value: Shown | None
    rule: Shown | None
    messages: tuple[Text, ...]


@blueprint.get("/validate")
@described(HTML)
def ask() -> Response:
    """Show the page with its paste box."""
    return _page(text=EXAMPLE, syntax="ttl")


@blueprint.post("/validate")
@described(*DATA_OFFERS, HTML, errors=ERRORS, bodies=BODIES, lasting=False)
def validate() -> Response:
    """Try a document against the shapes and return the report."""
    request.max_content_length = request.max_form_memory_size = state().settings.document_limit
    from_form = request.mimetype in FORMS
    offer = negotiate((*DATA_OFFERS, HTML))
    try:
        document = _posted_form() if from_form else _posted()
        found = _run(replace(document, format="nt" if offer is HTML else offer.name))
    except ProblemError as problem:
        if offer is not HTML:
            raise
        return _problem_page(problem, from_form=from_form)
    body = found.body if found.file is None else found.file.read()
    if offer is HTML:
        return _page(text=_text_of(document), syntax=document.syntax, report=read_report(body))
    response = Response(body, mimetype=offer.media_type)
    response.headers["Cache-Control"] = "no-store"
    return response


def _posted() -> Document:
    syntax = SYNTAXES.get(request.mimetype)
    if syntax is None:
        raise ProblemError(
            "unsupported-media-type",
            f"A document cannot be posted as {request.mimetype or 'nothing in particular'}.",
            headers={"Accept-Post": ", ".join(offer.media_type for offer in GRAPH_OFFERS)},
        )
    return Document(request.get_data(), syntax)


def _posted_form() -> Document:
    """Return the file of the form where there is one, by its suffix; else the text in the box."""
    syntax = request.form.get("syntax", "ttl")
    file = request.files.get("file")
    if file is not None and file.filename:
        suffix = file.filename.rpartition(".")[2].lower()
        return Document(file.read(), SUFFIXES.get(suffix, syntax))
    if syntax not in SUFFIXES:
        raise ProblemError("bad-request", f"There is no format called {syntax!r}.")
    return Document(request.form.get("document", "").encode(), SUFFIXES[syntax])


def _run(document: Document) -> Answer:
    settings = state().settings
    try:
        return state().once(validators).run(document)
    except refusals.NotQueryError as error:
        raise _not_read(str(error)) from None
    except refusals.WorkerFailedError as failure:
        current_app.logger.error("a validation worker failed: %s", failure)
        raise ProblemError("internal-error", "The validation worker failed.") from None
    except refusals.RefusalError as refusal:
        raise _over(refusal, settings) from None


def validators(here: State) -> Validators:
    """Return what validates; its process is started by the first document and ends with the release."""
    release = here.release
    found = Validators(ensure_index(release), release.path / CONTEXT, here.settings)
    weakref.finalize(here, found.close)
    return found


def _over(refusal: refusals.RefusalError, settings: Settings) -> ProblemError:
    """Return the problem that names the limit which a validation met."""
    if isinstance(refusal, refusals.QueueFullError):
        busy = f"1 document is tried at a time; {WAITING} may wait {settings.queue_time:g} seconds."
        return ProblemError("queue-full", busy, headers={"Retry-After": str(RETRY_AFTER)})
    limits: dict[type[refusals.RefusalError], tuple[str, float]] = {
        refusals.OutOfTimeError: (f"It ran for {settings.time_limit:g} seconds.", settings.time_limit),
        refusals.OutOfMemoryError: (f"It took {settings.memory_limit} bytes.", settings.memory_limit),
        refusals.ResultTooLargeError: (
            f"The report passed {settings.result_limit} bytes.",
            settings.result_limit,
        ),
    }
    detail, limit = limits.get(type(refusal), ("The validator gave up.", 0))
    return ProblemError("validation-over-limit", detail, members={"limit": limit})


def _not_read(message: str) -> ProblemError:
    found = PLACE.match(message)
    line, column = (int(found[1]), int(found[2])) if found else (0, 0)
    detail = found[3] if found else message
    members = {"line": line, "column": column} if line else {}
    return ProblemError("document-error", f"{detail[:1].upper()}{detail[1:]}.", members=members)


def read_report(body: bytes) -> tuple[Result, ...]:
    """Return the results of a report (N-Triples), for the reader, in order of what they are about."""
    said: dict[str, dict[str, list[Term]]] = defaultdict(lambda: defaultdict(list))
    triples = list(parse(body, RdfFormat.N_TRIPLES))
    for triple in triples:
        said[key_of(triple.subject)][triple.predicate.value].append(triple.object)
    names = state().names(mentioned(triples)) | rule_names(state().once(read_schema))
    presenter = Presenter(language(), names, href)
    results = [
        _result(said[node], presenter)
        for node in said
        if NamedNode(f"{SH}ValidationResult") in said[node][f"{PREFIXES['rdf']}type"]
    ]
    return tuple(sorted(results, key=lambda result: (result.focus.text.value, result.focus.iri)))


def rule_names(schema: Schema) -> dict[str, list[Literal]]:
    """Return what each rule is called."""
    return {rule.iri: list(rule.names) for rule in schema.rules if rule.names}


def _result(said: Mapping[str, Sequence[Term]], presenter: Presenter) -> Result:
    def shown(name: str) -> Shown | None:
        return next((presenter.show(term) for term in said.get(f"{SH}{name}", ())), None)

    return Result(
        focus=shown("focusNode") or Shown(Text("")),
        path=shown("resultPath"),
        value=shown("value"),
        rule=_rule(said.get(f"{SH}sourceShape", ()), presenter),
        messages=_messages(said.get(f"{SH}resultMessage", ())),
    )


def _rule(shapes: Iterable[Term], presenter: Presenter) -> Shown | None:
    ours = (term for term in shapes if isinstance(term, NamedNode) and term.value.startswith(LEGSH))
    return next((presenter.show(term) for term in ours), None)


def _messages(terms: Iterable[Term]) -> tuple[Text, ...]:
    literals = [term for term in terms if isinstance(term, Literal)]
    chosen = choose(literals, language())
    return (chosen,) if chosen is not None else ()


def _problem_page(problem: ProblemError, *, from_form: bool) -> Response:
    text = request.form.get("document", "") if from_form and problem.slug != "request-too-large" else ""
    syntax = request.form.get("syntax", "ttl") if text else "ttl"
    response = _page(problem.kind.status, text=text, syntax=syntax, problem=problem)
    response.headers.extend(problem.headers)
    return response


def _text_of(document: Document) -> str:
    return document.body.decode("utf-8", "replace")


def _page(status: int = 200, **values: object) -> Response:
    shown = page(
        "validate.html",
        status,
        offers=GRAPH_OFFERS,
        limits=state().settings,
        most=RESULTS_ON_PAGE,
        origin=request.host_url.rstrip("/"),
        **values,
    )
    if request.method == "POST":
        shown.headers["Cache-Control"] = "no-store"
    return shown
