"""The short way of a thing: where its IRI leads, and its data where that is little, without the application.

The answer is the same, letter by letter, as the one of the application, and is made in the server's loop.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from granian.rsgi import Scope
from pyoxigraph import NamedNode
from werkzeug.utils import get_content_type

from legation.namespaces import ID, KINDS
from legation.serve.front.answers import Remembering
from legation.serve.front.gateway import Headers, Reply
from legation.serve.resources.brief import brief
from legation.serve.resources.things import DATA_OFFERS, LEADING, stem_and_suffix
from legation.serve.state import State
from legation.serve.web import caching
from legation.serve.web.formats import HTML, write_sorted
from legation.serve.web.negotiation import Offer, choose

PATH: Final = re.compile(rf"/(id|data)/({'|'.join(KINDS)})/([A-Za-z0-9._-]+)")
"""The addresses that are answered here: of slugs that are spelled in an address as they are."""

QUICK: Final = frozenset({"ttl", "nt", "rdf"})
"""The formats that are written in no time."""

SMALL: Final = 40
"""Statements that point at a thing whose data is made in the loop."""

DECIDING: Final = frozenset({"if-none-match", "content-encoding"})
"""Request headers that only the application heeds."""

ALWAYS: Final = (
    *((name.lower(), value) for name, value in (*caching.SAFETY, *caching.CORS)),
    ("cache-control", caching.MOVING),
)
"""Headers of each answer."""


class Dereference:
    """Answers for the things of one release."""

    def __init__(self, state: State) -> None:
        """Read what ``state`` reads, the directory by a connection that no other thread holds up."""
        self._engine = state.engine
        self._directory = state.directory.opened_again()
        self._edition = state.edition
        self._leading = Remembering(lambda accept: choose(LEADING, accept))
        self._offer = Remembering(lambda accept: choose(DATA_OFFERS, accept))

    def reply(self, scope: Scope, headers: Mapping[str, str]) -> Reply | None:
        """Return the answer to a GET, ``None`` where the application is to give it."""
        if scope.query_string or not DECIDING.isdisjoint(headers):
            return None
        found = PATH.fullmatch(scope.path)
        if found is None:
            return None
        step, kind, slug = found.groups()
        accept = headers.get("accept", "")
        if step == "id":
            return self._lead(kind, slug, self._leading(accept))
        stem, suffix = stem_and_suffix(slug)
        if suffix is None:
            return self._tell(scope.path, kind, stem, self._offer(accept), [VARYING])
        return self._tell(scope.path, kind, stem, choose(DATA_OFFERS, None, suffix), [])

    def _lead(self, kind: str, slug: str, offer: Offer | None) -> Reply | None:
        """Return the redirect to the page or the data of a thing."""
        if offer is None or not self._directory.stands(f"{ID}{kind}/{slug}"):
            return None
        where = "page" if offer is HTML else "data"
        location = ("location", f"/{where}/{kind}/{slug}")
        return Reply(303, [location, ("content-type", caching.PAGE), *ALWAYS, VARYING])

    def _tell(self, path: str, kind: str, slug: str, offer: Offer | None, varying: Headers) -> Reply | None:
        """Return the data of a thing."""
        iri = f"{ID}{kind}/{slug}"
        if offer is None or offer.name not in QUICK or not self._directory.stands(iri):
            return None
        triples = brief(self._engine, self._directory, NamedNode(iri), SMALL)
        if triples is None:
            return None
        fields = [
            ("content-type", get_content_type(offer.media_type, "utf-8")),
            ("etag", f'"{caching.validator(self._edition, path, (), offer.media_type)}"'),
            ("link", f'<{iri}>; rel="describes"'),
        ]
        return Reply(200, [*fields, *ALWAYS, *varying], write_sorted(triples, offer.name))


VARYING: Final = ("vary", "Accept")
