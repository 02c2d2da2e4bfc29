"""JSON-LD written from lines is the document that pyld makes, byte for byte."""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path

import pytest
from pyoxigraph import RdfFormat, parse, serialize

from legation.jsonld import compact
from legation.namespaces import ID, LEG, PREFIXES
from legation.publish.compaction import json_ld
from legation.publish.lines import canonical
from legation.publish.serialize import json_text, triples_of
from legation.release import CONTEXT

SKOS = PREFIXES["skos"]
ODD = f"""
PREFIX id: <{ID}> PREFIX leg: <{LEG}> PREFIX skos: <{SKOS}> PREFIX wd: <{PREFIXES["wd"]}>
PREFIX xsd: <{PREFIXES["xsd"]}> PREFIX ex: <https://example.org/>
id:a a leg:Person , ex:Kind , [] ; skos:prefLabel "a"@en , "b"@en , "ا"@ar , "none" , 5 , ex:label ;
  skos:altLabel "tab\\t quote\\" back\\\\ line\\n bell\\u0007 é"@fr ;
  leg:start "2020"^^xsd:gYear , "2020-01-01"^^xsd:date ;
  leg:holder id:b , wd:Q1 , "a text" ; ex:p wd:Q1 , ex:x , "x" , true , 1.5 , "1"^^ex:type ; ex:q () .
wd:Q1 ex:p _:blank . _:blank leg:claimCount 5 ; leg:sha256 "x", "y" ; leg:leavesOut "x"@en-GB .
<{LEG}Person> a skos:Concept . <{ID}> ex:p "_:" .
"""


def written(lines: list[bytes], context: dict[str, object]) -> bytes:
    return "".join(json_ld(lines, context)).encode()


@pytest.fixture(scope="module")
def context(release: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((release / CONTEXT).read_text(encoding="utf-8"))["@context"]
    return found


def test_the_bundled_graphs_read_as_pyld_writes_them(release: Path, context: dict[str, object]) -> None:
    for name, step in (("ontology", 1), ("shapes", 1), ("legation", 12)):
        lines = (release / f"{name}.nt").read_bytes().splitlines(keepends=True)
        blocks = [list(block) for _, block in groupby(lines, key=lambda line: line.split(b" ", 1)[0])]
        some = [line for block in blocks[::step] for line in block]
        assert written(some, context) == json_text(compact(triples_of(some), context)), name


def test_every_kind_of_value_reads_as_pyld_writes_it(context: dict[str, object]) -> None:
    triples = serialize(parse(ODD, RdfFormat.TURTLE), format=RdfFormat.N_TRIPLES) or b""
    lines = canonical(triples.splitlines(keepends=True))
    assert len(lines) == 29
    assert written(lines, context) == json_text(compact(triples_of(lines), context))


def test_a_graph_with_nothing_in_it_is_a_document_too(context: dict[str, object]) -> None:
    assert json.loads(written([], context)) == {"@context": context, "@graph": []}
