"""The comparison of results is itself tested: it has to see every difference, and nothing else."""

from __future__ import annotations

from typing import Final

import pytest

from tests.conformance.results import differences, read_result, with_values

TSV: Final = "text/tab-separated-values"
TURTLE: Final = "text/turtle"


def differ(expected: str, received: str, *, ordered: bool = False, media_type: str = TSV) -> bool:
    pair = [read_result(text.encode(), media_type, "http://example/") for text in (expected, received)]
    return bool(differences(*pair, ordered=ordered))


@pytest.mark.parametrize(
    ("expected", "received"),
    [
        ("?a\t?b\n1\t2\n", "?b\t?a\n2\t1\n"),
        ("?a\n1\n2\n", "?a\n2\n1\n"),
        ("?a\t?b\n_:x\t_:y\n_:y\t_:x\n", "?a\t?b\n_:2\t_:1\n_:1\t_:2\n"),
        ("?a\t?b\n_:x\t\n\t_:x\n", "?a\t?b\n\t_:q\n_:q\t\n"),
    ],
)
def test_rows_are_the_same_in_any_order_of_rows_and_columns_and_with_any_blank_nodes(
    expected: str, received: str
) -> None:
    assert not differ(expected, received)


@pytest.mark.parametrize(
    ("expected", "received"),
    [
        ("?a\n1\n1\n", "?a\n1\n"),
        ("?a\n1\n", "?a\n1.0\n"),
        ("?a\n1\n", "?b\n1\n"),
        ('?a\n"x"\n', '?a\n"x"@en\n'),
        ("?a\t?b\n_:x\t_:x\n", "?a\t?b\n_:x\t_:y\n"),
        ("?a\n_:x\n_:x\n", "?a\n_:x\n_:y\n"),
        ("?a\t?b\n1\t\n", "?a\t?b\n\t1\n"),
    ],
)
def test_rows_that_differ_in_number_in_a_term_or_in_their_blank_nodes_are_different(
    expected: str, received: str
) -> None:
    assert differ(expected, received)


def test_the_order_of_rows_counts_where_it_is_asked_for() -> None:
    assert differ("?a\n1\n2\n", "?a\n2\n1\n", ordered=True)
    assert not differ("?a\n_:x\n_:y\n", "?a\n_:y\n_:x\n", ordered=True)


def test_graphs_are_compared_up_to_blank_nodes_inside_triple_terms_too() -> None:
    one = "<s> <p> <<( _:a <q> _:b )>> . _:a <r> 1 ."
    assert not differ(one, "<s> <p> <<( _:b <q> _:a )>> . _:b <r> 1 .", media_type=TURTLE)
    assert differ(one, "<s> <p> <<( _:a <q> _:b )>> . _:b <r> 1 .", media_type=TURTLE)


def test_values_are_compared_within_their_datatype() -> None:
    def same(expected: str, received: str) -> bool:
        pair = [with_values(read_result(f"?a\n{text}\n".encode(), TSV)) for text in (expected, received)]
        return not differences(*pair, ordered=False)

    xsd = "http://www.w3.org/2001/XMLSchema#"
    assert same("1.0", "1.00")
    assert same("1.0e6", "1e6")
    assert same(f'"1"^^<{xsd}boolean>', "true")
    assert not same("1", "1.0")
    assert not same("1", f'"1"^^<{xsd}nonNegativeInteger>')
    assert not same('"1.0"', '"1.00"')
