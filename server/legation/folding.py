"""Names as people type them, brought to one form: the same for the index of a release and for a question.

Pure and without a dictionary. Arabic is folded as Arabs type it (vowel signs, tatweel, hamza, ta marbuta,
alef maqsura, joined article, prepositions and conjunctions), Latin script as its readers do (case, accents,
ligatures, elisions, dotted acronyms). Behind the folded word stands how it sounds, in consonants that both
scripts share.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final

VERSION: Final = 1
"""Raised when a text comes to be folded differently: an index of folded names states its version."""

LIGHT: Final = frozenset((
    "a", "al", "an", "and", "at", "au", "aux", "bin", "by", "de", "des", "du", "ed", "el", "en", "et",
    "for", "he", "ibn", "in", "la", "le", "les", "of", "on", "or", "sur", "the", "to", "with", "y", "dr",
    "hrh", "mme", "mr", "mrs", "ms", "prof", "في", "من", "الي", "عن", "ان", "او", "بن", "ابن", "بنت", "مع",
    "ضد", "لدي", "سيد", "سيده", "دكتور", "دكتوره", "معالي", "سعاده",
))  # fmt: skip
"""Words that tell no name from another: they are not asked for where others are."""

TITLES: Final = frozenset((
    "ambassador", "ambassadeur", "ambassadrice", "excellency", "excellence", "general", "lieutenant", "gen",
    "lt", "minister", "ministre", "president", "secretary", "captain", "colonel", "brigadier", "major",
    "sheikh", "sir", "lady", "prince", "princess", "سفير", "سفيره", "فريق", "لواء", "عميد", "عقيد", "جنرال",
    "وزير", "وزيره", "رييس", "امير", "اميره", "استاذ", "شيخ", "فخامه", "سمو", "صاحب",
))  # fmt: skip
"""What stands before the names of persons without being part of them."""

ELISIONS: Final = frozenset({"l", "d", "qu", "j", "c", "m", "t"})
SPECIAL: Final = str.maketrans(
    {
        "œ": "oe", "æ": "ae", "ø": "o", "đ": "d", "ł": "l", "ı": "i", "ħ": "h", "þ": "th", "ð": "d", "ŋ": "n",
        "ة": "ه", "ۀ": "ه", "ە": "ه", "ى": "ي", "ی": "ي", "ې": "ي", "ک": "ك", "ڪ": "ك", "ٱ": "ا",
        "ء": "", "ـ": "",
    }
)  # fmt: skip
"""Letters that Unicode does not take apart, by what they are read as."""

APOSTROPHES: Final = "'’‘ʼʹʾʿ`´ʻ＇"
_TOKEN: Final = re.compile(
    rf"(?:[^\W\d_]\.){{2,}}(?:[^\W\d_]\b)?|(?:[^\W_]|[{APOSTROPHES}\u064b-\u065f\u0670\u0640\u200c-\u200f\u0300-\u036f])+"
)
_JOINED_ARTICLE: Final = re.compile(r"\b(?:al|el|ul|ash|as|ad|ar|an|az|at)[-‐‑–](?=\w)", re.IGNORECASE)
_APOSTROPHE: Final = re.compile(rf"[{APOSTROPHES}]")
_ARTICLES: Final = ("وبال", "وكال", "ولل", "وال", "فال", "بال", "كال", "لل", "ال")
_CONJUNCTIONS: Final = frozenset("و")
_PREPOSITIONS: Final = frozenset("بلك")
_CLITICS: Final = _CONJUNCTIONS | _PREPOSITIONS
_SERVANTS: Final = frozenset({"عبد"})
_FATHERS: Final = frozenset({"ابو", "ابي", "ابا"})
_LATIN_SERVANTS: Final = frozenset({"abd", "abdul", "abdel", "abdal", "abdoul"})
_LATIN_FATHERS: Final = frozenset({"abu", "abou"})
_SERVANT_OF: Final = re.compile(r"abd(?:oul|ul|el|al)(?=\w{3})")
_FATHER_OF: Final = re.compile(r"abou(?=\w{3})")
LEAST_STEM: Final = 3
"""Letters that must remain when an article or a preposition is taken off."""


@dataclass(frozen=True)
class Word:
    """A word of a text in its folded form, other forms that it may be asked for by, and where it stands."""

    text: str
    also: tuple[str, ...]
    start: int
    end: int

    @property
    def forms(self) -> tuple[str, ...]:
        """The folded form, then the others."""
        return (self.text, *self.also)


def fold(text: str) -> str:
    """Return ``text`` in its folded form: words in one spelling, with one space between them."""
    return " ".join(word.text for word in words(text))


def posted(text: str) -> str:
    """Return the words of ``text`` as an index holds them: forms of one word joined by ``/``."""
    return " ".join("/".join(word.forms) for word in words(text))


def words(text: str) -> list[Word]:
    """Return the words of ``text``, folded; ``start`` and ``end`` are offsets into it."""
    return list(_merged(_tokens(text)))


def _tokens(text: str) -> Iterator[Word]:
    """Yield the words as they are written, folded one by one."""
    spaced = _JOINED_ARTICLE.sub(lambda found: " " * len(found[0]), text)
    for found in _TOKEN.finditer(spaced):
        for start, end in _parts(found[0]):
            folded = fold_word(found[0][start:end])
            if folded:
                yield Word(folded, (), found.start() + start, found.start() + end)


def _parts(token: str) -> Iterator[tuple[int, int]]:
    """Yield the spans of a token without elided articles (``l'Irak``) and possessives (``Morocco's``)."""
    start = 0
    found = _APOSTROPHE.search(token)
    if found and token[: found.start()].lower() in ELISIONS and found.end() < len(token):
        start = found.end()
    rest = token[start:]
    last = max((rest.rfind(sign) for sign in APOSTROPHES), default=-1)
    possessive = last > 0 and rest[last + 1 :].lower() == "s"
    yield (start, start + last if possessive else len(token))


@lru_cache(maxsize=65536)
def fold_word(token: str) -> str:
    """Return one word without case, accents, vowel signs, apostrophes and dots; digits as 0 to 9."""
    taken_apart = unicodedata.normalize("NFKD", token.casefold())
    plain = (_plain(sign) for sign in taken_apart.translate(SPECIAL))
    return _canonical("".join(plain))


def _plain(sign: str) -> str:
    if sign.isdecimal():
        return str(unicodedata.decimal(sign))
    return sign if sign.isalnum() else ""


def _canonical(word: str) -> str:
    """Return an Arabic word without its article; names of the servant and of the father in one spelling."""
    for article in _ARTICLES:
        if word.startswith(article) and len(word) - len(article) >= LEAST_STEM:
            return _canonical_name(word[len(article) :])
    return _canonical_name(word)


def _canonical_name(word: str) -> str:
    if word.startswith("عبدال") and len(word) > len("عبدال"):
        return "عبد" + word[len("عبدال") :]
    if word.startswith("abd"):
        return _SERVANT_OF.sub("abd", word, count=1)
    return _FATHER_OF.sub("abu", word, count=1)


def _merged(tokens: Iterable[Word]) -> Iterator[Word]:
    """Yield the words, with names of two words made one: ``عبد الإله`` is ``عبدالإله``, ``Abu Dhabi`` too."""
    held: Word | None = None
    for word in tokens:
        if held is not None:
            if word.text in ("al", "el", "ul"):
                continue
            yield _complete(Word(_joined(held.text, word.text), (), held.start, word.end))
            held = None
        elif word.text in _SERVANTS | _FATHERS | _LATIN_SERVANTS | _LATIN_FATHERS:
            held = word
        else:
            yield _complete(word)
    if held is not None:
        yield _complete(held)


def _joined(head: str, rest: str) -> str:
    """Return the one word of a name of two."""
    if head in _SERVANTS:
        # ``الله`` and ``الحي`` are too short to have lost their article yet
        return head + (rest[2:] if rest.startswith("ال") and len(rest) == LEAST_STEM + 1 else rest)
    if head in _LATIN_SERVANTS:
        return "abd" + rest
    return ("ابو" if head in _FATHERS else "abu") + rest


def _complete(word: Word) -> Word:
    return Word(word.text, other_forms(word.text), word.start, word.end)


@lru_cache(maxsize=65536)
def other_forms(word: str) -> tuple[str, ...]:
    """Return what else a folded word may be: without a joined preposition or ``و``, without a plural s."""
    found: list[str] = []
    if _is_arabic(word):
        if word[0] in _CLITICS:
            found.append(_canonical(word[1:]))
        if word[0] in _CONJUNCTIONS and word[1:2] in _PREPOSITIONS:
            found.append(_canonical(word[2:]))
    elif len(word) > LEAST_STEM and word.endswith("s") and not word.endswith("ss") and word.isalpha():
        found.append(word[:-1])
    return tuple(form for form in dict.fromkeys(found) if form != word and len(form) >= LEAST_STEM)


def unfinished(word: str) -> tuple[str, ...]:
    """Return the beginnings that a folded word may be which is still being typed: ``المغ`` is of ``مغرب``."""
    rests = (word[len(article) :] for article in _ARTICLES if word.startswith(article))
    return (word, *dict.fromkeys(rest for rest in rests if rest))


def _is_arabic(word: str) -> bool:
    return "\u0600" <= word[:1] <= "\u06ff"


_ARABIC_SOUNDS: Final = MappingProxyType(
    {letter: heard for heard, letters in {
        "b": "بپ", "t": "تثط", "g": "جغگ", "h": "حه", "k": "خقك", "d": "دذضظ", "r": "ر", "z": "زژ",
        "s": "سشصچ", "f": "فڤ", "l": "ل", "m": "م", "n": "ن",
    }.items() for letter in letters}
)  # fmt: skip
_DIGRAPHS: Final = (
    ("sch", "s"), ("tch", "s"), ("sh", "s"), ("ch", "s"), ("kh", "k"), ("gh", "g"), ("th", "t"), ("dh", "d"),
    ("ph", "f"), ("dj", "g"), ("ck", "k"), ("qu", "k"), ("ts", "s"), ("tz", "s"),
)  # fmt: skip
_SOFT_C: Final = re.compile(r"c(?=[eiy])")
_LATIN_SOUNDS: Final = str.maketrans("pvjqc", "bfgkk", "aeiouwy")
_TWICE: Final = re.compile(r"(.)\1+")
LEAST_SOUND: Final = 2


@lru_cache(maxsize=65536)
def sound(word: str) -> str:
    """Return how a folded word sounds: its consonants, in classes that Arabic and Latin script share.

    Empty where too few are left to tell words apart, and for numbers.
    """
    if _is_arabic(word):
        heard = "".join(_ARABIC_SOUNDS.get(letter, "") for letter in word)
    else:
        heard = _SOFT_C.sub("s", word)
        for letters, one in _DIGRAPHS:
            heard = heard.replace(letters, one)
        heard = heard.translate(_LATIN_SOUNDS).replace("x", "ks")
    heard = _TWICE.sub(r"\1", heard.rstrip("h"))
    return heard if len(heard) >= LEAST_SOUND and heard.isalpha() else ""


_ROMAN: Final = MappingProxyType(
    {
        **_ARABIC_SOUNDS,
        "ا": "a",
        "ع": "a",
        "و": "u",
        "ي": "i",
        "ش": "sh",
        "خ": "kh",
        "ج": "j",
        "پ": "p",
        "ڤ": "v",
    }
)


@lru_cache(maxsize=65536)
def romanised(word: str) -> str:
    """Return a folded word letter by letter in Latin script, to compare two that sound alike."""
    return "".join(_ROMAN.get(letter, "") for letter in word) if _is_arabic(word) else word
