"""The questions put to Wikidata: texts (``queries/*.rq``) and the one safe way to put values into them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from importlib.resources import files
from itertools import islice
from typing import Final

from rdflib import Literal, URIRef

Term = URIRef | Literal

BATCH: Final = 50
"""How many rows of values go into one query: small enough for the service's 60 seconds."""

# An IRI that may stand in a query: absolute, http or https, nothing that SPARQL's IRIREF forbids.
_IRI: Final = re.compile(r"https?://[^\s<>\"{}|\\^`\x00-\x20\x7f]+")
# Backslashes never occur in a name, and SPARQL reads \uXXXX before it reads strings (section 19.2).
_UNSAFE_TEXT: Final = re.compile(r"[\\\x00-\x1f\x7f]")
_LANGUAGE: Final = re.compile(r"[a-z]{2,8}(-[a-z0-9]{1,8})*")


class UnsafeValueError(ValueError):
    """A term that may not be put into a query."""


def query(name: str) -> str:
    """Return the text of ``queries/<name>.rq``."""
    return files(__package__).joinpath("queries", f"{name}.rq").read_text(encoding="utf-8")


def with_values(text: str, variables: Sequence[str], rows: Iterable[Sequence[Term]]) -> str:
    """Fill the query's empty ``VALUES (?a ?b) { }`` block for ``variables`` with ``rows``.

    Raises ``UnsafeValueError`` for a term that cannot stand in a query, ``ValueError`` where the query has no
    such block or a row has the wrong length.
    """
    head = f"VALUES ({' '.join(f'?{name}' for name in variables)}) {{"
    empty = f"{head} }}"
    if text.count(empty) != 1:
        raise ValueError(f"the query has no {empty}")
    lines = [_row(row, len(variables)) for row in rows]
    return text.replace(empty, "\n    ".join([head, *lines, "}"]))


def batches(rows: Iterable[Sequence[Term]]) -> Iterator[list[Sequence[Term]]]:
    """Cut ``rows`` into lists of at most ``BATCH``."""
    rest = iter(rows)
    while batch := list(islice(rest, BATCH)):
        yield batch


def safe(term: Term) -> bool:
    """Say whether ``term`` may stand in a query: an http(s) IRI, or a plain or language-tagged string."""
    if isinstance(term, URIRef):
        return _IRI.fullmatch(term) is not None
    plain = term.datatype is None and (
        term.language is None or _LANGUAGE.fullmatch(term.language) is not None
    )
    return plain and _UNSAFE_TEXT.search(term) is None


def _row(row: Sequence[Term], length: int) -> str:
    if len(row) != length:
        raise ValueError(f"a row of {len(row)} for {length} variables")
    for term in row:
        if not safe(term):
            raise UnsafeValueError(f"this may not stand in a query: {term!r}")
    return f"({' '.join(term.n3() for term in row)})"
