"""A real server on a free port, and plain HTTP to talk to it: what every test of serving stands on."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import random
import re
import shutil
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest
from pyoxigraph import RdfFormat, Store, parse

from legation.held import digest_of
from legation.namespaces import BASE
from legation.publish.changes import change_lists
from legation.publish.freeze import content_digest
from legation.publish.history import previous_release
from legation.release import MEDIA_TYPES, FileEntry, GraphEntry, Manifest, Previous

LEGATION = (sys.executable, "-c", "from legation.start import main; main()")
START_LIMIT = 30.0
LANES = ("running", "waiting")


@dataclass(frozen=True)
class Answer:
    """One answer over HTTP."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def type(self) -> str:
        return self.headers.get_content_type()

    @property
    def vary(self) -> set[str]:
        return {name.strip() for name in self.headers.get("Vary", "").split(",") if name.strip()}

    def json(self) -> Any:  # noqa: ANN401  # whatever the document holds
        return json.loads(self.body)

    def triples(self) -> Store:
        """Read the body as RDF in the format that the answer says it is."""
        store = Store()
        store.load(self.body, RdfFormat.from_media_type(self.type), base_iri=BASE)
        return store


@dataclass(frozen=True)
class Server:
    """A running ``legation serve``."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(
        self,
        path: str,
        headers: Mapping[str, str] | None = None,
        method: str = "GET",
        body: bytes | None = None,
        source: str = "127.0.0.1",
    ) -> Answer:
        """Send one request as it is, from the address ``source``, and follow nothing."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, 60, (source, 0))
        try:
            connection.request(method, path, body, dict(headers or {}))
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def follow(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Send a GET and follow its redirects, as ``curl -L`` does."""
        for _ in range(5):
            answer = self.ask(path, headers)
            if answer.status not in (301, 302, 303, 307, 308):
                return answer
            path = answer.headers["Location"].removeprefix(self.url)
        raise AssertionError(f"too many redirects, the last to {path}")

    def query(self, query: str, headers: Mapping[str, str] | None = None, **fields: str) -> Answer:
        """Ask a query by GET."""
        return self.ask("/sparql?" + urlencode({"query": query, **fields}), headers)

    def begin(
        self, query: str, headers: Mapping[str, str] | None = None
    ) -> contextlib.closing[http.client.HTTPConnection]:
        """Ask a query by GET and wait for nothing: whoever leaves the block hangs up."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, 60)
        connection.request("GET", "/sparql?" + urlencode({"query": query}), headers=dict(headers or {}))
        return contextlib.closing(connection)

    def queries(self) -> tuple[int, int]:
        """Return how many queries run and how many wait, as the metrics say."""
        text = self.ask("/metrics").text
        found = [re.search(rf"^legation_queries_{name} (\S+)$", text, re.MULTILINE) for name in LANES]
        running, waiting = (int(float(one[1])) for one in found if one)
        return running, waiting

    def stop(self) -> int:
        """Ask the server to stop, and return its exit status."""
        self.process.terminate()
        return self.process.wait(timeout=30)


@contextmanager
def serving(release: Path, *options: str) -> Iterator[Server]:
    """Run ``legation serve`` on ``release`` for the time of the block."""
    port = free_port()
    with tempfile.NamedTemporaryFile(suffix=".log") as log:
        process = subprocess.Popen(
            [*LEGATION, "serve", "--port", str(port), "--release", str(release), *options],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        server = Server(process, port, Path(log.name))
        try:
            await_answer(server)
            yield server
        finally:
            if process.poll() is None:
                server.stop()


def await_answer(server: Server) -> None:
    """Wait until the server answers; fail with its own words when it does not."""
    deadline = time.monotonic() + START_LIMIT
    while time.monotonic() < deadline and server.process.poll() is None:
        try:
            if server.ask("/healthz").status == 200:
                return
        except OSError:
            time.sleep(0.02)
    raise AssertionError(f"the server did not start:\n{server.log.read_text()}")


def free_port() -> int:
    """Return a port that nobody listens on, below those that the system gives to outgoing connections."""
    while True:
        port = random.randrange(20_000, 32_768)  # noqa: S311
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@contextmanager
def oxigraph(folder: Path, turtle: Path) -> Iterator[str]:
    """Run Oxigraph's own server with a file in it, and give the URL of its endpoint; log into ``folder``."""
    program = shutil.which("oxigraph", path=sysconfig.get_path("scripts")) or shutil.which("oxigraph")
    assert program, "the oxigraph server is missing: pip install the [test] extra"
    address = f"127.0.0.1:{free_port()}"
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([program, "serve", "--bind", address], stdout=log, stderr=log)
    try:
        _load(f"http://{address}/store?default", turtle, process)
        yield f"http://{address}/query"
    finally:
        process.terminate()
        process.wait()


def _load(store: str, turtle: Path, process: subprocess.Popen[bytes]) -> None:
    """Put a file into an Oxigraph server as soon as it listens."""
    request = Request(store, turtle.read_bytes(), {"Content-Type": "text/turtle"}, method="POST")
    while process.poll() is None:
        try:
            with urlopen(request):
                return
        except URLError:
            time.sleep(0.05)
    raise AssertionError(f"the oxigraph server ended with {process.returncode}")


@contextmanager
def watched_socket() -> Iterator[socket.socket]:
    """A listening socket that nobody should ever connect to."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.setblocking(False)
        yield listener


def was_touched(listener: socket.socket) -> bool:
    """Tell whether anyone has connected to ``listener``."""
    try:
        listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True


def small_release(
    folder: Path,
    quads: str,
    files: Mapping[str, str] | None = None,
    *,
    version: str = "1.0.0",
    issued: str = "2026-11-01",
) -> Path:
    """Write a release of a few quads into ``folder``, as publishing lays one out, and return its path."""
    release = folder / version
    release.mkdir(parents=True)
    older = previous_release(folder, version)
    context = json.dumps({"@context": {"leg": f"{BASE}ontology#"}})
    quads = "".join(sorted(quads.splitlines(keepends=True)))
    lists = change_lists(version, older, quads.encode().splitlines(keepends=True))
    contents = {"dataset.nq": quads, "context.jsonld": context, **(files or {})}
    contents |= {name: text.decode() for name, text in lists.items()}
    for name, text in contents.items():
        (release / name).parent.mkdir(parents=True, exist_ok=True)
        (release / name).write_text(text, encoding="utf-8")
    entries = {
        name: FileEntry(
            len(text.encode()), hashlib.sha256(text.encode()).hexdigest(), MEDIA_TYPES[Path(name).suffix]
        )
        for name, text in contents.items()
    }
    graphs = {line.split()[-2].strip("<>") for line in quads.splitlines() if line.strip()}
    manifest = Manifest(
        version=version,
        issued=issued,
        digest=content_digest(entries),
        counts={},
        graphs={iri: _graph_entry(quads, iri) for iri in sorted(graphs)},
        files=entries,
        previous=Previous(older.manifest.version, older.manifest.digest) if older else None,
    )
    (release / "manifest.json").write_text(manifest.to_json(), encoding="utf-8")
    return release


def _graph_entry(quads: str, iri: str) -> GraphEntry:
    lines = [line for line in quads.splitlines() if line.endswith(f"<{iri}> .")]
    triples = [quad.triple for quad in parse("\n".join(lines), RdfFormat.N_QUADS)]
    return GraphEntry(len(lines), digest_of(triples))


@pytest.fixture(scope="session")
def server(release: Path) -> Iterator[Server]:
    """The bundled project's release, served by one process, so that the same memory is asked again."""
    with serving(release, "--processes", "1") as running:
        yield running
