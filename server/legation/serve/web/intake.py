"""What every request has to be before a view sees it: an address in UTF-8, and a body as it is."""

from __future__ import annotations

from typing import Final

from flask import Response, request

from legation.serve.web.problems import ProblemError

REPLACEMENT: Final = "\ufffd"
"""What stands in a decoded path for bytes that are not UTF-8; no IRI of ours has it."""


def check_request() -> None:
    """Raise the ``ProblemError`` for a path that is not UTF-8, or for a body that is compressed.

    A compressed body could unfold to any size (RFC 9110 §15.5.16 has 415 name the codings that are read).
    """
    if REPLACEMENT in request.path:
        raise ProblemError("bad-request", "The path is not UTF-8, percent-encoded.")
    coding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if coding != "identity":
        raise ProblemError(
            "unsupported-media-type",
            f"Content-Encoding is {coding[:40]!r}; send the body as it is.",
            headers={"Accept-Encoding": "identity"},
        )


def keep_here(response: Response) -> Response:
    """Make a redirect that routing wrote relative: the Host header is whatever the client says it is."""
    if response.location is not None and response.location.startswith(request.host_url):
        response.location = "/" + response.location.removeprefix(request.host_url)
        response.set_data(b"")
    return response
