"""Markdown becomes HTML that is safe to show and fits the page."""

from polyannot.kernel.markdown import render_markdown


def test_a_table_scrolls_by_itself_and_has_a_name_for_who_cannot_see_it() -> None:
    html = render_markdown("| Kind | From |\n|:-|-|\n| Colour | `red` |\n\nAfter")
    assert html.startswith('<div class="table-wrap" role="group" tabindex="0" aria-label="Table">\n<table>')
    assert "</table>\n</div>\n<p>After</p>" in html
    assert "style=" not in html


def test_html_of_the_author_is_text() -> None:
    html = render_markdown("<script>alert(1)</script>\n\n| <b>x</b> |\n|-|\n| [y](javascript:alert(1)) |")
    assert "<script" not in html
    assert "<b>" not in html
    assert "href" not in html
