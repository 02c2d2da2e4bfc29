"""Addresses with ``?release=``: as they answer in one release, whichever is being served (RFC 7089).

Only views that say so take the field; elsewhere it is refused rather than passed over, since the answer would
be from another release than the one that was asked for.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final
from urllib.parse import quote, urlencode

from flask import Response, current_app, g, request
from werkzeug.http import http_date

from legation.release import Release, ReleaseError, release_named, versions_in
from legation.serve.archive import Archive, BusyError
from legation.serve.state import EXTENSION, served, state
from legation.serve.web import caching
from legation.serve.web.iris import SAFE
from legation.serve.web.operations import OPERATION, Operation, Parameter
from legation.serve.web.problems import ProblemError

FIELD: Final = "release"
RELEASE: Final = Parameter(
    FIELD,
    "The release to answer from, of those that are here: an address with it never changes its answer.",
    {"type": "string", "examples": ["2026.11.0"]},
)
ARCHIVE: Final = "legation.archive"
LEASE: Final = "legation.lease"
RETRY_AFTER: Final = 2
"""Seconds after which a release that is being opened is worth another try."""

LASTING: Final = frozenset({200, 304})
"""Statuses of answers that may be kept for ever."""


def enter() -> None:
    """Choose the release that the current request is about; raise the problem where it cannot be had."""
    asked = request.args.get(FIELD)
    if asked is None or request.endpoint is None or request.method == "OPTIONS":
        return
    operation: Operation | None = getattr(current_app.view_functions[request.endpoint], OPERATION, None)
    if operation is None:
        return
    here = served().release
    if RELEASE not in operation.fields:
        if asked != here.manifest.version:
            raise ProblemError(
                "bad-request",
                f"This address is answered from release {here.manifest.version}, the one being served, and "
                "from no other. Things, claims and sources, their pages and their data, take “release”.",
            )
        return
    if asked != here.manifest.version:
        setattr(g, EXTENSION, _lend(_named(here, asked)))


def leave(_: BaseException | None = None) -> None:
    """Give an earlier release back, at the end of the request."""
    lease: ExitStack | None = g.pop(LEASE, None)
    if lease is not None:
        lease.close()


def _named(here: Release, version: str) -> Release:
    """Return the release of a version; raise the 404 that names those that are here."""
    try:
        return release_named(here.path.parent, version)
    except ReleaseError as error:
        present = versions_in(here.path.parent)
        raise ProblemError(
            "not-found",
            f"There is no release {version[:40]!r} here; there are: {', '.join(present)}.",
            members={"releases": present},
        ) from error


def _lend(release: Release) -> object:
    archive: Archive = current_app.extensions[ARCHIVE]
    lease = ExitStack()
    setattr(g, LEASE, lease)
    try:
        return lease.enter_context(archive.lease(release))
    except BusyError as error:
        detail = f"Release {release.manifest.version} is being opened, or others are; ask again."
        raise ProblemError("being-opened", detail, headers={"Retry-After": str(RETRY_AFTER)}) from error
    except ReleaseError as error:
        detail = f"Release {release.manifest.version} cannot be opened here; its files are under /release/."
        raise ProblemError("not-ready", detail) from error


def dated() -> str:
    """Return the version that the address asks for, where this view heeds that; nothing elsewhere."""
    version = state().release.manifest.version
    if request.args.get(FIELD) != version or request.endpoint is None:
        return ""
    operation: Operation | None = getattr(current_app.view_functions[request.endpoint], OPERATION, None)
    return version if operation is not None and RELEASE in operation.fields else ""


@dataclass(frozen=True)
class Place:
    """What a page of one release says of it, and adds to its links to stay in it."""

    version: str
    issued: str
    elsewhere: str
    """The address of the same page in whichever release is current."""

    @property
    def query(self) -> str:
        """The end of an address that has no query yet."""
        return f"?{FIELD}={self.version}"

    @property
    def more(self) -> str:
        """The end of an address that has a query already."""
        return f"&{FIELD}={self.version}"


def place() -> Place | None:
    """Return which release the page is of; nothing where its address leaves that open."""
    version = dated()
    return Place(version, state().release.manifest.issued, undated()) if version else None


def query() -> str:
    """Return what an address ends with that leads on in the same release."""
    found = place()
    return found.query if found is not None else ""


def undated() -> str:
    """Return the address of what is asked for in whichever release is current."""
    kept = [pair for pair in request.args.items(multi=True) if pair[0] != FIELD]
    return quote(request.script_root + request.path, safe=SAFE) + (f"?{urlencode(kept)}" if kept else "")


def sign(response: Response) -> Response:
    """Say of an answer from one release which day's it is, where the current one is, and that it stays."""
    version = dated()
    if version and response.status_code in LASTING:
        response.headers["Memento-Datetime"] = moment_of(state().release)
        original = f'<{undated()}>; rel="original latest-version"'
        response.headers["Link"] = ", ".join(filter(None, [original, response.headers.get("Link")]))
        response.headers["Cache-Control"] = caching.FOR_EVER
    return response


def moment_of(release: Release) -> str:
    """Return the beginning of the day of a release, as HTTP writes it: releases have no times."""
    day = date.fromisoformat(release.manifest.issued)
    return http_date(datetime(day.year, day.month, day.day, tzinfo=UTC))
