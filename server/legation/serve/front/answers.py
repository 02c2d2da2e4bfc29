"""Whole answers, kept in memory in front of the application, for as long as their release is served.

Nothing but a new release invalidates one, and that begins with an empty ``Answers`` of its own. All of this
runs in the server's loop thread, so there is no lock.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from operator import itemgetter
from typing import Final, Generic, TypeVar

from legation.serve.front.coding import plain_tags
from legation.serve.front.fields import read_fields
from legation.serve.front.gateway import Headers, Reply
from legation.serve.web.caching import FOR_EVER, MOVING

NEGOTIATED: Final = ("accept", "accept-language")
"""Request headers that an answer may depend on, beside ``Accept-Encoding``, which is in every key."""

KEPT_STATUS: Final = frozenset({200, 301, 303})
REVALIDATING: Final = ("etag", "cache-control", "content-location", "vary")
"""Headers that a 304 repeats (RFC 9110 §15.4.5), besides those for scripts of other sites."""

CORS: Final = "access-control-"

VARIANTS: Final = 32
"""Answers kept of one address, so that strange headers cannot drive out all other addresses."""

OVERHEAD: Final = 1024
"""Bytes that an answer takes beside its body, its headers and its key, by a generous estimate."""

SHARE: Final = 16
"""No answer may fill more than this part of the memory."""

REMEMBERED: Final = 1024
"""Spellings of queries and of headers whose canonical form is remembered."""

LATELY: Final = 65536
"""Requests that are remembered for having been asked at all."""

LONGEST: Final = 2048
"""Characters of a spelling that is remembered; a longer one is worked out each time."""

_AROUND: Final = re.compile(r"\s*([,;])\s*")

Result = TypeVar("Result")

Canonical = tuple[tuple[str, ...], ...]
"""Fields of an address, or one text that has none."""

Url = tuple[str, str, Canonical]
"""Authority, path and canonical query: the authority because the endpoint's description repeats it."""

Exact = tuple[str, ...]
"""A request letter by letter: everything that a key is made from."""

Asked = Mapping[str, str]
"""Request headers, by name in lower case."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One whole answer: what is sent again, and what the log says of it."""

    status: int
    headers: Headers
    body: bytes
    etag: str
    """Its entity-tag, or nothing where it has none."""
    when_known: Headers
    """The headers of the 304 for a client that has it."""
    note: dict[str, str]

    @classmethod
    def of(cls, reply: Reply, note: dict[str, str]) -> Kept:
        """Return what is kept of a whole reply."""
        headers = reply.without("content-length")
        again = [
            pair for pair in headers if pair[0].lower() in REVALIDATING or pair[0].lower().startswith(CORS)
        ]
        return cls(reply.status, headers, reply.body, reply.header("etag") or "", again, note)

    def is_known(self, tags: str) -> bool:
        """Tell whether an ``If-None-Match`` names this answer, in whichever coding."""
        return self.etag != "" and (tags.strip() == "*" or plain_tags(self.etag) in plain_tags(tags))

    def size(self) -> int:
        """Return how many bytes it takes."""
        texts = sum(len(name) + len(value) for name, value in self.headers)
        return len(self.body) + texts + sum(map(len, self.note.values())) + OVERHEAD


@dataclass(slots=True)
class _Address:
    """The answers of one address: which headers they depend on, and one for each set of their values."""

    depends_on: tuple[str, ...] = ()
    kept: dict[tuple[str, ...], Kept] = field(default_factory=dict)
    size: int = 0


class Remembering(Generic[Result]):
    """A pure function of a text that remembers its last results for texts that are not too long."""

    def __init__(self, work: Callable[[str], Result]) -> None:
        """Take the function."""
        self._work = work
        self._remembered = lru_cache(REMEMBERED)(work)

    def __call__(self, text: str) -> Result:
        """Return the function's result for ``text``."""
        return self._remembered(text) if len(text) <= LONGEST else self._work(text)


class Answers:
    """A cache of whole answers, bounded by bytes; the address that was used longest ago goes first."""

    def __init__(self, limit: int) -> None:
        """Keep at most ``limit`` bytes; 0 keeps nothing."""
        self.limit = limit
        self.size = 0
        self.hits = 0
        self.misses = 0
        self._addresses: OrderedDict[Url, _Address] = OrderedDict()
        self._exact: dict[Exact, tuple[Url, Kept]] = {}
        self._lately: set[int] = set()
        self._canonical = Remembering(canonical_query)
        self._said = Remembering(canonical_header)

    def __len__(self) -> int:
        """Return how many answers are kept."""
        return sum(len(address.kept) for address in self._addresses.values())

    @property
    def most(self) -> int:
        """The bytes of the largest body that is kept."""
        return self.limit // SHARE

    def url(self, authority: str, path: str, query: str) -> Url:
        """Return the key of an address."""
        return authority, path, self._canonical(query) if query else ()

    def recall(self, exact: Exact) -> Kept | None:
        """Return the answer to a request that was asked before in just these letters: the short way."""
        found = self._exact.get(exact)
        if found is None:
            return None
        self.hits += 1
        self._addresses.move_to_end(found[0])
        return found[1]

    def is_again(self, exact: Exact) -> bool:
        """Tell whether a request was asked lately in just these letters, and note that it is asked now."""
        number = hash(exact)
        if number in self._lately:
            return True
        if len(self._lately) >= LATELY:
            self._lately.clear()
        self._lately.add(number)
        return False

    def find(self, url: Url, asked: Asked, coding: str, exact: Exact) -> Kept | None:
        """Return the answer to a request in a content coding, where it is kept."""
        address = self._addresses.get(url)
        if address is not None:
            kept = address.kept.get(self._key(address.depends_on, asked, coding))
            if kept is not None:
                self.hits += 1
                self._addresses.move_to_end(url)
                self._remember(exact, url, kept)
                return kept
        self.misses += 1
        return None

    def keep(self, url: Url, asked: Asked, coding: str, reply: Reply, note: dict[str, str]) -> None:
        """Keep a whole reply in a content coding, for requests like the one it was made for."""
        vary, kept = reply.vary, Kept.of(reply, note)
        size = kept.size() + _length(url)
        if size > self.most or not vary <= {*NEGOTIATED, "accept-encoding"}:
            return
        address = self._addresses.setdefault(url, _Address())
        depends_on = tuple(name for name in NEGOTIATED if name in vary or name in address.depends_on)
        if depends_on != address.depends_on or len(address.kept) >= VARIANTS:
            self._forget(url)
            address = self._addresses.setdefault(url, _Address(depends_on))
        key = self._key(depends_on, asked, coding)
        replaced = address.kept.pop(key, None)
        if replaced is not None:
            self._exact.clear()
        change = size - (replaced.size() + _length(url) if replaced is not None else 0)
        address.kept[key] = kept
        address.size += change
        self.size += change
        self._addresses.move_to_end(url)
        while self.size > self.limit:
            self._forget(next(iter(self._addresses)))

    def _forget(self, url: Url) -> None:
        self.size -= self._addresses.pop(url).size
        self._exact.clear()

    def _remember(self, exact: Exact, url: Url, kept: Kept) -> None:
        if len(self._exact) >= REMEMBERED:
            self._exact.clear()
        if sum(map(len, exact)) <= LONGEST:
            self._exact[exact] = (url, kept)

    def _key(self, names: tuple[str, ...], asked: Asked, coding: str) -> tuple[str, ...]:
        if not names:
            return (coding,)
        return (coding, *[self._said(asked.get(name, "")) for name in names])


def _length(url: Url) -> int:
    """Return how many characters a key holds."""
    return len(url[0]) + len(url[1]) + sum(sum(map(len, one)) for one in url[2])


def may_be_kept(reply: Reply) -> bool:
    """Tell whether a reply to a whole GET may be sent again to whoever asks the same.

    Not one that varies by coding before we have coded anything: the choice was the handler's and not ours.
    """
    stored = reply.status in KEPT_STATUS and reply.parts is None and "accept-encoding" not in reply.vary
    return stored and reply.header("cache-control") in (MOVING, FOR_EVER)


def canonical_query(query: str) -> Canonical:
    """Return the same for all the query strings that carry the same fields, in whichever order.

    Fields of the same name stay in theirs, because it may matter which is the first. A string that is not
    UTF-8 stays as it is: handlers decide what it means.
    """
    try:
        return tuple(sorted(read_fields(query), key=itemgetter(0)))
    except ValueError:
        return ((query,),)


def canonical_header(value: str) -> str:
    """Return one spelling of the headers that negotiation cannot tell apart, by case and by space."""
    return value if '"' in value else _AROUND.sub(r"\1", value.strip().lower())
