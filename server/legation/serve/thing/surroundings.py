"""What surrounds a thing on its page: who held what, who was a member, what took place."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import chain
from typing import Final

from pyoxigraph import NamedNode

from legation.namespaces import LEG
from legation.serve.site.directory.read import Directory, Said
from legation.serve.thing.neighbourhood import Drawing, drawing
from legation.serve.thing.standing import BODY, MEMBER, Member, Stint, about, members, sequences, stints
from legation.serve.thing.timeline import EVENT, MEMBERSHIP, TENURE, Entry, Timeline, timeline
from legation.serve.web.iris import kind_and_slug
from legation.serve.words.labels import direction
from legation.serve.words.present import Presenter, Shown
from legation.serve.words.spans import span_of

CLAIMS_AT_MOST: Final = 250
"""Claims of a class that are taken into account; no thing of today's data has more."""

EVENTS_AT_MOST: Final = 120
ROWS: Final = 40
"""Rows of the timeline on the page of a thing; the page of the timeline has all."""

TAKING_PLACE: Final = tuple(
    f"{LEG}{name}" for name in ("organizedBy", "concerns", "location", "heldIn", "partOfEvent", "hostedBy")
)
"""Properties that lead from an event to what it has to do with."""

TOLD: Final = frozenset(
    f"{LEG}{name}"
    for name in (
        *("holder", "post", "representing", "capacity", "rank", "member", "memberOfBody"),
        *("membershipStatus", "event", "startEarliest", "startLatest", "endEarliest", "endLatest"),
    )
)
"""The properties of claims and events that are read here."""

HELD: Final = frozenset({"person", "body", "state", "post"})
ACTING: Final = frozenset({*HELD, "event", "place", "instrument"})


@dataclass(frozen=True)
class Surroundings:
    """What surrounds a thing."""

    posts: Sequence[tuple[Shown, Sequence[Stint]]]
    """The posts of a body, or the post itself, with their holders in order."""
    represented: Sequence[Stint]
    """Who represented a state, where."""
    members: Sequence[Member] | None
    """The members of a body on the day that is asked for; ``None`` where it has none on any day."""
    timeline: Timeline | None


@dataclass(frozen=True)
class About:
    """What is known of a thing already."""

    iri: str
    claims: Collection[str]
    """The classes of the claims that name it."""
    pointing: Collection[str]
    """The properties by which things point at it."""
    said: Mapping[str, Said] = field(default_factory=dict)
    """What was read, about it and about claims."""

    @classmethod
    def read(cls, iri: str, directory: Directory) -> About:
        """Return what has to be known of the thing ``iri``, where nothing is."""
        return cls(iri, directory.claim_counts(iri), directory.pointing_counts(iri))


def surroundings(
    found: About, day: date, reader: Presenter, directory: Directory, rows: int = ROWS
) -> Surroundings:
    """Return what surrounds a thing: its members on ``day``, its timeline of so many rows."""
    iri, kind = found.iri, (kind_and_slug(found.iri) or ("",))[0]
    tenures, memberships, participations = (
        directory.claims(iri, name, CLAIMS_AT_MOST) if kind in ACTING and name in found.claims else []
        for name in (f"{LEG}Tenure", f"{LEG}Membership", f"{LEG}Participation")
    )
    wanted = [one for one in (*tenures, *memberships, *participations) if one not in found.said]
    said = {**found.said, **directory.said(wanted, TOLD)}
    held = stints(about(said, tenures), reader)
    belonging = about(said, memberships)
    has_members = any(_is(one, BODY, iri) for one in belonging)
    return Surroundings(
        posts=sequences(held) if kind in ("body", "post") else (),
        represented=[one for one in held if iri in {state.iri for state in one.representing}],
        members=members(belonging, iri, day, reader) if has_members else None,
        timeline=timeline(
            [
                *(entry_of(one, iri) for one in held),
                *memberships_of(belonging, iri, reader),
                *events_of(found, kind, about(said, participations), reader, directory),
            ],
            direction(reader.language) == "rtl",
            rows,
        )
        if kind in ACTING
        else None,
    )


def _is(said: Said, name: str, iri: str) -> bool:
    return any(value.value == iri for value in said.get(name, ()))


def entry_of(stint: Stint, iri: str) -> Entry:
    """Return a stint as a row of the timeline of ``iri``, which goes without saying there."""
    parts = (*stint.representing, stint.holder, stint.post)
    return Entry(TENURE, tuple(part for part in parts if part.iri != iri), stint.span)


def memberships_of(claims: Iterable[Said], iri: str, reader: Presenter) -> list[Entry]:
    """Return what ``iri`` itself belongs to, as rows of a timeline."""
    own = [said for said in claims if _is(said, MEMBER, iri)]
    bodies = dict.fromkeys(said[BODY][0].value for said in own if said.get(BODY))
    ever = date.max
    found = {}
    for body in bodies:
        for member in members([said for said in own if _is(said, BODY, body)], body, ever, reader):
            found[body] = member
    return [Entry(MEMBERSHIP, (reader.named(body),), one.span) for body, one in found.items()]


def events_of(
    found: About, kind: str, participations: Iterable[Said], reader: Presenter, directory: Directory
) -> list[Entry]:
    """Return the events that a thing took part in, or that have to do with it, as rows of a timeline."""
    took_part = (said[f"{LEG}event"][0].value for said in participations if said.get(f"{LEG}event"))
    leading = [name for name in TAKING_PLACE if name in found.pointing]
    about_it = chain.from_iterable(directory.pointing(found.iri, name, EVENTS_AT_MOST) for name in leading)
    itself = [found.iri] if kind == EVENT else []
    events = list(dict.fromkeys([*itself, *took_part, *about_it]))[:EVENTS_AT_MOST]
    said = directory.said([event for event in events if "/id/event/" in event], TOLD)
    return [Entry(EVENT, (reader.named(event),), span_of(said[event])) for event in events if event in said]


def neighbours(
    own: Said, pointing: Mapping[str, Sequence[Shown]], hidden: Iterable[str], reader: Presenter
) -> Drawing | None:
    """Return the drawing of a thing between what leads to it and where it leads, the most telling first."""
    skipped = set(hidden)
    outgoing = {
        reader.named(name): [reader.named(value.value) for value in values if isinstance(value, NamedNode)]
        for name, values in own.items()
        if name not in skipped
    }
    incoming = {reader.named(name): list(found) for name, found in pointing.items()}
    mirrored = direction(reader.language) == "rtl"
    return drawing(_told(incoming), _told(outgoing), mirrored)


def _told(side: Mapping[Shown, list[Shown]]) -> dict[Shown, list[Shown]]:
    """Return the properties that lead anywhere here, those with the fewest values first: they tell most."""
    kept = {name: [one for one in found if one.href] for name, found in side.items()}
    return {
        name: kept[name] for name in sorted(kept, key=lambda one: (len(kept[one]), one.iri)) if kept[name]
    }
