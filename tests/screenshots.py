"""Take pictures of the main pages: ``python -m tests.screenshots RELEASE`` (``make screenshots``).

All of them go to ``build/screenshots`` to be looked at; those that the README shows, to ``docs/screenshots``.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Final, Literal

from playwright.sync_api import Page, sync_playwright

from tests.page_kinds import LANGUAGES, PAGES
from tests.projects import ROOT
from tests.serving import serving

Scheme = Literal["light", "dark"]

MAIN: Final = {
    **{
        kind: PAGES[kind]
        for kind in ("home", "post", "claim", "source", "search", "query", "answer", "questions")
    },
    **{kind: PAGES[kind] for kind in ("ontology", "validate", "quality", "browse", "list", "problem")},
    "builder": "/build?kind=leg:Body&p1=leg:seat&on1=0&v1=place:riyadh",
    "person": "/page/person/omar-hilale",
    "body": "/page/body/gctf",
    "timeline": "/timeline?of=body/gctf",
}
"""The pages worth looking at, each in three languages, light and dark."""

TALLEST: Final = 2400
"""Pixels of a long page that are enough to look at."""

SCHEMES: Final[tuple[Scheme, Scheme]] = ("light", "dark")
SHOWN: Final[dict[str, tuple[str, str, Scheme]]] = {
    "body-ar": ("ar", "body", "light"),
    "home-en-dark": ("en", "home", "dark"),
    "builder-fr": ("fr", "builder", "light"),
}
"""The pictures in the README: language, page and colour scheme of each."""


def opened(tab: Page, language: str, kind: str, scheme: Scheme) -> Page:
    """Open a page and wait until nothing more comes."""
    tab.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    tab.goto(f"/{language}{MAIN[kind]}", wait_until="networkidle")
    return tab


def take_to_look_at(tab: Page, folder: Path) -> None:
    """Take every main page in three languages, light and dark, and on a telephone."""
    for kind in MAIN:
        tab.set_viewport_size({"width": 1280, "height": 800})
        for language in LANGUAGES:
            for scheme in SCHEMES:
                opened(tab, language, kind, scheme)
                height = min(TALLEST, tab.evaluate("document.documentElement.scrollHeight"))
                tab.screenshot(
                    path=folder / f"{kind}-{language}-{scheme}.png",
                    full_page=True,
                    clip={"x": 0, "y": 0, "width": 1280, "height": height},
                )
        tab.set_viewport_size({"width": 390, "height": 800})
        opened(tab, "ar", kind, "light").screenshot(path=folder / f"{kind}-ar-narrow.png")


def take_to_show(tab: Page, folder: Path) -> None:
    """Take the first screen of the pages that the README shows."""
    tab.set_viewport_size({"width": 1120, "height": 700})
    for name, (language, kind, scheme) in SHOWN.items():
        opened(tab, language, kind, scheme).screenshot(path=folder / f"{name}.png")


def main() -> None:
    """Serve the release that the command line names, and take the pictures."""
    executable = shutil.which("chromium")
    if executable is None:
        raise SystemExit("Chromium is missing; `make screenshots` installs it")
    with serving(Path(sys.argv[1])) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        tab = browser.new_page(base_url=server.url)
        for take, folder in ((take_to_look_at, "build/screenshots"), (take_to_show, "docs/screenshots")):
            (ROOT / folder).mkdir(parents=True, exist_ok=True)
            take(tab, ROOT / folder)
        browser.close()


if __name__ == "__main__":
    main()
