"""Rows of a result are counted in its bytes, exactly, whatever its values hold and however it is cut."""

from __future__ import annotations

import io
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import BaseDirection, Literal, NamedNode, Quad, QuerySolutions, Store, Triple

from legation.serve.query.rows import COUNTERS, CsvRows, RowLimit
from legation.serve.query.versions import Signs
from legation.serve.web.formats import RESULT_FORMATS

NASTY: Final = ('"', "\\", "\n", "\r", "\t", "[{", ",{", "},{", "{}", "</result>", "<triple>", ",", "é")
SIGNS: Final = ('"type":"triple"', '"its:dir":"', '" its:dir="', "\n<<(", "\t<<(", '"@en--ltr\n', '"@en--ltr')

texts = st.lists(st.one_of(st.sampled_from((*NASTY, *SIGNS)), st.characters(codec="utf-8"))).map("".join)


def written(values: list[Literal | Triple], name: str, query: str = "SELECT ?o ?none { ?s ?p ?o }") -> bytes:
    """Return a result with a row for each of ``values``, as the engine writes it."""
    store = Store()
    store.extend(
        Quad(NamedNode(f"urn:s{number}"), NamedNode("urn:p"), value) for number, value in enumerate(values)
    )
    results, sink = store.query(query), io.BytesIO()
    assert isinstance(results, QuerySolutions)
    results.serialize(sink, RESULT_FORMATS[name])
    return sink.getvalue()


@pytest.mark.parametrize("name", COUNTERS)
@settings(deadline=None, max_examples=40)
@given(values=st.lists(texts, max_size=5), size=st.integers(1, 40), empty=st.booleans())
def test_every_row_is_counted_once(name: str, values: list[str], size: int, empty: bool) -> None:
    query = "SELECT ?none { ?s ?p ?o }" if empty else "SELECT ?o ?none { ?s ?p ?o }"
    data = written([Literal(value) for value in values], name, query)
    counter, rows = COUNTERS[name](), 0
    for start in range(0, len(data), size):
        rows = counter.add(data[start : start + size])
    assert rows == len(values)


def finds(data: bytes, name: str, size: int) -> bool:
    signs = Signs(name)
    for start in range(0, len(data), size):
        signs.add(data[start : start + size])
    return signs.found


@pytest.mark.parametrize("name", ["json", "xml", "tsv"])
@settings(deadline=None, max_examples=40)
@given(values=st.lists(texts, max_size=5), size=st.integers(1, 40))
def test_no_text_is_taken_for_a_sign_of_rdf_1_2(name: str, values: list[str], size: int) -> None:
    assert not finds(written([Literal(value) for value in values], name), name, size)
    assert not finds(written([Literal(value, language="en") for value in values], name), name, size)


@pytest.mark.parametrize("name", ["json", "xml", "tsv"])
@settings(deadline=None, max_examples=40)
@given(value=texts, size=st.integers(1, 40))
def test_a_triple_term_and_a_base_direction_are_signs_of_rdf_1_2(name: str, value: str, size: int) -> None:
    term = Triple(NamedNode("urn:a"), NamedNode("urn:b"), Literal(value))
    directed = Literal(value, language="en", direction=BaseDirection.RTL)
    assert finds(written([term], name), name, size)
    assert finds(written([directed], name), name, size)


@pytest.mark.parametrize("most", [1, 3, 200])
def test_a_limit_on_rows_is_passed_exactly_where_the_rows_are_counted_to_be_more(most: int) -> None:
    body = b'a\r\n"b\n"\r\n\r\n' + b"c\r\n" * 200
    limit, rows = RowLimit("csv", most), CsvRows()
    pieces = [body[start : start + 7] for start in range(0, len(body), 7)]
    assert [limit.is_passed(piece) for piece in pieces] == [rows.add(piece) > most for piece in pieces]
