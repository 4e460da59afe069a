"""Corpora as tables: TSV in both orders of the columns, JSONL and Parquet, a few rows in memory at a time."""

import json
from collections.abc import Iterator
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Any

from ml_workers.corpora.rows import (
    CAPTION_NAMES,
    KEY_NAMES,
    URL_NAMES,
    BadRow,
    CorpusRefused,
    CorpusRow,
    Rows,
    checked_row,
    named,
)

# A line beyond this is no caption; what follows up to its end is skipped without being kept.
LONGEST_LINE = 1 << 20
# Lines from which the order of the columns is told.
LOOKED_AT = 1_000
# How many of them must have the link in the same column.
SURE = 0.9
ROWS_AT_A_TIME = 8_192


class ColumnOrder(StrEnum):
    """CC3M has the caption first, CC12M the link."""

    CAPTION_URL = "caption_url"
    URL_CAPTION = "url_caption"


def _is_url(cell: str) -> bool:
    return cell.lstrip().lower().startswith(("http://", "https://"))


def lines_of(path: Path) -> Iterator[bytes | None]:
    """Yield the lines without their ends; None for one of more than a mebibyte, which is never held as a whole."""
    with path.open("rb") as source:
        while line := source.readline(LONGEST_LINE):
            if len(line) < LONGEST_LINE or line.endswith(b"\n"):
                yield line.rstrip(b"\r\n")
                continue
            while (rest := source.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
                pass
            yield None


def _cells(line: bytes | None) -> list[str] | str:
    """Return the cells of a line, or what is wrong with it."""
    if line is None:
        return f"The line is longer than {LONGEST_LINE:,} bytes."
    try:
        return line.decode().removeprefix("\ufeff").split("\t")
    except UnicodeDecodeError:
        return "It is not UTF-8."


def has_header(path: Path) -> bool:
    """Say whether the first line names a column of captions and one of links."""
    cells = _cells(next(lines_of(path), b""))
    if isinstance(cells, str):
        return False
    names = dict.fromkeys(cell.strip() for cell in cells)
    return named(names, CAPTION_NAMES) is not None and named(names, URL_NAMES) is not None


def column_order(path: Path, said: ColumnOrder | None = None) -> ColumnOrder:
    """Return the order of the columns of a TSV without a header: as it was said, else told from where the links stand.

    Raises CorpusRefused where nothing was said and neither column holds links in 90% of the first 1,000 lines that have
    two cells, and where these lines have the links in the other column than was said.
    """
    pairs = [
        cells
        for line in islice(lines_of(path), LOOKED_AT)
        if not isinstance(cells := _cells(line), str) and len(cells) == 2
    ]
    first = sum(_is_url(cells[0]) and not _is_url(cells[1]) for cells in pairs)
    second = sum(_is_url(cells[1]) and not _is_url(cells[0]) for cells in pairs)
    counts = (
        f"{path.name}: of its first {len(pairs):,} lines with two cells {first:,} have a link in the first and "
        f"{second:,} in the second."
    )
    told = None
    if pairs and second >= SURE * len(pairs):
        told = ColumnOrder.CAPTION_URL
    elif pairs and first >= SURE * len(pairs):
        told = ColumnOrder.URL_CAPTION
    if said and told and said is not told:
        raise CorpusRefused(f"{counts} corpus.json says {said}: correct it, or leave column_order out.")
    if (order := said or told) is None:
        raise CorpusRefused(f"{counts} Say the order (caption_url or url_caption) in corpus.json.")
    return order


def count_tsv(path: Path, said: ColumnOrder | None = None) -> int:
    """Return the number of rows, bad ones included and blank lines at the end not. Raises as `column_order`."""
    if has_header(path):
        return max(0, count_lines(path) - 1)
    column_order(path, said)
    return count_lines(path)


def count_lines(path: Path) -> int:
    """Return the number of lines up to the last one that is not blank."""
    last = 0
    for number, line in enumerate(lines_of(path), start=1):
        if line is None or line.strip():
            last = number
    return last


def read_tsv(path: Path, order: ColumnOrder | None = None) -> Rows:
    """Yield the rows of a TSV; the order of its columns is told from the file unless it is given.

    A first line that names its columns is no row, and then says the order. Nothing is quoted. Raises as `column_order`.
    """
    lines = lines_of(path)
    first = 1
    width, caption_at, url_at, key_at = 2, 0, 1, None
    if has_header(path):
        width, caption_at, url_at, key_at = _from_header(next(lines))
        first = 2
    elif column_order(path, order) is ColumnOrder.URL_CAPTION:
        caption_at, url_at = 1, 0
    for number, line in enumerate(lines):
        cells = _cells(line)
        if isinstance(cells, str):
            yield BadRow(number, path.name, number + first, cells)
        elif len(cells) != width:
            yield BadRow(number, path.name, number + first, f"It has {len(cells)} cells, not {width}.")
        else:
            key = None if key_at is None else cells[key_at]
            yield checked_row(number, path.name, number + first, (cells[caption_at], cells[url_at], key))


def _from_header(line: bytes | None) -> tuple[int, int, int, int | None]:
    cells = [cell.strip() for cell in _cells(line)]
    places = {cell: place for place, cell in enumerate(cells)}
    caption, url, key = (named(places, names) for names in (CAPTION_NAMES, URL_NAMES, KEY_NAMES))
    assert caption is not None
    assert url is not None
    return len(cells), places[caption], places[url], None if key is None else places[key]


def read_jsonl(path: Path) -> Rows:
    """Yield the rows of a file with one JSON object a line; caption, link and key by any of their usual names."""
    for number, line in enumerate(lines_of(path)):
        if line is None:
            yield BadRow(number, path.name, number + 1, f"The line is longer than {LONGEST_LINE:,} bytes.")
            continue
        try:
            cells = json.loads(line)
        except (ValueError, RecursionError):
            # No UTF-8, no JSON, or a number of thousands of digits.
            yield BadRow(number, path.name, number + 1, "It is no JSON.")
            continue
        yield from_mapping(number, path.name, number + 1, cells)


def from_mapping(number: int, file: str, line: int, cells: Any) -> CorpusRow | BadRow:
    """Return the row of an object with named cells."""
    if not isinstance(cells, dict):
        return BadRow(number, file, line, "It is no JSON object.")
    caption, url, key = (named(cells, names) for names in (CAPTION_NAMES, URL_NAMES, KEY_NAMES))
    return checked_row(
        number, file, line, (cells[caption] if caption else None, cells.get(url or ""), cells.get(key or ""))
    )


def _parquet(path: Path) -> Any:
    try:
        from pyarrow import ArrowException, parquet  # noqa: PLC0415 - an extra of its own
    except ModuleNotFoundError as error:
        raise CorpusRefused(
            f"{path.name} is Parquet, and pyarrow is not installed here: install polyannot with its extra `corpora`."
        ) from error
    try:
        return parquet.ParquetFile(path, memory_map=True)
    except (ArrowException, OSError) as error:
        raise CorpusRefused(f"{path.name} is no whole Parquet file: {error}") from error


def count_parquet(path: Path) -> int:
    """Return the number of rows. Raises CorpusRefused, also where no column holds captions."""
    table = _parquet(path)
    _parquet_columns(table, path.name)
    rows: int = table.metadata.num_rows
    return rows


def _parquet_columns(table: Any, file: str) -> list[str | None]:
    """Return the columns of captions, links and keys. Raises CorpusRefused where there is none of captions."""
    names = dict.fromkeys(table.schema_arrow.names)
    columns = [named(names, known) for known in (CAPTION_NAMES, URL_NAMES, KEY_NAMES)]
    if columns[0] is None:
        raise CorpusRefused(f"{file} has no column of captions, but {', '.join(names)}.")
    return columns


def read_parquet(path: Path, start: int = 0) -> Rows:
    """Yield the rows of a Parquet file from row `start` on, row group by row group; a damaged group is passed over.

    Raises CorpusRefused where no column holds captions.
    """
    table = _parquet(path)
    columns = _parquet_columns(table, path.name)
    first = 0
    for group in range(table.num_row_groups):
        rows = table.metadata.row_group(group).num_rows
        if first + rows > start:
            yield from _group_rows(table, path.name, group, (first, start), columns)
        first += rows


def _group_rows(
    table: Any, file: str, group: int, from_row: tuple[int, int], columns: list[str | None]
) -> Rows:
    number, start = from_row
    asked = [column for column in columns if column is not None]
    try:
        for batch in table.iter_batches(ROWS_AT_A_TIME, row_groups=[group], columns=asked):
            cells = [
                batch.column(column).to_pylist() if column is not None else [None] * batch.num_rows
                for column in columns
            ]
            for caption, url, key in zip(*cells, strict=True):
                if number >= start:
                    yield checked_row(number, file, number + 1, (caption, url, key))
                number += 1
    except (OSError, ValueError) as error:
        yield BadRow(
            number,
            file,
            number + 1,
            f"The rest of row group {group + 1} is damaged: {error}",
            takes_more=True,
        )
