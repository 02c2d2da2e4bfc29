"""Templates in one language each: their messages are translated once, when they are compiled."""

from __future__ import annotations

import hashlib
import os
import sys
from functools import cache
from pathlib import Path
from typing import Any, Final

from flask import Flask, current_app
from flask.templating import Environment
from jinja2 import FileSystemBytecodeCache, nodes
from jinja2.visitor import NodeTransformer
from markupsafe import Markup

from legation.serve.words.messages import FOLDER, catalogue

EXTENSION: Final = "legation.templates"
COMPILED: Final = Path(__file__).parents[1] / "__pycache__"
GETTEXT: Final = frozenset({"_", "gettext"})


class Speaking(Environment):
    """Compiles templates in its language."""

    language = ""

    def in_language(self, language: str) -> Speaking:
        """Return an environment like this one that compiles templates in ``language``."""
        found = self.overlay()
        found.language = language
        found.bytecode_cache = compiled_templates(COMPILED, language)

        def single(text: str, **values: object) -> Markup:
            return Markup(catalogue(language).ugettext(text)) % values  # noqa: S704  # ours

        def plural(one: str, many: str, num: int, **values: object) -> Markup:
            text = catalogue(language).ungettext(one, many, num)
            return Markup(text) % {"num": num, **values}  # noqa: S704  # ours

        found.globals = {**found.globals, "_": single, "gettext": single, "ngettext": plural}
        return found

    def _generate(self, source: nodes.Template, *args: Any, **options: Any) -> str:  # noqa: ANN401
        """Return the program of a template whose messages are in the language of the environment."""
        return super()._generate(Translating(self.language).visit(source), *args, **options)


class Translating(NodeTransformer):
    """Puts the text of a message in the place of its call, where the message stands in the template."""

    def __init__(self, language: str) -> None:
        """Translate into ``language``."""
        self._catalogue = catalogue(language)

    def visit_Call(self, node: nodes.Call, *args: Any, **options: Any) -> nodes.Node:  # noqa: ANN401, N802  # Jinja's name
        """Return a call as it is written: as a text where it is that of a message."""
        called = self.generic_visit(node, *args, **options)
        if not isinstance(node.node, nodes.Name) or node.node.name not in GETTEXT or len(node.args) != 1:
            return called
        message = node.args[0]
        if not isinstance(message, nodes.Const) or node.dyn_args or node.dyn_kwargs:
            return called
        text = Markup(self._catalogue.ugettext(message.value))  # noqa: S704  # ours, as gettext has it
        if not node.kwargs:
            return nodes.Const(text % {}, lineno=node.lineno)
        values = [nodes.Pair(nodes.Const(one.key), one.value) for one in node.kwargs]
        return nodes.Mod(nodes.MarkSafe(nodes.Const(str(text))), nodes.Dict(values), lineno=node.lineno)


def compiled_templates(folder: Path, language: str) -> FileSystemBytecodeCache | None:
    """Return what keeps the templates compiled in a language in ``folder``, as Python keeps compiled modules.

    Each is compiled anew where its text has changed, all are where this module has or the messages have.
    ``None`` where nothing may be written there: then each process compiles what it shows.
    """
    if sys.dont_write_bytecode or not os.access(folder, os.W_OK):
        return None
    files = (Path(__file__), FOLDER / f"{language}.po")
    how = hashlib.sha256(b"".join(file.read_bytes() for file in files if file.is_file())).hexdigest()[:8]
    return FileSystemBytecodeCache(str(folder), f"template-{language}-{how}-%s.pyc")


def speak(app: Flask) -> None:
    """Have the templates of ``app`` compiled in the language that each is shown in."""
    app.jinja_environment = Speaking
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.extensions[EXTENSION] = cache(app.jinja_env.in_language)  # type: ignore[attr-defined]  # it is ours


def render(template: str, language: str, values: dict[str, Any]) -> str:
    """Return a page made by ``template`` in a language, with ``values`` and those that every page has."""
    environment: Speaking = current_app.extensions[EXTENSION](language)
    current_app.update_template_context(values)
    return environment.get_template(template).render(values)
