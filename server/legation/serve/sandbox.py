"""What a query worker may not do: outlive its server, take all memory, open a socket."""

from __future__ import annotations

import ctypes
import platform
import resource
import signal
import struct
import sys
from pathlib import Path
from typing import Final

PR_SET_PDEATHSIG: Final = 1
PR_SET_NO_NEW_PRIVS: Final = 38
PR_SET_SECCOMP: Final = 22
SECCOMP_MODE_FILTER: Final = 2
RET_ALLOW: Final = 0x7FFF0000
RET_EPERM: Final = 0x00050001
RET_KILL: Final = 0x80000000

# socket, connect, execve, execveat, io_uring_setup; the last could open sockets without the first two.
FORBIDDEN_CALLS: Final = {
    "x86_64": (0xC000003E, (41, 42, 59, 322, 425)),
    "aarch64": (0xC00000B7, (198, 203, 221, 281, 425)),
}
X32_BIT: Final = 0x40000000


def die_with_parent() -> None:
    """Ask the kernel to kill this process when the thread that started it ends (Linux; elsewhere nothing)."""
    if sys.platform == "linux":
        _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def forbid_sockets() -> bool:
    """Forbid this process and its threads new sockets and new programs; return whether the system could.

    Linux seccomp on x86-64 and AArch64. The gate refuses SERVICE before this; here stands the second wall.
    """
    known = FORBIDDEN_CALLS.get(platform.machine())
    if sys.platform != "linux" or known is None:
        return False
    audit_arch, calls = known
    program = _socket_filter(audit_arch, calls)
    buffer = ctypes.create_string_buffer(program)
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))
    _prctl(PR_SET_NO_NEW_PRIVS, 1)
    _prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.create_string_buffer(header))
    return True


def limit_memory(extra: int) -> None:
    """Let the address space grow by ``extra`` bytes from what it is now, and leave no core file."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    limit = pages * resource.getpagesize() + extra
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _socket_filter(audit_arch: int, calls: tuple[int, ...]) -> bytes:
    """Return the classic BPF program: refuse ``calls``, kill on a foreign architecture, allow the rest."""
    load, jump_equal, jump_greater, leave = 0x20, 0x15, 0x35, 0x06
    refuse = len(calls) + 1
    program = [
        (load, 0, 0, 4),
        (jump_equal, 1, 0, audit_arch),
        (leave, 0, 0, RET_KILL),
        (load, 0, 0, 0),
        (jump_greater, refuse, 0, X32_BIT),
        *((jump_equal, refuse - 1 - index, 0, call) for index, call in enumerate(calls)),
        (leave, 0, 0, RET_ALLOW),
        (leave, 0, 0, RET_EPERM),
    ]
    return b"".join(struct.pack("HBBI", *instruction) for instruction in program)


def _prctl(option: int, *arguments: object) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    padded = (*arguments, *(0 for _ in range(4 - len(arguments))))
    words = [ctypes.c_ulong(word) if isinstance(word, int) else word for word in padded]
    if library.prctl(option, *words) != 0:
        raise OSError(ctypes.get_errno(), f"prctl({option}) failed")
