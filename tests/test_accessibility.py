"""axe-core finds no violation of WCAG 2.2 AA on any kind of page, in any language, light or dark."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browsing import browsing
from tests.page_kinds import LANGUAGES, PAGES
from tests.projects import ROOT
from tests.serving import Server

AXE = ROOT / "tests/node/node_modules/axe-core/axe.min.js"
AA = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
"""The rules of WCAG 2.2 AA that another colour scheme can break."""

ALIKE = 12
"""As many children of one element and class are looked at: axe takes minutes over thousands of rows."""

THIN = """(alike) => {
  for (const one of document.querySelectorAll("main, ul, ol, dl, tbody, section, p, svg")) {
    const seen = {};
    for (const child of [...one.children]) {
      const sort = child.tagName + child.className;
      seen[sort] = (seen[sort] ?? 0) + 1;
      if (seen[sort] > alike) child.remove();
    }
  }
}"""
RUN = """async (rules) => {
  const { violations } = await axe.run(document, { runOnly: rules, resultTypes: ["violations"] });
  return violations.map(({ id, nodes: [one, ...others] }) =>
    [id, 1 + others.length, String(one.target), one.failureSummary]);
}"""


@pytest.mark.parametrize("kind", PAGES)
def test_a_page_keeps_wcag_2_2_aa_in_three_languages_light_and_dark(
    chromium: Browser, server: Server, kind: str
) -> None:
    found: list[Any] = []
    with browsing(chromium, server) as tab:
        tab.add_init_script(path=AXE)
        for language in LANGUAGES:
            tab.emulate_media(color_scheme="light")
            tab.goto(f"/{language}{PAGES[kind]}")
            tab.evaluate(THIN, ALIKE)
            found += [(language, "light", *one) for one in tab.evaluate(RUN, AA)]
            tab.emulate_media(color_scheme="dark")
            found += [(language, "dark", *one) for one in tab.evaluate(RUN, COLOURS)]
    assert found == []
