"""How a release is held by a SPARQL endpoint elsewhere: what loading and reading agree on.

Each named graph stands under its own name. Blank nodes stand as Skolem IRIs (RDF 1.1 Concepts §3.5), because
no endpoint lets one ask for a blank node again. The union of all graphs, which a plain query sees, stands in
the endpoint's default graph or, where that is not its own, in a graph called ``UNION``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from enum import Enum
from typing import Final, TypeVar

from pyoxigraph import BlankNode, CanonicalizationAlgorithm, Dataset, DefaultGraph, NamedNode, Quad, Triple

from legation.namespaces import BASE, GRAPH
from legation.release import Manifest

UNION: Final = NamedNode(f"{BASE}default-graph")
"""Outside of the names of graphs (``GRAPH``), so that these can be told from it."""

NOTHING: Final = NamedNode(f"{BASE}no-graph")
"""A graph that is nowhere: what a dataset has that is to have no graph."""

GENID: Final = f"{BASE}.well-known/genid/"
SKOLEM: Final = re.compile(re.escape(GENID) + r"([A-Za-z0-9]+)")
MARK: Final = "legation.nt"
"""The file whose digest, stated in the metadata graph, tells a release from any other."""

Kept = TypeVar("Kept")


class Place(Enum):
    """Where the union of all graphs stands."""

    DEFAULT = "its default graph"
    NAMED = "a graph of its own"


def with_iris(term: Kept) -> Kept | NamedNode:
    """Return a blank node as its Skolem IRI, any other term as it is."""
    return NamedNode(f"{GENID}{term.value}") if isinstance(term, BlankNode) else term


def with_blank_nodes(term: Kept) -> Kept | BlankNode:
    """Return the blank node that a Skolem IRI stands for, any other term as it is."""
    if isinstance(term, NamedNode) and (found := SKOLEM.fullmatch(term.value)) is not None:
        return BlankNode(found[1])
    return term


def as_sent(triple: Triple | Quad) -> Triple:
    """Return a statement as the endpoint holds it."""
    return Triple(with_iris(triple.subject), triple.predicate, with_iris(triple.object))


def as_published(triple: Triple | Quad) -> Triple:
    """Return a statement of the endpoint as the release has it."""
    return Triple(with_blank_nodes(triple.subject), triple.predicate, with_blank_nodes(triple.object))


def digest_of(triples: Iterable[Triple]) -> str:
    """Return the RDFC-1.0 digest of a graph, as a manifest states it."""
    dataset = Dataset(Quad(one.subject, one.predicate, one.object, DefaultGraph()) for one in triples)
    dataset.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
    lines = sorted(f"{quad.triple} .\n" for quad in dataset)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def strangers(manifest: Manifest) -> list[str]:
    """Return the names of graphs that cannot be told from an endpoint's own: those outside ``GRAPH``."""
    return sorted(iri for iri in manifest.graphs if not iri.startswith(GRAPH))
