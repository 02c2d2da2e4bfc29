"""Searching by name: what people type finds what they mean, in three languages, with and without script."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from legation.folding import VERSION, posted
from legation.names import COLUMNS, WORDS, NamesError, Thing, make_name, read_names, write_names
from legation.namespaces import ID
from legation.release import SEARCH, open_release
from legation.serve.lookup.index import NameIndex, build_name_index, ensure_name_index, index_file
from legation.serve.lookup.matching import LONGEST, highlight, search, suggest, understand
from tests.serving import Server, serving, small_release

HTML = {"Accept": "text/html"}
JSON = {"Accept": "application/json"}
FOUND_FIRST = {
    "an Arabic name": ("فلاديمير فورونكوف", "person/vladimir-voronkov"),
    "another spelling that a source has": ("فورنكوف", "person/vladimir-voronkov"),
    "a name in another transliteration": ("Wladimir Woronkow", "person/vladimir-voronkov"),
    "a misprint": ("Voronkof", "person/vladimir-voronkov"),
    "two letters exchanged": ("Vroonkov", "person/vladimir-voronkov"),
    "an honorific": ("H.E. Mr. Vladimir Voronkov", "person/vladimir-voronkov"),
    "a name without hamza, ta marbuta as ha": ("مكتب الامم المتحده لمكافحه الارهاب", "body/unoct"),
    "a name with every vowel sign": ("مَكتَب الأُمَم المُتَّحِدة لِمُكافَحة الإرهاب", "body/unoct"),
    "a name with a joined preposition": ("بالرباط", "place/rabat"),
    "a name with a joined conjunction": ("والرباط", "place/rabat"),
    "two words joined in a source": ("الأممالمتحدة", "body/united-nations"),
    "two words joined by a typist": ("globalcounterterrorism forum", "body/gctf"),
    "a word taken apart": ("Global Counter-Terrorism Forum", "body/gctf"),
    "an acronym": ("unoct", "body/unoct"),
    "an acronym with dots": ("I.M.C.T.C.", "body/imctc"),
    "a French name without accents": ("cote d'ivoire", "state/cote-divoire"),
    "a French name in Arabic": ("كوت ديفوار", "state/cote-divoire"),
    "a code": ("MAR", "state/morocco"),
    "a number of Wikidata": ("Q1028", "state/morocco"),
    "a review by its ordinal": ("ninth review of the strategy", "event/gcts-ninth-review"),
    "a whole question": ("من تولى تيسير المراجعة التاسعة للاستراتيجية؟", "event/gcts-ninth-review"),
}


def find(server: Server, text: str, path: str = "/search", **fields: str) -> Any:  # noqa: ANN401
    answer = server.ask(f"{path}?{urlencode({'q': text, **fields})}", JSON)
    assert answer.status == 200, answer.text
    assert answer.type == "application/json"
    return answer.json()


@pytest.mark.parametrize(("text", "thing"), FOUND_FIRST.values(), ids=FOUND_FIRST.keys())
def test_what_is_typed_finds_what_is_meant_first(server: Server, text: str, thing: str) -> None:
    assert find(server, text)["results"][0]["iri"] == f"{ID}{thing}"


def test_the_same_thing_is_found_in_three_languages(server: Server) -> None:
    for text in ("Global Counterterrorism Forum", "المنتدى العالمي لمكافحة الإرهاب", "GCTF"):
        first = find(server, text)["results"][0]
        assert first["iri"] == f"{ID}body/gctf"
        assert first["name"] == "Global Counterterrorism Forum"
    arabic = find(server, "GCTF", path="/ar/search")["results"][0]
    assert (arabic["name"], arabic["language"]) == ("المنتدى العالمي لمكافحة الإرهاب", "ar")
    assert arabic["by"] == "GCTF"


def test_a_kind_narrows_and_every_kind_is_counted(server: Server) -> None:
    everything = find(server, "Morocco")
    assert sum(everything["kinds"].values()) == everything["total"]
    assert everything["kinds"]["state"] == 1
    posts = find(server, "Morocco", kind="post")
    assert posts["total"] == everything["kinds"]["post"] > 0
    assert posts["kinds"] == everything["kinds"]
    assert {result["kind"] for result in posts["results"]} == {"post"}


def test_results_come_in_pages_that_do_not_overlap(server: Server) -> None:
    first = find(server, "counter-terrorism")
    assert first["pages"] > 2
    assert len(first["results"]) == 20
    second = find(server, "counter-terrorism", page="2")
    assert {r["iri"] for r in first["results"]}.isdisjoint(r["iri"] for r in second["results"])
    scores = [result["score"] for result in first["results"] + second["results"]]
    assert scores == sorted(scores, reverse=True)
    assert find(server, "counter-terrorism", page="9999")["results"] == []


def test_the_words_that_were_found_are_marked_as_they_stand(server: Server) -> None:
    pieces = find(server, "مكتب مكافحه ارهاب", kind="body")["results"][0]["highlighted"]
    assert "لمكافحة" in [piece["text"] for piece in pieces if piece["match"]]
    page = server.ask(f"/ar/search?q={quote('المغرب')}&kind=post", HTML).text
    assert "<mark>للمغرب</mark>" in page


class Results(HTMLParser):
    """Collects what the page of results leads to, and what stands marked."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[str] = []
        self.current: list[str] = []
        self.inputs: dict[str, str] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "a":
            self.links.append(said["href"])
            if "aria-current" in said:
                self.current.append(said["href"])
        if tag == "input" and said.get("name") == "q":
            self.inputs = said


@pytest.mark.parametrize("language", ["ar", "en", "fr"])
def test_the_page_works_by_links_and_a_form_alone(server: Server, language: str) -> None:
    answer = server.ask(f"/{language}/search?q=counter-terrorism", HTML)
    assert answer.status == 200
    assert answer.headers["Content-Language"] == language
    page = Results(answer.text)
    assert page.inputs["value"] == "counter-terrorism"
    assert f"/{language}/page/body/unoct" in page.links
    following = next(link for link in page.links if "page=2" in link)
    assert server.ask(following, HTML).status == 200
    narrowed = next(link for link in page.links if "kind=event" in link)
    assert narrowed in Results(server.ask(narrowed, HTML).text).current
    nothing = server.ask(f"/{language}/search?q=zzzzqqqq", HTML)
    assert nothing.status == 200
    assert "<ol" not in nothing.text


def test_every_page_has_the_search_box(server: Server) -> None:
    for path in ("/", "/page/body/gctf", "/sparql", "/nothing/here"):
        page = server.ask(path, HTML).text
        assert 'role="search"' in page
        assert re.search(r'<input[^>]* name="q"', page)
    assert server.ask("/static/search.js").type in ("text/javascript", "application/javascript")


def test_typing_a_name_leads_to_it_letter_by_letter(server: Server) -> None:
    for typed in ("vor", "voron", "voronkov"):
        suggested = server.ask(f"/suggest?prefix={typed}").json()["suggestions"]
        assert f"{ID}person/vladimir-voronkov" in [one["iri"] for one in suggested], typed
    arabic = server.ask(f"/ar/suggest?prefix={quote('المغ')}").json()["suggestions"]
    assert arabic[0]["iri"] == f"{ID}state/morocco"
    assert arabic[0]["href"] == "/ar/page/state/morocco"
    assert arabic[0]["kindTitle"] == "دولة"
    assert server.ask("/suggest?prefix=m&kind=place&limit=3").json()["suggestions"]
    assert len(server.ask("/suggest?prefix=m&limit=3").json()["suggestions"]) == 3
    assert server.ask("/suggest").json()["suggestions"] == []


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (f"/search?q={'x' * (LONGEST + 1)}", str(LONGEST)),
        (f"/suggest?prefix={'x' * (LONGEST + 1)}", str(LONGEST)),
        ("/search?q=x&kind=ship", "ship"),
        ("/search?q=x&page=0", "page"),
        ("/search?q=x&page=two", "page"),
        ("/suggest?prefix=x&limit=-1", "limit"),
    ],
)
def test_a_question_that_cannot_be_read_is_refused_with_the_reason(
    server: Server, path: str, said: str
) -> None:
    answer = server.ask(path, JSON)
    assert (answer.status, answer.type) == (400, "application/json")
    assert said in answer.json()["detail"]


@pytest.mark.parametrize(
    "text", ['"', "'", "AND", "NEAR(a b)", "*", "a*", "words:x", "^a", "\u0000", "-", "((", "%"]
)
def test_nothing_typed_is_taken_for_a_command(server: Server, text: str) -> None:
    assert find(server, text)["total"] >= 0


def test_answers_are_negotiated_and_cacheable(server: Server) -> None:
    assert server.ask("/search?q=gctf", {"Accept": "text/turtle"}).status == 406
    page = server.ask("/search?q=gctf", HTML)
    assert {"Accept", "Accept-Language"} <= page.vary
    again = server.ask("/search?q=gctf", {**HTML, "If-None-Match": page.headers["ETag"]})
    assert again.status == 304
    assert server.ask("/search?q=gctf&format=json").type == "application/json"
    tags = {server.ask(f"{root}/search?q=gctf", JSON).headers["ETag"] for root in ("", "/ar", "/fr")}
    assert len(tags) == 3


def test_the_release_holds_every_name_with_the_words_it_is_found_by(release: Path) -> None:
    text = (release / SEARCH).read_text(encoding="utf-8")
    header, *lines = text.splitlines()
    assert tuple(header.split("\t")) == (*COLUMNS, WORDS)
    assert lines == sorted(lines, key=lambda line: line.split("\t")[0])
    names = list(read_names(text))
    assert len(names) == len(lines) > 5000
    assert all(name.words == posted(name.text) for name in names)
    assert {"person", "body", "state", "term", "source"} <= {name.thing.kind for name in names}
    assert {"preferred", "alternative", "hidden", "code"} == {name.form for name in names}
    assert write_names(names).decode() == text
    voronkov = {n.text for n in names if n.thing.iri == f"{ID}person/vladimir-voronkov"}
    assert {"فلاديمير فورونكوف", "Vladimir Voronkov"} <= voronkov


def test_a_table_of_another_folding_is_folded_anew() -> None:
    name = make_name(Thing(f"{ID}place/rabat", "place", ("Place",), 3), "preferred", "ar", "الرباط")
    old = write_names([name]).decode().replace(WORDS, f"words/{VERSION - 1}").replace("رباط\n", "الرباط\n")
    assert next(iter(read_names(old))) == name
    with pytest.raises(NamesError, match="line 2"):
        list(read_names(old.rstrip("\n") + "\textra\n"))
    with pytest.raises(NamesError, match="not a search table"):
        list(read_names("a,b\n"))


@pytest.fixture
def names(tmp_path: Path) -> Iterator[NameIndex]:
    """An index of a few names."""
    said = {
        "body/gctf": ("Global Counterterrorism Forum", "GCTF", "المنتدى العالمي لمكافحة الإرهاب"),
        "body/committee": ("Counter-Terrorism Committee", "لجنة مكافحة الإرهاب"),
        "event/committee": ("Meeting of the Counter-Terrorism Committee",),
        "person/chekkori": ("Ismail Chekkori",),
        "person/arabic-only": ("سامح شكري",),
    }
    rows = [
        make_name(Thing(f"{ID}{thing}", thing.partition("/")[0], (), 1), "preferred", "", text)
        for thing, texts in said.items()
        for text in texts
    ]
    yield NameIndex(build_name_index(rows, tmp_path / "names.sqlite"))


def slugs(index: NameIndex, text: str) -> list[str]:
    return [hit.fit.entry.thing.removeprefix(ID) for hit in search(index, text).hits]


def test_the_name_that_is_all_of_the_question_comes_before_one_that_has_more(names: NameIndex) -> None:
    assert slugs(names, "counter-terrorism committee") == ["body/committee", "event/committee"]
    assert slugs(names, "counterterrorism committee") == ["body/committee", "event/committee"]


def test_a_name_that_is_known_in_one_script_is_found_in_the_other(names: NameIndex) -> None:
    assert slugs(names, "إسماعيل الشقوري") == ["person/chekkori"]
    assert "person/arabic-only" in slugs(names, "Sameh Shoukry")


def test_where_no_name_has_every_word_those_with_most_of_them_come(names: NameIndex) -> None:
    assert slugs(names, "history of the global counterterrorism forum")[0] == "body/gctf"
    assert slugs(names, "history of everything") == []


def test_marks_join_to_the_text_that_was_marked(names: NameIndex) -> None:
    question = understand(names, "مكافحه الارهاب")
    pieces = highlight("لجنة مكافحة الإرهاب!", question)
    assert "".join(text for text, _ in pieces) == "لجنة مكافحة الإرهاب!"
    assert [text for text, match in pieces if match] == ["مكافحة", "الإرهاب"]


def test_readers_in_many_threads_get_the_same(names: NameIndex) -> None:
    answers: list[list[str]] = []
    threads = [
        threading.Thread(
            target=lambda: answers.append([h.fit.entry.text for h in suggest(names, "cou", [], 5)])
        )
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 8
    assert all(answer == answers[0] != [] for answer in answers)


def test_the_index_is_made_once_and_named_for_the_release(tmp_path: Path) -> None:
    name = make_name(Thing(f"{ID}place/rabat", "place", (), 1), "preferred", "fr", "Rabat")
    release = open_release(small_release(tmp_path, "", {SEARCH: write_names([name]).decode()}))
    path = ensure_name_index(release)
    assert path == index_file(release)
    made = path.stat().st_mtime_ns
    assert ensure_name_index(release).stat().st_mtime_ns == made
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert slugs(NameIndex(path), "rabat") == ["place/rabat"]


def test_a_release_without_a_search_table_finds_nothing_and_works(tmp_path: Path) -> None:
    quads = f'<{ID}place/rabat> <http://www.w3.org/2004/02/skos/core#prefLabel> "Rabat"@fr <{ID}g> .\n'
    with serving(small_release(tmp_path, quads)) as server:
        assert find(server, "rabat")["total"] == 0
        assert server.ask("/suggest?prefix=ra").json()["suggestions"] == []
