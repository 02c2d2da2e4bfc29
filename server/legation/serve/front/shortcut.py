"""The short way of a query: answered in the server's loop, without the application.

A point query needs no worker either. The answer is the same, letter by letter, as the one of the application.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from granian.rsgi import Scope
from werkzeug.utils import get_content_type

from legation.serve.engine import Engine
from legation.serve.front.answers import REMEMBERED, Remembering
from legation.serve.front.fields import read_fields
from legation.serve.front.gateway import Reply
from legation.serve.query import gate
from legation.serve.query.sparql import ACCEPTED, RESULTS
from legation.serve.query.versions import announcing
from legation.serve.query.workers import Answer, Request
from legation.serve.web import caching
from legation.serve.web.formats import HTML
from legation.serve.web.negotiation import Offer, choose

PATH: Final = "/sparql"
LONGEST: Final = 4096
"""Characters of a query string that is looked at."""

IRI: Final = re.compile(r"<[^<>\"'{}|^`\x00-\x20]*>")
SIGNS: Final = ("\\", "service", "now", "rand", "uuid", "bnode")
"""Without any of them, a query calls nothing and its answer lasts (``gate.check``)."""

BY_ROWS: Final = frozenset({"SELECT", "ASK"})
DECIDING: Final = frozenset({"if-none-match", "content-encoding"})
"""Request headers that only the application heeds."""


@dataclass(frozen=True)
class Question:
    """A query by GET whose answer is no page: its fields, and the format to answer in."""

    fields: Mapping[str, str]
    offer: Offer
    request: Request
    """What the engine is asked."""

    def is_for_worker(self) -> bool:
        """Tell whether a worker may have it as it stands: rows or a truth that last, and no call elsewhere.

        So much can nearly always be told at a glance; where it cannot, the application looks at the tokens.
        """
        query = self.request.query
        lower = query.lower()
        if not query.isascii() or any(sign in lower for sign in SIGNS):
            return False
        return _form_of(IRI.sub("<>", query)) in BY_ROWS


class Shortcut:
    """Answers queries from one release."""

    def __init__(self, engine: Engine, edition: str) -> None:
        """Ask ``engine``; ``edition`` stands for release, program and limits in validators."""
        self.engine = engine
        self._edition = edition
        self._offer = Remembering(_by_header)

    def question(self, scope: Scope, headers: Mapping[str, str]) -> Question | None:
        """Return the query that a request carries, ``None`` where it is one that the application answers."""
        if scope.path != PATH or scope.method != "GET" or len(scope.query_string) > LONGEST:
            return None
        if not DECIDING.isdisjoint(headers):
            return None
        fields = _fields(scope.query_string)
        if "query" not in fields or not fields.keys() <= {"query", "format"}:
            return None
        offer = self._chosen(fields, headers)
        return None if offer is None else Question(fields, offer, Request(fields["query"], offer.name))

    def at_once(self, question: Question) -> Answer | None:
        """Return the answer to a point query, ``None`` to any other."""
        return self.engine.at_once(question.request)

    def reply(self, question: Question, answer: Answer) -> Reply:
        """Return an answer as it is sent."""
        fields, offer = question.fields, question.offer
        etag = caching.validator(self._edition, PATH, fields.items(), offer.media_type)
        head = _head(offer.media_type, answer.version, by_header="format" not in fields)
        return Reply(200, [*head, ("etag", f'"{etag}"')], answer.body)

    def _chosen(self, fields: Mapping[str, str], headers: Mapping[str, str]) -> Offer | None:
        """Return the format to answer in, where it is not a page."""
        if "format" in fields:
            offer = choose(RESULTS, None, fields["format"])
        else:
            offer = self._offer(headers.get("accept", ""))
        return None if offer is HTML else offer


ALWAYS: Final = (
    ("accept-query", ACCEPTED),
    *((name.lower(), value) for name, value in (*caching.SAFETY, *caching.CORS)),
    ("cache-control", caching.MOVING),
)
"""Headers of each answer to a query."""


@lru_cache(REMEMBERED)
def _head(media_type: str, version: str, *, by_header: bool) -> tuple[tuple[str, str], ...]:
    """Return the headers that all answers in a format have, chosen ``by_header`` or by a field."""
    kind = get_content_type(announcing(media_type, version), "utf-8")
    varying = [("vary", "Accept")] if by_header else []
    return (("content-type", kind), *ALWAYS, *varying)


@lru_cache(REMEMBERED)
def _form_of(shape: str) -> str:
    """Return the form of the queries of this shape: their text less what stands in IRIs."""
    try:
        return gate.check(shape).form
    except gate.ForbiddenError:
        return ""


def _by_header(accept: str) -> Offer | None:
    return choose(RESULTS, accept)


def _fields(query_string: str) -> dict[str, str]:
    """Return the fields of an address; none where one comes twice or is not UTF-8."""
    try:
        pairs = read_fields(query_string)
    except ValueError:
        return {}
    fields = dict(pairs)
    return fields if len(fields) == len(pairs) else {}
