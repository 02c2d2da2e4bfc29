"""The text of a query as another endpoint has to get it, so that its answer is the one given here.

All of it works on the tokens of a query that our own parser has read already, and changes only what says
which values or which dataset is meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from pyoxigraph import Literal, NamedNode

from legation.held import NOTHING, UNION, Place
from legation.namespaces import BASE, GRAPH
from legation.serve.query.clauses import frame_of
from legation.serve.query.gate import FORMS, Token, tokens

MODIFIERS: Final = frozenset({"GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "VALUES"})
NAMES: Final = frozenset({"iri", "pname"})
BODY: Final = frozenset({"WHERE", "FROM"})


@dataclass(frozen=True)
class Edit:
    """What stands in the place of a part of a text."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Dataset:
    """The graphs that a query asks (SPARQL 1.1 §13.2): none at all stands for all of the release."""

    default: Sequence[str] = ()
    named: Sequence[str] = ()

    def __bool__(self) -> bool:
        """Tell whether a dataset is named."""
        return bool(self.default or self.named)

    @property
    def clauses(self) -> str:
        """The clauses that name it; a part that is empty is said to be, for not all endpoints take it so."""
        default = [f"FROM <{iri}>" for iri in self.default or [NOTHING.value]]
        return " ".join([*default, *(f"FROM NAMED <{iri}>" for iri in self.named or [NOTHING.value])])


def with_values(query: str, values: Mapping[str, NamedNode | Literal]) -> str:
    """Return a SELECT query of ours with ``values`` put in for its variables, in every group of it.

    Those that are selected stay so, as they do where the embedded engine puts values in.
    """
    found = list(tokens(query))
    start = next(at for at, token in enumerate(found) if token.keyword == "SELECT")
    body = next(at for at in range(start, len(found)) if found[at].text == "{")
    edits = []
    for at, token in enumerate(found):
        value = values.get(token.text[1:]) if token.kind == "variable" else None
        if value is not None:
            selected = start < at < body
            text = f"({value} AS {token.text})" if selected else str(value)
            edits.append(Edit(token.start, token.start + len(token.text), text))
    return edited(query, edits)


def listed(query: str, name: str, terms: Sequence[NamedNode | Literal], limit: int = 0) -> str:
    """Return a query of ours for those solutions in which the variable ``name`` has one of ``terms``.

    At most ``limit`` of them, where it is given: VALUES are joined before solutions are counted (§18.2.4.3).
    """
    counted = f" LIMIT {limit}" if limit else ""
    return f"{query}{counted} VALUES ?{name} {{ {' '.join(map(str, terms))} }}"


def addressed(query: str, dataset: Dataset, place: Place, graphs: Iterable[str] = ()) -> str:
    """Return a query so that it asks ``dataset`` (as the protocol names it), or else what it names itself.

    A query that names nothing asks all of the release, however the endpoint holds it; ``graphs`` are then its
    named graphs.
    """
    found = list(tokens(query))
    own = list(_own_dataset(found))
    at = _after_form(query, found)
    if dataset:
        edits = [*own, Edit(at, at, f"\n{dataset.clauses}\n")]
    elif own:
        named = [edit for edit in own if "NAMED" in query[edit.start : edit.end].upper().split("<")[0]]
        missing = [] if named else [f"FROM NAMED {NOTHING}"]
        missing += [f"FROM {NOTHING}"] if len(named) == len(own) else []
        edits = [Edit(own[-1].end, own[-1].end, f" {' '.join(missing)} ")] if missing else []
    elif place is Place.NAMED:
        edits = [Edit(at, at, f"\nFROM {UNION}\n"), *_named_graphs(found, at, graphs)]
    else:
        edits = []
    return f"BASE <{BASE}> {edited(query, edits)}"


def spelled_out(query: str, variables: Sequence[str]) -> str:
    """Return a query whose ``SELECT *`` names its variables: endpoints have them in orders of their own."""
    found = list(tokens(query))
    start = next((at for at, token in enumerate(found) if token.keyword == "SELECT"), len(found))
    star = next((token for token in found[start + 1 : start + 3] if token.text == "*"), None)
    if star is None or not variables or found[start] is not _form(found):
        return query
    names = " ".join(f"?{name}" for name in variables)
    return edited(query, [Edit(star.start, star.start + 1, f" {names} ")])


def resources_of(query: str) -> str:
    """Return the SELECT query for the things that a DESCRIBE query describes (§16.4)."""
    found = list(tokens(query))
    start = next(at for at, token in enumerate(found) if token.keyword == "DESCRIBE")
    end = next((at for at in range(start + 1, len(found)) if _ends_list(found[at])), len(found))
    terms = [token.text for token in found[start + 1 : end]]
    if "*" in terms:
        wanted = "*"
    else:
        things = [term for term in terms if not term.startswith(("?", "$"))]
        named = [f"({thing} AS ?legation{number})" for number, thing in enumerate(things)]
        wanted = " ".join([*(term for term in terms if term.startswith(("?", "$"))), *named])
    rest = found[end:]
    group = "" if any(token.text == "{" for token in rest) else "WHERE {}"
    at = next((token.start for token in rest if token.keyword in MODIFIERS), len(query)) if group else 0
    said = query[rest[0].start :] if rest else ""
    split = max(0, at - rest[0].start) if rest else 0
    selected = f"{query[: found[start].start]}SELECT DISTINCT {wanted}"
    return f"{selected} {said[:split]}\n{group} {said[split:]}"


def saying(query: str) -> str:
    """Return the SELECT query for everything said in the dataset that ``query`` names."""
    frame = frame_of(query)
    return f"{frame.prologue} SELECT ?s ?p ?o {frame.dataset} WHERE {{ ?s ?p ?o }}"


def edited(text: str, edits: Sequence[Edit]) -> str:
    """Return ``text`` with ``edits`` made."""
    for edit in sorted(edits, key=lambda one: (one.start, one.end), reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def _form(found: Sequence[Token]) -> Token | None:
    return next((token for token in found if token.keyword in FORMS), None)


def _ends_list(token: Token) -> bool:
    return token.text == "{" or token.keyword in BODY or token.keyword in MODIFIERS


def _own_dataset(found: Sequence[Token]) -> Iterator[Edit]:
    """Yield the dataset clauses of a query, each with nothing in its place."""
    for at, token in enumerate(found):
        if token.keyword == "FROM":
            last = found[at + (2 if found[at + 1].keyword == "NAMED" else 1)]
            yield Edit(token.start, last.start + len(last.text), " ")


def _after_form(query: str, found: Sequence[Token]) -> int:
    """Return where dataset clauses stand in a query: after its form, before its pattern."""
    start = next((at for at, token in enumerate(found) if token.keyword in FORMS), len(found))
    depth = 0
    skipping = found[start + 1].text == "{" if found[start].keyword == "CONSTRUCT" else False
    for at in range(start + 1, len(found)):
        token = found[at]
        if depth == 0 and not skipping and _ends_list(token):
            return token.start
        depth += (token.text in "({") - (token.text in ")}")
        if skipping and token.text == "}" and depth == 0:
            return token.start + 1
    return len(query)


def _named_graphs(found: Sequence[Token], at: int, graphs: Iterable[str]) -> Iterator[Edit]:
    """Yield what makes ``GRAPH`` mean the named graphs of the release, beside a ``FROM`` at the place ``at``.

    Virtuoso finds a graph that the query names only where ``FROM NAMED`` does, too, and then no other; for a
    variable it tries every graph it has where there is no ``FROM NAMED``.
    """
    constant = [
        name.text for token, name in pairwise(found) if token.keyword == "GRAPH" and name.kind in NAMES
    ]
    filters = list(_graphs_of_ours(found))
    if filters and constant:
        constant, filters = [f"<{iri}>" for iri in graphs], []
    clauses = "".join(f"FROM NAMED {name}\n" for name in dict.fromkeys(constant))
    yield from [Edit(at, at, clauses), *filters]


def _graphs_of_ours(found: Sequence[Token]) -> Iterator[Edit]:
    """Yield a filter after each ``GRAPH ?variable { … }``: only named graphs of the release are meant."""
    closing = dict(_pairs(found))
    for at, (token, name) in enumerate(pairwise(found)):
        if token.keyword == "GRAPH" and name.kind == "variable" and (last := closing.get(at + 2)) is not None:
            end = found[last].start + 1
            yield Edit(end, end, f' FILTER(STRSTARTS(STR({name.text}), "{GRAPH}")) ')


def _pairs(found: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """Yield the indices of each opening brace and of the one that closes it."""
    opened: list[int] = []
    for at, token in enumerate(found):
        if token.text == "{":
            opened.append(at)
        elif token.text == "}" and opened:
            yield opened.pop(), at
