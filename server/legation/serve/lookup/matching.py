"""From what somebody typed to the names that fit it, and how well each does: what docs/search.md explains."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, pairwise
from math import log1p
from typing import Final

from rapidfuzz import process
from rapidfuzz.distance import OSA, Indel

from legation.folding import LIGHT, Word, fold, romanised, sound, unfinished, words
from legation.names import FORMS
from legation.serve.lookup.index import Entry, NameIndex, opening

LONGEST: Final = 200
"""Characters of a question that are read."""
MOST_WORDS: Final = 12
"""Words of a question that are looked for: the ones that tell most."""
MOST_FORMS: Final = 48
"""Words of the index that one word of a question may stand for."""
RANKED: Final = 300
"""Names that are looked at for one question."""

LOOKED_THROUGH: Final = 4000
"""Names that may have a word of the question, when none has all of them."""

EXACT: Final = 1.0
OTHER_FORM: Final = 0.96
JOINED: Final = 0.95
BEGINNING: Final = 0.8
ONE_MISPRINT: Final = 0.86
TWO_MISPRINTS: Final = 0.74
SAME_SOUND: Final = 0.5
SOUND_RANGE: Final = 0.35

LEAST_BEGINNING: Final = 3
LEAST_MISPRINTED: Final = 4
TWICE_MISPRINTED: Final = 8
LEAST_PART: Final = 3
ENOUGH: Final = 0.5
"""The share of a question that must be found in a name when no name has all of it."""


@dataclass(frozen=True)
class Asked:
    """One word of a question: how much it tells, and which words of the index it may stand for, how well."""

    word: Word
    weight: float
    found: Mapping[str, float]
    parts: tuple[str, str] | None = None

    @property
    def expression(self) -> str:
        """The full-text expression for any of these words; empty where there are none."""
        options = [f'"{form}"' for form in self.found]
        if self.parts:
            options.append(f'("{self.parts[0]}" AND "{self.parts[1]}")')
        return f"({' OR '.join(options)})" if options else ""


@dataclass(frozen=True)
class Question:
    """A question that was understood as far as the index goes."""

    folded: str
    asked: tuple[Asked, ...]

    @cached_property
    def weight(self) -> float:
        """How much all its words tell."""
        return sum(asked.weight for asked in self.asked)

    @cached_property
    def qualities(self) -> Mapping[str, float]:
        """Every word of the index that a word of the question may stand for, with how well the best does."""
        best: dict[str, float] = {}
        for asked in self.asked:
            for form, quality in asked.found.items():
                if quality > best.get(form, 0.0):
                    best[form] = quality
        return best

    @cached_property
    def forms(self) -> frozenset[str]:
        """Every word of the index that a word of the question may stand for."""
        parts = [part for asked in self.asked for part in asked.parts or ()]
        return frozenset([*(form for asked in self.asked for form in asked.found), *parts])


@dataclass(frozen=True)
class Fit:
    """How well a name fits a question: the share of the question that is in it, and of it in the question."""

    entry: Entry
    found: float
    covered: float
    same: bool


@dataclass(frozen=True)
class Hit:
    """A thing that was found, by its best name, with a score from 0 to 100."""

    fit: Fit
    score: float


@dataclass(frozen=True)
class Found:
    """The things found, best first. ``whole``: nothing more would be found by looking at more names."""

    question: Question
    hits: tuple[Hit, ...]
    whole: bool


def search(index: NameIndex, text: str, kinds: Sequence[str] = (), *, language: str = "") -> Found:
    """Return the things whose names fit ``text``: those with all its words, else those with most of them."""
    strict = understand(index, text)
    entries = candidates(index, strict, kinds)
    if entries:
        return _found(index, strict, entries, language, least=1.0)
    loose = understand(index, text, loosely=True)
    entries = candidates(index, loose, kinds)
    if entries:
        return _found(index, loose, entries, language, least=1.0)
    return _found(index, loose, nearest(index, loose, kinds, RANKED // 2), language, least=ENOUGH)


def suggest(
    index: NameIndex, text: str, kinds: Sequence[str], limit: int, *, language: str = ""
) -> list[Hit]:
    """Return what somebody may be about to type who has typed ``text``."""
    folded = fold(text[:LONGEST])
    if not folded:
        return []
    if len(folded) < LEAST_BEGINNING:
        question = Question(folded, ())
        starting = [Fit(entry, 1.0, 1.0, entry.folded == folded) for entry in _begun(index, folded, kinds)]
        return list(rank(index, question, starting, language))[:limit]
    return list(search(index, text, kinds, language=language).hits[:limit])


def _begun(index: NameIndex, folded: str, kinds: Sequence[str]) -> list[Entry]:
    return index.beginning(folded, kinds, RANKED // 6)


def _found(
    index: NameIndex, question: Question, entries: Sequence[Entry], language: str, *, least: float
) -> Found:
    fits = [fit for entry in entries if (fit := fit_of(index, question, entry)).found > 0]
    if least < 1:
        fits = [fit for fit in fits if fit.found >= least]
    return Found(question, tuple(rank(index, question, fits, language)), len(entries) < RANKED)


def candidates(index: NameIndex, question: Question, kinds: Sequence[str]) -> list[Entry]:
    """Return the names that have every word of a question, in one form or another."""
    groups = [asked.expression for asked in question.asked]
    if not groups or not all(groups):
        return []
    found = {entry.id: entry for entry in index.beginning(question.folded, kinds, RANKED // 6)}
    found |= {entry.id: entry for entry in index.matching(" AND ".join(groups), kinds, RANKED)}
    return list(found.values())


def nearest(index: NameIndex, question: Question, kinds: Sequence[str], limit: int) -> list[Entry]:
    """Return the names that have the most telling words of a question, as many as can be looked through."""
    telling = sorted((a for a in question.asked if a.expression), key=lambda asked: -asked.weight)
    groups: list[str] = []
    names = 0
    for asked in telling:
        names += sum(index.words.get(form, 0) for form in asked.found)
        if groups and names > LOOKED_THROUGH:
            break
        groups.append(asked.expression)
    return index.best(" OR ".join(groups), kinds, limit) if groups else []


def understand(index: NameIndex, text: str, *, loosely: bool = False) -> Question:
    """Return what ``text`` asks for. ``loosely``: known words may be misprints and other spellings, too."""
    typed = words(text[:LONGEST])
    telling = [word for word in typed if word.text not in LIGHT] or typed
    weights = {word: index.weight(word.text) for word in telling}
    chosen = sorted(telling, key=lambda word: -weights[word])[:MOST_WORDS]
    last = typed[-1] if typed else None
    joined = _joined(index, typed)
    asked = [
        Asked(
            word,
            weights[word],
            joined.get(word, {}) | _standing_for(index, word, last=word is last, loosely=loosely),
            _parts(index, word.text),
        )
        for word in telling
        if word in chosen
    ]
    return Question(" ".join(word.text for word in typed), tuple(asked))


def _standing_for(index: NameIndex, word: Word, *, last: bool, loosely: bool) -> dict[str, float]:
    """Return the words of the index that a word may stand for, the best first."""
    found = {form: OTHER_FORM for form in word.also if form in index.words}
    if word.text in index.words:
        found[word.text] = EXACT
    if len(word.text) >= LEAST_BEGINNING or last:
        for beginning in unfinished(word.text) if last else (word.text,):
            for longer in _longer(index, beginning):
                found.setdefault(longer, BEGINNING + 0.15 * len(beginning) / len(longer))
    if loosely or not found:
        for other, quality in _misprints(index, word.text):
            found.setdefault(other, quality)
        for other, quality in _sounding(index, word.text):
            found[other] = max(quality, found.get(other, 0.0))
    return dict(sorted(found.items(), key=lambda pair: -pair[1])[:MOST_FORMS])


def _longer(index: NameIndex, beginning: str) -> Iterator[str]:
    """Yield words that begin so, the most frequent first."""
    start = bisect_left(index.in_order, beginning)
    fitting = []
    for word in islice(index.in_order, start, start + 2000):
        if not word.startswith(beginning):
            break
        fitting.append(word)
    yield from sorted(fitting, key=lambda word: -index.words[word])[:MOST_FORMS]


def _misprints(index: NameIndex, word: str) -> Iterator[tuple[str, float]]:
    """Yield words at a small distance: letters left out, added, changed, or two of them exchanged.

    Two misprints are looked for only in words that begin with the same letter or one that sounds like it.
    """
    if len(word) < LEAST_MISPRINTED or word.isdigit():
        return
    for length in range(len(word) - 1, len(word) + 2):
        for other in _within(word, index.by_length.get(length, ()), 1):
            yield other, ONE_MISPRINT
    if len(word) >= TWICE_MISPRINTED:
        for length in range(len(word) - 2, len(word) + 3):
            for other in _within(word, index.by_start.get((length, opening(word)), ()), 2):
                yield other, TWO_MISPRINTS


def _within(word: str, others: Sequence[str], distance: int) -> Iterator[str]:
    near = process.extract(word, others, scorer=OSA.distance, score_cutoff=distance, limit=MOST_FORMS)
    yield from (other for other, _, _ in near if other != word)


def _sounding(index: NameIndex, word: str) -> Iterator[tuple[str, float]]:
    """Yield words that sound the same in either script, by how alike they are letter by letter."""
    spelled = romanised(word)
    for other in index.by_sound.get(sound(word), ()):
        if other != word:
            yield other, SAME_SOUND + SOUND_RANGE * Indel.normalized_similarity(spelled, romanised(other))


def _joined(index: NameIndex, typed: Sequence[Word]) -> dict[Word, dict[str, float]]:
    """Return the words of the index that two words of the question make together."""
    found: dict[Word, dict[str, float]] = {}
    for one, two in pairwise(typed):
        together = one.text + two.text
        if together in index.words:
            found.setdefault(one, {})[together] = JOINED
            found.setdefault(two, {})[together] = JOINED
    return found


def _parts(index: NameIndex, word: str) -> tuple[str, str] | None:
    """Return the two words of the index that ``word`` is made of, the most telling pair, if there is one.

    The second may have lost its article in the index.
    """
    best: tuple[float, tuple[str, str]] | None = None
    for cut in range(LEAST_PART, len(word) - LEAST_PART + 1):
        one, two = word[:cut], fold(word[cut:])
        if one in index.words and two in index.words and len(two) >= LEAST_PART:
            rarity = min(index.words[one], index.words[two])
            if best is None or rarity > best[0]:
                best = (rarity, (one, two))
    return best[1] if best else None


def fit_of(index: NameIndex, question: Question, entry: Entry) -> Fit:
    """Return how well a name fits a question."""
    groups = [group.split("/") for group in entry.words.split()]
    there = {form for group in groups for form in group}
    found, qualities = 0.0, question.qualities
    for asked in question.asked:
        best = 0.0
        for form in there & asked.found.keys():
            best = max(best, asked.found[form])
        if asked.parts and there.issuperset(asked.parts):
            best = max(best, JOINED)
            qualities = {**qualities, **dict.fromkeys(asked.parts, JOINED)}
        found += asked.weight * best
    mass = covered = 0.0
    for group in groups:
        weight = index.weight(group[0])
        mass += weight
        covered += weight * max([qualities.get(form, 0.0) for form in group])
    whole = question.weight
    return Fit(
        entry,
        found / whole if whole else 0.0,
        covered / mass if mass else 0.0,
        entry.folded == question.folded,
    )


def rank(index: NameIndex, question: Question, fits: Iterable[Fit], language: str) -> Iterator[Hit]:
    """Yield each thing once, by its best name, the best first."""
    best: dict[str, Hit] = {}
    for fit in fits:
        hit = Hit(fit, score(question, fit, language))
        if fit.entry.thing not in best or hit.score > best[fit.entry.thing].score:
            best[fit.entry.thing] = hit
    yield from sorted(best.values(), key=lambda hit: (-hit.score, hit.fit.entry.id))


def score(question: Question, fit: Fit, language: str) -> float:
    """Return the score of a name from 0 to 100: see docs/search.md."""
    named = 0.7 * fit.found + 0.2 * fit.covered + 0.1 * (fit.same or fit.found * _begins(question, fit))
    spoken = 1.0 if fit.entry.language in ("", language) or not language else 0.99
    spoken_of = min(1.0, log1p(fit.entry.links) / log1p(1000))
    return round(100 * (0.95 * named * FORMS.get(fit.entry.form, 0.9) * spoken + 0.05 * spoken_of), 2)


def _begins(question: Question, fit: Fit) -> float:
    return 0.5 if fit.entry.folded.startswith(question.folded) else 0.0


def highlight(text: str, question: Question) -> list[tuple[str, bool]]:
    """Return ``text`` in pieces, each with whether a word of the question is found there."""
    pieces: list[tuple[str, bool]] = []
    forms, end = question.forms, 0
    for word in words(text):
        hit = any(form in forms for form in word.forms) or word.text.startswith(question.folded or "\0")
        if hit:
            pieces += [(text[end : word.start], False), (text[word.start : word.end], True)]
            end = word.end
    return [piece for piece in [*pieces, (text[end:], False)] if piece[0]]
