"""The server as a whole: pages, languages, the headers of every answer, errors, starting and stopping."""

from __future__ import annotations

import html
import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import DictLoader, Environment

from legation.folding import VERSION
from legation.namespaces import BASE, GRAPH, ID, LEG, PREFIXES
from legation.release import open_release
from legation.serve.web.problems import KINDS as PROBLEMS
from legation.serve.words.labels import LANGUAGES
from legation.serve.words.templates import compiled_templates
from tests.serving import LEGATION, Answer, Server, free_port, serving, small_release

HTML = {"Accept": "text/html"}
PAGES = [
    "/",
    "/browse/",
    "/browse/person",
    "/browse/claim",
    "/page/body/gctf?claims=leg-Membership&page=2",
    "/page/body/gctf?pointing=leg-partOf",
    "/about",
    "/licence",
    "/changes",
    "/page/person/omar-hilale",
    "/page/body/gctf",
    "/page/claim/000_fe192a91e8ddc2a1-1",
    "/page/source/000_fe192a91e8ddc2a1",
    "/page/passage/000_fe192a91e8ddc2a1-1",
    "/ontology",
    "/shapes",
    "/sparql",
    "/sparql?query=SELECT+*+%7B%3Fs+%3Fp+%3Fo%7D+LIMIT+3",
    "/graphs",
    "/graph/derived",
    "/release/",
    "/release/current",
    "/problems/out-of-time",
    "/conformance",
    "/nothing/here",
]
VOID = {"meta", "link", "input", "br", "img", "hr"}


class Outline(HTMLParser):
    """Reads a page as strictly as a validator would in what matters here."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[tuple[str, str, str]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"an attribute twice on {tag}"
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open
        assert self.open.pop() == tag

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def page(server: Server, path: str, **headers: str) -> Outline:
    answer = server.follow(path, {**HTML, **headers})
    assert answer.type == "text/html"
    return Outline(answer.text)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_well_formed_and_says_its_language_and_direction(
    server: Server, path: str, language: str
) -> None:
    answer = server.follow(path, {**HTML, "Accept-Language": language})
    outline = Outline(answer.text)
    html = outline.all("html")[0]
    assert html == {"lang": language, "dir": "rtl" if language == "ar" else "ltr"}
    assert answer.headers["Content-Language"] == language
    assert "Accept-Language" in answer.vary
    assert len(outline.all("h1")) == 1
    assert len(outline.all("main")) == 1
    identifiers = [attributes["id"] for _, attributes in outline.tags if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))


@pytest.mark.parametrize("path", PAGES)
def test_a_page_loads_scripts_and_styles_from_this_server_alone_and_has_none_inline(
    server: Server, path: str
) -> None:
    outline = page(server, path)
    scripts = [script for script in outline.all("script") if script.get("type") != "application/ld+json"]
    assert all((script.get("src") or "").startswith("/static/") for script in scripts)
    assert all("defer" in script or script.get("type") == "module" for script in scripts)
    assert outline.all("style") == []
    assert not [attributes for _, attributes in outline.tags if "style" in attributes]
    loaded = [attributes["href"] for attributes in outline.all("link") if attributes["rel"] == "stylesheet"]
    assert loaded
    assert all(address and address.startswith("/static/") for address in loaded)


def test_every_link_of_the_main_pages_leads_somewhere(server: Server) -> None:
    seen: set[str] = set()
    for path in PAGES[:-1]:
        for attributes in page(server, path).all("a"):
            address = (attributes["href"] or "").partition("#")[0]
            if address.startswith("/") and not address.startswith("/sparql?"):
                seen.add(address)
    assert len(seen) > 100
    tried = sorted(seen)[::12]
    broken = {address: status for address in tried if (status := server.follow(address, HTML).status) >= 400}
    assert broken == {}


def test_the_language_of_the_address_overrules_the_header(server: Server) -> None:
    answer = server.ask("/page/body/gctf?lang=ar", {**HTML, "Accept-Language": "fr"})
    assert '<html lang="ar" dir="rtl">' in answer.text
    assert "Accept-Language" not in answer.vary


def test_names_stand_in_their_own_language_and_direction(server: Server) -> None:
    for language in LANGUAGES:
        text = server.ask(f"/page/person/omar-hilale?lang={language}", HTML).text
        assert '<bdi lang="ar" dir="rtl">عمر هلال</bdi>' in text
        assert '<bdi lang="en" dir="ltr">Omar Hilale</bdi>' in text
        assert '<bdi lang="fr" dir="ltr">Omar Hilale</bdi>' in text


def test_a_thing_s_page_shows_claims_with_rank_and_evidence_and_what_points_at_it(server: Server) -> None:
    text = server.ask("/page/person/omar-hilale?lang=en", HTML).text
    assert text.count('class="claim') > 10
    assert text.count("Why do we say so?") == text.count('class="claim"') + text.count(
        'class="claim preferred"'
    )
    assert re.search(r'<a href="/en/page/source/[^"]+">', text)
    assert re.search(r'characters <bdi dir="ltr">\d+–\d+</bdi>', text)
    body = server.ask("/page/body/gctf?lang=en", HTML).text
    assert "What points here" in body
    assert 'href="https://en.wikipedia.org/' in body


ADDRESSES = [
    *(path for path in PAGES if path != "/release/current"),
    "/data/body/gctf.ttl",
    "/context.jsonld",
    "/robots.txt",
    "/static/legation.css",
]


@pytest.mark.parametrize("path", ADDRESSES)
def test_every_answer_is_open_to_scripts_of_other_sites_and_safe_for_browsers(
    server: Server, path: str
) -> None:
    headers = server.ask(path, {**HTML, "Origin": "https://example.org"}).headers
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert "ETag" in headers["Access-Control-Expose-Headers"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"]


@pytest.mark.parametrize("path", [path for path in ADDRESSES if path != "/nothing/here"])
def test_every_good_answer_has_a_strong_validator_that_is_honoured(server: Server, path: str) -> None:
    first = server.ask(path, HTML if not path.startswith("/data") else {})
    assert first.status == 200
    tag = first.headers["ETag"]
    assert tag.startswith('"')
    again = server.ask(path, {"If-None-Match": tag, **(HTML if not path.startswith("/data") else {})})
    assert (again.status, again.body) == (304, b"")
    assert again.headers["ETag"] == tag


def test_the_validator_depends_on_format_language_and_address(server: Server) -> None:
    tags = [
        server.ask("/page/body/gctf?lang=en").headers["ETag"],
        server.ask("/page/body/gctf?lang=ar").headers["ETag"],
        server.ask("/page/body/gctf", {"Accept-Language": "ar"}).headers["ETag"],
        server.ask("/page/body/unoct?lang=en").headers["ETag"],
        server.ask("/data/body/gctf", {"Accept": "text/turtle"}).headers["ETag"],
        server.ask("/data/body/gctf", {"Accept": "application/trig"}).headers["ETag"],
    ]
    assert len(set(tags)) == len(tags)


def test_head_says_what_get_would(server: Server) -> None:
    for path in ("/", "/data/body/gctf.ttl", "/ontology", "/healthz"):
        head, get = server.ask(path, method="HEAD"), server.ask(path)
        assert (head.status, head.body) == (get.status, b"")
        assert head.headers["Content-Length"] == str(len(get.body))


@pytest.mark.parametrize("path", ["/", "/data/body/gctf", "/release/", "/healthz"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_can_be_written(server: Server, path: str, method: str) -> None:
    answer = server.ask(path, method=method, body=b"x")
    assert (answer.status, answer.type) == (405, "application/problem+json")
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


def test_errors_have_one_shape_and_their_type_leads_to_its_explanation(server: Server) -> None:
    answers = [
        server.ask("/nothing"),
        server.ask("/", method="POST"),
        server.ask("/data/body/gctf", {"Accept": "image/png"}),
        server.query("SELECT"),
        server.query("SELECT * { SERVICE <urn:x> {} }"),
    ]
    for answer in answers:
        problem = answer.json()
        assert answer.type == "application/problem+json"
        assert {"type", "title", "status", "detail", "instance"} <= problem.keys()
        assert problem["status"] == answer.status
        assert answer.headers["Cache-Control"] == "no-store"
        explained = server.ask("/" + problem["type"].removeprefix(BASE), HTML)
        assert explained.status == 200
        assert problem["title"] in explained.text


@pytest.mark.parametrize(("language", "title"), [("en", "Nothing"), ("ar", "لا شيء"), ("fr", "Rien")])
def test_a_problem_says_what_to_do_in_the_reader_s_language(
    server: Server, language: str, title: str
) -> None:
    answer = server.ask("/nothing", {"Accept-Language": language})
    assert answer.headers["Content-Language"] == language
    assert {"Accept", "Accept-Language"} <= answer.vary
    assert answer.json()["title"].startswith(title)
    page = server.ask("/nothing", {**HTML, "Accept-Language": language})
    assert answer.json()["advice"] in html.unescape(page.text)
    explained = server.ask("/problems/not-found", {"Accept": "application/json", "Accept-Language": language})
    assert explained.json()["advice"] == answer.json()["advice"]
    assert explained.headers["Content-Language"] == language


@pytest.mark.parametrize("slug", PROBLEMS)
def test_every_kind_of_problem_is_explained_to_people_and_programs(server: Server, slug: str) -> None:
    assert server.ask(f"/problems/{slug}", HTML).type == "text/html"
    told = server.ask(f"/problems/{slug}", {"Accept": "application/json"}).json()
    assert told["type"] == f"{BASE}problems/{slug}"


def test_health_says_which_release(server: Server, release: Path) -> None:
    answer = server.ask("/healthz")
    assert (answer.status, answer.text) == (200, f"ok {open_release(release).manifest.version}\n")


HOSTILE = f"""\
<{ID}person/x> <{PREFIXES["rdf"]}type> <{LEG}Person> <{GRAPH}entities> .
<{ID}person/x> <{PREFIXES["skos"]}prefLabel> "<script>alert(1)</script>"@en <{GRAPH}entities> .
<{ID}person/x> <{PREFIXES["skos"]}prefLabel> "\\"><img src=x>"@ar <{GRAPH}entities> .
<{ID}person/x> <{PREFIXES["foaf"]}homepage> <javascript:alert(1)> <{GRAPH}entities> .
<{ID}person/x> <{PREFIXES["rdfs"]}seeAlso> <https://example.org/?a=%22%3E%3Cscript%3E&b='> <{GRAPH}entities> .
"""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(small_release(tmp_path_factory.mktemp("hostile"), HOSTILE)) as running:
        yield running


def test_nothing_in_the_data_becomes_markup_or_script(hostile: Server) -> None:
    outline = page(hostile, "/page/person/x")
    for script in outline.all("script"):
        assert script.get("type") == "application/ld+json" or (script["src"] or "").startswith("/static/")
    assert outline.all("img") == []
    addresses = [attributes["href"] for attributes in outline.all("a")]
    assert not [address for address in addresses if address and address.startswith("javascript")]


def test_a_small_release_without_ontology_or_questions_is_served_all_the_same(hostile: Server) -> None:
    for path in ("/", "/sparql", "/browse/person", "/release/", "/release/1.0.0"):
        assert hostile.follow(path, HTML).status == 200
    assert hostile.ask("/ontology").status in (200, 404)


def failing(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*LEGATION, "serve", *arguments], capture_output=True, text=True, timeout=60, check=False
    )


def test_a_missing_release_is_one_clear_line(tmp_path: Path) -> None:
    ended = failing("--release", str(tmp_path), "--port", str(free_port()))
    assert ended.returncode == 1
    assert "no release here" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_address_that_is_taken_is_one_clear_line(tmp_path: Path) -> None:
    release = small_release(tmp_path, HOSTILE)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ended = failing("--release", str(release), "--port", str(taken.getsockname()[1]))
    assert ended.returncode == 1
    assert "cannot listen" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_server_says_one_line_when_it_is_ready_and_nothing_when_it_is_quiet(tmp_path: Path) -> None:
    release = small_release(tmp_path, HOSTILE)
    with serving(release) as running:
        running.ask("/")
        running.ask("/nothing")
        said = running.log.read_text().splitlines()
        assert said[-1] == f"Serving release 1.0.0 on {running.url}/"
        assert len(said) <= 2
    with serving(release, "--quiet") as running:
        assert running.log.read_text() == ""


def test_the_index_is_built_once_and_anew_for_other_content(tmp_path: Path) -> None:
    release = small_release(tmp_path / "a", HOSTILE)
    store = release.with_name("1.0.0.store")
    with serving(release):
        built = sorted(path.name for path in store.iterdir())
    with serving(release):
        assert sorted(path.name for path in store.iterdir()) == built
    name = json.loads((release / "manifest.json").read_text())["digest"][:16]
    assert built == [name, f"{name}.fanouts.json", f"{name}.names-{VERSION}.sqlite"]


def test_a_release_in_a_folder_that_cannot_be_written_is_served_all_the_same(tmp_path: Path) -> None:
    release = small_release(tmp_path, HOSTILE)
    release.with_name("1.0.0.store").write_text("in the way")
    with serving(release) as running:
        assert running.query("SELECT * { ?s ?p ?o }").json()["results"]["bindings"]


def test_repeated_requests_get_the_same_bytes(server: Server) -> None:
    for path in ("/data/body/gctf.ttl", "/data/body/gctf.rdf", "/page/body/gctf", "/ontology?format=ttl"):
        answers: list[Answer] = [server.ask(path) for _ in range(2)]
        assert answers[0].body == answers[1].body


def test_templates_are_compiled_once_and_again_when_their_text_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    for text in ("one", "one", "two"):
        loader = DictLoader({"page.html": text})
        fresh = Environment(loader=loader, bytecode_cache=compiled_templates(tmp_path, "fr"), autoescape=True)
        assert fresh.get_template("page.html").render() == text
        assert len(list(tmp_path.glob("*.pyc"))) == 1
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert compiled_templates(tmp_path, "fr") is None
