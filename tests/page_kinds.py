"""One page of each kind that the server has: what the tests in a browser walk through."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

LANGUAGES: Final = {"ar": "rtl", "en": "ltr", "fr": "ltr"}
"""The languages of the pages, and their directions."""

_COUNTS: Final = (
    "SELECT ?kind (COUNT(*) AS ?count) { ?thing a ?kind } GROUP BY ?kind ORDER BY DESC(?count) LIMIT 5"
)

THINGS: Final = {
    "person": "/page/person/elina-kalkku",
    "body": "/page/body/hedayah",
    "post": "/page/post/co-facilitator-gcts-ninth-review",
    "state": "/page/state/finland",
    "place": "/page/place/riyadh",
    "instrument": "/page/instrument/africa-focus-group-action-plan",
    "event": "/page/event/geneva-visit-hilale-kridelka",
    "concept": "/page/concept/access-to-new-technologies",
    "scheme": "/page/scheme/confidence",
    "claim": "/page/claim/sahara-news-2026-gcts-ninth-review-1",
    "source": "/page/source/sahara-news-2026-gcts-ninth-review",
    "passage": "/page/passage/000_fe192a91e8ddc2a1-1",
}
"""The page of a thing of each kind."""

PAGES: Final = {
    "home": "/",
    **THINGS,
    "timeline": "/timeline?of=body/imctc",
    "browse": "/browse/",
    "list": "/browse/instrument",
    "search": "/search?q=Riyadh",
    "nothing found": "/search?q=zzzzqqqq",
    "query": "/sparql",
    "answer": f"/sparql?{urlencode({'query': _COUNTS})}",
    "syntax error": "/sparql?query=SELECT+x",
    "builder": "/build?kind=leg:Body&p1=leg:seat&on1=0",
    "questions": "/questions",
    "question": "/questions/03-heads-met-in-geneva",
    "ontology": "/ontology",
    "shapes": "/shapes",
    "validate": "/validate",
    "reconcile": "/reconcile/about",
    "quality": "/quality",
    "conformance": "/conformance",
    "releases": "/release/",
    "release": "/release/current",
    "changes": "/changes",
    "drawing": "/overview/partners",
    "earlier release": "/page/body/hedayah?release=2026.11.0",
    "about": "/about",
    "licence": "/licence",
    "graphs": "/graphs",
    "kind of problem": "/problems/out-of-time",
    "problem": "/page/body/none",
}
"""A page of each kind, without the language that its path begins with."""
