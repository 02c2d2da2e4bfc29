"""The command line: parse arguments, call one function."""

from __future__ import annotations

import click


@click.group()
def main() -> None:
    """Publish who represents whom, in which counter-terrorism body, when, and according to which source."""
