"""SHACL validation, as publishing and the server do it: pyshacl, on two rdflib graphs."""

from __future__ import annotations

import warnings
from typing import Final

import pyshacl
import rdflib
from rdflib.namespace import RDFS, SH

FOR_READERS: Final = frozenset(str(term) for term in (SH.name, SH.description, RDFS.label, RDFS.comment))
"""What a shape says only to people. pyshacl looks through it again for every node it validates."""


def validate(data: rdflib.Graph, shapes: rdflib.Graph) -> rdflib.Graph:
    """Return the validation report of ``data``, which stays as it is, against ``shapes``."""
    with warnings.catch_warnings():
        # pyshacl builds datasets by a name that rdflib 7.6 deprecates.
        warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"(pyshacl|rdflib)(\.|$)")
        _, report, _ = pyshacl.validate(data, shacl_graph=shapes, inference="none", inplace=True)
    if not isinstance(report, rdflib.Graph):
        raise TypeError(f"the shapes could not be used: {report}")
    return report
