"""Three replicas behind nginx: one is killed under load, and every answer is there, whole and right."""

from __future__ import annotations

import hashlib
import http.client
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from legation.namespaces import GRAPH, ID, LEG, PREFIXES
from tests.endpoints import program, started
from tests.projects import ROOT
from tests.serving import Server, free_port, serving, small_release

SKOS: Final = PREFIXES["skos"]
THINGS: Final = 100
QUADS: Final = "".join(
    f"<{ID}body/b{number}> <{PREFIXES['rdf']}type> <{LEG}Forum> <{GRAPH}entities> .\n"
    f'<{ID}body/b{number}> <{SKOS}prefLabel> "Body {number}"@en <{GRAPH}entities> .\n'
    for number in range(THINGS)
)
REPLICAS: Final = 3
CLIENTS: Final = 6
BEFORE: Final = 40
"""Answers of each client before a replica is killed, and after that."""

MAIN: Final = """\
daemon off;
pid {folder}/pid;
error_log {folder}/errors.txt;
events {{ worker_connections 256; }}
http {{
    access_log {folder}/access.txt combined;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/legation.conf;
}}
"""


def asked(number: int) -> tuple[str, str, bytes | None]:
    """Return the method, the path and the body of one request of many; no two have the same answer."""
    thing = number % THINGS
    body = urlencode({"query": f"SELECT ?n ({number} AS ?m) {{ <{ID}body/b{thing}> <{SKOS}prefLabel> ?n }}"})
    return (
        ("GET", f"/sparql?{body}&format=csv", None),
        ("POST", "/sparql?format=csv", body.encode()),
        ("GET", f"/data/body/b{thing}.ttl?n={number}", None),
        ("GET", f"/en/page/body/b{thing}?n={number}", None),
    )[number % 4]


def answer_to(port: int, number: int, host: str) -> tuple[int, str]:
    """Return the status of an answer and the digest of its body; the body is whole, as HTTP says it is."""
    method, path, body = asked(number)
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, body, {"Host": host, **headers})
        response = connection.getresponse()
        return response.status, hashlib.sha256(response.read()).hexdigest()
    finally:
        connection.close()


@contextmanager
def balanced(folder: Path, replicas: list[Server]) -> Iterator[int]:
    """Run nginx with the configuration of the documents before ``replicas``, and give its port."""
    text = (ROOT / "docs/nginx.conf").read_text(encoding="utf-8")
    port = free_port()
    for documented, replica in zip(("8081", "8082", "8083"), replicas, strict=True):
        assert f"127.0.0.1:{documented}" in text
        text = text.replace(f"127.0.0.1:{documented}", f"127.0.0.1:{replica.port}")
    assert "listen 8080;" in text
    (folder / "legation.conf").write_text(text.replace("listen 8080;", f"listen 127.0.0.1:{port};"))
    (folder / "nginx.conf").write_text(MAIN.format(folder=folder))
    command = [program("nginx", "nginx"), "-e", str(folder / "errors.txt"), "-c", str(folder / "nginx.conf")]
    with started(command, folder, f"http://127.0.0.1:{port}/healthz"):
        yield port


def test_no_answer_is_lost_or_wrong_when_a_replica_is_killed_under_load(tmp_path: Path) -> None:
    release = small_release(tmp_path, QUADS)
    with ExitStack() as stack:
        replicas = [stack.enter_context(serving(release)) for _ in range(REPLICAS)]
        port = stack.enter_context(balanced(tmp_path, replicas))
        host = f"127.0.0.1:{port}"
        warm = threading.Barrier(CLIENTS + 1, timeout=60)

        def client(number: int) -> list[tuple[int, int, str]]:
            numbers = range(number * 2 * BEFORE, (number + 1) * 2 * BEFORE)
            found = []
            for turn, one in enumerate(numbers):
                if turn == BEFORE:
                    warm.wait()
                found.append((one, *answer_to(port, one, host)))
            return found

        with ThreadPoolExecutor(CLIENTS) as clients:
            running = [clients.submit(client, number) for number in range(CLIENTS)]
            warm.wait()
            replicas[0].process.kill()
            answers = [answer for one in running for answer in one.result()]

        assert replicas[0].process.wait() == -9
        assert Counter(status for _, status, _ in answers) == {200: CLIENTS * 2 * BEFORE}
        direct = {number: answer_to(replicas[1].port, number, host)[1] for number, _, _ in answers}
        assert [number for number, _, digest in answers if digest != direct[number]] == []
        assert f"127.0.0.1:{replicas[0].port}" in (tmp_path / "errors.txt").read_text()
