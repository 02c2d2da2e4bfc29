"""How fast search answers among 100,000 made-up names: ``python -m tests.bench.search [NAMES]``.

The names and the questions are drawn with a fixed seed, so that every run asks the same.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median, quantiles

from legation.names import Name, Thing, make_name
from legation.namespaces import ID
from legation.serve.lookup.index import NameIndex, build_name_index
from legation.serve.lookup.matching import search, suggest

SEED = 20261122
NAMES = 100_000
QUESTIONS = 400
ONSETS = "b br d dj f g gh h j k kh l m n q r s sh t th v w y z".split()  # noqa: SIM905
VOWELS = ("a", "e", "i", "o", "u", "aa", "ou", "ei")
ARABIC = "ابتثجحخدذرزسشصضطظعغفقكلمنهوي"
BODIES = {
    "en": (
        "Committee on {}",
        "Ministry of {}",
        "Permanent Mission of {} to the United Nations",
        "{} Centre for {}",
    ),
    "fr": (
        "Comité de {}",
        "Ministère de l’{}",
        "Mission permanente de {} auprès des Nations unies",
        "Centre {} pour {}",
    ),
    "ar": ("لجنة {}", "وزارة {}", "البعثة الدائمة لـ{} لدى الأمم المتحدة", "مركز {} لمكافحة {}"),
}


def word(chance: random.Random, language: str) -> str:
    """Return a made-up word that could be a name."""
    if language == "ar":
        stem = "".join(chance.choice(ARABIC) for _ in range(chance.randint(3, 6)))
        return chance.choice(("", "", "ال", "ال")) + stem
    made = "".join(chance.choice(ONSETS) + chance.choice(VOWELS) for _ in range(chance.randint(2, 3)))
    return made.capitalize() + chance.choice(("", "", "n", "r", "ov"))


def names(count: int) -> Iterator[Name]:
    """Yield made-up names of things in three languages: persons of two or three words, bodies of more."""
    chance = random.Random(SEED)  # noqa: S311  # no secret
    vocabulary = {code: [word(chance, code) for _ in range(12_000)] for code in BODIES}
    for number in range(count // 3):
        kind = chance.choice(("person", "body", "event", "place"))
        thing = Thing(f"{ID}{kind}/{number}", kind, (kind.capitalize(),), int(chance.paretovariate(1)))
        frame = chance.randrange(4)
        for code, frames in BODIES.items():
            # A few words are in many names, most in few, as in every language.
            chosen = [vocabulary[code][int(12_000 * chance.random() ** 3)] for _ in range(3)]
            text = " ".join(chosen) if kind in ("person", "place") else frames[frame].format(*chosen)
            yield make_name(thing, "preferred", code, text)


def misprinted(chance: random.Random, text: str) -> str:
    """Return ``text`` with two of its letters exchanged."""
    at = chance.randrange(max(1, len(text) - 2))
    return text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :]


def questions(known: Sequence[Name]) -> dict[str, list[str]]:
    """Return what is asked, by its kind."""
    chance = random.Random(SEED + 1)  # noqa: S311
    drawn = [name.text for name in chance.sample(known, QUESTIONS)]
    return {
        "whole names": drawn,
        "two words": [" ".join(text.split()[-2:]) for text in drawn],
        "a frequent word": [
            chance.choice(("united nations", "الأمم المتحدة", "ministère", "لجنة")) for _ in drawn
        ],
        "misprints": [misprinted(chance, text) for text in drawn],
        "words of several names": [f"{one.split()[0]} {two.split()[-1]}" for one, two in pairwise(drawn)],
        "nothing there": [word(chance, "en") + word(chance, "en").lower() for _ in drawn],
    }


@dataclass(frozen=True)
class Taken:
    """What one answer took, in milliseconds: by the clock, and of this thread's processor time."""

    clock: float
    processor: float


def timed(ask: Callable[[str], object], texts: Sequence[str]) -> list[Taken]:
    """Return what each answer took."""
    taken = []
    for text in texts:
        clock, processor = time.perf_counter(), time.thread_time()
        ask(text)
        taken.append(Taken(1000 * (time.perf_counter() - clock), 1000 * (time.thread_time() - processor)))
    return taken


def report(measured: Mapping[str, Sequence[Taken]]) -> str:
    """Return the figures as a Markdown table."""
    lines = ["| asked | p50, ms | p95, ms | p95 of processor time, ms |", "| --- | ---: | ---: | ---: |"]
    everything = [one for several in measured.values() for one in several]
    for title, taken in [*measured.items(), ("**all**", everything)]:
        clock, processor = [one.clock for one in taken], [one.processor for one in taken]
        lines.append(f"| {title} | {median(clock):.1f} | {p95(clock):.1f} | {p95(processor):.1f} |")
    return "\n".join(lines)


def p95(taken: Sequence[float]) -> float:
    """Return what 95 of 100 do not exceed."""
    return quantiles(taken, n=20)[-1]


def main(count: int) -> None:
    """Build the index, ask, and print what it took."""
    known = list(names(count))
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        path = build_name_index(known, Path(folder) / "names.sqlite")
        built = time.perf_counter() - start
        index = NameIndex(path)
        suggest(index, "warm", [], 8)
        size = path.stat().st_size / 2**20
        print(f"{index.size:,} names, {len(index.words):,} words; built in {built:.1f} s, {size:.0f} MiB\n")
        measured = {
            title: timed(lambda text: search(index, text), texts) for title, texts in questions(known).items()
        }
        begun = [text[:length] for text in questions(known)["whole names"] for length in (1, 2, 3, 5, 8)]
        measured["suggestions"] = timed(lambda text: suggest(index, text, [], 8), begun)
        print(report(measured))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else NAMES)
