"""The words of the interface: English in the code, the other languages in ``messages/<language>.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent / "messages"


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """Return the words of ``language`` by their English; English needs none."""
    file = FOLDER / f"{language}.json"
    if not file.is_file():
        return {}
    found: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    return found


def translate(text: str, language: str) -> str:
    """Return ``text`` in ``language``, or as it is where the catalogue does not have it."""
    return catalogue(language).get(text, text)
