"""Start and stop the server: open the release, see to its index, listen, and leave nothing behind."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from functools import partial
from multiprocessing.util import Finalize
from typing import TYPE_CHECKING, Final

from legation.release import CONTEXT, Release, open_release
from legation.serve.engine import OxigraphEngine
from legation.serve.index import ensure_name_index
from legation.serve.outbound import Host
from legation.serve.settings import Settings
from legation.serve.store import ensure_index, index_path
from legation.serve.workers import Pool

if TYPE_CHECKING:
    from flask import Flask


STOP_LIMIT: Final = 5
"""Seconds that requests under way are given when the server is told to stop."""


class ListenError(Exception):
    """The address is taken, or not ours to take."""


def run(settings: Settings, tell: Callable[[str], object]) -> None:
    """Serve until told to stop; ``tell`` gets the one line that says where, once the release is open.

    Raises ``ReleaseError`` where there is no release, ``ListenError`` where the address cannot be had,
    ``HostError`` where a host cannot be listed.
    """
    from granian.constants import Interfaces  # noqa: PLC0415  # `legation --help` need not wait for it
    from granian.log import LogLevels  # noqa: PLC0415
    from granian.server import Server  # noqa: PLC0415

    for entry in settings.service_hosts:
        Host.parse(entry)
    release = open_release(settings.release)
    _probe(settings)
    server = Server(
        "legation",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=settings.threads,
        backpressure=settings.threads + 64,
        log_level=LogLevels.error,
        log_access=False,
        workers_kill_timeout=STOP_LIMIT,
    )
    server.serve(target_loader=partial(load, settings, release, tell), wrap_loader=False)


def load(settings: Settings, release: Release, tell: Callable[[str], object]) -> Flask:
    """Return the application, in the process that serves it.

    The index is built and opened here and not in the process that watches this one: a store does not
    survive a fork.
    """
    from legation.serve.app import create_app  # noqa: PLC0415  # the watching process does without

    if not index_path(release).is_dir():
        size = release.dataset.stat().st_size
        tell(f"Building the index of release {release.manifest.version} ({size:,} bytes)")
    index = ensure_index(release)
    ensure_name_index(release)
    engine = OxigraphEngine(index, Pool(index, release.path / CONTEXT, settings))
    Finalize(None, engine.close, exitpriority=1)
    app = create_app(release, engine, settings)
    tell(f"Serving release {release.manifest.version} on {_address(settings)}")
    return app


def _address(settings: Settings) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}/"


def _probe(settings: Settings) -> None:
    """Find out whether the address can be had, before anything is started on it."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with contextlib.closing(socket.socket(family)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            where = f"{settings.host}, port {settings.port}"
            raise ListenError(f"cannot listen on {where}: {error.strerror}") from error
