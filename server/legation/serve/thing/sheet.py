"""The page of a thing: what is said about it, the claims behind that, and what points at it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from flask import Blueprint, Response, request
from pyoxigraph import NamedNode

from legation.namespaces import ID, LEG, PREFIXES
from legation.serve.resources.things import gone
from legation.serve.site.directory.read import Said
from legation.serve.site.pages import page, presenter, spare
from legation.serve.site.sitemap import link_header
from legation.serve.state import state
from legation.serve.thing.past import evidence_of, past_view
from legation.serve.thing.schema_org import data_block
from legation.serve.thing.surroundings import About, neighbours, surroundings
from legation.serve.thing.views import CLAIM_CLASSES, LINKS, TYPE, Statements, ThingPage
from legation.serve.web import dated
from legation.serve.web.formats import GRAPH_OFFERS, HTML
from legation.serve.web.iris import ENTITY_KINDS
from legation.serve.web.operations import Parameter, described
from legation.serve.web.problems import ProblemError
from legation.serve.words.labels import spelled
from legation.serve.words.present import Presenter, Shown

blueprint: Final = Blueprint("sheet", __name__)

CLAIMS: Final = "claims"
POINTING: Final = "pointing"
FIELDS: Final = (
    Parameter(CLAIMS, "Only the claims of this group."),
    Parameter(POINTING, "Only what points here in this way."),
    Parameter(
        "page", "The page of that group, from 1.", {"type": "integer", "minimum": 1, "maximum": 999_999}
    ),
    Parameter("on", "The day for which members are listed.", {"type": "string", "format": "date"}),
    dated.RELEASE,
)
TIMELINE_FIELDS: Final = (Parameter("of", "The thing, such as body/gctf.", required=True), dated.RELEASE)
AT_FIRST: Final = 12
"""Members of each group on the page of a thing; the rest is a click away, so that any page is quick."""

A_PAGE: Final = 60
RIVALS_AT_MOST: Final = 50
EVIDENCE: Final = (f"{LEG}evidence", f"{PREFIXES['oa']}hasSource", f"{PREFIXES['oa']}hasSelector")
"""The properties that lead from a claim to what it rests on."""

LINKS_HERE: Final = f"{LEG}links"
DEEPER: Final = EVIDENCE[1:]
ALL_ROWS: Final = 2000
TIES: Final = frozenset(f"{LEG}{name}" for name in ("agreedWith", "cooperatesWith", "associatedWith"))
"""Properties of a body that the overview of partners has something to show for."""

UNDRAWN: Final = frozenset({TYPE, *LINKS, f"{LEG}evidence", f"{LEG}participatedIn"})
"""Properties that say nothing about a thing's neighbourhood; events are on the timeline."""


@dataclass(frozen=True)
class Part:
    """The part of a page that an address asks for: a page of one group, or the beginning of each."""

    list: str = ""
    group: str = ""
    number: int = 1


@dataclass(frozen=True)
class Group:
    """Claims of one class, or things that point here by one property: how many, and those on this page."""

    list: str
    slug: str
    name: Shown
    count: int
    members: tuple[str, ...]
    number: int
    pages: int


@blueprint.get("/page/<kind>/<slug>")
@described(
    HTML,
    leads=(301,),
    errors=("bad-request", "not-found", "withdrawn", "not-ready", "being-opened"),
    fields=FIELDS,
)
def show(kind: str, slug: str) -> Response:
    """Return the page of a thing, or of one group of what is listed on it."""
    spare((HTML,), HTML.name)
    with state().turn:
        return made(kind, slug)


def made(kind: str, slug: str) -> Response:
    """Return the page, or raise the problem that says why there is none."""
    iri = f"{ID}{kind}/{slug}"
    wanted, reader, directory = part(), presenter(), state().directory
    classes, leading = directory.claim_counts(iri), directory.pointing_counts(iri)
    claims = Lister(iri, CLAIMS, directory.claims, wanted).groups(in_order(classes), reader)
    pointing = Lister(iri, POINTING, directory.pointing, wanted).groups(
        {name: count for name, count in leading.items() if name != LINKS_HERE}, reader
    )
    links = directory.pointing(iri, LINKS_HERE, RIVALS_AT_MOST) if LINKS_HERE in leading else []
    rivals = directory.same_matter(iri, RIVALS_AT_MOST) if kind == "claim" else []
    said = statements(iri, [*rivals, *links, *(one for group in claims for one in group.members)])
    own = said.get(iri, {})
    if (moved := gone(iri, own)) is not None:
        return moved
    if not (own or claims or pointing):
        raise ProblemError("not-found", f"This release says nothing about {iri}.")
    composed = ThingPage(Statements(iri, said, directory.inferred(iri)), reader, state().wider)
    listed = {group.name.iri: [reader.named(one) for one in group.members] for group in pointing}
    values = {
        "view": composed.view(),
        "kind": kind,
        "slug": slug,
        "claims": [(group, composed.claims(group.members)) for group in claims],
        "pointing": [(group, listed[group.name.iri]) for group in pointing],
    }
    if wanted.list:
        response = page("part.html", 200, **values)
    else:
        response = page(
            "thing.html",
            200,
            **values,
            **around(About(iri, classes, leading, said), kind, reader),
            rivals=composed.claims(rivals),
            wikidata=[composed.link(link) for link in links],
            drawing=neighbours(own, listed, UNDRAWN, reader) if kind in ENTITY_KINDS else None,
            tied=kind == "body" and not TIES.isdisjoint(own),
            block=data_block(iri, kind, own),
            past=past_view(state().history, iri, evidence_of(own.get(EVIDENCE[0], ())), reader),
            offers=GRAPH_OFFERS,
        )
    response.headers["Link"] = link_header(kind, slug)
    return response


def around(about: About, kind: str, reader: Presenter) -> dict[str, object]:
    """Return what surrounds a thing, and the day for which its members are listed."""
    day = wanted_day()
    found = surroundings(about, day, reader, state().directory) if kind in ENTITY_KINDS else None
    return {"around": found, "day": day.isoformat()}


@blueprint.get("/timeline")
@described(HTML, errors=("bad-request", "not-found", "not-ready", "being-opened"), fields=TIMELINE_FIELDS)
def whole_timeline() -> Response:
    """Return the whole timeline of the thing that ``?of=body/gctf`` names."""
    kind, _, slug = request.args.get("of", "").partition("/")
    iri = f"{ID}{kind}/{slug}"
    if kind not in ENTITY_KINDS or not state().directory.said([iri]):
        message = f"“of” is {request.args.get('of', '')!r}; it names a thing, such as body/gctf."
        raise ProblemError("bad-request", message)
    directory = state().directory
    found = surroundings(About.read(iri, directory), wanted_day(), presenter(), directory, ALL_ROWS)
    return page("timeline.html", thing=presenter().named(iri), timeline=found.timeline)


def wanted_day() -> date:
    """Return the day that the address asks about, else the release's; raise the 400 where it is none."""
    asked = request.args.get("on") or state().release.manifest.issued
    try:
        return date.fromisoformat(asked)
    except ValueError as error:
        message = f"“on” is {asked!r}; it is a day of the calendar, such as 2024-02-29."
        raise ProblemError("bad-request", message) from error


def statements(iri: str, claims: Sequence[str]) -> dict[str, Said]:
    """Return what is stated about a thing and about ``claims``, with their evidence down to the sources."""
    directory = state().directory
    said: dict[str, Said] = dict(directory.said([iri, *claims]))
    for step in (EVIDENCE, DEEPER):
        leads = {
            value.value
            for one in tuple(said.values())
            for name in step
            for value in one.get(name, ())
            if isinstance(value, NamedNode)
        }
        said |= directory.said(sorted(leads - said.keys()))
    return said


def part() -> Part:
    """Return the part that the address asks for; raise the 400 where it asks for none that can be."""
    number = request.args.get("page", "1")
    if not number.isdecimal() or not 0 < int(number) < 10**6:
        raise ProblemError("bad-request", f"“page” is {number!r}; it is a number from 1.")
    for name in (CLAIMS, POINTING):
        if group := request.args.get(name):
            return Part(name, group, int(number))
    return Part()


def in_order(counts: Mapping[str, int]) -> dict[str, int]:
    """Return the classes of claims in the order that pages have them."""
    order = [f"{LEG}{name}" for name in CLAIM_CLASSES]
    return {
        name: counts[name] for name in sorted(counts, key=lambda one: (one not in order, order.index(one)))
    }


@dataclass(frozen=True)
class Lister:
    """Lists what belongs to a thing in groups: all of them a little, or one of them a page at a time."""

    iri: str
    name: str
    fetch: Callable[[str, str, int, int], list[str]]
    """Returns the members of a group of a thing: at most so many, after so many."""
    wanted: Part

    def groups(self, counts: Mapping[str, int], reader: Presenter) -> list[Group]:
        """Return the groups that are wanted; ``counts`` gives all of them with how many each has."""
        found = [self._group(key, count, reader) for key, count in counts.items() if self._wants(key, count)]
        if self.wanted.list == self.name and not found:
            raise ProblemError(
                "not-found", f"There is no page {self.wanted.number} of “{self.wanted.group}” here."
            )
        return found

    def _wants(self, key: str, count: int) -> bool:
        if not self.wanted.list:
            return True
        asked = (self.wanted.list, self.wanted.group) == (self.name, slug_of(key))
        return asked and self.wanted.number <= pages(count)

    def _group(self, key: str, count: int, reader: Presenter) -> Group:
        size = A_PAGE if self.wanted.list else AT_FIRST
        members = tuple(self.fetch(self.iri, key, size, (self.wanted.number - 1) * size))
        return Group(
            self.name, slug_of(key), reader.named(key), count, members, self.wanted.number, pages(count)
        )


def pages(count: int) -> int:
    """Return how many pages so many members fill."""
    return -(-count // A_PAGE)


def slug_of(key: str) -> str:
    """Return what an address calls a group."""
    return spelled(key).replace(":", "-")
