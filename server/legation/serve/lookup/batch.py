"""A reconciliation client's queries, read and bounded: Service API 0.2, and the draft of 1.0."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from legation.serve.lookup.catalogue import Catalogue
from legation.serve.lookup.matching import LONGEST
from legation.serve.lookup.values import Reference, Wanted

MOST_QUERIES: Final = 50
MOST_CANDIDATES: Final = 50
CANDIDATES: Final = 10
MOST_CONSTRAINTS: Final = 10


@dataclass(frozen=True)
class Constraint:
    """A property that a thing should have, with values of which any, all or none should fit."""

    property: str
    values: tuple[Wanted, ...]
    quantifier: str = "any"
    required: bool = False


@dataclass(frozen=True)
class Query:
    """One query: a name, the classes it may be of (IRIs), and constraints on properties (IRIs)."""

    text: str = ""
    types: tuple[str, ...] = ()
    strict: str = "should"
    limit: int = CANDIDATES
    constraints: tuple[Constraint, ...] = ()


class QueryError(Exception):
    """A query that is not one; the message says where and what is expected."""


def read_query(raw: object, where: str, catalogue: Catalogue) -> Query:
    """Return a query of the API's version 0.2; raise ``QueryError`` where it is none.

    A type that is not in use is nobody's; a property that is not in use is left out: nothing compares to it.
    """
    if not isinstance(raw, Mapping):
        raise QueryError(f"{where}: a query must be an object")
    unknown = set(raw) - {"query", "type", "limit", "properties", "type_strict"}
    if unknown:
        raise QueryError(f"{where}: no member of a query is called {', '.join(sorted(unknown))}")
    text, strict = raw.get("query", ""), raw.get("type_strict", "should")
    if not isinstance(text, str) or len(text) > LONGEST:
        raise QueryError(f"{where}: “query” must be a text of at most {LONGEST} characters")
    if strict not in ("any", "should", "all"):
        raise QueryError(f"{where}: “type_strict” must be any, should or all")
    properties = raw.get("properties", [])
    if not text.strip() and not properties:
        raise QueryError(f"{where}: “query” or “properties” must be given")
    return Query(
        text=text.strip(),
        types=read_types(raw.get("type", []), where, catalogue),
        strict=strict,
        limit=read_limit(raw.get("limit", CANDIDATES), where),
        constraints=read_constraints(properties, where, catalogue),
    )


def read_types(raw: object, where: str, catalogue: Catalogue) -> tuple[str, ...]:
    """Return the classes that ``type`` of a query names: one identifier or several."""
    given = [raw] if isinstance(raw, str) else raw
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise QueryError(f"{where}: “type” must be an identifier or a list of them")
    return tuple(catalogue.type_named(one) or one for one in given if one)


def read_limit(raw: object, where: str) -> int:
    """Return the number of candidates asked for, no more than are ever given."""
    if isinstance(raw, bool) or not isinstance(raw, int | float) or raw < 1:
        raise QueryError(f"{where}: “limit” must be a number from 1")
    return min(int(raw), MOST_CANDIDATES)


def read_constraints(raw: object, where: str, catalogue: Catalogue) -> tuple[Constraint, ...]:
    """Return the constraints that ``properties`` of a query states."""
    if not isinstance(raw, list) or len(raw) > MOST_CONSTRAINTS:
        raise QueryError(f"{where}: “properties” must be a list of at most {MOST_CONSTRAINTS}")
    found = []
    for number, one in enumerate(raw):
        here = f"{where}, property {number + 1}"
        if not isinstance(one, Mapping) or not isinstance(one.get("pid"), str) or "v" not in one:
            raise QueryError(f"{here}: it must be an object with “pid” and “v”")
        values = read_values(one["v"], here)
        if (name := catalogue.property_named(one["pid"])) is not None:
            found.append(Constraint(name, values))
    return tuple(found)


def read_values(raw: object, where: str) -> tuple[Wanted, ...]:
    """Return one value or several: texts, numbers, truth values, or things by identifier."""
    given = raw if isinstance(raw, list) else [raw]
    if len(given) > MOST_CONSTRAINTS:
        raise QueryError(f"{where}: at most {MOST_CONSTRAINTS} values are compared")
    return tuple(read_value(one, where) for one in given)


def read_value(raw: object, where: str) -> Wanted:
    """Return one value."""
    match raw:
        case bool() | float():
            return raw
        case int():
            return float(raw)
        case str() if len(raw) <= LONGEST:
            return raw
        case Mapping() if isinstance(raw.get("id"), str) and len(raw["id"]) <= LONGEST:
            return Reference(raw["id"])
        case _:
            raise QueryError(f"{where}: “v” must be a text, a number, true, false or an object with “id”")


def read_batch(raw: object, catalogue: Catalogue) -> dict[str, Query]:
    """Return the queries of a batch by their keys."""
    if not isinstance(raw, Mapping):
        raise QueryError("a batch must be an object that holds queries by their keys")
    return {key: read_query(query, f"query {key}", catalogue) for key, query in raw.items()}


def read_draft_batch(raw: object, catalogue: Catalogue) -> list[Query]:
    """Return the queries of a batch of the draft of version 1.0."""
    queries = raw.get("queries") if isinstance(raw, Mapping) else None
    if not isinstance(queries, list):
        raise QueryError("a batch must be an object with a list “queries”")
    return [read_draft_query(query, f"query {n}", catalogue) for n, query in enumerate(queries, start=1)]


def read_draft_query(raw: object, where: str, catalogue: Catalogue) -> Query:
    """Return a query of the draft of version 1.0: conditions on names and on properties."""
    conditions = raw.get("conditions") if isinstance(raw, Mapping) else None
    if not isinstance(raw, Mapping) or not isinstance(conditions, list) or not conditions:
        raise QueryError(f"{where}: a query must be an object with a list “conditions” that is not empty")
    if len(conditions) > MOST_CONSTRAINTS:
        raise QueryError(f"{where}: at most {MOST_CONSTRAINTS} conditions are compared")
    texts: list[str] = []
    constraints: list[Constraint] = []
    for number, condition in enumerate(conditions, start=1):
        here = f"{where}, condition {number}"
        if not isinstance(condition, Mapping) or "v" not in condition:
            raise QueryError(f"{here}: it must be an object with “matchType” and “v”")
        values = read_values(condition["v"], here)
        if condition.get("matchType") == "name":
            texts += [value for value in values if isinstance(value, str)]
        else:
            constraints += _condition(condition, values, here, catalogue)
    return Query(
        text=texts[0].strip() if texts else "",
        types=read_types(raw.get("type", []), where, catalogue),
        limit=read_limit(raw.get("limit", CANDIDATES), where),
        constraints=tuple(constraints),
    )


def _condition(
    condition: Mapping[str, object], values: tuple[Wanted, ...], where: str, catalogue: Catalogue
) -> list[Constraint]:
    pid, quantifier = condition.get("pid"), condition.get("matchQuantifier", "any")
    if condition.get("matchType") != "property" or not isinstance(pid, str):
        raise QueryError(f"{where}: “matchType” must be name, or property with a “pid”")
    if quantifier not in ("any", "all", "none"):
        raise QueryError(f"{where}: “matchQuantifier” must be any, all or none")
    name = catalogue.property_named(pid)
    return [Constraint(name, values, str(quantifier), condition.get("required") is True)] if name else []


@dataclass(frozen=True)
class Wish:
    """A property to extend data with (an IRI or one that is worked out), and what the client set for it."""

    id: str
    property: str
    limit: int = 0
    content: str = "id"


@dataclass(frozen=True)
class Extension:
    """A data extension query."""

    ids: tuple[str, ...]
    wishes: tuple[Wish, ...]


MOST_IDS: Final = 200
MOST_WISHES: Final = 30


def read_extension(raw: object, catalogue: Catalogue) -> Extension:
    """Return a data extension query; raise ``QueryError`` where it is none or asks for what there is not."""
    if not isinstance(raw, Mapping):
        raise QueryError("a data extension query must be an object with “ids” and “properties”")
    ids, properties = raw.get("ids"), raw.get("properties")
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids) or len(ids) > MOST_IDS:
        raise QueryError(f"“ids” must be a list of at most {MOST_IDS} identifiers")
    if not isinstance(properties, list) or len(properties) > MOST_WISHES:
        raise QueryError(f"“properties” must be a list of at most {MOST_WISHES} properties")
    return Extension(tuple(dict.fromkeys(ids)), tuple(read_wish(one, catalogue) for one in properties))


def read_wish(raw: object, catalogue: Catalogue) -> Wish:
    """Return a property that is wanted; settings come as texts from a form."""
    if not isinstance(raw, Mapping) or not isinstance(raw.get("id"), str):
        raise QueryError("each of “properties” must be an object with an “id”")
    name = catalogue.property_named(raw["id"])
    if name is None:
        raise QueryError(f"no property in use is called “{raw['id']}”")
    settings = raw.get("settings") or {}
    if not isinstance(settings, Mapping):
        raise QueryError(f"the “settings” of “{raw['id']}” must be an object")
    limit, content = str(settings.get("limit") or 0), settings.get("content") or "id"
    if not limit.isascii() or not limit.isdigit() or content not in ("id", "literal"):
        raise QueryError(f"the settings of “{raw['id']}” are “limit”, a number, and “content”, id or literal")
    return Wish(raw["id"], name, int(limit), str(content))
