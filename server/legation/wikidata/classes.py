"""Which Wikidata classes fit which kind of ours: data, in ``classes.csv``, each line with its source."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from rdflib import URIRef

from legation.namespaces import PREFIXES

WD: Final = PREFIXES["wd"]

# Wikimedia disambiguation page. https://gist.github.com/VladimirAlexiev/a866f76252a04b84d62b lists it so
# ("Q4167410|Wikimedia disambiguation page"), from a count of the values of P31.
DISAMBIGUATION_PAGE: Final = URIRef(f"{WD}Q4167410")


@dataclass(frozen=True)
class FittingClass:
    """A Wikidata class, with its English label, that an item of one of our kinds is an instance of."""

    iri: URIRef
    label: str


def read_classes() -> Mapping[str, tuple[FittingClass, ...]]:
    """Return the classes that fit each kind; a kind without an evidenced class is missing and not judged."""
    text = files(__package__).joinpath("classes.csv").read_text(encoding="utf-8")
    fitting: dict[str, tuple[FittingClass, ...]] = {}
    for row in csv.DictReader(text.splitlines()):
        found = FittingClass(URIRef(f"{WD}{row['class']}"), row["label"])
        fitting[row["kind"]] = (*fitting.get(row["kind"], ()), found)
    return fitting
