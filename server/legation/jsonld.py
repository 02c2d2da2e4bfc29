"""RDF to compact JSON-LD 1.1 under the project's context. The same triples always give the same document."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from pyld import jsonld  # type: ignore[import-untyped]
from pyoxigraph import RdfFormat, Triple, serialize

from legation.namespaces import PREFIXES

TYPE: Final = PREFIXES["rdf"] + "type"


class RemoteContextError(Exception):
    """A context that is only an address: everything needed must be in the document itself."""


def refuse_to_load(url: str, _options: Mapping[str, Any]) -> Any:  # noqa: ANN401  # pyld's own signature
    """Load no document from anywhere, whatever asks for it."""
    raise RemoteContextError(f"a context must stand in the document, not behind {url}")


def compact(triples: Iterable[Triple], context: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON-LD document of ``triples``, with ``context`` (the value of ``@context``) inside.

    The nodes are under ``@graph``, sorted by subject. Blank nodes keep their names.
    """
    expanded = json.loads(serialize(sorted(triples, key=str), format=RdfFormat.JSON_LD) or b"[]")
    for node in expanded:
        if TYPE in node:
            node["@type"] = [kind["@id"] for kind in node.pop(TYPE)]
    options = {"documentLoader": refuse_to_load, "graph": True}
    document: dict[str, Any] = jsonld.compact(expanded, {"@context": context}, options)
    return document
