"""Writing files in their canonical spelling."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from legation.publish.authored import parse_turtle
from legation.publish.canonical import canonical_text
from legation.publish.fault import Fault, PublishError


def respell(paths: Iterable[Path], *, write: bool) -> list[Path]:
    """Return the files that are not spelled canonically, having rewritten them if ``write``.

    Raises ``PublishError`` naming the files that are not Turtle; those are left as they are.
    """
    changed: list[Path] = []
    faults: list[Fault] = []
    for path in paths:
        parsed = parse_turtle(path)
        if isinstance(parsed, Fault):
            faults.append(parsed)
            continue
        text, _ = parsed
        wanted = canonical_text(text)
        if wanted != text:
            changed.append(path)
            if write:
                path.write_bytes(wanted.encode("utf-8"))
    if faults:
        raise PublishError(faults)
    return changed
