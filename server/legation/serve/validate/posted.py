"""A document that somebody posts: from bytes to statements, with nothing fetched and nothing blown up."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from pyoxigraph import Quad, RdfFormat, Triple, parse

from legation.namespaces import BASE

CONTEXT: Final = f"{BASE}context.jsonld"
"""The one remote context that is read: it is at hand."""

EXPANDED_AT_MOST: Final = 8 * 1024 * 1024
"""Characters that the entities of an XML document may come to."""

ENTITY: Final = re.compile(r"<!ENTITY\s+(%\s+)?([^\s%\"'>]+)\s*(?:\"([^\"]*)\"|'([^']*)'|([^>]*))")
REFERENCE: Final = re.compile(r"&([^#&;\s]+);")
PREDEFINED: Final = frozenset({"amp", "lt", "gt", "apos", "quot"})


class NotReadError(Exception):
    """The document is not what it says it is; ``line`` and ``column`` count from 1, or are 0."""

    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        """Say what is wrong and where."""
        super().__init__(message)
        self.line = line
        self.column = column


def read(body: bytes, kind: RdfFormat, context: Any) -> list[Triple]:  # noqa: ANN401  # any JSON
    """Return the statements of a document, those of all its graphs; raise ``NotReadError``.

    Relative IRIs are read against the project's base. ``context`` is the value of ``@context`` that stands
    for the project's own context; no other remote context is read.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotReadError(f"not UTF-8: {error.reason} at byte {error.start}") from None
    if kind == RdfFormat.RDF_XML:
        refuse_bombs(text)
    if kind == RdfFormat.JSON_LD:
        text = with_context(text, context)
    try:
        quads = list(parse(text, kind, base_iri=BASE))
    except SyntaxError as error:
        raise NotReadError(error.msg, error.lineno or 0, error.offset or 0) from None
    return list(dict.fromkeys(_plain(quad) for quad in quads))


def refuse_bombs(text: str) -> None:
    """Raise ``NotReadError`` for an XML document whose entities nest, lead outside, or come to too much."""
    sizes: dict[str, int] = {}
    for parameter, name, double, single, outside in ENTITY.findall(text):
        if parameter or outside.strip():
            raise NotReadError(f"the entity {name} leads outside of the document, and nothing is fetched")
        value = double or single
        if set(REFERENCE.findall(value)) - PREDEFINED:
            raise NotReadError(f"the entity {name} is made of other entities")
        sizes[name] = len(value)
    if sum(sizes.get(name, 0) for name in REFERENCE.findall(text)) > EXPANDED_AT_MOST:
        raise NotReadError(f"the document's entities come to more than {EXPANDED_AT_MOST:,} characters")


def with_context(text: str, context: Any) -> str:  # noqa: ANN401  # any JSON
    """Return a JSON-LD document with the project's context written out; raise for any other remote one."""
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise NotReadError(error.msg, error.lineno, error.colno) from None
    except RecursionError:
        raise NotReadError("the document is nested too deeply") from None
    return json.dumps(_inlined(document, context), ensure_ascii=False)


def _inlined(node: Any, context: Any) -> Any:  # noqa: ANN401  # any JSON
    if isinstance(node, list):
        return [_inlined(one, context) for one in node]
    if not isinstance(node, dict):
        return node
    return {
        name: _context(value, context) if name == "@context" else _inlined(value, context)
        for name, value in node.items()
    }


def _context(value: Any, context: Any) -> Any:  # noqa: ANN401  # any JSON
    if isinstance(value, list):
        return [_context(one, context) for one in value]
    if value == CONTEXT:
        return context
    if isinstance(value, str):
        raise NotReadError(f"the context {value} is elsewhere, and nothing is fetched: write it out")
    return value


def _plain(quad: Quad) -> Triple:
    if isinstance(quad.subject, Triple) or isinstance(quad.object, Triple):
        raise NotReadError("the document holds triple terms (RDF 1.2), which SHACL does not validate")
    return quad.triple
