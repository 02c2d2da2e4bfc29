"""A SPARQL 1.1 endpoint over HTTP that the operator has named: one question, one deadline, one whole answer.

The deadline covers everything: connecting, handshake, waiting, and a body however slowly it drips. A question
can be called off from another thread at any time, which closes its connection. An answer counts only when
HTTP says that it has come to its end; a body that ends with its connection may have been cut, and is refused.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import netrc
import os
import queue
import re
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit
from urllib.request import (
    AbstractDigestAuthHandler,
    HTTPPasswordMgrWithDefaultRealm,
    Request,
    parse_http_list,
    parse_keqv_list,
)

USER: Final = "LEGATION_ENGINE_USER"
PASSWORD: Final = "LEGATION_ENGINE_PASSWORD"  # noqa: S105  # the name of a variable
CHUNK: Final = 1 << 16
SAID: Final = 300
"""Characters of an endpoint's own words that are passed on."""

TIMED_OUT: Final = re.compile(r"\btimed[- ]?out\b|\btime-?out\b", re.IGNORECASE)
"""What an endpoint says that has given up a query, and means no fault by its status 500."""

KEPT: Final = 32
"""Connections that are kept for the next question."""

Leaving = Callable[[Callable[[], object]], AbstractContextManager[object]]
"""Has something called when whoever waits for the answer goes, as long as a block lasts."""


class EndpointError(Exception):
    """The endpoint gave no usable answer; the message says why, without its address and credentials."""


class UnreachedError(EndpointError):
    """There was no connection, or the endpoint says that it cannot answer now: another time it may."""


class LateError(EndpointError):
    """The deadline passed before the whole answer was there."""


class RefusedError(EndpointError):
    """The endpoint takes the question for wrong (400)."""


def nobody_leaves(_act: Callable[[], object]) -> AbstractContextManager[None]:
    """Wait as long as it takes."""
    return nullcontext()


@dataclass(frozen=True)
class Credentials:
    """A user and a password. They are never shown."""

    user: str
    password: str = field(repr=False)

    @classmethod
    def found_for(cls, host: str) -> Credentials | None:
        """Return those of the environment, else of the user's ``.netrc``, else none."""
        if user := os.environ.get(USER):
            return cls(user, os.environ.get(PASSWORD, ""))
        try:
            entry = netrc.netrc().authenticators(host)
        except (OSError, netrc.NetrcParseError):
            return None
        return cls(entry[0], entry[2] or "") if entry else None


@dataclass(frozen=True)
class Question:
    """One request. ``target`` replaces the path and query of the endpoint's own address, where given."""

    method: str = "POST"
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    target: str = ""


@dataclass
class _Line:
    """A connection, and a second handle on its socket to end it by from another thread."""

    connection: http.client.HTTPConnection
    handle: socket.socket
    kept: bool = False
    """Whether it has answered before: then the other side may have closed it since."""
    called_off: bool = False

    def hang_up(self) -> None:
        self.called_off = True
        with contextlib.suppress(OSError):
            self.handle.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.connection.close()
        self.handle.close()

    @property
    def ended(self) -> bool:
        """Whether the other side has closed it (or said what nobody asked)."""
        return bool(select.select([self.handle], [], [], 0)[0])


class Endpoint:
    """Where questions are sent. Threads may ask at the same time, each over a connection of its own."""

    def __init__(self, url: str, agent: str) -> None:
        """Take the address of the endpoint; ``ValueError`` where it is none, or names a user."""
        parts = urlsplit(url)
        if "@" in parts.netloc:
            raise ValueError(f"the address of an endpoint names no user: set {USER} and {PASSWORD}")
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.fragment:
            raise ValueError(f"{url!r} is not the address of an endpoint: http(s)://host/path")
        self.url = url
        self.target = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
        self._secure = parts.scheme == "https"
        self._host = parts.hostname
        self._port = parts.port
        self._agent = agent
        self._lines: queue.LifoQueue[_Line] = queue.LifoQueue(KEPT)
        self._credentials = Credentials.found_for(parts.hostname)
        self._challenge: tuple[str, str] | None = None
        known = HTTPPasswordMgrWithDefaultRealm()
        if self._credentials is not None:
            known.add_password(None, self._origin, self._credentials.user, self._credentials.password)
        self._digest = AbstractDigestAuthHandler(known)

    @contextmanager
    def asked(
        self, question: Question, deadline: float, leaving: Leaving = nobody_leaves
    ) -> Iterator[http.client.HTTPResponse]:
        """Send ``question`` and give the head of a good answer (2xx); its body is read by ``pieces``.

        Raises ``EndpointError``. The connection is kept for the next question only where the body was read to
        its end. ``deadline`` is of ``time.monotonic``.
        """
        line = self._line(deadline)
        watchdog = threading.Timer(max(0.0, deadline - time.monotonic()), line.hang_up)
        watchdog.daemon = True
        watchdog.start()
        whole = False
        try:
            with leaving(line.hang_up):
                response = self._sent(line, question, deadline)
                if response.status >= 300:  # noqa: PLR2004
                    self._refuse(response)
                yield response
                whole = response.isclosed() and not response.will_close
        except EndpointError:
            if time.monotonic() >= deadline:
                raise LateError("it gave no whole answer in time") from None
            raise
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise _reason(error, deadline) from None
        finally:
            watchdog.cancel()
            self._give_back(line, fit=whole)

    def close(self) -> None:
        """Close the connections that are kept."""
        while not self._lines.empty():
            self._lines.get_nowait().close()

    def _sent(self, line: _Line, question: Question, deadline: float) -> http.client.HTTPResponse:
        """Send the question; again where the endpoint asks who we are, or had closed a kept connection."""
        try:
            response = self._exchange(line, question, deadline)
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            if not line.kept or line.called_off:
                raise
            line.connection.close()
            response = self._exchange(line, question, deadline)
        challenge = response.headers.get("WWW-Authenticate", "")
        if response.status == http.client.UNAUTHORIZED and self._learn(challenge):
            response.read()
            if response.will_close:
                line.connection.close()
            response = self._exchange(line, question, deadline)
        return response

    def _exchange(self, line: _Line, question: Question, deadline: float) -> http.client.HTTPResponse:
        if line.connection.sock is None:
            _connect(line, deadline)
        target = question.target or self.target
        headers = {
            "User-Agent": self._agent,
            "Accept-Encoding": "identity",
            **self._authorization(question.method, target),
            **question.headers,
        }
        line.connection.request(question.method, target, question.body, headers)
        return line.connection.getresponse()

    def _authorization(self, method: str, target: str) -> dict[str, str]:
        """Return who we are, in the way that the endpoint has asked for; nothing before it has asked."""
        if self._credentials is None or self._challenge is None:
            return {}
        scheme, parameters = self._challenge
        if scheme == "basic":
            pair = f"{self._credentials.user}:{self._credentials.password}".encode()
            return {"Authorization": f"Basic {base64.b64encode(pair).decode('ascii')}"}
        request = Request(f"{self._origin}{target}", method=method)  # noqa: S310  # not opened
        fields = parse_keqv_list(parse_http_list(parameters))
        return {"Authorization": f"Digest {self._digest.get_authorization(request, fields)}"}

    def _learn(self, challenge: str) -> bool:
        """Note how the endpoint wants to be told who we are; tell whether that is worth another try."""
        scheme, _, parameters = challenge.partition(" ")
        asked = (scheme.lower(), parameters)
        if self._credentials is None or asked[0] not in ("basic", "digest") or asked == self._challenge:
            return False
        self._challenge = asked
        return True

    @property
    def _origin(self) -> str:
        return f"{'https' if self._secure else 'http'}://{self._host}"

    def _refuse(self, response: http.client.HTTPResponse) -> None:
        """Raise why an answer is none."""
        said = " ".join(response.read(4 * SAID).decode("utf-8", "replace").split())[:SAID]
        status = response.status
        match status:
            case 400:
                raise RefusedError(said)
            case 401 | 403:
                raise EndpointError(f"it answered {status}: it does not let us in; see {USER} and {PASSWORD}")
            case 408 | 504:
                raise LateError(f"it answered {status}: it ran out of time")
            case 429 | 502 | 503:
                raise UnreachedError(f"it answered {status}: it cannot answer now")
            case _ if status < 400:  # noqa: PLR2004
                raise EndpointError(
                    f"it answered {status}; redirects are not followed: name the last address"
                )
            case _ if TIMED_OUT.search(said):
                raise LateError("it ran out of time")
        raise EndpointError(f"it answered {status}: {said}")

    def _line(self, deadline: float) -> _Line:
        """Return a connection that is kept, else a new one."""
        while True:
            try:
                line = self._lines.get_nowait()
            except queue.Empty:
                return self._new(deadline)
            if not line.ended:
                return line
            line.close()

    def _new(self, deadline: float) -> _Line:
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        connection = kind(self._host, self._port)
        line = _Line(connection, socket.socket())
        try:
            _connect(line, deadline)
        except BaseException:
            line.close()
            raise
        return line

    def _give_back(self, line: _Line, *, fit: bool) -> None:
        if fit and line.connection.sock is not None and not line.called_off:
            line.kept = True
            with contextlib.suppress(queue.Full):
                self._lines.put_nowait(line)
                return
        line.close()


def pieces(response: http.client.HTTPResponse) -> Iterator[bytes]:
    """Yield the body of an answer; raise ``EndpointError`` unless it comes to its end as HTTP said it would.

    The chunks are as they come, and none is empty.
    """
    if response.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise EndpointError("it answered compressed, although it was asked not to")
    if not response.chunked and response.length is None:
        raise EndpointError("its answer has no stated end, so that it may have been cut")
    left = response.length
    while piece := response.read(CHUNK):
        left = left - len(piece) if left is not None else None
        yield piece
    if left:
        raise EndpointError("it broke off its answer")


def _connect(line: _Line, deadline: float) -> None:
    left = deadline - time.monotonic()
    if left <= 0:
        raise LateError("there was no time left to ask it")
    line.connection.timeout = left
    try:
        line.connection.connect()
    except ssl.SSLCertVerificationError as error:
        raise EndpointError(f"its certificate is not good ({error.verify_message})") from None
    except TimeoutError:
        raise LateError("it could not be reached in time") from None
    except OSError as error:
        raise UnreachedError(f"it cannot be reached ({error.strerror or error})") from None
    line.connection.sock.settimeout(None)
    line.handle.close()
    line.handle = socket.socket(fileno=os.dup(line.connection.sock.fileno()))


def _reason(error: Exception, deadline: float) -> EndpointError:
    if time.monotonic() >= deadline:
        return LateError("it gave no answer in time")
    if isinstance(error, http.client.RemoteDisconnected | ConnectionResetError | BrokenPipeError):
        return UnreachedError("it closed the connection without an answer")
    return EndpointError("it broke off its answer")


def _fields(challenge: str) -> dict[str, str]:
    """Return the fields of a Digest challenge (RFC 7616 §3.3)."""
    return dict(parse_keqv_list(parse_http_list(challenge)))
