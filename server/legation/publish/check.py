"""The rules for authored files that no shape can hold: spelling, places, definitions, what is derived."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import zip_longest
from typing import Final

import rdflib
from pyoxigraph import BlankNode, Literal, NamedNode, Quad, Store, Triple

from legation.namespaces import BASE, GRAPH, ID, KINDS, LEG, ONTOLOGY, PREFIXES, RELEASE, SHAPES
from legation.publish.authored import Authored, AuthoredFile
from legation.publish.canonical import canonical_spelling
from legation.publish.dates import is_date
from legation.publish.fault import Fault

RDF: Final = PREFIXES["rdf"]
OWL: Final = PREFIXES["owl"]
TYPE: Final = f"{RDF}type"
STRING: Final = PREFIXES["xsd"] + "string"
WITHDRAWN: Final = f"{LEG}Withdrawn"
WITHDRAWN_FILE: Final = "data/entities/withdrawn.ttl"
NOT_DEFINED_HERE: Final = (GRAPH, RELEASE)
"""IRIs below these are made by publishing, so no file has to define them."""

IDENTITY_OF_POST: Final = f"{LEG}concerns"
"""A claim property of events that is part of a post's identity, and so stated on posts directly."""

BUILT_IN: Final = frozenset((f"{OWL}sameAs", PREFIXES["rdfs"] + "seeAlso"))
"""Properties that OWL declares itself."""

DATE_TYPES: Final = frozenset(("date", "gYearMonth", "gYear", "gMonthDay"))
"""Types of XML Schema that rdflib checks too leniently or not at all."""

BLANK_NODE_TYPES: Final = frozenset(
    OWL + name
    for name in ("Restriction", "Class", "AllDisjointClasses", "AllDisjointProperties", "AllDifferent")
)
BLANK_NODE_PROPERTIES: Final = frozenset(
    {f"{RDF}first"}
    | {
        PREFIXES["sh"] + name
        for name in ("inversePath", "alternativePath", "zeroOrMorePath", "oneOrMorePath", "zeroOrOnePath")
    }
)
"""Lists, OWL axioms and SHACL paths have to be blank nodes; nothing else has to."""


def check_files(authored: Authored) -> list[Fault]:
    """Return every fault of the authored files that can be seen without shapes and without inference."""
    of_files = (check_spelling, check_literals, check_blank_nodes, check_places, check_counts)
    of_project: tuple[Callable[[Authored], Iterator[Fault]], ...] = (
        check_single_home,
        check_definitions,
        check_nothing_derived,
    )
    faults = [fault for file in authored.files for rule in of_files for fault in rule(file)]
    return faults + [fault for rule in of_project for fault in rule(authored)]


def check_spelling(file: AuthoredFile) -> Iterator[Fault]:
    """Yield a fault at the first line that differs from the file's canonical spelling."""
    wanted = canonical_spelling(file.triples)
    if file.text == wanted:
        return
    pairs = zip_longest(file.text.split("\n"), wanted.split("\n"))
    line, text = next((n, want) for n, (have, want) in enumerate(pairs, 1) if have != want)
    expected = "the file should end here" if text is None else f"expected {text.strip()!r}"
    yield Fault(file.path, line, f"not in canonical form ({expected}); `legation format` writes it")


def check_literals(file: AuthoredFile) -> Iterator[Fault]:
    """Yield a fault for each literal that its datatype does not know, or that the engine would rewrite.

    No 31 February; and no ``"07"^^xsd:integer``, as answers would say ``7`` where the download says ``07``.
    """
    said = {t.object for t in file.triples if isinstance(t.object, Literal) and not is_text(t.object)}
    wrong = dict(misspelled(said))
    for triple in file.triples if wrong else ():
        if isinstance(triple.object, Literal) and triple.object in wrong:
            yield file.fault(wrong[triple.object], name_of(triple.subject), triple.predicate.value)


def is_text(literal: Literal) -> bool:
    """Return whether a literal is a plain text or one in a language, which can say anything."""
    return literal.language is not None or literal.datatype.value == STRING


def misspelled(literals: Collection[Literal]) -> Iterator[tuple[Literal, str]]:
    """Yield each literal that is wrong, with what is wrong."""
    engine, anything = Store(), NamedNode(BASE)
    engine.extend(Quad(anything, anything, literal, anything) for literal in literals)
    as_answered = {quad.object for quad in engine}
    for literal in literals:
        datatype = literal.datatype.value
        if not is_value(literal):
            yield literal, f"{literal.value!r} is not a value of {short(datatype)}"
        elif literal not in as_answered:
            yield literal, f"{literal.value!r} of {short(datatype)} is not how the value is written"


def is_value(literal: Literal) -> bool:
    """Return whether a literal's text stands for a value of its datatype, as far as that is known here."""
    name = literal.datatype.value.removeprefix(PREFIXES["xsd"])
    if name in DATE_TYPES:
        return is_date(literal.value, name)
    return not rdflib.Literal(literal.value, datatype=rdflib.URIRef(literal.datatype.value)).ill_typed


def check_blank_nodes(file: AuthoredFile) -> Iterator[Fault]:
    """Yield a fault for each blank node that is no list, OWL axiom or SHACL path; data has none at all."""
    nodes = {t.subject for t in file.triples if isinstance(t.subject, BlankNode)}
    nodes |= {t.object for t in file.triples if isinstance(t.object, BlankNode)}
    if not file.name.startswith("data/"):
        nodes -= {t.subject for t in file.triples if is_structural(t)}
    for triple in file.triples:
        if triple.object in nodes:
            message = "a blank node; give it an IRI, so that it can be pointed at"
            yield file.fault(message, name_of(triple.subject), triple.predicate.value)
    pointed_at = {t.object for t in file.triples}
    if nodes - pointed_at:
        yield Fault(file.path, 1, "a blank node that nothing points at; give it an IRI")


def is_structural(triple: Triple) -> bool:
    """Return whether a triple makes its subject a list cell, an OWL axiom or a SHACL path."""
    if triple.predicate.value == TYPE:
        return isinstance(triple.object, NamedNode) and triple.object.value in BLANK_NODE_TYPES
    return triple.predicate.value in BLANK_NODE_PROPERTIES


def check_places(file: AuthoredFile) -> Iterator[Fault]:
    """Yield a fault for each subject that is not in the file where a reader would look for it."""
    for subject in file.subjects:
        place = place_of(subject, file)
        if place is None:
            yield file.fault(
                f"{short(subject)} is not an IRI of this project that could stand in {file.name}", subject
            )
        elif place != file.name:
            yield file.fault(f"{short(subject)} belongs in {place}", subject)


def place_of(subject: str, file: AuthoredFile) -> str | None:
    """Return the file that ``subject`` belongs in: ``file`` itself where that will do; ``None`` if none."""
    if file.folder == "ontology":  # which may also declare the terms of others that it reuses
        return None if subject.startswith((ID, SHAPES)) else file.name
    if file.folder == "shapes":
        return file.name if subject.startswith(SHAPES) else None
    kind, slug = kind_and_slug(subject)
    home = home_of(kind, slug)
    return file.name if kind and (file.name == WITHDRAWN_FILE or home == file.folder) else home


def home_of(kind: str, slug: str) -> str | None:
    """Return the file (for schemes the folder) of a thing; ``None`` where there cannot be one."""
    match kind:
        case "":
            return None
        case "source":
            return f"data/sources/{slug}.ttl"
        case "claim" | "passage":
            owner, _, number = slug.removesuffix("-position").rpartition("-")
            return f"data/sources/{owner}.ttl" if owner and number.isdecimal() else None
        case "concept" | "scheme":
            return "data/schemes"
        case "link":  # its slug begins with the kind of the thing it links
            return f"data/entities/{slug.partition('-')[0]}.ttl"
        case _:
            return f"data/entities/{kind}.ttl"


def kind_and_slug(iri: str) -> tuple[str, str]:
    """Split ``…/id/<kind>/<slug>``; every other IRI has neither."""
    kind, _, slug = iri.removeprefix(ID).partition("/")
    return (kind, slug) if iri.startswith(ID) and kind in KINDS and slug and "/" not in slug else ("", "")


def check_counts(file: AuthoredFile) -> Iterator[Fault]:
    """Yield a fault where a source holds more or fewer claims than its author counted."""
    if file.folder != "data/sources":
        return
    source = f"{ID}source/{file.stem}"
    if source not in file.subjects:
        yield Fault(file.path, 1, f"{short(source)} is not described here")
    found = sum(1 for subject in file.subjects if subject.startswith(f"{ID}claim/"))
    for triple in file.triples:
        if triple.predicate.value == f"{LEG}claimCount" and value_of(triple.object) != str(found):
            message = f"leg:claimCount says {value_of(triple.object)}, but the file holds {found} claims"
            yield file.fault(message, source, triple.predicate.value)


def check_single_home(authored: Authored) -> Iterator[Fault]:
    """Yield a fault for each thing described in two files, but for terms aligned in another file."""
    for file in authored.within("data") + authored.within("shapes"):
        for subject in file.subjects:
            home = authored.homes[subject]
            if home is not file:
                yield file.fault(f"{short(subject)} is described in {home.name} already", subject)


def check_definitions(authored: Authored) -> Iterator[Fault]:
    """Yield a fault for each use of an IRI of this project, and in data of any term, that no file defines."""
    for file in authored.files:
        is_data = file.name.startswith("data/")
        for triple in file.triples:
            if is_data and is_undeclared(triple, authored):
                term = triple.object if triple.predicate.value == TYPE else triple.predicate
                message = f"{short(value_of(term))} is declared nowhere in the ontology"
                yield file.fault(message, name_of(triple.subject), value_of(term))
            elif isinstance(triple.object, NamedNode) and is_undefined(triple.object.value, authored):
                message = f"{short(triple.object.value)} is used here but defined nowhere"
                yield file.fault(message, name_of(triple.subject), triple.object.value)


def is_undeclared(triple: Triple, authored: Authored) -> bool:
    """Return whether a triple's property, or the class it names, is no term that the ontology knows."""
    if triple.predicate.value == TYPE:
        return value_of(triple.object) not in authored.homes
    return triple.predicate.value not in authored.homes and triple.predicate.value not in BUILT_IN


def is_undefined(iri: str, authored: Authored) -> bool:
    """Return whether ``iri`` is one of ours that some file should describe and none does."""
    if (
        not iri.startswith(BASE)
        or iri.startswith(NOT_DEFINED_HERE)
        or iri in (BASE, SHAPES, LEG, f"{SHAPES}#")
    ):
        return False
    # A document's own IRIs (`…/ontology/…`, `…/sparql`) are served, not described.
    return iri.startswith((ID, LEG, f"{SHAPES}#", ONTOLOGY)) and iri not in authored.homes


def check_nothing_derived(authored: Authored) -> Iterator[Fault]:
    """Yield a fault for each statement written by hand that publishing derives from claims."""
    derived = instances_of(authored, f"{LEG}DerivedProperty")
    claimed = instances_of(authored, f"{LEG}ClaimProperty")
    posts = instances_of(authored, f"{LEG}Post")
    for file in authored.within("data"):
        for triple in file.triples:
            subject, predicate = name_of(triple.subject), triple.predicate.value
            if predicate in derived:
                yield file.fault(f"{short(predicate)} is derived, never authored", subject, predicate)
            elif predicate in claimed and not (predicate == IDENTITY_OF_POST and subject in posts):
                message = f"{short(predicate)} is stated by a claim (leg:Attribute), never directly"
                yield file.fault(message, subject, predicate)


def check_withdrawals(authored: Authored, published: Iterable[str]) -> Iterator[Fault]:
    """Yield a fault for each published identifier that is gone without a leg:Withdrawn in its place."""
    for iri in published:
        if iri not in authored.homes:
            message = (
                f"{short(iri)} was published and has vanished; say in {WITHDRAWN_FILE} that it is withdrawn"
            )
            yield Fault(authored.project.root / former_place(iri), 1, message)


def former_place(iri: str) -> str:
    """Return where a vanished identifier would have stood."""
    return home_of(*kind_and_slug(iri)) or ("shapes" if iri.startswith(SHAPES) else "ontology")


def instances_of(authored: Authored, class_iri: str) -> frozenset[str]:
    """Return the subjects that some file types as ``class_iri`` directly."""
    wanted = NamedNode(class_iri)
    return frozenset(
        name_of(triple.subject)
        for file in authored.files
        for triple in file.triples
        if triple.predicate.value == TYPE and triple.object == wanted
    )


def name_of(node: NamedNode | BlankNode | Triple) -> str:
    """Return the IRI of a subject; blank nodes have none."""
    return node.value if isinstance(node, NamedNode) else ""


def value_of(node: NamedNode | BlankNode | Literal | Triple) -> str:
    """Return the IRI or the lexical value of an object."""
    return node.value if isinstance(node, NamedNode | Literal) else str(node)


def abbreviate(text: str) -> str:
    """Return a text with every IRI in it written as an author writes it."""
    return re.sub(r"https?://[^\s,()'\"]+", lambda match: short(match[0]), text)


def short(iri: str) -> str:
    """Return an IRI as an author writes it: with its prefix, where it has one."""
    for prefix, namespace in sorted(PREFIXES.items(), key=lambda item: -len(item[1])):
        if iri.startswith(namespace) and "/" not in iri[len(namespace) :]:
            return f"{prefix}:{iri[len(namespace) :]}"
    return f"<{iri}>"
