"""How long lists and pages take over 100,000 things: `python -m tests.scale` measures and prints it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from legation.namespaces import GRAPH, ID, LEG, PREFIXES
from legation.release import open_release
from legation.serve.site.directory.build import ensure_directory
from legation.serve.store import ensure_index
from tests.serving import Server, serving, small_release

THINGS = 100_000
STATES, BODIES, POSTS = 200, 2_000, 10_000
TIMES = 20
HTML = {"Accept": "text/html"}
XSD = PREFIXES["xsd"]
PATHS = (
    "/en/browse/",
    "/en/browse/person",
    "/ar/browse/person?sort=-claims",
    "/en/browse/person?state=state-7",
    "/en/browse/person?state=state-7&body=body-7",
    "/en/browse/event?year=2010&sort=-date",
    "/en/browse/claim?type=Tenure&year=2010",
    "/en/page/body/body-7",
    "/en/page/state/state-7",
    "/en/page/person/person-77",
    "/en/page/claim/source-1-77",
    "/en/search?q=person+77",
)


def things() -> Iterator[tuple[str, list[tuple[str, str]], str]]:
    """Yield slug, statements and graph of each thing: a fifth are persons, a quarter events, half claims."""
    persons, events = THINGS // 5, THINGS // 4
    for number in range(STATES):
        yield f"state/state-{number}", named("State", f"State {number}"), "entities"
    for number in range(BODIES):
        seat = (f"<{LEG}seatState>", f"<{ID}state/state-{number % STATES}>")
        yield f"body/body-{number}", [*named("Forum", f"Body {number}"), seat], "entities"
    for number in range(POSTS):
        place = (f"<{LEG}postIn>", f"<{ID}body/body-{number % BODIES}>")
        yield f"post/post-{number}", [*named("Post", f"Post {number}"), place], "entities"
    for number in range(persons):
        held = (f"<{LEG}everHeld>", f"<{ID}post/post-{number % POSTS}>")
        state = (f"<{LEG}everRepresented>", f"<{ID}state/state-{number % STATES}>")
        yield f"person/person-{number}", [*named("Person", f"Person {number}"), held, state], "entities"
    for number in range(events):
        day = (f"<{LEG}startDate>", f'"{1990 + number % 36}"^^<{XSD}gYear>')
        by = (f"<{LEG}organizedBy>", f"<{ID}body/body-{number % BODIES}>")
        yield f"event/event-{number}", [*named("Meeting", f"Event {number}"), day, by], "entities"
    for number in range(THINGS - persons - events - STATES - BODIES - POSTS):
        yield f"claim/source-1-{number}", claim(number, persons), "source-1"


def named(kind: str, name: str) -> list[tuple[str, str]]:
    """Return a type and names in three languages."""
    names = ((f"<{PREFIXES['skos']}prefLabel>", f'"{name}"@{language}') for language in ("ar", "en", "fr"))
    return [(f"<{PREFIXES['rdf']}type>", f"<{LEG}{kind}>"), *names]


def claim(number: int, persons: int) -> list[tuple[str, str]]:
    """Return a tenure."""
    return [
        (f"<{PREFIXES['rdf']}type>", f"<{LEG}Tenure>"),
        (f"<{LEG}holder>", f"<{ID}person/person-{number % persons}>"),
        (f"<{LEG}post>", f"<{ID}post/post-{number % POSTS}>"),
        (f"<{LEG}representing>", f"<{ID}state/state-{number % STATES}>"),
        (f"<{LEG}rank>", f"<{LEG}NormalRank>"),
        (f"<{LEG}start>", f'"{1990 + number % 36}"^^<{XSD}gYear>'),
        (f"<{LEG}startEarliest>", f'"{1990 + number % 36}-01-01"^^<{XSD}date>'),
        (f"<{LEG}startLatest>", f'"{1990 + number % 36}-12-31"^^<{XSD}date>'),
        (f"<{LEG}evidence>", f"<{ID}source/source-1>"),
    ]


def quads() -> Iterator[str]:
    for slug, statements, graph in things():
        for predicate, value in statements:
            yield f"<{ID}{slug}> {predicate} {value} <{GRAPH}{graph}> .\n"


def milliseconds(server: Server, path: str) -> tuple[float, float]:
    """Return how long the first answer took, and the median of those to addresses that nothing has kept."""
    taken = []
    for number in range(TIMES):
        mark = "&" if "?" in path else "?"
        begun = time.perf_counter()
        answer = server.ask(f"{path}{mark}n={number}", HTML)
        taken.append((time.perf_counter() - begun) * 1000)
        assert answer.status == 200, f"{path}: {answer.status}"
    return taken[0], median(taken[1:])


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        release = open_release(small_release(Path(folder), "".join(quads())))
        begun = time.perf_counter()
        index = ensure_index(release)
        print(f"store built in {time.perf_counter() - begun:.0f} s")
        begun = time.perf_counter()
        directory = ensure_directory(index, release.dataset, dict)
        size = directory.stat().st_size / 2**20
        print(f"directory built in {time.perf_counter() - begun:.0f} s, {size:.0f} MiB")
        with serving(release.path) as server:
            for path in PATHS:
                first, usual = milliseconds(server, path)
                print(f"{path:50} first {first:7.1f} ms, then {usual:6.1f} ms")


if __name__ == "__main__":
    main()
