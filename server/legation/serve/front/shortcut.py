"""The short way of a point query: answered in the server's loop, without the application or a worker.

The answer is the same to the letter as the one that the application gives.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from granian.rsgi import Scope
from werkzeug.utils import get_content_type

from legation.serve.engine import Engine
from legation.serve.front.answers import Remembering
from legation.serve.front.gateway import Reply
from legation.serve.query.sparql import ACCEPTED, RESULTS
from legation.serve.query.versions import announcing
from legation.serve.query.workers import Request
from legation.serve.web import caching
from legation.serve.web.formats import HTML
from legation.serve.web.negotiation import Offer, choose

PATH: Final = "/sparql"
LONGEST: Final = 4096
"""Characters of a query string that is looked at."""

DECIDING: Final = frozenset({"if-none-match", "content-encoding"})
"""Request headers that only the application heeds."""


class Shortcut:
    """Answers point queries from one release."""

    def __init__(self, engine: Engine, edition: str) -> None:
        """Ask ``engine``; ``edition`` stands for release, program and limits in validators."""
        self._engine = engine
        self._edition = edition
        self._offer = Remembering(_by_header)

    def reply(self, scope: Scope, headers: Mapping[str, str], note: dict[str, str]) -> Reply | None:
        """Return the answer to a GET of a point query, ``None`` to anything else; ``note`` is for the log."""
        if scope.path != PATH or scope.method != "GET" or len(scope.query_string) > LONGEST:
            return None
        if not DECIDING.isdisjoint(headers):
            return None
        fields = _fields(scope.query_string)
        if "query" not in fields or not fields.keys() <= {"query", "format"}:
            return None
        offer = self._chosen(fields, headers)
        answer = None if offer is None else self._engine.at_once(Request(fields["query"], offer.name))
        if offer is None or answer is None:
            return None
        note["query"] = fields["query"]
        etag = caching.validator(self._edition, PATH, fields.items(), offer.media_type)
        kind = get_content_type(announcing(offer.media_type, answer.version), "utf-8")
        varying = [] if "format" in fields else [("vary", "Accept")]
        return Reply(200, [("content-type", kind), ("etag", f'"{etag}"'), *ALWAYS, *varying], answer.body)

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


def _by_header(accept: str) -> Offer | None:
    return choose(RESULTS, accept)


def _fields(query_string: str) -> dict[str, str]:
    """Return the fields of an address; none where one comes twice or is not UTF-8."""
    try:
        pairs = parse_qsl(query_string, keep_blank_values=True, errors="strict")
    except ValueError:
        return {}
    fields = dict(pairs)
    return fields if len(fields) == len(pairs) else {}
