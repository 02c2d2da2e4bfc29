"""Point queries: so small, by what the index holds, that they are answered at once and not by a worker.

Such a query is a SELECT or an ASK over one group of triple patterns: some name what they are about, an IRI as
subject or object, and the others lead on from these by properties. The engine starts with the first kind and
joins only what is connected, so it looks at no more than the product of this: for each pattern that names
something the number of its matches, which are counted; for each other one its property's fan-out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from math import prod
from typing import Final

from pyoxigraph import DefaultGraph, NamedNode, QueryBoolean, QueryTriples, Store

from legation.namespaces import PREFIXES
from legation.serve.fanout import FanOut, FanOuts
from legation.serve.query.gate import Token, tokens
from legation.serve.query.versions import NEWEST, Signs
from legation.serve.query.workers import Answer
from legation.serve.web.formats import RESULT_FORMATS

MOST_MATCHES: Final = 1000
"""Ways to combine the matches of all patterns: no more than a few milliseconds go into them."""

FEW: Final = 10
"""Matches by fan-out up to which those of a pattern are not counted: that costs as much as a few of them."""

LONGEST: Final = 2048
"""Characters of a query that is looked at."""

REMEMBERED: Final = 1024
"""Shapes of queries that are remembered."""

RDF_TYPE: Final = NamedNode(PREFIXES["rdf"] + "type")
NONE: Final = FanOut(0, 0)
"""That of a property which no statement has."""

_IRI: Final = re.compile(r"<([A-Za-z][A-Za-z0-9+.-]*:[^<>\"'{}|\\^`\x00-\x20]*)>")
_BOUND: Final = re.compile(r"\b(LIMIT|OFFSET)\s+[0-9]+", re.IGNORECASE)
_PLAIN: Final = frozenset({"variable", "iri", "pname", "string", "number", "tag"})
_PAUSES: Final = frozenset({".", ";", ","})
_CONDITIONS: Final = frozenset({"LANG", "LANGMATCHES", "STR", "BOUND"})
_OPERATORS: Final = frozenset({"=", "!=", "&&", "||", "!", ",", "(", ")"})
_SERVICE: Final = "service"


class NotPointError(Exception):
    """The query is none that is answered at once."""


@dataclass(frozen=True)
class Name:
    """An IRI of a query: the one with this number in the text, with ``local`` after it."""

    number: int
    local: str = ""

    def node(self, iris: Iris) -> NamedNode:
        """Return the IRI, where ``iris`` are those of the text by their numbers."""
        return NamedNode(iris[self.number] + self.local)


Iris = Sequence[str] | Mapping[int, str]
"""The IRIs of a text by their numbers, from 0: all of them, or those that matter."""

Part = Name | NamedNode | str | None
"""A place of a pattern: an IRI of the text, one known by itself, a variable, or a literal (``None``)."""

Pattern = tuple[Part, Part, Part]


@dataclass(frozen=True)
class Step:
    """A pattern, and the ways in which a join can come to it."""

    pattern: Pattern
    named: bool
    """Whether it names its subject or its object."""
    ways: tuple[int, ...]
    """0: from its subject to its objects, 1: the other way; the places of both in a ``FanOut``."""


@dataclass(frozen=True)
class Shape:
    """What queries that differ in their IRIs, and in the numbers of LIMIT and OFFSET, have in common."""

    steps: tuple[Step, ...]
    """None where they are no point queries."""
    iris: int = 0
    """How many IRIs they have."""
    telling: tuple[int, ...] = ()
    """The numbers of those that properties are named by, which decide on the fan-outs."""


@dataclass(frozen=True)
class Bound:
    """How many ways there are to combine the matches of all patterns: a product."""

    known: int
    """The part of it that the fan-outs tell."""
    counted: tuple[Pattern, ...]
    """The patterns whose matches have to be counted for the rest."""


class Points:
    """Tells the point queries over the default graph of one index from others."""

    def __init__(self, store: Store, fanouts: FanOuts) -> None:
        """Take the index, and the fan-outs of its properties."""
        self._store = store
        self._fanouts = fanouts
        self._bound = lru_cache(REMEMBERED)(self._bound_of)

    def has(self, query: str) -> bool:
        """Tell whether ``query`` is a point query."""
        if len(query) > LONGEST or "\\" in query or _SERVICE in query.casefold():
            return False
        pieces = _IRI.split(query)
        iris = pieces[1::2]
        group, end, tail = "<>".join(pieces[::2]).rpartition("}")
        text = group + end + _BOUND.sub(r"\1 0", tail)
        shape = _shape(text)
        if not shape.steps or shape.iris != len(iris):  # a relative IRI is not cut out
            return False
        bound = self._bound(text, *[iris[number] for number in shape.telling])
        left = MOST_MATCHES // bound.known
        for pattern in bound.counted:
            left //= max(1, _matches(self._store, pattern, iris, left))
        return left > 0

    def _bound_of(self, text: str, *told: str) -> Bound:
        """Return what is known of all queries with a shape that name their properties by these IRIs."""
        shape = _shape(text)
        iris = dict(zip(shape.telling, told, strict=True))
        adding = [(step, _fanout(self._fanouts, step, iris)) for step in shape.steps]
        counted = tuple(step.pattern for step, most in adding if step.named and most > FEW)
        return Bound(prod(most or 1 for step, most in adding if not (step.named and most > FEW)), counted)


def answer(query: str, name: str, store: Store) -> Answer | None:
    """Return the answer to a point query in the format ``name``, ``None`` where it fails."""
    try:
        results = store.query(query)
        if isinstance(results, QueryTriples):
            return None
        body = results.serialize(format=RESULT_FORMATS[name]) or b""
    except (SyntaxError, ValueError):
        return None
    signs = Signs(name)
    signs.add(body)
    kind = "boolean" if isinstance(results, QueryBoolean) else "bindings"
    return Answer(kind, len(body), body, None, NEWEST if signs.found else "")


def _matches(store: Store, pattern: Pattern, iris: Iris, most: int) -> int:
    """Return how many statements match a pattern, and no more than one above ``most``."""
    subject, predicate, obj = (part.node(iris) if isinstance(part, Name) else part for part in pattern)
    found = store.quads_for_pattern(
        subject if isinstance(subject, NamedNode) else None,
        predicate if isinstance(predicate, NamedNode) else None,
        obj if isinstance(obj, NamedNode) else None,
        DefaultGraph(),
    )
    return sum(1 for _ in islice(found, most + 1))


def _fanout(fanouts: FanOuts, step: Step, iris: Iris) -> int:
    """Return how many matches one step adds at most to each of those before it."""
    predicate = step.pattern[1]
    if isinstance(predicate, str):
        return MOST_MATCHES + 1
    name = predicate.node(iris).value if isinstance(predicate, Name) else RDF_TYPE.value
    found = fanouts.get(name, NONE)
    return max(found[way] for way in step.ways)


@lru_cache(REMEMBERED)
def _shape(text: str) -> Shape:
    """Return the shape of a query whose IRIs are cut out, and the last numbers of its LIMIT and OFFSET.

    What was cut out holds no quote, so all queries of this shape have the same tokens.
    """
    found = list(tokens(text))
    numbered = {token.start: number for number, token in enumerate(one for one in found if one.kind == "iri")}
    if len(numbered) != text.count("<>"):
        return Shape(())
    try:
        steps = tuple(_in_reach(list(_Reader(found, numbered).patterns())))
    except NotPointError:
        return Shape(())
    properties = (step.pattern[1] for step in steps)
    telling = {part.number for part in properties if isinstance(part, Name)}
    return Shape(steps, len(numbered), tuple(sorted(telling)))


def _in_reach(patterns: Sequence[Pattern]) -> Iterator[Step]:
    """Yield each pattern with the ways to it; raise ``NotPointError`` where there is none to one."""
    for number, pattern in enumerate(patterns):
        subject, predicate, obj = pattern
        if isinstance(subject, Name) or isinstance(obj, Name):
            yield Step(pattern, named=True, ways=(0 if isinstance(subject, Name) else 1,))
            continue
        bound = _bound([*patterns[:number], *patterns[number + 1 :]])
        ways = tuple(way for way, end in enumerate((subject, obj)) if end in bound)
        if isinstance(predicate, str) or not ways:
            raise NotPointError
        yield Step(pattern, named=False, ways=ways)


def _bound(patterns: Sequence[Pattern]) -> set[Part]:
    """Return the variables that patterns bind, beginning with those that name something."""
    bound: set[Part] = set()
    before = -1
    while len(bound) != before:
        before = len(bound)
        for pattern in patterns:
            ends = {pattern[0], pattern[2]}
            if any(isinstance(end, Name) for end in ends) or ends & bound:
                bound |= {part for part in pattern if isinstance(part, str)}
    return bound


class _Reader:
    """Reads the tokens of a query from the first to the last."""

    def __init__(self, found: Sequence[Token], numbered: Mapping[int, int]) -> None:
        """Take the tokens, and by their offset the numbers of those that are IRIs."""
        self._tokens = [*found, Token("end", "", -1)]
        self._numbered = numbered
        self._place = 0
        self._prefixes: dict[str, int] = {}
        self._between = 0

    def patterns(self) -> Iterator[Pattern]:
        """Yield the patterns; raise ``NotPointError`` at anything that a point query does not have."""
        self._head()
        self._mark("{")
        while self._now.text != "}":
            if self._keyword("FILTER"):
                self._condition()
            else:
                yield from self._same_subject()
        self._mark("}")
        self._tail()

    def _head(self) -> None:
        while self._keyword("PREFIX"):
            name, iri = self._next(), self._next()
            self._expect(name.kind == "pname" and name.text.endswith(":") and iri.kind == "iri")
            self._prefixes[name.text] = self._numbered[iri.start]
        if not self._keyword("ASK"):
            self._expect(self._keyword("SELECT"))
            self._keyword("DISTINCT")
            while self._now.kind == "variable" or self._now.text == "*":
                self._next()
        self._keyword("WHERE")

    def _tail(self) -> None:
        if self._keyword("ORDER"):
            self._expect(self._keyword("BY"))
            while self._now.kind == "variable":
                self._next()
        for bound in ("LIMIT", "OFFSET"):
            if self._keyword(bound):
                self._expect(self._next().kind == "number")
        self._expect(self._now.kind == "end")

    def _condition(self) -> None:
        """Read ``(…)`` after FILTER: comparisons of names' languages and texts."""
        self._expect(self._now.text == "(")
        depth = 0
        while True:
            token = self._next()
            depth += (token.text == "(") - (token.text == ")")
            simple = token.kind in ("variable", "string", "number") or token.text in _OPERATORS
            self._expect(simple or token.keyword in _CONDITIONS)
            if depth == 0:
                break
        if self._now.text == ".":
            self._next()

    def _same_subject(self) -> Iterator[Pattern]:
        subject, path = self._part(), self._path()
        while True:
            yield from self._patterns(subject, path, self._part())
            pause = self._now.text
            if pause in _PAUSES:
                self._next()
            else:
                self._expect(pause == "}" or self._now.keyword == "FILTER")
            if pause == ";":
                path = self._path()
            elif pause != ",":
                return

    def _patterns(self, subject: Part, path: Sequence[Part], obj: Part) -> Iterator[Pattern]:
        """Yield the patterns of a path, a variable of its own between each two (SPARQL 1.1 §18.2.2.4)."""
        for predicate in path[:-1]:
            self._between += 1
            yield self._pattern(subject, predicate, f"/{self._between}")
            subject = f"/{self._between}"
        yield self._pattern(subject, path[-1], obj)

    def _pattern(self, subject: Part, predicate: Part, obj: Part) -> Pattern:
        """Return a pattern, unless it looks for a literal or names a variable twice."""
        self._expect(isinstance(subject, Name) or (isinstance(subject, str) and obj is not None))
        variables = [part for part in (subject, predicate, obj) if isinstance(part, str)]
        self._expect(predicate is not None and len(variables) == len(set(variables)))
        return subject, predicate, obj

    def _path(self) -> list[Part]:
        path = [self._verb()]
        while self._now.text == "/":
            self._next()
            path.append(self._verb())
        self._expect(len(path) == 1 or not any(isinstance(part, str) for part in path))
        return path

    def _verb(self) -> Part:
        if self._now.text == "a":
            self._next()
            return RDF_TYPE
        return self._part()

    def _part(self) -> Part:
        token = self._next()
        self._expect(token.kind in _PLAIN)
        match token.kind:
            case "iri":
                return Name(self._numbered[token.start])
            case "pname":
                prefix, _, local = token.text.partition(":")
                self._expect(f"{prefix}:" in self._prefixes)
                return Name(self._prefixes[f"{prefix}:"], local)
            case "variable":
                return token.text[1:]
            case "string":
                self._after_string()
        return None

    def _after_string(self) -> None:
        if self._now.kind == "tag":
            self._next()
        elif self._now.text == "^^":
            self._next()
            self._expect(isinstance(self._part(), Name))

    @property
    def _now(self) -> Token:
        return self._tokens[self._place]

    def _next(self) -> Token:
        self._place += 1
        self._expect(self._place < len(self._tokens))
        return self._tokens[self._place - 1]

    def _keyword(self, word: str) -> bool:
        """Pass over the keyword, and tell whether it was there."""
        found = self._now.keyword == word
        self._place += found
        return found

    def _mark(self, mark: str) -> None:
        self._expect(self._next().text == mark)

    def _expect(self, what: bool) -> None:
        if not what:
            raise NotPointError
