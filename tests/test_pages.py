"""What a reader finds on the pages: claims with their evidence, what points here, and signposts."""

from __future__ import annotations

import gzip
import json
import re
from itertools import pairwise

import pytest

from legation.namespaces import ID, RELEASE
from tests.serving import Server

HTML = {"Accept": "text/html"}
KINDS = {
    "person": "omar-hilale",
    "body": "gctf",
    "state": "morocco",
    "post": "gctf-co-chair",
    "event": "geneva-visit-hilale-kridelka",
    "instrument": "uncct-imctc-mou-2025",
    "place": "riyadh",
    "claim": "wikipedia-nd-imctc-1",
    "source": "000_fe192a91e8ddc2a1",
    "concept": "founding-member",
}


def ask(server: Server, path: str) -> str:
    answer = server.ask(path, HTML)
    assert answer.status == 200
    return answer.text


@pytest.mark.parametrize(("kind", "slug"), KINDS.items())
def test_the_page_of_a_thing_stays_light(server: Server, kind: str, slug: str) -> None:
    assert len(gzip.compress(ask(server, f"/ar/page/{kind}/{slug}").encode())) < 60_000


@pytest.mark.parametrize("language", ["ar", "en", "fr"])
@pytest.mark.parametrize(("kind", "slug"), KINDS.items())
def test_the_headings_of_a_page_are_in_order(server: Server, kind: str, slug: str, language: str) -> None:
    levels = [
        int(level) for level in re.findall(r"<h([1-6])", ask(server, f"/{language}/page/{kind}/{slug}"))
    ]
    assert levels[0] == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))


def test_claims_on_one_matter_stand_together_with_rank_and_evidence(server: Server) -> None:
    text = ask(server, "/en/page/post/gctf-co-chair")
    assert re.search(r'<th scope="rowgroup" rowspan="\d+"><a href="/en/page/state/turkiye">', text)
    assert "preferred" in text
    row = text[text.index('id="us-state-department-2011-gctf-fact-sheet-1"') :]
    row = row[: row.index("</tr>")]
    assert '<time datetime="2011-09-22">' in row
    assert 'href="/en/page/source/us-state-department-2011-gctf-fact-sheet"' in row


def test_a_claim_shows_its_rivals_and_why(server: Server) -> None:
    text = ask(server, "/en/page/claim/wikipedia-nd-imctc-1")
    rivals = text[text.index('id="rivals"') :]
    assert 'href="/en/page/claim/samaa-2017-raheel-sharif-1"' in rivals
    assert "The sources disagree on when he took command" in text
    assert '<time datetime="2017-01-06">' in text


def test_the_evidence_of_a_passage_has_its_place_and_digest(server: Server) -> None:
    text = ask(server, "/en/page/claim/000_fe192a91e8ddc2a1-2")
    evidence = text[text.index('id="evidence"') :]
    assert re.search(r'characters <bdi dir="ltr">\d+–\d+</bdi>', evidence)
    assert re.search(r"SHA-256 <bdi[^>]*>[0-9a-f]{64}</bdi>", evidence)


def test_a_source_lists_what_was_read_from_it_a_page_at_a_time(server: Server) -> None:
    text = ask(server, "/en/page/source/000_fe192a91e8ddc2a1")
    groups = re.findall(r'href="(/en/page/source/000_fe192a91e8ddc2a1\?claims=[^"]+)">All (\d+)', text)
    assert groups
    for path, count in groups:
        listed = ask(server, path)
        assert listed.count('<tr id="') == min(int(count), 60)


def test_a_long_list_is_turned_page_by_page_and_no_further(server: Server) -> None:
    first = ask(server, "/en/page/body/global-coalition?claims=leg-Membership")
    second = ask(server, "/en/page/body/global-coalition?claims=leg-Membership&page=2")
    rows = [set(re.findall(r'<tr id="([^"]+)"', text)) for text in (first, second)]
    assert len(rows[0]) == 60
    assert rows[1]
    assert rows[0].isdisjoint(rows[1])
    for part in ("claims=leg-Membership&page=99", "claims=nothing", "pointing=x"):
        assert server.ask(f"/page/body/global-coalition?{part}", HTML).status == 404
    assert server.ask("/page/body/global-coalition?claims=leg-Membership&page=x", HTML).status == 400


def test_a_name_in_another_language_says_in_which(server: Server) -> None:
    text = ask(server, "/fr/page/body/gctf")
    assert re.search(
        r'<bdi lang="en" dir="ltr">[^<]+</bdi></a> <abbr class="tongue" title="anglais">en</abbr>', text
    )


def test_the_neighbourhood_is_drawn_with_links(server: Server) -> None:
    text = ask(server, "/ar/page/body/gctf")
    drawing = text[text.index('<svg class="neighbours"') :]
    drawing = drawing[: drawing.index("</svg>")]
    assert drawing.count('<a href="/ar/page/') > 5
    assert drawing.count("<title>") == drawing.count("<a ")


def test_a_candidate_for_a_wikidata_link_is_never_shown_as_a_link(server: Server) -> None:
    candidate = ask(server, "/en/page/body/gctf")
    part = candidate[candidate.index('id="links"') :]
    assert "Perhaps on Wikidata: a candidate, not a link" in part
    assert "No document at hand pairs the forum with a Wikidata number." in part
    linked = ask(server, "/en/page/state/morocco")
    part = linked[linked.index('id="links"') :]
    assert 'href="http://www.wikidata.org/entity/Q' in part
    assert "Why this Wikidata item?" in part


def test_a_page_says_what_it_is_about_in_schema_org(server: Server) -> None:
    text = ask(server, "/en/page/body/gctf")
    block = re.search(r'<script type="application/ld\+json">(.*?)</script>', text)
    assert block is not None
    node = json.loads(block[1])
    assert (node["@type"], node["@id"]) == ("Organization", f"{ID}body/gctf")
    assert {"@value": "Global Counterterrorism Forum", "@language": "en"} in node["name"]
    assert node["foundingDate"] == "2011-09-22"


def test_an_address_with_the_release_answers_for_that_release_alone(server: Server) -> None:
    path = re.search(r'href="(/en/page/body/gctf\?release=[^"]+)"', ask(server, "/en/page/body/gctf"))
    assert path is not None
    assert server.ask(path[1], HTML).status == 200
    assert server.ask("/page/body/gctf?release=1999.1.0", HTML).status == 404


def test_a_page_signposts_what_to_cite_its_data_its_licence_and_its_link_set(server: Server) -> None:
    links = server.ask("/page/body/gctf", HTML).headers["Link"]
    assert f'<{ID}body/gctf>; rel="cite-as"' in links
    assert '</data/body/gctf.ttl>; rel="describedby"; type="text/turtle"' in links
    assert '<https://schema.org/Organization>; rel="type"' in links
    assert '<https://creativecommons.org/licenses/by/4.0/>; rel="license"' in links
    assert re.search(r'</release/[0-9.]+>; rel="collection"', links)
    answer = server.ask("/linkset/body/gctf")
    assert answer.type == "application/linkset+json"
    context = answer.json()["linkset"][0]
    assert context["cite-as"] == [{"href": f"{ID}body/gctf"}]
    assert {one["type"] for one in context["describedby"]} >= {"text/turtle", "application/ld+json"}
    assert server.ask("/linkset/body/nothing").status == 404


def test_the_page_of_a_release_signposts_its_files(server: Server) -> None:
    version = server.ask("/healthz").text.split()[1]
    links = server.ask(f"/release/{version}", HTML).headers["Link"]
    assert f'<{RELEASE}{version}>; rel="cite-as"' in links
    assert f'</release/{version}/dataset.nq>; rel="item"; type="application/n-quads"' in links


def test_sitemaps_lead_to_every_page_of_a_thing(server: Server) -> None:
    assert f"Sitemap: {server.url}/sitemap.xml" in server.ask("/robots.txt").text
    parts = re.findall(r"<loc>([^<]+)</loc>", server.ask("/sitemap.xml").text)
    assert f"{server.url}/sitemap/body-1.xml" in parts
    addresses = re.findall(r"<loc>([^<]+)</loc>", server.ask("/sitemap/body-1.xml").text)
    assert f"{server.url}/page/body/gctf" in addresses
    for address in [*parts, *addresses[::25]]:
        assert server.ask(address.removeprefix(server.url), HTML).status == 200
    assert server.ask("/sitemap/body-9.xml").status == 404


def test_the_home_page_leads_everywhere(server: Server) -> None:
    text = ask(server, "/ar/")
    for slug in ("unoct", "gctf", "imctc", "global-coalition"):
        assert f'href="/ar/page/body/{slug}"' in text
    assert 'action="/ar/sparql"' in text
    assert 'action="/ar/search"' in text
    assert re.search(r'href="/ar/release/[0-9.]+/legation.ttl"', text)


def test_the_conformance_report_is_text_and_not_its_source(server: Server) -> None:
    text = ask(server, "/conformance")
    assert "<table>" in text
    assert "| ---" not in text
    assert 'href="../' not in text


def test_changes_show_the_releases_and_the_log(server: Server) -> None:
    text = ask(server, "/en/changes")
    assert 'id="log"' in text
    assert re.search(r'id="release-[0-9.]+"', text)
