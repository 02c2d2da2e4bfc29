"""Clients that people really use get the pinned answers from a live server, and read the same downloads."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import subprocess
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest
import rdflib
from pyoxigraph import CanonicalizationAlgorithm, Dataset, Quad, RdfFormat, parse, serialize
from rdflib.plugins.stores.sparqlstore import SPARQLStore
from SPARQLWrapper import JSON, SPARQLWrapper

from tests.serving import Server

ROOT = Path(__file__).parents[1]
QUESTIONS = ROOT / "tests" / "questions"
NODE = ROOT / "tests" / "node"
ASKED = ("01-co-facilitators", "04-gctf-co-chairs", "06-part-of-transitively", "11-what-took-place-in-rabat")
"""Questions of different kinds: qualifiers, order, transitive closure, grouping."""


def question(name: str) -> str:
    return (QUESTIONS / f"{name}.rq").read_text(encoding="utf-8")


def pinned(name: str) -> list[dict[str, str]]:
    """The pinned rows, without the unbound values."""
    text = (QUESTIONS / f"{name}.csv").read_text(encoding="utf-8")
    return [{k: v for k, v in row.items() if v} for row in csv.DictReader(io.StringIO(text))]


@pytest.mark.parametrize("name", ASKED)
def test_sparqlwrapper_gets_the_pinned_answer(server: Server, name: str) -> None:
    client = SPARQLWrapper(f"{server.url}/sparql")
    client.setQuery(question(name))
    client.setReturnFormat(JSON)
    result = cast("Mapping[str, Any]", client.query().convert())
    rows = [{k: v["value"] for k, v in row.items() if v["value"]} for row in result["results"]["bindings"]]
    assert rows == pinned(name)


@pytest.mark.parametrize("name", ASKED)
def test_rdflib_sparqlstore_gets_the_pinned_answer(server: Server, name: str) -> None:
    graph = rdflib.Graph(store=SPARQLStore(f"{server.url}/sparql"))
    result = graph.query(question(name))
    rows = [{str(k): str(v) for k, v in row.items() if str(v)} for row in result.bindings]
    assert rows == pinned(name)


@pytest.mark.parametrize("name", ASKED)
def test_curl_gets_the_pinned_answer_as_csv(server: Server, name: str) -> None:
    asked = ("--header", "Accept: text/csv", "--data-urlencode", f"query={question(name)}")
    done = subprocess.run(
        ["curl", "--silent", "--fail", *asked, f"{server.url}/sparql"], capture_output=True, check=True
    )
    rows = csv.DictReader(io.StringIO(done.stdout.decode()))
    assert [{k: v for k, v in row.items() if v} for row in rows] == pinned(name)


@pytest.mark.parametrize("name", ASKED)
def test_comunica_gets_the_pinned_answer(server: Server, name: str) -> None:
    done = subprocess.run(
        ["node", "select.mjs", f"{server.url}/sparql"],
        input=question(name).encode(),
        capture_output=True,
        check=True,
        cwd=NODE,
    )
    rows = [{k: v for k, v in row.items() if v} for row in json.loads(done.stdout)]
    assert sorted(map(repr, rows)) == sorted(repr(dict(sorted_like(row, rows))) for row in pinned(name))


def sorted_like(row: dict[str, str], rows: list[dict[str, str]]) -> list[tuple[str, str]]:
    """The items of ``row`` in the order in which Comunica names the same variables."""
    order = next((list(other) for other in rows if set(other) == set(row)), list(row))
    return [(name, row[name]) for name in order]


def canonical_digest(quads: list[Quad]) -> str:
    """SHA-256 of the RDFC-1.0 canonical N-Quads."""
    dataset = Dataset(quads)
    dataset.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
    lines = (serialize(dataset, format=RdfFormat.N_QUADS) or b"").splitlines(keepends=True)
    return hashlib.sha256(b"".join(sorted(lines))).hexdigest()


def oxigraph_digest(file: Path, rdf_format: RdfFormat) -> str:
    return canonical_digest(list(parse(path=str(file), format=rdf_format)))


def rdflib_digest(file: Path, rdf_format: str) -> str:
    with warnings.catch_warnings():
        # rdflib 7.6 reads JSON-LD through a class that it deprecates.
        warnings.filterwarnings(
            "ignore", message="ConjunctiveGraph is deprecated", category=DeprecationWarning
        )
        graph = rdflib.Graph().parse(file, format=rdf_format)
    triples = graph.serialize(format="nt", encoding="utf-8")
    return canonical_digest(list(parse(triples, format=RdfFormat.N_TRIPLES)))


def jsonld_js_digest(file: Path) -> str:
    done = subprocess.run(["node", "canonize.mjs", str(file)], capture_output=True, check=True, cwd=NODE)
    return done.stdout.decode().strip()


def test_turtle_and_json_ld_downloads_are_one_dataset_to_rdflib_oxigraph_and_jsonld_js(
    server: Server, tmp_path: Path
) -> None:
    files = {}
    for suffix in ("ttl", "jsonld"):
        files[suffix] = tmp_path / f"legation.{suffix}"
        files[suffix].write_bytes(server.follow(f"/release/current/legation.{suffix}").body)
    digests = {
        "Turtle, Oxigraph": oxigraph_digest(files["ttl"], RdfFormat.TURTLE),
        "Turtle, rdflib": rdflib_digest(files["ttl"], "turtle"),
        "JSON-LD, Oxigraph": oxigraph_digest(files["jsonld"], RdfFormat.JSON_LD),
        "JSON-LD, rdflib": rdflib_digest(files["jsonld"], "json-ld"),
        "JSON-LD, jsonld.js": jsonld_js_digest(files["jsonld"]),
    }
    assert len(set(digests.values())) == 1, digests


def test_pyshacl_on_the_command_line_passes_the_download_against_the_shapes_download(
    server: Server, tmp_path: Path
) -> None:
    for name in ("legation.ttl", "shapes.ttl"):
        (tmp_path / name).write_bytes(server.follow(f"/release/current/{name}").body)
    done = subprocess.run(
        [str(Path(sys.executable).with_name("pyshacl")), "--shacl", "shapes.ttl", "legation.ttl"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout.decode()
    assert "Conforms: True" in done.stdout.decode()
