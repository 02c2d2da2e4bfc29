"""A SPARQL endpoint somewhere else: ask politely, wait when told to, give up with a reason."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException, HTTPResponse, IncompleteRead
from importlib.metadata import version
from typing import Final
from urllib.error import HTTPError, URLError

from rdflib import Literal, URIRef
from SPARQLWrapper import JSON, POST, SPARQLWrapper
from SPARQLWrapper.SPARQLExceptions import EndPointInternalError, SPARQLWrapperException

from legation.namespaces import BASE
from legation.wikidata.queries import Term, batches, with_values

WIKIDATA: Final = "https://query.wikidata.org/sparql"
TRANSIENT: Final = frozenset({429, 500, 502, 503, 504})
"""Statuses after which the same question may be asked again."""

_LARGEST_ANSWER: Final = 64 * 1024 * 1024
_CHUNK: Final = 64 * 1024

Row = Mapping[str, Term]


class EndpointError(Exception):
    """The endpoint was not reached, refused the question, or gave no usable answer."""


class _TransientError(Exception):
    """An attempt that failed in a way that may pass; ``wait`` is what the endpoint asked for, in seconds."""

    def __init__(self, reason: str, status: int | None = None, wait: float | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.wait = wait


@dataclass(frozen=True)
class Patience:
    """How long to go on asking. Times in seconds.

    ``throttled_wait`` is for a 429 without ``Retry-After``: Wikimedia asks for one minute then
    (https://lists.wikimedia.org/hyperkitty/list/wikidata-tech@lists.wikimedia.org/message/GCR2EGQ4HFM4SWNMMTLRBYLWUJUEXZWA/).
    """

    timeout: int = 70
    retries: int = 4
    first_wait: float = 2.0
    longest_wait: float = 300.0
    throttled_wait: float = 60.0

    def wait(self, attempt: int, status: int | None, asked: float | None) -> float | None:
        """Return the seconds to wait after failed ``attempt`` (0, 1, …), or ``None`` to give up.

        What the endpoint asked for counts; without it the wait doubles each time.
        """
        if attempt >= self.retries:
            return None
        if asked is not None:
            return asked if asked <= self.longest_wait else None
        first = self.throttled_wait if status == 429 else self.first_wait  # noqa: PLR2004
        return min(first * 2.0**attempt, self.longest_wait)


def user_agent(contact: str = BASE) -> str:
    """Return a User-Agent of the form that Wikimedia's policy asks for.

    ``<client>/<version> (<contact>) <library>/<version>``: https://meta.wikimedia.org/wiki/User-Agent_policy
    """
    library = version("SPARQLWrapper")
    return f"legation/{version('legation')} ({contact}) SPARQLWrapper/{library}"


def _silent(message: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Endpoint:
    """A SPARQL 1.1 endpoint. ``tell`` hears of every wait, so that a person watching knows why."""

    url: str
    agent: str
    patience: Patience = Patience()
    sleep: Callable[[float], None] = time.sleep
    tell: Callable[[str], None] = _silent

    def ask(self, text: str, variables: Sequence[str], rows: Sequence[Sequence[Term]]) -> list[Row]:
        """Put the query ``text`` with ``rows`` of values, one batch after the other (never in parallel).

        Raises ``EndpointError``.
        """
        answers: list[Row] = []
        for batch in batches(rows):
            done = f"{len(answers)} found so far"
            self.tell(f"asking {self.url} about {len(batch)} of {len(rows)} {'/'.join(variables)}; {done}")
            answers += self.select(with_values(text, variables, batch))
        return answers

    def select(self, text: str) -> list[Row]:
        """Return the solutions of one SELECT query; raise ``EndpointError``."""
        attempt = 0
        while True:
            try:
                return _solutions(self._attempt(text))
            except _TransientError as error:
                wait = self.patience.wait(attempt, error.status, error.wait)
                if wait is None:
                    tried = "once" if attempt == 0 else f"{attempt + 1} times"
                    raise EndpointError(f"{self.url}: {error} (asked {tried})") from error
                self.tell(f"{self.url}: {error}; asking again in {wait:g} s")
            self.sleep(wait)
            attempt += 1

    def _attempt(self, text: str) -> bytes:
        wrapper = SPARQLWrapper(self.url, agent=self.agent)
        wrapper.setMethod(POST)
        wrapper.setReturnFormat(JSON)
        wrapper.setOnlyConneg(True)
        wrapper.setTimeout(self.patience.timeout)
        wrapper.setQuery(text)
        deadline = time.monotonic() + self.patience.timeout
        try:
            with wrapper.query().response as response:
                return _body(response, deadline)
        except HTTPError as error:
            with error:
                raise self._refusal(error) from error
        except EndPointInternalError as error:
            raise _TransientError("answered 500 Internal Server Error", 500) from error
        except SPARQLWrapperException as error:
            raise EndpointError(f"{self.url}: {error.msg.splitlines()[0]}") from error
        except URLError as error:
            raise self._unreached(error) from error
        except (OSError, HTTPException) as error:
            raise _transport(error) from error

    def _refusal(self, error: HTTPError) -> Exception:
        reason = f"answered {error.code} {error.reason}"
        if error.code in TRANSIENT:
            return _TransientError(reason, error.code, retry_after(error.headers.get("Retry-After")))
        return EndpointError(f"{self.url}: {reason}")

    def _unreached(self, error: URLError) -> Exception:
        cause = error.reason
        if isinstance(cause, TimeoutError | ConnectionResetError):
            return _transport(cause)
        if isinstance(cause, socket.gaierror):
            return EndpointError(f"{self.url}: the name cannot be resolved ({cause.strerror})")
        if isinstance(cause, OSError):
            return EndpointError(f"{self.url}: cannot be reached ({cause.strerror or cause})")
        return EndpointError(f"{self.url}: cannot be reached ({cause})")


def retry_after(header: str | None, now: datetime | None = None) -> float | None:
    """Return the seconds that a ``Retry-After`` (RFC 9110, 10.2.3) asks for; ``None`` if it says nothing."""
    if header is None:
        return None
    if header.strip().isascii() and header.strip().isdigit():
        return float(header)
    try:
        when = parsedate_to_datetime(header)
    except ValueError:
        return None
    moment = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())


def _transport(error: Exception) -> _TransientError:
    if isinstance(error, TimeoutError):
        return _TransientError("gave no answer in time")
    return _TransientError(f"broke off the connection ({error})")


def _body(response: HTTPResponse, deadline: float) -> bytes:
    """Read a whole body before ``deadline``; the socket's own timeout only bounds a single read."""
    body, announced = bytearray(), response.length
    while announced is None or len(body) < announced:
        chunk = response.read1(_CHUNK)
        if not chunk:
            break
        body += chunk
        if time.monotonic() > deadline:
            raise TimeoutError
        if len(body) > _LARGEST_ANSWER:
            raise EndpointError(f"{response.url}: answered with more than {_LARGEST_ANSWER} bytes")
    if announced is not None and len(body) < announced:
        raise IncompleteRead(bytes(body), announced - len(body))
    return bytes(body)


def _solutions(body: bytes) -> list[Row]:
    """Parse SPARQL 1.1 Query Results JSON; unbound variables and blank nodes are left out of a row.

    A broken body is transient: the query service answers 200 first and may fail half-way.
    """
    try:
        bindings = json.loads(body)["results"]["bindings"]
        return [{name: term for name, cell in row.items() if (term := _term(cell))} for row in bindings]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _TransientError(f"did not answer with SPARQL results in JSON ({error})") from error


def _term(cell: Mapping[str, str]) -> Term | None:
    if cell["type"] == "uri":
        return URIRef(cell["value"])
    if cell["type"] == "bnode":
        return None
    datatype = cell.get("datatype")
    language = cell.get("xml:lang")
    return Literal(cell["value"], lang=language, datatype=None if datatype is None else URIRef(datatype))
