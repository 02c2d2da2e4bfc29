"""The HTTP surface as one OpenAPI 3.1 document, made from the routes and from what stands beside them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from inspect import getdoc
from typing import Any, Final

from flask import Blueprint, Flask, Response, current_app
from werkzeug.routing import Rule

from legation.namespaces import BASE, KINDS
from legation.serve.front import metrics
from legation.serve.state import state
from legation.serve.web.formats import HTML
from legation.serve.web.negotiation import Offer
from legation.serve.web.operations import FILE, OPERATION, TEXT, Operation, Parameter, Schema, described
from legation.serve.web.problems import KINDS as PROBLEMS
from legation.serve.web.problems import PROBLEM_OFFERS
from legation.serve.words.labels import LANGUAGES

blueprint: Final = Blueprint("openapi", __name__)

JSON: Final = Offer("json", "application/json")
METHODS: Final = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH", "TRACE")
"""The methods that OpenAPI 3.1 has a place for; any other is listed under ``x-methods``."""

OF_THE_ENGINE: Final = ("engine-failed", "engine-down", "out-of-time")
"""What any route may answer whose statements are read from somewhere else."""

STATIC: Final = Operation((FILE,), errors=("not-found", "range-not-satisfiable"))
"""Flask's own route for files of the interface."""

METRICS: Final = Operation((Offer("txt", "text/plain"),), errors=("not-found",), lasting=False)
"""Answered by the server before the application is asked."""

RANGE: Final = "range-not-satisfiable"
"""Who can fail to answer a range answers ranges."""

PLACEHOLDER: Final = re.compile(r"<(?:(?P<converter>[a-z]+):)?(?P<name>[a-z_]+)>")

PATHS: Final[Mapping[str, Schema]] = {
    "kind": {"type": "string", "enum": list(KINDS)},
    "slug": {"type": "string", "minLength": 1, "examples": ["gctf"]},
    "version": {"type": "string", "minLength": 1, "examples": ["2026.11.0"]},
    "name": {"type": "string", "minLength": 1, "examples": ["manifest.json"]},
    "what": {"type": "string", "enum": ["entity", "type", "property"]},
    "rest": {"type": "string", "minLength": 1},
    "filename": {"type": "string", "minLength": 1, "examples": ["legation.css"]},
}
"""The parts of paths, by name; another is any text."""

PROBLEM: Final[Schema] = {
    "type": "object",
    "description": "RFC 9457 problem details.",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {"type": "string", "format": "uri", "description": "Leads to what this kind of problem is."},
        "title": TEXT,
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": TEXT,
        "instance": TEXT,
        "advice": TEXT,
        "line": {"type": "integer", "minimum": 1},
        "column": {"type": "integer", "minimum": 1},
        "limit": {"type": "number", "description": "The limit that was met, in seconds, bytes or queries."},
        "offers": {"type": "array", "items": {"type": "object", "required": ["format", "type"]}},
    },
}


@blueprint.get("/openapi.json")
@described(JSON, schema={"type": "object", "required": ["openapi", "info", "paths"]})
def openapi() -> Response:
    """Describe every route of this server: OpenAPI 3.1."""
    text = json.dumps(document(current_app), ensure_ascii=False, indent=1)
    return Response(text + "\n", mimetype=JSON.media_type)


def document(app: Flask) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of ``app``; raise ``LookupError`` for a route that says nothing."""
    paths: dict[str, dict[str, Any]] = {}
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        path = paths.setdefault(PLACEHOLDER.sub(r"{\g<name>}", rule.rule), {})
        for method in sorted(rule.methods or ()):
            told = _operation(app, rule, method)
            if method in METHODS:
                path.setdefault(method.lower(), told)
            else:
                path.setdefault("x-methods", {})[method] = told
    paths[metrics.PATH] = {
        method.lower(): _told("server.metrics", "Measure the server itself, for Prometheus.", METRICS, method)
        for method in ("GET", "HEAD")
    }
    manifest = state().release.manifest
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Legation",
            "version": manifest.version,
            "description": "Who represents whom, in which counter-terrorism body, when, and according to "
            "which source. Everything here is read-only.",
            "license": {"name": "CC BY 4.0", "identifier": "CC-BY-4.0"},
        },
        "servers": [
            {"url": "/", "description": "This server, whatever its address."},
            {
                "url": "/{language}",
                "description": "The same, with pages in one language.",
                "variables": {"language": {"default": "en", "enum": list(LANGUAGES)}},
            },
        ],
        "externalDocs": {"url": f"{BASE}sparql", "description": "The endpoint's description of itself."},
        "paths": paths,
        "components": {
            "schemas": {"Problem": PROBLEM},
            "responses": {slug: _problem(slug) for slug in PROBLEMS},
        },
    }


def _operation(app: Flask, rule: Rule, method: str) -> dict[str, Any]:
    if method == "OPTIONS":
        return _options(rule)
    view = app.view_functions[rule.endpoint]
    said: Operation | None = STATIC if rule.endpoint == "static" else getattr(view, OPERATION, None)
    if said is None:
        raise LookupError(f"{rule.endpoint} ({rule.rule}) is not described: put `described(…)` on its view")
    summary = (getdoc(view) or "A file of the interface.").splitlines()[0]
    told = _told(f"{rule.endpoint}:{rule.rule}", summary, said, method)
    told["parameters"][:0] = _path_parameters(rule)
    return told


def _told(name: str, summary: str, said: Operation, method: str) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": f"{name}:{method}",
        "summary": summary,
        "tags": [name.partition(".")[0]],
        "parameters": list(_fields(said)),
        "responses": dict(_responses(said, method)),
    }
    if said.bodies and method not in ("GET", "HEAD"):
        told["requestBody"] = {
            "required": True,
            "content": {media_type: {"schema": schema} for media_type, schema in said.bodies.items()},
        }
    return told


def _options(rule: Rule) -> dict[str, Any]:
    return {
        "operationId": f"{rule.endpoint}:{rule.rule}:OPTIONS",
        "summary": "Say which methods this address answers, and let other sites ask (CORS).",
        "parameters": list(_path_parameters(rule)),
        "responses": {"200": {"description": "The methods.", "headers": {"Allow": {"schema": TEXT}}}},
    }


def _path_parameters(rule: Rule) -> Iterator[dict[str, Any]]:
    for found in PLACEHOLDER.finditer(rule.rule):
        schema = PATHS.get(found["name"], {"type": "string", "minLength": 1})
        yield {"name": found["name"], "in": "path", "required": True, "schema": schema}


def _fields(said: Operation) -> Iterator[dict[str, Any]]:
    found = list(said.fields)
    if len(said.answers) > 1:
        names = list(dict.fromkeys(value for one in said.answers for value in (one.name, one.media_type)))
        choice = {"type": "string", "enum": names}
        found.append(Parameter("format", "The representation, before what Accept says.", choice))
    if HTML in said.answers:
        spoken = {"type": "string", "examples": list(LANGUAGES)}
        found.append(
            Parameter("lang", "The language of the page; one we have none in is passed over.", spoken)
        )
    for one in found:
        yield {
            "name": one.name,
            "in": "query",
            "description": one.description,
            "required": one.required,
            "schema": one.schema,
        }


def _responses(said: Operation, method: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if said.answers:
        content = {one.media_type: {"schema": _schema(said, one)} for one in said.answers}
        good: dict[str, Any] = {"description": "The answer.", "headers": _headers(said)}
        yield "200", good if method == "HEAD" else {**good, "content": content}
        if said.lasting and method in ("GET", "HEAD"):
            yield "304", {"description": "The client has it already.", "headers": _headers(said)}
    if RANGE in said.errors and method == "GET":
        yield "206", {"description": "The part that the Range header asks for.", "headers": _headers(said)}
    for status in said.leads:
        where = {"Location": {"required": True, "schema": {"type": "string", "format": "uri-reference"}}}
        yield str(status), {"description": "It is at another address.", "headers": where}
    yield from _errors(said, method)


def _schema(said: Operation, offer: Offer) -> Schema:
    return said.schema if offer is FILE or "json" in offer.media_type else TEXT


def _headers(said: Operation) -> dict[str, Any]:
    names = ("Cache-Control", "Vary", *(("ETag",) if said.lasting else ()))
    return {name: {"schema": TEXT} for name in names}


def _errors(said: Operation, method: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the responses that are problems, by status; several kinds may share one."""
    slugs = [*said.errors, *(("not-acceptable",) if len(said.answers) > 1 else ())]
    slugs += [slug for slug in OF_THE_ENGINE if state().settings.engine and slug not in slugs]
    by_status: dict[int, list[str]] = {}
    for slug in dict.fromkeys(slugs):
        by_status.setdefault(PROBLEMS[slug].status, []).append(slug)
    for status, found in sorted(by_status.items()):
        if method == "HEAD":
            yield str(status), {"description": _described(found)}
        elif len(found) == 1:
            yield str(status), {"$ref": f"#/components/responses/{found[0]}"}
        else:
            yield str(status), {"description": _described(found), "content": _problem_content()}


def _problem(slug: str) -> dict[str, Any]:
    return {"description": _described([slug]), "content": _problem_content()}


def _problem_content() -> dict[str, Any]:
    reference = {"$ref": "#/components/schemas/Problem"}
    return {one.media_type: {"schema": TEXT if one is HTML else reference} for one in PROBLEM_OFFERS}


def _described(slugs: Iterable[str]) -> str:
    return "\n\n".join(f"{PROBLEMS[slug].title}. {PROBLEMS[slug].advice}" for slug in slugs)
