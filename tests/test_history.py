"""Releases that follow each other: what happened to a thing, and addresses that stay with one of them."""

from __future__ import annotations

import json
import re
import shutil
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser

from legation.namespaces import GRAPH, ID, LEG, PREFIXES, RELEASE
from legation.release import ReleaseError, open_release, release_named
from legation.serve.archive import Archive, BusyError
from legation.serve.resources.history import changes_of, read_history, tallies
from legation.serve.settings import Settings
from tests.browsing import browsing
from tests.serving import Server, serving, small_release
from tests.test_accessibility import AA, AXE, RUN

HTML: Final = {"Accept": "text/html"}
TURTLE: Final = {"Accept": "text/turtle"}
VERSIONS: Final = ("2026.9.0", "2026.10.0", "2026.11.0")
DAYS: Final = ("2026-09-01", "2026-10-01", "2026-11-01")
LONG: Final = 60.0
"""Seconds in which an index is built on however busy a machine."""

STAYS: Final = "public, max-age=31536000, immutable"


def quad(subject: str, predicate: str, value: str) -> str:
    prefix, _, name = predicate.partition(":")
    return f"<{ID}{subject}> <{PREFIXES[prefix]}{name}> {value} <{GRAPH}one> .\n"


def thing(name: str) -> str:
    return f"<{ID}{name}>"


def names(subject: str, *texts: str) -> str:
    return "".join(
        quad(subject, "skos:prefLabel", f'"{text}"@{language}')
        for text, language in zip(texts, ("en", "ar", "fr"), strict=True)
    )


def claim(name: str, rank: str, more: str = "") -> str:
    said = {
        "rdf:type": f"<{LEG}Tenure>",
        "leg:holder": thing("person/mona"),
        "leg:post": thing("post/chair"),
        "leg:rank": f"<{LEG}{rank}>",
        "leg:evidence": thing("source/gazette"),
    }
    return "".join(quad(f"claim/{name}", one, value) for one, value in said.items()) + more


ALWAYS: Final = (
    quad("person/mona", "rdf:type", f"<{LEG}Person>")
    + quad("post/chair", "rdf:type", f"<{LEG}Post>")
    + names("post/chair", "Chair", "رئيس", "Présidence")
    + quad("source/gazette", "rdf:type", f"<{LEG}WebPage>")
)
START: Final = quad("claim/gazette-1", "leg:start", f'"2020-05"^^<{PREFIXES["xsd"]}gYearMonth>')
WITHDRAWN: Final = quad("claim/gazette-2", "rdf:type", f"<{LEG}Withdrawn>") + quad(
    "claim/gazette-2", "skos:editorialNote", '"Read from another page."@en'
)
CONTENTS: Final = (
    ALWAYS
    + names("person/mona", "Mona", "منى", "Mona")
    + claim("gazette-1", "NormalRank")
    + claim("gazette-2", "NormalRank"),
    ALWAYS
    + names("person/mona", "Mona", "منى", "Mona")
    + claim("gazette-1", "PreferredRank", START)
    + claim("gazette-2", "NormalRank")
    + claim("gazette-3", "NormalRank"),
    ALWAYS
    + names("person/mona", "Mona Amal", "منى أمل", "Mona Amal")
    + quad("source/gazette", "leg:publisherName", '"The Gazette"')
    + claim("gazette-1", "PreferredRank", START)
    + WITHDRAWN
    + claim("gazette-3", "NormalRank"),
)


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three releases that follow each other, the last of them current."""
    folder = tmp_path_factory.mktemp("releases")
    for version, day, content in zip(VERSIONS, DAYS, CONTENTS, strict=True):
        small_release(folder, content, version=version, issued=day)
    (folder / "current").symlink_to(VERSIONS[-1])
    return folder


@pytest.fixture(scope="module")
def server(releases: Path) -> Iterator[Server]:
    with serving(releases) as running:
        for version in VERSIONS[:-1]:
            await_release(running, version)
        yield running


def await_release(server: Server, version: str) -> None:
    """Wait until an earlier release is open: until then a server says when to ask again."""
    deadline = time.monotonic() + LONG
    while (answer := server.ask(f"/data/person/mona?release={version}")).status == 503:
        assert time.monotonic() < deadline, answer.text
        time.sleep(int(answer.headers["Retry-After"]))
    assert answer.status == 200, answer.text


def text_of(html: str) -> str:
    """Return the words of a part of a page."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).strip()


def history_on(server: Server, path: str) -> str:
    """Return the words of the history on the page of a thing."""
    answer = server.ask(path, HTML)
    assert answer.status == 200, answer.text
    found = re.search(r'<h2 id="history">.*?</section>', answer.text, re.DOTALL)
    assert found is not None
    return text_of(found[0])


# What happened to a thing


def test_the_page_of_a_claim_tells_since_when_it_stands_and_what_became_of_it(server: Server) -> None:
    told = history_on(server, "/en/page/claim/gazette-1")
    assert "Stands in 2026.11.0 , 2026.10.0 , 2026.9.0" in told
    assert re.search(
        r"2026\.10\.0 1 October 2026 · changed leg:rank before \S+ now \S+ leg:start now May 2020", told
    ), told
    assert told.endswith("2026.9.0 1 September 2026 · in the first release")


def test_what_came_later_and_what_changed_of_its_evidence_is_told_with_its_release(server: Server) -> None:
    told = history_on(server, "/en/page/claim/gazette-3")
    assert "Stands in 2026.11.0 , 2026.10.0 2026.11.0" in told
    assert "2026.11.0 1 November 2026 · changed: gazette" in told
    assert told.endswith("2026.10.0 1 October 2026 · added")


@pytest.mark.parametrize(
    ("language", "word"), [("ar", "في الإصدار الأول"), ("fr", "dans la première version")]
)
def test_the_history_is_told_in_the_reader_s_language(server: Server, language: str, word: str) -> None:
    assert word in history_on(server, f"/{language}/page/claim/gazette-1")


def test_what_was_withdrawn_says_in_which_release_and_where_it_still_stands(server: Server) -> None:
    answer = server.ask("/page/claim/gazette-2")
    assert answer.status == 410
    document = answer.json()
    assert document["withdrawn"] == "2026.11.0"
    assert "Read from another page." in document["detail"]
    last = server.ask(document["last"], HTML)
    assert last.status == 200
    assert "As it stood in release 2026.10.0" in last.text
    assert f'href="{document["last"]}"' in server.ask("/page/claim/gazette-2", HTML).text


def test_a_chain_ends_where_a_release_is_missing_or_another_one(releases: Path, tmp_path: Path) -> None:
    shutil.copytree(releases, tmp_path / "copy", symlinks=True)
    newest = open_release(tmp_path / "copy")
    assert [one.manifest.version for one in read_history(newest).releases] == [*reversed(VERSIONS)]
    shutil.rmtree(tmp_path / "copy" / VERSIONS[0])
    short = read_history(newest)
    assert (len(short.releases), short.complete) == (2, False)
    past = short.past(f"{ID}claim/gazette-1", stands=True)
    assert [step.change.what for step in past.steps] == ["changed"]
    manifest = tmp_path / "copy" / VERSIONS[1] / "manifest.json"
    raw = json.loads(manifest.read_text())
    manifest.write_text(json.dumps(raw | {"digest": "0" * 64}))
    assert len(read_history(newest).releases) == 1


def test_a_list_of_changes_is_read_by_identifier_and_by_kind(releases: Path) -> None:
    middle = open_release(releases / VERSIONS[1])
    assert tallies(middle) == {("claim", "changed"): 1, ("claim", "added"): 1}
    assert [one.thing for one in changes_of(middle, f"{ID}claim/", 9)] == [
        f"{ID}claim/gazette-{number}" for number in (1, 3)
    ]
    assert changes_of(middle, f"{ID}person/", 9) == changes_of(middle, f"{ID}zebra/", 9) == []


def test_the_page_of_changes_counts_and_names_what_each_release_did(server: Server) -> None:
    page = server.ask("/en/changes", HTML).text
    told = text_of(page)
    assert "Against release 2026.10.0 added changed withdrawn Claims 1 People 1 Sources 1" in told
    assert "before Mona now Mona Amal" in told
    assert "The first release: there is none before it to compare with." in told
    assert 'href="/en/page/claim/gazette-2?release=2026.10.0"' in page
    assert server.ask("/release/2026.11.0/changes.ttl").status == 200


# Addresses that stay with a release


def test_a_page_shows_a_thing_as_it_stood_in_an_earlier_release_and_says_so(server: Server) -> None:
    path = "/en/page/person/mona"
    now, then = server.ask(path, HTML), server.ask(f"{path}?release=2026.10.0", HTML)
    assert '<h1><bdi lang="en" dir="ltr">Mona Amal</bdi></h1>' in now.text
    assert "Mona Amal" not in then.text
    assert "As it stood in release 2026.10.0, issued on 1 October 2026." in text_of(then.text)
    assert f'<link rel="canonical" href="{path}">' in then.text
    assert f'<a href="{path}">What the current release says</a>' in then.text
    assert 'href="/en/page/claim/gazette-2?release=2026.10.0"' in then.text
    assert 'class="dated"' not in now.text
    assert 'class="dated"' not in server.ask("/en/browse/", HTML).text
    assert 'name="q" value=""' in then.text


@pytest.mark.parametrize(
    "path", ["/page/person/mona", "/data/person/mona.ttl", "/data/claim/gazette-2.jsonld"]
)
def test_an_answer_from_one_release_is_a_memento_that_lasts(server: Server, path: str) -> None:
    answer = server.ask(f"{path}?release=2026.10.0", HTML if path.startswith("/page") else {})
    assert answer.status == 200
    assert answer.headers["Memento-Datetime"] == "Thu, 01 Oct 2026 00:00:00 GMT"
    assert answer.headers["Link"].startswith(f'<{path}>; rel="original latest-version"')
    assert answer.headers["Cache-Control"] == STAYS
    known = {"If-None-Match": answer.headers["ETag"], **(HTML if path.startswith("/page") else {})}
    again = server.ask(f"{path}?release=2026.10.0", known)
    assert (again.status, again.headers["Cache-Control"]) == (304, STAYS)
    other = server.ask(f"{path}?release=2026.9.0", HTML if path.startswith("/page") else {})
    assert other.headers["ETag"] != answer.headers["ETag"]


def test_the_data_of_a_thing_is_that_of_the_release(server: Server) -> None:
    titles = {
        version: [
            str(quad.object) for quad in server.ask(f"/data/person/mona?release={version}", TURTLE).triples()
        ]
        for version in VERSIONS
    }
    assert '"Mona"@en' in titles["2026.9.0"]
    assert '"Mona Amal"@en' in titles["2026.11.0"]
    assert '"Mona"@en' not in titles["2026.11.0"]


def test_an_identifier_leads_into_the_release_that_is_asked_for(server: Server) -> None:
    answer = server.ask("/id/claim/gazette-2?release=2026.10.0", TURTLE)
    assert (answer.status, answer.headers["Location"]) == (303, "/data/claim/gazette-2?release=2026.10.0")


def test_the_release_being_served_has_addresses_that_stay_too(server: Server) -> None:
    answer = server.ask("/page/person/mona?release=2026.11.0", HTML)
    assert answer.headers["Cache-Control"] == STAYS
    assert "As it stood in release 2026.11.0" in answer.text


def test_a_permalink_has_the_same_answer_when_another_release_is_served(
    releases: Path, server: Server
) -> None:
    path = "/fr/page/person/mona?release=2026.10.0"
    with serving(releases / VERSIONS[1]) as older:
        assert older.ask(path, HTML).body == server.ask(path, HTML).body


@pytest.mark.parametrize(
    "version", ["2026.8.0", "current", "..", "../2026.9.0", "", "2026.9.0/", "9" * 400, "٢", "%00"]
)
def test_a_release_that_is_not_here_is_404_and_names_those_that_are(server: Server, version: str) -> None:
    answer = server.ask(f"/data/person/mona?release={quote(version)}")
    assert answer.status == 404
    assert answer.json()["releases"] == [*VERSIONS]


def test_a_version_never_leads_out_of_the_folder(releases: Path) -> None:
    for version in ("..", ".", "", "2026.9.0/../2026.9.0", "current", "2026.9.0\n"):
        with pytest.raises(ReleaseError):
            release_named(releases, version)
    assert release_named(releases, "2026.9.0").manifest.version == "2026.9.0"


@pytest.mark.parametrize(
    "path", ["/sparql?query=ASK+%7B%7D&release=", "/browse/person?release=", "/search?q=mona&release="]
)
def test_queries_and_lists_are_of_the_release_being_served_and_say_so(server: Server, path: str) -> None:
    assert server.ask(path + "2026.11.0").status == 200
    refused = server.ask(path + "2026.10.0")
    assert refused.status == 400
    assert "2026.11.0, the one being served" in refused.json()["detail"]


def test_a_time_map_lists_the_releases_in_which_a_thing_stands(server: Server) -> None:
    link = server.ask("/page/claim/gazette-3", HTML).headers["Link"]
    assert '</timemap/claim/gazette-3>; rel="timemap"; type="application/link-format"' in link
    for name, versions in (("gazette-3", VERSIONS[1:]), ("gazette-2", VERSIONS[:2]), ("gazette-1", VERSIONS)):
        answer = server.ask(f"/timemap/claim/{name}")
        assert (answer.status, answer.type) == (200, "application/link-format")
        page = f"{server.url}/page/claim/{name}"
        found = re.findall(r'<([^>]*)>; rel="([\w ]*memento)"; datetime="([^"]+)"', answer.text)
        assert [address for address, _, _ in found] == [f"{page}?release={version}" for version in versions]
        assert (found[0][1], found[-1][1]) == ("first memento", "last memento")
        for address, _, moment in found:
            memento = server.ask(address.removeprefix(server.url), HTML)
            assert (memento.status, memento.headers["Memento-Datetime"]) == (200, moment)
    assert server.ask("/timemap/claim/none").status == 404


def test_a_release_says_which_one_it_follows(server: Server) -> None:
    said = {str(quad.triple) for quad in server.ask("/release/2026.11.0", TURTLE).triples()}
    older = f"<{RELEASE}2026.11.0> <{PREFIXES['prov']}wasRevisionOf> <{RELEASE}2026.10.0>"
    assert older in said
    assert "It follows release 2026.10.0" in text_of(server.ask("/en/release/2026.11.0", HTML).text)


def test_the_data_that_a_page_of_an_earlier_release_names_is_of_that_release(server: Server) -> None:
    link = server.ask("/page/person/mona?release=2026.10.0", HTML).headers["Link"]
    assert '</data/person/mona.ttl?release=2026.10.0>; rel="describedby"' in link


def test_sitemaps_and_robots_keep_to_the_addresses_without_a_release(server: Server) -> None:
    assert "release=" not in server.ask("/sitemap/claim-1.xml").text
    assert "Disallow: /*?*release=" in server.ask("/robots.txt").text


def test_a_release_that_was_current_goes_on_answering_when_another_one_is(
    releases: Path, tmp_path: Path
) -> None:
    shutil.copytree(releases, tmp_path / "copy", symlinks=True)
    link = tmp_path / "copy" / "current"
    link.unlink()
    link.symlink_to(VERSIONS[1])
    with serving(tmp_path / "copy") as server:
        before = server.ask("/page/person/mona?release=2026.10.0", HTML)
        link.with_name("next").symlink_to(VERSIONS[2])
        link.with_name("next").rename(link)
        deadline = time.monotonic() + LONG
        while "2026.11.0" not in server.ask("/healthz").text:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        await_release(server, "2026.10.0")
        after = server.ask("/page/person/mona?release=2026.10.0", HTML)
        assert (after.headers["ETag"], after.body) == (before.headers["ETag"], before.body)
        assert "Mona Amal" in server.ask("/page/person/mona", HTML).text


def test_asking_what_may_be_asked_opens_nothing(server: Server) -> None:
    assert server.ask("/page/person/mona?release=2026.8.0", method="OPTIONS").status == 200


@pytest.mark.parametrize(
    "path",
    ["/changes", "/page/claim/gazette-1", "/page/claim/gazette-2", "/page/claim/gazette-2?release=2026.10.0"],
)
def test_what_changed_keeps_wcag_2_2_aa_in_three_languages(
    chromium: Browser, server: Server, path: str
) -> None:
    with browsing(chromium, server) as tab:
        tab.add_init_script(path=AXE)
        for language in ("ar", "en", "fr"):
            tab.goto(f"/{language}{path}")
            assert tab.evaluate(RUN, AA) == [], language


# The archive


def test_few_releases_are_open_at_once_and_the_one_used_longest_ago_is_closed(releases: Path) -> None:
    archive = Archive(Settings(), most=1, patience=LONG)
    first, second = (open_release(releases / version) for version in VERSIONS[:2])
    with archive.lease(first) as state:
        assert state.directory.kinds()["claim"] == 2
        with pytest.raises(BusyError), archive.lease(second):
            pass
    with archive.lease(second) as state:
        assert state.directory.kinds()["claim"] == 3
        assert len(archive) == 1
    assert files_under(first.store) == []
    assert files_under(second.store) != []
    archive.close()
    assert len(archive) == 0
    assert files_under(second.store) == []


def files_under(folder: Path) -> list[str]:
    """Return the files below a folder that this process has open."""
    handles = [handle for handle in Path("/proc/self/fd").iterdir() if handle.is_symlink()]
    return [str(file) for file in map(Path.resolve, handles) if file.is_relative_to(folder.resolve())]


def test_many_requests_at_once_share_one_opened_release(releases: Path) -> None:
    archive, release = Archive(Settings(), patience=LONG), open_release(releases / VERSIONS[0])
    together = threading.Barrier(4)

    def read(_: int) -> int:
        with ExitStack() as stack:
            together.wait()
            return id(stack.enter_context(archive.lease(release)))

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(read, range(4)))) == 1
    archive.close()


def test_an_index_that_is_missing_is_built_beside_the_release(releases: Path, tmp_path: Path) -> None:
    shutil.copytree(releases / VERSIONS[0], tmp_path / VERSIONS[0])
    archive, release = Archive(Settings(), patience=LONG), open_release(tmp_path / VERSIONS[0])
    assert not release.store.exists()
    with archive.lease(release) as state:
        assert state.directory.kinds()["claim"] == 2
    assert release.store.is_dir()
    archive.close()


def test_a_request_waits_no_longer_than_it_has_patience_and_the_index_comes_all_the_same(
    releases: Path, tmp_path: Path
) -> None:
    shutil.copytree(releases / VERSIONS[0], tmp_path / VERSIONS[0])
    archive, release = Archive(Settings(), patience=0.0), open_release(tmp_path / VERSIONS[0])
    with pytest.raises(BusyError), archive.lease(release):
        pass
    deadline, opened = time.monotonic() + LONG, False
    while not opened:
        assert time.monotonic() < deadline
        with suppress(BusyError), archive.lease(release) as state:
            opened = state.directory.kinds()["claim"] == 2
        time.sleep(0.05)
    archive.close()


def test_a_release_without_an_index_where_none_may_be_written_is_refused(
    releases: Path, tmp_path: Path
) -> None:
    shutil.copytree(releases / VERSIONS[0], tmp_path / VERSIONS[0])
    archive, release = Archive(Settings(), patience=LONG), open_release(tmp_path / VERSIONS[0])
    release.store.write_text("no folder")
    with pytest.raises(ReleaseError), archive.lease(release):
        pass
    assert archive_is_idle(archive)


def archive_is_idle(archive: Archive) -> bool:
    """Tell whether nothing keeps the archive from being closed."""
    archive.close()
    return len(archive) == 0
