"""`legation format` writes the one spelling of a file."""

from __future__ import annotations

from pathlib import Path

import pytest
import rdflib
from hypothesis import given, settings
from hypothesis import strategies as st

from legation.namespaces import ID, LEG, PREFIXES
from legation.publish.authored import Authored
from legation.publish.canonical import canonical_text, canonical_turtle, new_graph
from tests.projects import legation

UNTIDY = f"""\
@prefix p: <{ID}person/> .
@prefix s: <{PREFIXES["skos"]}> .
# a comment
p:b s:prefLabel "ب"@ar, "b"@en ; a <{LEG}Person> .
p:a a <{LEG}Person> ; s:prefLabel "a"@en .
"""
TIDY = f"""\
PREFIX leg: <{LEG}>
PREFIX person: <{ID}person/>
PREFIX skos: <{PREFIXES["skos"]}>

person:a
    a leg:Person ;
    skos:prefLabel "a"@en ;
.

person:b
    a leg:Person ;
    skos:prefLabel
        "ب"@ar ,
        "b"@en ;
.
"""


def test_a_file_is_rewritten_with_the_one_prefix_table_and_named(tmp_path: Path) -> None:
    file = tmp_path / "people.ttl"
    file.write_text(UNTIDY, encoding="utf-8")
    run = legation("format", file)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.strip().endswith("people.ttl")
    assert file.read_text(encoding="utf-8") == TIDY
    again = legation("format", file)
    assert (again.returncode, again.stdout) == (0, "")


def test_with_check_nothing_is_written_and_the_exit_code_tells(tmp_path: Path) -> None:
    file = tmp_path / "people.ttl"
    file.write_text(UNTIDY, encoding="utf-8")
    assert legation("format", "--check", file).returncode == 1
    assert file.read_text(encoding="utf-8") == UNTIDY
    file.write_text(TIDY, encoding="utf-8")
    assert legation("format", "--check", file).returncode == 0


def test_what_is_not_turtle_is_left_alone_and_reported_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "people.ttl"
    file.write_text(f"{TIDY}\nperson:c a leg:Person\n", encoding="utf-8")
    run = legation("format", file)
    assert run.returncode == 1
    assert "people.ttl:17: syntax error" in run.stdout
    assert file.read_text(encoding="utf-8").endswith("leg:Person\n")


def test_the_spelling_is_that_of_rdflibs_canonical_longturtle(authored: Authored) -> None:
    """Blank nodes are canonicalised only where there are some: the text must not show it."""
    for file in authored.files[:40]:
        graph = new_graph().parse(data=file.text, format="turtle")
        wanted = graph.serialize(format="longturtle", canon=True, encoding=None).rstrip("\n") + "\n"
        assert canonical_text(file.text) == wanted, file.name


terms = st.sampled_from(
    [rdflib.URIRef(f"{ID}{kind}/{n}") for kind in ("person", "claim") for n in ("a", "0_f-1", "b.c")]
)


def spellable(text: str) -> bool:
    """Return whether rdflib 7.6.0 writes a text readably: not one with a line break and a final \\\"."""
    return not (text.endswith('\\"') and "\n" in text)


values = st.one_of(
    terms,
    st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)
    .filter(spellable)
    .map(rdflib.Literal),
    st.builds(
        rdflib.Literal,
        st.text(max_size=5, alphabet='"\\\n\tأب').filter(spellable),
        lang=st.sampled_from(["ar", "en"]),
    ),
    st.integers(-99, 99).map(rdflib.Literal),
)


@settings(deadline=None)
@given(st.lists(st.tuples(terms, terms, values), max_size=8), st.randoms(use_true_random=False))
def test_the_same_triples_have_one_spelling_in_whatever_order_and_it_says_the_same(
    triples: list[tuple[rdflib.URIRef, rdflib.URIRef, rdflib.URIRef | rdflib.Literal]], random: object
) -> None:
    graph, shuffled = new_graph(), new_graph()
    for triple in triples:
        graph.add(triple)
    for triple in reversed(triples):
        shuffled.add(triple)
    text = canonical_turtle(graph)
    assert canonical_turtle(shuffled) == text
    assert canonical_text(text) == text
    assert set(new_graph().parse(data=text, format="turtle")) == set(graph)


@pytest.mark.parametrize("text", ["", "\n"])
def test_a_file_with_nothing_in_it_is_one_empty_line(text: str) -> None:
    assert canonical_text(text) == "\n"
