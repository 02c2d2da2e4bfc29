"""The command ``legation serve``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

import click

from legation.project import open_project, releases_folder
from legation.release import CURRENT
from legation.serve.settings import MEBIBYTE, Settings, default_workers

LEGATION: Final = (sys.executable, "-c", "from legation.cli import main; main(prog_name='legation')")


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8080, show_default=True, type=click.IntRange(1, 65535), help="TCP port.")
@click.option(
    "--release",
    type=click.Path(path_type=Path),
    help="A release, or a folder of releases whose `current` is served.  [default: where `legation publish` "
    "puts them; when there is none yet, the bundled data is published first]",
)
@click.option(
    "--workers",
    default=default_workers(),
    show_default="processors, at least 2",
    type=click.IntRange(1),
    help="Free-form queries that run at the same time.",
)
@click.option("--queue", default=16, show_default=True, type=click.IntRange(0), help="Queries that may wait.")
@click.option(
    "--queue-time",
    default=10.0,
    show_default=True,
    type=click.FloatRange(min=0),
    help="Seconds a query may wait.",
)
@click.option(
    "--time-limit",
    default=30.0,
    show_default=True,
    type=click.FloatRange(min=0.1),
    help="Seconds one query may run.",
)
@click.option(
    "--memory-limit",
    default=1024,
    show_default=True,
    type=click.IntRange(16),
    help="MiB of address space one query may take.",
)
@click.option(
    "--result-limit", default=64, show_default=True, type=click.IntRange(1), help="MiB of one query's result."
)
@click.option("--quiet", is_flag=True, help="Say nothing but errors.")
def serve(  # noqa: PLR0913  # one for each option
    *,
    host: str,
    port: int,
    release: Path | None,
    workers: int,
    queue: int,
    queue_time: float,
    time_limit: float,
    memory_limit: int,
    result_limit: int,
    quiet: bool,
) -> None:
    """Serve a release over HTTP: pages, linked data, downloads and SPARQL."""
    from legation.release import ReleaseError  # noqa: PLC0415  # `legation --help` need not wait for the engine
    from legation.serve.run import ListenError, run  # noqa: PLC0415

    settings = Settings(
        release=release or _published(quiet=quiet),
        host=host,
        port=port,
        workers=workers,
        queue=queue,
        queue_time=queue_time,
        time_limit=time_limit,
        memory_limit=memory_limit * MEBIBYTE,
        result_limit=result_limit * MEBIBYTE,
    )
    try:
        run(settings, _say_nothing if quiet else click.echo)
    except (ReleaseError, ListenError) as error:
        raise click.ClickException(str(error)) from error


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


def _say_nothing(_line: str) -> None:
    """Take the place of ``click.echo``."""
