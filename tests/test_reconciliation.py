"""The reconciliation service: the API's schemas, OpenRefine's own calls, and what a match means."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import jsonschema  # type: ignore[import-untyped]
import pytest
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7

from legation.namespaces import ID, LEG
from legation.serve.lookup.batch import MOST_IDS, MOST_QUERIES
from legation.serve.lookup.catalogue import WORKED_OUT
from legation.serve.lookup.reconciliation import FEATURES
from legation.serve.lookup.values import date_likeness
from tests.projects import ROOT, SHARED
from tests.reconciliation.figures import ask, messy_names, precision, recall, table
from tests.serving import Answer, Server

SUITE = SHARED / "conformance/reconciliation-0.2"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
VORONKOV = "person/vladimir-voronkov"
REQUIRED = {
    "manifest": {"versions", "name", "identifierSpace", "schemaSpace"},
    "suggest-entities-response": {"result"},
    "suggest-types-response": {"result"},
    "suggest-properties-response": {"result"},
    "data-extension-property-proposal": {"properties"},
    "data-extension-response": {"meta", "rows"},
}
"""What each answer must have: the check that is left where the schemas are not at hand."""


def schema_registry() -> Registry[Any]:
    """Every schema of the suite by its own IRI."""
    documents = [json.loads(path.read_text(encoding="utf-8")) for path in (SUITE / "schemas").glob("*.json")]
    resources = [
        (document["$id"], Resource.from_contents(document, default_specification=DRAFT7))
        for document in documents
    ]
    return Registry().with_resources(resources)


def validate(document: Any, name: str) -> None:  # noqa: ANN401
    """Hold a document to a schema of the suite, or to its required members where the suite is not at hand."""
    file = SUITE / "schemas" / f"{name}.json"
    if not file.is_file():
        assert isinstance(document, dict)
        assert REQUIRED.get(name, set()) <= set(document)
        if name == "reconciliation-result-batch":
            candidates = [one for result in document.values() for one in result["result"]]
            assert all({"id", "name", "score"} <= set(one) for one in candidates)
        return
    schema = json.loads(file.read_text(encoding="utf-8"))
    jsonschema.Draft7Validator(schema, registry=schema_registry()).validate(document)


def test_the_suite_is_at_hand_where_everything_must_be_tested() -> None:
    assert SUITE.is_dir() or os.environ.get("CI") != "true", f"the reconciliation suite is not in {SUITE}"


@pytest.mark.parametrize(
    "example", sorted(SUITE.glob("examples/*/*valid/*.json")), ids=lambda path: path.stem
)
def test_the_validation_tells_valid_examples_from_invalid_ones(example: Path) -> None:
    kind, verdict = example.parent.parent.name, example.parent.name
    if not (SUITE / "schemas" / f"{kind}.json").is_file():
        return
    document = json.loads(example.read_text(encoding="utf-8"))
    if verdict == "valid":
        validate(document, kind)
    elif example.stem not in ("bad-authentication", "invalid-documentation"):  # these two need format checks
        with pytest.raises(jsonschema.ValidationError):
            validate(document, kind)


def reconcile(server: Server, queries: Mapping[str, Any], path: str = "/reconcile") -> Any:  # noqa: ANN401
    """Send a batch as OpenRefine does, and hold question and answer to the schemas."""
    validate(queries, "reconciliation-query-batch")
    answer = post(server, path, queries=queries)
    assert answer.status == 200, answer.text
    document = answer.json()
    validate(document, "reconciliation-result-batch")
    assert set(document) == set(queries)
    return document


def post(server: Server, path: str, **fields: Any) -> Answer:  # noqa: ANN401
    body = {name: json.dumps(value, ensure_ascii=False) for name, value in fields.items()}
    return server.ask(path, FORM, "POST", urlencode(body).encode())


def one(server: Server, query: str | None = None, path: str = "/reconcile", **members: Any) -> Any:  # noqa: ANN401
    """Return the candidates for one query."""
    asked = {**({"query": query} if query else {}), **members}
    return reconcile(server, {"q0": asked}, path)["q0"]["result"]


def features(candidate: Mapping[str, Any]) -> dict[str, Any]:
    return {feature["id"]: feature["value"] for feature in candidate["features"]}


@pytest.mark.parametrize("root", ["", "/ar", "/fr"])
def test_the_manifest_says_what_the_service_offers_and_every_address_in_it_answers(
    server: Server, root: str
) -> None:
    answer = server.ask(f"{root}/reconcile")
    assert answer.type == "application/json"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    manifest = answer.json()
    validate(manifest, "manifest")
    assert "0.2" in manifest["versions"]
    assert (manifest["identifierSpace"], manifest["schemaSpace"]) == (ID, LEG)
    assert {"Person", "Body", "State"} <= {one["id"] for one in manifest["defaultTypes"]}
    encoded = quote(VORONKOV, safe="")
    for template in (manifest["view"]["url"], manifest["preview"]["url"]):
        address = template.replace("{{id}}", encoded).removeprefix(server.url)
        assert address.startswith(f"{root}/reconcile")
        assert server.follow(address, {"Accept": "text/html"}).status == 200
    for what, known in (("entity", VORONKOV), ("type", "Person"), ("property", "seat")):
        service = manifest["suggest"][what]
        suggest = (service["service_url"] + service["service_path"]).removeprefix(server.url)
        assert server.ask(f"{suggest}?prefix=a").status == 200
        fly = (service["flyout_service_url"] + service["flyout_service_path"]).removeprefix(server.url)
        assert server.ask(fly.replace("${id}", quote(known, safe=""))).status == 200
    proposed = manifest["extend"]["propose_properties"]
    address = (proposed["service_url"] + proposed["service_path"]).removeprefix(server.url)
    assert server.ask(f"{address}?type=Body").status == 200
    assert (
        server.ask(manifest["documentation"].removeprefix(server.url), {"Accept": "text/html"}).status == 200
    )


def test_openrefine_adds_the_service_reconciles_a_column_and_extends_it(server: Server) -> None:
    """The calls of OpenRefine in their order and form, as its sources send them."""
    script = server.ask("/reconcile?callback=jQuery112406_1768&_=1768")
    assert script.type == "text/javascript"
    manifest = json.loads(re.fullmatch(r"/\*\*/jQuery112406_1768\((.*)\);\n", script.text, re.DOTALL)[1])  # type: ignore[index]
    column = ["فلاديمير فورنكوف", "عمر هلال", "ناصر بوريطه", "محمد بن سعيد المغيدى", "الكسندر زويف"]
    column += ["انتوني بلينكن", "جون كيرى", "راحيل شريف", "سامح شكرى", "خالد بن سلمان"]
    guessed = reconcile(
        server, {f"q{n}": {"query": name, "limit": 3} for n, name in enumerate(column)}, "/ar/reconcile"
    )
    first_types = [answer["result"][0]["type"][0]["id"] for answer in guessed.values()]
    assert first_types == ["Person"] * 10
    typed = {"type": "Person", "type_strict": "should"}
    found = reconcile(
        server, {f"q{n}": {"query": name, **typed} for n, name in enumerate(column)}, "/ar/reconcile"
    )
    best = [found[f"q{n}"]["result"][0] for n in range(10)]
    assert all(candidate["match"] for candidate in best)
    assert best[0]["id"] == VORONKOV
    preview = server.ask(
        manifest["preview"]["url"].replace("{{id}}", quote(VORONKOV, safe="")).removeprefix(server.url)
    )
    assert preview.type == "text/html"
    assert "frame-ancestors *" in preview.headers["Content-Security-Policy"]
    proposed = server.ask("/reconcile/properties?type=Person&callback=jQuery1_2&_=1")
    assert proposed.text.startswith("/**/jQuery1_2({")
    wishes: list[dict[str, Any]] = [
        {"id": "everHeld", "settings": {"limit": "2", "content": "id"}},
        {"id": "owl:sameAs"},
    ]
    extended = post(server, "/reconcile", extend={"ids": [one["id"] for one in best], "properties": wishes})
    assert extended.status == 200
    rows = extended.json()["rows"]
    assert list(rows) == [one["id"] for one in best]
    assert all(len(row["everHeld"]) <= 2 for row in rows.values())
    guterres = {"ids": ["person/antonio-guterres"], "properties": [{"id": "owl:sameAs"}]}
    linked = post(server, "/reconcile", extend=guterres).json()["rows"]["person/antonio-guterres"]
    assert linked["owl:sameAs"] == [{"id": "Q311440", "name": "António Guterres"}]


def test_a_name_in_any_of_three_languages_means_the_same_thing(server: Server) -> None:
    for name in ("Global Counterterrorism Forum", "المنتدى العالمي لمكافحة الإرهاب", "GCTF"):
        for path in ("/reconcile", "/ar/reconcile", "/fr/reconcile"):
            first = one(server, name, path, type="Body")[0]
            assert (first["id"], first["match"]) == ("body/gctf", True)
    assert one(server, "Côte d'Ivoire", "/ar/reconcile")[0]["name"] == "ساحل العاج"


def test_a_score_is_explained_by_features_that_are_documented(server: Server) -> None:
    asked = [{"pid": "state", "v": "Morocco"}, {"pid": "owl:sameAs", "v": "Q1"}]
    first = one(server, "Omar Hilal", type="Person", properties=asked)[0]
    told = features(first)
    assert set(told) <= set(FEATURES)
    assert told["type"] is True
    assert told["state"] == 100
    assert told["properties"] == 0
    assert first["match"] is False, "a value that was asked for speaks against it"
    about = server.ask("/reconcile/about", {"Accept": "text/html"}).text
    assert all(f'id="{name}"' in about for name in FEATURES)
    documented = (ROOT / "docs/reconciliation.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in documented for name in FEATURES)


def test_states_and_dates_tell_namesakes_apart(server: Server) -> None:
    name = "Ministerial meeting of the Global Coalition"
    for year, slug in (("2021", "rome-2021"), ("2022-05-11", "marrakesh-2022")):
        first = one(server, name, type="Event", properties=[{"pid": "startDate", "v": year}])[0]
        assert first["id"] == f"event/global-coalition-ministerial-{slug}"
        assert features(first)["dates"] == 100
    mission = "Permanent Mission to the United Nations in New York"
    reference = [{"pid": "state", "v": {"id": "state/algeria", "name": "Algeria"}}]
    names = [c["id"] for c in one(server, "Amar Bendjama", properties=reference)]
    assert names[0] == "person/amar-bendjama"
    assert one(server, mission, type="Body")[0]["match"] is False


def test_dates_are_compared_as_far_as_both_go() -> None:
    assert date_likeness("2021-06-24", "2021-06-24T00:00:00Z") == 1
    assert date_likeness("2021", "2021-06-24") == 1
    assert date_likeness("2021-06", "2021") == 1
    assert date_likeness("2021-06-24", "2021-06-25") == 0.5
    assert date_likeness("2021", "2022") == date_likeness("2021", "soon") == 0


def test_types_restrict_or_only_weigh_as_the_query_says(server: Server) -> None:
    assert {c["id"] for c in one(server, "Rabat", type="Place", type_strict="any")} == {"place/rabat"}
    assert one(server, "Rabat", type=["Body", "Place"], type_strict="all") == []
    weighed = one(server, "Rabat", type="Person", type_strict="should")
    assert weighed[0]["match"] is False
    assert features(weighed[0])["type"] is False
    assert one(server, "Rabat", type="NoSuchType", type_strict="any") == []


def test_a_query_without_a_name_finds_by_values(server: Server) -> None:
    for asked in ([{"pid": "isoAlpha2", "v": "MA"}], [{"pid": "owl:sameAs", "v": "Q1028"}]):
        found = one(server, properties=asked)
        assert (found[0]["id"], found[0]["match"]) == ("state/morocco", True)
    seated = one(server, properties=[{"pid": "seat", "v": {"id": "place/rabat"}}], type="Body")
    assert "body/unoct-rabat-office" in [candidate["id"] for candidate in seated]
    assert one(server, properties=[{"pid": "noSuchProperty", "v": "x"}]) == []


@pytest.mark.parametrize("called", ["state/morocco", f"{ID}state/morocco", "state:morocco", "Q1028", "MAR"])
def test_an_identifier_is_a_name_too(server: Server, called: str) -> None:
    first = one(server, called)[0]
    assert (first["id"], first["match"]) == ("state/morocco", True)


def test_no_match_is_stated_where_another_comes_near(server: Server) -> None:
    for name in (
        "Permanent Representative",
        "Nigera",
        "Mohammed",
        "Ministerial meeting",
    ):
        assert not any(candidate["match"] for candidate in one(server, name)), name


def test_candidates_come_in_order_and_no_more_than_asked_for(server: Server) -> None:
    found = one(server, "counter-terrorism", limit=4)
    assert len(found) == 4
    scores = [candidate["score"] for candidate in found]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 100 for score in scores)


def test_a_batch_is_answered_to_get_as_to_post(server: Server) -> None:
    queries = json.dumps({"q0": {"query": "UNOCT"}})
    answer = server.ask(f"/reconcile?{urlencode({'queries': queries})}")
    assert answer.json()["q0"]["result"][0]["id"] == "body/unoct"
    extend = json.dumps({"ids": ["state/morocco"], "properties": [{"id": "isoAlpha3"}]})
    got = server.ask(f"/reconcile?{urlencode({'extend': extend})}").json()
    validate(got, "data-extension-response")
    assert got["rows"]["state/morocco"]["isoAlpha3"] == [{"str": "MAR"}]


@pytest.mark.parametrize("what", ["entity", "type", "property"])
def test_suggestions_follow_the_schemas_and_the_cursor(server: Server, what: str) -> None:
    plural = {"entity": "entities", "type": "types", "property": "properties"}[what]
    prefix = {"entity": "mor", "type": "p", "property": "s"}[what]
    everything = server.ask(f"/reconcile/suggest/{what}?prefix={prefix}&limit=50").json()
    validate(everything, f"suggest-{plural}-response")
    assert len(everything["result"]) > 2
    rest = server.ask(f"/reconcile/suggest/{what}?prefix={prefix}&limit=50&cursor=1").json()
    assert rest["result"] == everything["result"][1:]
    known = everything["result"][0]["id"]
    by_id = server.ask(f"/reconcile/suggest/{what}?prefix={quote(known, safe='')}").json()["result"]
    assert by_id[0]["id"] == known
    flown = server.ask(f"/reconcile/flyout/{what}?id={quote(known, safe='')}").json()
    assert flown["id"] == known
    assert everything["result"][0]["name"] in flown["html"]
    assert server.ask(f"/reconcile/flyout/{what}?id=nothing/here").status == 404


def test_suggestions_are_found_in_every_language(server: Server) -> None:
    found = server.ask(f"/ar/reconcile/suggest/entity?prefix={quote('فورون')}&type=Person").json()["result"]
    assert found[0]["id"] == VORONKOV
    assert found[0]["notable"][0]["id"] == "Person"
    assert (
        server.ask(f"/ar/reconcile/suggest/type?prefix={quote('دول')}").json()["result"][0]["id"] == "State"
    )
    names = {
        one["id"]: one["name"]
        for one in server.ask("/fr/reconcile/suggest/property?prefix=state").json()["result"]
    }
    assert names["state"] == "État"


def test_data_is_extended_with_values_of_every_kind(server: Server) -> None:
    wishes: list[dict[str, Any]] = [
        {"id": name}
        for name in ("seat", "establishedOn", "memberCount", "name:ar", "owl:sameAs", "foaf:homepage")
    ]
    wishes += [{"id": "state"}, {"id": "partOf", "settings": {"content": "literal", "limit": "1"}}]
    query: dict[str, Any] = {
        "ids": ["body/unoct", "body/unoct-rabat-office", "nothing/here"],
        "properties": wishes,
    }
    validate(query, "data-extension-query")
    document = post(server, "/reconcile", extend=query).json()
    validate(document, "data-extension-response")
    columns = {column["id"]: column for column in document["meta"]}
    assert list(columns) == [wish["id"] for wish in wishes]
    assert columns["seat"]["type"]["id"] == "Place"
    assert columns["owl:sameAs"]["service"].startswith("https://")
    unoct, rabat = document["rows"]["body/unoct"], document["rows"]["body/unoct-rabat-office"]
    assert unoct["establishedOn"] == [{"date": "2017-06-15T00:00:00Z"}]
    assert unoct["name:ar"] == [{"str": "مكتب الأمم المتحدة لمكافحة الإرهاب"}]
    assert unoct["foaf:homepage"][0]["str"].startswith("https://www.un.org/")
    assert rabat["seat"] == [{"id": "place/rabat", "name": "Rabat"}]
    assert {"id": "state/morocco", "name": "Morocco"} in rabat["state"]
    assert [set(value) for value in rabat["partOf"]] == [{"str"}]
    assert all(values == [] for values in document["rows"]["nothing/here"].values())


def test_properties_are_proposed_for_a_type(server: Server) -> None:
    document = server.ask("/reconcile/properties?type=Body&limit=8").json()
    validate(document, "data-extension-property-proposal")
    assert (document["type"], document["limit"], len(document["properties"])) == ("Body", 8, 8)
    everything = {one["id"] for one in server.ask("/reconcile/properties?type=Body").json()["properties"]}
    assert {"seat", "partOf", "establishedOn", "owl:sameAs", "name:ar"} <= everything
    assert "startEarliest" not in everything


BAD = {
    "not JSON": ({"queries": "{"}, 400, "not JSON"),
    "no object": ({"queries": "[]"}, 400, "object"),
    "an unknown member": ({"queries": '{"q0": {"query": "x", "props": []}}'}, 400, "props"),
    "an empty query": ({"queries": '{"q0": {"limit": 1}}'}, 400, "query"),
    "a limit that is none": ({"queries": '{"q0": {"query": "x", "limit": "many"}}'}, 400, "limit"),
    "a strictness that is none": (
        {"queries": '{"q0": {"query": "x", "type_strict": "very"}}'},
        400,
        "type_strict",
    ),
    "a property without a value": (
        {"queries": '{"q0": {"properties": [{"pid": "seat"}]}}'},
        400,
        "property 1",
    ),
    "a long name": ({"queries": json.dumps({"q0": {"query": "x" * 500}})}, 400, "200"),
    "a deep document": ({"queries": "[" * 20_000}, 400, "JSON"),
    "too many queries": (
        {"queries": json.dumps({f"q{n}": {"query": "x"} for n in range(MOST_QUERIES + 1)})},
        413,
        str(MOST_QUERIES),
    ),
    "too many identifiers": (
        {"extend": json.dumps({"ids": ["x"] * (MOST_IDS + 1), "properties": []})},
        400,
        str(MOST_IDS),
    ),
    "an unknown property": ({"extend": '{"ids": [], "properties": [{"id": "nope"}]}'}, 400, "nope"),
    "an unknown setting": (
        {"extend": '{"ids": [], "properties": [{"id": "seat", "settings": {"limit": "-1"}}]}'},
        400,
        "limit",
    ),
    "nothing": ({}, 400, "queries"),
    "a callback that is no name": ({"queries": "{}", "callback": "alert(1)//"}, 400, "callback"),
    "a callback with markup": ({"queries": "{}", "callback": "<script>"}, 400, "callback"),
}


@pytest.mark.parametrize(("fields", "status", "said"), BAD.values(), ids=BAD.keys())
def test_what_cannot_be_answered_is_refused_with_the_reason(
    server: Server, fields: dict[str, str], status: int, said: str
) -> None:
    answer = server.ask("/reconcile", FORM, "POST", urlencode(fields).encode())
    assert (answer.status, answer.type) == (status, "application/problem+json")
    assert said in answer.json()["detail"]


@pytest.mark.parametrize(
    "id_", ["", "nothing/here", "person/../x", "../../etc", "javascript:alert(1)", "\u0000", "x" * 999]
)
def test_an_identifier_that_names_nothing_has_no_preview(server: Server, id_: str) -> None:
    for path in ("preview", "view", "flyout/entity"):
        assert server.ask(f"/reconcile/{path}?id={quote(id_, safe='')}").status in (400, 404)


def test_other_sites_may_ask(server: Server) -> None:
    asked = server.ask(
        "/reconcile", {"Origin": "https://example.org", "Access-Control-Request-Method": "POST"}, "OPTIONS"
    )
    assert asked.status in (200, 204)
    assert asked.headers["Access-Control-Allow-Origin"] == "*"
    assert "POST" in asked.headers["Access-Control-Allow-Methods"]
    assert post(server, "/reconcile", queries={}).headers["Access-Control-Allow-Origin"] == "*"


def test_names_are_written_into_html_as_text(server: Server) -> None:
    flown = server.ask("/ar/reconcile/flyout/entity?id=body/gctf").json()["html"]
    assert 'lang="ar"' in flown
    assert 'dir="rtl"' in flown
    page = server.ask("/ar/reconcile/preview?id=body/gctf").text
    assert '<html lang="ar" dir="rtl">' in page
    assert "<script" not in page


def draft(server: Server, path: str, document: Any) -> Any:  # noqa: ANN401
    """Send JSON as the draft of version 1.0 has it."""
    headers = {"Content-Type": "application/json"}
    answer = server.ask(f"/ar/reconcile/draft/{path}", headers, "POST", json.dumps(document).encode())
    assert answer.status == 200, answer.text
    return answer.json()


def test_the_draft_of_the_next_version_is_answered_too(server: Server) -> None:
    manifest = server.ask("/ar/reconcile/draft/").json()
    assert manifest["versions"] == ["1.0-draft"]
    assert manifest["standardizedScore"] is True
    named = {"matchType": "name", "v": "فورونكوف فلاديمير"}
    state = {"matchType": "property", "pid": "state", "v": {"id": "state/russia"}, "required": True}
    other = {**state, "v": ["المغرب"]}
    queries = [
        {"type": "Person", "conditions": conditions} for conditions in ([named, state], [named, other])
    ]
    first, second = draft(server, "match", {"queries": queries})["results"]
    assert first["candidates"][0]["id"] == VORONKOV
    assert all(feature["name"] for feature in first["candidates"][0]["features"])
    assert second["candidates"] == []
    none = {**state, "matchQuantifier": "none", "required": True}
    others = draft(server, "match", {"queries": [{"conditions": [named, none]}]})["results"][0]["candidates"]
    assert VORONKOV not in [candidate["id"] for candidate in others]
    rows = draft(server, "extend", {"ids": [VORONKOV], "properties": [{"id": "name:ar"}]})["rows"]
    assert rows == [
        {"id": VORONKOV, "properties": [{"id": "name:ar", "values": [{"str": "فلاديمير فورونكوف"}]}]}
    ]
    assert server.ask("/reconcile/draft/suggest/type?prefix=Per").json()["result"]
    assert server.ask("/reconcile/draft/extend/propose?type=Person").json()["properties"]
    assert server.ask(f"/reconcile/draft/preview?id={VORONKOV}").status == 200


def test_every_message_of_worked_out_properties_has_a_name(server: Server) -> None:
    for root in ("", "/ar", "/fr"):
        proposed = server.ask(f"{root}/reconcile/suggest/property?prefix=&limit=50").json()["result"]
        names = {one["id"]: one["name"] for one in proposed}
        assert set(WORKED_OUT) <= set(names)
        assert all(names[name] for name in WORKED_OUT)


@pytest.fixture(scope="module")
def outcomes(server: Server) -> Iterator[list[Any]]:
    """What the service answers to the 200 messy names."""
    yield ask(server, messy_names())


def test_the_messy_names_are_two_hundred_and_none_is_a_label(release: Path) -> None:
    names = messy_names()
    assert len(names) == len({(one.name, one.language) for one in names}) == 200
    labels = {
        line.split("\t")[6] for line in (release / "search.tsv").read_text(encoding="utf-8").splitlines()
    }
    assert {one.name for one in names}.isdisjoint(labels)
    assert {one.language for one in names} == {"ar", "en", "fr"}
    assert all(one.wrong for one in names)
    assert sum(not one.id for one in names) >= 10


def test_matches_that_are_stated_are_right_and_most_names_are_found(outcomes: list[Any]) -> None:
    assert precision(outcomes) == 1.0
    assert recall(outcomes) >= 0.95


def test_the_documentation_states_the_figures_that_the_command_prints(outcomes: list[Any]) -> None:
    documented = (ROOT / "docs/reconciliation.md").read_text(encoding="utf-8")
    assert table(outcomes) in documented, "run `python -m tests.reconciliation` and put its first table there"
