"""Other people's servers, started for a test: Oxigraph, Virtuoso, nginx, and an endpoint that misbehaves."""

from __future__ import annotations

import http.client
import shutil
import subprocess
import sysconfig
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

from tests.serving import free_port

START_LIMIT: Final = 60.0
JSON: Final = "application/sparql-results+json"
VIRTUOSO: Final = """\
[Database]
DatabaseFile = {folder}/virtuoso.db
ErrorLogFile = {folder}/virtuoso.log
LockFile = {folder}/virtuoso.lck
TransactionFile = {folder}/virtuoso.trx
xa_persistent_file = {folder}/virtuoso.pxa
[TempDatabase]
DatabaseFile = {folder}/virtuoso-temp.db
TransactionFile = {folder}/virtuoso-temp.trx
[Parameters]
ServerPort = 127.0.0.1:{sql}
DirsAllowed = {folder}
NumberOfBuffers = 4000
MaxDirtyBuffers = 3000
[HTTPServer]
ServerPort = 127.0.0.1:{port}
ServerRoot = {folder}
ServerThreads = 20
[SPARQL]
ResultSetMaxRows = {rows}
MaxQueryExecutionTime = 60
"""
MISSING: Final = "{} is missing: `make tools` installs it (Debian: apt-get install {})"


@dataclass(frozen=True)
class Store:
    """An endpoint: where it is asked, and where graphs are put."""

    query: str
    graphs: str


@contextmanager
def started(command: list[str], folder: Path, url: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server for the time of the block, which begins when it answers at ``url``."""
    with (folder / "output.txt").open("wb") as output:
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=output)
    try:
        await_http(url, process, folder / "output.txt")
        yield process
    finally:
        process.terminate()
        process.wait()


def await_http(url: str, process: subprocess.Popen[bytes], output: Path) -> None:
    """Wait until something answers HTTP at ``url``; fail with the server's own words when it does not."""
    parts = urlsplit(url)
    deadline = time.monotonic() + START_LIMIT
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=START_LIMIT)
        try:
            connection.request("GET", parts.path or "/")
            connection.getresponse().read()
        except OSError:
            time.sleep(0.02)
        else:
            return
        finally:
            connection.close()
    raise AssertionError(f"no answer from {url}: {output.read_text(errors='replace')}")


def program(name: str, package: str) -> str:
    """Return the path of a program; fail with how to get it where it is missing."""
    found = shutil.which(name, path=sysconfig.get_path("scripts")) or shutil.which(name)
    found = found or shutil.which(name, path="/usr/sbin")
    assert found, MISSING.format(name, package)
    return found


@contextmanager
def oxigraph_store(folder: Path) -> Iterator[Store]:
    """Run Oxigraph's server, empty."""
    address = f"127.0.0.1:{free_port()}"
    with started([program("oxigraph", "-"), "serve", "--bind", address], folder, f"http://{address}/"):
        yield Store(f"http://{address}/query", f"http://{address}/store")


@contextmanager
def virtuoso(folder: Path, rows: int = 2_000_000) -> Iterator[Store]:
    """Run Virtuoso, empty; user and password of its Graph Store are ``dba``. It cuts results at ``rows``."""
    port, sql = free_port(), free_port()
    (folder / "virtuoso.ini").write_text(VIRTUOSO.format(folder=folder, port=port, sql=sql, rows=rows))
    command = [
        program("virtuoso-t", "virtuoso-opensource-7-bin"),
        "+configfile",
        "virtuoso.ini",
        "+foreground",
    ]
    url = f"http://127.0.0.1:{port}"
    with started(command, folder, f"{url}/sparql"):
        yield Store(f"{url}/sparql", f"{url}/sparql-graph-crud-auth")


@dataclass
class Misbehaving:
    """An endpoint that asks another one, unless the query has a comment with the name of a misbehaviour."""

    behind: str
    url: str = ""
    headers: list[Mapping[str, str]] = field(default_factory=list)
    """Of the requests so far."""
    queries: list[str] = field(default_factory=list)
    hung_up: threading.Event = field(default_factory=threading.Event)
    """Set when a client goes while it waits for an answer that never comes."""


@contextmanager
def misbehaving(behind: str) -> Iterator[Misbehaving]:
    """Run an endpoint in front of the one at ``behind`` that misbehaves when it is told to."""
    told = Misbehaving(behind)

    class Handler(_Handler):
        endpoint = told

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    told.url = f"http://127.0.0.1:{server.server_port}/sparql"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    endpoint: Misbehaving

    def log_message(self, format: str, *_arguments: object) -> None:  # noqa: A002  # as it is called there
        """Say nothing."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        query = parse_qs(body.decode())["query"][0]
        self.endpoint.headers.append(dict(self.headers))
        self.endpoint.queries.append(query)
        for name, act in MISBEHAVIOURS.items():
            if f"# {name}" in query:
                act(self)
                return
        status, kind, answer = self._answer_behind(body)
        self.whole(status, kind, answer)

    def _answer_behind(self, body: bytes) -> tuple[int, str, bytes]:
        parts = urlsplit(self.endpoint.behind)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
        headers = {"Accept": self.headers["Accept"], "Content-Type": self.headers["Content-Type"]}
        connection.request("POST", parts.path, body, headers)
        response = connection.getresponse()
        answer = response.status, response.headers["Content-Type"], response.read()
        connection.close()
        return answer

    def whole(self, status: int, kind: str, answer: bytes, **more: str) -> None:
        """Send a whole answer."""
        self.send_response(status)
        headers = {"Content-Type": kind, "Content-Length": str(len(answer)), **more}
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(answer)

    def hang(self) -> None:
        """Never answer; note when the client goes."""
        self.rfile.read(1)
        self.endpoint.hung_up.set()
        self.close_connection = True

    def cut(self) -> None:
        """Say how long the answer is, and break it off."""
        self.send_response(200)
        self.send_header("Content-Type", JSON)
        self.send_header("Content-Length", str(len(RESULT)))
        self.end_headers()
        self.wfile.write(RESULT[:-20])
        self.close_connection = True

    def unframed(self) -> None:
        """Answer without saying how long the answer is."""
        self.send_response(200)
        self.send_header("Content-Type", JSON)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(RESULT)
        self.close_connection = True

    def drip(self) -> None:
        """Send one byte after the other until the client goes."""
        self.send_response(200)
        self.send_header("Content-Type", JSON)
        self.send_header("Content-Length", "1000000000")
        self.end_headers()
        self.close_connection = True
        try:
            while True:
                self.wfile.write(b" ")
                time.sleep(0.01)
        except OSError:
            return


RESULT: Final = b'{"head":{"vars":["s"]},"results":{"bindings":[{"s":{"type":"uri","value":"urn:x"}}]}}'
MISBEHAVIOURS: Final[Mapping[str, Callable[[_Handler], None]]] = {
    "hang": _Handler.hang,
    "cut": _Handler.cut,
    "unframed": _Handler.unframed,
    "drip": _Handler.drip,
    "ended early": lambda handler: handler.whole(200, JSON, RESULT[:-2]),
    "another type": lambda handler: handler.whole(200, "text/html", b"<p>hello</p>"),
    "redirect": lambda handler: handler.whole(302, "text/plain", b"", Location="http://127.0.0.1:1/"),
    "fault": lambda handler: handler.whole(500, "text/plain", b"the disk is on fire"),
    "overloaded": lambda handler: handler.whole(503, "text/plain", b"later"),
    "locked": lambda handler: handler.whole(401, "text/plain", b"who are you?"),
    "part": lambda handler: handler.whole(200, JSON, RESULT, X_SQL_State="S1TAT"),
    "limited": lambda handler: handler.whole(200, JSON, RESULT, X_SPARQL_MaxRows="1"),
}
"""By the comment in the query that asks for it."""
