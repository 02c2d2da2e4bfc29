"""What a new user comes for, done from the home page on, in each language, with nothing known of RDF."""

from __future__ import annotations

import csv
import json
import re
from urllib.parse import urlencode

from playwright.sync_api import Browser, expect

from tests.browsing import browsing
from tests.projects import ROOT
from tests.serving import Server

IMCTC = "Coalition Islamique Militaire pour Combattre le Terrorisme"
TWENTY = {
    "عمر هلال": "person/omar-hilale",
    "إلينا كالكو": "person/elina-kalkku",
    "فلاديمير فورونكوف": "person/vladimir-voronkov",
    "أنطونيو غوتيريش": "person/antonio-guterres",
    "فيليب كريدلكا": "person/philippe-kridelka",
    "تيدروس أدهانوم غيبريسوس": "person/tedros-adhanom-ghebreyesus",
    "فيليبو غراندي": "person/filippo-grandi",
    "فولكر تورك": "person/volker-turk",
    "المغرب": "state/morocco",
    "فنلندا": "state/finland",
    "كندا": "state/canada",
    "المملكة العربية السعودية": "state/saudi-arabia",
    "تركيا": "state/turkiye",
    "مصر": "state/egypt",
    "الجمعية العامة للأمم المتحدة": "body/un-general-assembly",
    "المنتدى العالمي لمكافحة الإرهاب": "body/gctf",
    "مكتب الأمم المتحدة لمكافحة الإرهاب": "body/unoct",
    "التحالف الإسلامي العسكري لمحاربة الإرهاب": "body/imctc",
    "مركز الأمم المتحدة لمكافحة الإرهاب": "body/uncct",
    "الرياض": "place/riyadh",
}
"""A column of a spreadsheet, and what its cells mean."""


def test_in_arabic_one_finds_who_co_facilitated_the_ninth_review_for_whom_and_according_to_what(
    chromium: Browser, server: Server
) -> None:
    with browsing(chromium, server, "ar") as tab:
        tab.goto("/")
        assert tab.locator("html").get_attribute("dir") == "rtl", "the browser's language is the page's"
        tab.get_by_role("combobox").fill("ميسر المراجعة التاسعة")
        tab.get_by_role("option").filter(has_text="ميسّر مشارك للمراجعة التاسعة").first.click()
        holders = tab.locator("section[aria-labelledby=holders] li")
        expect(holders).to_have_count(2)
        expect(holders.filter(has_text="عمر هلال")).to_contain_text("المغرب")
        expect(holders.filter(has_text="إلينا كالكو")).to_contain_text("فنلندا")
        row = tab.locator("tr.claim").filter(has_text="Sahara News").first
        row.get_by_text("لماذا نقول ذلك؟").click()
        source = row.get_by_role("link", name="الصفحة نفسها")
        expect(source).to_be_visible()
        assert re.match(r"https?://", source.get_attribute("href") or "")
        row.locator(".evidence a").first.click()
        expect(tab).to_have_url(re.compile("/page/source/sahara-news-2026-gcts-ninth-review$"))


def test_in_english_one_downloads_all_co_chairs_of_the_forum_as_csv(
    chromium: Browser, server: Server
) -> None:
    pinned = ROOT / "tests/questions/04-gctf-co-chairs.csv"
    with browsing(chromium, server, "en-GB") as tab:
        tab.goto("/")
        tab.get_by_role("navigation", name="Site").get_by_role("link", name="SPARQL").click()
        tab.get_by_role("link", name="Questions this data answers").click()
        tab.get_by_role("link", name="Who co-chaired the Global Counterterrorism Forum").click()
        with tab.expect_download() as started:
            tab.get_by_role("link", name="CSV").click()
        assert started.value.path().read_text(encoding="utf-8") == pinned.read_text(encoding="utf-8")
        tab.get_by_role("link", name="Open in the editor").click()
        expect(tab.locator("table.result tbody tr").first).to_be_visible()
        with tab.expect_download() as started:
            tab.locator(".formats").get_by_role("link", name="csv").click()
        with started.value.path().open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    assert {"Morocco", "Netherlands", "Canada", "Turkey", "United States of America"} <= {
        row["coChair"] for row in rows
    }


def test_in_french_one_builds_bodies_seated_in_riyadh_without_writing_sparql(
    chromium: Browser, server: Server
) -> None:
    with browsing(chromium, server, "fr-FR") as tab:
        tab.goto("/")
        tab.get_by_role("navigation", name="Site").get_by_role("link", name="SPARQL").click()
        tab.get_by_text("Construire une requête sans écrire de SPARQL").click()
        tab.get_by_label("Je cherche", exact=True).select_option(label="organisme")
        tab.locator("#add0").select_option(label="siège")
        tab.get_by_label("siège", exact=True).select_option(label="Riyad")
        expect(tab.locator(".cm-content")).to_contain_text("place:riyadh")
        tab.get_by_role("button", name="Exécuter").click()
        expect(tab.locator("table.result")).to_contain_text(IMCTC)
        with tab.expect_download() as started:
            tab.locator(".formats").get_by_role("link", name="csv").click()
        assert IMCTC in started.value.path().read_text(encoding="utf-8")


def test_a_column_of_twenty_arabic_names_is_reconciled(server: Server) -> None:
    queries = {f"q{number}": {"query": name, "limit": 3} for number, name in enumerate(TWENTY)}
    answer = server.ask(
        "/reconcile",
        {"Content-Type": "application/x-www-form-urlencoded"},
        "POST",
        urlencode({"queries": json.dumps(queries)}).encode(),
    )
    assert answer.status == 200
    best = [answer.json()[key]["result"][0] for key in queries]
    assert [one["id"].partition("/id/")[2] or one["id"] for one in best] == list(TWENTY.values())
    assert [one["name"] for one in best if not one["match"]] == []
