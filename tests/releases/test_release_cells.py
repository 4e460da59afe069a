"""The rule for cells is documented and reversible."""

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from releases.cells import csv_bytes, escape_cell, unescape_cell


@given(st.text())
def test_every_text_comes_back_from_its_cell(text: str) -> None:
    assert unescape_cell(escape_cell(text)) == text


@given(st.text())
def test_no_cell_begins_like_a_formula(text: str) -> None:
    assert not escape_cell(text).startswith(("=", "+", "-", "@", "\t", "\r"))


@given(
    st.lists(
        st.text(alphabet=st.characters(exclude_characters="\x00\r", exclude_categories=["Cs"])), min_size=1
    )
)
def test_a_table_comes_back_through_a_csv_reader(texts: list[str]) -> None:
    table = csv_bytes(["text"], [{"text": text} for text in texts])
    rows = list(csv.reader(io.StringIO(table.decode(), newline="")))
    assert [unescape_cell(row[0]) if row else "" for row in rows[1:]] == texts


def test_numbers_and_claims_are_written_bare() -> None:
    assert [escape_cell(value) for value in (-1.5, 3, True, None)] == ["-1.5", "3", "true", ""]
