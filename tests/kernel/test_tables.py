"""Cells of tables that are sent: text that looks like a formula is marked, numbers stay numbers."""

import pytest

from polyannot.kernel.tables import safe_cell


@pytest.mark.parametrize(
    ("value", "cell"),
    [(-0.25, "-0.25"), (3, "3"), (None, ""), ("-0.25", "'-0.25"), ("=A1", "'=A1"), ("'a", "''a"), ("a", "a")],
)
def test_only_text_is_marked(value: object, cell: str) -> None:
    assert safe_cell(value) == cell
