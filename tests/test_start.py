"""The server begins with its allocator's settings."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from legation.serve.query.worker import PROCESS_NAME
from legation.start import ALLOCATOR
from tests.processes import descendants_of, name_of, read
from tests.serving import LEGATION, serving, small_release

PATIENCE = 60.0


def settings_of(pid: int) -> str:
    """Return what a process was told of its allocator when it began."""
    told = (entry.partition("=") for entry in read(Path(f"/proc/{pid}/environ")).split("\0"))
    return next((value for name, _, value in told if name == ALLOCATOR[0]), "")


def test_the_server_and_its_workers_have_their_allocator_s_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(ALLOCATOR[0], raising=False)
    with serving(small_release(tmp_path, "<urn:s> <urn:p> <urn:o> <urn:g> .\n")) as server:
        deadline, workers = time.monotonic() + PATIENCE, list[int]()
        while not workers and time.monotonic() < deadline:
            children = descendants_of(server.process.pid)
            workers = [pid for pid in children if name_of(pid) == PROCESS_NAME]
        assert workers
        assert {settings_of(pid) for pid in (server.process.pid, *workers)} == {ALLOCATOR[1]}


def test_what_the_operator_says_of_the_allocator_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ALLOCATOR[0], "glibc.malloc.tcache_count=9")
    with serving(small_release(tmp_path, "<urn:s> <urn:p> <urn:o> <urn:g> .\n")) as server:
        assert settings_of(server.process.pid) == "glibc.malloc.tcache_count=9"


def test_what_is_wrong_with_the_command_line_is_said_as_ever() -> None:
    ended = subprocess.run([*LEGATION, "serve", "--nonsense"], capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "--nonsense" in ended.stderr
    assert sys.executable not in ended.stderr
