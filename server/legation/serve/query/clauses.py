"""Where the SERVICE clauses of a query stand, read off the gate's tokens.

Nothing here decides what is allowed: what a clause is replaced by, and what is left of the query without it,
both pass the gate again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from legation.serve.query.gate import FORMS, ForbiddenError, Position, Token, tokens


@dataclass(frozen=True)
class FederatedCall:
    """A SERVICE clause that every reader reads alike: a constant endpoint and a group."""

    start: int
    end: int
    silent: bool
    endpoint: str
    """The IRI as the query's prefixes and base make it; relative where it was."""

    group: str
    """The text of the group, braces included."""

    before: str | None
    """What stands before the clause in the query's outermost group, less its filters.

    Absent where the clause stands elsewhere: the solutions it joins with are then not known from the text.
    """


@dataclass(frozen=True)
class Frame:
    """What a query says around its pattern, as text: the prologue, and the clauses that name its dataset."""

    prologue: str
    dataset: str


def frame_of(query: str) -> Frame:
    """Return the prologue and the dataset clauses of ``query``."""
    found = list(tokens(query))
    first = next((index for index, token in enumerate(found) if token.keyword in FORMS), len(found))
    prologue = query[: found[first].start] if first < len(found) else query
    clauses: list[str] = []
    for index in range(first, len(found)):
        if found[index].keyword == "FROM":
            named = [token.keyword for token in found[index + 1 : index + 2]] == ["NAMED"]
            clauses += [token.text for token in found[index : index + (3 if named else 2)]]
    return Frame(prologue, " ".join(clauses))


def federated_calls(query: str) -> list[FederatedCall]:
    """Return the outermost SERVICE clauses of ``query``, in order.

    Raises ``ForbiddenError`` for one that is not the keyword, ``SILENT`` or not, a constant endpoint and a
    group. What else could be read as a call is for ``check`` to refuse, in what is left without these.
    """
    if "service" not in query.lower():
        return []
    return list(_Clauses(query, list(tokens(query))).calls())


class _Clauses:
    """Reads SERVICE clauses off the tokens of a query."""

    def __init__(self, query: str, found: Sequence[Token]) -> None:
        self._query = query
        self._found = found
        self._closing = dict(_pairs(found))

    def calls(self) -> Iterator[FederatedCall]:
        index = 0
        while index < len(self._found):
            if self._found[index].keyword == "SERVICE" and self._found[index].text.isascii():
                index, call = self._call(index)
                yield call
            index += 1

    def _call(self, at: int) -> tuple[int, FederatedCall]:
        """Read the clause whose keyword is token ``at``; return the index of its last token, too."""
        silent = self._token(at + 1).keyword == "SILENT"
        name, opening = at + 1 + silent, at + 2 + silent
        endpoint = self._endpoint(self._token(name))
        last = self._closing.get(opening)
        if endpoint is None or self._token(opening).text != "{" or last is None:
            raise ForbiddenError("service", Position.at(self._query, self._found[at].start))
        end = self._found[last].start + 1
        group = self._query[self._found[opening].start : end]
        return last, FederatedCall(self._found[at].start, end, silent, endpoint, group, self._before(at))

    def _token(self, index: int) -> Token:
        return self._found[index] if index < len(self._found) else Token("mark", "", 0)

    def _endpoint(self, token: Token) -> str | None:
        """Return the constant IRI that ``token`` is; one with an escape in it is none."""
        if "\\" in token.text:
            return None
        if token.kind == "iri":
            return token.text[1:-1]
        prefix, colon, local = token.text.partition(":")
        return f"{self._prefixes[prefix]}{local}" if colon and prefix in self._prefixes else None

    @cached_property
    def _prefixes(self) -> dict[str, str]:
        """The prefixes of the prologue, less those whose IRI has an escape in it."""
        found = {}
        for index, token in enumerate(self._found):
            if token.keyword in FORMS:
                break
            name, iri = self._token(index + 1), self._token(index + 2)
            if token.keyword == "PREFIX" and iri.kind == "iri" and "\\" not in iri.text:
                found[name.text.removesuffix(":")] = iri.text[1:-1]
        return found

    def _before(self, at: int) -> str | None:
        """Return the text before token ``at`` in the outermost group, less its filters."""
        around = [opening for opening, closing in self._closing.items() if opening < at < closing]
        if len(around) != 1 or self._found[around[0]].text != "{":
            return None
        start, parts, index = self._found[around[0]].start + 1, [], around[0] + 1
        while index < at:
            if self._found[index].keyword == "FILTER":
                parts += [self._query[start : self._found[index].start], " {} "]
                index = self._end_of_constraint(index)
                start = self._token(index + 1).start
            else:
                index = self._closing.get(index, index)
            index += 1
        return "".join([*parts, self._query[start : self._found[at].start]])

    def _end_of_constraint(self, at: int) -> int:
        """Return the index of the bracket that ends the filter of token ``at``."""
        opening = next((index for index in range(at + 1, len(self._found)) if index in self._closing), at)
        return self._closing.get(opening, at)


def _pairs(found: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """Yield the indexes of each bracket and of the one that closes it, the outer before the inner."""
    pairs: dict[int, int] = {}
    opened: list[int] = []
    for index, token in enumerate(found):
        if token.text in ("{", "("):
            opened.append(index)
        elif token.text in ("}", ")") and opened:
            opening = opened.pop()
            if (found[opening].text == "{") == (token.text == "}"):
                pairs[opening] = index
    yield from sorted(pairs.items())
