"""Apache Parquet written by hand: plain values, nothing compressed, so that the same rows give the same bytes anywhere.

Source: the file format of Apache Parquet (version 1 data pages). Held against pyarrow by
tests/releases/test_parquet.py.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from releases.formats.thrift import Struct, Value, encode, i32, i64, list_of, text, varint

MAGIC = b"PAR1"
CREATED_BY = "polyannot"
ROWS_PER_GROUP = 20_000
OPTIONAL, REPEATED = 1, 2
PLAIN, RLE = 0, 3
UTF8, LIST = 0, 3
STRING_TYPE, LIST_TYPE = Struct({1: Struct({})}), Struct({3: Struct({})})


class Kind(Enum):
    """What a column holds, by Parquet's number of its physical type; any cell may be None."""

    BOOL = 0
    INT = 2
    FLOAT = 5
    TEXT = 6


@dataclass(frozen=True, slots=True)
class Column:
    """One column; a repeated one holds a list of values in each cell."""

    name: str
    kind: Kind = Kind.TEXT
    is_list: bool = False

    @property
    def path(self) -> list[str]:
        """Return where the values lie in the schema."""
        return [self.name, "list", "element"] if self.is_list else [self.name]


@dataclass(frozen=True, slots=True)
class _Chunk:
    """The cells of one column in one group of rows: its page, and how many values the page counts."""

    column: Column
    page: bytes
    n_values: int

    def metadata(self, offset: int) -> Struct:
        return Struct(
            {
                1: i32(self.column.kind.value),
                2: list_of([i32(PLAIN), i32(RLE)]),
                3: list_of([text(name) for name in self.column.path]),
                4: i32(0),
                5: i64(self.n_values),
                6: i64(len(self.page)),
                7: i64(len(self.page)),
                9: i64(offset),
            }
        )


def parquet_bytes(
    columns: Sequence[Column], rows: Sequence[Mapping[str, Any]], *, metadata: Mapping[str, str]
) -> bytes:
    """Return the rows as a Parquet file; a missing key is a null, `metadata` goes into the footer."""
    out = bytearray(MAGIC)
    groups = []
    for start in range(0, len(rows), ROWS_PER_GROUP):
        part = rows[start : start + ROWS_PER_GROUP]
        placed = []
        first = len(out)
        for column in columns:
            chunk = _chunk(column, [row.get(column.name) for row in part])
            placed.append(Struct({2: i64(len(out)), 3: chunk.metadata(len(out))}))
            out += chunk.page
        groups.append(Struct({1: list_of(placed), 2: i64(len(out) - first), 3: i64(len(part))}))
    footer = encode(
        Struct(
            {
                1: i32(1),
                2: list_of(_schema(columns)),
                3: i64(len(rows)),
                4: list_of(groups),
                5: list_of([Struct({1: text(key), 2: text(value)}) for key, value in metadata.items()]),
                6: text(CREATED_BY),
            }
        )
    )
    return bytes(out) + footer + struct.pack("<i", len(footer)) + MAGIC


def _schema(columns: Sequence[Column]) -> list[Struct]:
    elements = [Struct({4: text("schema"), 5: i32(len(columns))})]
    for column in columns:
        if column.is_list:
            elements += [
                Struct({3: i32(OPTIONAL), 4: text(column.name), 5: i32(1), 6: i32(LIST), 10: LIST_TYPE}),
                Struct({3: i32(REPEATED), 4: text("list"), 5: i32(1)}),
            ]
        told: dict[int, Value | Struct] = {
            1: i32(column.kind.value),
            3: i32(OPTIONAL),
            4: text(column.path[-1]),
        }
        if column.kind is Kind.TEXT:
            told |= {6: i32(UTF8), 10: STRING_TYPE}
        elements.append(Struct(told))
    return elements


def _chunk(column: Column, cells: Sequence[Any]) -> _Chunk:
    if column.is_list:
        repeated, defined, values = _flattened(cells)
        body = _levels(repeated, width=1) + _levels(defined, width=2)
    else:
        defined, values = [int(cell is not None) for cell in cells], [c for c in cells if c is not None]
        body = _levels(defined, width=1)
    body += _plain(column.kind, values)
    header = encode(
        Struct(
            {
                1: i32(0),
                2: i32(len(body)),
                3: i32(len(body)),
                5: Struct({1: i32(len(defined)), 2: i32(PLAIN), 3: i32(RLE), 4: i32(RLE)}),
            }
        )
    )
    return _Chunk(column, header + body, len(defined))


def _flattened(cells: Sequence[Sequence[Any] | None]) -> tuple[list[int], list[int], list[Any]]:
    """Return repetition levels, definition levels and values of a column of lists.

    Defined: 0 no list, 1 an empty list, 2 a None inside a list, 3 a value.
    """
    repeated: list[int] = []
    defined: list[int] = []
    values: list[Any] = []
    for cell in cells:
        if not cell:
            repeated.append(0)
            defined.append(0 if cell is None else 1)
            continue
        for place, value in enumerate(cell):
            repeated.append(int(place > 0))
            defined.append(2 if value is None else 3)
            if value is not None:
                values.append(value)
    return repeated, defined, values


def _levels(levels: Sequence[int], *, width: int) -> bytes:
    """Return levels as one bit-packed run, lowest bit first, with its length before it."""
    n_groups = -(-len(levels) // 8)
    packed = 0
    for place, level in enumerate(levels):
        packed |= level << (place * width)
    run = varint(n_groups << 1 | 1) + packed.to_bytes(n_groups * width, "little")
    return struct.pack("<i", len(run)) + run


def _plain(kind: Kind, values: Sequence[Any]) -> bytes:
    if kind is Kind.INT:
        return struct.pack(f"<{len(values)}q", *values)
    if kind is Kind.FLOAT:
        return struct.pack(f"<{len(values)}d", *values)
    if kind is Kind.BOOL:
        packed = sum(1 << place for place, value in enumerate(values) if value)
        return packed.to_bytes(-(-len(values) // 8), "little")
    encoded = [value.encode() for value in values]
    return b"".join(struct.pack("<i", len(value)) + value for value in encoded)
