"""What a route answers, said beside it: the source from which ``/openapi.json`` is made.

Paths, methods and path parameters come from the route itself, the summary from the view's docstring. What
only the view knows (its representations, its errors, its fields) is put on it by ``described``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from legation.serve.web.negotiation import Offer

View = TypeVar("View", bound=Callable[..., Any])
Schema = Mapping[str, Any]

OPERATION: Final = "operation"
"""The attribute of a view that holds its ``Operation``."""

FILE: Final = Offer("file", "*/*")
"""A file: its type is its own."""

TEXT: Final[Schema] = {"type": "string"}


@dataclass(frozen=True)
class Parameter:
    """A field of the address or of a form: its name, what it means, and the JSON Schema of its value."""

    name: str
    description: str
    schema: Schema = field(default_factory=lambda: TEXT)
    required: bool = False


@dataclass(frozen=True)
class Operation:
    """One route with one method, less what the route itself says."""

    answers: tuple[Offer, ...] = ()
    """The representations of a good answer, 200."""

    leads: tuple[int, ...] = ()
    """The statuses of redirects that it answers with."""

    errors: tuple[str, ...] = ()
    """The kinds of problem (``problems.KINDS``) that it answers with, beyond those that every route may."""

    fields: tuple[Parameter, ...] = ()
    """Fields of the query string, beyond ``format`` and ``lang``."""

    bodies: Mapping[str, Schema] = field(default_factory=dict)
    """What may be sent as a body, by media type."""

    schema: Schema = field(default_factory=dict)
    """The JSON Schema of an answer in JSON."""

    lasting: bool = True
    """Whether answers carry a validator, so that 304 is one of them."""


def described(  # noqa: PLR0913  # one for each field of an operation
    *answers: Offer,
    leads: tuple[int, ...] = (),
    errors: tuple[str, ...] = (),
    fields: tuple[Parameter, ...] = (),
    bodies: Mapping[str, Schema] | None = None,
    schema: Schema | None = None,
    lasting: bool = True,
) -> Callable[[View], View]:
    """Say of a view what ``/openapi.json`` shows: see ``Operation`` for each."""
    said = Operation(answers, leads, errors, fields, bodies or {}, schema or {}, lasting)

    def describe(view: View) -> View:
        setattr(view, OPERATION, said)
        return view

    return describe
