"""What is written as Parquet by hand, pyarrow reads back unchanged."""

import io
from typing import Any

import pyarrow.parquet as oracle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from releases.formats.parquet import Column, Kind, parquet_bytes

COLUMNS = [
    Column("words"),
    Column("n", Kind.INT),
    Column("share", Kind.FLOAT),
    Column("is_so", Kind.BOOL),
    Column("texts", is_list=True),
    Column("counts", Kind.INT, is_list=True),
]
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
WHOLE = st.integers(-(2**63), 2**63 - 1)
ROWS = st.fixed_dictionaries(
    {
        "words": st.none() | TEXTS,
        "n": st.none() | WHOLE,
        "share": st.none() | st.floats(allow_nan=False),
        "is_so": st.none() | st.booleans(),
        "texts": st.none() | st.lists(st.none() | TEXTS, max_size=4),
        "counts": st.none() | st.lists(st.none() | WHOLE, max_size=4),
    }
)


def read(content: bytes) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = oracle.read_table(io.BytesIO(content)).to_pylist()
    return rows


@settings(deadline=None)
@given(st.lists(ROWS, max_size=40))
def test_every_cell_comes_back(rows: list[dict[str, Any]]) -> None:
    assert read(parquet_bytes(COLUMNS, rows, metadata={})) == rows


@pytest.mark.parametrize("n_rows", [0, 1, 8, 9, 20_000, 20_001, 45_000])
def test_rows_in_several_groups_come_back_in_order(n_rows: int) -> None:
    rows: list[dict[str, Any]] = [{"words": f"caption {n}", "n": n} for n in range(n_rows)]
    assert read(parquet_bytes(COLUMNS[:2], rows, metadata={})) == rows


def test_types_and_footer_are_what_other_tools_expect() -> None:
    content = parquet_bytes(COLUMNS, [], metadata={"canary": "a mark"})
    schema = oracle.read_schema(io.BytesIO(content))
    assert [str(field.type) for field in schema] == [
        "string",
        "int64",
        "double",
        "bool",
        "list<element: string>",
        "list<element: int64>",
    ]
    assert schema.metadata == {b"canary": b"a mark"}


def test_wide_tables_have_more_columns_than_a_short_list_holds() -> None:
    columns = [Column(f"c{n}", Kind.INT) for n in range(40)]
    rows = [{f"c{n}": n for n in range(40)}]
    assert read(parquet_bytes(columns, rows, metadata={str(n): "x" for n in range(20)})) == rows
