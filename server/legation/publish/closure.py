"""Closure under the OWL 2 RL rules that the ontology calls for, over the embedded store.

The rules are the SPARQL updates in ``entailment/``, one a file, named as in OWL 2 Profiles (tables 4 to 9).
They are repeated until nothing new follows. What they cannot judge is left to owlrl (``infer``): an ontology
with other constructs, and data with a clash, whose explanation is owlrl's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import resources
from tempfile import TemporaryFile
from typing import Final

from pyoxigraph import DefaultGraph, NamedNode, QueryBoolean, RdfFormat, Store, Triple

from legation.namespaces import PREFIXES
from legation.publish.lines import spooled

OWL: Final = PREFIXES["owl"]

WITHOUT_RULES: Final = frozenset(
    OWL + name
    for name in (
        *("Class", "ObjectProperty", "DatatypeProperty", "AnnotationProperty", "NamedIndividual"),
        *("Ontology", "versionInfo", "versionIRI", "sameAs", "differentFrom", "Thing"),
    )
)
"""Terms of OWL from which nothing informative follows, or (``sameAs``) which the rules below make."""

WITH_RULES: Final = frozenset(
    OWL + name
    for name in (
        *("inverseOf", "propertyChainAxiom", "hasKey", "SymmetricProperty", "TransitiveProperty"),
        *("FunctionalProperty", "disjointWith", "AllDisjointClasses", "members"),
        *("IrreflexiveProperty", "AsymmetricProperty"),
    )
)
"""Terms of OWL that the rules and the clashes below speak of."""

CLASHES: Final = """
ASK {
  { ?x owl:sameAs ?y . FILTER(?x != ?y) }
  UNION { ?one owl:disjointWith ?other . ?x a ?one , ?other }
  UNION {
    ?all a owl:AllDisjointClasses ; owl:members ?list .
    ?list rdf:rest*/rdf:first ?one , ?other . FILTER(STR(?one) < STR(?other))
    ?x a ?one , ?other
  }
  UNION { ?property a owl:IrreflexiveProperty . ?x ?property ?x }
  UNION { ?property a owl:AsymmetricProperty . ?x ?property ?y . ?y ?property ?x }
}
"""
"""Rules whose conclusion is false (prp-irp, prp-asyp, cax-dw, cax-adc), and one thing with two names."""


def is_covered(axioms: Iterable[Triple]) -> bool:
    """Return whether the rules here are all that ``axioms`` call for: chains of two, keys of one property."""
    used, length = set[str](), dict[object, object]()
    for triple in axioms:
        terms = (triple.predicate, triple.object)
        used.update(t.value for t in terms if isinstance(t, NamedNode) and t.value.startswith(OWL))
        if triple.predicate.value == f"{PREFIXES['rdf']}rest":
            length[triple.subject] = triple.object
    return used <= WITHOUT_RULES | WITH_RULES and all(
        _cells(triple.object, length) == cells
        for triple in axioms
        for name, cells in (("propertyChainAxiom", 2), ("hasKey", 1))
        if triple.predicate.value == OWL + name
    )


def _cells(start: object, rest: dict[object, object]) -> int:
    """Return the number of members of a list."""
    count = 0
    while start in rest:
        start, count = rest[start], count + 1
    return count


def rules() -> Iterator[str]:
    """Yield the text of every rule."""
    for file in sorted(resources.files(__package__).joinpath("entailment").iterdir(), key=lambda f: f.name):
        if file.name.endswith(".ru"):
            yield file.read_text(encoding="utf-8")


def close(known: Iterable[bytes]) -> tuple[Iterator[bytes], bool]:
    """Return ``known`` with all that follows from it, and whether it is free of clashes.

    Both are lines of N-Triples; blank nodes come out with other names.
    """
    store = Store()
    with TemporaryFile() as file:
        file.writelines(known)
        file.seek(0)
        store.bulk_load(file, RdfFormat.N_TRIPLES)
    size, updates = 0, list(rules())
    while size != len(store):
        size = len(store)
        for update in updates:
            store.update(update, prefixes=dict(PREFIXES))
    clash = store.query(CLASHES, prefixes=dict(PREFIXES))
    if not isinstance(clash, QueryBoolean):
        raise TypeError("a clash is asked for")
    return spooled(store, DefaultGraph()), not clash
