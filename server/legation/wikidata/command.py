"""``legation wikidata``: resolve candidates, check links."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import reduce, wraps
from pathlib import Path
from typing import Final, NoReturn
from urllib.parse import urlsplit

import click

from legation.namespaces import BASE
from legation.project import Project, ProjectError, open_project
from legation.wikidata.check import Judgement, check_links
from legation.wikidata.classes import read_classes
from legation.wikidata.endpoint import WIKIDATA, Endpoint, EndpointError, Patience, user_agent
from legation.wikidata.entities import Authored, read_authored, read_candidates, read_entities
from legation.wikidata.items import Item, number
from legation.wikidata.resolve import Proposal, resolve_candidates
from legation.wikidata.table import table
from legation.wikidata.write import Asked, write_links

MISMATCH: Final = 1
UNREACHABLE: Final = 3

_CONTACT: Final = re.compile(r"[!-'*-~][ -'*-~]*")  # printable ASCII without parentheses, which enclose it
_AGAIN: Final = Patience()


@click.group(
    epilog="Exit codes: 0 all well, 1 a link does not match, 2 wrong use, 3 the endpoint cannot be asked."
)
def wikidata() -> None:
    """Link entities to Wikidata and check the links."""


_ASKING: Final = (
    click.option(
        "--endpoint", "url", metavar="URL", default=WIKIDATA, show_default=True, help="SPARQL endpoint."
    ),
    click.option(
        "--contact",
        default=BASE,
        show_default=True,
        help="Address or page in the User-Agent, where Wikimedia can reach you.",
    ),
    click.option(
        "--timeout",
        type=click.IntRange(1),
        metavar="SECONDS",
        default=_AGAIN.timeout,
        show_default=True,
        help="Longest wait for one answer.",
    ),
    click.option(
        "--retries",
        type=click.IntRange(0),
        metavar="N",
        default=_AGAIN.retries,
        show_default=True,
        help="How often to ask again after 429, 5xx or a timeout.",
    ),
    click.option("--quiet", is_flag=True, help="Show no progress."),
)


def asking(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options about the endpoint, and the ``endpoint`` that they describe."""

    @wraps(command)
    def asked(*, url: str, contact: str, timeout: int, retries: int, quiet: bool, **others: object) -> None:
        patience = Patience(timeout=timeout, retries=retries)
        tell = _progress if sys.stderr.isatty() and not quiet else _silence
        command(
            endpoint=Endpoint(_http_url(url), user_agent(_contact(contact)), patience, tell=tell), **others
        )

    return reduce(lambda inner, option: option(inner), reversed(_ASKING), asked)


_PROJECT: Final = click.option(
    "--project",
    "folder",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Project folder (default: the one this program came with).",
)


@wikidata.command()
@_PROJECT
@asking
@click.option("--write", is_flag=True, help="Write the links that are certain into data/entities.")
def resolve(folder: Path | None, endpoint: Endpoint, write: bool) -> None:
    """Find the Wikidata items of the leg:WikidataCandidate entries.

    Looks by Wikipedia article, by official website and by exact name, and shows what it would write. An item
    is certain only if the ways agree and nothing speaks against it; all else is shown with the reason and
    left alone.
    """
    project, authored = _open(folder)
    if write and Path(__file__).parents[1] in project.root.parents:
        raise click.UsageError("this project is part of the installed program; give your own with --project")
    union = authored.everything()
    candidates = read_candidates(union)
    if not candidates:
        click.echo("No candidates: nothing to resolve.")
        return
    try:
        proposals = resolve_candidates(endpoint, candidates, read_entities(union), read_classes())
    except EndpointError as error:
        _give_up(error)
    click.echo(table(("entity", "item", "label", "by", "verdict"), [_proposal_row(p) for p in proposals]))
    certain = sum(proposal.accepted is not None for proposal in proposals)
    click.echo(f"\n{certain} of {len(proposals)} candidates certain.")
    if write:
        asked = Asked(endpoint.url, datetime.now(UTC).date())
        for path in write_links(authored, proposals, asked):
            click.echo(f"Written: {project.name_of(path)}")
    elif certain:
        click.echo("Nothing written; --write does.")


@wikidata.command()
@_PROJECT
@asking
def check(folder: Path | None, endpoint: Endpoint) -> None:
    """Ask whether each linked item exists, is what we think it is, and is called what we call it.

    Exits with 1 if any link does not match.
    """
    _, authored = _open(folder)
    entities = read_entities(authored.everything()).values()
    try:
        judgements = check_links(endpoint, entities, read_classes())
    except EndpointError as error:
        _give_up(error)
    if not judgements:
        click.echo("No links: nothing to check.")
        return
    heads = ("entity", "item", "label", "type", "shared name", "verdict")
    click.echo(table(heads, [_judgement_row(judgement) for judgement in judgements]))
    wrong = sum(bool(judgement.faults) for judgement in judgements)
    click.echo(f"\n{len(judgements)} links, {wrong} of them wrong.")
    if wrong:
        sys.exit(MISMATCH)


def _open(folder: Path | None) -> tuple[Project, Authored]:
    try:
        project = open_project(folder)
        return project, read_authored(project)
    except ProjectError as error:
        raise click.UsageError(str(error)) from error


def _progress(message: str) -> None:
    click.echo(message, err=True)


def _silence(message: str) -> None:
    """Show nothing: output that is not for a terminal stays clean."""


def _give_up(error: EndpointError) -> NoReturn:
    click.echo(f"Error: {error}. Nothing was changed.", err=True)
    sys.exit(UNREACHABLE)


def _proposal_row(proposal: Proposal) -> tuple[str, ...]:
    item = proposal.item
    return (
        proposal.candidate.entity.removeprefix(f"{BASE}id/").replace("/", ":", 1),
        "" if item is None else item.number,
        _label(item),
        ", ".join(way.label for way in proposal.ways),
        f"no: {proposal.refusal}" if proposal.refusal else "link",
    )


def _judgement_row(judgement: Judgement) -> tuple[str, ...]:
    shared = judgement.shared_name
    return (
        judgement.entity.name,
        number(judgement.item.iri),
        _label(judgement.item),
        judgement.type_label or ("—" if judgement.faults else "not judged"),
        "—" if shared is None else f"{shared}@{shared.language}",
        "; ".join(judgement.faults) or "ok",
    )


def _label(item: Item | None) -> str:
    return "" if item is None or item.label is None else str(item.label)


def _http_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError as error:
        raise click.UsageError(f"--endpoint: not a URL ({error})") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0 or re.search(r"\s", value):
        raise click.UsageError("--endpoint: an http or https URL is needed")
    if parts.username or parts.password:
        raise click.UsageError("--endpoint: no user or password, please: the URL is recorded as evidence")
    return value


def _contact(value: str) -> str:
    if not _CONTACT.fullmatch(value):
        raise click.UsageError(
            "--contact: printable ASCII without parentheses, as it becomes part of a header"
        )
    return value
