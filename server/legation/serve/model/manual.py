"""The pages of the ontology and of the shapes: their documentation, for people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from flask import Response
from pyoxigraph import Literal, NamedNode

from legation.namespaces import LEG, LEGSH, ONTOLOGY, PREFIXES, SHAPES
from legation.serve.model.diagram import draw
from legation.serve.model.documentation import Documentation, asked_in, samples
from legation.serve.model.schema import read_schema
from legation.serve.model.term_changes import changes
from legation.serve.site.pages import href, language, page
from legation.serve.state import State, state
from legation.serve.web.formats import GRAPH_OFFERS
from legation.serve.words.labels import choose
from legation.serve.words.present import Presenter

DCTERMS: Final = PREFIXES["dcterms"]


def ontology_page() -> Response:
    """Return the documentation of the ontology."""
    here = state()
    told = documentation(here, href_on_this_page)
    header = here.once(read_schema).ontology
    spoken = language()
    return page(
        "ontology.html",
        iri=ONTOLOGY,
        prefix=LEG,
        title=choose(header.texts(ONTOLOGY, f"{DCTERMS}title"), spoken),
        about=choose(header.texts(ONTOLOGY, f"{DCTERMS}description"), spoken),
        groups=told.groups(),
        tree=told.tree(),
        diagram=draw(told.schema, told.presenter),
        changes=here.once(changes),
        named=told.presenter.name,
        leg=LEG,
        offers=GRAPH_OFFERS,
    )


def shapes_page() -> Response:
    """Return the documentation of the shapes."""
    told = documentation(state(), href)
    return page("shapes.html", iri=SHAPES, prefix=LEGSH, groups=told.shapes(), offers=GRAPH_OFFERS)


def href_on_this_page(iri: str) -> str | None:
    """Return where the documentation of the ontology links for ``iri``: its own terms by their anchors."""
    return f"#{iri.removeprefix(LEG)}" if iri.startswith(LEG) else href(iri)


def documentation(here: State, leading: Callable[[str], str | None]) -> Documentation:
    """Return what works out the views for the reader of this request, with links made by ``leading``."""
    schema, examples = here.once(read_schema), here.once(samples)
    presenter = Presenter(language(), here.once(names_of_terms) | here.once(names_of_examples), leading)
    return Documentation(schema, presenter, examples, here.once(asked_in))


def names_of_terms(here: State) -> dict[str, list[Literal]]:
    """Return the names of every term and of every rule."""
    schema = here.once(read_schema)
    terms = {*schema.ontology, *schema.shapes, *schema.properties, *schema.classes}
    terms |= {iri for known in schema.allowed.values() for iri in known}
    rules = {rule.iri: list(rule.names) for rule in schema.rules}
    return here.names(NamedNode(iri) for iri in terms) | rules


def names_of_examples(here: State) -> dict[str, list[Literal]]:
    """Return the names of the things that stand as examples."""
    rows = (row for found in here.once(samples).values() for row in found)
    return here.names(term for row in rows for term in row if isinstance(term, NamedNode))
