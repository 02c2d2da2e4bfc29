"""The words of the interface: English in the code, the other languages in ``messages/<language>.po``.

Catalogues are read as they are written, at start; nothing compiled is kept, so none can be stale.
"""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path
from typing import Final

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

FOLDER: Final = Path(__file__).parents[1] / "messages"
KEYWORDS: Final = ("_", "gettext", "ngettext", "marked")
"""The functions whose arguments are messages; ``make messages`` collects them from code and templates."""


def marked(text: str) -> str:
    """Return ``text`` as it is: a message that stands in a table and is translated where it is shown."""
    return text


@cache
def catalogue(language: str) -> NullTranslations:
    """Return the messages of ``language``; English stands in the code and needs none."""
    file = FOLDER / f"{language}.po"
    if not file.is_file():
        return NullTranslations()
    with file.open("rb") as source:
        messages = read_po(source, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, messages)
    compiled.seek(0)
    return Translations(compiled)


def translate(text: str, language: str) -> str:
    """Return ``text`` in ``language``, or as it is where the catalogue does not have it."""
    translated: str = catalogue(language).ugettext(text)
    return translated
