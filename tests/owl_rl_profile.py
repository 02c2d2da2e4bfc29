"""Whether an RDF graph keeps to OWL 2 RL and to the global restrictions of OWL 2 DL.

Section numbers with an R are of *OWL 2 Profiles* (https://www.w3.org/TR/owl2-profiles/#OWL_2_RL), those with
an S of *OWL 2 Structural Specification* (https://www.w3.org/TR/owl2-syntax/). The checkers read triples, not
a parsed ontology, so that nothing a parser would silently repair is missed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rdflib import OWL, RDF, RDFS, XSD, BNode, Graph, Literal, URIRef
from rdflib.collection import Collection
from rdflib.term import Node

SUPPORTED_DATATYPES: Final = frozenset(
    {RDF.PlainLiteral, RDF.XMLLiteral, RDF.langString, RDFS.Literal}
) | frozenset(
    {
        XSD.decimal,
        XSD.integer,
        XSD.nonNegativeInteger,
        XSD.nonPositiveInteger,
        XSD.positiveInteger,
        XSD.negativeInteger,
        XSD.long,
        XSD.int,
        XSD.short,
        XSD.byte,
        XSD.unsignedLong,
        XSD.unsignedInt,
        XSD.unsignedShort,
        XSD.unsignedByte,
        XSD.float,
        XSD.double,
        XSD.string,
        XSD.normalizedString,
        XSD.token,
        XSD.language,
        XSD.Name,
        XSD.NCName,
        XSD.NMTOKEN,
        XSD.boolean,
        XSD.hexBinary,
        XSD.base64Binary,
        XSD.anyURI,
        XSD.dateTime,
        XSD.dateTimeStamp,
    }
)
"""R 4.2.1; rdf:langString is RDF 1.1's name for the language-tagged values of rdf:PlainLiteral."""

CHARACTERISTICS_OF_SIMPLE: Final = frozenset(
    {
        OWL.FunctionalProperty,
        OWL.InverseFunctionalProperty,
        OWL.IrreflexiveProperty,
        OWL.AsymmetricProperty,
    }
)
"""S 11.2: axioms that only a simple object property may stand in."""

PROPERTY_KINDS: Final = (OWL.ObjectProperty, OWL.DatatypeProperty, OWL.AnnotationProperty)

RESERVED: Final = (str(OWL), str(RDF), str(RDFS), str(XSD))


def _is_reserved(node: Node) -> bool:
    return str(node).startswith(RESERVED)


def rl_violations(graph: Graph) -> list[str]:
    """Return a sentence for everything in ``graph`` that OWL 2 RL does not allow, sorted."""
    checks = (_banned_axioms, _class_axioms, _property_axioms, _keys, _assertions, _datatypes)
    return sorted({fault for check in checks for fault in check(graph)})


def dl_violations(graph: Graph) -> list[str]:
    """Return a sentence for everything that breaks a global restriction of OWL 2 DL, sorted."""
    checks = (_declarations, _typing, _simple_properties, _chain_order, _reserved_names)
    return sorted({fault for check in checks for fault in check(graph)})


def _is_class_expression(graph: Graph, node: Node) -> bool:
    return isinstance(node, BNode) and (
        (node, RDF.type, OWL.Class) in graph or (node, RDF.type, OWL.Restriction) in graph
    )


def _members(graph: Graph, node: Node, predicate: URIRef) -> list[Node]:
    head = graph.value(node, predicate)
    return [] if head is None else list(Collection(graph, head))


def _sub(graph: Graph, node: Node) -> Iterator[str]:
    """R 4.2.3, subClassExpression: what may stand on the left of an axiom."""
    if node == OWL.Thing:
        yield "R 4.2.3: owl:Thing cannot be a subclass expression"
    if isinstance(node, URIRef) or _is_a_data_filler(graph, node):
        return
    if (node, OWL.oneOf, None) in graph or (node, OWL.hasValue, None) in graph:
        return
    for connective in (OWL.intersectionOf, OWL.unionOf):
        if (node, connective, None) in graph:
            for member in _members(graph, node, connective):
                yield from _sub(graph, member)
            return
    filler = graph.value(node, OWL.someValuesFrom)
    if filler is None:
        yield f"R 4.2.3: not allowed as a subclass expression: {_describe(graph, node)}"
    elif filler != OWL.Thing:
        yield from _sub(graph, filler)


def _super(graph: Graph, node: Node) -> Iterator[str]:
    """R 4.2.3, superClassExpression: what may stand on the right of an axiom."""
    if node == OWL.Thing:
        yield "R 4.2.3: owl:Thing cannot be a superclass expression"
    if isinstance(node, URIRef) or _is_a_data_filler(graph, node) or (node, OWL.hasValue, None) in graph:
        return
    if (node, OWL.intersectionOf, None) in graph:
        for member in _members(graph, node, OWL.intersectionOf):
            yield from _super(graph, member)
        return
    complement, filler = graph.value(node, OWL.complementOf), graph.value(node, OWL.allValuesFrom)
    if complement is not None:
        yield from _sub(graph, complement)
    elif filler is not None:
        yield from _super(graph, filler)
    else:
        yield from _maximum(graph, node)


def _maximum(graph: Graph, node: Node) -> Iterator[str]:
    """R 4.2.3: of the cardinalities only a maximum of 0 or 1, over a subclass expression or owl:Thing."""
    limits = [graph.value(node, p) for p in (OWL.maxCardinality, OWL.maxQualifiedCardinality)]
    stated = [limit for limit in limits if limit is not None]
    if not stated or any(str(limit) not in {"0", "1"} for limit in stated):
        yield f"R 4.2.3: not allowed as a superclass expression: {_describe(graph, node)}"
    filler = graph.value(node, OWL.onClass)
    if filler is not None and filler != OWL.Thing:
        yield from _sub(graph, filler)


def _equivalent(graph: Graph, node: Node) -> Iterator[str]:
    """R 4.2.3, equivClassExpression: named classes, their intersections, and values."""
    if node == OWL.Thing:
        yield "R 4.2.3: owl:Thing cannot be an equivalent class"
    if isinstance(node, URIRef) or (node, OWL.hasValue, None) in graph:
        return
    members = _members(graph, node, OWL.intersectionOf)
    if not members:
        yield f"R 4.2.3: not allowed as an equivalent class: {_describe(graph, node)}"
    for member in members:
        yield from _equivalent(graph, member)


def _is_a_data_filler(graph: Graph, node: Node) -> bool:
    return (node, RDF.type, RDFS.Datatype) in graph


def _describe(graph: Graph, node: Node) -> str:
    parts = sorted(f"{p.n3()} {o.n3()}" for p, o in graph.predicate_objects(node) if not isinstance(o, BNode))
    return " ; ".join(parts)


def _banned_axioms(graph: Graph) -> Iterator[str]:
    """R 4.2.5: DisjointUnion and ReflexiveObjectProperty have no place in RL; R 4.2.3: nor has HasSelf."""
    for subject in graph.subjects(OWL.disjointUnionOf):
        yield f"R 4.2.5: disjoint union of {subject.n3()}"
    for subject in graph.subjects(RDF.type, OWL.ReflexiveProperty):
        yield f"R 4.2.5: reflexive property {subject.n3()}"
    for subject in graph.subjects(OWL.hasSelf):
        yield f"R 4.2.3: owl:hasSelf in {_describe(graph, subject)}"


def _class_axioms(graph: Graph) -> Iterator[str]:
    """R 4.2.5: each side of a class axiom keeps to its own kind of class expression."""
    for left, right in graph.subject_objects(RDFS.subClassOf):
        yield from _sub(graph, left)
        yield from _super(graph, right)
    for left, right in graph.subject_objects(OWL.equivalentClass):
        for side in (left, right):
            yield from _equivalent(graph, side)
    for left, right in graph.subject_objects(OWL.disjointWith):
        for side in (left, right):
            yield from _sub(graph, side)
    for axiom in graph.subjects(RDF.type, OWL.AllDisjointClasses):
        for member in _members(graph, axiom, OWL.members):
            yield from _sub(graph, member)
    for node in set(graph.subjects(OWL.intersectionOf)) | set(graph.subjects(OWL.unionOf)):
        if isinstance(node, URIRef):
            yield f"R 4.2.5: {node.n3()} is defined by a class expression without an axiom"


def _property_axioms(graph: Graph) -> Iterator[str]:
    """R 4.2.5: domains, and ranges of object properties, are superclass expressions."""
    for prop in graph.subjects(RDF.type, OWL.ObjectProperty):
        for predicate in (RDFS.domain, RDFS.range):
            for node in graph.objects(prop, predicate):
                yield from _super(graph, node)
    for prop in graph.subjects(RDF.type, OWL.DatatypeProperty):
        for node in graph.objects(prop, RDFS.domain):
            yield from _super(graph, node)
        for node in graph.objects(prop, RDFS.range):
            yield from _data_range(graph, node)


def _data_range(graph: Graph, node: Node) -> Iterator[str]:
    """R 4.2.4: a data range is a supported datatype or an intersection of such."""
    members = _members(graph, node, OWL.intersectionOf)
    if isinstance(node, URIRef):
        if node not in SUPPORTED_DATATYPES:
            yield f"R 4.2.1: datatype {node.n3()} is not supported"
    elif not members:
        yield f"R 4.2.4: not a data range: {_describe(graph, node)}"
    for member in members:
        yield from _data_range(graph, member)


def _keys(graph: Graph) -> Iterator[str]:
    for subject in graph.subjects(OWL.hasKey):
        yield from _sub(graph, subject)


def _assertions(graph: Graph) -> Iterator[str]:
    """R 4.2.5: an individual is asserted to belong to a superclass expression."""
    for node in graph.objects(None, RDF.type):
        if _is_class_expression(graph, node):
            yield from _super(graph, node)


def _datatypes(graph: Graph) -> Iterator[str]:
    """R 4.2.1: literals that reasoning sees, those of data properties, have supported datatypes."""
    for prop in graph.subjects(RDF.type, OWL.DatatypeProperty):
        for value in graph.objects(None, prop):
            if isinstance(value, Literal) and value.datatype not in SUPPORTED_DATATYPES | {None}:
                yield f"R 4.2.1: a value of {prop.n3()} has the datatype <{value.datatype}>"


def _declarations(graph: Graph) -> Iterator[str]:
    """S 5.8.2: every class and property that is used is declared."""
    for prop in set(graph.predicates()):
        if not _is_reserved(prop) and not any((prop, RDF.type, k) in graph for k in PROPERTY_KINDS):
            yield f"S 5.8.2: property {prop.n3()} is used and not declared"
    classes = set(graph.objects(None, RDF.type)) | set(graph.objects(None, RDFS.subClassOf))
    classes |= set(graph.objects(None, RDFS.domain))
    for prop in graph.subjects(RDF.type, OWL.ObjectProperty):
        classes |= set(graph.objects(prop, RDFS.range))
    for node in classes:
        if isinstance(node, URIRef) and not _is_reserved(node) and (node, RDF.type, OWL.Class) not in graph:
            yield f"S 5.8.2: class {node.n3()} is used and not declared"


def _typing(graph: Graph) -> Iterator[str]:
    """S 5.8.1: no IRI is two of object, data and annotation property, nor both class and datatype."""
    for prop in {s for kind in PROPERTY_KINDS for s in graph.subjects(RDF.type, kind)}:
        if sum((prop, RDF.type, kind) in graph for kind in PROPERTY_KINDS) > 1:
            yield f"S 5.8.1: {prop.n3()} is a property of two kinds"
    for prop in graph.subjects(RDF.type, OWL.ObjectProperty):
        if any(isinstance(value, Literal) for value in graph.objects(None, prop)):
            yield f"S 9.6.4: object property {prop.n3()} has a literal value"
    for prop in graph.subjects(RDF.type, OWL.DatatypeProperty):
        if any(not isinstance(value, Literal) for value in graph.objects(None, prop)):
            yield f"S 9.6.6: data property {prop.n3()} has a value that is no literal"
    for node in graph.subjects(RDF.type, RDFS.Datatype):
        if (node, RDF.type, OWL.Class) in graph:
            yield f"S 5.8.1: {node.n3()} is a class and a datatype"


def _supers(graph: Graph, prop: Node) -> set[Node]:
    """Return ``prop`` and everything above it: S 11.1's →*, inverses included."""
    found: set[Node] = set()
    waiting = [prop]
    while waiting:
        node = waiting.pop()
        if node in found:
            continue
        found.add(node)
        waiting += [*graph.objects(node, RDFS.subPropertyOf), *graph.objects(node, OWL.equivalentProperty)]
        waiting += [*graph.objects(node, OWL.inverseOf), *graph.subjects(OWL.inverseOf, node)]
    return found


def _composite(graph: Graph) -> set[Node]:
    """S 11.1: transitive properties, heads of chains, their inverses, and all above them are not simple."""
    roots = set(graph.subjects(RDF.type, OWL.TransitiveProperty)) | set(
        graph.subjects(OWL.propertyChainAxiom)
    )
    return {above for root in roots for above in _supers(graph, root)}


def _simple_properties(graph: Graph) -> Iterator[str]:
    """S 11.2: restriction on simple roles."""
    for prop in _composite(graph):
        if set(graph.objects(prop, RDF.type)) & CHARACTERISTICS_OF_SIMPLE:
            yield f"S 11.2: {prop.n3()} is not simple and has a characteristic that demands it"
        if (prop, OWL.propertyDisjointWith, None) in graph or (None, OWL.propertyDisjointWith, prop) in graph:
            yield f"S 11.2: {prop.n3()} is not simple and stands in a disjointness"
        for restriction in graph.subjects(OWL.onProperty, prop):
            if any("ardinality" in str(p) or p == OWL.hasSelf for p in graph.predicates(restriction)):
                yield f"S 11.2: {prop.n3()} is not simple and stands in a cardinality"


def _chain_order(graph: Graph) -> Iterator[str]:
    """S 11.2: restriction on the property hierarchy: a chain's links stand strictly below its head."""
    for head, chain in graph.subject_objects(OWL.propertyChainAxiom):
        for link in set(Collection(graph, chain)) - {head}:
            if head in _depends_on(graph, link):
                yield f"S 11.2: the chain of {head.n3()} is not regular: {link.n3()} stands above it"


def _depends_on(graph: Graph, prop: Node) -> set[Node]:
    """Return ``prop`` and every property that something it holds can follow from."""
    found: set[Node] = set()
    waiting = [prop]
    while waiting:
        node = waiting.pop()
        if node in found:
            continue
        found.add(node)
        waiting += graph.subjects(RDFS.subPropertyOf, node)
        for predicate in (OWL.inverseOf, OWL.equivalentProperty):
            waiting += [*graph.objects(node, predicate), *graph.subjects(predicate, node)]
        for chain in graph.objects(node, OWL.propertyChainAxiom):
            waiting += Collection(graph, chain)
    return found


def _reserved_names(graph: Graph) -> Iterator[str]:
    """S 2.4: names of the reserved vocabulary are no classes or properties of one's own."""
    for _, node in graph.subject_objects(RDFS.subClassOf):
        if isinstance(node, URIRef) and _is_reserved(node) and node != OWL.Thing:
            yield f"S 2.4: {node.n3()} is reserved and stands as a class"
    for _, node in graph.subject_objects(RDFS.subPropertyOf):
        if isinstance(node, URIRef) and _is_reserved(node):
            yield f"S 2.4: {node.n3()} is reserved and stands as a property"
