"""Markdown as HTML that is safe to show: no HTML of the author's own, no pictures, no styles."""

from collections.abc import Sequence

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from markdown_it import MarkdownIt
from markdown_it.token import Token

DEEPEST_HEADING = 6

_parser = (
    MarkdownIt("commonmark", {"html": False, "linkify": False})
    .enable(["table", "strikethrough"])
    .disable("image")
)
# A table that is wider than the page scrolls by itself, by keyboard too.
WRAP = '<div class="table-wrap" role="group" tabindex="0" aria-label="{}">\n<table>\n'
_parser.add_render_rule("table_open", lambda *_given: format_html(WRAP, _("Table")))
_parser.add_render_rule("table_close", lambda *_given: "</table>\n</div>\n")


def render_markdown(text: str, *, heading_shift: int = 1) -> SafeString:
    """Return the text as HTML for a `prose` block.

    HTML in the text is shown as text, links lead only to http, https and mail addresses or within the site, headings go
    down by `heading_shift` levels because the page has its own first heading. The result holds no `style` attribute.
    """
    tokens = _parser.parse(text)
    for token in tokens:
        _make_plain(token, heading_shift)
    return SafeString(_parser.renderer.render(tokens, _parser.options, {}))


def _make_plain(token: Token, heading_shift: int) -> None:
    token.attrs.pop("style", None)
    if token.type in {"heading_open", "heading_close"}:
        level = min(int(token.tag[1]) + heading_shift, DEEPEST_HEADING)
        token.tag = f"h{level}"
    if token.type == "link_open":
        token.attrs["rel"] = "noopener noreferrer"
    children: Sequence[Token] = token.children or ()
    for child in children:
        _make_plain(child, heading_shift)
