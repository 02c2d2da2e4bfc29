"""Federated queries (SPARQL 1.1 Federated Query), for hosts that the operator has listed.

The engine never sees a SERVICE. The server asks the endpoint for the clause's group as a query of its own
and puts the solutions in the clause's place as VALUES: a group is evaluated by itself and joined afterwards
(§4), so the answer is the same. Where the clause stands in the outermost group, the solutions of what stands
before it are sent along (§2.4), so that only what can join is fetched. What is run in the end passes the gate
like any other query, and so does each query that is sent.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from pyoxigraph import (
    BlankNode,
    Literal,
    NamedNode,
    QueryResultsFormat,
    QuerySolution,
    QuerySolutions,
    Triple,
    Variable,
    parse_query_results,
)

from legation.namespaces import BASE
from legation.serve.query import gate, outbound
from legation.serve.query.clauses import FederatedCall, federated_calls, frame_of
from legation.serve.settings import CALLING
from legation.serve.web.refusals import NotQueryError, OutOfTimeError, QueueFullError, ServiceFailedError

CALLS: Final = 4
"""SERVICE clauses of one query."""

ROWS: Final = 10_000
"""Solutions that one clause may bring."""

SENT: Final = 500
"""Solutions that are sent along with one clause; where there are more, none is."""

AMBIGUOUS: Final = re.compile(r"\\\\([uU])|\\.", re.DOTALL)
"""An escaped backslash before a ``u``, which SPARQL 1.1 §19.2 may take for a codepoint; any escape."""

Ask = Callable[[str], bytes]
"""Runs a SELECT query on the release, under every limit, and returns SPARQL 1.1 Query Results JSON."""


class Federation:
    """The hosts that SERVICE may reach, and the means to reach them."""

    def __init__(self, entries: Iterable[str], agent: str) -> None:
        """Read the operator's list (``outbound.HostError`` where an entry cannot stand); name ourselves."""
        self._hosts = tuple(outbound.Host.parse(entry) for entry in entries)
        self._agent = agent
        self._turns = threading.BoundedSemaphore(CALLING)
        self._resolver = outbound.Resolver(CALLING)

    def __bool__(self) -> bool:
        """Tell whether any host is listed."""
        return bool(self._hosts)

    @property
    def names(self) -> tuple[str, ...]:
        """The listed names, as a client may know them; addresses are the operator's own business."""
        return tuple(host.name for host in self._hosts if host.address is None)

    def resolved(self, query: str, ask: Ask, deadline: float) -> str:
        """Return ``query`` with the solutions of its SERVICE clauses in their places.

        Nothing is connected to before every clause and the rest of the query are known to be allowed. Raises
        ``gate.ForbiddenError`` where one is not, ``ServiceFailedError`` where an endpoint fails (``SILENT``
        makes that the empty solution instead), ``QueueFullError`` where too many wait already,
        ``OutOfTimeError`` where nothing is left of the query's time.
        """
        calls = federated_calls(query)
        self._admit(query, calls)
        if not calls:
            return query
        if not self._turns.acquire(blocking=False):
            raise QueueFullError
        try:
            while calls:
                call = calls[0]
                block = self._answer(query, call, ask, deadline)
                lines = "\n" * query.count("\n", call.start, call.end)
                query = query[: call.start] + block + lines + query[call.end :]
                calls = federated_calls(query)
        finally:
            self._turns.release()
        gate.check(query)
        if time.monotonic() >= deadline:
            raise OutOfTimeError
        return query

    def close(self) -> None:
        """Begin nothing more."""
        self._resolver.close()

    def _admit(self, query: str, calls: Sequence[FederatedCall]) -> None:
        """Raise ``gate.ForbiddenError`` unless every call is allowed and nothing else may be one."""
        left, end = "", 0
        for number, call in enumerate(calls):
            if number >= CALLS or not self._is_listed(call.endpoint):
                raise gate.ForbiddenError("host", gate.Position.at(query, call.start))
            gate.check(_remote_query(query, call, ""))
            left, end = f"{left}{query[end : call.start]}{{}}", call.end
        gate.check(left + query[end:])

    def _is_listed(self, endpoint: str) -> bool:
        try:
            outbound.locate(endpoint, self._hosts)
        except outbound.NotListedError:
            return False
        return True

    def _answer(self, query: str, call: FederatedCall, ask: Ask, deadline: float) -> str:
        """Return what stands in the place of ``call``: its solutions, or the empty one."""
        constraint = _constraint(query, call, ask)
        try:
            endpoint = outbound.locate(call.endpoint, self._hosts)
            addresses = self._resolver.addresses(endpoint.host, deadline)
            remote = _remote_query(query, call, constraint)
            body = outbound.ask(endpoint, addresses, remote, self._agent, deadline)
            solutions = _solutions(body)
        except outbound.UnreachedError as error:
            if call.silent and time.monotonic() < deadline:
                return "{}"
            raise ServiceFailedError(f"{call.endpoint}: {error}") from None
        return _values_of(call, solutions)


def _remote_query(query: str, call: FederatedCall, constraint: str) -> str:
    """Return the query that asks an endpoint for the group of ``call``, read as it is read here."""
    pattern = f"{{ {constraint} {call.group} }}" if constraint else call.group
    return f"BASE <{BASE}>\n{frame_of(query).prologue}\nSELECT * {pattern}"


@dataclass(frozen=True)
class Solutions:
    """The variables of a SELECT query and its solutions, up to one more than ``ROWS``."""

    variables: Sequence[Variable]
    rows: Sequence[QuerySolution]


def _solutions(body: bytes) -> Solutions:
    try:
        results = parse_query_results(body, QueryResultsFormat.JSON)
        if not isinstance(results, QuerySolutions):
            raise outbound.UnreachedError("it answered true or false to a SELECT query")
        return Solutions(results.variables, list(islice(results, ROWS + 1)))
    except (SyntaxError, ValueError) as error:
        raise outbound.UnreachedError(f"its answer cannot be read ({error})") from None


def _values_of(call: FederatedCall, found: Solutions) -> str:
    """Return the solutions of ``call`` as VALUES; ``ServiceFailedError`` for what cannot stand there."""
    known = _variables(call.group, call.before or "")
    if strangers := {variable.value for variable in found.variables} - known:
        raise ServiceFailedError(
            f"{call.endpoint}: it answered with ?{min(strangers)}, which was not asked for"
        )
    if len(found.rows) > ROWS:
        raise ServiceFailedError(
            f"{call.endpoint}: it has more than {ROWS} solutions for this clause; ask it for less, or bind "
            "its variables before the clause, in the outermost group"
        )
    rows = [[_spelled(call, row[variable]) for variable in found.variables] for row in found.rows]
    return _values(found.variables, rows)


def _constraint(query: str, call: FederatedCall, ask: Ask) -> str:
    """Return VALUES for the variables that ``call`` shares with what stands before it, or nothing.

    Only variables that are bound in every solution: an unbound one joins with anything.
    """
    shared = sorted(_variables(call.group) & _variables(call.before or ""))
    if call.before is None or not shared:
        return ""
    frame = frame_of(query)
    names = " ".join(f"?{name}" for name in shared)
    before = (
        f"{frame.prologue} SELECT DISTINCT {names} {frame.dataset} WHERE {{ {call.before} }} LIMIT {SENT + 1}"
    )
    gate.check(before)
    try:
        rows = _solutions(ask(before)).rows
    except NotQueryError:
        return ""
    if len(rows) > SENT:
        return ""
    bound = [name for name in shared if all(isinstance(row[name], NamedNode | Literal) for row in rows)]
    found = dict.fromkeys(tuple(_literally(row[name]) for name in bound) for row in rows)
    return _values([Variable(name) for name in bound], found) if bound else ""


def _variables(*texts: str) -> set[str]:
    found = (token for text in texts for token in gate.tokens(text))
    return {token.text[1:] for token in found if token.kind == "variable"}


def _values(variables: Sequence[Variable], rows: Iterable[Sequence[str]]) -> str:
    listed = " ".join(f"({' '.join(row)})" for row in rows)
    return f"VALUES ({' '.join(str(variable) for variable in variables)}) {{ {listed} }}"


def _spelled(call: FederatedCall, term: NamedNode | BlankNode | Literal | Triple | None) -> str:
    if isinstance(term, BlankNode) or (isinstance(term, Triple) and any(_blank_nodes(term))):
        raise ServiceFailedError(
            f"{call.endpoint}: a solution holds a blank node, which means nothing here; "
            "ask for IRIs and values"
        )
    return "UNDEF" if term is None else _literally(term)


def _literally(term: NamedNode | BlankNode | Literal | Triple | None) -> str:
    """Return a term as SPARQL reads it, whichever way codepoint escapes are read."""
    if isinstance(term, Triple):
        return f"<<( {_literally(term.subject)} {_literally(term.predicate)} {_literally(term.object)} )>>"
    return AMBIGUOUS.sub(lambda found: f"\\\\\\u{ord(found[1]):04X}" if found[1] else found[0], str(term))


def _blank_nodes(triple: Triple) -> Iterator[BlankNode]:
    for term in (triple.subject, triple.object):
        if isinstance(term, BlankNode):
            yield term
        elif isinstance(term, Triple):
            yield from _blank_nodes(term)
