"""The reconciliation service: the W3C community group's API 0.2, JSONP included, and the draft of 1.0."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from flask import Blueprint, Response, request
from pyoxigraph import NamedNode

from legation.folding import fold
from legation.namespaces import ID, LEG
from legation.serve.lookup.batch import (
    MOST_QUERIES,
    Extension,
    QueryError,
    Wish,
    read_batch,
    read_draft_batch,
    read_extension,
)
from legation.serve.lookup.catalogue import FOUND_BY_DEFAULT, SAME_AS, WIKIDATA, identifier
from legation.serve.lookup.matching import LONGEST, suggest
from legation.serve.lookup.reconciliation import FEATURES, Candidate, Reconciler
from legation.serve.lookup.values import Term, Values, as_extended, identifier_of, thing_called
from legation.serve.site.pages import href, language, lead_to, page, root_path
from legation.serve.state import state
from legation.serve.thing.summary import Summary
from legation.serve.web.caching import CONTENT_SECURITY_POLICY
from legation.serve.web.formats import HTML
from legation.serve.web.iris import ENTITY_KINDS, local_path
from legation.serve.web.negotiation import Offer
from legation.serve.web.operations import TEXT, Parameter, Schema, described
from legation.serve.web.problems import ProblemError
from legation.serve.words.labels import direction
from legation.serve.words.messages import marked, translate
from legation.serve.words.present import Presenter
from legation.serve.words.templates import render

blueprint: Final = Blueprint("reconcile", __name__)

CALLBACK: Final = re.compile(r"[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*", re.ASCII)
LONGEST_CALLBACK: Final = 128
SUGGESTED: Final = 10
SUGGESTED_AT_MOST: Final = 50
PROPOSED: Final = 100
PREVIEW_SIZE: Final = (420, 220)
EMBEDDABLE: Final = CONTENT_SECURITY_POLICY.replace("frame-ancestors 'none'", "frame-ancestors *")
WHAT: Final = ("entity", "type", "property")

JSON: Final = Offer("json", "application/json")
DOCUMENT: Final[Schema] = {"type": "object"}
ERRORS: Final = ("bad-request", "request-too-large")
QUERIES: Final = Parameter("queries", "A batch of queries: JSON.")
EXTEND: Final = Parameter("extend", "A data extension query: JSON.")
FORM: Final[Schema] = {"type": "object", "properties": {"queries": TEXT, "extend": TEXT}}
COUNT: Final[Schema] = {"type": "integer", "minimum": 0, "maximum": 10**6}
PREFIX: Final = Parameter("prefix", "The beginning of a name.", {"type": "string", "maxLength": LONGEST})
CURSOR: Final = Parameter("cursor", "How many suggestions to pass over.", COUNT)
LIMIT: Final = Parameter("limit", "How many there may be.", COUNT)
TYPE: Final = Parameter("type", "The type of the things, by its identifier.")
IDENTIFIER: Final = Parameter("id", "What is asked for, by its identifier.", required=True)

WIKIDATA_SERVICE: Final = "https://wikidata.reconci.link/{language}/api"
"""The public reconciliation service of Wikidata: data extension has to name it where it returns items."""


@blueprint.get("/reconcile")
@described(JSON, errors=ERRORS, fields=(QUERIES, EXTEND), schema=DOCUMENT)
def service() -> Response:
    """Return the manifest, or the answer to a batch of queries or to a data extension query."""
    return answer(_asked() or manifest())


@blueprint.post("/reconcile")
@described(
    JSON, errors=ERRORS, bodies={"application/x-www-form-urlencoded": FORM}, schema=DOCUMENT, lasting=False
)
def submitted() -> Response:
    """Return the answer to a batch of queries or to a data extension query that comes in a form."""
    document = _asked()
    if document is None:
        raise ProblemError("bad-request", "A POST needs a form field “queries” or “extend” that holds JSON.")
    return answer(document)


def _asked() -> dict[str, Any] | None:
    """Return the answer to what the request asks; ``None`` where it asks nothing."""
    queries, extension = request.values.get("queries"), request.values.get("extend")
    if queries is not None:
        return _reconciled(_parsed(queries, "queries"))
    return _extended(_parsed(extension, "extend")) if extension is not None else None


def manifest() -> dict[str, Any]:
    """Return the service manifest, with addresses under the one that was asked."""
    endpoint = f"{_origin()}{root_path()}/reconcile"
    suggested = {
        kind: {
            "service_url": endpoint,
            "service_path": f"/suggest/{kind}",
            "flyout_service_url": endpoint,
            "flyout_service_path": f"/flyout/{kind}?id=${{id}}",
        }
        for kind in WHAT
    }
    return {
        "versions": ["0.1", "0.2"],
        "name": f"Legation ({language()})",
        "identifierSpace": ID,
        "schemaSpace": LEG,
        "documentation": f"{endpoint}/about",
        "serviceVersion": state().release.manifest.version,
        "defaultTypes": [_type(f"{LEG}{name}") for name in _default_types()],
        "view": {"url": f"{endpoint}/view?id={{{{id}}}}"},
        "feature_view": {"url": f"{endpoint}/about#{{{{id}}}}"},
        "preview": {
            "url": f"{endpoint}/preview?id={{{{id}}}}",
            "width": PREVIEW_SIZE[0],
            "height": PREVIEW_SIZE[1],
        },
        "suggest": suggested,
        "extend": {
            "propose_properties": {"service_url": endpoint, "service_path": "/properties"},
            "property_settings": property_settings(),
        },
        "batchSize": MOST_QUERIES,
    }


def property_settings() -> list[dict[str, Any]]:
    """Return what a client can set for a property that it extends its data with."""
    spoken = language()
    return [
        {
            "name": "limit",
            "label": translate(marked("Limit"), spoken),
            "type": "number",
            "default": 0,
            "help_text": translate(marked("How many values there may be, 0 for all"), spoken),
        },
        {
            "name": "content",
            "label": translate(marked("Content"), spoken),
            "type": "select",
            "default": "id",
            "help_text": translate(marked("Whether a thing comes reconciled or as its name"), spoken),
            "choices": [
                {"value": "id", "name": translate(marked("Reconciled things"), spoken)},
                {"value": "literal", "name": translate(marked("Names"), spoken)},
            ],
        },
    ]


@blueprint.get("/reconcile/suggest/<what>")
@blueprint.get("/reconcile/draft/suggest/<what>")
@described(JSON, errors=("bad-request", "not-found"), fields=(PREFIX, CURSOR, LIMIT, TYPE), schema=DOCUMENT)
def suggested(what: str) -> Response:
    """Return entities, classes or properties whose name begins like ``prefix``."""
    _one_of_three(what)
    prefix = request.args.get("prefix", "").strip()
    if len(prefix) > LONGEST:
        raise ProblemError("bad-request", f"“prefix” is longer than {LONGEST} characters.")
    cursor = number("cursor", 0)
    limit = min(number("limit", SUGGESTED), SUGGESTED_AT_MOST)
    if what == "entity":
        found = _entities(prefix, cursor + limit)
    else:
        known = state().catalogue.types if what == "type" else state().catalogue.properties
        found = [_type(term) if what == "type" else _property(term) for term in _called(prefix, known)]
    return answer({"result": found[cursor : cursor + limit]})


@blueprint.get("/reconcile/flyout/<what>")
@described(JSON, errors=("bad-request", "not-found"), fields=(IDENTIFIER,), schema=DOCUMENT)
def flyout(what: str) -> Response:
    """Return a few words of HTML about what ``id`` names."""
    _one_of_three(what)
    asked = _asked_id()
    if what == "entity":
        thing = _known(asked)
        name, said = _presenter([thing]).name(thing.value), _summary().describe([thing.value])[thing.value]
    else:
        catalogue = state().catalogue
        term = catalogue.type_named(asked) if what == "type" else catalogue.property_named(asked)
        if term is None:
            raise ProblemError("not-found", f"There is no {what} “{asked}” in use here.")
        name, said = catalogue.name(term, language()), _summary().define(term)
    html = render("flyout.html", language(), {"name": name, "said": said})
    return answer({"id": asked, "html": html})


@blueprint.get("/reconcile/preview")
@blueprint.get("/reconcile/draft/preview")
@described(HTML, errors=("bad-request", "not-found"), fields=(IDENTIFIER,))
def preview() -> Response:
    """Return a small page about a thing, to be shown inside a client's own."""
    thing = _known(_asked_id())
    facts = _summary().facts(thing.value)
    response = page("preview.html", iri=thing.value, name=_presenter([thing]).name(thing.value), facts=facts)
    response.headers["Content-Security-Policy"] = EMBEDDABLE
    return response


@blueprint.get("/reconcile/view")
@described(leads=(303,), errors=("bad-request", "not-found"), fields=(IDENTIFIER,))
def view() -> Response:
    """Lead to the page of a thing."""
    return lead_to(local_path(_known(_asked_id()).value) or "/")


@blueprint.get("/reconcile/properties")
@blueprint.get("/reconcile/draft/extend/propose")
@described(JSON, errors=("bad-request",), fields=(TYPE, LIMIT), schema=DOCUMENT)
def properties() -> Response:
    """Propose the properties that things of a class have, the most frequent first."""
    asked = request.args.get("type", "")
    limit = number("limit", PROPOSED)
    catalogue = state().catalogue
    type_ = catalogue.type_named(asked)
    known = catalogue.properties_of.get(type_, ()) if type_ else catalogue.properties
    worked_out = [term for term in catalogue.properties if ":" in term and term.startswith("name:")]
    found = [_property(term) for term in dict.fromkeys([*worked_out, *known])]
    return answer({"type": asked, "limit": limit, "properties": found[:limit]})


@blueprint.get("/reconcile/about")
@described(HTML)
def about() -> Response:
    """Tell people what the service is, how to use it and what a score is made of."""
    return page(
        "reconcile.html",
        endpoint=f"{_origin()}{root_path()}/reconcile",
        features=FEATURES,
        types=[(_type(f"{LEG}{name}")) for name in _default_types()],
    )


@blueprint.get("/reconcile/draft/")
@described(JSON, schema=DOCUMENT)
def draft_manifest() -> Response:
    """Return the manifest of the draft of version 1.0."""
    endpoint = f"{_origin()}{root_path()}/reconcile"
    settings = [
        {"id": one.pop("name"), "name": one.pop("label"), "helpText": one.pop("help_text"), **one}
        for one in property_settings()
    ]
    return answer(
        {
            "versions": ["1.0-draft"],
            "name": f"Legation ({language()})",
            "documentation": f"{endpoint}/about",
            "serviceVersion": state().release.manifest.version,
            "defaultTypes": [_type(f"{LEG}{name}") for name in _default_types()],
            "view": {"url": f"{endpoint}/view?id={{{{id}}}}"},
            "featureView": {"url": f"{endpoint}/about#{{{{id}}}}"},
            "preview": {"width": PREVIEW_SIZE[0], "height": PREVIEW_SIZE[1]},
            "suggest": {"entity": True, "property": True, "type": True},
            "extend": {"proposeProperties": True, "propertySettings": settings},
            "batchSize": MOST_QUERIES,
            "standardizedScore": True,
            "lang": language(),
            "dir": direction(language()),
        }
    )


@blueprint.get("/reconcile/draft/match")
@blueprint.get("/reconcile/draft/extend")
@described(errors=("method-not-allowed",))
def draft_only_posts() -> Response:
    """Say that queries of the draft of version 1.0 come by POST."""
    raise ProblemError("method-not-allowed", f"{request.path} takes JSON by POST.", headers={"Allow": "POST"})


@blueprint.post("/reconcile/draft/match")
@described(JSON, errors=ERRORS, bodies={JSON.media_type: DOCUMENT}, schema=DOCUMENT, lasting=False)
def draft_match() -> Response:
    """Answer a batch of the draft of version 1.0, which comes as JSON."""
    try:
        queries = read_draft_batch(_parsed(request.get_data(as_text=True), "body"), state().catalogue)
    except QueryError as error:
        raise ProblemError("bad-request", str(error)) from error
    _bound(len(queries))
    reconciler = _reconciler()
    answers = [reconciler.answer(query) for query in queries]
    listed = _candidates([one for several in answers for one in several], named_features=True)
    return answer({"results": [{"candidates": [listed[id(one)] for one in several]} for several in answers]})


@blueprint.post("/reconcile/draft/extend")
@described(JSON, errors=ERRORS, bodies={JSON.media_type: DOCUMENT}, schema=DOCUMENT, lasting=False)
def draft_extend() -> Response:
    """Answer a data extension query of the draft of version 1.0: rows and their values as lists."""
    document = _extended(_parsed(request.get_data(as_text=True), "body"))
    rows = [
        {"id": id_, "properties": [{"id": name, "values": values} for name, values in said.items()]}
        for id_, said in document["rows"].items()
    ]
    return answer({"meta": document["meta"], "rows": rows})


def answer(document: Mapping[str, Any]) -> Response:
    """Return a JSON document, as a script that calls ``callback`` where one is named (JSONP)."""
    callback = request.values.get("callback")
    if callback is None:
        response = Response(json.dumps(document, ensure_ascii=False) + "\n", mimetype="application/json")
    else:
        if len(callback) > LONGEST_CALLBACK or CALLBACK.fullmatch(callback) is None:
            raise ProblemError("bad-request", "“callback” must be the name of a function of JavaScript.")
        # The comment keeps a callback's name from being the first bytes of a file of another type.
        response = Response(f"/**/{callback}({json.dumps(document)});\n", mimetype="text/javascript")
    response.headers["Content-Language"] = language()
    return response


def _one_of_three(what: str) -> None:
    if what not in WHAT:
        raise ProblemError("not-found", f"Only {', '.join(WHAT)} can be suggested, not {what}.")


def _origin() -> str:
    return request.host_url.rstrip("/")


def _parsed(text: str, where: str) -> Any:  # noqa: ANN401  # whatever the client sent
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ProblemError("bad-request", f"“{where}” is not JSON: {error}") from error


def _bound(queries: int) -> None:
    if queries > MOST_QUERIES:
        raise ProblemError(
            "request-too-large",
            f"The batch has {queries} queries; at most {MOST_QUERIES} are answered at once.",
            members={"limit": MOST_QUERIES},
        )


def _reconciler() -> Reconciler:
    now = state()
    return Reconciler(now.name_index, _values(), now.catalogue, now.engine, language())


def _values() -> Values:
    return Values(state().engine, state().name_index)


def _summary() -> Summary:
    return Summary(_values(), state().catalogue, state().names, language())


def _reconciled(raw: object) -> dict[str, Any]:
    _bound(len(raw) if isinstance(raw, Mapping) else 0)
    try:
        queries = read_batch(raw, state().catalogue)
    except QueryError as error:
        raise ProblemError("bad-request", str(error)) from error
    reconciler = _reconciler()
    answers = {key: reconciler.answer(query) for key, query in queries.items()}
    listed = _candidates([one for several in answers.values() for one in several])
    return {key: {"result": [listed[id(one)] for one in several]} for key, several in answers.items()}


def _candidates(found: Sequence[Candidate], *, named_features: bool = False) -> dict[int, dict[str, Any]]:
    """Return the documents of candidates by the identity of each; names are looked up at once."""
    things = list(dict.fromkeys(one.entry.thing for one in found))
    presenter = _presenter([NamedNode(thing) for thing in things])
    lines = _summary().describe(things)
    return {
        id(one): {
            "id": identifier_of(one.entry.thing),
            "name": presenter.name(one.entry.thing).value,
            "description": lines[one.entry.thing].value,
            "type": [_type(type_) for type_ in _types_of(one.entry.types)],
            "score": one.score,
            "match": one.match,
            "features": [
                {
                    "id": name,
                    **({"name": translate(FEATURES[name], language())} if named_features else {}),
                    "value": value,
                }
                for name, value in one.features.items()
            ],
        }
        for one in found
    }


def _types_of(types: str) -> list[str]:
    """Return the classes of a thing, the narrowest first, so that a client that compares them finds any."""
    catalogue = state().catalogue
    narrowest = catalogue.narrowest(types.split())
    every = [f"{LEG}{name}" for name in types.split() if f"{LEG}{name}" in catalogue.properties_of]
    return list(dict.fromkeys([*narrowest, *every]))


def _type(term: str) -> dict[str, Any]:
    catalogue = state().catalogue
    said: dict[str, Any] = {"id": identifier(term), "name": catalogue.name(term, language()).value}
    if broader := catalogue.broader.get(term):
        said["broader"] = [
            {"id": identifier(one), "name": catalogue.name(one, language()).value} for one in broader
        ]
    return said


def _property(term: str) -> dict[str, str]:
    said = {"id": identifier(term), "name": state().catalogue.name(term, language()).value}
    if defined := _summary().define(term).value:
        said["description"] = defined
    return said


def _default_types() -> list[str]:
    return [name for name in FOUND_BY_DEFAULT if f"{LEG}{name}" in state().catalogue.properties_of]


def _called(prefix: str, terms: Iterable[str]) -> list[str]:
    """Return the terms that ``prefix`` begins a name or an identifier of, then those it is elsewhere in."""
    wanted, catalogue = fold(prefix), state().catalogue
    names = {term: [fold(name) for name in catalogue.all_names(term)] for term in terms}
    starting = [t for t in names if prefix == identifier(t) or any(n.startswith(wanted) for n in names[t])]
    within = [t for t in names if any(f" {wanted}" in name for name in names[t])]
    return list(dict.fromkeys([*starting, *within]))


def _entities(prefix: str, limit: int) -> list[dict[str, Any]]:
    catalogue, index = state().catalogue, state().name_index
    type_ = catalogue.type_named(request.args.get("type", ""))
    kinds = sorted(catalogue.kinds_of.get(type_, ())) if type_ else list(ENTITY_KINDS)
    called = thing_called(prefix)
    entries = index.names_of([called.value])[:1] if called is not None else []
    entries += [hit.fit.entry for hit in suggest(index, prefix, kinds, limit, language=language())]
    things = list(dict.fromkeys(entry.thing for entry in entries))
    types = {entry.thing: entry.types for entry in entries}
    presenter = _presenter([NamedNode(thing) for thing in things])
    lines = _summary().describe(things)
    return [
        {
            "id": identifier_of(thing),
            "name": presenter.name(thing).value,
            "description": lines[thing].value,
            "notable": [_type(one) for one in catalogue.narrowest(types[thing].split())],
        }
        for thing in things
    ]


def _extended(raw: object) -> dict[str, Any]:
    """Return the answer to a data extension query."""
    try:
        asked = read_extension(raw, state().catalogue)
    except QueryError as error:
        raise ProblemError("bad-request", str(error)) from error
    things = {id_: thing for id_ in asked.ids if (thing := thing_called(id_)) is not None}
    values = _values()
    said = values.of(things.values())
    found = {
        (id_, wish.id): _chosen(
            wish, values.worked_out(thing.value, said.get(thing.value, {}), wish.property)
        )
        for id_, thing in things.items()
        for wish in asked.wishes
    }
    mentioned = {value for several in found.values() for value in several if isinstance(value, NamedNode)}
    presenter = _presenter(mentioned)
    rows = {
        id_: {
            wish.id: [
                as_extended(value, _shown(value, presenter, things.get(id_)), content=wish.content)
                for value in found.get((id_, wish.id), ())
            ]
            for wish in asked.wishes
        }
        for id_ in asked.ids
    }
    return {"meta": _columns(asked), "rows": rows}


def _columns(asked: Extension) -> list[dict[str, Any]]:
    """Return what is said of each property that data is extended with."""
    catalogue = state().catalogue
    columns: list[dict[str, Any]] = []
    for wish in asked.wishes:
        column: dict[str, Any] = {"id": wish.id, "name": catalogue.name(wish.property, language()).value}
        if wish.property in catalogue.ranges and wish.content == "id":
            column["type"] = _type(catalogue.ranges[wish.property])
        if wish.property == SAME_AS and wish.content == "id":
            column["service"] = WIKIDATA_SERVICE.format(language=language())
        columns.append(column)
    return columns


def _chosen(wish: Wish, values: Sequence[Term]) -> list[Term]:
    ordered = sorted(values, key=str)
    return ordered[: wish.limit] if wish.limit else ordered


def _shown(value: Term, presenter: Presenter, thing: NamedNode | None) -> str:
    """Return what a value is called: a link to Wikidata by the name of the thing that has it."""
    if not isinstance(value, NamedNode):
        return value.value
    if value.value.startswith(WIKIDATA) and thing is not None:
        return _presenter([thing]).name(thing.value).value
    return presenter.name(value.value).value


def _presenter(things: Iterable[NamedNode]) -> Presenter:
    return Presenter(language(), state().names(things), href)


def _asked_id() -> str:
    asked = request.args.get("id", "").strip()
    if not asked or len(asked) > LONGEST:
        raise ProblemError("bad-request", "“id” must be given: the identifier of what is asked for.")
    return asked


def _known(asked: str) -> NamedNode:
    thing = thing_called(asked)
    if thing is None or not state().name_index.names_of([thing.value]):
        raise ProblemError("not-found", f"There is nothing called “{asked}” here.")
    return thing


def number(name: str, default: int) -> int:
    """Return a whole number that an argument holds; raise ``ProblemError`` where it holds none."""
    text = request.args.get(name, "") or str(default)
    if not text.isascii() or not text.isdigit() or int(text) > 10**6:
        raise ProblemError("bad-request", f"“{name}” is {text!r}; it must be a whole number.")
    return int(text)
