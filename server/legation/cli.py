"""The command line: parse arguments, call one function. The commands live with what they do."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Final

import click

COMMANDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "check": "legation.publish.commands:check_command",
        "format": "legation.publish.commands:format_command",
        "publish": "legation.publish.commands:publish_command",
        "questions": "legation.publish.commands:questions_command",
        "report": "legation.publish.report:report_command",
        "passage": "legation.publish.commands:passage_command",
        "verify": "legation.publish.commands:verify_command",
        "serve": "legation.serve.command:serve",
        "settings": "legation.serve.command:settings",
        "push": "legation.push.command:push",
        "wikidata": "legation.wikidata.command:wikidata",
    }
)
"""Command to where it is defined. Loaded when asked for, so that serving does not wait for the validators."""


class Commands(click.Group):
    """A group that loads a command when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands, in the order a newcomer needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one command; ``None`` if there is no such command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command


@click.group(cls=Commands)
@click.version_option(package_name="legation")
def main() -> None:
    """Publish who represents whom, in which counter-terrorism body, when, and according to which source.

    Authored Turtle is checked, closed under inference, described and frozen into a release (`publish`); a
    server answers from that release (`serve`).

    Every command exits with 0 when all is well, 1 when it found something wrong, 2 when it was called
    wrongly.
    """
