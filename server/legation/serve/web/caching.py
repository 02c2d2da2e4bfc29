"""What every answer carries: validators, cache rules, CORS and the headers that keep browsers safe."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from itertools import chain
from operator import itemgetter
from typing import Final

from flask import Response, g, request

from legation.serve.state import state

MOVING: Final = "public, no-cache"
"""For addresses whose answer changes with the next release: keep it, but ask before using it."""

FOR_EVER: Final = "public, max-age=31536000, immutable"
"""For addresses that name a version."""

UNSAID: Final = "no-cache"
"""What Flask says of a file for which nothing else was said."""

CHANGING: Final = "public, max-age=0, must-revalidate"
"""For the few whose answer may change while one release is served: not even this server keeps it."""

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

SAFETY: Final = (
    ("Content-Security-Policy", CONTENT_SECURITY_POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "strict-origin-when-cross-origin"),
    ("Cross-Origin-Resource-Policy", "cross-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
)

CORS: Final = (
    ("Access-Control-Allow-Origin", "*"),
    (
        "Access-Control-Expose-Headers",
        "Accept-Query, Content-Location, ETag, Link, Location, Memento-Datetime, Content-Range, "
        "Accept-Ranges, Retry-After, Vary",
    ),
)
PREFLIGHT: Final = (
    ("Access-Control-Allow-Methods", "GET, HEAD, POST, QUERY, OPTIONS"),
    (
        "Access-Control-Allow-Headers",
        "Accept, Accept-Language, Content-Type, If-None-Match, If-Range, Range",
    ),
    ("Access-Control-Max-Age", "86400"),
)

OK: Final = 200
SAFE: Final = frozenset({"GET", "HEAD", "QUERY"})
"""Methods whose answer a client may have already."""

PAGE: Final = "text/html; charset=utf-8"
NOT_TELLING: Final = frozenset({"format", "timeout"})
"""Fields that do not identify an answer: the media type is told apart from them, and time cuts nothing."""

Fields = Iterable[tuple[str, str]]


class KnownError(Exception):
    """The client has the answer already, and says so."""

    def __init__(self, etag: str) -> None:
        """Take the validator that the client named."""
        super().__init__(etag)
        self.etag = etag


def etag_for(media_type: str, language: str = "", fields: Fields | None = None) -> str:
    """Return the strong validator of the answer to the current request in one media type and language.

    It depends on the release, the program and the request, never on the bytes: so it is known before any
    work is done, and the same for as long as the answer is. ``fields`` are those of the address, unless they
    came another way. Content codings add their names (``coding.tag_for``).
    """
    said = request.args.items(multi=True) if fields is None else fields
    return validator(state().edition, request.script_root + request.path, said, media_type, language)


def validator(edition: str, path: str, fields: Fields, media_type: str, language: str = "") -> str:
    """Return the strong validator of what ``edition`` answers at ``path`` (see ``etag_for``)."""
    telling = sorted((pair for pair in fields if pair[0] not in NOT_TELLING), key=itemgetter(0))
    pieces = (edition, path, media_type, language, *chain.from_iterable(telling))
    normalised = "".join([f"{len(piece)}:{piece}" for piece in pieces])
    return hashlib.blake2b(normalised.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def is_fresh(etag: str) -> bool:
    """Tell whether the client already has the answer that ``etag`` names."""
    return request.method in SAFE and request.if_none_match.contains(etag)


def not_modified(etag: str) -> Response:
    """Return the 304 that spares the work of making the answer again."""
    response = Response(status=304)
    response.set_etag(etag)
    return response


def spare(media_type: str, language: str = "") -> None:
    """Raise ``KnownError`` where the client has the answer in this media type and language already."""
    etag = etag_for(media_type, language)
    if is_fresh(etag):
        raise KnownError(etag)


def answer_known(known: KnownError) -> Response:
    """Return the 304 for an answer that the client has."""
    return not_modified(known.etag)


def finish(response: Response) -> Response:
    """Complete any answer on its way out: the one place where these headers are set."""
    for name, value in (*SAFETY, *CORS):
        response.headers.setdefault(name, value)
    response.vary.update(sorted(g.get("vary", ())))
    if request.method == "OPTIONS":
        response.headers.extend(PREFLIGHT)
    if request.method in ("GET", "HEAD"):
        _validate(response)
    return response


def _validate(response: Response) -> None:
    if response.headers.get("Cache-Control", UNSAID) == UNSAID:
        versioned = request.endpoint == "static" and "v" in request.args
        response.headers["Cache-Control"] = FOR_EVER if versioned else MOVING
    if response.status_code != OK or "no-store" in response.headers["Cache-Control"]:
        return
    if "ETag" not in response.headers:
        response.set_etag(etag_for(response.content_type or "", response.headers.get("Content-Language", "")))
        response.make_conditional(request)
