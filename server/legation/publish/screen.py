"""Screening: which shapes are violated at all, by the shapes compiled to SPARQL over the embedded store.

pyshacl takes a time that no large dataset has, so it is asked only about the shapes that this finds. Each
constraint component of SHACL (§4 of the Recommendation) becomes a graph pattern that has a solution where a
node violates it; a shape with a component that has none here is always left to pyshacl.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Final

import rdflib
from pyoxigraph import QuerySolutions, Store
from pyshacl.helper.path_helper import shacl_path_to_sparql_path
from pyshacl.shapes_graph import ShapesGraph
from rdflib.namespace import RDF, RDFS, SH
from rdflib.term import Node

THIS: Final = "?this"
TARGETS: Final = frozenset((SH.targetClass, SH.targetNode, SH.targetSubjectsOf, SH.targetObjectsOf))
NOT_CONSTRAINTS: Final = TARGETS | {
    *(SH.path, SH.message, SH.name, SH.description, SH.ignoredProperties, SH.sparql),
}
"""Parameters that are no constraint, or (``sh:sparql``) none on a single value node."""

KINDS: Final[Mapping[Node, str]] = {
    SH.IRI: "isIRI({0})",
    SH.Literal: "isLiteral({0})",
    SH.IRIOrLiteral: "(isIRI({0}) || isLiteral({0}))",
    SH.BlankNode: "isBlank({0})",
}


class UnscreenableError(Exception):
    """A shape uses a part of SHACL that is not compiled here."""


@dataclass
class Screen:
    """The shapes and the class tree (``rdfs:subClassOf``), being compiled; ``fresh`` numbers variables."""

    shapes: rdflib.Graph
    tree: rdflib.Graph
    fresh: count[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        """Prepare what pyshacl's own reading of paths needs."""
        self.paths = ShapesGraph(self.shapes)

    def shapes_with_targets(self) -> list[Node]:
        """Return the shapes that are tried on nodes of their own."""
        return sorted({shape for target in TARGETS for shape in self.shapes.subjects(target)}, key=str)

    def queries(self, shape: Node) -> list[str]:
        """Return a SELECT of ``?this`` for each way to violate a shape that has targets.

        Raises ``UnscreenableError`` where the shape uses what is not compiled.
        """
        target = " UNION ".join(self._targets(shape))
        return [
            f"SELECT DISTINCT {THIS} WHERE {{ {target} {pattern} }}"
            for pattern in self.violations(shape, THIS)
        ]

    def _targets(self, shape: Node) -> Iterator[str]:
        """Yield a group that binds ``?this`` for each target declaration (§2.1.3)."""
        for cls in self.shapes.objects(shape, SH.targetClass):
            yield f"{{ {self._is_a(THIS, cls)} }}"
        for node in self.shapes.objects(shape, SH.targetNode):
            yield f"{{ VALUES {THIS} {{ {node.n3()} }} }}"
        for predicate in self.shapes.objects(shape, SH.targetSubjectsOf):
            yield f"{{ {THIS} {predicate.n3()} {self._variable()} }}"
        for predicate in self.shapes.objects(shape, SH.targetObjectsOf):
            yield f"{{ {self._variable()} {predicate.n3()} {THIS} }}"

    def violations(self, shape: Node, node: str) -> Iterator[str]:
        """Yield patterns, each with a solution where the node bound to the variable violates ``shape``."""
        for constraint in self.shapes.objects(shape, SH.sparql):
            yield self._sparql(shape, constraint, node)
        path = self.shapes.value(shape, SH.path)
        if path is None:
            yield from self._of_value(shape, node)
            return
        steps = shacl_path_to_sparql_path(self.paths, path)
        yield from self._of_values(shape, node, steps)
        value = self._variable()
        for pattern in self._of_value(shape, value):
            yield f"{node} {steps} {value} . {pattern}"

    def _of_value(self, shape: Node, value: str) -> Iterator[str]:
        """Yield the patterns of the constraints on each value node."""
        for parameter, argument in sorted(self.shapes.predicate_objects(shape)):
            if parameter in VALUE_CONSTRAINTS:
                yield from VALUE_CONSTRAINTS[parameter](self, shape, argument, value)
            elif str(parameter).startswith(str(SH)) and parameter not in NOT_CONSTRAINTS | SET_CONSTRAINTS:
                raise UnscreenableError(f"{shape}: {parameter} is not compiled to SPARQL")

    def _of_values(self, shape: Node, node: str, path: str) -> Iterator[str]:
        """Yield the patterns of the constraints on the set of value nodes (§4.2, §4.3.5, §4.4, §4.7.3)."""
        said: dict[Node, Node] = dict(self.shapes.predicate_objects(shape))
        value, other = self._variable(), self._variable()
        both = f"{node} {path} {value} . {node} {path} {other} . FILTER(!sameTerm({value}, {other}))"
        if SH.minCount in said:
            yield self._fewer(f"{node} {path} {value}", both, said[SH.minCount], shape)
        if SH.maxCount in said:
            yield self._more(f"{node} {path} {value}", both, said[SH.maxCount], shape)
        if SH.uniqueLang in said:
            yield f'{both} FILTER(LANG({value}) != "" && LCASE(LANG({value})) = LCASE(LANG({other})))'
        for predicate in self.shapes.objects(shape, SH.equals):
            there = predicate.n3()
            yield f"{node} {path} {value} . FILTER NOT EXISTS {{ {node} {there} {value} }}"
            yield f"{node} {there} {value} . FILTER NOT EXISTS {{ {node} {path} {value} }}"
        for predicate in self.shapes.objects(shape, SH.disjoint):
            yield f"{node} {path} {value} . {node} {predicate.n3()} {value} ."
        for predicate in self.shapes.objects(shape, SH.lessThan):
            pair = f"{node} {path} {value} . {node} {predicate.n3()} {other} ."
            yield f"{pair} FILTER(!COALESCE({value} < {other}, false))"
        if SH.qualifiedValueShape in said:
            yield from self._qualified(shape, said, node, path)

    def _qualified(self, shape: Node, said: Mapping[Node, Node], node: str, path: str) -> Iterator[str]:
        value, other = self._variable(), self._variable()
        first, second = (
            f"{node} {path} {v} . {self._conforms(said[SH.qualifiedValueShape], v)}" for v in (value, other)
        )
        both = f"{first} {second} FILTER(!sameTerm({value}, {other}))"
        if SH.qualifiedMinCount in said:
            yield self._fewer(first, both, said[SH.qualifiedMinCount], shape)
        if SH.qualifiedMaxCount in said:
            yield self._more(first, both, said[SH.qualifiedMaxCount], shape)

    def _fewer(self, one: str, two: str, least: Node, shape: Node) -> str:
        """Return the pattern of fewer than ``least`` values (one or two)."""
        wanted = {1: one, 2: two}.get(int(str(least)))
        if wanted is None:
            raise UnscreenableError(f"{shape}: a minimum of {least} is not compiled to SPARQL")
        return f"FILTER NOT EXISTS {{ {wanted} }}"

    def _more(self, one: str, two: str, most: Node, shape: Node) -> str:
        """Return the pattern of more than ``most`` values (none or one)."""
        found = {0: one, 1: two}.get(int(str(most)))
        if found is None:
            raise UnscreenableError(f"{shape}: a maximum of {most} is not compiled to SPARQL")
        return found

    def _violates(self, shape: Node, node: str) -> str:
        """Return a filter that holds where the node violates ``shape``."""
        ways = " UNION ".join(f"{{ {pattern} }}" for pattern in self.violations(shape, node))
        return f"FILTER EXISTS {{ {ways} }}" if ways else "FILTER(false)"

    def _conforms(self, shape: Node, node: str) -> str:
        """Return a filter that holds where the node conforms to ``shape``."""
        return " ".join(f"FILTER NOT EXISTS {{ {pattern} }}" for pattern in self.violations(shape, node))

    def _sparql(self, shape: Node, constraint: Node, node: str) -> str:
        """Return the constraint's own query; it starts from the targets, as pre-binding has it (§5.3.1)."""
        select = str(self.shapes.value(constraint, SH.select)).replace("$this", node)
        if targets := " UNION ".join(self._targets(shape)) if node == THIS else "":
            select = select.replace("WHERE {", f"WHERE {{ {targets} ", 1)
        return f"{{ SELECT DISTINCT {node} WHERE {{ {{ {select} }} }} }}"

    def _is_a(self, node: str, cls: Node) -> str:
        """Return the pattern of a node of the class or of a class below it (§1.1, SHACL instance)."""
        classes = self.tree.transitive_subjects(RDFS.subClassOf, cls)
        below = " ".join(sorted(c.n3() for c in classes if isinstance(c, rdflib.URIRef)))
        kind = self._variable()
        return f"VALUES {kind} {{ {below} }} {node} a {kind} ."

    def _variable(self) -> str:
        return f"?v{next(self.fresh)}"

    # One method for each constraint component that is about a single value node.

    def _class(self, _shape: Node, cls: Node, value: str) -> Iterator[str]:
        yield f"FILTER NOT EXISTS {{ {self._is_a(value, cls)} }}"

    def _datatype(self, _shape: Node, datatype: Node, value: str) -> Iterator[str]:
        yield f"FILTER(!COALESCE(DATATYPE({value}) = {datatype.n3()}, false))"

    def _node_kind(self, _shape: Node, kind: Node, value: str) -> Iterator[str]:
        yield f"FILTER(!{KINDS[kind].format(value)})"

    def _pattern(self, _shape: Node, pattern: Node, value: str) -> Iterator[str]:
        yield f"FILTER(isBlank({value}) || !REGEX(STR({value}), {pattern.n3()}))"

    def _min_length(self, _shape: Node, length: Node, value: str) -> Iterator[str]:
        yield f"FILTER(isBlank({value}) || STRLEN(STR({value})) < {length.n3()})"

    def _min_inclusive(self, _shape: Node, bound: Node, value: str) -> Iterator[str]:
        yield f"FILTER(!COALESCE({value} >= {bound.n3()}, false))"

    def _in(self, _shape: Node, members: Node, value: str) -> Iterator[str]:
        alike = (f"sameTerm({value}, {member.n3()})" for member in self.shapes.items(members))
        yield f"FILTER(!({' || '.join(alike)}))"

    def _language_in(self, _shape: Node, ranges: Node, value: str) -> Iterator[str]:
        fits = (f"LANGMATCHES(LANG({value}), {tag.n3()})" for tag in self.shapes.items(ranges))
        yield f"FILTER(!COALESCE({' || '.join(fits)}, false))"

    def _closed(self, shape: Node, _true: Node, value: str) -> Iterator[str]:
        own = (self.shapes.value(part, SH.path) for part in self.shapes.objects(shape, SH.property))
        ignored = self.shapes.value(shape, SH.ignoredProperties)
        free = [*own, *(self.shapes.items(ignored) if ignored is not None else ())]
        names = ", ".join(sorted(path.n3() for path in free if isinstance(path, rdflib.URIRef)))
        predicate, target = self._variable(), self._variable()
        yield f"{value} {predicate} {target} . FILTER({predicate} NOT IN ({names}))"

    def _nested(self, _shape: Node, other: Node, value: str) -> Iterator[str]:
        yield from self.violations(other, value)

    def _or(self, _shape: Node, members: Node, value: str) -> Iterator[str]:
        yield " ".join(self._violates(member, value) for member in self.shapes.items(members))


VALUE_CONSTRAINTS: Final[Mapping[Node, Callable[[Screen, Node, Node, str], Iterator[str]]]] = {
    SH["class"]: Screen._class,
    SH.closed: Screen._closed,
    SH.datatype: Screen._datatype,
    SH["in"]: Screen._in,
    SH.languageIn: Screen._language_in,
    SH.minInclusive: Screen._min_inclusive,
    SH.minLength: Screen._min_length,
    SH.node: Screen._nested,
    SH.nodeKind: Screen._node_kind,
    SH["or"]: Screen._or,
    SH.pattern: Screen._pattern,
    SH.property: Screen._nested,
}
SET_CONSTRAINTS: Final = frozenset(
    (
        *(SH.minCount, SH.maxCount, SH.uniqueLang, SH.equals, SH.disjoint, SH.lessThan),
        *(SH.qualifiedValueShape, SH.qualifiedMinCount, SH.qualifiedMaxCount),
    )
)


def violated(data: Store, shapes: rdflib.Graph, tree: rdflib.Graph) -> set[Node]:
    """Return the shapes with targets that some node violates, in the union of the graphs of ``data``.

    ``tree`` holds the ``rdfs:subClassOf`` statements of ``data``. A shape that uses what is not compiled is
    returned too, so that pyshacl looks at it.
    """
    prefixes = {
        str(shapes.value(declared, SH.prefix)): str(shapes.value(declared, SH.namespace))
        for declared in shapes.subjects(RDF.type, SH.PrefixDeclaration)
    }
    found: set[Node] = set()
    screen = Screen(shapes, tree)
    for shape in screen.shapes_with_targets():
        try:
            queries = screen.queries(shape)
        except UnscreenableError:
            found.add(shape)
            continue
        if any(_has_rows(data, query, prefixes) for query in queries):
            found.add(shape)
    return found


def _has_rows(data: Store, query: str, prefixes: dict[str, str]) -> bool:
    rows = data.query(query, prefixes=prefixes, use_default_graph_as_union=True)
    if not isinstance(rows, QuerySolutions):
        raise TypeError("a screening query selects")
    return next(rows, None) is not None


def only(shapes: rdflib.Graph, wanted: set[Node]) -> rdflib.Graph:
    """Return ``shapes`` with no targets but those of the shapes ``wanted``."""
    kept = rdflib.Graph(bind_namespaces="none")
    for subject, predicate, value in shapes:
        if subject in wanted or predicate not in TARGETS:
            kept.add((subject, predicate, value))
    return kept
