"""Search by name, as a page and as JSON, and what somebody may be about to type."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlencode

from flask import Blueprint, Response, request
from pyoxigraph import NamedNode

from legation.names import TERM
from legation.serve.lookup.matching import LONGEST, Found, Hit, highlight, search, suggest
from legation.serve.site.pages import href, language, negotiate, page, root_path
from legation.serve.state import state
from legation.serve.web.formats import HTML
from legation.serve.web.iris import ENTITY_KINDS
from legation.serve.web.negotiation import Offer
from legation.serve.web.operations import Parameter, described
from legation.serve.web.problems import ProblemError
from legation.serve.words.labels import KIND_NAMES, KIND_TITLES, LANGUAGES, Text
from legation.serve.words.messages import marked, translate
from legation.serve.words.present import Presenter

blueprint: Final = Blueprint("search", __name__)

JSON: Final = Offer("json", "application/json")
KINDS: Final = (*ENTITY_KINDS, "concept", "scheme", "source", TERM)
"""The kinds that are found by name, in the order that pages list them."""

TITLES: Final[Mapping[str, str]] = MappingProxyType({**KIND_TITLES, TERM: marked("Terms of the ontology")})
ONE_OF: Final[Mapping[str, str]] = MappingProxyType({**KIND_NAMES, TERM: marked("term of the ontology")})
PER_PAGE: Final = 20
SUGGESTED: Final = 8
SUGGESTED_AT_MOST: Final = 25

ASKED: Final = Parameter("q", "A name, or a part of one.", {"type": "string", "maxLength": LONGEST})
TYPED: Final = Parameter("prefix", "The beginning of a name.", {"type": "string", "maxLength": LONGEST})
KIND: Final = Parameter(
    "kind", "A kind of thing to look among; may be repeated.", {"type": "string", "enum": list(KINDS)}
)
NUMBER: Final = {"type": "integer", "minimum": 1, "maximum": 999_999}
PAGE: Final = Parameter("page", "The page of results, from 1.", NUMBER)
LIMIT: Final = Parameter("limit", f"How many, at most {SUGGESTED_AT_MOST}.", NUMBER)
LANG: Final = Parameter(
    "lang", "The language of the reader.", {"type": "string", "examples": list(LANGUAGES)}
)

Marked = Sequence[tuple[str, bool]]


@dataclass(frozen=True)
class Result:
    """A thing that was found, as a reader sees it; ``by`` is the name that fits, where it is another."""

    iri: str
    kind: str
    href: str | None
    name: Text
    pieces: Marked
    by: Text | None
    by_pieces: Marked
    score: float


@blueprint.get("/search")
@described(HTML, JSON, errors=("bad-request",), fields=(ASKED, KIND, PAGE), schema={"type": "object"})
def find() -> Response:
    """Return the things whose names fit ``q``, of the kinds asked for, a page at a time."""
    offer = negotiate((HTML, JSON))
    text, kinds, number = question("q"), asked_kinds(), _number("page", 1)
    everything = search(state().name_index, text, language=language())
    found = search(state().name_index, text, kinds, language=language()) if kinds else everything
    counts = Counter(hit.fit.entry.kind for hit in everything.hits)
    facets = [(kind, counts[kind]) for kind in KINDS if counts[kind] or kind in kinds]
    results = present(found, found.hits[(number - 1) * PER_PAGE : number * PER_PAGE])
    pages = -(-len(found.hits) // PER_PAGE)
    if offer is HTML:
        return page(
            "search.html",
            asked=text,
            kinds=kinds,
            facets=facets,
            found=found,
            total=len(found.hits),
            everything=len(everything.hits),
            results=results,
            this_page=number,
            pages=pages,
            titles=TITLES,
            kind_names=ONE_OF,
            address=partial(_address, text),
        )
    document = {
        "query": text,
        "language": language(),
        "kinds": {kind: count for kind, count in facets if count},
        "total": len(found.hits),
        "complete": found.whole,
        "page": number,
        "pages": pages,
        "results": [as_json(result) for result in results],
    }
    return answer(document)


@blueprint.get("/suggest")
@described(JSON, errors=("bad-request",), fields=(TYPED, KIND, LIMIT, LANG), schema={"type": "object"})
def complete() -> Response:
    """Return a few things that somebody may be about to type, who has typed ``prefix``."""
    text, kinds = question("prefix"), asked_kinds()
    limit = min(_number("limit", SUGGESTED), SUGGESTED_AT_MOST)
    hits = suggest(state().name_index, text, kinds, limit, language=language())
    results = present(None, hits)
    titled = [
        {
            "iri": result.iri,
            "kind": result.kind,
            "kindTitle": translate(ONE_OF[result.kind], language()),
            "name": result.name.value,
            "language": result.name.language,
            "href": result.href,
            **({"by": result.by.value, "byLanguage": result.by.language} if result.by else {}),
        }
        for result in results
    ]
    return answer({"prefix": text, "suggestions": titled})


def question(name: str) -> str:
    """Return the text that an argument holds; raise ``ProblemError`` where it is longer than is read."""
    text = request.args.get(name, "").strip()
    if len(text) > LONGEST:
        raise ProblemError(
            "bad-request",
            f"“{name}” has {len(text)} characters; at most {LONGEST} are read.",
            members={"limit": LONGEST},
        )
    return text


def asked_kinds() -> list[str]:
    """Return the kinds asked for; raise ``ProblemError`` for one there is not."""
    kinds = [kind for kind in request.args.getlist("kind") if kind]
    for kind in kinds:
        if kind not in KINDS:
            raise ProblemError(
                "bad-request", f"There is no kind “{kind}”; the kinds found by name are: {', '.join(KINDS)}."
            )
    return kinds


def _number(name: str, default: int) -> int:
    text = request.args.get(name, "") or str(default)
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 10**6:
        raise ProblemError("bad-request", f"“{name}” is {text!r}; it must be a whole number from 1.")
    return int(text)


def _address(text: str, kinds: Sequence[str] = (), number: int = 1) -> str:
    """Return the address of a page of results."""
    pages = [("page", str(number))] if number > 1 else []
    return f"{root_path()}/search?{urlencode([('q', text), *(('kind', kind) for kind in kinds), *pages])}"


def present(found: Found | None, hits: Sequence[Hit]) -> list[Result]:
    """Return hits as the reader sees them, with the words that were found marked where ``found`` is given."""
    things = [NamedNode(hit.fit.entry.thing) for hit in hits]
    presenter = Presenter(language(), state().names(things), href)
    return [_result(found, hit, presenter.name(hit.fit.entry.thing)) for hit in hits]


def _result(found: Found | None, hit: Hit, name: Text) -> Result:
    entry = hit.fit.entry
    by = Text(entry.text, entry.language) if entry.text != name.value else None
    return Result(
        iri=entry.thing,
        kind=entry.kind,
        href=href(entry.thing),
        name=name,
        pieces=highlight(name.value, found.question) if found else [(name.value, False)],
        by=by,
        by_pieces=highlight(by.value, found.question) if found and by else (),
        score=hit.score,
    )


def as_json(result: Result) -> dict[str, Any]:
    """Return a result as a program reads it; ``highlighted`` is the name it was found by, in pieces."""
    by, pieces = (result.by, result.by_pieces) if result.by else (result.name, result.pieces)
    return {
        "iri": result.iri,
        "kind": result.kind,
        "name": result.name.value,
        "language": result.name.language,
        "by": by.value,
        "byLanguage": by.language,
        "highlighted": [{"text": text, "match": match} for text, match in pieces],
        "score": result.score,
    }


def answer(document: Mapping[str, Any]) -> Response:
    """Return a JSON document in the reader's language."""
    response = Response(json.dumps(document, ensure_ascii=False) + "\n", mimetype=JSON.media_type)
    response.headers["Content-Language"] = language()
    return response
