"""The commands for authors and publishers: check, format, publish, questions, passage, verify."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NoReturn, ParamSpec

import click

from legation.project import Project, ProjectError, open_project, releases_folder
from legation.publish.evidence import EvidenceError, passage_turtle, verify
from legation.publish.fault import Fault, PublishError
from legation.publish.freeze import ConflictError
from legation.publish.pipeline import Progress, assemble, check, publish
from legation.publish.questions import pin
from legation.publish.spelling import respell

P = ParamSpec("P")

FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER: Final = click.Path(file_okay=False, path_type=Path)
DOCUMENTS: Final = click.Path(exists=True, file_okay=False, path_type=Path)

project_option = click.option(
    "--project",
    "folder",
    type=FOLDER,
    help="The project's folder.  [default: the one installed with this program]",
)
releases_option = click.option(
    "--releases", type=FOLDER, help="Where releases are kept.  [default: releases/ in the project]"
)
quiet_option = click.option("--quiet", is_flag=True, help="Show no progress.")


def reporting(command: Callable[P, None]) -> Callable[P, None]:
    """Turn what stops a command into a message and exit code 1."""
    # rdflib logs every literal it cannot convert, with a traceback; the faults say it better.
    logging.getLogger("rdflib.term").setLevel(logging.ERROR)

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except PublishError as error:
            fail(error.faults)
        except (ProjectError, ConflictError, EvidenceError) as error:
            raise click.ClickException(str(error)) from error

    return wrapped


def fail(faults: Iterable[Fault]) -> NoReturn:
    """Print faults, a line each, and exit with 1."""
    shown = list(faults)
    clear_progress()
    for fault in shown:
        click.echo(Fault(near(fault.path), fault.line, fault.message))
    click.echo(f"{len(shown)} fault{'s' if len(shown) != 1 else ''}", err=True)
    sys.exit(1)


def near(path: Path) -> Path:
    """Return a path as seen from here, where that is shorter: editors and terminals can follow it."""
    return min(path, Path(os.path.relpath(path)), key=lambda p: len(str(p)))


def progress(*, quiet: bool) -> Progress:
    """Return how to say what happens next: on a terminal, unless asked to be quiet."""
    if quiet or not sys.stderr.isatty():
        return lambda _: None
    return lambda message: click.echo(f"\r\x1b[K{message} …", err=True, nl=False)


def clear_progress() -> None:
    """Take the last progress line away."""
    if sys.stderr.isatty():
        click.echo("\r\x1b[K", err=True, nl=False)


def open_with_releases(folder: Path | None, releases: Path | None) -> tuple[Project, Path]:
    """Open a project, and say where its releases are."""
    project = open_project(folder)
    return project, (releases or releases_folder(project)).resolve()


@click.command("check")
@click.argument("files", nargs=-1, type=FILE)
@project_option
@releases_option
@quiet_option
@reporting
def check_command(files: tuple[Path, ...], folder: Path | None, releases: Path | None, quiet: bool) -> None:
    """Check the authored files: syntax, spelling, references, shapes.

    The whole project is read; with FILES, only their faults are shown.
    """
    project, where = open_with_releases(folder, releases)
    try:
        check(project, where, progress(quiet=quiet))
    except PublishError as error:
        wanted = {file.resolve() for file in files}
        faults = [fault for fault in error.faults if not wanted or fault.path in wanted]
        if faults:
            fail(faults)
    clear_progress()


@click.command("format")
@click.argument("files", nargs=-1, type=FILE)
@click.option(
    "--check", "only_check", is_flag=True, help="Write nothing; exit with 1 if a file would change."
)
@project_option
@reporting
def format_command(files: tuple[Path, ...], only_check: bool, folder: Path | None) -> None:
    """Write FILES (all authored files by default) in their canonical spelling."""
    paths = [file.resolve() for file in files] or list(open_project(folder).turtle_files())
    changed = respell(paths, write=not only_check)
    for path in changed:
        click.echo(near(path))
    sys.exit(1 if only_check and changed else 0)


@click.command("publish")
@click.option("--replace", is_flag=True, help="Replace a release of this version that nobody was given yet.")
@project_option
@releases_option
@quiet_option
@reporting
def publish_command(folder: Path | None, releases: Path | None, quiet: bool, replace: bool) -> None:
    """Check the project and publish it as a release; on any fault, nothing changes."""
    project, where = open_with_releases(folder, releases)
    release = publish(project, where, progress(quiet=quiet), replace=replace)
    clear_progress()
    if not quiet:
        manifest = release.manifest
        claims, quads = manifest.counts["Claim"], manifest.counts["quads"]
        click.echo(f"published {manifest.version}: {claims} claims, {quads} quads in {near(release.path)}")


@click.command("questions")
@click.option(
    "--write", is_flag=True, help="Pin the answers found, instead of comparing them with the pinned ones."
)
@project_option
@releases_option
@quiet_option
@reporting
def questions_command(write: bool, folder: Path | None, releases: Path | None, quiet: bool) -> None:
    """Ask the competency questions and compare the answers with the pinned ones."""
    project, where = open_with_releases(folder, releases)
    with TemporaryDirectory() as files:
        edition = assemble(check(project, where, progress(quiet=quiet)), Path(files), progress(quiet=quiet))
    clear_progress()
    if write:
        for path in pin(edition.questions, edition.store):
            click.echo(near(path))
    elif faults := edition.unanswered():
        fail(faults)


@click.command("verify")
@click.option("--documents", type=DOCUMENTS, required=True, help="The folder with the source documents.")
@project_option
@reporting
def verify_command(documents: Path, folder: Path | None) -> None:
    """Re-check every passage against the source documents: digest, length, offsets."""
    if faults := verify(open_project(folder), documents):
        fail(faults)


@click.command("passage")
@click.argument("source_id")
@click.argument("text")
@click.option("--documents", type=DOCUMENTS, required=True, help="The folder with the source documents.")
@click.option(
    "--nth", type=click.IntRange(min=1), help="Which occurrence, if the text occurs more than once."
)
@project_option
@reporting
def passage_command(source_id: str, text: str, documents: Path, nth: int | None, folder: Path | None) -> None:
    """Print the Turtle of a passage: TEXT, exactly as the document SOURCE_ID has it."""
    click.echo(passage_turtle(open_project(folder), source_id, text, documents, nth), nl=False)
