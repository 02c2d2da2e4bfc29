"""Every IRI of ours answers: with RDF for programs, with a page for people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest
from pyoxigraph import NamedNode, Quad, RdfFormat, Store, parse

from legation.namespaces import BASE, GRAPH, ID, LEG, LEGSH, ONTOLOGY, PREFIXES, RELEASE
from legation.release import open_release
from legation.serve.archive import PastEngine
from legation.serve.resources.brief import brief
from legation.serve.resources.describe import describe
from legation.serve.site.directory.build import directory_path
from legation.serve.site.directory.read import Directory
from legation.serve.store import index_path
from legation.serve.web.formats import sort_key
from legation.serve.web.iris import kind_and_slug, local_path
from tests.serving import Answer, Server, serving, small_release
from tests.test_points import told

TURTLE = {"Accept": "text/turtle"}
TRIG = {"Accept": "application/trig"}
HTML = {"Accept": "text/html"}
PERSON = f"{ID}person/omar-hilale"

FORMATS = {
    "ttl": "text/turtle",
    "jsonld": "application/ld+json",
    "rdf": "application/rdf+xml",
    "nt": "application/n-triples",
    "nq": "application/n-quads",
    "trig": "application/trig",
}


def path_of(iri: str) -> str:
    path = local_path(iri)
    assert path is not None
    return path.partition("#")[0]


def says_something_about(store: Store, iri: str) -> bool:
    node = NamedNode(iri)
    if iri.startswith(GRAPH) and store.contains_named_graph(node):
        return True
    said = store.quads_for_pattern(node, None, None, None)
    return (
        next(said, None) is not None
        or next(store.quads_for_pattern(None, None, node, None), None) is not None
    )


def own_iris(dataset: Path) -> set[str]:
    quads: Iterator[Quad] = parse(path=dataset, format=RdfFormat.N_QUADS)
    terms = (term for quad in quads for term in (quad.subject, quad.predicate, quad.object, quad.graph_name))
    return {term.value for term in terms if isinstance(term, NamedNode) and term.value.startswith(BASE)}


def sampled(iris: set[str]) -> set[str]:
    """Return all of ``iris``, but one in five of the three kinds that come in thousands and look alike."""
    many = tuple(f"{ID}{kind}/" for kind in ("claim", "passage", "link"))
    alike = sorted(iri for iri in iris if iri.startswith(many))
    return iris - set(alike) | set(alike[::5])


def test_every_iri_of_ours_in_the_release_answers_with_triples_about_it(
    server: Server, release: Path
) -> None:
    iris = own_iris(open_release(release).dataset)
    assert len(iris) > 2000
    assert {f"{LEG}Tenure", f"{LEGSH}Tenure-holder", PERSON, f"{GRAPH}derived", ONTOLOGY} <= iris
    answers: dict[str, Answer] = {}
    stores: dict[str, Store] = {}
    silent = []
    manifest = open_release(release).manifest
    files = {f"{RELEASE}{manifest.version}/{name}" for name in manifest.files if name.endswith(".ttl")}
    # The address of a Turtle file gives the file, byte for byte, which does not speak of its own address.
    for iri in sorted(sampled(iris - files)):
        path = path_of(iri)
        if path not in answers:
            # A graph's IRI answers with exactly the graph, so it is the name of the graph that tells of it.
            answers[path] = server.follow(path, TRIG if iri.startswith(GRAPH) else TURTLE)
            stores.clear()
        answer = answers[path]
        if answer.status != 200 or answer.type not in (TURTLE["Accept"], TRIG["Accept"]):
            silent.append(f"{iri}: {answer.status} {answer.type}")
            continue
        if path not in stores:
            stores[path] = answer.triples()
        if not says_something_about(stores[path], iri):
            silent.append(f"{iri}: nothing about it")
    assert silent == []


@pytest.mark.parametrize(
    ("accept", "location"),
    [
        ("*/*", "/data/person/omar-hilale"),
        ("text/turtle", "/data/person/omar-hilale"),
        ("application/ld+json", "/data/person/omar-hilale"),
        ("text/html", "/page/person/omar-hilale"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "/page/person/omar-hilale"),
    ],
)
def test_a_thing_is_no_document_so_its_iri_leads_with_303(server: Server, accept: str, location: str) -> None:
    answer = server.ask("/id/person/omar-hilale", {"Accept": accept})
    assert answer.status == 303
    assert answer.headers["Location"].removeprefix(server.url) == location
    assert "Accept" in answer.vary


SMALL_AND_NOT = (
    *("person/elina-kalkku", "claim/000_fe192a91e8ddc2a1-1", "link/body-cen-sad-1", "concept/dataset"),
    *("event/social-summit-draft-terms-negotiations", "person/omar-hilale", "body/gctf"),
    *("claim/nothing", "nothing/at-all"),
)
FORCED = {"If-None-Match": '"of another answer"'}
"""A header that has the application answer, whatever the request."""


@pytest.mark.parametrize(
    "accept", ["*/*", "text/turtle", "application/n-triples;q=0.9, text/html;q=0.2", "text/html", "image/png"]
)
@pytest.mark.parametrize("coding", ["identity", "zstd"])
def test_the_short_way_of_a_thing_gives_the_answer_of_the_application(
    server: Server, accept: str, coding: str
) -> None:
    headers = {"Accept": accept, "Accept-Encoding": coding}
    for thing in SMALL_AND_NOT:
        for path in (f"/id/{thing}", f"/data/{thing}", f"/data/{thing}.nt", f"/data/{thing}.ttl"):
            short, long = (told(server.ask(path, {**headers, **more})) for more in ({}, FORCED))
            assert short == long


def test_what_the_directory_tells_of_a_thing_is_what_the_engine_tells(server: Server, release: Path) -> None:
    assert server.ask("/").status < 400  # so there is a directory
    index = index_path(open_release(release))
    engine, directory = PastEngine(index), Directory(directory_path(index))
    things = sorted(iri for iri in own_iris(open_release(release).dataset) if kind_and_slug(iri))
    small = 0
    named = {iri: directory.names(iri) for iri in things[::9]}
    known = engine.names(NamedNode(iri) for iri in named)
    assert all(set(known.get(iri, ())) == set(names) for iri, names in named.items() if names is not None)
    for _, alike in groupby(things, key=lambda iri: iri.removeprefix(ID).partition("/")[0]):
        for iri in list(alike)[::9]:
            told_briefly = brief(engine, directory, NamedNode(iri), 400)
            if told_briefly is not None:
                small += 1
                triples = {quad.triple for quad in describe(engine, NamedNode(iri)).quads}
                assert told_briefly == sorted(triples, key=sort_key)
    assert small > 500


@pytest.mark.parametrize(("name", "media_type"), FORMATS.items())
def test_what_is_said_about_a_thing_comes_in_every_format(server: Server, name: str, media_type: str) -> None:
    by_suffix = server.ask(f"/data/person/omar-hilale.{name}")
    by_accept = server.follow("/id/person/omar-hilale", {"Accept": media_type})
    by_field = server.follow(f"/id/person/omar-hilale?format={name}", HTML)
    assert by_suffix.type == by_accept.type == by_field.type == media_type
    assert by_suffix.body == by_accept.body == by_field.body
    assert "Accept" in by_accept.vary
    assert "Accept" not in by_suffix.vary
    plain = server.ask("/data/person/omar-hilale.nt").triples()
    assert {quad.triple for quad in by_suffix.triples()} == {quad.triple for quad in plain}


def test_a_description_holds_the_claims_and_their_evidence_down_to_the_source(server: Server) -> None:
    store = server.ask("/data/person/omar-hilale.ttl").triples()
    person = NamedNode(PERSON)
    claims = [quad.subject for quad in store.quads_for_pattern(None, NamedNode(f"{LEG}holder"), person, None)]
    assert len(claims) > 5
    for claim in claims:
        passages = list(store.quads_for_pattern(claim, NamedNode(f"{LEG}evidence"), None, None))
        assert passages
        for passage in passages:
            assert next(store.quads_for_pattern(passage.object, None, None, None), None) is not None  # type: ignore[arg-type]
    sources = list(store.quads_for_pattern(None, NamedNode(f"{PREFIXES['oa']}hasSource"), None, None))
    selectors = list(store.quads_for_pattern(None, NamedNode(f"{PREFIXES['oa']}start"), None, None))
    assert sources
    assert selectors
    assert all(says_something_about(store, quad.object.value) for quad in sources)  # type: ignore[union-attr]


def test_a_dataset_format_says_which_graph_each_statement_stands_in(server: Server) -> None:
    names = {quad.graph_name for quad in server.ask("/data/person/omar-hilale.nq").triples()}
    assert {NamedNode(f"{GRAPH}entities"), NamedNode(f"{GRAPH}derived")} <= names


def test_compact_json_ld_carries_its_context_and_uses_it(server: Server) -> None:
    document = server.ask("/data/claim/000_fe192a91e8ddc2a1-1.jsonld").json()
    published = server.ask("/context.jsonld")
    assert published.type == "application/ld+json"
    assert document["@context"] == published.json()["@context"]
    claims = [node for node in document["@graph"] if node["@id"].endswith("claim/000_fe192a91e8ddc2a1-1")]
    assert claims[0]["holder"].endswith("person/annalena-baerbock")


@pytest.mark.parametrize("what", ["ontology", "shapes"])
def test_a_vocabulary_answers_as_a_whole_and_lands_on_the_term(server: Server, what: str) -> None:
    term = {"ontology": "Tenure", "shapes": "Tenure-holder"}[what]
    for media_type in FORMATS.values():
        answer = server.ask(f"/{what}", {"Accept": media_type})
        assert (answer.status, answer.type) == (200, media_type)
        assert says_something_about(answer.triples(), f"{BASE}{what}#{term}")
    page = server.ask(f"/{what}", HTML)
    assert (page.status, page.type) == (200, "text/html")
    assert f'id="{term}"' in page.text


def test_a_graph_answers_with_its_statements(server: Server, release: Path) -> None:
    manifest = open_release(release).manifest
    name = f"{GRAPH}000_fe192a91e8ddc2a1"
    quads = list(server.ask(path_of(name), {"Accept": "application/n-quads"}).triples())
    assert (
        len([quad for quad in quads if quad.graph_name == NamedNode(name)]) == manifest.graphs[name].triples
    )


@pytest.mark.parametrize(
    "path",
    [
        "/id/person/nobody",
        "/id/unheard-of/omar-hilale",
        "/data/person/nobody.ttl",
        "/data/person/omar-hilale.docx",
        "/page/person/nobody",
        "/graph/nowhere",
        "/release/1.2.3",
        "/nothing/at/all",
        "/id/person/%00",
        "/id/person/%3Cscript%3E",
        "/browse/unheard-of",
        "/problems/unheard-of",
    ],
)
def test_what_nobody_said_anything_about_is_404(server: Server, path: str) -> None:
    problem = server.ask(path, TURTLE)
    assert (problem.status, problem.type) == (404, "application/problem+json")
    assert problem.json()["status"] == 404
    page = server.ask(path, HTML)
    assert (page.status, page.type) == (404, "text/html")
    assert "<script>" not in page.text


def test_what_nobody_offers_is_406(server: Server) -> None:
    answer = server.ask("/id/person/omar-hilale", {"Accept": "image/png"})
    assert answer.status == 406
    assert "text/html" in {offer["type"] for offer in answer.json()["offers"]}
    assert server.ask("/data/person/omar-hilale", HTML).status == 406


@pytest.mark.parametrize(
    "kind", ["person", "body", "state", "post", "event", "instrument", "place", "claim", "source"]
)
def test_every_kind_of_thing_has_a_page(server: Server, kind: str) -> None:
    listing = server.ask(f"/browse/{kind}", HTML)
    assert listing.status == 200
    first = listing.text.partition(f'href="/page/{kind}/')[2].partition('"')[0]
    page = server.ask(f"/page/{kind}/{first}", HTML)
    assert (page.status, page.type) == (200, "text/html")
    assert f"{ID}{kind}/{first}" in page.text


def test_no_iri_is_ever_rewritten_to_this_server(server: Server) -> None:
    for path in ("/data/person/omar-hilale.ttl", "/data/body/gctf.jsonld", "/ontology?format=nt"):
        assert server.url not in server.ask(path).text
        assert BASE in server.ask(path).text


WITHDRAWN = f"""\
<{ID}person/twice> <{PREFIXES["rdf"]}type> <{LEG}Withdrawn> <{GRAPH}entities> .
<{ID}person/twice> <{PREFIXES["dcterms"]}isReplacedBy> <{ID}person/once> <{GRAPH}entities> .
<{ID}person/gone> <{PREFIXES["rdf"]}type> <{LEG}Withdrawn> <{GRAPH}entities> .
<{ID}person/gone> <{PREFIXES["skos"]}editorialNote> "A misreading." <{GRAPH}entities> .
<{ID}person/once> <{PREFIXES["rdf"]}type> <{LEG}Person> <{GRAPH}entities> .
"""


def test_what_was_merged_moves_and_what_was_withdrawn_is_gone_with_its_note(tmp_path: Path) -> None:
    with serving(small_release(tmp_path, WITHDRAWN)) as running:
        moved = running.ask("/id/person/twice", TURTLE)
        assert (moved.status, moved.headers["Location"]) == (301, "/id/person/once")
        assert running.follow("/id/person/twice", TURTLE).status == 200
        for path in ("/id/person/gone", "/data/person/gone.ttl", "/page/person/gone"):
            gone = running.ask(path, TURTLE)
            assert gone.status == 410
            assert gone.json()["detail"] == "A misreading."
        assert "A misreading." in running.ask("/page/person/gone", HTML).text


def test_a_context_is_json_that_parses(server: Server) -> None:
    assert "leg" in json.loads(server.ask("/context.jsonld").body)["@context"]
