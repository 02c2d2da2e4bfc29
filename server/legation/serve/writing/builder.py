"""The query builder: choices on a form become a query, for people who do not write SPARQL.

What can be chosen comes from the shapes: the kinds of thing, what a thing of each kind may carry, and which
values it takes. The choices stand in the address: a built query can be kept, shared and gone back from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from flask import Blueprint, Response, request
from pyoxigraph import NamedNode

from legation.namespaces import LEG, PREFIXES
from legation.serve.model.schema import XSD, Schema, is_ours, read_schema
from legation.serve.site.pages import language, page, presenter
from legation.serve.state import State, state
from legation.serve.web.formats import HTML
from legation.serve.web.iris import node
from legation.serve.web.operations import Parameter, described
from legation.serve.words.labels import Text, sort_key, spelled
from legation.serve.words.messages import marked, translate
from legation.serve.words.present import Presenter, Shown
from legation.serve.writing.editor import built
from legation.serve.writing.query_text import Condition, Filter, query_text

blueprint: Final = Blueprint("builder", __name__)

ROOTS: Final = tuple(
    f"{LEG}{name}" for name in ("Body", "Person", "Post", "Event", "Instrument", "Place", "Claim")
)
"""The classes that one can start from, each with the classes below it."""

NAME: Final = f"{PREFIXES['skos']}prefLabel"
NUMBERS: Final = frozenset(f"{XSD}{name}" for name in ("integer", "nonNegativeInteger", "positiveInteger"))
DATES: Final = frozenset(f"{XSD}{name}" for name in ("date", "gYear", "gYearMonth", "dateTime"))
LISTED_AT_MOST: Final = 400
"""Values that are offered as a list; where there are more, one writes a part of the name."""

CONDITIONS_AT_MOST: Final = 20
FIELDS: Final = (Parameter("kind", "The class of what is looked for, as a prefixed name such as leg:Body."),)
IN_USE: Final = """
SELECT DISTINCT ?value ?class ?property WHERE {
  ?thing a ?class ; ?property ?value FILTER(isIRI(?value))
} LIMIT 401
"""


@dataclass(frozen=True)
class Option:
    """Something to choose: what stands in the address, and how it is shown."""

    value: str
    shown: Shown


@dataclass(frozen=True)
class Choice:
    """One condition as the form shows it, with the conditions on what it leads to."""

    number: int
    on: int
    property: str
    shown: Shown
    sort: str
    """How its value is chosen: ``list``, ``name``, ``text``, ``number`` or ``date``."""
    value: str
    compare: str
    options: tuple[Option, ...]
    properties: tuple[Option, ...]
    """What can be asked of what it leads to; none where a value is chosen or it leads to a literal."""
    nested: tuple[Choice, ...] = ()


@dataclass
class InUse:
    """The values that properties have in a release, asked for once."""

    here: State
    _found: dict[tuple[str, str], Sequence[NamedNode]] = field(default_factory=dict)

    def values(self, kind: str, name: str) -> Sequence[NamedNode]:
        """Return the things that a property leads to from things of a class, ``LISTED_AT_MOST`` and one."""
        key = (kind, name)
        if key not in self._found:
            rows = self.here.engine.select(IN_USE, {"class": NamedNode(kind), "property": NamedNode(name)})
            self._found[key] = [row["value"] for row in rows if isinstance(row["value"], NamedNode)]
        return self._found[key]


@blueprint.get("/build")
@described(HTML, fields=FIELDS)
def build() -> Response:
    """Show the form, and the query that its choices make."""
    here = state()
    schema = here.once(read_schema)
    form = Form(schema, here.once(InUse), presenter())
    chosen = read_choices(request.args, schema)
    kinds = form.kinds()
    if chosen is None:
        return page("build.html", kinds=kinds, kind="", script=built("build.js"))
    choices = form.choices(chosen, on=0, classes=(chosen.kind,))
    return page(
        "build.html",
        kinds=kinds,
        kind=spelled(chosen.kind),
        properties=form.properties((chosen.kind,)),
        choices=choices,
        newest=chosen.newest,
        size=len(chosen.conditions),
        query=query_text(chosen.kind, chosen.conditions, language(), named_in(chosen, schema)),
        script=built("build.js"),
    )


@dataclass(frozen=True)
class Chosen:
    """What an address says: a kind of thing, and conditions on it and on what they lead to."""

    kind: str
    conditions: tuple[Condition, ...] = ()
    newest: int = 0
    """The number of the condition that was added by this very request."""


def read_choices(arguments: Mapping[str, str], schema: Schema) -> Chosen | None:
    """Return what the arguments choose, ``None`` where there is no kind; what does not fit is left out.

    ``kind``; for each condition ``n``: ``p<n>`` its property, ``on<n>`` the condition whose value it is about
    (0 for the thing looked for), ``v<n>`` the value, ``c<n>`` how it compares; ``add<n>`` a property to add,
    ``drop`` the condition to leave out.
    """
    kind = expanded(arguments.get("kind", ""))
    if kind not in schema.classes:
        return None
    numbers = sorted({int(name[1:]) for name in arguments if name[:1] == "p" and name[1:].isdecimal()})
    kept: dict[int, Condition] = {}
    for number in numbers[:CONDITIONS_AT_MOST]:
        condition = _condition(arguments, number, schema)
        if condition is None or arguments.get("drop") == str(number):
            continue
        if condition.on in (0, *kept) and _may_carry(schema, kind, kept, condition):
            kept[number] = condition
    newest = max(numbers, default=0) + 1
    for name, value in arguments.items():
        if name.startswith("add") and name[3:].isdecimal() and value:
            added = _condition({f"p{newest}": value, f"on{newest}": name[3:]}, newest, schema)
            if added is not None and added.on in (0, *kept) and _may_carry(schema, kind, kept, added):
                return Chosen(kind, (*kept.values(), added), newest)
    return Chosen(kind, tuple(kept.values()))


def named_in(chosen: Chosen, schema: Schema) -> frozenset[int]:
    """Return the numbers of the conditions whose value is a thing that has names: all but claims have."""
    values = {0: [chosen.kind]} | {
        one.number: schema.range(one.property)
        for one in chosen.conditions
        if sort_of(schema, one.property) == "thing"
    }
    claim = f"{LEG}Claim"
    return frozenset(
        number
        for number, classes in values.items()
        if not any(claim in (one, *schema.ancestors(one)) for one in classes)
    )


def _may_carry(schema: Schema, kind: str, kept: Mapping[int, Condition], one: Condition) -> bool:
    classes = (kind,) if one.on == 0 else tuple(schema.range(kept[one.on].property))
    return one.property == NAME or any(one.property in schema.properties_of(each) for each in classes)


def _condition(arguments: Mapping[str, str], number: int, schema: Schema) -> Condition | None:
    name = expanded(arguments.get(f"p{number}", ""))
    about = arguments.get(f"on{number}", "0")
    if not name or not about.isdecimal() or int(about) >= number:
        return None
    value, compare = arguments.get(f"v{number}", "").strip(), arguments.get(f"c{number}", "from")
    sort = sort_of(schema, name)
    thing = expanded(value) if sort == "thing" and ":" in value else ""
    filtered = Filter(sort, value, compare if compare in ("from", "until", "is") else "from")
    return Condition(number, int(about), name, thing, filtered if value and not thing else None)


def sort_of(schema: Schema, name: str) -> str:
    """Return what a property leads to: ``thing``, ``date``, ``number`` or ``text``."""
    if name == NAME:
        return "text"
    values = set(schema.range(name))
    if values & DATES:
        return "date"
    if values & NUMBERS:
        return "number"
    return "text" if any(value.startswith(XSD) for value in values) or not values else "thing"


def expanded(name: str) -> str:
    """Return the IRI of a prefixed name of our table, empty where it is none."""
    prefix, colon, local = name.partition(":")
    found = node(f"{PREFIXES[prefix]}{local}") if colon and prefix in PREFIXES else None
    return found.value if found is not None else ""


@dataclass(frozen=True)
class Form:
    """Works out what the form offers."""

    schema: Schema
    in_use: InUse
    presenter: Presenter

    def kinds(self) -> list[tuple[Shown, tuple[Option, ...]]]:
        """Return the classes to start from, grouped under their roots; those that are in use."""
        groups = []
        for root in ROOTS:
            below = [
                one for one in self.schema.classes if root in self.schema.ancestors(one) and is_ours(one)
            ]
            used = [one for one in (root, *below) if self.schema.counts.get(one)]
            if used:
                groups.append((self._show(root), self._options(used)))
        return groups

    def properties(self, classes: Iterable[str]) -> tuple[Option, ...]:
        """Return what can be asked of things of ``classes``."""
        names = {name for one in classes for name in self.schema.properties_of(one)}
        ours = {name for name in names if is_ours(name) and self.schema.counts.get(name)}
        return (Option(spelled(NAME), self._show(NAME)), *self._options(ours))

    def choices(self, chosen: Chosen, on: int, classes: Sequence[str]) -> tuple[Choice, ...]:
        """Return the conditions on one thing, each with those on what it leads to."""
        found = (one for one in chosen.conditions if one.on == on)
        return tuple(self._choice(chosen, one, classes) for one in found)

    def _choice(self, chosen: Chosen, one: Condition, classes: Sequence[str]) -> Choice:
        sort = sort_of(self.schema, one.property)
        values = self._values(classes, one.property) if sort == "thing" else ()
        leads = self.schema.range(one.property) if sort == "thing" and not one.thing else []
        return Choice(
            number=one.number,
            on=one.on,
            property=spelled(one.property),
            shown=self._show(one.property),
            sort=sort if sort != "thing" else "list" if len(values) <= LISTED_AT_MOST else "name",
            value=spelled(one.thing) if one.thing else one.filter.value if one.filter else "",
            compare=one.filter.compare if one.filter else "from",
            options=self._options(value.value for value in values[:LISTED_AT_MOST]),
            properties=self.properties(leads) if leads and not one.filter else (),
            nested=self.choices(chosen, one.number, leads),
        )

    def _values(self, classes: Sequence[str], name: str) -> list[NamedNode]:
        return list(dict.fromkeys(value for one in classes for value in self.in_use.values(one, name)))

    def _options(self, iris: Iterable[str]) -> tuple[Option, ...]:
        options = (Option(spelled(iri), self._show(iri)) for iri in iris)
        return tuple(sorted(options, key=lambda option: sort_key(option.shown.text.value)))

    def _show(self, iri: str) -> Shown:
        if iri == NAME:
            spoken = self.presenter.language
            return Shown(Text(translate(marked("name"), spoken), spoken), iri)
        return self.presenter.show(NamedNode(iri))
