"""Reading CSV and TSV so that each row knows its line, and a bad row costs itself alone.

Pure: an open file of bytes in, rows out. Rows are told by the line on which they begin, so that a part of a long file
is found again without reading the rows before it. See docs/algorithms/import.md.
"""

import csv
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO

from django.utils.translation import gettext as _

BOM = b"\xef\xbb\xbf"
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
# A quoted cell may run over this many lines; beyond it, the quotation mark was never closed.
MOST_LINES_PER_ROW = 20


class TableRefused(ValueError):
    """The file cannot be read as a table at all; the text says why, for a person."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the line it begins on, its cells by column, or the problem for which it cannot be read."""

    line: int
    cells: dict[str, str]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Head:
    """The first line of a table: its columns and what parts them. With tabs nothing is quoted."""

    columns: tuple[str, ...]
    delimiter: str

    def parsed(self, text: str) -> list[str]:
        """Return the cells of one row. Raises csv.Error, also for a quotation mark that is still open."""
        if self.delimiter == "\t" or not ('"' in text or "\r" in text):
            return text.split(self.delimiter)
        return next(csv.reader([text], delimiter=self.delimiter, strict=True), [])


def read_head(source: IO[bytes], *, required: Sequence[str]) -> Head:
    """Read the first line. Raises TableRefused for other encodings, a missing or a doubled column."""
    raw = source.readline()
    if raw.startswith(UTF_16):
        raise TableRefused(_("The file is in UTF-16; save it as UTF-8 and send it again."))
    try:
        text = raw.removeprefix(BOM).decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise TableRefused(_("The first line is not in UTF-8; save the file as UTF-8.")) from error
    delimiter = "\t" if "\t" in text else ";" if ";" in text and "," not in text else ","
    try:
        columns = tuple(cell.strip().lower() for cell in Head((), delimiter).parsed(text))
    except csv.Error as error:
        raise TableRefused(_("The first line is not a list of columns.")) from error
    if missing := [column for column in required if column not in columns]:
        raise TableRefused(
            _("The first line names no column %(missing)s; it has: %(columns)s.")
            % {"missing": ", ".join(missing), "columns": ", ".join(columns) or _("nothing")}
        )
    if len(set(columns)) < len(columns):
        raise TableRefused(_("A column is named twice in the first line."))
    return Head(columns, delimiter)


def row_lines(source: IO[bytes], head: Head) -> list[int]:
    """Return the line on which each row begins; `source` stands after the first line. Empty lines are no rows."""
    return [line for line, _cells, _problem in _walk(source, head, first_line=2, cells_wanted=False)]


def read_rows(source: IO[bytes], head: Head, lines: Sequence[int]) -> Iterator[Row]:
    """Yield the rows that begin on the given ascending lines; `source` stands after the first line."""
    if not lines:
        return
    for _skipped in itertools.islice(iter(source.readline, b""), lines[0] - 2):
        pass
    for line, cells, problem in _walk(source, head, first_line=lines[0]):
        if line > lines[-1]:
            return
        yield _row(head, line, cells, problem)


def _row(head: Head, line: int, cells: list[str], problem: str) -> Row:
    if problem:
        return Row(line, {}, problem)
    expected = len(head.columns)
    if len(cells) != expected:
        return Row(
            line,
            {},
            _("The row has %(found)d cells where the first line names %(expected)d columns.")
            % {"found": len(cells), "expected": expected},
        )
    return Row(line, dict(zip(head.columns, cells, strict=True)))


def _walk(
    source: IO[bytes], head: Head, *, first_line: int, cells_wanted: bool = True
) -> Iterator[tuple[int, list[str], str]]:
    """Yield (line, cells, problem) of each row from the current place in the file.

    Without `cells_wanted`, a line without a quotation mark is known to be a row by itself and is not taken apart.
    """
    line = first_line
    pending: list[bytes] = []
    while True:
        raw = pending.pop(0) if pending else source.readline()
        if not raw:
            return
        if not raw.strip():
            line += 1
            continue
        if not cells_wanted and b'"' not in raw:
            yield line, [], ""
            line += 1
            continue
        gathered = [raw]
        cells, problem, is_open = _parsed(head, gathered)
        while is_open and len(gathered) < MOST_LINES_PER_ROW:
            more = pending.pop(0) if pending else source.readline()
            if not more:
                break
            gathered.append(more)
            cells, problem, is_open = _parsed(head, gathered)
        yield line, cells, problem
        if is_open:
            # The quotation mark was never closed: this line is lost, the next one gets its own chance.
            pending = gathered[1:] + pending
            line += 1
        else:
            line += len(gathered)


def _parsed(head: Head, gathered: Sequence[bytes]) -> tuple[list[str], str, bool]:
    """Return cells, problem, and whether a quotation mark is still open at the end."""
    raw = b"".join(gathered)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return [], _("The row is not in UTF-8; nothing in it was guessed."), False
    if "\x00" in text:
        return [], _("The row contains a NUL character."), False
    try:
        return head.parsed(text.rstrip("\r\n")), "", False
    except csv.Error as error:
        if "unexpected end of data" in str(error):
            return [], _("A quotation mark is opened in this row and never closed."), True
        return [], _("The row is not well-formed: %(reason)s.") % {"reason": str(error)}, False
