"""How fast we serve, beside the peers: ``python -m tests.bench.serve --triples N``.

All servers hold the same statements at the same time and are asked by the same tool, one after another in
each round. Before that, every server has to give the answers that ours gives. One that does not, or that
cannot be had, stands in the table with what happened. The figures go into docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Final

from legation.release import open_release
from legation.serve.store import ensure_index
from tests.bench import load, page, peers, rest
from tests.bench.peers import AbsentError, Here, Peer
from tests.bench.questions import ANALYTIC, Questions
from tests.bench.same import check_same
from tests.bench.world import World
from tests.bench.worlds import CACHE, ROOT, published

CONNECTIONS: Final = 8
HEAVY: Final = 2
"""Analytic queries of each kind in a round."""

ALONE: Final = load.Pace(1, load.PATIENCE * HEAVY)
FASTEST: Final = 20_000
"""Requests in a second for which a list is long enough; one that is walked to its end ends the run."""

SLOWEST: Final = 5.0
"""Seconds for an answer with which a server is not asked again; below, those for an analytic one."""

SLOWEST_HEAVY: Final = 20.0

SAMPLE: Final = 40
"""Point queries of a round whose answers are compared."""

TURTLE: Final = "text/turtle"
HTML: Final = "text/html"
STARTERS: Final = {
    one.__name__: one
    for one in (peers.oxigraph, peers.trifid, peers.virtuoso, peers.rdflib_endpoint, peers.comunica)
}
OURS: Final = {TURTLE: ("/id/%s", "/data/%s"), HTML: ("/id/%s", "/page/%s")}
"""Our two requests for a thing: its IRI leads to the document with 303."""

FEW: Final = 20
"""Things that are asked for again and again."""

TRIPLES: Final = "legation.nt"
"""The file of a release that every peer is given: each statement once, in one graph."""

OWN: Final = "legation"
"""The folder in the cache where our server's log stays, to be read where something went wrong."""

MORE: Final = "more"
LESS: Final = "less"


@dataclass(frozen=True)
class Plan:
    """How much is measured, and of what."""

    triples: int
    rounds: int
    seconds: int
    """How long each server is asked each kind of question in each round."""
    bundled: Path
    """The release of the bundled data."""
    release: Path
    """The release of the synthetic world."""
    peers: tuple[str, ...]
    """The servers beside ours, by the names of ``STARTERS``."""

    @property
    def pace(self) -> load.Pace:
        """How all but the analytic queries are asked."""
        return load.Pace(CONNECTIONS, self.seconds)

    @property
    def questions(self) -> Questions:
        """The questions about the world of this size."""
        return Questions(World.of(self.triples))


@dataclass(frozen=True, eq=False)
class Case:
    """One table: what is asked, which way is better, and what is to be reached beside which server."""

    title: str
    unit: str
    better: str
    goals: Mapping[str, float] = field(default_factory=dict)
    """Our figure, divided by that of the server whose name begins so; ``""`` for every other one."""

    def goal(self, peer: str) -> float | None:
        """Return what is to be reached beside a server."""
        named = [goal for name, goal in self.goals.items() if name and peer.startswith(name)]
        return named[0] if named else self.goals.get("")


REPEATED: Final = Case("The same twenty queries, again and again", "answers a second", MORE, {"Oxigraph": 4})
POINTS: Final = Case("Point queries, none of them twice", "answers a second", MORE, {"Oxigraph": 0.8, "": 3})
HEAVIES: Final = {
    kind: Case(f"Analytic: {kind}", "milliseconds for one", LESS, {"Oxigraph": 1.1}) for kind in ANALYTIC
}
THINGS: Final = {
    (form, first): Case(
        f"Dereferencing to {name}, {'on first touch' if first else 'the same twenty again and again'}",
        "things a second",
        MORE,
        {"Trifid": 3 if first else 10},
    )
    for form, name in ((TURTLE, "Turtle"), (HTML, "HTML"))
    for first in (False, True)
}
CASES: Final = (REPEATED, POINTS, *HEAVIES.values(), *THINGS.values())


class Figures:
    """What was measured, by case and server, and why some was not."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.measured: dict[Case, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        self.absent: dict[str, str] = {}
        self.given_up: dict[tuple[Case, str], str] = {}

    def take(self, case: Case, name: str, measure: Callable[[], float]) -> None:
        """Measure once more, unless this server has been given up for this case."""
        if (case, name) in self.given_up:
            return
        try:
            value = measure()
        except (AbsentError, load.LoadError) as error:
            self.given_up[case, name] = str(error).splitlines()[0]
            tell(f"  {case.title}: {name}: {error}")
            return
        self.measured[case][name].append(value)
        tell(f"  {case.title}: {name}: {value:,.1f}")


def tell(line: str) -> None:
    """Say what is going on."""
    print(line, flush=True)


@contextmanager
def started(plan: Plan, figures: Figures) -> Iterator[list[Peer]]:
    """Run ours and every peer that can be had on the statements of a release; ours is the first."""
    with ExitStack() as stack:
        found = [stack.enter_context(peers.legation(plan.release, CACHE / OWN))]
        for starter in (STARTERS[name] for name in plan.peers):
            here = Here(plan.release / TRIPLES, CACHE, folder(stack))
            tell(f"starting {starter.__name__}")
            try:
                found.append(stack.enter_context(starter(here)))
            except AbsentError as error:
                tell(f"  {error}")
                figures.absent[starter.__name__] = str(error).splitlines()[0]
        yield found


def folder(stack: ExitStack) -> Path:
    """Return a folder that goes with ``stack``."""
    return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))


def compare(found: list[Peer], questions: Questions, figures: Figures) -> None:
    """Give up each server for the cases in which it answers otherwise than we do."""
    ours, *others = found
    asked: dict[Case, list[str]] = {
        REPEATED: questions.repeated(),
        POINTS: [query for turn in (1, 2) for query in islice(questions.points(turn), SAMPLE)],
        **{case: [questions.analytic(kind, 0)] for kind, case in HEAVIES.items()},
    }
    for peer in others:
        for case, queries in asked.items():
            if case in HEAVIES.values() and not case.goal(peer.name):
                continue
            try:
                check_same(queries, ours, peer, SLOWEST_HEAVY if case in HEAVIES.values() else SLOWEST)
            except AbsentError as error:
                tell(f"  {case.title}: {error}")
                figures.given_up[case, peer.name] = str(error).splitlines()[0]


def ask_queries(plan: Plan, found: list[Peer], turn: int, figures: Figures) -> None:
    """Measure one round of queries."""
    questions = plan.questions
    points = list(islice(questions.points(turn), FASTEST * plan.seconds))
    for peer in found:
        with load.written(map(peer.path, questions.repeated())) as paths:
            figures.take(REPEATED, peer.name, partial(rate, peer, paths, plan.pace, once=False))
        with load.written(map(peer.path, points)) as paths:
            figures.take(POINTS, peer.name, partial(rate, peer, paths, plan.pace, once=True))
    for kind, case in HEAVIES.items():
        heavy = [questions.analytic(kind, HEAVY * turn + number) for number in range(HEAVY)]
        for peer in (peer for peer in found if peer is found[0] or case.goal(peer.name)):
            figures.take(case, peer.name, partial(latency, peer, heavy))


def rate(peer: Peer, paths: Path, pace: load.Pace, *, once: bool) -> float:
    """Return the answers in a second."""
    return load.walk(peer.url, paths, peers.RESULTS, pace, once=once).rate


def latency(peer: Peer, queries: list[str]) -> float:
    """Return the milliseconds that one answer takes while nothing else is asked."""
    with load.written(map(peer.path, queries)) as paths:
        return 1000 / rate(peer, paths, ALONE, once=True)


def ask_things(plan: Plan, found: list[Peer], turn: int, figures: Figures) -> None:
    """Measure one round of dereferencing; on first touch, by a server of ours that was started anew."""
    things = plan.questions.things(turn)
    for form in (TURTLE, HTML):
        for peer in (peer for peer in found if peer is found[0] or peer.things):
            few = partial(dereferenced, peer, things[:FEW], form, plan.pace, once=False)
            figures.take(THINGS[form, False], peer.name, few)
            with ExitStack() as stack:
                ours = peer is found[0]
                fresh = stack.enter_context(peers.legation(plan.release, folder(stack))) if ours else peer
                all_of_them = partial(dereferenced, fresh, things, form, plan.pace, once=True)
                figures.take(THINGS[form, True], peer.name, all_of_them)


def dereferenced(peer: Peer, things: list[str], form: str, pace: load.Pace, *, once: bool) -> float:
    """Return how many things in a second are there as a document, redirects followed."""
    steps = peer.things or OURS[form]
    with load.written(step % thing for thing in things for step in steps) as paths:
        return load.walk(peer.url, paths, form, pace, once=once).rate / len(steps)


def starts(plan: Plan) -> list[rest.Start]:
    """Measure how soon ours answers, from the bundled release, and its memory at rest."""
    rest.start(plan.bundled)  # whatever is made at the first start of all is there then
    found = []
    for _ in range(plan.rounds):
        found.append(rest.start(plan.bundled))
        tell(f"  first answer after {found[-1].seconds:.2f} s, {found[-1].memory:.0f} MiB at rest")
    return found


def report(plan: Plan, found: list[str], figures: Figures, bundled: list[rest.Start]) -> str:
    """Return the part of the page."""
    with (plan.release / TRIPLES).open("rb") as file:
        statements = sum(1 for _ in file)
    lines = [
        f"{statements:,} statements, {CONNECTIONS} connections, {plan.rounds} rounds of {plan.seconds} s. "
        f"{page.machine()}; {page.programs()}; wrk {load.version()}; beside {', '.join(found[1:])}. "
        f"Command: `python -m tests.bench.serve {shlex.join(sys.argv[1:])}`.",
        *(f"Not measured: {name}: {reason}." for name, reason in figures.absent.items()),
    ]
    for case in CASES:
        lines += [f"**{case.title}**", rows(case, found, figures)]
    return "\n\n".join([*lines, start_line(bundled)])


def rows(case: Case, found: list[str], figures: Figures) -> str:
    """Return the table of one case."""
    measured = figures.measured[case]
    ours = measured[found[0]]
    lines: list[tuple[str, ...]] = [(found[0], f"{median(ours):,.0f}" if ours else "failed", "", "", "")]
    for name in found[1:]:
        if (case, name) in figures.given_up:
            lines.append((name, figures.given_up[case, name], "", "", ""))
        elif measured[name]:
            lines.append((name, f"{median(measured[name]):,.0f}", *ratio(case, name, ours, measured[name])))
    return page.table(("", case.unit, "ours ÷ theirs", "least to most", "goal"), lines)


def ratio(case: Case, name: str, ours: list[float], theirs: list[float]) -> tuple[str, str, str]:
    """Return the median of the rounds' ratios, their range, and the goal with whether it is reached."""
    found = [mine / other for mine, other in zip(ours, theirs, strict=True)]
    middle, goal, said = median(found), case.goal(name), ""
    if goal is not None:
        reached = middle >= goal if case.better == MORE else middle <= goal
        said = f"{'≥' if case.better == MORE else '≤'} {goal:g}, {'reached' if reached else '**missed**'}"
    return f"{middle:.2f}", f"{min(found):.2f} to {max(found):.2f}", said


def start_line(bundled: list[rest.Start]) -> str:
    """Return what the starts from the bundled release came to."""
    first = sorted(one.seconds for one in bundled)
    return (
        f"First 200 after `legation serve` on the bundled release: {median(first):.2f} s "
        f"({first[0]:.2f} to {first[-1]:.2f}; goal: < 1 s). At rest the whole service, "
        f"{bundled[0].processes} processes, holds {median(one.memory for one in bundled):.0f} MiB "
        f"(shared memory counted once); the sum of the most that each ever held is "
        f"{median(one.peaks for one in bundled):.0f} MiB (shared memory counted for each)."
    )


def planned() -> Plan:
    """Return what the command line asks for; a world is published where no release of one is given."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--triples", type=int, default=30_000)
    asked.add_argument("--rounds", type=int, default=5)
    asked.add_argument("--seconds", type=int, default=4)
    asked.add_argument("--bundled", type=Path, default=ROOT / "releases/current")
    asked.add_argument("--release", type=Path, help="a release of such a world, published before")
    asked.add_argument("--peers", nargs="+", choices=STARTERS, default=tuple(STARTERS))
    said = asked.parse_args()
    release = said.release or published(said.triples, tell)
    return Plan(
        said.triples, said.rounds, said.seconds, said.bundled.resolve(), release.resolve(), tuple(said.peers)
    )


def main(plan: Plan) -> None:
    """Measure everything and write it down."""
    load.version()
    ensure_index(open_release(plan.release))
    figures = Figures()
    with started(plan, figures) as found:
        compare(found, plan.questions, figures)
        for turn in range(1, plan.rounds + 1):
            tell(f"round {turn}")
            ask_queries(plan, found, turn, figures)
            ask_things(plan, found, turn, figures)
        names = [peer.name for peer in found]
    text = report(plan, names, figures, starts(plan))
    page.write_part(f"serving {plan.triples}", text)
    tell(text)


if __name__ == "__main__":
    main(planned())
