"""The quick writer of `longturtle` writes what rdflib writes, or leaves it to rdflib."""

from __future__ import annotations

import pytest
import rdflib
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import RdfFormat, Triple, parse

from legation.namespaces import ID, LEG, PREFIXES
from legation.publish.authored import Authored
from legation.publish.canonical import new_graph, rdflib_graph, spell
from legation.publish.longturtle import UnwritableError, longturtle
from legation.terms import to_oxigraph

XSD = PREFIXES["xsd"]
LOCAL_NAMES = (
    "a",
    "0",
    "a-b_c",
    "b.c",
    "c.",
    "-d",
    "e/f",
    "",
    "i%20j",
    "l(m)",
    "ñ",
    "شخص",
    "n~o",
)
SPACES = (f"{ID}person/", LEG, PREFIXES["wd"], PREFIXES["schema"], ID, "https://example.org/", "urn:x:")
DATATYPES = ("date", "gYear", "integer", "decimal", "double", "boolean", "string", "anyURI", "hexBinary")

iris = st.builds(
    rdflib.URIRef, st.builds("".join, st.tuples(st.sampled_from(SPACES), st.sampled_from(LOCAL_NAMES)))
)
properties = st.sampled_from(
    [rdflib.URIRef(PREFIXES[prefix] + name) for prefix, name in (
        ("rdf", "type"), ("rdfs", "label"), ("leg", "holder"), ("dcterms", "title"), ("rdf", "value"),
    )]
)  # fmt: skip
texts = st.text(alphabet=st.sampled_from("ab0-. 'أé\"\\\n\r\t"), max_size=6)
values = st.one_of(
    iris,
    texts.map(rdflib.Literal),
    st.builds(rdflib.Literal, texts, lang=st.sampled_from(["ar", "en", "en-GB", "fr"])),
    st.builds(
        lambda text, name: rdflib.Literal(text, datatype=rdflib.URIRef(XSD + name), normalize=False),
        st.sampled_from(["0", "7", "07", "-1", "1.50", "1e3", "true", "2020", "2020-01-01", "INF", "x"]),
        st.sampled_from(DATATYPES),
    ),
)


def rdflibs(triples: list[Triple]) -> str:
    return spell(rdflib_graph(triples), canon=False)


@settings(deadline=None)
@pytest.mark.filterwarnings("ignore:Serializing weird numerical")
@given(st.lists(st.tuples(iris, properties, values), min_size=1, max_size=10))
def test_the_text_is_rdflibs_whatever_the_names_and_the_values(
    said: list[tuple[rdflib.URIRef, rdflib.URIRef, rdflib.URIRef | rdflib.Literal]],
) -> None:
    triples = [to_oxigraph(triple) for triple in said]
    assert longturtle(triples, new_graph()).rstrip("\n") + "\n" == rdflibs(triples)


def test_the_text_of_every_bundled_file_of_data_is_rdflibs(authored: Authored) -> None:
    files = authored.within("data")
    assert len(files) > 500
    for file in files[:: len(files) // 100]:
        assert longturtle(file.triples, new_graph()) == rdflibs(list(file.triples)), file.name


@pytest.mark.parametrize(
    "turtle",
    [
        "<x:a> <x:b> <x:c> .",
        f"<x:a> <{PREFIXES['rdf']}value> [] .",
        f"[] <{PREFIXES['rdf']}value> <x:c> .",
        f"<x:a> <{PREFIXES['rdf']}value> () .",
        f"<x:a> a <{PREFIXES['rdfs']}Class> .",
    ],
)
def test_what_rdflib_spells_in_ways_of_its_own_is_left_to_it(turtle: str) -> None:
    triples = [quad.triple for quad in parse(turtle, RdfFormat.TURTLE)]
    with pytest.raises(UnwritableError):
        longturtle(triples, new_graph())
