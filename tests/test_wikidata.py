"""Links to Wikidata, tried against a real SPARQL server that holds ``wikidata/world.ttl``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pyshacl
import pytest
from click.testing import CliRunner, Result
from rdflib import OWL, RDF, SKOS, Graph, Literal, URIRef

from legation.publish.canonical import canonical_text, new_graph
from legation.wikidata.classes import read_classes
from legation.wikidata.command import wikidata
from legation.wikidata.items import fold
from tests.serving import oxigraph

REPOSITORY = Path(__file__).parents[1]
WORLD = Path(__file__).parent / "wikidata" / "world.ttl"
HEADER = '<https://w3id.org/legation/ontology> a owl:Ontology ; owl:versionInfo "2026.11.0" .'
PREFIXES = "".join(f"PREFIX {prefix}: <{namespace}>\n" for prefix, namespace in new_graph().namespaces())

GCTF = """
body:gctf a leg:Forum ;
  skos:prefLabel "Global Counterterrorism Forum"@en , "المنتدى العالمي لمكافحة الإرهاب"@ar ;
  foaf:isPrimaryTopicOf <https://en.wikipedia.org/wiki/Global_Counterterrorism_Forum> ;
  foaf:homepage <http://www.thegctf.org> .
link:body-gctf-1 a leg:WikidataCandidate ; leg:links body:gctf ; leg:reason "No document pairs it yet."@en ;
  leg:resolver <https://www.wikidata.org/wiki/Special:ItemByTitle/enwiki/Global_Counterterrorism_Forum> .
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the URL of an Oxigraph server with the world in it."""
    with oxigraph(tmp_path_factory.mktemp("oxigraph"), WORLD) as url:
        yield url


class Project:
    """A project folder with some entities in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("ontology/legation.ttl", HEADER)

    def write(self, name: str, turtle: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(canonical_text(PREFIXES + turtle), encoding="utf-8")
        return path

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(wikidata, [*arguments, "--project", str(self.root)])

    def texts(self) -> dict[Path, str]:
        return {path: path.read_text(encoding="utf-8") for path in sorted(self.root.rglob("*.ttl"))}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def cells_of(result: Result, name: str) -> list[str]:
    """Return the cells of the printed table that are about an entity; empty ones are left out."""
    line = next(line for line in result.output.splitlines() if line.startswith(f"{name} "))
    return re.split(r" {2,}", line)


def candidate(names: str, more: str = "", kind: str = "body", about: str = "") -> str:
    """Return Turtle for an entity that waits for its link."""
    return f"""
    {kind}:example a leg:Committee ; skos:prefLabel {names} {more} .
    link:{kind}-example-1 a leg:WikidataCandidate ; leg:links {kind}:example {about} .
    """


# resolve: what is certain


def test_an_item_is_certain_when_article_website_and_name_lead_to_it(project: Project, world: str) -> None:
    project.write("data/entities/body.ttl", GCTF)

    result = project.run("resolve", "--endpoint", world)

    assert result.exit_code == 0, result.output
    assert cells_of(result, "body:gctf") == [
        "body:gctf",
        "Q900000001",
        "Global Counterterrorism Forum",
        "sitelink, website, name",
        "link",
    ]
    assert "1 of 1 candidates certain." in result.output


@pytest.mark.parametrize(
    ("turtle", "number", "ways"),
    [
        pytest.param(
            candidate(
                '"United Nations Office of Counter-Terrorism"@en',
                about="; leg:resolver <https://www.wikidata.org/wiki/Special:ItemByTitle/enwiki/"
                "United_Nations_Office_of_Counter-Terrorism>",
            ),
            "Q900000003",
            "sitelink",
            id="by the article that the candidate's resolver names",
        ),
        pytest.param(
            candidate('"Comité d\'exemple"@fr', "; foaf:homepage <https://committee.example/en>"),
            "Q900000004",
            "website",
            id="by a website with another scheme and slash",
        ),
        pytest.param(
            candidate('"Example Fund"@en'), "Q900000005", "name", id="by a name in the default language"
        ),
        pytest.param(candidate('"معهد المثال"@ar'), "Q900000006", "name", id="by an Arabic name"),
        pytest.param(
            candidate(
                '"Example Strategy"@en',
                "; foaf:isPrimaryTopicOf <https://fr.wikipedia.org/wiki/Strat%C3%A9gie_d'exemple>",
                kind="instrument",
            ),
            "Q900000018",
            "sitelink, name",
            id="by a French article, though the type cannot be judged",
        ),
    ],
)
def test_an_item_is_certain_when_one_way_leads_to_it_alone(
    project: Project, world: str, turtle: str, number: str, ways: str
) -> None:
    project.write("data/entities/body.ttl", turtle)

    result = project.run("resolve", "--endpoint", world)

    assert f"  {number}  " in result.output
    assert f"  {ways}  link" in result.output


# resolve: what is not

UNCERTAIN = [
    pytest.param(candidate('"Nobody Knows It"@en'), "nothing found", id="nothing found"),
    pytest.param(candidate('"Only a Property"@en'), "nothing found", id="a property"),
    pytest.param(candidate('"Hedayah"@en'), "ambiguous: Q900000007, Q900000008", id="two of one name"),
    pytest.param(
        candidate('"Example Centre"@en'),
        "ambiguous: Q900000009, Q900000010",
        id="a name shared with a disambiguation page",
    ),
    pytest.param(
        candidate('"Our Own Name"@en', '; skos:altLabel "EXA"@en'),
        "found by another name only, not by a preferred one",
        id="an acronym only",
    ),
    pytest.param(
        candidate('"Example Strategy"@en', kind="instrument"),
        "found by name only, and the type cannot be judged",
        id="a name of an unjudged type",
    ),
    pytest.param(
        candidate('"Example Strategy"@en'),
        "only namesakes of another kind: Q900000018",
        id="a name of another kind",
    ),
    pytest.param(
        candidate('"Split Body"@en', "; foaf:isPrimaryTopicOf <https://en.wikipedia.org/wiki/Split_Body>"),
        "the ways disagree: sitelink Q900000012; name Q900000013",
        id="ways that disagree",
    ),
    pytest.param(
        candidate('"Merged Body"@en', about="; leg:candidateItem wd:Q900000014"),
        "the candidate says Q900000014",
        id="a candidate that names a redirect",
    ),
    pytest.param(
        candidate(
            '"Jean Exemple"@fr',
            "; foaf:isPrimaryTopicOf <https://en.wikipedia.org/wiki/Jean_Exemple>",
            kind="person",
        ),
        "disambiguation page",
        id="an article that is a disambiguation page",
    ),
    pytest.param(
        candidate(
            '"The Coalition"@en', "; foaf:isPrimaryTopicOf <https://en.wikipedia.org/wiki/The_Coalition>"
        ),
        "wrong type: Q900000102 is no organization",
        id="an article about a film",
    ),
    pytest.param(
        candidate(
            '"Something Else"@en',
            "; foaf:isPrimaryTopicOf <https://en.wikipedia.org/wiki/Global_Counterterrorism_Forum>",
        ),
        "no label matches",
        id="an article about something of another name",
    ),
    pytest.param(
        candidate('"Islamic Military Counter Terrorism Coalition"@en')
        + 'body:imctc a leg:Coalition ; skos:prefLabel "IMCTC"@en ; owl:sameAs wd:Q21723343 .',
        "is linked to body:imctc",
        id="an item that another entity has",
    ),
    pytest.param(
        candidate('"Example Fund"@en', "; owl:sameAs wd:Q900000003"),
        "already linked to Q900000003",
        id="an entity that has a link",
    ),
    pytest.param(
        candidate('"Example Fund"@en')
        + "link:body-example-2 a leg:WikidataCandidate ; leg:links body:example .",
        "several candidates for this entity; keep one",
        id="two candidates for one entity",
    ),
    pytest.param(
        candidate('"Example Fund"@en')
        + 'body:twin a leg:Committee ; skos:prefLabel "Example Fund"@en .'
        + "link:body-twin-1 a leg:WikidataCandidate ; leg:links body:twin .",
        "found for several entities",
        id="two entities for one item",
    ),
    pytest.param(
        "link:body-example-1 a leg:WikidataCandidate ; leg:links body:example .",
        "data/entities does not describe it",
        id="an entity that is not there",
    ),
]


@pytest.mark.parametrize(("turtle", "reason"), UNCERTAIN)
def test_what_is_not_certain_is_shown_with_its_reason_and_never_written(
    project: Project, world: str, turtle: str, reason: str
) -> None:
    project.write("data/entities/body.ttl", turtle)
    before = project.texts()

    result = project.run("resolve", "--endpoint", world, "--write")

    assert result.exit_code == 0, result.output
    assert f"  no: {reason}\n" in result.output
    assert project.texts() == before


# resolve --write


def test_without_write_nothing_is_written(project: Project, world: str) -> None:
    project.write("data/entities/body.ttl", GCTF)
    before = project.texts()

    result = project.run("resolve", "--endpoint", world)

    assert "Nothing written; --write does." in result.output
    assert project.texts() == before


def test_write_turns_a_candidate_into_a_link_with_its_evidence(project: Project, world: str) -> None:
    path = project.write("data/entities/body.ttl", GCTF)

    result = project.run("resolve", "--endpoint", world, "--write")

    graph = new_graph().parse(path)
    gctf, link = expand("body:gctf"), expand("link:body-gctf-1")
    notes = {note for note in graph.objects(link, SKOS.editorialNote) if isinstance(note, Literal)}
    said = {str(p).rpartition("#")[2]: o for p, o in graph.predicate_objects(link) if o not in notes}
    day = said.pop("evidenceDate")
    assert "Written: data/entities/body.ttl" in result.output
    assert list(graph.objects(gctf, OWL.sameAs)) == [expand("wd:Q900000001")]
    assert isinstance(day, Literal)
    assert day.datatype == expand("xsd:date")
    locator = str(said.pop("locator"))
    assert locator.startswith(
        f"{world} :: legation/wikidata/queries: sitelinks.rq (<https://en.wikipedia.org/>"
    )
    assert said == {
        "type": expand("leg:WikidataLink"),
        "links": gctf,
        "item": expand("wd:Q900000001"),
        "evidenceKind": Literal("answer of a SPARQL endpoint with Wikidata's data"),
        "confidence": expand("concept:high-confidence"),
    }
    assert {note.language for note in notes} == {"ar", "en"}
    assert {str(note).partition(". ")[0] for note in notes} == {
        "Item label: Global Counterterrorism Forum",
        "اسم العنصر: المنتدى العالمي لمكافحة الإرهاب",
    }


def test_write_leaves_the_file_canonical_and_all_else_in_it_as_it_was(project: Project, world: str) -> None:
    path = project.write("data/entities/body.ttl", GCTF)
    before = new_graph().parse(path)

    project.run("resolve", "--endpoint", world, "--write")

    text = path.read_text(encoding="utf-8")
    after = new_graph().parse(path)
    link = expand("link:body-gctf-1")
    assert text == canonical_text(text)
    assert {t for t in before if t[0] != link} < set(after)
    assert {t for t in set(after) - set(before) if t[0] != link} == {
        (expand("body:gctf"), OWL.sameAs, expand("wd:Q900000001"))
    }


def test_a_second_run_changes_nothing(project: Project, world: str) -> None:
    project.write("data/entities/body.ttl", GCTF)
    project.run("resolve", "--endpoint", world, "--write")
    before = project.texts()

    result = project.run("resolve", "--endpoint", world, "--write")

    assert result.output == "No candidates: nothing to resolve.\n"
    assert project.texts() == before


def test_the_link_goes_where_the_entity_is_and_the_candidate_leaves_where_it_was(
    project: Project, world: str
) -> None:
    entity, waiting = GCTF.split("link:body-gctf-1")
    home = project.write("data/entities/body.ttl", entity)
    other = project.write("data/entities/links.ttl", f"link:body-gctf-1{waiting}")

    project.run("resolve", "--endpoint", world, "--write")

    assert (expand("link:body-gctf-1"), RDF.type, expand("leg:WikidataLink")) in new_graph().parse(home)
    assert len(new_graph().parse(other)) == 0


def test_a_link_found_by_name_only_is_of_medium_confidence(project: Project, world: str) -> None:
    path = project.write("data/entities/body.ttl", candidate('"Example Fund"@en'))

    project.run("resolve", "--endpoint", world, "--write")

    link, confidence = expand("link:body-example-1"), expand("leg:confidence")
    assert new_graph().parse(path).value(link, confidence) == expand("concept:medium-confidence")


def test_certain_candidates_are_written_while_others_stay_candidates(project: Project, world: str) -> None:
    path = project.write("data/entities/body.ttl", GCTF + candidate('"Hedayah"@en'))

    project.run("resolve", "--endpoint", world, "--write")

    graph = new_graph().parse(path)
    assert graph.value(expand("link:body-gctf-1"), RDF.type) == expand("leg:WikidataLink")
    assert graph.value(expand("link:body-example-1"), RDF.type) == expand("leg:WikidataCandidate")
    assert not list(graph.objects(expand("body:example"), OWL.sameAs))


def test_what_is_written_passes_the_check(project: Project, world: str) -> None:
    project.write("data/entities/body.ttl", GCTF)
    project.run("resolve", "--endpoint", world, "--write")

    result = project.run("check", "--endpoint", world)

    assert result.exit_code == 0, result.output
    assert cells_of(result, "body:gctf")[3:] == ["organization", "المنتدى العالمي لمكافحة الإرهاب@ar", "ok"]


def test_what_is_written_keeps_to_the_shape_of_a_link(project: Project, world: str) -> None:
    written = project.write("data/entities/body.ttl", GCTF + candidate('"Example Fund"@en'))
    project.run("resolve", "--endpoint", world, "--write")

    links: list[str | URIRef] = [expand("link:body-gctf-1"), expand("link:body-example-1")]
    data = read(written, REPOSITORY / "data/schemes/confidence.ttl", *(REPOSITORY / "ontology").glob("*.ttl"))
    shapes = read(*(REPOSITORY / "shapes").glob("*.ttl"))
    conforms, _, report = pyshacl.validate(data, shacl_graph=shapes, focus_nodes=links)

    assert {str(link) for link in data.subjects(RDF.type, expand("leg:WikidataLink"))} == {*map(str, links)}
    assert conforms, report


# check

GOOD = """
state:morocco a leg:State ; skos:prefLabel "Maroc"@fr ; owl:sameAs wd:Q1028 .
place:rabat a leg:Place ; skos:prefLabel "RABAT"@en ; owl:sameAs wd:Q3551 .
person:antonio-guterres a leg:Person ; skos:prefLabel "Antonio Guterres"@en ; owl:sameAs wd:Q311440 .
body:imctc a leg:Coalition ; owl:sameAs wd:Q21723343 ;
  skos:prefLabel "التَّحالف الاسلامي العسكري لمحاربة الارهاب"@ar .
instrument:strategy a leg:Strategy ; skos:prefLabel "Example Strategy"@en ; owl:sameAs wd:Q900000018 .
"""


def test_links_that_match_in_any_language_pass(project: Project, world: str) -> None:
    project.write("data/entities/body.ttl", GOOD)

    result = project.run("check", "--endpoint", world)

    assert result.exit_code == 0, result.output
    assert "5 links, 0 of them wrong." in result.output
    assert cells_of(result, "state:morocco") == [
        "state:morocco",
        "Q1028",
        "Morocco",
        "sovereign state",
        "Maroc@fr",
        "ok",
    ]
    assert cells_of(result, "place:rabat")[3:] == ["city", "RABAT@en", "ok"]
    assert cells_of(result, "person:antonio-guterres")[3:] == ["human", "Antonio Guterres@en", "ok"]
    assert cells_of(result, "body:imctc")[3] == "organization"
    assert cells_of(result, "instrument:strategy")[3] == "not judged"


@pytest.mark.parametrize(
    ("name", "items", "fault"),
    [
        pytest.param("Nothing", "wd:Q900000099", "no such item", id="missing"),
        pytest.param("Merged Body", "wd:Q900000014", "redirects to Q900000015", id="redirect"),
        pytest.param("Jean Exemple", "wd:Q900000016", "disambiguation page", id="disambiguation page"),
        pytest.param(
            "The Coalition", "wd:Q900000017", "wrong type: Q900000102 is no organization", id="type"
        ),
        pytest.param("Another Body", "wd:Q900000003", "no label matches", id="label"),
        pytest.param("Number", "<http://www.wikidata.org/entity/Q01>", "not the IRI of an item", id="number"),
        pytest.param("Page", "<https://www.wikidata.org/wiki/Q1028>", "not the IRI of an item", id="page"),
        pytest.param(
            "Merged Body", "wd:Q900000015 , wd:Q900000003", "one of 2 links of this entity", id="two items"
        ),
    ],
)
def test_a_link_that_does_not_match_is_named_and_the_exit_code_says_so(
    project: Project, world: str, name: str, items: str, fault: str
) -> None:
    bad = f'body:bad a leg:Committee ; skos:prefLabel "{name}"@en ; owl:sameAs {items} .'
    project.write("data/entities/body.ttl", GOOD + bad)

    result = project.run("check", "--endpoint", world)

    assert result.exit_code == 1, result.output
    assert fault in cells_of(result, "body:bad")[-1].split("; ")
    assert cells_of(result, "state:morocco")[-1] == "ok"


def test_one_item_linked_by_two_entities_is_a_mismatch(project: Project, world: str) -> None:
    project.write(
        "data/entities/body.ttl",
        GOOD + 'body:twin a leg:Coalition ; skos:prefLabel "IMCTC"@en ; owl:sameAs wd:Q21723343 .',
    )

    result = project.run("check", "--endpoint", world)

    assert result.exit_code == 1
    assert cells_of(result, "body:twin")[-1] == "linked by 2 entities"
    assert cells_of(result, "body:imctc")[-1] == "linked by 2 entities"


def test_more_links_than_one_batch_holds_are_all_checked(project: Project, world: str) -> None:
    missing = (
        f'body:b{n} a leg:Committee ; skos:prefLabel "Body {n}"@en ; owl:sameAs wd:Q9100000{n:02} .'
        for n in range(99)
    )
    project.write("data/entities/body.ttl", GOOD + "\n".join(missing))

    result = project.run("check", "--endpoint", world)

    assert "104 links, 99 of them wrong." in result.output


def test_without_links_there_is_nothing_to_check(project: Project, world: str) -> None:
    project.write("data/entities/body.ttl", 'body:gctf a leg:Forum ; skos:prefLabel "GCTF"@en .')

    result = project.run("check", "--endpoint", world)

    assert (result.exit_code, result.output) == (0, "No links: nothing to check.\n")


# use


def test_a_folder_without_a_project_is_wrong_use(tmp_path: Path) -> None:
    result = CliRunner().invoke(wikidata, ["check", "--project", str(tmp_path)])

    assert result.exit_code == 2
    assert "no project here" in result.output


def test_a_file_that_is_not_turtle_is_named(project: Project) -> None:
    path = project.write("data/entities/body.ttl", "")
    path.write_text("body:gctf a", encoding="utf-8")

    result = project.run("check", "--endpoint", "http://127.0.0.1:9/")

    assert result.exit_code == 2
    assert "body.ttl" in result.output


def test_every_fitting_class_names_its_source() -> None:
    lines = (Path(read_classes.__code__.co_filename).with_name("classes.csv")).read_text().splitlines()

    assert all(line.split(",", 3)[3].startswith("https://") for line in lines[1:])
    assert set(read_classes()) == {"person", "state", "body", "post", "place", "event"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("António GUTERRES", "antonio guterres"),
        ("الإرهاب", "الارهاب"),
        ("مُحَمَّد", "محـــمد"),
        ("Bogdan-Martin", "Bogdan Martin"),
        ("Türkiye", "turkiye"),
    ],
)
def test_names_are_compared_without_case_diacritics_and_punctuation(one: str, other: str) -> None:
    assert fold(one) == fold(other)


def read(*paths: Path) -> Graph:
    """Return the triples of all files in one graph."""
    graph = new_graph()
    for path in paths:
        graph.parse(path)
    return graph


def expand(name: str) -> URIRef:
    """Return the IRI of a prefixed name."""
    return URIRef(new_graph().namespace_manager.expand_curie(name))
