"""Cells and lines of the files in a release: one documented, reversible rule, the same bytes everywhere."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from polyannot.kernel.tables import ESCAPE, safe_cell

WORDS_AT_ONCE = 50_000


def escape_cell(value: object) -> str:
    """Return the text of a cell: None is empty; a text that begins like a formula, or with ', gets a leading '.

    Numbers are written bare. `unescape_cell` takes exactly one leading ' away, so that every text comes back.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    return safe_cell(value)


def unescape_cell(cell: str) -> str:
    """Return the text that a cell stands for."""
    return cell.removeprefix(ESCAPE)


def csv_bytes(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> bytes:
    """Return an RFC 4180 table in UTF-8 with \\n line ends; missing columns are empty cells."""
    out = io.BytesIO()
    with io.TextIOWrapper(out, encoding="utf-8", newline="") as text:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(columns)
        for row in rows:
            writer.writerow([escape_cell(row.get(column)) for column in columns])
        text.flush()
        return out.getvalue()


def json_bytes(value: Any) -> bytes:
    """Return indented JSON with sorted keys and a final line end."""
    out = io.BytesIO()
    words = json.JSONEncoder(ensure_ascii=False, sort_keys=True, indent=1).iterencode(value)
    # By so many at a time: all the words of a large release at once would be several times its text.
    while part := "".join(islice(words, WORDS_AT_ONCE)):
        out.write(part.encode())
    out.write(b"\n")
    return out.getvalue()


def json_lines(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Return one JSON object on each line, keys sorted."""
    out = io.BytesIO()
    out.writelines((json.dumps(row, ensure_ascii=False, sort_keys=True) + "\n").encode() for row in rows)
    return out.getvalue()
