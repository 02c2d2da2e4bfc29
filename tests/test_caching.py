"""Answers are validated, coded, kept and sent again, and never mixed up."""

from __future__ import annotations

import gzip
import re
import socket
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlencode

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from legation.serve.front.answers import Answers, canonical_header, canonical_query
from legation.serve.front.coding import GZIP, IDENTITY, ZSTD, Wanted, choose_coding, plain_tags, tag_for
from legation.serve.front.fields import read_fields
from legation.serve.front.gateway import Reply
from legation.serve.web.negotiation import parse_accept
from tests.serving import Answer, Server, serving, small_release

NAMES = "SELECT ?s ?name WHERE { ?s <http://www.w3.org/2004/02/skos/core#prefLabel> ?name } ORDER BY ?s ?name"
TINY = "ASK {}"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PAGE = {"Accept": "text/html"}
PLAIN = Wanted(IDENTITY, plain=True)


def hits(server: Server) -> int:
    """Return how many answers the server has sent from memory."""
    found = re.search(r"^legation_cache_hits_total ([0-9.e+]+)$", server.ask("/metrics").text, re.MULTILINE)
    assert found is not None
    return int(float(found[1]))


def was_kept(server: Server, path: str, headers: dict[str, str] | None = None, method: str = "GET") -> bool:
    before = hits(server)
    server.ask(path, headers, method)
    return hits(server) == before + 1


def sparql(query: str, **fields: str) -> str:
    return "/sparql?" + urlencode({"query": query, **fields})


def same(one: Answer, other: Answer) -> bool:
    """Tell whether two answers differ in nothing but their date."""
    headers = [
        sorted((name.lower(), value) for name, value in answer.headers.items()) for answer in (one, other)
    ]
    told = [[pair for pair in pairs if pair[0] != "date"] for pairs in headers]
    return told[0] == told[1] and one.body == other.body and one.status == other.status


@pytest.mark.parametrize(
    "path",
    ["/", "/sparql", "/ontology", "/page/body/imctc", "/data/body/imctc.ttl", "/browse/body", sparql(NAMES)],
)
@pytest.mark.parametrize("coding", ["identity", "gzip", "zstd"])
def test_an_answer_from_memory_is_the_same_as_the_one_that_was_worked_out(
    server: Server, path: str, coding: str
) -> None:
    headers = {**PAGE, "Accept-Encoding": coding}
    first = server.ask(path, headers)
    assert first.status == 200
    assert was_kept(server, path, headers)
    assert same(first, server.ask(path, headers))


def test_head_from_memory_tells_what_get_would_send(server: Server) -> None:
    got = server.ask(sparql(NAMES))
    assert was_kept(server, sparql(NAMES), method="HEAD")
    head = server.ask(sparql(NAMES), method="HEAD")
    assert head.body == b""
    assert head.headers["Content-Length"] == str(len(got.body))
    assert head.headers["ETag"] == got.headers["ETag"]


def test_a_head_fills_memory_for_the_get_after_it(server: Server) -> None:
    path = sparql(f"{NAMES} LIMIT 7")
    assert server.ask(path, method="HEAD").status == 200
    assert was_kept(server, path)


@pytest.mark.parametrize("path", ["/", sparql(NAMES), "/data/body/gctf", "/page/body/gctf"])
def test_what_a_client_has_costs_a_304_from_memory_and_from_the_application(
    server: Server, path: str
) -> None:
    first = server.ask(path)
    known = {"If-None-Match": first.headers["ETag"]}
    assert server.ask(path, known).status == 304
    assert was_kept(server, path, known)
    fresh = server.ask(path, {**known, "If-Modified-Since": "Sat, 01 Jan 2000 00:00:00 GMT"})
    assert fresh.status == 304
    for answer in (server.ask(path, known), fresh):
        assert answer.body == b""
        assert answer.headers["ETag"] == first.headers["ETag"]
        assert answer.headers["Cache-Control"] == first.headers["Cache-Control"]
        assert answer.headers["Vary"] == first.headers["Vary"]
    assert server.ask(path, {"If-None-Match": '"another"'}).status == 200


def test_the_spelling_of_a_query_string_and_of_a_header_does_not_matter(server: Server) -> None:
    query = f"{TINY} #spelled"
    server.ask(f"/sparql?query={query.replace(' ', '%20').replace('#', '%23')}&format=json")
    assert was_kept(server, f"/sparql?format=json&query={query.replace(' ', '+').replace('#', '%23')}")
    server.ask(sparql(query), {"Accept": "text/csv, text/html;q=0.5"})
    assert was_kept(server, sparql(query), {"Accept": "Text/CSV,text/html; q=0.5"})


def test_one_address_keeps_each_media_type_and_language_apart(server: Server) -> None:
    asked = [
        {"Accept": "text/csv"},
        {"Accept": "text/tab-separated-values"},
        {"Accept": "text/html", "Accept-Language": "fr"},
        {"Accept": "text/html", "Accept-Language": "ar"},
    ]
    for _ in range(3):
        answers = [server.ask(sparql(NAMES), headers) for headers in asked]
        assert [answer.type for answer in answers] == [headers["Accept"] for headers in asked]
        assert [answer.headers["Content-Language"] for answer in answers[2:]] == ["fr", "ar"]
        assert len({answer.headers["ETag"] for answer in answers}) == len(asked)


def test_an_answer_that_repeats_the_address_is_not_sent_to_another_host(server: Server) -> None:
    for host in ("one.example", "two.example", "one.example"):
        answer = server.ask("/sparql", {"Accept": "text/turtle", "Host": host})
        assert f"<http://{host}/sparql>" in answer.text


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        (sparql("SELECT (NOW() AS ?now) {}"), {}),
        ("/nothing/here", {}),
        ("/release/", {}),
        ("/healthz", {}),
        ("/readyz", {}),
        ("/release/current/dataset.nq", {"Range": "bytes=0-9"}),
    ],
)
def test_what_may_change_or_is_only_a_part_is_never_kept(
    server: Server, path: str, headers: dict[str, str]
) -> None:
    for _ in range(2):
        assert not was_kept(server, path, headers)


def test_a_range_of_a_kept_file_is_still_a_range(server: Server) -> None:
    path = server.ask("/release/current/ontology.ttl").headers["Location"]
    whole = server.ask(path)
    assert whole.status == 200
    part = server.ask(path, {"Range": "bytes=2-5"})
    assert (part.status, part.body) == (206, whole.body[2:6])


def test_vary_names_the_coding_where_it_mattered_and_only_there(server: Server) -> None:
    small, large = server.ask(sparql(TINY)), server.ask(sparql(NAMES))
    assert small.vary == {"Accept"}
    assert large.vary == {"Accept", "Accept-Encoding"}
    assert server.ask(sparql(NAMES, format="csv")).vary == {"Accept-Encoding"}
    assert server.ask(sparql(TINY, format="csv")).vary == set()


def test_an_answer_is_coded_as_the_client_asks_and_validated_by_coding(server: Server) -> None:
    plain = server.ask(sparql(NAMES))
    coded = {coding: server.ask(sparql(NAMES), {"Accept-Encoding": coding}) for coding in ("gzip", "zstd")}
    assert gzip.decompress(coded["gzip"].body) == plain.body
    assert zstandard.ZstdDecompressor().decompressobj().decompress(coded["zstd"].body) == plain.body
    for coding, answer in coded.items():
        assert answer.headers["Content-Encoding"] == coding
        assert answer.headers["ETag"] == f'{plain.headers["ETag"][:-1]}-{coding}"'
        assert len(answer.body) < len(plain.body) / 3
        known = {"Accept-Encoding": coding, "If-None-Match": answer.headers["ETag"]}
        for more in ({}, {"If-Modified-Since": "Sat, 01 Jan 2000 00:00:00 GMT"}):
            again = server.ask(sparql(NAMES), {**known, **more})
            assert (again.status, again.headers["ETag"]) == (304, answer.headers["ETag"])


def test_a_client_that_takes_no_plain_answer_gets_even_a_small_one_coded(server: Server) -> None:
    answer = server.ask(sparql(TINY), {"Accept-Encoding": "gzip, identity;q=0"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert b"true" in gzip.decompress(answer.body)
    assert server.ask(sparql(TINY), {"Accept-Encoding": "gzip"}).headers["Content-Encoding"] is None


def test_a_client_that_takes_nothing_we_send_is_told_so(server: Server) -> None:
    answer = server.ask(sparql(TINY), {"Accept-Encoding": "br, identity;q=0"})
    assert answer.status == 406
    problem = answer.json()["type"].removeprefix("https://w3id.org/legation")
    assert server.ask(problem).status == 200


@pytest.mark.parametrize("direct", [True, False], ids=["direct", "form"])
def test_a_posted_query_tells_the_address_where_get_gives_the_same_answer(
    server: Server, direct: bool
) -> None:
    body = NAMES if direct else urlencode({"query": NAMES})
    headers = {"Content-Type": "application/sparql-query"} if direct else FORM
    posted = server.ask("/sparql", {**headers, "Accept": "text/csv"}, "POST", body.encode())
    got = server.ask(posted.headers["Content-Location"])
    assert got.body == posted.body
    assert got.headers["ETag"] == posted.headers["ETag"]
    assert got.headers["Content-Type"] == posted.headers["Content-Type"]
    assert got.vary <= {"Accept-Encoding"}


@pytest.mark.parametrize("query", [f"{TINY} # {'x' * 3000}", "SELECT (RAND() AS ?x) {}"])
def test_a_posted_query_that_is_too_long_or_does_not_last_tells_no_address(
    server: Server, query: str
) -> None:
    posted = server.ask("/sparql", FORM, "POST", urlencode({"query": query}).encode())
    assert posted.status == 200
    assert "Content-Location" not in posted.headers


def test_addresses_with_a_version_are_immutable_and_all_others_are_asked_again(server: Server) -> None:
    moving = server.ask("/release/current/ontology.ttl")
    assert moving.headers["Cache-Control"] == "public, no-cache"
    assert server.ask(moving.headers["Location"]).headers["Cache-Control"].endswith("immutable")
    style = re.search(r'href="([^"]*\.css[^"]*)"', server.ask("/", PAGE).text)
    assert style is not None
    assert server.ask(style[1]).headers["Cache-Control"].endswith("immutable")


@pytest.fixture(scope="module")
def tight(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that keeps one MiB of answers, over a release with one large literal."""
    quad = f'<urn:a> <urn:b> "{"long " * 60_000}" <urn:g> .\n'
    release = small_release(tmp_path_factory.mktemp("tight"), quad)
    with serving(release, "--answer-cache", "1", "--processes", "1") as running:
        yield running


def test_memory_stays_within_its_bound_and_the_oldest_answer_goes_first(tight: Server) -> None:
    for number in range(700):
        assert tight.ask(sparql(f"ASK {{}} # {number}")).status == 200
    found = re.search(r"^legation_cache_bytes ([0-9.e+]+)$", tight.ask("/metrics").text, re.MULTILINE)
    assert found is not None
    assert 0 < float(found[1]) <= 1 << 20
    assert was_kept(tight, sparql("ASK {} # 699"))
    assert not was_kept(tight, sparql("ASK {} # 0"))


@pytest.mark.parametrize("coding", ["identity", "gzip", "zstd"])
def test_an_answer_too_large_to_keep_is_sent_whole_each_time(tight: Server, coding: str) -> None:
    path = sparql("SELECT ?o WHERE { ?s ?p ?o }", format="csv")
    for _ in range(2):
        answer = tight.ask(path, {"Accept-Encoding": coding})
        body = answer.body
        if coding == "gzip":
            body = gzip.decompress(body)
        elif coding == "zstd":
            body = zstandard.ZstdDecompressor().decompressobj().decompress(body)
        assert body.count(b"long ") == 60_000
    assert not was_kept(tight, path, {"Accept-Encoding": coding})


def test_strange_headers_cannot_drive_out_other_addresses(tight: Server) -> None:
    tight.ask(sparql("ASK { } # mine"))
    for number in range(300):
        tight.ask(sparql("ASK { } # theirs"), {"Accept": f"application/json, x/{number}"})
    assert was_kept(tight, sparql("ASK { } # mine"))


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("", PLAIN),
        ("gzip", Wanted(GZIP, plain=True)),
        ("x-gzip", Wanted(GZIP, plain=True)),
        ("gzip, zstd", Wanted(ZSTD, plain=True)),
        ("gzip, zstd;q=0.5", Wanted(GZIP, plain=True)),
        ("br, *;q=0.1", Wanted(ZSTD, plain=True)),
        ("identity, gzip;q=0.5", PLAIN),
        ("identity;q=0.5, gzip;q=0.5", Wanted(GZIP, plain=True)),
        ("gzip;q=0", PLAIN),
        ("identity;q=0", None),
        ("identity;q=0, *", Wanted(ZSTD, plain=False)),
        ("*;q=0", None),
        ("*;q=0, identity", PLAIN),
        ("gzip;q=2, nonsense;;", PLAIN),
    ],
)
def test_codings_are_chosen_as_rfc_9110_says(header: str, wanted: Wanted | None) -> None:
    assert choose_coding(header) == wanted


@given(st.lists(st.tuples(st.sampled_from("abc"), st.text(max_size=3)), max_size=5), st.randoms())
def test_one_spelling_stands_for_all_orders_of_different_fields(
    fields: list[tuple[str, str]], random: object
) -> None:
    by_name = sorted(fields, key=lambda pair: pair[0], reverse=True)
    assert canonical_query(urlencode(fields)) == canonical_query(urlencode(by_name))
    assert sorted(canonical_query(urlencode(fields))) == sorted(fields)


@given(st.lists(st.sampled_from(["a", "=", "&", "+", "%", "%41", "%C3%A9", "%ff", "\\", "\\x41", "é", "\n"])))
def test_fields_are_read_as_the_standard_library_reads_them(pieces: list[str]) -> None:
    query = "".join(pieces)
    try:
        expected = tuple(parse_qsl(query, keep_blank_values=True, errors="strict"))
    except ValueError:
        with pytest.raises(ValueError, match="decode"):
            read_fields(query)
    else:
        assert read_fields(query) == expected


@given(st.from_regex(r"([a-zA-Z*]{1,3}/[a-z*]{1,3}( ?; ?q=0\.[0-9])?[ ,;]{0,2}){0,3}", fullmatch=True))
def test_one_spelling_of_a_header_negotiates_as_all_the_others(header: str) -> None:
    assert parse_accept(canonical_header(header)) == parse_accept(header)


@given(st.text("0123456789abcdef", min_size=32, max_size=32), st.sampled_from([IDENTITY, GZIP, ZSTD]))
def test_the_tag_of_a_coded_form_leads_back_to_that_of_the_plain_one(digest: str, coding: str) -> None:
    assert plain_tags(tag_for(f'"{digest}"', coding)) == f'"{digest}"'


def test_headers_in_several_lines_are_one_list_and_no_trap_for_the_next_client(server: Server) -> None:
    query = sparql(f"{NAMES} LIMIT 3")
    lines = ["Accept: */*", "Accept: application/sparql-results+json;q=0"]
    head = "\r\n".join([f"GET {query} HTTP/1.1", "Host: 127.0.0.1", *lines, "Connection: close", "", ""])
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as client:
        client.sendall(head.encode())
        said = b"".join(iter(lambda: client.recv(65536), b""))
    assert b"application/sparql-results+json" not in said.partition(b"\r\n\r\n")[0]
    plain = {"Accept": "*/*", "Host": "127.0.0.1"}
    assert [server.ask(query, plain).type for _ in range(2)] == ["application/sparql-results+json"] * 2


def test_memory_of_no_size_keeps_nothing() -> None:
    answers = Answers(0)
    url = answers.url("host", "/", "")
    answers.keep(url, {}, IDENTITY, Reply(200, [], b"body"), {})
    assert answers.find(url, {}, IDENTITY, ("host", "/", "")) is None
    assert answers.size == 0
