"""Queries that a worker answers in a moment, waited for in the server's loop and not by a thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from legation.serve.engine import Engine
from legation.serve.query.admission import Visit
from legation.serve.query.workers import Answer, Begun, Request

MOMENT: Final = 0.02
"""Seconds that the loop waits for a place, and for the answer; after them a thread goes on."""


@dataclass(frozen=True)
class Outcome:
    """What came of a query in a moment: its ``answer``, or how far it is; neither where no worker has it."""

    answer: Answer | None = None
    begun: Begun | None = None


NOTHING: Final = Outcome()


async def answer_soon(engine: Engine, request: Request, visit: Visit) -> Outcome:
    """Have a worker answer a query, where one takes it in a moment, and wait for it for another one."""
    loop = asyncio.get_running_loop()
    placed: asyncio.Future[None] = loop.create_future()
    here = threading.get_ident()

    def decided() -> None:
        if threading.get_ident() == here:
            _settle(placed)
        else:
            loop.call_soon_threadsafe(_settle, placed)

    begun = engine.begin(request, visit, decided)
    if begun is None:
        return NOTHING
    try:
        if not begun.has_place:
            with _settled_in_time(loop, placed):
                await placed
        descriptor = begun.start() if begun.has_place else None
        if descriptor is None:
            begun.close()
            return NOTHING
        answer = await _answered(loop, begun, descriptor)
    except BaseException:
        begun.close()
        raise
    return Outcome(answer) if answer is not None else Outcome(begun=begun)


async def _answered(loop: asyncio.AbstractEventLoop, begun: Begun, descriptor: int) -> Answer | None:
    """Return the answer of the worker that can be heard at ``descriptor``, where it comes in a moment."""
    answered: asyncio.Future[None] = loop.create_future()
    loop.add_reader(descriptor, _settle, answered)
    try:
        with _settled_in_time(loop, answered):
            await answered
    finally:
        loop.remove_reader(descriptor)
    return begun.answer()


@contextmanager
def _settled_in_time(loop: asyncio.AbstractEventLoop, future: asyncio.Future[None]) -> Iterator[None]:
    """Settle ``future`` after a moment, unless that happens before."""
    timer = loop.call_later(MOMENT, _settle, future)
    try:
        yield
    finally:
        timer.cancel()


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
