"""A large graph as compact JSON-LD: what pyld's compaction writes, from sorted N-Triples, many times as fast.

How a value is written depends on its property and its kind alone (an IRI, a text in a language, a value of a
datatype). So pyld compacts one example of each kind of value of each property, one node of each class, and
each IRI that the context might shorten; every other value is written after its example.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from legation.jsonld import compact_expanded
from legation.namespaces import PREFIXES

TYPE: Final = f"<{PREFIXES['rdf']}type>"
EXAMPLE: Final = "urn:example"
QUOTED: Final = json.dumps(EXAMPLE)
NODE: Final = "   "
"""The indentation of what is said of a node."""
ITEM: Final = "    "
"""The indentation of a value among others."""

Kind = tuple[str, str]
"""A property and what follows the text of its value: ``@ar``, ``^^<…>`` or nothing; ``@id`` for a node."""


@dataclass(frozen=True)
class Manner:
    """How the values of one kind are written: the key, and what stands around the value's own text.

    ``alone`` and ``among`` differ in indentation. With a ``language`` the value goes into the key's map.
    """

    key: str
    alone: tuple[str, str]
    among: tuple[str, str]
    language: str


@dataclass(frozen=True)
class Manners:
    """What pyld decided: the manner of each kind of value, and the short forms of classes and of IRIs."""

    values: Mapping[Kind, Manner]
    classes: Mapping[str, str]
    names: Mapping[str, str]

    def text(self, term: str) -> str:
        """Return the text of a node or a literal, as N-Triples spells it, in JSON."""
        if term[0] == "<":
            return f'"{self.names.get(term, term[1:-1])}"'
        if term[0] == "_":
            return f'"{term}"'
        text = term[: term.rindex('"') + 1]
        # JSON escapes as N-Triples does, but for characters that have only a number.
        return json.dumps(json.loads(text), ensure_ascii=False) if "\\u" in text else text


def json_ld(lines: Iterable[bytes], context: Mapping[str, Any]) -> Iterator[str]:
    """Yield the parts of the document of a graph, given as sorted lines of canonical N-Triples.

    The lines are gone through twice. The document has ``context`` inside and the nodes under ``@graph``,
    sorted by subject; see ``legation.jsonld``.
    """
    yield json.dumps({"@context": context}, ensure_ascii=False, indent=1).removesuffix("\n}")
    yield ',\n "@graph": ['
    manners, separator = settle(lines, context), "\n"
    for subject, said in groupby(map(split, lines), key=lambda triple: triple[0]):
        yield f"{separator}{node(subject, said, manners)}"
        separator = ",\n"
    yield "]\n}\n" if separator == "\n" else "\n ]\n}\n"


def split(line: bytes) -> tuple[str, str, str]:
    """Return the three terms of a line of N-Triples."""
    subject, predicate, rest = line.decode("utf-8").split(" ", 2)
    return subject, predicate, rest[:-3]


def kind_of(term: str) -> str:
    """Return the kind of an object; see ``Kind``."""
    return "@id" if term[0] in "<_" else term[term.rindex('"') + 1 :]


def settle(lines: Iterable[bytes], context: Mapping[str, Any]) -> Manners:
    """Let pyld compact an example of everything in a graph that its context could treat differently."""
    kinds: dict[Kind, None] = {}
    classes: dict[str, None] = {}
    names: dict[str, None] = {}
    spaces = tuple(f"<{iri}" for iri in context.values() if isinstance(iri, str))
    for subject, predicate, term in map(split, lines):
        if predicate == TYPE:
            classes[term] = None
        else:
            kinds[predicate, kind_of(term)] = None
        if term.startswith(spaces):
            names[term] = None
        if subject.startswith(spaces):
            names[subject] = None
    examples = [{"@id": EXAMPLE, predicate[1:-1]: [example(kind)]} for predicate, kind in kinds]
    typed = [{"@id": EXAMPLE, "@type": [identifier(iri)]} for iri in classes]
    named = [{"@id": identifier(iri), EXAMPLE: [{"@value": ""}]} for iri in names]
    done = compact_expanded([*examples, *typed, *named], context)["@graph"]
    written, rest = done[: len(kinds)], done[len(kinds) :]
    return Manners(
        {kind: manner(found) for kind, found in zip(kinds, written, strict=True)},
        {iri: found["@type"] for iri, found in zip(classes, rest, strict=False)},
        {iri: found["@id"] for iri, found in zip(names, rest[len(classes) :], strict=True)},
    )


def identifier(node: str) -> str:
    """Return what names a node in JSON-LD."""
    return node[1:-1] if node[0] == "<" else node


def example(kind: str) -> dict[str, str]:
    """Return a value of one kind, as expanded JSON-LD has it."""
    if kind == "@id":
        return {"@id": EXAMPLE}
    if kind.startswith("@"):
        return {"@value": EXAMPLE, "@language": kind[1:]}
    return {"@value": EXAMPLE, **({"@type": kind[3:-1]} if kind else {})}


def manner(found: Mapping[str, Any]) -> Manner:
    """Return the manner in which pyld wrote the one value of an example."""
    key, value = next((key, value) for key, value in found.items() if key != "@id")
    mapped = isinstance(value, dict) and not value.keys() & {"@id", "@value"}
    language = next(iter(value)) if mapped else ""
    if language:
        value = EXAMPLE
    return Manner(json.dumps(key), around(value, NODE), around(value, ITEM), language)


def around(value: object, indentation: str) -> tuple[str, str]:
    """Return what stands before and after the example in its JSON."""
    text = json.dumps(value, ensure_ascii=False, indent=1).replace("\n", f"\n{indentation}")
    before, _, after = text.partition(QUOTED)
    return before, after


def node(subject: str, said: Iterable[tuple[str, str, str]], manners: Manners) -> str:
    """Return all that is said of a subject: its classes, then its properties in the order of their IRIs."""
    classes: list[str] = []
    properties: dict[str, list[str]] = {}
    for _, predicate, term in said:
        if predicate == TYPE:
            classes.append(json.dumps(manners.classes[term], ensure_ascii=False))
        else:
            properties.setdefault(predicate[1:-1], []).append(term)
    parts = [f'{NODE}"@id": {manners.text(subject)}']
    if classes:
        parts.append(f'{NODE}"@type": {several(classes, NODE)}')
    for predicate in sorted(properties):
        parts += fields(f"<{predicate}>", properties[predicate], manners)
    return "  {\n" + ",\n".join(parts) + "\n  }"


def fields(predicate: str, terms: Iterable[str], manners: Manners) -> Iterator[str]:
    """Yield the fields of one property: a key for each way in which the context writes its values."""
    found: dict[str, list[tuple[Manner, str]]] = {}
    for term in terms:
        how = manners.values[predicate, kind_of(term)]
        found.setdefault(how.key, []).append((how, manners.text(term)))
    for key, values in found.items():
        how, text = values[0]
        if how.language:
            yield f"{NODE}{key}: {language_map(values)}"
        elif len(values) == 1:
            yield f"{NODE}{key}: {text.join(how.alone)}"
        else:
            yield f"{NODE}{key}: {several([text.join(how.among) for how, text in values], NODE)}"


def language_map(values: Iterable[tuple[Manner, str]]) -> str:
    """Return texts by language."""
    texts: dict[str, list[str]] = {}
    for how, text in values:
        texts.setdefault(how.language, []).append(text)
    said = (f"{ITEM}{json.dumps(language)}: {several(found, ITEM)}" for language, found in texts.items())
    return "{\n" + ",\n".join(said) + f"\n{NODE}}}"


def several(texts: Sequence[str], indentation: str) -> str:
    """Return one value by itself, several as an array."""
    if len(texts) == 1:
        return texts[0]
    return "[\n" + ",\n".join(f"{indentation} {text}" for text in texts) + f"\n{indentation}]"
