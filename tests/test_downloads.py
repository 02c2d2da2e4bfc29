"""The files of a release over HTTP: types, digests, ranges, compression, and nothing but what is listed."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import pytest
from pyoxigraph import NamedNode, RdfFormat, Store

from legation.namespaces import PREFIXES, RELEASE
from legation.release import Manifest, open_release
from tests.serving import Server, serving, small_release


@pytest.fixture(scope="module")
def manifest(release: Path) -> Manifest:
    return open_release(release).manifest


@pytest.fixture(scope="module")
def root(manifest: Manifest) -> str:
    return f"/release/{manifest.version}"


def test_every_file_comes_as_the_manifest_says(server: Server, manifest: Manifest, root: str) -> None:
    for name, entry in manifest.files.items():
        answer = server.ask(f"{root}/{name}")
        assert answer.status == 200, name
        assert hashlib.sha256(answer.body).hexdigest() == entry.sha256, name
        assert answer.headers["ETag"] == f'"{entry.sha256}"'
        expected = "application/gzip" if name.endswith(".gz") else entry.media_type
        assert answer.type == expected
        assert "Content-Encoding" not in answer.headers
        assert "immutable" in answer.headers["Cache-Control"]
        assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_the_manifest_itself_can_be_read(server: Server, manifest: Manifest, root: str) -> None:
    answer = server.ask(f"{root}/manifest.json")
    assert answer.type == "application/json"
    assert Manifest.from_json(answer.text) == manifest


def test_a_client_that_takes_gzip_gets_the_compressed_twin(
    server: Server, manifest: Manifest, root: str
) -> None:
    answer = server.ask(f"{root}/legation.ttl", {"Accept-Encoding": "br, gzip"})
    assert (answer.status, answer.headers["Content-Encoding"]) == (200, "gzip")
    assert answer.type == "text/turtle"
    assert hashlib.sha256(gzip.decompress(answer.body)).hexdigest() == manifest.files["legation.ttl"].sha256
    assert answer.headers["ETag"] == f'"{manifest.files["legation.ttl.gz"].sha256}"'
    assert "Accept-Encoding" in answer.vary


@pytest.mark.parametrize("encodings", ["identity", "gzip;q=0", "br", ""])
def test_a_client_that_does_not_gets_it_plain(server: Server, root: str, encodings: str) -> None:
    answer = server.ask(f"{root}/legation.ttl", {"Accept-Encoding": encodings})
    assert "Content-Encoding" not in answer.headers
    assert "Accept-Encoding" in answer.vary


def test_what_the_client_has_is_304(server: Server, manifest: Manifest, root: str) -> None:
    tag = f'"{manifest.files["legation.ttl"].sha256}"'
    for given in (tag, f'"other", {tag}', "*"):
        answer = server.ask(f"{root}/legation.ttl", {"If-None-Match": given})
        assert (answer.status, answer.body) == (304, b"")
        assert answer.headers["ETag"] == tag
    assert server.ask(f"{root}/legation.ttl", {"If-None-Match": '"other"'}).status == 200


def test_a_part_of_a_file_can_be_asked_for(server: Server, root: str) -> None:
    whole = server.ask(f"{root}/dataset.nq").body
    part = server.ask(f"{root}/dataset.nq", {"Range": "bytes=10-19"})
    assert (part.status, part.body) == (206, whole[10:20])
    assert part.headers["Content-Range"] == f"bytes 10-19/{len(whole)}"
    tail = server.ask(f"{root}/dataset.nq", {"Range": "bytes=-5"})
    assert (tail.status, tail.body) == (206, whole[-5:])
    past = server.ask(f"{root}/dataset.nq", {"Range": f"bytes={len(whole)}-"})
    assert (past.status, past.type) == (416, "application/problem+json")
    assert past.headers["Content-Range"] == f"bytes */{len(whole)}"


def test_a_range_of_another_edition_gives_the_whole(server: Server, manifest: Manifest, root: str) -> None:
    tag = f'"{manifest.files["dataset.nq"].sha256}"'
    assert server.ask(f"{root}/dataset.nq", {"Range": "bytes=0-3", "If-Range": tag}).status == 206
    assert server.ask(f"{root}/dataset.nq", {"Range": "bytes=0-3", "If-Range": '"old"'}).status == 200


def test_head_tells_the_size(server: Server, manifest: Manifest, root: str) -> None:
    answer = server.ask(f"{root}/dataset.nq", method="HEAD")
    assert answer.body == b""
    assert answer.headers["Content-Length"] == str(manifest.files["dataset.nq"].bytes)
    assert answer.headers["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize(
    "name",
    [
        "../manifest.json",
        "..%2f..%2fpyproject.toml",
        "%2e%2e/%2e%2e/etc/passwd",
        "/etc/passwd",
        "tables/../../../pyproject.toml",
        "tables",
        "tables/",
        "nothing.ttl",
        "legation.ttl%00",
        "legation.ttl/",
    ],
)
def test_nothing_but_the_files_of_the_manifest_is_ever_sent(server: Server, root: str, name: str) -> None:
    answer = server.follow(f"{root}/{name}")
    assert answer.status == 404
    assert b"[build-system]" not in answer.body
    assert b"root:" not in answer.body


def test_a_file_beside_the_manifest_stays_private(tmp_path: Path) -> None:
    release = small_release(tmp_path, "<urn:s> <urn:p> <urn:o> <urn:g> .\n")
    (release / "notes.txt").write_text("private")
    (release / "legation.ttl").symlink_to("/etc/hostname")
    with serving(release) as running:
        assert running.ask("/release/1.0.0/dataset.nq").status == 200
        assert running.ask("/release/1.0.0/notes.txt").status == 404
        assert running.ask("/release/1.0.0/legation.ttl").status == 404


def test_the_current_release_is_an_address_that_leads_to_the_one_being_served(
    server: Server, manifest: Manifest, root: str
) -> None:
    assert server.ask("/release/current").headers["Location"] == root
    assert (
        server.ask("/release/current/tables/tenures.csv").headers["Location"] == f"{root}/tables/tenures.csv"
    )
    assert (
        server.follow("/release/current/dataset.nq").headers["ETag"]
        == f'"{manifest.files["dataset.nq"].sha256}"'
    )


@pytest.mark.parametrize("path", ["/.well-known/void", "/dcat", "/release/current"])
def test_the_description_of_the_dataset_is_found_where_programs_look(
    server: Server, manifest: Manifest, path: str
) -> None:
    assert server.ask(path, {"Accept": "text/turtle"}).status == 303
    store = server.follow(path, {"Accept": "text/turtle"}).triples()
    release = NamedNode(f"{RELEASE}{manifest.version}")
    kinds = {
        quad.object
        for quad in store.quads_for_pattern(release, NamedNode(f"{PREFIXES['rdf']}type"), None, None)
    }
    assert {NamedNode(f"{PREFIXES['void']}Dataset"), NamedNode(f"{PREFIXES['dcat']}Dataset")} <= kinds
    page = server.follow(path, {"Accept": "text/html"})
    assert "legation.ttl" in page.text


def test_the_releases_that_are_here_are_listed(server: Server, manifest: Manifest) -> None:
    listed = server.ask("/release/", {"Accept": "application/json"}).json()
    assert [one["version"] for one in listed if one["current"]] == [manifest.version]
    assert manifest.version in server.ask("/release/", {"Accept": "text/html"}).text


def test_a_file_s_address_also_answers_a_program_that_only_reads_rdf(server: Server, root: str) -> None:
    answer = server.ask(f"{root}/tables/tenures.csv", {"Accept": "text/turtle"})
    assert (answer.status, answer.type) == (200, "text/turtle")
    assert "tenures.csv" in answer.text
    assert server.ask(f"{root}/tables/tenures.csv").type == "text/csv"
    assert server.ask(f"{root}/tables/tenures.csv", {"Accept": "text/html,*/*;q=0.8"}).type == "text/csv"


def test_the_download_and_the_endpoint_hold_the_same_statements(server: Server, root: str) -> None:
    store = Store()
    store.load(server.ask(f"{root}/dataset.nq").body, RdfFormat.N_QUADS)
    counted = server.query("SELECT (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } }").json()
    assert counted["results"]["bindings"][0]["n"]["value"] == str(len(store))
