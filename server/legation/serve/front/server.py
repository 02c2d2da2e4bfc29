"""The server's side of every request (RSGI): answers that are kept, and the application for all others.

All of it runs in the server's loop thread, but for the application, which has a thread for each request.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final

from granian.rsgi import HTTPProtocol, ProtocolClosed, Scope  # type: ignore[attr-defined]

from legation.serve.editions import Edition, Editions
from legation.serve.front.answers import Exact, Kept, Remembering, Url, may_be_kept
from legation.serve.front.client import CLIENT, Client
from legation.serve.front.coding import IDENTITY, Wanted, choose_coding, encode, plain_tags, tag_known
from legation.serve.front.gateway import Headers, Reply, call, environment, headers_of
from legation.serve.front.logs import NOTE, NUMBER, Entry, Log
from legation.serve.front.metrics import MEDIA_TYPE, Metrics, may_see
from legation.serve.front.metrics import PATH as METRICS
from legation.serve.front.shortcut import Question
from legation.serve.front.soon import NOTHING, answer_soon
from legation.serve.front.totals import total
from legation.serve.member import Member
from legation.serve.query.admission import Visit
from legation.serve.query.workers import BEGUN, Answer, Begun
from legation.serve.settings import Settings
from legation.serve.web import caching
from legation.serve.web.problems import PROBLEM, PROBLEM_JSON, ProblemError, as_json

READ: Final = frozenset({"GET", "HEAD"})
VALIDATE: Final = "/validate"
"""The address that takes documents, which may be longer than queries."""

BODILESS: Final = frozenset({*READ, "OPTIONS"})
PARTIAL: Final = frozenset({"range", "if-match", "if-modified-since", "if-unmodified-since"})
"""Request headers that only the application heeds: with one of them, nothing is kept or taken from memory."""

TELLING: Final = ("host", "accept", "accept-language", "accept-encoding")
"""Request headers that decide which answer is sent from memory."""

PLAIN: Final = Wanted(IDENTITY, plain=True)
OK: Final = 200
GONE: Final = 499
"""What log and metrics say of a request whose client hung up before its body was whole (as nginx does)."""

NOT_MODIFIED: Final = 304
ANSWERED: Final = "answered"
KNOWN: Final = "known"
"""Outcomes of a query that was no problem: its answer was sent, or the client had it."""

TAGS: Final = "legation.tags"
"""Where the WSGI environment holds the entity-tags that the client knows, as it sent them."""

SMALLEST: Final = 64 * 1024
"""Bytes up to which an answer is whole in any case, before it goes out in parts."""

WAITING: Final = 256
"""Requests that may wait for a thread beside those that have one."""

HIT: Final = "hit"
MISS: Final = "miss"
BESIDE: Final = "beside"
"""What memory had to do with an answer: it was there, it was not, or it was not looked for."""


@dataclass(slots=True)
class Exchange:
    """One request under way, and what becomes of it."""

    scope: Scope
    protocol: HTTPProtocol
    headers: Mapping[str, str]
    wanted: Wanted
    number: str
    """What the log calls it, and an answer that tells of a fault of ours."""
    url: Url | None = None
    """Its key in the answers, where its answer may be kept."""
    cache: str = BESIDE
    """What memory has to do with the answer."""
    began: float = field(default_factory=time.perf_counter)
    note: dict[str, str] = field(default_factory=dict)
    """What handlers tell the log."""
    begun: Begun | None = None
    """The query that it asks, where a worker has that already."""

    def end_query(self) -> None:
        """End the query that has begun, unless the application has gone on with it."""
        if self.begun is not None:
            self.begun.close()


class Front:
    """The RSGI application."""

    def __init__(self, editions: Editions, settings: Settings, member: Member) -> None:
        """Answer from ``editions`` as one of the server's processes, within the limits of ``settings``."""
        self._editions = editions
        self._settings = settings
        self._member = member
        self._threads = ThreadPoolExecutor(settings.threads, "request")
        self._coding = Remembering(choose_coding)
        self._under_way = 0
        self._clients: set[Client] = set()
        self._start = f"{time.time_ns() // 1_000_000:x}{member.index or ''}"
        self._numbers = itertools.count(1)
        self._metrics = Metrics(editions)
        self._log = Log(settings.log, addresses=settings.log_addresses == "yes")

    async def __rsgi__(self, scope: Scope, protocol: HTTPProtocol) -> None:
        """Answer one request: at once where just this was asked before."""
        if self._member.holding:
            await self._member.until_changed()
        headers = headers_of(scope)
        if scope.method not in READ or not PARTIAL.isdisjoint(headers):
            await self._consider(scope, protocol, headers, None)
            return
        exact = (scope.path, scope.query_string, *[headers.get(name, "") for name in TELLING])
        kept = self._editions.current.answers.recall(exact)
        if kept is None:
            await self._consider(scope, protocol, headers, exact)
        else:
            self._repeat(scope, protocol, headers, kept)

    async def _consider(
        self, scope: Scope, protocol: HTTPProtocol, headers: Mapping[str, str], exact: Exact | None
    ) -> None:
        """Find out what a request asks for, and have it answered."""
        wanted = self._coding(headers.get("accept-encoding", ""))
        exchange = self._exchange(scope, protocol, headers, wanted or PLAIN)
        if wanted is None:
            await self._work(exchange, _no_coding())
        elif scope.path == METRICS:
            await self._tell_metrics(exchange)
        elif exact is None:
            await self._work(exchange)
        else:
            await self._read(exchange, exact)

    async def _read(self, exchange: Exchange, exact: Exact) -> None:
        """Answer a GET: a query in the loop where that can be, all else from memory or by the application.

        The answer to a point query is kept when it is asked for again.
        """
        edition, scope, headers = self._editions.current, exchange.scope, exchange.headers
        answers, again = edition.answers, edition.answers.is_again(exact)
        question = edition.shortcut.question(scope, headers)
        if question is not None and not again and await self._at_once(exchange, question):
            return
        url = answers.url(headers.get("host", ""), scope.path, scope.query_string)
        kept = answers.find(url, headers, exchange.wanted.key, exact)
        if kept is not None:
            self._repeat(scope, exchange.protocol, headers, kept)
            return
        exchange.url, exchange.cache = url, MISS
        if (reply := edition.things.reply(scope, headers)) is not None:
            await self._answer_here(edition, exchange, reply)
            return
        if question is None or again or not await self._soon(exchange, question):
            await self._work(exchange)

    async def _at_once(self, exchange: Exchange, question: Question) -> bool:
        """Answer a point query here; tell whether it was one.

        The loop runs what else is ready before and after: so requests that have come together are read one
        after another, then the engine is asked for all of them, then all are answered. Each of these keeps
        the processor's caches busy; taking turns with every request costs the engine half as much again.
        """
        with self._editions.lease() as edition:
            await asyncio.sleep(0)
            answer = edition.shortcut.at_once(question)
            if answer is None:
                return False
            await asyncio.sleep(0)
            edition.answers.misses += 1
            exchange.cache = MISS
            await self._answer_query(edition, exchange, question, answer)
            return True

    async def _soon(self, exchange: Exchange, question: Question) -> bool:
        """Have a worker answer a query in a moment; tell whether the request has been seen to.

        One that takes longer goes the long way, and its worker with it.
        """
        if not question.is_for_worker():
            return False
        visit = Visit(Client(), self._counted_for(exchange))
        with self._editions.lease() as edition:
            outcome = await answer_soon(edition.shortcut.engine, question.request, visit)
            if outcome.answer is not None:
                await self._answer_query(edition, exchange, question, outcome.answer)
            elif outcome.begun is not None:
                exchange.begun = outcome.begun
                await self._work(exchange)
            return outcome != NOTHING

    async def _answer_query(
        self, edition: Edition, exchange: Exchange, question: Question, answer: Answer
    ) -> None:
        """Send the answer to a query that the application has not seen; one with a key is kept."""
        exchange.note["query"] = question.request.query
        await self._answer_here(edition, exchange, edition.shortcut.reply(question, answer))

    async def _answer_here(self, edition: Edition, exchange: Exchange, reply: Reply) -> None:
        """Send an answer that the application has not made; one with a key is kept."""
        coded = encode(reply, exchange.wanted)
        if exchange.url is not None:
            coding = exchange.wanted.key
            edition.answers.keep(exchange.url, exchange.headers, coding, coded, exchange.note)
        self._done(exchange, coded.status, await self._send(exchange, coded))

    def _counted_for(self, exchange: Exchange) -> str:
        """Return the address that a query counts for, as the application does."""
        header = self._settings.client_header.lower()
        named = exchange.headers.get(header, "").rpartition(",")[2].strip() if header else ""
        return named or exchange.scope.client.rpartition(":")[0]

    def counted(self) -> bytes:
        """Return what this process has counted, as Prometheus reads it."""
        return self._metrics.text()

    def give_up(self) -> None:
        """Treat every client as one that has hung up: the time for requests under way is over."""
        for client in tuple(self._clients):
            client.leave()

    def close(self) -> None:
        """Take no more work; what is under way is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._log.close()

    def _exchange(
        self, scope: Scope, protocol: HTTPProtocol, headers: Mapping[str, str], wanted: Wanted
    ) -> Exchange:
        return Exchange(scope, protocol, headers, wanted, f"{self._start}-{next(self._numbers)}")

    def _repeat(self, scope: Scope, protocol: HTTPProtocol, headers: Mapping[str, str], kept: Kept) -> None:
        """Send an answer from memory, or say that the client has it."""
        tags = headers.get("if-none-match")
        status = NOT_MODIFIED if tags is not None and kept.is_known(tags) else kept.status
        size = 0
        if status == NOT_MODIFIED:
            protocol.response_empty(status, kept.when_known)
        elif scope.method == "HEAD":
            protocol.response_empty(status, [*kept.headers, ("Content-Length", str(len(kept.body)))])
        else:
            protocol.response_bytes(status, kept.headers, kept.body)
            size = len(kept.body)
        self._metrics.count(status, HIT)
        if self._log.enabled:
            exchange = self._exchange(scope, protocol, headers, PLAIN)
            self._tell(replace(exchange, note=kept.note), status, size, HIT)

    async def _tell_metrics(self, exchange: Exchange) -> None:
        """Answer for the server and not for a release."""
        if exchange.scope.method not in READ or not may_see(
            exchange.scope, exchange.headers, self._settings.metrics
        ):
            await self._work(exchange, ProblemError("not-found", "The metrics are not shown to you here."))
            return
        headers = [("Content-Type", MEDIA_TYPE), ("Cache-Control", "no-store")]
        counted = [self.counted(), *await self._member.ask_others()]
        await self._send(exchange, Reply(OK, headers, total(counted)))
        self._metrics.count(OK, BESIDE)

    async def _work(self, exchange: Exchange, problem: ProblemError | None = None) -> None:
        """Have the application answer, in a thread, and send what it says."""
        body, refusal = await self._body(exchange)  # before it takes one of the places: it may be slow
        if refusal is None and _is_cut(exchange, body):
            self._done(exchange, GONE, 0)
            return
        if self._under_way >= self._settings.threads + WAITING:
            exchange.end_query()
            self._done(exchange, _send_busy(exchange), 0)
            return
        self._under_way += 1
        try:
            with self._editions.lease() as edition:
                reply, lasting = await self._reply(edition, exchange, body, problem or refusal)
                if lasting and exchange.url is not None:
                    coding = exchange.wanted.key
                    edition.answers.keep(exchange.url, exchange.headers, coding, reply, exchange.note)
                size = await self._send(exchange, reply)
            self._done(exchange, reply.status, size)
        finally:
            self._under_way -= 1
            exchange.end_query()

    def _done(self, exchange: Exchange, status: int, size: int) -> None:
        """Count a request that memory did not answer, and have it logged."""
        note = exchange.note
        outcome = (
            note.get("outcome", KNOWN if status == NOT_MODIFIED else ANSWERED) if "query" in note else None
        )
        self._metrics.count(status, exchange.cache)
        self._metrics.time(time.perf_counter() - exchange.began, outcome)
        if self._log.enabled:
            self._tell(exchange, status, size, exchange.cache)

    def _tell(self, exchange: Exchange, status: int, size: int, cache: str) -> None:
        scope, took = exchange.scope, time.perf_counter() - exchange.began
        client = scope.client.rpartition(":")[0]
        self._log.add(
            Entry(
                time.time(),
                exchange.number,
                client,
                scope.method,
                scope.path,
                status,
                size,
                took,
                cache,
                exchange.note,
            )
        )

    async def _body(self, exchange: Exchange) -> tuple[bytes, ProblemError | None]:
        """Return the request's body, or what is wrong with it: it may be too long, and too slow."""
        asked = self._settings
        limit = asked.document_limit if exchange.scope.path.endswith(VALIDATE) else asked.query_limit
        if exchange.scope.method in BODILESS:
            return b"", None
        received = bytearray()
        try:
            async with asyncio.timeout(self._settings.body_time):
                async for chunk in exchange.protocol:
                    received += chunk
                    if len(received) > limit:
                        return b"", _too_large(limit)
        except TimeoutError:
            return b"", _too_slow(self._settings.body_time)
        return bytes(received), None

    async def _reply(
        self, edition: Edition, exchange: Exchange, body: bytes, problem: ProblemError | None
    ) -> tuple[Reply, bool]:
        begun = exchange.begun
        client = Client() if begun is None else begun.visit.client
        self._clients.add(client)
        extra = {CLIENT: client, PROBLEM: problem, NOTE: exchange.note, NUMBER: exchange.number, BEGUN: begun}
        environ = _environment(exchange, body, extra)
        loop = asyncio.get_running_loop()
        try:
            with _watching(exchange.protocol, client):
                return await loop.run_in_executor(self._threads, _answer, edition, environ, exchange.wanted)
        finally:
            self._clients.discard(client)

    async def _send(self, exchange: Exchange, reply: Reply) -> int:
        """Send a reply and return the bytes sent of its body; a client that has gone gets nothing."""
        protocol, headers = exchange.protocol, reply.headers
        try:
            if exchange.scope.method == "HEAD" or reply.status == NOT_MODIFIED:
                protocol.response_empty(reply.status, _sized(reply))
            elif reply.parts is None:
                protocol.response_bytes(reply.status, headers, reply.body)
                return len(reply.body)
            else:
                return await self._stream(exchange, reply, reply.parts)
        except ProtocolClosed:
            pass
        finally:
            reply.close()
        return 0

    async def _stream(self, exchange: Exchange, reply: Reply, parts: Iterator[bytes]) -> int:
        loop, sent = asyncio.get_running_loop(), 0
        transport = exchange.protocol.response_stream(reply.status, reply.headers)
        while part := await loop.run_in_executor(self._threads, next, parts, b""):
            await transport.send_bytes(part)
            sent += len(part)
        return sent


def _is_cut(exchange: Exchange, body: bytes) -> bool:
    """Tell whether a body is shorter than announced: its client has hung up, and waits for nothing."""
    announced = exchange.headers.get("content-length", "0")
    return exchange.scope.method not in BODILESS and len(body) < int(announced)


def _sized(reply: Reply) -> Headers:
    """Return the headers for an answer without its body: they tell its size all the same."""
    if reply.status == NOT_MODIFIED or reply.parts is not None:
        return reply.headers
    return [*reply.without("content-length"), ("Content-Length", str(len(reply.body)))]


def _environment(exchange: Exchange, body: bytes, extra: dict[str, Any]) -> dict[str, Any]:
    """Return the WSGI environment: HEAD is asked as GET, so that its answer can be kept."""
    scope = exchange.scope
    method = "GET" if scope.method == "HEAD" else scope.method
    environ = environment(scope, exchange.headers, method, body, extra)
    if (tags := environ.get("HTTP_IF_NONE_MATCH")) is not None:
        environ |= {TAGS: tags, "HTTP_IF_NONE_MATCH": plain_tags(tags)}
    return environ


@contextmanager
def _watching(protocol: HTTPProtocol, client: Client) -> Iterator[None]:
    """Tell ``client`` when it hangs up within the block."""
    gone = asyncio.ensure_future(protocol.client_disconnect())
    gone.add_done_callback(lambda future: None if future.cancelled() else client.leave())
    try:
        yield
    finally:
        gone.cancel()


def _answer(edition: Edition, environ: dict[str, Any], wanted: Wanted) -> tuple[Reply, bool]:
    """Return the application's reply in the coding that is wanted, and whether it may be kept."""
    reply = call(edition.application, environ, max(edition.answers.most, SMALLEST))
    if reply.status == NOT_MODIFIED:
        held = tag_known(reply.header("etag") or "", environ.get(TAGS, ""))
        known = replace(reply, headers=[*reply.without("etag"), ("ETag", held)])
        return known if "accept-encoding" in reply.vary else known.varying("Accept-Encoding"), False
    return encode(reply, wanted), may_be_kept(reply)


def _send_busy(exchange: Exchange) -> int:
    """Refuse a request without a thread, because there is none, and return the status: never a page."""
    problem = ProblemError("too-busy", "Every thread of the server is taken.", headers={"Retry-After": "1"})
    headers = [("Content-Type", PROBLEM_JSON.media_type), ("Cache-Control", "no-store"), ("Retry-After", "1")]
    headers += [*caching.SAFETY, *caching.CORS]
    document = problem.document(exchange.scope.path)
    exchange.protocol.response_str(problem.kind.status, headers, as_json(document))
    return problem.kind.status


def _no_coding() -> ProblemError:
    detail = "Accept-Encoding leaves nothing that this server sends: zstd, gzip, or no coding at all."
    return ProblemError("coding-not-acceptable", detail)


def _too_large(limit: int) -> ProblemError:
    return ProblemError("request-too-large", f"The limit is {limit} bytes.", members={"limit": limit})


def _too_slow(limit: float) -> ProblemError:
    detail = f"The body had not arrived after {limit:g} seconds."
    return ProblemError("too-slow", detail, members={"limit": limit})
