"""What crawlers and FAIR agents are told: robots.txt, sitemaps, signposts in headers, and link sets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final
from xml.etree import ElementTree

from flask import Blueprint, Response, request

from legation.namespaces import ID, KINDS, PREFIXES, RELEASE
from legation.serve.site.pages import home_path
from legation.serve.state import state
from legation.serve.thing.schema_org import LICENCE, TYPES
from legation.serve.web import dated
from legation.serve.web.formats import GRAPH_OFFERS
from legation.serve.web.iris import ENTITY_KINDS, local_path
from legation.serve.web.negotiation import Offer
from legation.serve.web.operations import described
from legation.serve.web.problems import ProblemError
from legation.serve.words.labels import LANGUAGES

blueprint: Final = Blueprint("sitemap", __name__)

SITEMAP: Final = "http://www.sitemaps.org/schemas/sitemap/0.9"
AT_MOST: Final = 50_000
"""Addresses in one sitemap, by its protocol."""

LISTED: Final = (*ENTITY_KINDS, "claim", "source", "concept")
LINKSET: Final = "application/linkset+json"
LINKS: Final = Offer("linkset", LINKSET)
PLAIN: Final = Offer("txt", "text/plain")
XML: Final = Offer("xml", "application/xml")


@blueprint.get("/robots.txt")
@described(PLAIN)
def robots() -> Response:
    """Let crawlers read the pages, keep them off queries and endless lists, and show them the sitemap."""
    endless = (f"Disallow: /*?*{field}=" for field in ("sort", "after", "release"))
    rules = ["User-agent: *", "Disallow: /sparql?", *endless]
    return Response("\n".join([*rules, f"Sitemap: {origin()}/sitemap.xml", ""]), mimetype="text/plain")


@blueprint.get("/sitemap.xml")
@described(XML)
def index() -> Response:
    """List the sitemaps: one for the pages of the site, and for each kind as many as it takes."""
    counts = state().directory.kinds()
    names = [
        "site",
        *(f"{kind}-{part}" for kind in LISTED for part in range(1, parts(counts.get(kind, 0)) + 1)),
    ]
    return written("sitemapindex", "sitemap", (f"{origin()}/sitemap/{name}.xml" for name in names))


@blueprint.get("/sitemap/site.xml")
@described(XML)
def of_site() -> Response:
    """List the pages about the site, in each language."""
    paths = ("/", "/browse/", "/about", "/licence", "/quality", "/changes", "/ontology", "/shapes", "/sparql")
    addresses = (f"{origin()}/{language}{path}" for path in paths for language in LANGUAGES)
    return written("urlset", "url", addresses)


@blueprint.get("/sitemap/<kind>-<int:part>.xml")
@described(XML, errors=("not-found",))
def of_kind(kind: str, part: int) -> Response:
    """List the pages of things of one kind, the part that is asked for."""
    count = state().directory.kinds().get(kind, 0) if kind in LISTED else 0
    if not 1 <= part <= parts(count):
        raise ProblemError("not-found", f"There is no sitemap {part} of {kind}.")
    iris = state().directory.iris(kind, AT_MOST, (part - 1) * AT_MOST)
    return written("urlset", "url", (origin() + page_path(iri) for iri in iris))


def parts(count: int) -> int:
    """Return how many sitemaps so many addresses take."""
    return -(-count // AT_MOST)


def origin() -> str:
    """Return where this server is, as the client asked for it."""
    return f"{request.scheme}://{request.host}{home_path()}"


def page_path(iri: str) -> str:
    """Return the path of the page of a thing."""
    return (local_path(iri) or "/").replace("/id/", "/page/", 1)


def written(root: str, item: str, addresses: Iterator[str]) -> Response:
    """Return a sitemap or an index of sitemaps."""
    tree = ElementTree.Element(root, xmlns=SITEMAP)
    issued = state().release.manifest.issued
    for address in addresses:
        entry = ElementTree.SubElement(tree, item)
        ElementTree.SubElement(entry, "loc").text = address
        ElementTree.SubElement(entry, "lastmod").text = issued
    body = ElementTree.tostring(tree, encoding="utf-8", xml_declaration=True)
    return Response(body, mimetype="application/xml")


@blueprint.get("/linkset/<kind>/<slug>")
@described(LINKS, errors=("not-found",), schema={"type": "object", "required": ["linkset"]})
def linkset(kind: str, slug: str) -> Response:
    """Return the links of the page of a thing as a link set (RFC 9264)."""
    iri = f"{ID}{kind}/{slug}"
    if kind not in KINDS or not state().directory.said([iri]):
        raise ProblemError("not-found", f"This release says nothing about {iri}.")
    context: dict[str, object] = {"anchor": f"{origin()}/page/{kind}/{slug}"}
    for relation, target, media_type in signposts(kind, slug, origin()):
        links = context.setdefault(relation, [])
        assert isinstance(links, list)  # noqa: S101
        links.append({"href": target, **({"type": media_type} if media_type else {})})
    return Response(json.dumps({"linkset": [context]}, indent=1) + "\n", mimetype=LINKSET)


def signposts(kind: str, slug: str, root: str) -> Iterator[tuple[str, str, str]]:
    """Yield relation, target and media type of each link that signposting.org asks of a landing page."""
    yield "cite-as", f"{ID}{kind}/{slug}", ""
    yield "describes", f"{ID}{kind}/{slug}", ""
    end = dated.query()
    for offer in GRAPH_OFFERS:
        yield "describedby", f"{root}/data/{kind}/{slug}.{offer.name}{end}", offer.media_type
    yield "type", f"{PREFIXES['schema']}AboutPage", ""
    if kind in TYPES:
        yield "type", f"{PREFIXES['schema']}{TYPES[kind]}", ""
    yield "license", LICENCE, ""
    yield "collection", f"{root}/release/{state().release.manifest.version}", ""


def link_header(kind: str, slug: str) -> str:
    """Return the ``Link`` header of the page of a thing."""
    root, end = home_path(), dated.query()
    links = [
        f'<{target}>; rel="{relation}"' + (f'; type="{media_type}"' if media_type else "")
        for relation, target, media_type in signposts(kind, slug, root)
    ]
    alternates = [
        f'<{root}/data/{kind}/{slug}.{offer.name}{end}>; rel="alternate"; type="{offer.media_type}"'
        for offer in GRAPH_OFFERS
    ]
    itself = f'<{root}/linkset/{kind}/{slug}>; rel="linkset"; type="{LINKSET}"'
    times = f'<{root}/timemap/{kind}/{slug}>; rel="timemap"; type="application/link-format"'
    return ", ".join([*links, *alternates, itself, times])


def release_links(version: str, files: dict[str, str]) -> str:
    """Return the ``Link`` header of the page of a release: what it is made of, by file and media type."""
    root = home_path()
    items = [f'<{root}/release/{version}/{name}>; rel="item"; type="{kind}"' for name, kind in files.items()]
    described = f'<{root}/release/{version}/meta.ttl>; rel="describedby"; type="text/turtle"'
    kinds = f'<{PREFIXES["schema"]}Dataset>; rel="type"'
    return ", ".join(
        [f'<{RELEASE}{version}>; rel="cite-as"', described, kinds, f'<{LICENCE}>; rel="license"', *items]
    )
