"""Where the program begins: a server is given its allocator's settings before anything is loaded."""

from __future__ import annotations

import os
import sys
from typing import Final

ALLOCATOR: Final = ("GLIBC_TUNABLES", "glibc.malloc.tcache_count=127")
"""An environment variable for the server and its workers: glibc keeps more small blocks at hand for each
thread, and the engine takes a quarter less time for a small query. It is read when a program starts; other C
libraries do not heed it."""

SERVE: Final = "serve"


def main() -> None:
    """Run the command line, ``serve`` in a process that has begun with ``ALLOCATOR``.

    What the environment says of the allocator already is left as it is.
    """
    name, value = ALLOCATOR
    if sys.argv[1:2] == [SERVE] and sys.platform == "linux" and name not in os.environ:
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, name: value})  # noqa: S606  # no shell is wanted
    from legation.cli import main as run  # noqa: PLC0415  # not before it is known to be needed

    run(prog_name="legation")
