"""What a query worker may not do: take all memory or processor time, open a socket."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import re
import resource
import struct
import sys
import time
from pathlib import Path
from typing import Final

PR_SET_NAME: Final = 15
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
SETTING_CALLS: Final = {"x86_64": 314, "aarch64": 274}
"""The number of the call sched_setattr."""

SHORT_TURN: Final = 100_000
"""Nanoseconds of processor time: the shortest turn that the kernel gives."""

USUAL_TURN: Final = 0
"""What the kernel gives where nothing else is asked for."""

INIT: Final = 1
"""The process that orphans are given to."""

X32_BIT: Final = 0x40000000
WORKER_PRIORITY: Final = 10
"""A tenth of the time that a thread of the server gets which wants the same processor."""

LOW_PRIORITY: Final = 19
"""A seventieth of it: what a slow query gets while the server wants every processor for itself."""

CPU_CLOCK: Final = 2
MOST_KEPT: Final = 128 * 1024 * 1024
"""Bytes that a process may have kept of a query's memory, or hold in all, to be asked another one."""

ANONYMOUS: Final = re.compile(r"^RssAnon:\s+(\d+) kB$", re.MULTILINE)


def name_process(name: str) -> None:
    """Give this process a name that ``ps`` shows (Linux; elsewhere nothing)."""
    if sys.platform == "linux":
        _prctl(PR_SET_NAME, ctypes.create_string_buffer(name.encode("ascii")))


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


def limit_memory(at_first: int, at_most: int) -> None:
    """Let the address space grow by ``at_first`` bytes from what it is now, and leave no core file.

    The parent may raise that to ``at_most`` (``allow_all_memory``), and count from another size that is not
    much larger (``limit_memory_again``); nobody may raise it further.
    """
    rest, most = _address_space(os.getpid()), at_most + MOST_KEPT
    resource.setrlimit(resource.RLIMIT_AS, (rest + min(at_first, at_most), rest + most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def allow_all_memory(pid: int, at_first: int, at_most: int) -> None:
    """Let a child have the memory that it may have at most; where it has ended, do nothing."""
    with contextlib.suppress(ProcessLookupError):
        limit, last = resource.prlimit(pid, resource.RLIMIT_AS)
        resource.prlimit(pid, resource.RLIMIT_AS, (limit - min(at_first, at_most) + at_most, last))


def limit_memory_again(pid: int, at_first: int, at_most: int) -> bool:
    """Let a child grow by ``at_first`` bytes from what it is now; return whether it is fit for that.

    It is not where it has kept so much that it could not be given ``at_most`` again, or has ended.
    """
    try:
        _, last = resource.prlimit(pid, resource.RLIMIT_AS)
        now = _address_space(pid)
        if now + at_most > last or _memory_held(pid) > MOST_KEPT:
            return False
        resource.prlimit(pid, resource.RLIMIT_AS, (now + min(at_first, at_most), last))
    except (FileNotFoundError, ProcessLookupError):
        return False
    return True


def _address_space(pid: int) -> int:
    """Return the bytes of a process's address space."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[0])
    return pages * resource.getpagesize()


def _memory_held(pid: int) -> int:
    """Return the bytes of memory of a process that no file backs."""
    held = ANONYMOUS.search(Path(f"/proc/{pid}/status").read_text(encoding="ascii"))
    return int(held[1]) * 1024 if held is not None else 0


def time_spent(pid: int) -> float:
    """Return the seconds of processor time of a child, 0 where it has ended (Linux; elsewhere the time).

    The number of a process's clock is made as ``clock_getcpuclockid`` makes it.
    """
    if sys.platform != "linux":
        return time.monotonic()
    try:
        return time.clock_gettime((~pid << 3) | CPU_CLOCK)
    except OSError:
        return 0.0


def yield_to_others(pid: int, thread: int, processors: frozenset[int]) -> None:
    """Give one thread of a child the lowest priority, and both it and the first one these processors.

    There is no way back without privileges, so the child's first thread stays as it is, to start others; it
    lets go of the memory when the process is killed. (Linux; elsewhere nothing.)
    """
    if sys.platform == "linux":
        with contextlib.suppress(ProcessLookupError):
            run_on(processors, pid)
            run_on(processors, thread)
            os.setpriority(os.PRIO_PROCESS, thread, LOW_PRIORITY)


def step_back() -> None:
    """Give this process, and the one that has forked it and forks others, a worker's share of time.

    The latter had the full share while it loaded the program. (Linux; elsewhere nothing.)
    """
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, 0, WORKER_PRIORITY)
        if (parent := os.getppid()) != INIT:  # where the server has just been killed
            os.setpriority(os.PRIO_PROCESS, parent, WORKER_PRIORITY)


def take_turns(length: int) -> bool:
    """Have the calling thread, and those that it starts, take turns of ``length`` nanoseconds.

    A thread with short turns goes before one with longer turns when it wakes, and need not wait for the end
    of the other's. Return whether the system can do that (Linux 6.12 and later; sched_setattr(2): for the
    normal policy ``sched_runtime`` is the length of a turn).
    """
    number = SETTING_CALLS.get(platform.machine())
    if sys.platform != "linux" or number is None:
        return False
    attributes = struct.Struct("IIQiIQQQ")  # size, policy, flags, nice, priority, runtime, deadline, period
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    wanted = attributes.pack(attributes.size, 0, 0, nice, 0, length, 0, 0)
    buffer = ctypes.create_string_buffer(wanted)
    return bool(ctypes.CDLL(None).syscall(ctypes.c_long(number), 0, buffer, 0) == 0)


def processors() -> frozenset[int]:
    """Return the processors that the calling thread may run on, none where that is not known."""
    return frozenset(os.sched_getaffinity(0)) if sys.platform == "linux" else frozenset()


def run_on(processors: frozenset[int], thread: int = 0) -> None:
    """Have a thread, the calling one by default, run on these processors, and those that it starts."""
    if processors:
        os.sched_setaffinity(thread, processors)


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
