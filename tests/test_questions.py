"""Competency questions: the model is tested by what it can answer, and every term serves some question."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pyoxigraph import Literal, NamedNode, Quad, Store

from legation.namespaces import ID, LEG, PREFIXES
from legation.project import Project
from legation.publish.authored import Authored
from legation.publish.check import instances_of
from legation.publish.questions import Question, answer, check_questions, compare, pin, read_questions
from tests.projects import QUESTION, ROOT

QUESTIONS = read_questions(sorted((ROOT / "tests/questions").glob("*.rq")))


@pytest.fixture
def store() -> Store:
    """A dataset that says one thing: a name of Morocco."""
    store = Store()
    graph = NamedNode(f"{PREFIXES['graph']}entities")
    label = NamedNode(f"{PREFIXES['skos']}prefLabel")
    store.add(Quad(NamedNode(f"{ID}state/morocco"), label, Literal("Maroc", language="fr"), graph))
    return store


@pytest.fixture
def question(tmp_path: Path) -> Question:
    path = tmp_path / "01-names.rq"
    path.write_text(QUESTION, encoding="utf-8")
    return read_questions([path])[0]


def test_there_are_enough_questions_and_each_is_worded_in_three_languages() -> None:
    assert len(QUESTIONS) >= 30
    for question in QUESTIONS:
        assert set(question.wording) == {"en", "ar", "fr"}, question.name
        assert re.fullmatch(r"\d\d-[a-z0-9-]+", question.name)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_the_release_answers_as_pinned(question: Question, release_graph: Store) -> None:
    assert list(compare(question, answer(question, release_graph))) == []


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_a_question_orders_its_answer_so_that_it_has_one_spelling(question: Question) -> None:
    assert "ORDER BY" in question.query.upper()


def test_every_class_and_property_serves_a_question(authored: Authored) -> None:
    asked = {name for question in QUESTIONS for name in re.findall(r"\bleg:(\w+)", question.query)}
    kinds = ("Class", "ObjectProperty", "DatatypeProperty", "AnnotationProperty")
    terms = set().union(*(instances_of(authored, f"{PREFIXES['owl']}{kind}") for kind in kinds))
    own = {term.removeprefix(LEG) for term in terms if term.startswith(LEG)}
    assert own - asked == set()


def test_an_unpinned_answer_is_a_fault_and_pinning_it_is_not(question: Question, store: Store) -> None:
    assert ["no pinned answer" in fault.message for fault in check_questions([question], store)] == [True]
    assert pin([question], store) == [question.answer_path]
    assert question.answer_path.read_bytes() == b"name\nMaroc\n"
    assert list(check_questions([question], store)) == []
    assert pin([question], store) == []


def test_a_changed_answer_is_reported_at_the_first_row_that_differs(question: Question, store: Store) -> None:
    question.answer_path.write_text("name\nMorocco\n", encoding="utf-8")
    (fault,) = check_questions([question], store)
    assert (fault.path, fault.line) == (question.answer_path, 2)
    assert "pinned 'Morocco', found 'Maroc'" in fault.message


def test_a_lost_row_is_reported_too(question: Question, store: Store) -> None:
    question.answer_path.write_text("name\nMaroc\nMorocco\n", encoding="utf-8")
    (fault,) = check_questions([question], store)
    assert (fault.line, "pinned 'Morocco', found None" in fault.message) == (3, True)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (QUESTION.replace("SELECT ?name", "SELEKT ?name"), 5, "syntax error"),
        (QUESTION.replace("SELECT ?name WHERE", "ASK"), 1, "must be a SELECT query"),
        (QUESTION.replace("# ar:", "# de:"), 1, "not worded in ar"),
    ],
)
def test_a_question_that_cannot_be_asked_is_reported(
    question: Question, store: Store, text: str, line: int, message: str
) -> None:
    question.path.write_text(text, encoding="utf-8")
    question.answer_path.write_text("name\nMaroc\n", encoding="utf-8")
    faults = list(check_questions(read_questions([question.path]), store))
    assert [(fault.line, message in fault.message) for fault in faults] == [(line, True)]


def test_the_bundled_questions_are_those_of_the_project(project: Project) -> None:
    assert [question.path for question in QUESTIONS] == list(project.question_files())
