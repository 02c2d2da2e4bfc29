"""The only connections this server opens: to hosts the operator has listed, at addresses checked beforehand.

A name is resolved once, every address of it is checked, and the connection goes to one of exactly these, so
that a name which changes its mind in between (DNS rebinding) leads nowhere. Redirects are not followed,
compressed answers are not read, and one deadline ends name look-up, handshake, headers and body alike.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Final
from urllib.parse import quote, urlencode, urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

PORTS: Final = {"http": 80, "https": 443}
LARGEST_ANSWER: Final = 2 * 1024 * 1024
"""Bytes of an answer that are read; one byte more is a failure."""

CHUNK: Final = 65536
JSON_RESULTS: Final = "application/sparql-results+json"
NAMED: Final = re.compile(
    r"(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?"
)
"""A host name in ASCII whose last label begins with a letter: no spelling of an address is one."""

GLOBAL_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
"""All of IPv6 that is public (RFC 4291 §2.4); mapped, compatible and NAT64 addresses lie outside."""

NOT_FOR_STRANGERS: Final = tuple(
    ipaddress.ip_network(network)
    for network in (
        "2002::/16",  # 6to4: an IPv4 address inside
        "2001::/23",  # IETF protocol assignments; Teredo, with an IPv4 address inside, is one
        "3fff::/20",  # documentation (RFC 9637)
        "192.0.0.0/24",  # IETF protocol assignments; one cloud's metadata
        "192.88.99.0/24",  # the relay of 6to4 (RFC 7526)
        "168.63.129.16/32",  # another cloud's metadata, at a public address
    )
)
"""What counts as global in the registries and is not anybody's own server all the same."""


class HostError(ValueError):
    """An entry of the list of hosts that cannot stand there."""


class NotListedError(Exception):
    """An endpoint whose host is not on the operator's list."""


class UnreachedError(Exception):
    """An endpoint that gave no usable answer; the message says why, in words for the client."""


@dataclass(frozen=True)
class Host:
    """One entry of the operator's list: a name or an address, and a port."""

    name: str
    port: int
    address: Address | None = None
    """Set where the entry is an address; the operator has then allowed exactly this one."""

    @classmethod
    def parse(cls, entry: str) -> Host:
        """Read ``name``, ``name:port``, ``address:port`` or ``[address]:port``; the default port is 443.

        Raises ``HostError``. An address that is not public has to come with its port.
        """
        name, port = _split(entry)
        address = _address(name)
        if address is None:
            if NAMED.fullmatch(name) is None:
                raise HostError(f"{entry!r} is neither a host name in ASCII nor an address as it is written")
            return cls(name, port or PORTS["https"])
        if port is None and not is_public(address):
            raise HostError(f"{entry!r} is not a public address: name the port, too, as in {name}:8080")
        return cls(str(address), port or PORTS["https"], address)


@dataclass(frozen=True)
class Endpoint:
    """A SPARQL endpoint on a listed host."""

    host: Host
    scheme: str
    target: str
    """Path and query, percent-encoded."""

    @property
    def authority(self) -> str:
        """The ``Host`` header of a request to it."""
        name = f"[{self.host.name}]" if ":" in self.host.name else self.host.name
        return name if self.host.port == PORTS[self.scheme] else f"{name}:{self.host.port}"


def is_public(address: Address) -> bool:
    """Tell whether ``address`` is one that anybody may be sent to: public, unicast, and nothing inside it."""
    if isinstance(address, ipaddress.IPv6Address) and address not in GLOBAL_UNICAST:
        return False
    if any(address in network for network in NOT_FOR_STRANGERS):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def locate(iri: str, hosts: Sequence[Host]) -> Endpoint:
    """Return where ``iri`` is; raise ``NotListedError`` unless its host and port are on the list.

    Host and port are compared with the list as they are written; no other spelling of either is tried.
    """
    try:
        parts = urlsplit(iri)
        name, port = parts.hostname or "", parts.port
    except ValueError:
        raise NotListedError(iri) from None
    if parts.scheme not in PORTS or "@" in parts.netloc or not iri.isascii() or "\\" in iri:
        raise NotListedError(iri)
    for host in hosts:
        if (host.name, host.port) == (name, port or PORTS[parts.scheme]):
            target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
            query = quote(parts.query, safe="/%:@!$&'()*+,;=~-._?")
            return Endpoint(host, parts.scheme, f"{target}?{query}" if query else target)
    raise NotListedError(iri)


class Resolver:
    """Finds the addresses of listed hosts, and refuses those nobody may be sent to."""

    def __init__(self, at_once: int) -> None:
        """Look up at most ``at_once`` names at the same time; the system's own look-up knows no deadline."""
        self._lookups = ThreadPoolExecutor(at_once, thread_name_prefix="resolver")

    def addresses(self, host: Host, deadline: float) -> list[Address]:
        """Return the addresses of ``host``; raise ``UnreachedError`` where one of them is not public."""
        if host.address is not None:
            return [host.address]
        lookup = partial(socket.getaddrinfo, host.name, host.port, type=socket.SOCK_STREAM)
        try:
            found = self._lookups.submit(lookup).result(max(0.0, deadline - time.monotonic()))
        except TimeoutError:
            raise UnreachedError("its name could not be looked up in time") from None
        except (OSError, UnicodeError):
            raise UnreachedError("its name is not known") from None
        addresses = list(dict.fromkeys(ipaddress.ip_address(str(entry[4][0])) for entry in found))
        if not addresses or not all(is_public(address) for address in addresses):
            raise UnreachedError("its name leads to an address that is not public")
        return addresses

    def close(self) -> None:
        """Begin no more look-ups."""
        self._lookups.shutdown(wait=False, cancel_futures=True)


def ask(endpoint: Endpoint, addresses: Sequence[Address], query: str, agent: str, deadline: float) -> bytes:
    """Return the body of the answer to a SELECT query, in SPARQL 1.1 Query Results JSON.

    Sent as SPARQL 1.1 Protocol §2.1.2 (form POST). Raises ``UnreachedError`` for whatever else happens.
    """
    with _deadline_kept(endpoint, addresses, deadline) as connection:
        body = urlencode({"query": query}).encode("ascii")
        headers = {
            "Host": endpoint.authority,
            "Accept": JSON_RESULTS,
            "Accept-Encoding": "identity",
            "Content-Type": "application/x-www-form-urlencoded",
            "User-Agent": agent,
            "Connection": "close",
        }
        connection.request("POST", endpoint.target, body, headers)
        answer = _body(connection.getresponse())
    # What the watchdog has cut off can look whole, because a body may end with its connection.
    if time.monotonic() >= deadline:
        raise UnreachedError("it gave no answer in time")
    return answer


def _body(response: http.client.HTTPResponse) -> bytes:
    if 300 <= response.status < 400:  # noqa: PLR2004
        raise UnreachedError(
            f"it answered {response.status}; redirects are not followed, name the final address"
        )
    if response.status != http.client.OK:
        raise UnreachedError(f"it answered {response.status}")
    if response.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise UnreachedError("it answered compressed, although it was asked not to")
    if response.headers.get_content_type() not in (JSON_RESULTS, "application/json"):
        raise UnreachedError(f"it did not answer with {JSON_RESULTS}")
    body = bytearray()
    while chunk := response.read(CHUNK):
        body += chunk
        if len(body) > LARGEST_ANSWER:
            raise UnreachedError(f"it answered with more than {LARGEST_ANSWER} bytes")
    return bytes(body)


@contextlib.contextmanager
def _deadline_kept(
    endpoint: Endpoint, addresses: Sequence[Address], deadline: float
) -> Iterator[http.client.HTTPConnection]:
    """Connect, and see to it that the connection ends with ``deadline``, however slowly it drips."""
    with _connect(addresses, endpoint.host.port, deadline) as plain, plain.dup() as watched:
        watchdog = threading.Timer(max(0.0, deadline - time.monotonic()), _hang_up, [watched])
        watchdog.daemon = True
        watchdog.start()
        try:
            with _secured(plain, endpoint) as secured:
                connection = http.client.HTTPConnection(endpoint.host.name, endpoint.host.port)
                connection.sock = secured
                yield connection
        except ssl.SSLCertVerificationError as error:
            raise UnreachedError(f"its certificate is not good ({error.verify_message})") from None
        except (OSError, http.client.HTTPException, ValueError):
            late = time.monotonic() >= deadline
            raise UnreachedError(
                "it gave no answer in time" if late else "it broke off the connection"
            ) from None
        finally:
            watchdog.cancel()


def _connect(addresses: Sequence[Address], port: int, deadline: float) -> socket.socket:
    for address in addresses:
        left = deadline - time.monotonic()
        if left <= 0:
            break
        with contextlib.suppress(OSError):
            return socket.create_connection((str(address), port), timeout=left)
    raise UnreachedError("no connection could be made")


def _secured(plain: socket.socket, endpoint: Endpoint) -> socket.socket:
    if endpoint.scheme == "http":
        return plain
    return ssl.create_default_context().wrap_socket(plain, server_hostname=endpoint.host.name)


def _hang_up(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _split(entry: str) -> tuple[str, int | None]:
    """Return name and port of an entry, in lower case."""
    found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([^:\[\]\s/@]+))(?::([0-9]{1,5}))?", entry.strip())
    if found is None or (found[3] is not None and not 0 < int(found[3]) < 65536):  # noqa: PLR2004
        raise HostError(f"{entry!r} is not a host; write NAME, NAME:PORT, ADDRESS:PORT or [ADDRESS]:PORT")
    return (found[1] or found[2]).lower(), int(found[3]) if found[3] else None


def _address(name: str) -> Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None
