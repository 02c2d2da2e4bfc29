"""`legation verify` re-checks every passage against its document; `legation passage` makes new ones."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from pyoxigraph import Literal

from legation.namespaces import ID, LEG, PREFIXES
from legation.project import HEADER, Project, open_project
from legation.publish.authored import Authored
from legation.publish.canonical import canonical_text
from legation.publish.evidence import EvidenceError, passage_turtle, verify
from tests.projects import DOCUMENTS, ROOT, edit, legation

AT_HAND = sorted(DOCUMENTS.glob("*.txt"))
TEXT = "سطر أول\r\nOmar Hilale, السفير 😀 named twice: Omar Hilale.\nEnd\n"
SOURCE = "999_abc"


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    """A folder with one document: two scripts, a character outside the first plane, two kinds of line end."""
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / f"{SOURCE}.txt").write_bytes(TEXT.encode("utf-8"))
    return folder


@pytest.fixture
def annotated(tmp_path: Path, documents: Path) -> Project:
    """A project with one source: that document, two passages of it and a claim on the first."""
    root = tmp_path / "project"
    for folder in ("ontology", "data/sources"):
        (root / folder).mkdir(parents=True)
    (root / HEADER).write_text((ROOT / HEADER).read_text(encoding="utf-8"), encoding="utf-8")
    project = open_project(root)
    path = root / "data/sources" / f"{SOURCE}.ttl"
    content = (documents / f"{SOURCE}.txt").read_bytes()
    about = (
        f"<{ID}source/{SOURCE}> a <{LEG}Document> ; <{LEG}fileName> '{SOURCE}.txt' ; "
        f"<{LEG}characterCount> {len(TEXT)} ; <{LEG}sha256> '{hashlib.sha256(content).hexdigest()}' .\n"
        f"<{ID}claim/{SOURCE}-1> a <{LEG}Tenure> ; <{LEG}evidence> <{ID}passage/{SOURCE}-1> .\n"
    )
    path.write_text(about, encoding="utf-8")
    for quoted in ("السفير 😀 named", "End"):
        passage = passage_turtle(project, SOURCE, quoted, documents, None)
        path.write_text(canonical_text(path.read_text(encoding="utf-8") + passage), encoding="utf-8")
    return project


def test_passages_made_from_the_document_verify(annotated: Project, documents: Path) -> None:
    assert verify(annotated, documents) == []
    run = legation("verify", "--documents", documents, "--project", annotated.root)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


def test_offsets_count_code_points_of_the_file_as_it_is(annotated: Project, documents: Path) -> None:
    turtle = passage_turtle(annotated, SOURCE, "End", documents, None)
    start = TEXT.index("End")
    assert f"oa:start {start} ;" in turtle
    assert f"oa:end {start + 3} ;" in turtle
    assert f"passage:{SOURCE}-3\n" in turtle
    assert hashlib.sha256(b"End").hexdigest() in turtle
    assert canonical_text(turtle) == turtle


def test_one_changed_character_anywhere_is_noticed_and_the_claims_that_rest_on_it_are_named(
    annotated: Project, documents: Path
) -> None:
    document = documents / f"{SOURCE}.txt"
    for position in range(len(TEXT)):
        other = "x" if TEXT[position] != "x" else "y"
        document.write_bytes((TEXT[:position] + other + TEXT[position + 1 :]).encode("utf-8"))
        faults = verify(annotated, documents)
        assert any("is not the document that was read" in fault.message for fault in faults)
        inside = TEXT.index("السفير") <= position < TEXT.index(" twice")
        assert any(f"claim:{SOURCE}-1 has lost its evidence" in fault.message for fault in faults) == inside


def test_a_fault_names_the_line_of_the_claim_and_says_why(annotated: Project, documents: Path) -> None:
    document = documents / f"{SOURCE}.txt"
    document.write_bytes(TEXT.replace("named", "names").encode("utf-8"))
    path = annotated.root / "data/sources" / f"{SOURCE}.ttl"
    lines = path.read_text(encoding="utf-8").splitlines()
    claim = lines.index(f"claim:{SOURCE}-1")
    evidence = next(n for n, line in enumerate(lines, 1) if n > claim and "leg:evidence" in line)
    run = legation("verify", "--documents", documents, "--project", annotated.root)
    assert run.returncode == 1
    assert (
        f"{SOURCE}.ttl:{evidence}: claim:{SOURCE}-1 has lost its evidence: passage:{SOURCE}-1" in run.stdout
    )
    assert "now has the digest" in run.stdout


def test_a_passage_beyond_the_end_and_a_missing_document_are_faults(
    annotated: Project, documents: Path
) -> None:
    path = annotated.root / "data/sources" / f"{SOURCE}.ttl"
    edit(path, f"oa:end {len(TEXT) - 1} ;", f"oa:end {len(TEXT) + 1} ;")
    assert [fault.message for fault in verify(annotated, documents)] == [
        f"passage:{SOURCE}-2 ({len(TEXT) - 4}–{len(TEXT) + 1}) does not lie inside the document's "
        f"{len(TEXT)} characters"
    ]
    (documents / f"{SOURCE}.txt").unlink()
    assert [f"{SOURCE}.txt cannot be read" in fault.message for fault in verify(annotated, documents)] == [
        True
    ]


def test_a_text_that_occurs_twice_needs_to_be_told_apart(annotated: Project, documents: Path) -> None:
    with pytest.raises(EvidenceError, match="occurs 2 times"):
        passage_turtle(annotated, SOURCE, "Omar Hilale", documents, None)
    second = TEXT.rindex("Omar Hilale")
    assert f"oa:start {second} ;" in passage_turtle(annotated, SOURCE, "Omar Hilale", documents, 2)
    run = legation("passage", SOURCE, "nobody", "--documents", documents, "--project", annotated.root)
    assert run.returncode == 1
    assert "does not contain this text" in run.stderr


@pytest.mark.parametrize("document", AT_HAND, ids=lambda path: path.stem)
def test_the_passages_of_a_document_at_hand_verify(document: Path) -> None:
    project = open_project(ROOT)
    assert (project.root / "data/sources" / f"{document.stem}.ttl").is_file()
    assert verify(project, DOCUMENTS) == []


@pytest.mark.parametrize("document", AT_HAND, ids=lambda path: path.stem)
def test_one_changed_character_in_a_document_at_hand_is_noticed(document: Path, tmp_path: Path) -> None:
    for other in AT_HAND:
        (tmp_path / other.name).write_bytes(other.read_bytes())
    text = document.read_bytes().decode("utf-8")
    middle = len(text) // 2
    changed = text[:middle] + ("x" if text[middle] != "x" else "y") + text[middle + 1 :]
    (tmp_path / document.name).write_bytes(changed.encode("utf-8"))
    faults = verify(open_project(ROOT), tmp_path)
    assert {fault.path.stem for fault in faults} == {document.stem}


def test_no_sentence_of_a_document_is_in_the_project(authored: Authored) -> None:
    """Names and titles are facts; a run of a dozen words in anything else is somebody's sentence."""
    names = {PREFIXES["skos"] + label for label in ("prefLabel", "altLabel", "hiddenLabel")}
    names |= {PREFIXES["dcterms"] + "title", f"{LEG}titleAsPrinted"}
    said = "\n".join(
        triple.object.value
        for triple in authored.triples("data")
        if isinstance(triple.object, Literal) and triple.predicate.value not in names
    )
    for document in AT_HAND:
        words = document.read_bytes().decode("utf-8").split()
        runs = (" ".join(words[n : n + 12]) for n in range(len(words) - 11))
        assert [run for run in runs if run in said] == []


def test_where_everything_is_tested_the_documents_are_at_hand() -> None:
    assert AT_HAND or os.environ.get("CI") != "true"
