"""The drawing of partners and agreements: what it shows, where, and what it leaves to the table."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyoxigraph import Literal

from legation.namespaces import ID, LEG
from legation.serve.site.partners import AT_MOST, Drawing, Tie, covering, draw, neighbours, ties_of
from legation.serve.thing.neighbourhood import shortened
from legation.serve.web.iris import Links
from legation.serve.words.present import Presenter
from tests.serving import Server

HTML = {"Accept": "text/html"}
NAMES: Mapping[str, list[Literal]] = {}


def body(number: int) -> str:
    return f"{ID}body/b{number}"


def state(number: int) -> str:
    return f"{ID}state/s{number}"


def drawn(ties: list[Tie], *, mirrored: bool = False) -> Drawing:
    found = draw(sorted(ties), Presenter("en", NAMES, Links("/en").to), mirrored=mirrored)
    assert found is not None
    return found


def test_rows_that_say_the_same_tie_in_several_instruments_are_one_line() -> None:
    row = (body(1), f"{LEG}agreedWith", body(2))
    assert ties_of(
        [row, row, (body(1), f"{LEG}hostedBy", state(1)), (body(1), f"{LEG}hostedBy", body(1))]
    ) == [
        (body(1), body(2), "agreed"),
        (body(1), state(1), "borne"),
    ]


def test_bodies_with_many_ties_stand_between_other_bodies_and_states() -> None:
    ties = [(body(1), body(2), "agreed"), (body(1), state(1), "borne"), (body(1), state(2), "borne")]
    places = {node.name.iri: (node.x, node.anchor, node.boxed) for node in drawn(ties).nodes}
    assert places[body(1)] == (570, "middle", True)
    assert places[body(2)][1:] == ("end", False)
    assert places[state(1)][1:] == places[state(2)][1:] == ("start", False)
    mirrored = {node.name.iri: node.x for node in drawn(ties, mirrored=True).nodes}
    assert mirrored == {iri: 1140 - x for iri, (x, _, _) in places.items()}


TIES = st.lists(
    st.tuples(
        st.integers(0, 9).map(body), st.one_of(st.integers(0, 9).map(body), st.integers(0, 9).map(state))
    ).filter(lambda pair: pair[0] != pair[1]),
    min_size=1,
)


@settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(TIES)
def test_every_tie_has_an_end_among_the_chosen_and_the_same_ties_give_the_same_drawing(
    pairs: list[tuple[str, str]],
) -> None:
    ties = sorted({(*pair, "agreed") for pair in pairs})
    chosen = set(covering(neighbours(ties)))
    assert all(chosen & {one, other} for one, other, _ in ties)
    picture = drawn(ties)
    assert picture == drawn([*reversed(ties)])
    assert (len(picture.edges), picture.left_out) == (len(ties), 0)
    assert {node.name.iri for node in picture.nodes} == {iri for tie in ties for iri in tie[:2]}
    assert all(0 < node.y < picture.height for node in picture.nodes)


@pytest.mark.parametrize("count", [AT_MOST + 1, 5000])
def test_what_would_crowd_the_drawing_is_left_to_the_table(count: int) -> None:
    star = [(body(0), state(number), "agreed") for number in range(count)]
    pairs = [(body(number), body(number + 1), "together") for number in range(1, count, 2)]
    picture = drawn(star + pairs)
    assert len(picture.nodes) == AT_MOST
    assert len(picture.edges) + picture.left_out == len(star) + len(pairs)


def test_a_name_is_cut_where_one_stops_reading() -> None:
    assert shortened("Short", 10) == "Short"
    assert shortened("A rather long name", 10) == "A rather…"
    assert shortened("اسم طويل جدا هنا", 10).endswith("…\u200f")


@pytest.mark.parametrize("language", ["ar", "en", "fr"])
def test_the_overview_of_partners_draws_them_with_links_and_keeps_its_table(
    server: Server, language: str
) -> None:
    text = server.ask(f"/{language}/overview/partners", HTML).text
    drawing = text[text.index('<figure class="partners"') : text.index("</figure>")]
    assert f'href="/{language}/page/body/imctc"' in drawing
    assert {"agreed", "together", "borne"} == set(re.findall(r'<path class="(\w+)"', drawing))
    assert "style=" not in drawing
    assert '<table class="list">' in text
    assert 'class="partners"' not in server.ask(f"/{language}/overview/seats", HTML).text


def test_one_body_alone_can_be_drawn_whichever_end_of_its_ties_it_is(server: Server) -> None:
    assert 'href="/en/overview/partners?of=body/uncct"' in server.ask("/en/page/body/uncct", HTML).text
    text = server.ask("/en/overview/partners?of=body/uncct", HTML).text
    drawing = text[text.index('<figure class="partners"') : text.index("</figure>")]
    assert drawing.count("<rect") == 1
    for partner in ("body/imctc", "state/saudi-arabia"):
        assert f'href="/en/page/{partner}"' in drawing
