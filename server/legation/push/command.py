"""The command ``legation push``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import click

from legation.endpoint import Endpoint, EndpointError
from legation.namespaces import BASE
from legation.project import open_project, releases_folder
from legation.push.bulk import commands, write_bulk
from legation.push.load import GraphStore, load
from legation.push.verify import Difference, differing_digests, differing_sizes
from legation.release import Release, ReleaseError, open_release

AGENT: Final = f"Legation (+{BASE})"
DIGEST: Final = "digest"
COUNTS: Final = "counts"


@click.command()
@click.option(
    "--release", "folder", type=click.Path(path_type=Path), help="A release, or a folder of releases."
)
@click.option("--engine", metavar="URL", help="The SPARQL endpoint that is to answer for the release.")
@click.option(
    "--graph-store",
    metavar="URL",
    help="Its Graph Store: …/store (Oxigraph), …/sparql-graph-crud-auth (Virtuoso), …/data (Fuseki).",
)
@click.option(
    "--bulk",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a file for a bulk loader instead, and say how it is loaded.",
)
@click.option("--only-verify", is_flag=True, help="Load nothing: look whether the release is there.")
@click.option(
    "--verify",
    type=click.Choice([DIGEST, COUNTS]),
    default=DIGEST,
    show_default=True,
    help="How: read every graph back and compare digests, or only count statements.",
)
def push(  # noqa: PLR0913  # one for each option
    *,
    folder: Path | None,
    engine: str | None,
    graph_store: str | None,
    bulk: Path | None,
    only_verify: bool,
    verify: str,
) -> None:
    """Load a release into a SPARQL endpoint, graph by graph, and verify that all of it is there.

    What the endpoint holds under the names of our graphs is replaced. User and password come from the
    environment or from .netrc, never from an option. It exits with 1 and names the graphs where what is there
    differs from what was published.
    """
    try:
        release = open_release(folder or releases_folder(open_project()))
        if bulk is not None:
            click.echo(f"{write_bulk(release, bulk):,} statements in {bulk}\n\n{commands(bulk)}", nl=False)
            return
        if engine is None:
            raise click.UsageError("--engine URL is missing (or --bulk FILE)")
        if not only_verify:
            if graph_store is None:
                raise click.UsageError("--graph-store URL is missing (or --bulk FILE, or --only-verify)")
            load(release, GraphStore(Endpoint(graph_store, AGENT)), click.echo)
        _verify(release, Endpoint(engine, AGENT), _VERIFIERS[verify])
    except (ReleaseError, EndpointError, ValueError) as error:
        raise click.ClickException(str(error)) from error


def _sizes(release: Release, endpoint: Endpoint) -> list[Difference]:
    return differing_sizes(release.manifest, endpoint)


def _digests(release: Release, endpoint: Endpoint) -> list[Difference]:
    return _sizes(release, endpoint) or list(differing_digests(release, endpoint))


_VERIFIERS: Final[dict[str, Callable[[Release, Endpoint], list[Difference]]]] = {
    COUNTS: _sizes,
    DIGEST: _digests,
}


def _verify(
    release: Release, endpoint: Endpoint, differences: Callable[[Release, Endpoint], list[Difference]]
) -> None:
    """Raise ``ClickException`` naming the graphs that are not there as they were published."""
    version, graphs = release.manifest.version, len(release.manifest.graphs)
    if found := differences(release, endpoint):
        told = "\n".join(f"  {one}" for one in found)
        raise click.ClickException(f"{len(found)} of {graphs} graphs differ from release {version}:\n{told}")
    click.echo(f"all {graphs} graphs of release {version} are there")
