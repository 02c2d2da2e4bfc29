"""Content codings: which one a client takes (RFC 9110 §12.5.3), and the compressing itself."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final, Protocol

import zstandard

from legation.serve.front.gateway import Reply

ZSTD: Final = "zstd"
GZIP: Final = "gzip"
IDENTITY: Final = "identity"
CODINGS: Final = (ZSTD, GZIP, IDENTITY)
"""What is on offer, the best first: it decides where the client does not mind."""

WORTHWHILE: Final = 1024
"""Bytes below which an answer travels as it is: it fits into one packet either way."""

ZSTD_LEVEL: Final = 6
GZIP_LEVEL: Final = 6
GZIP_WINDOW: Final = 31
"""What zlib calls the largest window, in the gzip format."""

UNCODED: Final = frozenset({204, 206, 304})
"""Statuses whose answer has no body, or a part of a plain one."""

LONGEST_HEADER: Final = 1024
_CODED_TAG: Final = re.compile(rf'-(?:{ZSTD}|{GZIP})"')
_MEMBER: Final = re.compile(
    r"\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*(?:;\s*[qQ]\s*=\s*([01](?:\.[0-9]{0,3})?)\s*)?"
)
_TEXTUAL: Final = re.compile(
    r"text/|image/svg\+xml|application/(?:[a-z0-9.-]+\+)?(?:json|xml)\b"
    r"|application/(?:javascript|n-triples|n-quads|trig|sparql-query)\b"
)


class Compressor(Protocol):
    """What zlib and zstandard have in common."""

    def compress(self, data: bytes, /) -> bytes:
        """Take some of the plain bytes, and return what of the coded ones is ready."""
        ...

    def flush(self) -> bytes:
        """Return the rest of the coded bytes."""
        ...


@dataclass(frozen=True)
class Wanted:
    """The coding a client gets; ``plain`` tells whether it would take none, too."""

    coding: str
    plain: bool

    @property
    def key(self) -> str:
        """The name of answers that are made for it: under duress even small ones are coded."""
        return self.coding if self.plain else f"{self.coding}!"


def choose_coding(header: str) -> Wanted | None:
    """Return the coding for an ``Accept-Encoding`` header, or ``None`` where nothing on offer will do.

    Without one (``""``) nothing is coded, though the client would take anything: many that say nothing cannot
    read what they get.
    """
    found = (_MEMBER.fullmatch(member) for member in header[:LONGEST_HEADER].split(","))
    said = {match[1].lower().removeprefix("x-"): float(match[2] or 1) for match in found if match is not None}
    rest = said.get("*", 0.0)
    plain = said.get(IDENTITY, said.get("*", 1.0)) > 0
    quality = {coding: said.get(coding, rest) for coding in (ZSTD, GZIP)}
    quality[IDENTITY] = said.get(IDENTITY, 0.0) if plain else 0.0
    best = max(CODINGS, key=lambda coding: quality[coding])
    if quality[best] > 0:
        return Wanted(best, plain)
    return Wanted(IDENTITY, plain) if plain else None


def is_compressible(media_type: str) -> bool:
    """Tell whether bodies of this type are text."""
    return _TEXTUAL.match(media_type) is not None


def encode(reply: Reply, wanted: Wanted) -> Reply:
    """Return a reply in the coding that is wanted, where that is worth it or the client takes no other.

    One that varies by coding already is a file that has its coded twin: it is sent as it is.
    """
    small = reply.parts is None and len(reply.body) < WORTHWHILE
    nothing = small and (wanted.plain or not reply.body)
    if nothing or reply.status in UNCODED or reply.header("content-encoding") is not None:
        return reply
    settled = "accept-encoding" in reply.vary
    matters = is_compressible(reply.header("content-type") or "") and not small and not settled
    if matters:
        reply = reply.varying("Accept-Encoding")
    if wanted.coding == IDENTITY or not (matters or not wanted.plain):
        return reply
    return _coded(reply, wanted.coding)


def _coded(reply: Reply, coding: str) -> Reply:
    plain = reply.header("etag")
    headers = [*reply.without("content-length", "accept-ranges", "etag"), ("Content-Encoding", coding)]
    if plain is not None:
        headers.append(("ETag", tag_for(plain, coding)))
    if reply.parts is None:
        return replace(reply, headers=headers, body=compress(reply.body, coding))
    return replace(reply, headers=headers, parts=compress_each(reply.parts, coding))


def compress(body: bytes, coding: str) -> bytes:
    """Return a whole body in ``coding``."""
    making = _compressor(coding)
    return making.compress(body) + making.flush()


def compress_each(chunks: Iterable[bytes], coding: str) -> Iterator[bytes]:
    """Yield a body in ``coding`` as it comes."""
    making = _compressor(coding)
    for chunk in chunks:
        if coded := making.compress(chunk):
            yield coded
    yield making.flush()


def _compressor(coding: str) -> Compressor:
    if coding == ZSTD:
        return zstandard.ZstdCompressor(level=ZSTD_LEVEL).compressobj()
    return zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, GZIP_WINDOW)


def tag_for(etag: str, coding: str) -> str:
    """Return the entity-tag in ``coding`` of the answer whose plain form has ``etag`` (both quoted)."""
    return etag if coding == IDENTITY else f'{etag[:-1]}-{coding}"'


def plain_tags(header: str) -> str:
    """Return an ``If-None-Match`` header with the entity-tags of the plain forms, which handlers know."""
    return _CODED_TAG.sub('"', header)


def tag_known(plain: str, header: str) -> str:
    """Return the entity-tag of any form of the answer with ``plain`` that an ``If-None-Match`` names."""
    return next((tag for coding in CODINGS if (tag := tag_for(plain, coding)) in header), plain)
