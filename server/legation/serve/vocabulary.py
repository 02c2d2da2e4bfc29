"""From the statements of an ontology or of shapes to the parts of a page: every term with its anchor."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pyoxigraph import BlankNode, Literal, NamedNode, Quad

from legation.namespaces import PREFIXES
from legation.serve.labels import Text
from legation.serve.present import Presenter, Shown
from legation.serve.views import SKOS, TYPE, Row, Term, text_of, texts


@dataclass(frozen=True)
class TermView:
    """One term of a vocabulary."""

    anchor: str
    iri: str
    name: Text
    names: tuple[Text, ...]
    kinds: tuple[Shown, ...]
    notes: tuple[Text, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class VocabularyView:
    """A vocabulary: itself, and its terms by their kind."""

    iri: str
    rows: tuple[Row, ...]
    groups: tuple[tuple[Shown, tuple[TermView, ...]], ...]


def vocabulary_view(vocabulary: str, quads: Iterable[Quad], presenter: Presenter) -> VocabularyView:
    """Return the parts of the page of ``vocabulary``, whose statements are ``quads``."""
    said: dict[str, dict[str, list[Term]]] = defaultdict(lambda: defaultdict(list))
    for quad in quads:
        if not isinstance(quad.object, BlankNode):
            said[text_of(quad.subject)][quad.predicate.value].append(quad.object)
    groups: dict[str, list[TermView]] = defaultdict(list)
    for iri in sorted(said):
        if iri.startswith(f"{vocabulary}#"):
            view = _term_view(vocabulary, iri, said[iri], presenter)
            groups[view.kinds[0].iri if view.kinds else ""].append(view)
    return VocabularyView(
        iri=vocabulary,
        rows=_told(said[vocabulary], presenter, frozenset()),
        groups=tuple(
            (presenter.show(NamedNode(kind)), tuple(groups[kind])) for kind in sorted(groups) if kind
        ),
    )


def _term_view(vocabulary: str, iri: str, said: Mapping[str, list[Term]], presenter: Presenter) -> TermView:
    labels = {f"{SKOS}prefLabel", f"{PREFIXES['rdfs']}label"}
    notes = {f"{SKOS}definition", f"{PREFIXES['rdfs']}comment", f"{SKOS}scopeNote", f"{SKOS}example"}
    defined = [term for name in (f"{SKOS}definition", f"{SKOS}scopeNote") for term in said.get(name, ())]
    named = {term for name in labels for term in said.get(name, ()) if isinstance(term, Literal)}
    return TermView(
        anchor=iri[len(vocabulary) + 1 :],
        iri=iri,
        name=presenter.name(iri),
        names=tuple(
            sorted((Text(term.value, term.language or "") for term in named), key=lambda t: t.language)
        ),
        kinds=tuple(sorted((presenter.show(term) for term in said.get(TYPE, ())), key=lambda kind: kind.iri)),
        notes=texts(defined, presenter.language),
        rows=_told(said, presenter, frozenset({TYPE, *labels, *notes, f"{PREFIXES['rdfs']}isDefinedBy"})),
    )


def _told(said: Mapping[str, list[Term]], presenter: Presenter, hidden: frozenset[str]) -> tuple[Row, ...]:
    rows = [
        Row(
            presenter.show(NamedNode(name)),
            tuple(presenter.show(term) for term in sorted(set(values), key=str)),
        )
        for name, values in said.items()
        if name not in hidden
    ]
    return tuple(sorted(rows, key=lambda row: row.name.text.value))
