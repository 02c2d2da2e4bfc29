"""The application (WSGI) called from the server (RSGI): the environment it gets, and the reply it gives.

WSGI is PEP 3333. The server decodes paths and fields as UTF-8; WSGI wants their bytes as ISO 8859-1.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from types import TracebackType
from typing import IO, Any, Final
from wsgiref.types import StartResponse, WSGIApplication

from granian.rsgi import Scope

BLOCK: Final = 256 * 1024
"""Bytes of a file that are sent at a time."""

Headers = list[tuple[str, str]]
_ExcInfo = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]


@dataclass(frozen=True)
class Reply:
    """What the application answered: a whole ``body``, or the ``parts`` of one too large to hold."""

    status: int
    headers: Headers
    body: bytes = b""
    parts: Iterator[bytes] | None = None
    close: Callable[[], object] = lambda: None

    def header(self, name: str) -> str | None:
        """Return the first value of a header, given in lower case."""
        size = len(name)  # most names differ in it, which is told at once
        for known, value in self.headers:
            if len(known) == size and known.lower() == name:
                return value
        return None

    def without(self, *names: str) -> Headers:
        """Return the headers less those named, in lower case."""
        return [(known, value) for known, value in self.headers if known.lower() not in names]

    @property
    def vary(self) -> frozenset[str]:
        """The request headers that the answer depends on, in lower case."""
        said = (self.header("vary") or "").lower().split(",")
        return frozenset(name.strip() for name in said if name.strip())

    def varying(self, name: str) -> Reply:
        """Return the reply with one more name in ``Vary``."""
        said = self.header("vary")
        return replace(self, headers=[*self.without("vary"), ("Vary", f"{said}, {name}" if said else name)])


class FileBlocks:
    """The ``wsgi.file_wrapper``: a file in blocks."""

    def __init__(self, file: IO[bytes], block_size: int = 0) -> None:
        """Take over ``file``; the size that the application proposes is not heeded, ours is larger."""
        self._file = file
        self.close = file.close

    def __iter__(self) -> Iterator[bytes]:
        """Yield the rest of the file."""
        return iter(lambda: self._file.read(BLOCK), b"")


def environment(
    scope: Scope, headers: Mapping[str, str], method: str, body: bytes, extra: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the WSGI environment of a request; ``extra`` are entries of our own."""
    server, _, port = scope.server.rpartition(":")
    return {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": _as_bytes(scope.path),
        "QUERY_STRING": _as_bytes(scope.query_string),
        "REMOTE_ADDR": scope.client.rpartition(":")[0],
        "SERVER_NAME": server,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        **_header_entries(headers),
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.file_wrapper": FileBlocks,
        **extra,
    }


def call(application: WSGIApplication, environ: dict[str, Any], most: int) -> Reply:
    """Return the application's reply: whole, where it has at most ``most`` bytes, else in parts."""
    began: list[tuple[int, Headers]] = []
    result = application(environ, _starter(began))
    chunks, held, size = iter(result), [], 0
    for chunk in chunks:
        held.append(chunk)
        size += len(chunk)
        if size > most:
            status, headers = began[-1]
            return Reply(status, headers, parts=chain(held, chunks), close=lambda: _close(result))
    _close(result)
    status, headers = began[-1]
    return Reply(status, headers, b"".join(held))


def _starter(began: list[tuple[int, Headers]]) -> StartResponse:
    """Return the ``start_response`` that notes status and headers in ``began``."""

    def start(
        status: str, headers: Headers, exc_info: _ExcInfo | None = None, /
    ) -> Callable[[bytes], object]:
        began.append((int(status.split(" ", 1)[0]), headers))
        return _no_write

    return start


def _no_write(_data: bytes) -> object:
    raise NotImplementedError("the deprecated write() of PEP 3333")


def _close(result: Iterable[bytes]) -> None:
    close = getattr(result, "close", None)
    if close is not None:
        close()


def headers_of(scope: Scope) -> dict[str, str]:
    """Return the request's headers by name, in lower case; those of one name are one list (RFC 9110 §5.3)."""
    sent = scope.headers.items()
    headers = dict(sent)
    if len(headers) < len(sent):
        for name in headers:
            separator = "; " if name == "cookie" else ", "
            headers[name] = separator.join(value for known, value in sent if known == name)
    return headers


def _header_entries(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers under their WSGI names.

    A name with an underscore is passed over: WSGI could not tell it from the one with a hyphen.
    """
    spelled = {name.upper().replace("-", "_"): value for name, value in headers.items() if "_" not in name}
    plain = ("CONTENT_TYPE", "CONTENT_LENGTH")
    return {name if name in plain else f"HTTP_{name}": _as_bytes(value) for name, value in spelled.items()}


def _as_bytes(text: str) -> str:
    return text.encode("utf-8", "surrogatepass").decode("latin-1")
