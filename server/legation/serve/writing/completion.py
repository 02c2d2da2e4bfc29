"""What the editor completes words from: one file made of the ontology, the shapes and VoID's statistics."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, Final

from flask import Blueprint, Response
from pyoxigraph import Literal, NamedNode

from legation.namespaces import ID, PREFIXES
from legation.serve.model.schema import RDFS, SKOS, Schema, read_schema
from legation.serve.state import State, state
from legation.serve.web.iris import ENTITY_KINDS
from legation.serve.web.negotiation import Offer
from legation.serve.web.operations import described
from legation.serve.words.labels import spelled

blueprint: Final = Blueprint("completion", __name__)

JSON: Final = Offer("json", "application/json")
THINGS_AT_MOST: Final = 5000
"""Things in the file; a release with more has the rest in its search."""

THINGS: Final = """
SELECT DISTINCT ?thing ?start WHERE {
  ?thing a ?class FILTER(isIRI(?thing) && STRSTARTS(STR(?thing), ?start))
} LIMIT 5000
"""

Named = Sequence[Any]
"""``[prefixed name, {language: name}, {language: definition}, how often it is used, …]``."""


@blueprint.get("/sparql/completion.json")
@described(JSON, schema={"type": "object", "required": ["prefixes", "classes", "properties", "things"]})
def completion() -> Response:
    """Return the file. Pages name it with the edition of the server, so it is fetched once for each."""
    return Response(state().once(completion_file), mimetype="application/json")


def completion_file(here: State) -> str:
    """Return prefixes, classes, properties (with the classes that may carry them) and things, as JSON."""
    schema = here.once(read_schema)
    carriers: dict[str, list[str]] = {}
    for one, properties in schema.allowed.items():
        for name in properties:
            carriers.setdefault(name, []).append(spelled(one))
    document = {
        "prefixes": dict(PREFIXES),
        "classes": [_term(schema, iri) for iri in schema.classes],
        "properties": [
            [*_term(schema, iri), sorted(carriers.get(iri, ()))]
            for iri in sorted({*schema.properties, *carriers})
        ],
        "things": list(islice(_things(here), THINGS_AT_MOST)),
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _term(schema: Schema, iri: str) -> list[Any]:
    names = schema.ontology.texts(iri, f"{RDFS}label")
    notes = schema.ontology.texts(iri, f"{SKOS}definition")
    return [spelled(iri), _by_language(names), _by_language(notes), schema.counts.get(iri, 0)]


def _things(here: State) -> Iterable[Named]:
    for kind in (*ENTITY_KINDS, "concept"):
        rows = here.engine.select(THINGS, {"start": Literal(f"{ID}{kind}/")})
        things = [row["thing"] for row in rows if isinstance(row["thing"], NamedNode)]
        names = here.names(things)
        for thing in sorted(things, key=lambda one: one.value):
            yield [spelled(thing.value), _by_language(names.get(thing.value, ()))]


def _by_language(literals: Iterable[Literal]) -> dict[str, str]:
    return {literal.language or "": literal.value for literal in literals}
