"""The servers that ours is measured beside, each started on the same statements: one graph, in N-Triples.

What can be installed without privileges is installed into a cache folder; what cannot be had raises
``AbsentError`` with the reason, so that a table can say so.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from legation.namespaces import BASE
from legation.serve.settings import Settings
from tests.processes import listeners_on
from tests.serving import LEGATION, free_port

TRIFID: Final = "5.3.0"
COMUNICA: Final = "4.5.0"
RDFLIB_ENDPOINT: Final = "0.6.3"
PROCESSORS: Final = 2
"""What each server that asks for a number of processes or threads is given."""

GRAPH: Final = "https://example.org/graph"
START_LIMIT: Final = 1800.0
"""Seconds that a server may take to load everything."""

RESULTS: Final = "application/sparql-results+json"
PROBE: Final = "ASK { ?subject ?predicate ?object }"


class AbsentError(Exception):
    """A server that cannot be had here, or that fell over; the message says why."""


@dataclass(frozen=True)
class Peer:
    """A running server: its name with its version, where it answers queries, and which process it is."""

    name: str
    url: str
    queries: str
    """The path of its SPARQL endpoint."""
    process: subprocess.Popen[bytes]
    things: tuple[str, ...] = ()
    """The paths that lead to a thing, one request after another; ``%s`` stands for kind and name."""

    def path(self, query: str) -> str:
        """Return the path that asks a query."""
        return f"{self.queries}?{urlencode({'query': query})}"

    def ask(self, query: str, patience: float) -> bytes:
        """Return the answer as SPARQL results in JSON; raise ``AbsentError`` where there is none in time."""
        try:
            with urlopen(
                Request(self.url + self.path(query), headers={"Accept": RESULTS}), None, patience
            ) as got:
                body: bytes = got.read()
                return body
        except (URLError, OSError) as error:
            raise AbsentError(f"{self.name} did not answer: {error}") from error


@dataclass(frozen=True)
class Here:
    """Where servers find what they need: the statements, a folder that is kept, and one that is not."""

    triples: Path
    cache: Path
    folder: Path


@contextmanager
def running(
    command: Sequence[object], folder: Path, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server in ``folder`` for the time of the block; what it says is in the file ``log`` there."""
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            list(map(str, command)),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, **(environment or {})},
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def ready(peer: Peer) -> Peer:
    """Wait until the server answers a query, and return it; raise ``AbsentError`` when it ends before."""
    deadline = time.monotonic() + START_LIMIT
    while time.monotonic() < deadline:
        if peer.process.poll() is not None:
            raise AbsentError(f"{peer.name} ended with {peer.process.returncode} while it started")
        try:
            if b"true" in peer.ask(PROBE, START_LIMIT):
                return peer
        except AbsentError:
            time.sleep(0.2)
    raise AbsentError(f"{peer.name} had not loaded everything after {START_LIMIT:.0f} seconds")


@contextmanager
def legation(release: Path, folder: Path) -> Iterator[Peer]:
    """Run our own server on a release, with the settings it comes with."""
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    command = [*LEGATION, "serve", "--port", str(port), "--release", release]
    with running(command, folder) as process:
        url = f"http://127.0.0.1:{port}"
        ours = ready(Peer("Legation", url, "/sparql", process))
        while listeners_on(port) < Settings().members and process.poll() is None:
            time.sleep(0.05)
        yield ours


@contextmanager
def oxigraph(here: Here) -> Iterator[Peer]:
    """Run Oxigraph's own server, as PyPI has it, on its store on disk, loaded in bulk and optimized."""
    program = shutil.which("oxigraph", path=sysconfig.get_path("scripts")) or shutil.which("oxigraph")
    if program is None:
        raise AbsentError("the package oxigraph is not installed")
    store, port = here.folder / "store", free_port()
    call([program, "load", "--location", store, "--file", here.triples])
    call([program, "optimize", "--location", store])
    name = " ".join(call([program, "--version"]).split()).replace("oxigraph", "Oxigraph")
    command = [program, "serve-read-only", "--location", store, "--bind", f"127.0.0.1:{port}"]
    with running(command, here.folder) as process:
        yield ready(Peer(name, f"http://127.0.0.1:{port}", "/query", process))


@contextmanager
def rdflib_endpoint(here: Here) -> Iterator[Peer]:
    """Run rdflib-endpoint with the store that it has by default, in memory."""
    venv, port = here.cache / f"rdflib-endpoint-{RDFLIB_ENDPOINT}", free_port()
    if not (venv / "installed").exists():
        call([sys.executable, "-m", "venv", venv])
        call([venv / "bin/pip", "install", "--quiet", f"rdflib-endpoint[cli]=={RDFLIB_ENDPOINT}"])
        (venv / "installed").touch()
    file = here.folder / "data.nt"
    file.symlink_to(here.triples)
    command = [venv / "bin/rdflib-endpoint", "serve", "--host", "127.0.0.1", "--port", str(port), file]
    with running(command, here.folder) as process:
        yield ready(Peer(f"rdflib-endpoint {RDFLIB_ENDPOINT}", f"http://127.0.0.1:{port}", "/", process))


@contextmanager
def trifid(here: Here) -> Iterator[Peer]:
    """Run Trifid with its own handler for files (Oxigraph in memory) and its renderer of entities."""
    modules, port = npm_installed(here, "trifid", TRIFID), free_port()
    configuration = {
        "server": {"listener": {"port": port, "host": "127.0.0.1"}, "logLevel": "error"},
        "globals": {"datasetBaseUrl": BASE, "endpoints": {"default": {"url": "/query"}}},
        "plugins": {
            "entity-renderer": {
                "module": "@zazuko/trifid-entity-renderer",
                "config": {"followRedirects": True},
            },
            "fetch-handler": {
                "module": "trifid-handler-fetch",
                "paths": "/query",
                "config": {
                    "url": str(here.triples),
                    "contentType": "application/n-triples",
                    "baseIRI": BASE,
                    "graphName": GRAPH,
                    "unionDefaultGraph": True,
                },
            },
        },
    }
    # The modules are looked for beside the configuration.
    path = modules.parent / f"config-{port}.json"
    path.write_text(json.dumps(configuration), encoding="utf-8")
    try:
        with running(["node", modules / "trifid/server.js", "--config", path], here.folder) as process:
            name, url = f"Trifid {TRIFID}", f"http://127.0.0.1:{port}"
            yield ready(Peer(name, url, "/query", process, things=("/id/%s",)))
    finally:
        path.unlink()


@contextmanager
def comunica(here: Here) -> Iterator[Peer]:
    """Run Comunica over the file, with a worker for each processor."""
    modules, port = npm_installed(here, "@comunica/query-sparql-file", COMUNICA), free_port()
    program = modules / ".bin/comunica-sparql-file-http"
    command = [program, here.triples, "--port", str(port), "--workers", str(PROCESSORS)]
    with running(command, here.folder, {"NODE_OPTIONS": "--max-old-space-size=6144"}) as process:
        yield ready(Peer(f"Comunica {COMUNICA}", f"http://127.0.0.1:{port}", "/sparql", process))


@contextmanager
def virtuoso(here: Here) -> Iterator[Peer]:
    """Run Debian's Virtuoso with buffers for everything, loaded in bulk."""
    if shutil.which("virtuoso-t") is None or shutil.which("isql-vt") is None:
        raise AbsentError("the package virtuoso-opensource-7 is not installed")
    sql, web = free_port(), free_port()
    (here.folder / "virtuoso.ini").write_text(VIRTUOSO.format(folder=here.folder, sql=sql, web=web))
    (here.folder / "data.nt").symlink_to(here.triples)
    said = subprocess.run(["virtuoso-t", "--version"], capture_output=True, text=True, check=False)
    version = re.search(r"Version (\S+)", said.stdout + said.stderr)
    with running(["virtuoso-t", "+foreground", "+configfile", "virtuoso.ini"], here.folder) as process:
        commands = f"ld_dir('{here.folder}', 'data.nt', '{GRAPH}'); rdf_loader_run(); checkpoint;"
        deadline = time.monotonic() + START_LIMIT
        while not isql(sql, commands):
            if process.poll() is not None or time.monotonic() > deadline:
                raise AbsentError("Virtuoso did not start")
            time.sleep(0.5)
        name = f"Virtuoso {version[1] if version else ''}".strip()
        yield ready(Peer(name, f"http://127.0.0.1:{web}", "/sparql", process))


def isql(port: int, commands: str) -> bool:
    """Have Virtuoso do something; tell whether it did."""
    command = ["isql-vt", f"127.0.0.1:{port}", "dba", "dba", f"EXEC={commands}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode == 0 and "Error" not in done.stdout + done.stderr


def npm_installed(here: Here, package: str, version: str) -> Path:
    """Return the ``node_modules`` that hold a package, installed when it is not there."""
    folder = here.cache / f"npm-{package.rpartition('/')[2]}-{version}"
    if not (folder / "installed").exists():
        if shutil.which("npm") is None:
            raise AbsentError("npm is not installed")
        folder.mkdir(parents=True, exist_ok=True)
        call(
            [
                "npm",
                "install",
                "--prefix",
                folder,
                "--no-audit",
                "--no-fund",
                "--silent",
                f"{package}@{version}",
            ]
        )
        (folder / "installed").touch()
    return folder / "node_modules"


def call(command: Sequence[object]) -> str:
    """Run a program to its end and return what it said; raise ``AbsentError`` where it failed."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr or done.stdout).strip().rpartition("\n")[2]
        raise AbsentError(f"{command[0]} failed: {last}")
    return done.stdout


VIRTUOSO: Final = """\
[Database]
DatabaseFile = {folder}/virtuoso.db
ErrorLogFile = {folder}/virtuoso.log
LockFile = {folder}/virtuoso.lck
TransactionFile = {folder}/virtuoso.trx
xa_persistent_file = {folder}/virtuoso.pxa
MaxCheckpointRemap = 2000
TempStorage = TempDatabase
[TempDatabase]
DatabaseFile = {folder}/virtuoso-temp.db
TransactionFile = {folder}/virtuoso-temp.trx
MaxCheckpointRemap = 2000
[Parameters]
ServerPort = 127.0.0.1:{sql}
DirsAllowed = {folder}
NumberOfBuffers = 170000
MaxDirtyBuffers = 130000
MaxClientConnections = 64
MaxQueryMem = 2G
ThreadsPerQuery = 2
[HTTPServer]
ServerPort = 127.0.0.1:{web}
ServerRoot = {folder}
ServerThreads = 64
MaxClientConnections = 64
MaxKeepAlives = 64
KeepAliveTimeout = 60
[SPARQL]
ResultSetMaxRows = 1000000
MaxQueryCostEstimationTime = 4000
MaxQueryExecutionTime = 600
"""
