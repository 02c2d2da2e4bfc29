"""Who stood where, and when: the holders of posts in order, the members of a body on a day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Final

from legation.namespaces import LEG
from legation.serve.site.directory.read import Said
from legation.serve.words.labels import sort_key
from legation.serve.words.present import Presenter, Shown
from legation.serve.words.spans import DEPRECATED, On, Span, merged

MEMBER: Final = f"{LEG}member"
BODY: Final = f"{LEG}memberOfBody"
HOLDER: Final = f"{LEG}holder"
POST: Final = f"{LEG}post"
REPRESENTING: Final = f"{LEG}representing"
STATUS: Final = f"{LEG}membershipStatus"
CAPACITY: Final = f"{LEG}capacity"
SUBSTANTIVE: Final = f"{LEG}Substantive"


@dataclass(frozen=True)
class Stint:
    """One holder in one post, as all claims about it tell together."""

    holder: Shown
    post: Shown
    representing: tuple[Shown, ...]
    capacity: tuple[Shown, ...]
    """How the post is held, where it is not simply held."""
    span: Span
    claims: int


@dataclass(frozen=True)
class Member:
    """One member of a body, as all claims about it tell together."""

    name: Shown
    status: tuple[Shown, ...]
    span: Span
    on: On


def stints(claims: Iterable[Said], reader: Presenter) -> list[Stint]:
    """Return who held which post, by when it began; claims without a date come last."""
    found = [
        Stint(
            holder=reader.named(holder),
            post=reader.named(post),
            representing=_shown(group, REPRESENTING, reader),
            capacity=tuple(one for one in _shown(group, CAPACITY, reader) if one.iri != SUBSTANTIVE),
            span=merged(group),
            claims=len(group),
        )
        for (holder, post), group in _matters(claims, HOLDER, POST)
    ]
    return sorted(found, key=lambda one: (first_day(one.span), sort_key(one.holder.text.value)))


def sequences(found: Sequence[Stint]) -> list[tuple[Shown, list[Stint]]]:
    """Return stints by post: the posts that most have held first."""
    ordered = sorted(found, key=lambda one: one.post.iri)
    groups = [(list(group)) for _, group in groupby(ordered, key=lambda one: one.post.iri)]
    for group in groups:
        group.sort(key=lambda one: first_day(one.span))
    return [(group[0].post, group) for group in sorted(groups, key=len, reverse=True)]


def members(claims: Iterable[Said], body: str, day: date, reader: Presenter) -> list[Member]:
    """Return who was, certainly or possibly, a member of ``body`` on ``day``, by name."""
    found = []
    for (member, where), group in _matters(claims, MEMBER, BODY):
        span = merged(group)
        if where == body and (on := span.lasts_on(day)) is not On.NOT:
            found.append(Member(reader.named(member), _shown(group, STATUS, reader), span, on))
    return sorted(found, key=lambda one: sort_key(one.name.text.value))


def first_day(span: Span) -> date:
    """Return what spans are sorted by: the first day that is known of them, the end of time where none is."""
    return span.days[0] if span.days else date.max


def _matters(claims: Iterable[Said], one: str, other: str) -> Iterable[tuple[tuple[str, str], list[Said]]]:
    """Return claims by the two things that they are about, the deprecated ones left out."""
    groups: dict[tuple[str, str], list[Said]] = {}
    for said in claims:
        if said.get(one) and said.get(other) and DEPRECATED not in said.get(f"{LEG}rank", ()):
            groups.setdefault((said[one][0].value, said[other][0].value), []).append(said)
    return groups.items()


def _shown(claims: Iterable[Said], name: str, reader: Presenter) -> tuple[Shown, ...]:
    values = dict.fromkeys(value for said in claims for value in said.get(name, ()))
    return tuple(reader.show(value) for value in values)


def about(said: Mapping[str, Said], claims: Iterable[str]) -> list[Said]:
    """Return what is stated about each of ``claims``."""
    return [said[claim] for claim in claims if claim in said]
