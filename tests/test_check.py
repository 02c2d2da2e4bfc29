"""What stops publishing before anything is built, each fault with its file and its line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pyoxigraph import Store

from legation.namespaces import ID, LEG
from legation.project import Project
from legation.publish.authored import Authored, AuthoredFile, read_file
from legation.publish.check import (
    check_blank_nodes,
    check_counts,
    check_definitions,
    check_files,
    check_literals,
    check_nothing_derived,
    check_places,
    check_single_home,
    check_spelling,
    check_withdrawals,
)
from legation.publish.constraints import check_shapes
from legation.publish.fault import Fault
from tests.projects import (
    ROOT,
    a_source,
    edit,
    file_named,
    first_claim,
    legation,
    slim_project,
    with_file,
    with_text,
)

DATA_FILES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "data").rglob("*.ttl"))


@pytest.fixture
def source(authored: Authored) -> AuthoredFile:
    return a_source(authored)


def where(faults: Iterator[Fault] | list[Fault], text: str) -> list[tuple[str, int]]:
    """Return the file name and the line of every fault whose message contains ``text``, each once."""
    return sorted({(fault.path.name, fault.line) for fault in faults if text in fault.message})


def line_of(text: str, part: str) -> int:
    """Return the line on which ``part`` first stands."""
    return text[: text.index(part)].count("\n") + 1


def test_the_bundled_project_keeps_every_rule_that_no_shape_can_hold(authored: Authored) -> None:
    assert check_files(authored) == []


@pytest.mark.parametrize("name", DATA_FILES)
def test_cutting_any_line_of_a_data_file_short_is_noticed_in_that_file(
    authored: Authored, tmp_path: Path, name: str
) -> None:
    """Every line of a short file, some thirty lines spread over a long one.

    What still is Turtle then (a subject cut short, say) has lost its place or leaves something undefined.
    """
    whole = file_named(authored, name)
    lines = whole.text.splitlines(keepends=True)
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    ends = [number for number, line in enumerate(lines, 1) if line == ".\n"]
    step = max(1, len(lines) // 30)
    for number in range(1 + len(name) % step, len(lines) + 1, step):
        line = lines[number - 1].rstrip("\n")
        if not line:
            continue
        cut = [*lines[: number - 1], line[: len(line) // 2], "\n", *lines[number:]]
        path.write_text("".join(cut), encoding="utf-8")
        result = read_file(Project(tmp_path), path)
        if isinstance(result, Fault):
            assert result.path == path
            # A parser notices by the end of the statement after the cut, if it runs on into that.
            concerned = [end for end in ends if end >= number][:2]
            assert result.line <= concerned[-1], (number, line, result)
        else:
            assert any(faults_of_changed(authored, result)), (number, line)


def faults_of_changed(authored: Authored, changed: AuthoredFile) -> Iterator[Fault]:
    """Yield the faults that a changed file shows, the cheapest rules first."""
    yield from check_places(changed)
    yield from check_counts(changed)
    yield from check_literals(changed)
    project = with_file(authored, changed)
    yield from check_definitions(project)
    yield from check_withdrawals(project, authored.homes)
    yield from check_spelling(changed)


def test_a_syntax_error_is_reported_at_its_line(tmp_path: Path, source: AuthoredFile) -> None:
    path = tmp_path / "data/sources" / source.path.name
    path.parent.mkdir(parents=True)
    path.write_text(source.text, encoding="utf-8")
    line = edit(path, "leg:rank leg:", "leg:rank leg leg:")
    fault = read_file(Project(tmp_path), path)
    assert isinstance(fault, Fault)
    assert (fault.path, fault.line) == (path, line)
    assert "syntax error" in fault.message


def test_a_file_that_is_not_utf_8_is_reported_at_the_line_of_the_byte(tmp_path: Path) -> None:
    path = tmp_path / "data/entities/person.ttl"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"PREFIX a: <http://a/>\n\na:b a:c '\xff' .\n")
    fault = read_file(Project(tmp_path), path)
    assert isinstance(fault, Fault)
    assert fault.line == 3


@pytest.mark.parametrize(
    "respelled",
    [
        lambda text: text.replace("    ", "\t", 1),
        lambda text: text + "\n",
        lambda text: text.rstrip("\n"),
        lambda text: "# a thought\n" + text,
        lambda text: text.replace("PREFIX leg:", "@prefix leg:").replace("ontology#>\n", "ontology#> .\n", 1),
    ],
)
def test_any_other_spelling_of_the_same_triples_is_reported_at_the_first_line_that_differs(
    source: AuthoredFile, respelled: Callable[[str], str]
) -> None:
    text = respelled(source.text)
    ours, theirs = source.text.split("\n"), text.split("\n")
    differing = next(
        (n for n, pair in enumerate(zip(ours, theirs, strict=False), 1) if pair[0] != pair[1]),
        min(len(ours), len(theirs)),
    )
    faults = list(check_spelling(with_text(source, text)))
    assert [fault.line for fault in faults] in ([differing], [differing + 1])
    assert "canonical" in faults[0].message


def test_a_reference_that_nothing_defines_is_reported_where_it_stands(
    authored: Authored, source: AuthoredFile
) -> None:
    text = source.text.replace("leg:rank leg:NormalRank", "leg:rank leg:NormalRang", 1)
    faults = check_definitions(with_file(authored, with_text(source, text)))
    assert where(faults, "leg:NormalRang") == [(source.path.name, line_of(text, "leg:NormalRang"))]


@pytest.mark.parametrize(
    ("old", "new"), [("leg:rank leg:", "leg:rang leg:"), ("a leg:Attribute", "a leg:Atribute")]
)
def test_a_term_that_the_ontology_does_not_declare_is_reported_where_it_stands(
    authored: Authored, source: AuthoredFile, old: str, new: str
) -> None:
    text = source.text.replace(old, new, 1)
    faults = check_definitions(with_file(authored, with_text(source, text)))
    assert where(faults, "declared nowhere") == [(source.path.name, line_of(text, new))]


def test_a_term_of_another_vocabulary_is_declared_too(authored: Authored) -> None:
    people = file_named(authored, "data/entities/person.ttl")
    text = people.text.replace("skos:prefLabel", "skos:preferredLabel", 1)
    faults = check_definitions(with_file(authored, with_text(people, text)))
    assert where(faults, "skos:preferredLabel is declared nowhere") == [
        (people.path.name, line_of(text, "skos:preferredLabel"))
    ]


@pytest.mark.parametrize(
    ("name", "subject", "expected"),
    [
        ("data/entities/person.ttl", "body:x", "data/entities/body.ttl"),
        ("data/entities/person.ttl", "claim:a-source-1", "data/sources/a-source.ttl"),
        ("data/entities/person.ttl", "link:body-x-1", "data/entities/body.ttl"),
        ("data/entities/person.ttl", "concept:x", "data/schemes"),
        ("data/entities/person.ttl", "leg:x", "could stand in"),
        ("data/sources/a.ttl", "passage:b-1-position", "data/sources/b.ttl"),
        ("data/sources/a.ttl", "claim:unnumbered", "could stand in"),
        ("shapes/Person.ttl", "person:x", "could stand in"),
        ("ontology/bodies.ttl", "body:x", "could stand in"),
    ],
)
def test_a_thing_in_the_wrong_file_is_told_where_it_belongs(
    project: Project, name: str, subject: str, expected: str
) -> None:
    prefix = subject.partition(":")[0]
    namespace = LEG if prefix == "leg" else f"{ID}{prefix}/"
    text = f"PREFIX {prefix}: <{namespace}>\n\n{subject} a <http://example.org/Thing> .\n"
    empty = AuthoredFile(project.root / name, name, "")
    assert where(check_places(with_text(empty, text)), expected) == [(Path(name).name, 3)]


def test_one_thing_is_not_described_in_two_files(authored: Authored) -> None:
    concepts = next(f for f in authored.within("data/schemes"))
    copy = AuthoredFile(concepts.path.with_name("zz.ttl"), "data/schemes/zz.ttl", concepts.text)
    faults = list(check_single_home(Authored(authored.project, (*authored.files, copy))))
    assert {fault.path.name for fault in faults} == {"zz.ttl"}
    assert len(faults) == len(concepts.subjects)


def test_a_lost_claim_is_noticed_by_the_number_its_author_counted(source: AuthoredFile) -> None:
    claim = first_claim(source)
    without = AuthoredFile(
        source.path,
        source.name,
        source.text.replace(f"\n{'claim:' + claim.rpartition('/')[2]}\n", "\nclaim:elsewhere-1\n"),
    )
    assert where(check_counts(source), "claimCount") == []
    renamed = with_text(without, without.text.replace("\nclaim:elsewhere-1\n", f"\nsource:{source.stem}\n"))
    assert where(check_counts(renamed), "claimCount") == [
        (source.path.name, line_of(renamed.text, "leg:claimCount"))
    ]


def test_what_is_derived_is_never_authored(authored: Authored) -> None:
    people = file_named(authored, "data/entities/person.ttl")
    person = next(iri for iri in people.subjects if iri.startswith(f"{ID}person/"))
    for statement in (f"<{LEG}holds> <{ID}post/x>", f"<{LEG}seat> <{ID}place/x>"):
        text = f"{people.text}\n<{person}> {statement} .\n"
        faults = check_nothing_derived(with_file(authored, with_text(people, text)))
        assert [fault.line for fault in faults] == [text.count("\n")]


def test_data_has_no_blank_nodes(source: AuthoredFile) -> None:
    text = f"{source.text}\n<{first_claim(source)}> leg:appointment [ a leg:Event ] .\n"
    assert where(check_blank_nodes(with_text(source, text)), "blank node") == [
        (source.path.name, text.count("\n"))
    ]


@pytest.mark.parametrize(
    ("literal", "message"),
    [
        ('"2021-02-30"^^xsd:date', "is not a value of xsd:date"),
        ('"2021-13"^^xsd:gYearMonth', "is not a value of xsd:gYearMonth"),
        ('"--02-30"^^xsd:gMonthDay', "is not a value of xsd:gMonthDay"),
        ('"2021-02-03Z"^^xsd:date', "is not a value of xsd:date"),
        ("007", "is not how the value is written"),
        ('"7"^^xsd:nonNegativeInteger', "is not how the value is written"),
    ],
)
def test_a_literal_is_a_value_of_its_datatype_in_the_form_that_the_engine_answers_with(
    source: AuthoredFile, literal: str, message: str
) -> None:
    prefix = "PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>"
    text = f"{prefix}\n{source.text}\n<{first_claim(source)}> leg:start {literal} .\n"
    assert where(check_literals(with_text(source, text)), message) == [(source.path.name, text.count("\n"))]


def test_a_published_identifier_that_vanished_stops_publishing_until_it_is_withdrawn(
    authored: Authored,
) -> None:
    gone = f"{ID}person/somebody"
    assert where(check_withdrawals(authored, [gone]), "person:somebody") == [("person.ttl", 1)]
    tombstone = AuthoredFile(
        authored.project.root / "data/entities/withdrawn.ttl",
        "data/entities/withdrawn.ttl",
        f"<{gone}>\n    a <{LEG}Withdrawn> ;\n.\n",
    )
    assert list(check_withdrawals(with_file(authored, tombstone), [gone])) == []


def test_a_shape_that_is_violated_is_reported_at_the_claim_with_its_message_and_its_name(
    authored: Authored, source: AuthoredFile
) -> None:
    claim = first_claim(source)
    block = source.text[source.text.index(f"\nclaim:{claim.rpartition('/')[2]}\n") :]
    block = block[: block.index("\n.\n")]
    evidence = next(line for line in block.splitlines() if "leg:evidence" in line)
    assert evidence.endswith(" ;")
    text = source.text.replace(block, block.replace(f"{evidence}\n", ""))
    kept = [f for f in authored.files if f.folder in ("ontology", "shapes", "data/schemes")]
    small = Authored(authored.project, (*kept, with_text(source, text)))
    store = Store()
    small.load(store, "ontology", "data")
    faults = [f for f in check_shapes(small, store).faults if "legsh:Claim-evidence" in f.message]
    assert [(fault.path, fault.line) for fault in faults] == [
        (source.path, line_of(text, f"claim:{claim.rpartition('/')[2]}\n"))
    ]


def test_check_prints_each_fault_as_path_line_message_and_exits_with_1(tmp_path: Path) -> None:
    project = slim_project(tmp_path)
    broken = next((tmp_path / "data/sources").glob("*.ttl"))
    line = edit(broken, "leg:rank leg:NormalRank", "leg:rank leg:NormalRang")
    run = legation("check", "--project", project.root, "--quiet")
    assert run.returncode == 1
    assert f"{broken.name}:{line}: leg:NormalRang is used here but defined nowhere" in run.stdout
    assert "faults" in run.stderr or "fault" in run.stderr
    others = legation("check", "--project", project.root, "--quiet", tmp_path / "data/entities/person.ttl")
    assert (others.returncode, others.stdout) == (0, "")
