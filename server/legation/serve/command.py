"""The commands ``legation serve`` and ``legation settings``."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import click

from legation.project import open_project, releases_folder
from legation.release import CURRENT
from legation.serve.settings import TABLE, Setting, Settings, settings_table

LEGATION: Final = (sys.executable, "-c", "from legation.cli import main; main(prog_name='legation')")


def _type(one: Setting) -> click.ParamType[Any]:
    if one.about.choices:
        return click.Choice(one.about.choices)
    match one.default:
        case Path():
            return click.Path(path_type=Path)
        case int():
            return click.IntRange(one.about.least, one.about.most)
        case float():
            return click.FloatRange(one.about.least, one.about.most)
    return click.STRING


def _option(one: Setting) -> click.Option:
    """Return the option of one setting; it has no default, so that what was not said stays unsaid."""
    return click.Option(
        [one.option, one.name],
        type=_type(one),
        multiple=one.is_list,
        envvar=one.variable,
        metavar=one.about.unit or None,
        help=f"{one.about.text}  [default: {one.default_text}]",
    )


def _serve(*, quiet: bool, **said: Any) -> None:  # noqa: ANN401  # one for each setting, as `_type` has them
    gc.disable()
    from legation.release import ReleaseError  # noqa: PLC0415  # `legation --help` need not wait for the engine
    from legation.serve.query.outbound import HostError  # noqa: PLC0415
    from legation.serve.run import ListenError, run, say_nothing  # noqa: PLC0415

    gc.freeze()  # what has been loaded stays: it need not be looked through again

    settings = _settings(said, quiet=quiet)
    try:
        status = run(settings, say_nothing if quiet else click.echo)
    except (ReleaseError, ListenError, HostError) as error:
        raise click.ClickException(str(error)) from error
    if status != 0:
        raise click.exceptions.Exit(status)


serve: Final = click.Command(
    "serve",
    callback=_serve,
    params=[
        *map(_option, TABLE.values()),
        click.Option(["--quiet"], is_flag=True, help="Say nothing but errors."),
    ],
    help="""Serve a release over HTTP: pages, linked data, downloads and SPARQL.

    Each option can be given as an environment variable, too: see `legation settings`.""",
)


@click.command()
def settings() -> None:
    """Show every setting of `legation serve`: option, environment variable, default, meaning."""
    click.echo(settings_table(), nl=False)


def _settings(said: Mapping[str, Any], *, quiet: bool) -> Settings:
    """Return the settings that options give; those that were not given keep their defaults."""
    given = {name: value for name, value in said.items() if value is not None}
    given.setdefault("release", None)
    sized = {name: value * TABLE[name].scale for name, value in given.items() if TABLE[name].scale > 1}
    release = given["release"] or _published(quiet=quiet)
    return Settings(**{**given, **sized, "release": release})


def _published(*, quiet: bool) -> Path:
    """Return the folder of the releases of the bundled project, published first where nothing is there.

    Publishing runs as a command of its own: it shares nothing with serving but the folder.
    """
    folder = releases_folder(open_project())
    if not (folder / CURRENT).exists():
        if not quiet:
            click.echo("No release yet: publishing the bundled data (a minute or two) …")
        options = ["--releases", str(folder), *(["--quiet"] if quiet else [])]
        if subprocess.run([*LEGATION, "publish", *options], check=False).returncode != 0:
            raise click.ClickException("the bundled data could not be published; see above")
    return folder
