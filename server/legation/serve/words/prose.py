"""Documents that come with the program, written in Markdown, as the text of a page."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup

if TYPE_CHECKING:
    from markdown_it.token import Token


def read_prose(path: Path) -> Markup:
    """Return a Markdown document as HTML, without its title: the page has one in the reader's language.

    Raw HTML in it is not let through as markup; links into the repository, which lead nowhere on a server,
    are left as text; cells that are aligned get a class, since pages carry no inline style.
    """
    from markdown_it import MarkdownIt  # noqa: PLC0415  # the start need not wait for it

    lines = path.read_text(encoding="utf-8").splitlines()
    parser = MarkdownIt("js-default")
    tokens = parser.parse("\n".join(line for line in lines if not line.startswith(("# ", "<!--"))))
    _adapt(tokens)
    return Markup(parser.renderer.render(tokens, parser.options, {}))  # noqa: S704  # it escapes the text


def _adapt(tokens: Iterable[Token]) -> None:
    inside = False
    for token in tokens:
        if token.attrs.pop("style", None):
            token.attrSet("class", "figure")
        if token.type == "link_open":
            inside = str(token.attrGet("href")).startswith(("http://", "https://"))
        if token.type in ("link_open", "link_close") and not inside:
            token.tag, token.attrs = "span", {}
        _adapt(token.children or ())
