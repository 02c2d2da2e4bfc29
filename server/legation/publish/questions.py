"""Competency questions: what the graph must be able to answer, and the answers it is known to give."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Final

from pyoxigraph import Literal, NamedNode, QueryResultsFormat, QuerySolutions, Store, Triple

from legation.namespaces import PREFIXES
from legation.publish.fault import Fault

HEADING: Final = re.compile(r"# (?P<language>en|ar|fr): (?P<text>.+)")
POSITION: Final = re.compile(r"error at (?P<line>\d+):")
"""Where the engine's message says it stopped: it puts the line nowhere else."""

LANGUAGES: Final = ("en", "ar", "fr")
SH: Final = PREFIXES["sh"]


@dataclass(frozen=True)
class Question:
    """One question: its query, its wording in each language, and where the pinned answer is."""

    path: Path
    query: str
    wording: dict[str, str]

    @property
    def name(self) -> str:
        """The file's name without its suffix, as in ``01-co-facilitators``."""
        return self.path.stem

    @property
    def answer_path(self) -> Path:
        """The pinned answer: SPARQL 1.1 CSV."""
        return self.path.with_suffix(".csv")

    @property
    def is_pinned(self) -> bool:
        """Whether there is a pinned answer; ``check_questions`` says so where there is none."""
        return self.answer_path.is_file()


def read_questions(paths: Iterable[Path]) -> list[Question]:
    """Read questions; the wording is in comment lines ``# en: …``, ``# ar: …``, ``# fr: …``."""
    texts = ((path, path.read_text(encoding="utf-8")) for path in paths)
    return [
        Question(p, text, {m["language"]: m["text"].strip() for m in HEADING.finditer(text)})
        for p, text in texts
    ]


def check_questions(questions: Iterable[Question], store: Store) -> Iterator[Fault]:
    """Yield a fault for each question that is not fully worded, fails, or is no longer answered as pinned."""
    for question in questions:
        missing = [language for language in LANGUAGES if language not in question.wording]
        if missing:
            yield Fault(
                question.path, 1, f"the question is not worded in {', '.join(missing)} (`# {missing[0]}: …`)"
            )
        try:
            found = answer(question, store)
        except SyntaxError as error:
            where = POSITION.search(str(error))
            yield Fault(question.path, int(where["line"]) if where else 1, f"syntax error: {error.msg}")
            continue
        yield from compare(question, found)


def compare(question: Question, found: str) -> Iterator[Fault]:
    """Yield a fault at the first row where the answer found is not the pinned one."""
    if not question.is_pinned:
        yield Fault(
            question.path, 1, "the question has no pinned answer; `legation questions --write` pins it"
        )
        return
    pinned = question.answer_path.read_text(encoding="utf-8")
    if found == pinned:
        return
    rows = zip_longest(pinned.splitlines(), found.splitlines())
    line, have, want = next((n, f, p) for n, (p, f) in enumerate([*rows, (None, "")], 1) if p != f)
    message = f"the answer changed: pinned {want!r}, found {have!r}"
    yield Fault(
        question.answer_path, line, f"{message}; if it should have, `legation questions --write` pins it"
    )


def pin(questions: Iterable[Question], store: Store) -> list[Path]:
    """Write the answer found to each question beside it; return the files that changed."""
    changed = []
    for question in questions:
        found = answer(question, store)
        if not question.is_pinned or question.answer_path.read_text(encoding="utf-8") != found:
            question.answer_path.write_text(found, encoding="utf-8", newline="\n")
            changed.append(question.answer_path)
    return changed


def answer(question: Question, store: Store) -> str:
    """Return the answer to a SELECT question over all graphs, as CSV with plain line ends."""
    result = store.query(question.query, use_default_graph_as_union=True)
    if not isinstance(result, QuerySolutions):
        raise SyntaxError("a question must be a SELECT query")
    text = result.serialize(format=QueryResultsFormat.CSV)
    return (text or b"").decode("utf-8").replace("\r\n", "\n")


def describe_questions(questions: Iterable[Question], base: str) -> Iterator[Triple]:
    """Yield the questions as example queries (SHACL's executable SPARQL), named ``base#<name>``."""
    for question in questions:
        this = NamedNode(f"{base}#{question.name}")
        kind = NamedNode(f"{PREFIXES['rdf']}type")
        yield Triple(this, kind, NamedNode(f"{SH}SPARQLExecutable"))
        yield Triple(this, kind, NamedNode(f"{SH}SPARQLSelectExecutable"))
        yield Triple(this, NamedNode(f"{SH}select"), Literal(question.query))
        for language, text in question.wording.items():
            yield Triple(this, NamedNode(f"{PREFIXES['rdfs']}label"), Literal(text, language=language))
