"""Dates and numbers as a reader writes them: the forms of CLDR, by Babel, at the precision that is known."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from babel import Locale
from babel.dates import format_date, format_skeleton
from babel.lists import format_list
from babel.numbers import format_decimal, format_percent
from babel.units import format_unit

from legation.namespaces import PREFIXES

XSD: Final = PREFIXES["xsd"]

LOCALES: Final[Mapping[str, Locale]] = MappingProxyType(
    {"en": Locale.parse("en_001"), "ar": Locale.parse("ar"), "fr": Locale.parse("fr")}
)
"""The locale of each language of the interface. None is of one country; numerals are each locale's default in
CLDR, which for Arabic without a country is 0–9."""

DATES: Final = frozenset(f"{XSD}{name}" for name in ("date", "dateTime", "gYearMonth", "gYear", "gMonthDay"))
DURATION: Final = re.compile(r"P(?:(?P<year>\d+)Y)?(?:(?P<month>\d+)M)?(?:(?P<day>\d+)D)?")
KILO: Final = 1000
NUMBERS: Final = frozenset(
    f"{XSD}{name}" for name in ("integer", "nonNegativeInteger", "positiveInteger", "int")
)


@lru_cache(maxsize=8192)
def spoken_date(value: str, datatype: str, language: str) -> str:
    """Return an XML Schema date in words of ``language``, never more precise than it is.

    ``datatype`` is the IRI of ``xsd:date``, ``xsd:dateTime`` (its day), ``xsd:gYearMonth``, ``xsd:gYear`` or
    ``xsd:gMonthDay``. A value that is no date of the calendar is returned as it is. The first of a month is
    “1er” in French, which CLDR does not know.
    """
    locale = LOCALES[language]
    kind = datatype.removeprefix(XSD)
    try:
        if kind == "gYear":
            return format_skeleton("y", date(int(value), 1, 1), locale=locale)
        if kind == "gYearMonth":
            return format_skeleton("yMMMM", date.fromisoformat(f"{value}-01"), locale=locale)
        if kind == "gMonthDay":
            said = format_skeleton("MMMMd", date.fromisoformat(f"2000{value[1:]}"), locale=locale)
        else:
            said = format_date(date.fromisoformat(value[:10]), "long", locale=locale)
        return re.sub(r"^1(?= )", "1er", said) if language == "fr" else said
    except ValueError:
        return value


def spoken_range(first: date, last: date, language: str) -> list[tuple[str, str]]:
    """Return the days from ``first`` to ``last`` as one date of less precision if they are one, else two.

    Each date comes as its machine value and in words.
    """
    whole_year = (first.month, first.day, last.month, last.day) == (1, 1, 12, 31)
    whole_month = first.day == 1 and last.day == monthrange(last.year, last.month)[1]
    if first == last:
        dates = [(first.isoformat(), "date")]
    elif first.year == last.year and whole_year:
        dates = [(f"{first.year:04}", "gYear")]
    elif (first.year, first.month) == (last.year, last.month) and whole_month:
        dates = [(first.isoformat()[:7], "gYearMonth")]
    else:
        dates = [(first.isoformat(), "date"), (last.isoformat(), "date")]
    return [(value, spoken_date(value, f"{XSD}{kind}", language)) for value, kind in dates]


def spoken_duration(value: str, language: str) -> str:
    """Return an XML Schema duration of whole years, months and days in words; any other as it is."""
    match = DURATION.fullmatch(value)
    if match is None or not any(match.groups()):
        return value
    parts = [
        format_unit(int(count), f"duration-{unit}", locale=LOCALES[language])
        for unit, count in match.groupdict().items()
        if count
    ]
    return format_list(parts, style="unit", locale=LOCALES[language])


@lru_cache(maxsize=8192)
def spoken_number(value: int | str, language: str) -> str:
    """Return a whole number as ``language`` groups its digits; what is no number, as it is."""
    try:
        return format_decimal(int(value), locale=LOCALES[language], numbering_system="default")
    except ValueError:
        return str(value)


def spoken_size(count: int, language: str) -> str:
    """Return a number of bytes as a file list shows it: in the largest decimal unit of which there is one.

    The smallest unit is the kilobyte: CLDR has no plural of the byte in every language.
    """
    size, unit = count / KILO, "kilobyte"
    for larger in ("megabyte", "gigabyte"):
        if size >= KILO:
            size, unit = size / KILO, larger
    said = max(round(size, 1), 0.1 if count else 0)
    return format_unit(said, f"digital-{unit}", length="short", locale=LOCALES[language])


def spoken_share(share: float, language: str) -> str:
    """Return a share of one as per cent, whole."""
    return format_percent(share, locale=LOCALES[language], numbering_system="default")


def language_name(code: str, language: str) -> str:
    """Return what the language ``code`` (BCP 47) is called in ``language``; the code where it has no name."""
    name: str = LOCALES[language].languages.get(code.partition("-")[0].lower(), code)
    return name
