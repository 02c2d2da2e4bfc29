"""Every error in one shape: an RFC 9457 problem document, or the same as a page for people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from legation.namespaces import BASE
from legation.serve.web.formats import HTML
from legation.serve.web.negotiation import Offer
from legation.serve.words.messages import marked, translate

PROBLEM_JSON: Final = Offer("problem", "application/problem+json")
PROBLEM: Final = "legation.problem"
"""Where the WSGI environment holds the problem that the server has found before the application was asked."""

PROBLEM_OFFERS: Final = (PROBLEM_JSON, Offer("json", "application/json"), HTML)


@dataclass(frozen=True)
class Kind:
    """A kind of problem: its status, its title and what a client can do about it."""

    status: int
    title: str
    advice: str


KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "not-found": Kind(
            404,
            marked("Nothing here"),
            marked(
                "No page has this address and no statement of this release is about such an IRI. "
                "Identifiers, once published, keep answering: check the spelling, or search with "
                "SPARQL at /sparql."
            ),
        ),
        "withdrawn": Kind(
            410,
            marked("Withdrawn"),
            marked(
                "This identifier was published and has been withdrawn; the note says why. Nothing "
                "replaces it."
            ),
        ),
        "not-acceptable": Kind(
            406,
            marked("No acceptable representation"),
            marked(
                "Nothing on offer fits the Accept header or the format that was asked for. The "
                "member “offers” lists what there is; ask for one of these, by Accept or by "
                "?format=."
            ),
        ),
        "coding-not-acceptable": Kind(
            406,
            marked("No acceptable content coding"),
            marked(
                "The Accept-Encoding header refuses everything this server sends. Allow zstd, gzip or "
                "identity."
            ),
        ),
        "method-not-allowed": Kind(
            405,
            marked("Method not allowed"),
            marked(
                "This address can be read and nothing else. The Allow header lists the methods it answers."
            ),
        ),
        "bad-request": Kind(
            400,
            marked("Bad request"),
            marked(
                "The request does not follow the protocol; the detail says where. It will fail "
                "again unless changed."
            ),
        ),
        "syntax-error": Kind(
            400,
            marked("Syntax error in the query"),
            marked(
                "The query is not SPARQL. The members “line” and “column” (both from 1) say where "
                "reading stopped."
            ),
        ),
        "document-error": Kind(
            400,
            marked("Syntax error in the document"),
            marked(
                "The document is not of the format it was posted as. The members “line” and “column” "
                "(both from 1) say where reading stopped, where the format has lines."
            ),
        ),
        "validation-over-limit": Kind(
            503,
            marked("Validation met a limit"),
            marked(
                "The document needed more time, memory or room for its report than one validation may "
                "have. Post it in parts, or validate it at home with the shapes of the release."
            ),
        ),
        "unknown-function": Kind(
            400,
            marked("Unknown function"),
            marked(
                "The query calls a function, by its IRI, that this endpoint does not have. The "
                "functions are those of SPARQL 1.1 and the casts of XML Schema types."
            ),
        ),
        "service-refused": Kind(
            400,
            marked("Federated query refused"),
            marked(
                "This endpoint opens no connection on behalf of a query, except to hosts that its "
                "operator has listed: there, SERVICE takes a constant endpoint and a group. Run the "
                "federation in your own engine and ask this endpoint for its part."
            ),
        ),
        "service-failed": Kind(
            502,
            marked("The other endpoint failed"),
            marked(
                "An endpoint that the query calls with SERVICE gave no usable answer; the detail "
                "says which and why. Ask it for less, try again later, or write SERVICE SILENT to "
                "go on without it."
            ),
        ),
        "engine-failed": Kind(
            502,
            marked("The engine failed"),
            marked(
                "The SPARQL endpoint that this server asks gave no usable answer, and no part of one was "
                "sent; the detail says why. Ask for less, or tell the operator of this server."
            ),
        ),
        "engine-down": Kind(
            503,
            marked("The engine does not answer"),
            marked(
                "The SPARQL endpoint that this server asks cannot be reached, or does not hold this release "
                "just now. Try again after the time in Retry-After."
            ),
        ),
        "update-refused": Kind(
            403,
            marked("Updates are refused"),
            marked("A release never changes, so there is nothing to update. Send queries only."),
        ),
        "unsupported-media-type": Kind(
            415,
            marked("Unsupported media type"),
            marked(
                "The header Accept-Post lists the media types that can be posted here. A form posts a "
                "query in a “query” field."
            ),
        ),
        "request-too-large": Kind(
            413,
            marked("Request too large"),
            marked(
                "The request is longer than this server reads. The member “limit” gives the limit in bytes."
            ),
        ),
        "too-slow": Kind(
            408,
            marked("Request too slow"),
            marked(
                "The body did not arrive within the time that this server waits. The member “limit” gives "
                "the time in seconds."
            ),
        ),
        "result-too-large": Kind(
            413,
            marked("Result too large"),
            marked(
                "The result is longer than this server sends for a query. Ask for less (LIMIT, "
                "fewer variables), or download the release and query it at home: "
                "/release/current."
            ),
        ),
        "out-of-time": Kind(
            504,
            marked("Out of time"),
            marked(
                "The query did not finish within the wall-clock limit, and no part of an answer "
                "was sent. Ask for less, bind more, or download the release and query it at home: "
                "/release/current."
            ),
        ),
        "out-of-memory": Kind(
            503,
            marked("Out of memory"),
            marked(
                "The query needed more memory than one query may have, and no part of an answer "
                "was sent. Ask for less, or download the release and query it at home: "
                "/release/current."
            ),
        ),
        "too-deep": Kind(
            400,
            marked("Nested too deeply"),
            marked("The query nests deeper than the engine can follow. Write it flatter."),
        ),
        "queue-full": Kind(
            503,
            marked("Too many queries"),
            marked(
                "Every worker is taken and so is every place in the queue. Try again after the "
                "time in Retry-After."
            ),
        ),
        "too-busy": Kind(
            503,
            marked("Too many requests"),
            marked(
                "The server has more requests under way than it can answer. Try again after the time in "
                "Retry-After."
            ),
        ),
        "not-ready": Kind(
            503,
            marked("Not ready"),
            marked(
                "The server is starting or stopping, or cannot read its release. Send requests elsewhere, "
                "or try again later."
            ),
        ),
        "being-opened": Kind(
            503,
            marked("Being opened"),
            marked(
                "An earlier release is opened when somebody asks for it, few at a time; where its index has "
                "to be built first, that takes a while. Try again after the time in Retry-After."
            ),
        ),
        "range-not-satisfiable": Kind(
            416,
            marked("Range not satisfiable"),
            marked("The file is shorter than the range that was asked for."),
        ),
        "internal-error": Kind(
            500,
            marked("Internal error"),
            marked(
                "The server failed. The query or the address is not at fault; please report what "
                "you asked for."
            ),
        ),
    }
)


class ProblemError(Exception):
    """An answer that is an error."""

    def __init__(
        self,
        slug: str,
        detail: str,
        *,
        members: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Say which of ``KINDS`` it is, what happened here, and what else belongs in document and headers."""
        super().__init__(detail)
        self.slug = slug
        self.kind = KINDS[slug]
        self.detail = detail
        self.members = dict(members or {})
        self.headers = dict(headers or {})

    def document(self, instance: str, language: str = "en") -> dict[str, Any]:
        """Return the problem document; ``instance`` is the path that was asked for.

        Title and advice are in ``language``; the detail quotes the request and the engine and is in English.
        """
        return {
            "type": type_iri(self.slug),
            "title": translate(self.kind.title, language),
            "status": self.kind.status,
            "detail": self.detail,
            "instance": instance,
            "advice": translate(self.kind.advice, language),
            **self.members,
        }


def as_json(document: Mapping[str, Any]) -> str:
    """Return a problem document as it is sent."""
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def type_iri(slug: str) -> str:
    """Return the IRI of a kind of problem; it dereferences to its explanation."""
    return f"{BASE}problems/{slug}"


def slug_for(status: int) -> str:
    """Return the kind of problem that stands for a bare HTTP status."""
    by_status = {405: "method-not-allowed", 413: "request-too-large", 415: "unsupported-media-type"}
    by_status |= {404: "not-found", 406: "not-acceptable", 416: "range-not-satisfiable"}
    server_error = 500
    return by_status.get(status, "internal-error" if status >= server_error else "bad-request")


def not_acceptable(offers: tuple[Offer, ...]) -> ProblemError:
    """Return the 406 that lists what is on offer."""
    listed = [{"format": offer.name, "type": offer.media_type} for offer in offers]
    return ProblemError(
        "not-acceptable", "Nothing on offer fits what was asked for.", members={"offers": listed}
    )
