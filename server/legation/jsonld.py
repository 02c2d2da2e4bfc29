"""RDF to compact JSON-LD 1.1 under the project's context. The same triples always give the same document."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from pyld import jsonld  # type: ignore[import-untyped]
from pyoxigraph import RdfFormat, Triple, serialize

from legation.namespaces import PREFIXES

TYPE: Final = PREFIXES["rdf"] + "type"


class RemoteContextError(Exception):
    """A context that is only an address: everything needed must be in the document itself."""


class Compactor(jsonld.JsonLdProcessor):  # type: ignore[misc]  # pyld has no types
    """pyld's processor with a memory: pyld looks through the whole context for an IRI each time it comes."""

    def __init__(self) -> None:
        """Start with an empty memory. It serves one context, since ours holds no other contexts inside."""
        super().__init__()
        self.names: dict[tuple[str, bool], str] = {}

    def _compact_iri(
        self,
        active_ctx: Mapping[str, Any],
        iri: str | None,
        value: object = None,
        vocab: bool = False,
        **options: object,
    ) -> Any:  # noqa: ANN401  # pyld's own signature
        if value is not None or iri is None or options.get("reverse"):
            return super()._compact_iri(active_ctx, iri, value, vocab, **options)
        if (iri, vocab) not in self.names:
            self.names[iri, vocab] = super()._compact_iri(active_ctx, iri, value, vocab, **options)
        return self.names[iri, vocab]


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
    # Oxigraph writes expanded JSON-LD, so that need not be done again.
    return compact_expanded(expanded, context)


def compact_expanded(nodes: Sequence[Mapping[str, Any]], context: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document of ``nodes``, which are expanded JSON-LD with their classes as ``@type``."""
    options = {"documentLoader": refuse_to_load, "graph": True, "skipExpansion": True}
    document: dict[str, Any] = Compactor().compact(nodes, {"@context": context}, options)
    return document
