"""The client at the other end of a request, and what is to happen when it hangs up."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

CLIENT: Final = "legation.client"
"""Where the WSGI environment holds the ``Client``."""


@dataclass(eq=False)
class _Wish:
    """What someone wants done when the client goes, and whether that has been done."""

    act: Callable[[], object]
    done: threading.Event = field(default_factory=threading.Event)


class Client:
    """Tells the thread that works on a request when nobody waits for the answer any more."""

    def __init__(self) -> None:
        """Begin with a client that is there; one that is never told to have left stays."""
        self._lock = threading.Lock()
        self._gone = False
        self._wishes: list[_Wish] = []

    @property
    def gone(self) -> bool:
        """Whether the client has hung up."""
        return self._gone

    def leave(self) -> None:
        """Note that the client has hung up, and do what was wished for; only the first call has an effect."""
        with self._lock:
            self._gone = True
            wishes, self._wishes = self._wishes, []
        for wish in wishes:
            try:
                wish.act()
            finally:
                wish.done.set()

    @contextmanager
    def leaving(self, act: Callable[[], object]) -> Iterator[None]:
        """Have ``act`` called once if the client hangs up inside the block, or has done so before it.

        It is called without a lock of ours, from the thread that notices. The block ends only when an ``act``
        under way has ended, so it never happens later: do not end the block with a lock that ``act`` needs.
        """
        wish = _Wish(act)
        with self._lock:
            gone = self._gone
            if not gone:
                self._wishes.append(wish)
        if gone:
            act()
            wish.done.set()
        try:
            yield
        finally:
            with self._lock:
                waiting = wish in self._wishes
                if waiting:
                    self._wishes.remove(wish)
            if not waiting:
                wish.done.wait()
