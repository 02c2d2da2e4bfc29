"""When things began and ended: merged from claims, never sharpened, said in words and drawn on a scale."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

import pytest
from pyoxigraph import Literal, NamedNode

from legation.namespaces import LEG, PREFIXES
from legation.serve.site.directory.read import Said
from legation.serve.thing.timeline import EVENT, TENURE, WIDTH, Entry, timeline
from legation.serve.words.labels import Text
from legation.serve.words.present import Shown
from legation.serve.words.spans import On, Span, merged
from legation.serve.words.when import happening, lasting
from tests.serving import Server

HTML = {"Accept": "text/html"}
DAY = NamedNode(f"{PREFIXES['xsd']}date")


def claim(rank: str = "Normal", **bounds: str) -> Said:
    """A claim with some of the bounds that a release states (se, sl, ee, el)."""
    names = {"se": "startEarliest", "sl": "startLatest", "ee": "endEarliest", "el": "endLatest"}
    said: Mapping[str, list[NamedNode | Literal]] = {f"{LEG}rank": [NamedNode(f"{LEG}{rank}Rank")]}
    return {**said, **{f"{LEG}{names[key]}": [Literal(day, datatype=DAY)] for key, day in bounds.items()}}


def span(
    start_earliest: str = "", start_latest: str = "", end_earliest: str = "", end_latest: str = ""
) -> Span:
    days = (start_earliest, start_latest, end_earliest, end_latest)
    return Span(*(date.fromisoformat(day) if day else None for day in days))


@pytest.mark.parametrize(
    ("claims", "together"),
    [
        ([], span()),
        ([claim()], span()),
        ([claim(sl="2013-09-27", ee="2013-09-27")], span("", "2013-09-27", "2013-09-27")),
        (
            [claim(se="2011-09-22", sl="2011-09-22"), claim(sl="2014-05-15", ee="2014-05-15")],
            span("2011-09-22", "2011-09-22", "2014-05-15"),
        ),
        (
            [claim(se="2017-01-06", sl="2017-01-06"), claim(se="2017-11-22", sl="2017-11-22")],
            span("2017-01-06", "2017-11-22"),
        ),
        (
            [claim("Preferred", se="2016-04-01", sl="2016-04-30"), claim(se="2015-01-01", sl="2015-12-31")],
            span("2016-04-01", "2016-04-30"),
        ),
        ([claim(se="2015-01-01", sl="2015-12-31"), claim(sl="2015-03-01")], span("2015-01-01", "2015-03-01")),
        ([claim("Deprecated", se="2010-01-01", sl="2010-01-01")], span()),
        (
            [claim(ee="2020-01-01"), claim(ee="2019-09-01", el="2019-09-30")],
            span("", "", "2019-09-01", "2019-09-30"),
        ),
    ],
)
def test_claims_on_one_matter_tell_together_what_is_known(claims: list[Said], together: Span) -> None:
    assert merged(claims) == together


@pytest.mark.parametrize(
    ("known", "day", "on"),
    [
        (span("2011-09-22", "2011-09-22"), "2011-09-21", On.NOT),
        (span("2011-09-22", "2011-09-22"), "2026-01-01", On.CERTAINLY),
        (span("2011-01-01", "2011-12-31"), "2011-06-01", On.POSSIBLY),
        (span("", "2013-01-01"), "2012-01-01", On.POSSIBLY),
        (span(), "2012-01-01", On.POSSIBLY),
        (span("2011-01-01", "2011-01-01", "2019-01-01", "2019-12-31"), "2019-06-01", On.POSSIBLY),
        (span("2011-01-01", "2011-01-01", "2019-01-01", "2019-12-31"), "2020-01-01", On.NOT),
    ],
)
def test_a_membership_on_a_day_is_certain_possible_or_out_of_the_question(
    known: Span, day: str, on: On
) -> None:
    assert known.lasts_on(date.fromisoformat(day)) is on


def plain(markup: str) -> str:
    return re.sub(r"<[^>]+>", "", markup)


@pytest.mark.parametrize(
    ("known", "words"),
    [
        (
            span("2011-09-22", "2011-09-22", "2016-04-01", "2016-04-30"),
            "from 22 September 2011, to April 2016",
        ),
        (span("2017-01-06", "2017-11-22"), "begun between 6 January 2017 and 22 November 2017, end unknown"),
        (span("", "2018-12-31", "2018-01-01"), "seen 2018"),
        (span("", "2013-09-27", "2014-05-15"), "already 27 September 2013, still 15 May 2014"),
        (span("", "", "2026-06-01", "2026-06-30"), "beginning unknown, to June 2026"),
        (span(), "no date"),
    ],
)
def test_what_lasted_is_said_with_what_is_unknown_about_it(known: Span, words: str) -> None:
    assert plain(lasting(known, "en")) == words


@pytest.mark.parametrize(
    ("known", "words"),
    [
        (
            span("2011-09-22", "2011-09-22", "2016-04-01", "2016-04-30"),
            "dès le 22 septembre 2011, jusqu’en avril 2016",
        ),
        (span("2022-01-01", "2022-12-31", "2023-03-01", "2023-03-01"), "dès 2022, jusqu’au 1er mars 2023"),
        (
            span("2017-01-06", "2017-11-22"),
            "début entre le 6 janvier 2017 et le 22 novembre 2017, fin inconnue",
        ),
        (span("", "2018-12-31", "2018-01-01"), "attesté en 2018"),
        (span("", "2013-09-27", "2014-05-15"), "déjà le 27 septembre 2013, encore le 15 mai 2014"),
    ],
)
def test_french_says_a_day_a_month_and_a_year_each_with_its_own_word(known: Span, words: str) -> None:
    assert plain(lasting(known, "fr")) == words


def test_an_event_is_said_with_the_precision_of_its_source() -> None:
    assert plain(happening(span("2025-02-01", "2025-02-28"), "ar")) == "فبراير 2025"
    assert '<time datetime="2025-02">' in happening(span("2025-02-01", "2025-02-28"), "ar")
    three_days = span("2024-04-22", "2024-04-22", "2024-04-24", "2024-04-24")
    assert plain(happening(three_days, "en")) == "22 April 2024 – 24 April 2024"


def entry(kind: str, known: Span) -> Entry:
    return Entry(kind, (Shown(Text("x")),), known)


def kinds_of(kind: str, known: Span) -> list[str]:
    drawn = timeline([entry(kind, known)], False, 10)
    assert drawn is not None
    return [bar.kind for bar in drawn.rows[0].bars]


def test_an_end_that_no_source_gives_is_drawn_open_and_what_is_uncertain_pale() -> None:
    assert kinds_of(TENURE, span("2011-09-22", "2011-09-22", "2016-04-01", "2016-04-30")) == [
        "maybe",
        "known",
    ]
    assert kinds_of(TENURE, span("2011-09-22", "2011-09-22")) == ["open", "known"]
    assert kinds_of(TENURE, span("", "2018-12-31", "2018-01-01")) == ["open", "open", "maybe"]
    assert kinds_of(EVENT, span("2018-03-01", "2018-03-01")) == ["known"]
    assert kinds_of(EVENT, span("2018-01-01", "2018-12-31")) == ["maybe"]


def test_time_runs_from_the_right_in_arabic() -> None:
    entries = [entry(EVENT, span("2011-01-01", "2011-01-01")), entry(EVENT, span("2019-01-01", "2019-01-01"))]
    straight, mirrored = (timeline(entries, way, 10) for way in (False, True))
    assert straight is not None
    assert mirrored is not None
    assert straight.rows[0].bars[0].x < straight.rows[1].bars[0].x
    assert mirrored.rows[0].bars[0].x > mirrored.rows[1].bars[0].x
    assert all(0 <= bar.x <= WIDTH for row in mirrored.rows for bar in row.bars)


def test_nothing_without_a_date_makes_a_timeline() -> None:
    assert timeline([entry(TENURE, span())], False, 10) is None


def test_the_page_of_a_body_shows_its_co_chairs_in_order(server: Server) -> None:
    text = server.ask("/en/page/body/gctf", HTML).text
    holders = text[text.index('id="holders"') : text.index('id="members"')]
    names = re.findall(r'<li><a href="/en/page/(?:state|body)/([^"]+)"', holders)
    assert names[0] == "turkiye"
    assert names.index("netherlands") < names.index("canada") < names.index("egypt")


def test_members_are_those_of_the_day_that_is_asked_for(server: Server) -> None:
    before, after = (
        server.ask(f"/en/page/body/gctf?on={day}", HTML).text for day in ("2015-01-01", "2024-01-01")
    )
    assert "/en/page/state/kuwait" not in before[before.index('id="members"') : before.index('id="timeline"')]
    assert "/en/page/state/kuwait" in after[after.index('id="members"') : after.index('id="timeline"')]
    assert server.ask("/page/body/gctf?on=2024-02-31", HTML).status == 400


def test_a_timeline_reads_as_a_list_and_goes_on_to_all_of_it(server: Server) -> None:
    text = server.ask("/en/timeline?of=body/gctf", HTML).text
    rows = text[text.index('<ol class="timeline">') : text.index("</ol>")]
    assert rows.count("<li") > 45
    assert "from 22 September 2011, to April 2016" in plain(rows)
    assert server.ask("/timeline?of=body/nothing", HTML).status == 400
