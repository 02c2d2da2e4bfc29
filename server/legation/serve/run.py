"""Start and stop the server: open the release, see to its index, listen, and leave nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import socket
import sys
from collections.abc import Callable
from functools import partial
from typing import Final

import uvloop
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.embed import Server

from legation.namespaces import BASE
from legation.release import CONTEXT, Release, ReleaseError, open_release
from legation.serve.app import create_app
from legation.serve.archive import Archive
from legation.serve.editions import Edition, Editions
from legation.serve.engine import Engine, OxigraphEngine
from legation.serve.front.answers import Answers
from legation.serve.front.dereference import Dereference
from legation.serve.front.server import Front
from legation.serve.front.shortcut import Shortcut
from legation.serve.lookup.index import ensure_name_index
from legation.serve.member import SERVING, Member
from legation.serve.query import sandbox
from legation.serve.query.outbound import Host
from legation.serve.query.workers import Pool
from legation.serve.settings import Settings
from legation.serve.state import EXTENSION
from legation.serve.store import building, ensure_index, index_path
from legation.serve.supervisor import Supervisor
from legation.serve.web.refusals import RefusalError

LAST_TIME: Final = 2.0
"""Seconds for sending the refusals to requests that are given up when the server stops."""

BEGINNING: Final = 0.05
"""Seconds before the HTTP server is told to stop: it forgets what it is told while it begins."""

BACKLOG: Final = 1024
"""Connections that the kernel holds until the server takes them."""

CONNECTIONS: Final = 2048
"""Connections that are open at the same time; the next waits in the backlog."""

HEADER_TIME: Final = 10_000
"""Milliseconds that a client may take to send the head of a request, the wait for it included."""

HEADER_BYTES: Final = 128 * 1024
"""Bytes of the head of a request."""


class ListenError(Exception):
    """The address is taken, or not ours to take."""


def run(settings: Settings, tell: Callable[[str], object]) -> int:
    """Serve until told to stop, and return the exit status; ``tell`` gets the one line that says where.

    Raises ``ReleaseError`` where there is no release, ``ListenError`` where the address cannot be had,
    ``HostError`` where a host cannot be listed.
    """
    for entry in settings.service_hosts:
        Host.parse(entry)
    release = open_release(settings.release)
    _probe(settings)
    if settings.members == 1:
        _serve_release(release, settings, tell, Member())
        return 0
    return Supervisor(settings.members, partial(_serve_with_others, settings, tell), settings.stop_time).run()


def _serve_with_others(settings: Settings, tell: Callable[[str], object], member: Member) -> None:
    """Serve in a process of our own."""
    try:
        release = open_release(settings.release)
        _serve_release(release, settings, tell if member.is_first else say_nothing, member)
    except ReleaseError as error:
        sys.exit(f"Error: {error}")


def _serve_release(
    release: Release, settings: Settings, tell: Callable[[str], object], member: Member
) -> None:
    """Open a release and serve it, and those that follow it, in this process."""
    sandbox.take_turns(sandbox.SHORT_TURN)
    archive = Archive(settings)
    opener = partial(open_edition, settings, tell, archive, member)
    edition = opener(release)
    try:
        uvloop.run(_serve(settings, edition, opener, tell, member))
    finally:
        edition.engine.close()
        archive.close()


async def _serve(
    settings: Settings,
    first: Edition,
    opener: Callable[[Release], Edition],
    tell: Callable[[str], object],
    member: Member,
) -> None:
    """Serve ``first`` and the releases that follow it, until a signal ends it."""
    editions = Editions(settings.release, first, opener, member)
    front = Front(editions, settings.share(member.index), member)
    server = _server(settings, front)
    server.on_startup(
        partial(tell, f"Serving release {first.release.manifest.version} on {_address(settings)}")
    )
    server.on_startup(partial(member.tell, SERVING))
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    loop.add_signal_handler(signal.SIGHUP, editions.look)
    if member.is_over():
        told.set()
    member.heed(told.set)
    await editions.join(tell)
    async with member.telling(front.counted):
        serving, following = asyncio.create_task(server.serve()), asyncio.create_task(editions.follow(tell))
        gc.enable()  # nothing is garbage while a program starts: see the command
        stop = asyncio.create_task(told.wait())
        await asyncio.wait({serving, following, stop}, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.sleep(BEGINNING)
        server.stop()  # type: ignore[no-untyped-call]
        await asyncio.wait({serving}, timeout=settings.stop_time)
        front.give_up()
        await asyncio.wait({serving}, timeout=LAST_TIME)
    editions.close()
    front.close()
    for task in (following, stop):
        task.cancel()


def _server(settings: Settings, front: Front) -> Server:
    return Server(
        front,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.RSGI,
        backlog=BACKLOG,
        backpressure=CONNECTIONS,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_TIME, max_buffer_size=HEADER_BYTES),
        websockets=False,
        log_level=LogLevels.error,
    )


def open_edition(
    settings: Settings, tell: Callable[[str], object], archive: Archive, member: Member, release: Release
) -> Edition:
    """Open a release for serving: its index, built where there is none yet, its workers, its application."""
    with building(release):
        engine = _open_engine(settings, tell, member, release)
        return _edition(release, engine, settings, archive, member)


def _open_engine(
    settings: Settings, tell: Callable[[str], object], member: Member, release: Release
) -> Engine:
    ensure_name_index(release)
    share = settings.share(member.index)
    if settings.engine:
        from legation.serve.remote.engine import RemoteEngine  # noqa: PLC0415  # few have one

        tell(f"Asking {settings.engine} for release {release.manifest.version}")
        agent = f"Legation/{release.manifest.version} (+{BASE})"
        return RemoteEngine.open(release, share, agent)
    if not index_path(release).is_dir():
        size = release.dataset.stat().st_size
        tell(f"Building the index of release {release.manifest.version} ({size:,} bytes)")
    index = ensure_index(release)
    return OxigraphEngine(index, Pool(index, release.path / CONTEXT, share), share)


def _edition(
    release: Release, engine: Engine, settings: Settings, archive: Archive, member: Member
) -> Edition:
    try:
        app = create_app(release, engine, settings, archive)
    except RefusalError as error:
        engine.close()
        raise ReleaseError(f"the engine does not answer: {error or 'it ran out of time'}") from error
    state = app.extensions[EXTENSION]
    shortcut = Shortcut(engine, state.edition)
    answers = Answers(settings.share(member.index).answer_cache)
    return Edition(release, engine, app, answers, shortcut, Dereference(state))


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


def say_nothing(_line: str) -> None:
    """Take the place of ``tell`` where nothing is to be said, or another process says the same."""
