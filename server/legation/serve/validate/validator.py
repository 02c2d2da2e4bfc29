"""A validation worker: one process that tries posted documents against the shapes of one release.

Started as ``python -m legation.serve.validate.validator``; standard input is the socket to the server.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import rdflib
from pyoxigraph import NamedNode, Quad, Store, Triple
from rdflib.namespace import RDF, SH
from rdflib.term import Node

from legation.namespaces import BASE, GRAPH, ID, PREFIXES
from legation.serve.query import sandbox, wire
from legation.serve.query.results import Spool, TooLargeError
from legation.serve.validate import posted
from legation.serve.web.formats import GRAPH_FORMATS, write_graph
from legation.shacl import FOR_READERS, validate
from legation.terms import add_to, to_oxigraph, to_rdflib

TYPE: Final = NamedNode(f"{PREFIXES['rdf']}type")
TOLD_WHOLE: Final = (f"{ID}concept/", f"{ID}scheme/")
"""Things of which everything is told to the validator when a document names them; of others their classes."""


@dataclass(frozen=True)
class Validator:
    """What one worker process holds."""

    store: Store
    ontology: tuple[Triple, ...]
    shapes: rdflib.Graph
    context: Mapping[str, Any]
    result_limit: int

    def answer(self, frame: wire.Frame) -> wire.Frame:
        """Validate the document in ``frame``; a refusal is a frame as well as a report is."""
        try:
            document = posted.read(frame.body, GRAPH_FORMATS[frame.header["syntax"]], self.context)
            report = self.report(document)
            spool = Spool(self.result_limit)
            write_graph(report, frame.header["format"], spool, self.context)
            return spool.frame({"status": "ok", "kind": "graph"})
        except posted.NotReadError as error:
            detail = f"error at {error.line}:{error.column}: {error}"
            return wire.Frame({"status": "syntax", "detail": detail})
        except TooLargeError:
            return wire.Frame({"status": "too-large"})
        except MemoryError:
            return wire.Frame({"status": "memory"})

    def report(self, document: Sequence[Triple]) -> list[Triple]:
        """Return the validation report on what ``document`` describes."""
        data = rdflib.Graph()
        add_to(data, (*self.ontology, *document, *self.known(document)))
        described: set[Node] = {to_rdflib(triple.subject) for triple in document}
        return [to_oxigraph(triple) for triple in about(validate(data, self.shapes), described)]

    def known(self, document: Sequence[Triple]) -> set[Triple]:
        """Return what the release says of the things that a document names and does not class itself.

        Their classes; of concepts and schemes everything.
        """
        classed = {triple.subject for triple in document if triple.predicate == TYPE}
        named = {
            term
            for triple in document
            for term in (triple.subject, triple.object)
            if isinstance(term, NamedNode) and term.value.startswith(BASE) and term not in classed
        }
        found = (self._published(term) for term in named)
        return {quad.triple for quads in found for quad in quads}

    def _published(self, term: NamedNode) -> Iterable[Quad]:
        wanted = None if term.value.startswith(TOLD_WHOLE) else TYPE
        return self.store.quads_for_pattern(term, wanted, None, None)


def about(report: rdflib.Graph, described: set[Node]) -> Iterable[tuple[Node, Node, Node]]:
    """Yield the report on the things in ``described``, the rest of the results left out.

    A result is about its focus node, or about its value where a rule asks once for the whole graph.
    """
    yours = [
        result
        for head in report.subjects(RDF.type, SH.ValidationReport)
        for result in report.objects(head, SH.result)
        if {report.value(result, SH.focusNode), report.value(result, SH.value)} & described
    ]
    head = rdflib.BNode()
    yield head, RDF.type, SH.ValidationReport
    yield head, SH.conforms, rdflib.Literal(not yours)
    for result in yours:
        yield head, SH.result, result
        yield from _whole(report, result, set())


def _whole(report: rdflib.Graph, node: Node, seen: set[Node]) -> Iterable[tuple[Node, Node, Node]]:
    """Yield the statements of a result and of the blank nodes it leads to."""
    seen.add(node)
    for triple in report.triples((node, None, None)):
        yield triple
        if isinstance(triple[2], rdflib.BNode) and triple[2] not in seen:
            yield from _whole(report, triple[2], seen)


def load(store: Store, context: Mapping[str, Any], result_limit: int) -> Validator:
    """Return the validator of the release in ``store``."""
    ontology, shapes = (
        [quad.triple for quad in store.quads_for_pattern(None, None, None, NamedNode(GRAPH + name))]
        for name in ("ontology", "shapes")
    )
    graph = rdflib.Graph()
    add_to(graph, (triple for triple in shapes if triple.predicate.value not in FOR_READERS))
    validator = Validator(store, tuple(ontology), graph, context, result_limit)
    validator.report([])  # so that the first document does not pay for what is made once
    return validator


def main() -> None:
    """Validate documents on standard input until the server goes away."""
    parser = argparse.ArgumentParser(prog="legation.serve.validate.validator")
    parser.add_argument("store")
    parser.add_argument("context", type=Path)
    parser.add_argument("memory_limit", type=int)
    parser.add_argument("result_limit", type=int)
    arguments = parser.parse_args()
    connection = socket.socket(fileno=os.dup(0))
    guarded = sandbox.forbid_sockets()
    validator = load(
        store=Store.read_only(arguments.store),
        context=json.loads(arguments.context.read_text(encoding="utf-8"))["@context"],
        result_limit=arguments.result_limit,
    )
    sandbox.limit_memory(arguments.memory_limit, arguments.memory_limit)
    wire.send(connection, wire.Frame({"status": "ready", "guarded": guarded}))
    # The work is done beside this thread, which meanwhile sees the server go, and then ends both.
    with suppress(wire.ClosedError):
        while True:
            frame = wire.receive(connection)
            threading.Thread(target=_answer, args=(validator, frame, connection), daemon=True).start()


def _answer(validator: Validator, frame: wire.Frame, connection: socket.socket) -> None:
    wire.send(connection, validator.answer(frame))


if __name__ == "__main__":
    main()
