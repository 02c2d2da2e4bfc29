"""A real browser, Debian's Chromium, for what only a browser can show: scripts, keyboard, direction."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.serving import Server

WIDE = {"width": 1280, "height": 900}
NARROW = {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser of the test module's own: Playwright's event loop may not outlive it beside other tests'."""
    executable = shutil.which("chromium")
    assert executable is not None, "Chromium is missing; `make test` installs it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def browsing(
    browser: Browser, server: Server, locale: str = "en-GB", *, script: bool = True, narrow: bool = False
) -> Iterator[Page]:
    """Open a tab on ``server`` for a reader of ``locale``; fail on any error of script or security policy.

    A violation of the Content-Security-Policy is an error on the console, so nothing can break it unseen.
    """
    context: BrowserContext = browser.new_context(
        base_url=server.url,
        locale=locale,
        java_script_enabled=script,
        viewport=NARROW if narrow else WIDE,  # type: ignore[arg-type]  # Playwright's own TypedDict
    )
    errors: list[str] = []
    tab = context.new_page()
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    try:
        yield tab
        unexpected = [error for error in errors if not error.startswith("Failed to load resource")]
        assert not unexpected, unexpected
    finally:
        context.close()
