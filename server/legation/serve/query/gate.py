r"""What a stranger's query may not contain, decided on its text before any engine sees it.

Oxigraph's parser works without a tokenizer: ``SERVICEex:a {…}`` is a federated call to it although the
standard reads a prefixed name there, and ``<`` is an operator or opens an IRI depending on the place. So the
gate asks for more than the standard would: wherever the letters of SERVICE could be read as the keyword by
either, the query is refused. The escapes ``\uXXXX`` are looked through as SPARQL 1.1 §19.2 reads them
(everywhere) and as SPARQL 1.2 and the engine do (in IRIs and strings only): what is a call in either reading
is refused.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, NamedTuple

FORMS: Final = frozenset({"SELECT", "ASK", "CONSTRUCT", "DESCRIBE"})
UPDATES: Final = frozenset(
    {"INSERT", "DELETE", "LOAD", "CLEAR", "DROP", "CREATE", "ADD", "MOVE", "COPY", "WITH"}
)
CHANGING: Final = re.compile(r"(?:NOW|RAND|UUID|STRUUID|BNODE)[\s(#]", re.IGNORECASE)
"""Functions that give another answer each time, so that an answer has no lasting validator.

A template that makes blank nodes does so, too."""

_NAME: Final = (
    r"A-Za-z\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u02FF\u0370-\u037D\u037F-\u1FFF\u200C\u200D"
    r"\u2070-\u218F\u2C00-\u2FEF\u3001-\uD7FF\uF900-\uFDCF\uFDF0-\uFFFD\U00010000-\U000EFFFF"
)
_MORE: Final = rf"{_NAME}_0-9\u00B7\u0300-\u036F\u203F\u2040"
_ESCAPE: Final = r"%[0-9A-Fa-f]{2}|\\[_~.\-!$&'()*+,;=/?#@%]"
_LOCAL: Final = rf"(?:(?:[{_MORE}:]|{_ESCAPE})(?:[{_MORE}:\-]|\.++(?=[{_MORE}:\-%\\])|{_ESCAPE})*+)?+"

_TOKENS: Final = "|".join(
    (
        r"(?P<space>[ \t\r\n]+|#[^\r\n]*)",
        r'(?P<string>"""(?:"{0,2}+(?:[^"\\]|\\.))*+"""|'
        r"'''(?:'{0,2}+(?:[^'\\]|\\.))*+'''|"
        r'"(?:[^"\\\r\n]|\\.)*+"|'
        r"'(?:[^'\\\r\n]|\\.)*+')",
        r'(?P<open>"""(?:"{0,2}+(?:[^"\\]|\\.))*+|'
        r"'''(?:'{0,2}+(?:[^'\\]|\\.))*+|"
        r'"(?:[^"\\\r\n]|\\.)*+|'
        r"'(?:[^'\\\r\n]|\\.)*+)",
        r'(?P<iri><[^<>"{}|^`\x00-\x20]*>)',
        rf"(?P<variable>[?$][{_MORE}]++)",
        r"(?P<tag>@[A-Za-z]+(?:-[A-Za-z0-9]+)*)",
        rf"(?P<blank>_:[{_MORE}](?:[{_MORE}\-]|\.++(?=[{_MORE}\-]))*+)",
        rf"(?P<pname>(?:[{_NAME}][{_MORE}.\-]*+)?:{_LOCAL})",
        r"(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)",
        rf"(?P<word>[{_NAME}_][{_MORE}.\-]*+)",
        r"(?P<mark><+(?=<)|[.\\,;=|&!+*/^\[\]>~`%\-]++|.)",
    )
)
_CODEPOINT: Final = re.compile(r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})")
_SERVICE: Final = re.compile("service", re.IGNORECASE)
_FIRST: Final = FORMS | UPDATES
_OPERANDS: Final = frozenset({"string", "variable", "pname", "number", "word", "iri", "tag"})


class Token(NamedTuple):
    """One token: its kind, its text and its offset in the query."""

    kind: str
    text: str
    start: int

    @property
    def keyword(self) -> str:
        """The keyword this token is, in capitals; empty where it is something else."""
        return self.text.upper() if self.kind == "word" else ""


@dataclass(frozen=True)
class Position:
    """A place in a query: line and column, both from 1, in code points."""

    line: int
    column: int

    @classmethod
    def at(cls, text: str, offset: int) -> Position:
        """Return the position of ``offset``."""
        before = text[:offset]
        return cls(before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1)


class ForbiddenError(Exception):
    """A query that asks for what this endpoint never does."""

    def __init__(self, what: str, position: Position) -> None:
        """Name ``what`` is refused: ``service`` or ``update``."""
        super().__init__(what)
        self.what = what
        self.position = position


@dataclass(frozen=True)
class Checked:
    """A query that passed: its form (empty where there is none), and whether its answer lasts."""

    form: str
    lasting: bool


@cache
def _token() -> re.Pattern[str]:
    """Return what a token is, worked out with the first query: that takes a tenth of what a start does."""
    return re.compile(_TOKENS, re.DOTALL)


def tokens(query: str) -> Iterator[Token]:
    """Yield the tokens of ``query``, without white space and comments."""
    for match in _token().finditer(query):
        kind = match.lastgroup or "mark"
        if kind != "space":
            yield Token(kind, match.group(), match.start())


def decode_escapes(query: str) -> str:
    """Return ``query`` with every codepoint escape replaced once, as SPARQL 1.1 §19.2 says."""

    def decoded(match: re.Match[str]) -> str:
        number = int(match[1] or match[2], 16)
        return chr(number) if number <= sys.maxunicode else match[0]

    return _CODEPOINT.sub(decoded, query)


def check(query: str) -> Checked:
    """Return what kind of query this is; raise ``ForbiddenError`` for an update or a federated call."""
    form = next((token for token in tokens(query) if token.keyword in _FIRST), None)
    if form is not None and form.keyword in UPDATES:
        raise ForbiddenError("update", Position.at(query, form.start))
    for reading in (query, decode_escapes(query)):
        if _SERVICE.search(reading) is not None:
            _refuse_service(reading)
    keyword = form.keyword if form is not None else ""
    fresh_nodes = keyword == "CONSTRUCT" and ("[" in query or "_:" in query)
    return Checked(keyword, lasting=not fresh_nodes and CHANGING.search(query) is None)


def _refuse_service(text: str) -> None:
    offset = next(_calls(list(tokens(text))), None)
    if offset is not None:
        raise ForbiddenError("service", Position.at(text, offset))


def _calls(found: Sequence[Token]) -> Iterator[int]:
    """Yield the offsets where a federated call stands or could be read."""
    depth = 0
    last = Token("mark", "", 0)
    for index, token in enumerate(found):
        following = found[index + 1].text if index + 1 < len(found) else ""
        if token.kind == "open" or (token.kind == "word" and _SERVICE.search(token.text)):
            yield token.start
        elif token.kind == "pname" and following == "{" and last.keyword != "GRAPH":
            if _SERVICE.search(token.text.partition(":")[0]):
                yield token.start
        elif token.kind == "iri" and _may_be_operator(token, last, depth):
            yield token.start
        elif token.kind == "mark":
            depth += (token.text == "(") - (token.text == ")")
        last = token


def _may_be_operator(token: Token, last: Token, depth: int) -> bool:
    """Tell whether ``<…>`` could be a comparison here whose right side changes how the rest is read."""
    after_operand = last.kind in _OPERANDS or last.text == ")"
    if not (after_operand and depth > 0) and not last.text.endswith("<"):
        return False
    return any(mark in token.text for mark in "#')(")
