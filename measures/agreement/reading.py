"""Ratings from a long CSV file: item, rater, label; a row that cannot be read is reported by its line."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import StringIO
from typing import TextIO

from measures.agreement.ratings import MISSING_TEXTS, Ratings

NAMES = {
    "item": ("item", "item_id", "caption_id", "pair_id", "unit", "unit_id", "subject", "subject_id"),
    "rater": (
        *("rater", "rater_id", "annotator", "annotator_id", "coder", "coder_id", "judge", "judge_id"),
        *(
            "observer",
            "observer_id",
            "worker",
            "worker_id",
            "participant",
            "participant_id",
            "user",
            "user_id",
        ),
    ),
    "label": ("label", "rating", "category", "score", "grade", "answer", "value", "code", "judgment"),
}
NAMED = 2
"""Names that a message gives of those that are read."""
SEPARATORS = ",;\t|"
LONGEST_ROW = 200
"""Lines that one row may run over where a quoted note holds line breaks."""
AS_UTF8 = "save it as CSV in UTF-8"


class UnreadableRatings(ValueError):
    """The file as a whole cannot be read; the message says what was found and what is needed."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A row that was left out: its line in the file and what is wrong with it."""

    line: int
    what: str


@dataclass(frozen=True, eq=False)
class ReadRatings:
    """The ratings of a file, how many rows it had, and the rows that were left out."""

    ratings: Ratings
    rows: int
    problems: tuple[Problem, ...]


@dataclass(slots=True)
class _Columns:
    items: list[str] = field(default_factory=list)
    raters: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    clusters: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    rows: int = 0


def read_ratings(
    file: TextIO,
    *,
    columns: dict[str, str] | None = None,
    cluster: str | None = None,
    missing: Sequence[str] = tuple(sorted(MISSING_TEXTS)),
) -> ReadRatings:
    """Ratings of a CSV file with a header, a row a line; comma, semicolon or tab, found from the header.

    columns: other names for item, rater, label. cluster: the column that names each item's cluster.
    Labels in ``missing`` count as not given. Rows with a missing item or rater, a wrong number of fields
    or an open quotation mark are left out and reported. Raises UnreadableRatings where there is no header,
    a column is missing, an item lies in two clusters, or the text is not UTF-8.
    """
    header_line, separator, before = _header(file)
    header = [name.strip() for name in _fields(header_line.rstrip("\r\n"), separator)]
    wanted = {name: _place(header, (columns or {}).get(name), NAMES[name], name) for name in NAMES}
    wanted["cluster"] = -1 if cluster is None else _place(header, cluster, (), "cluster")
    found = _Columns()
    _read_rows(_Lines(file, before), separator, len(header), wanted, found)
    try:
        ratings = Ratings.from_columns(
            found.items, found.raters, found.labels, found.clusters if cluster else None, missing
        )
    except ValueError as error:
        raise UnreadableRatings(str(error)) from error
    return ReadRatings(ratings, found.rows, tuple(found.problems))


def _header(file: TextIO) -> tuple[str, str, int]:
    """The header line, its separator and its number; blank lines and a spreadsheet's "sep=;" stand before it."""
    line, text, declared = 0, "", ""
    try:
        for line, text in enumerate(file, start=1):
            bare = text.lstrip("\ufeff").strip().strip('"')
            if bare.lower().startswith("sep=") and len(bare) == len("sep=") + 1:
                declared = bare[-1]
            elif bare:
                text = text.lstrip("\ufeff")
                return text, declared or max(SEPARATORS, key=text.count), line
    except UnicodeDecodeError as error:
        raise UnreadableRatings(f"The file is not UTF-8 text ({error.reason}): {AS_UTF8}.") from error
    raise UnreadableRatings("The file is empty: a header with item, rater and label is needed.")


def _place(header: Sequence[str], named: str | None, names: Sequence[str], column: str) -> int:
    """Where a column stands in the header; the first of the accepted names that occurs is taken."""
    plain = [_plain(name) for name in header]
    for name in (named,) if named else names:
        places = [place for place, found in enumerate(header) if found == name]
        places = places or [place for place, found in enumerate(plain) if found == _plain(name)]
        if len(places) == 1:
            return places[0]
        if places:
            raise UnreadableRatings(
                f"The header has more than one column named {name!r}; it reads {', '.join(header)!r}."
            )
    accepted = " or ".join(map(repr, (named,) if named else names[:NAMED]))
    hint = f"--{column} COLUMN" if column == "cluster" else f"--{column}-column COLUMN"
    raise UnreadableRatings(
        f"The header has no column named {accepted}; it reads {', '.join(header)!r}. "
        f"Name it with {hint}; a row holds one rating of one rater, not the ratings of all."
    )


def _plain(name: str) -> str:
    return name.strip().lower().replace(" ", "_").replace("-", "_")


class _Lines:
    """Lines with their numbers; one can be looked at before it is taken."""

    def __init__(self, file: TextIO, before: int) -> None:
        self.file, self.number = file, before
        self.ahead: deque[str] = deque()

    def take(self) -> str:
        """The next line, "" at the end. Raises UnreadableRatings for text that is not UTF-8."""
        text = self.ahead.popleft() if self.ahead else self._read()
        self.number += bool(text)
        return text

    def peek(self, place: int) -> str:
        """The line so many after the one taken last, 0 the next one; "" beyond the end."""
        while len(self.ahead) <= place:
            text = self._read()
            if not text:
                return ""
            self.ahead.append(text)
        return self.ahead[place]

    def _read(self) -> str:
        try:
            return self.file.readline()
        except UnicodeDecodeError as error:
            raise UnreadableRatings(
                f"After line {self.number} the file is not UTF-8 text ({error.reason}): {AS_UTF8}."
            ) from error


def _read_rows(lines: _Lines, separator: str, width: int, wanted: dict[str, int], found: _Columns) -> None:
    """Fill the columns. A row that cannot be read is left out without swallowing the next."""
    item, rater, label, cluster = (wanted[name] for name in ("item", "rater", "label", "cluster"))
    while text := lines.take():
        if not text.strip():
            continue
        found.rows += 1
        line = lines.number
        row = _fields(text.rstrip("\r\n"), separator)
        if not row:
            row = _running_on(text, lines, separator, width, (item, rater, label))
        what = _fault(row, width, item, rater)
        if what:
            found.problems.append(Problem(line, what))
            continue
        found.items.append(row[item])
        found.raters.append(row[rater])
        found.labels.append(row[label])
        if cluster >= 0:
            found.clusters.append(row[cluster])


def _running_on(
    text: str, lines: _Lines, separator: str, width: int, whole: tuple[int, int, int]
) -> list[str]:
    """The fields of a row whose quoted text runs over further lines, which are then taken.

    None where the quotation never closes, the number of fields is wrong or an item, rater or label (``whole``)
    would hold a line break: then the quotation mark is a slip, and the next line is a row of its own.
    """
    for more in range(LONGEST_ROW):
        further = lines.peek(more)
        if not further:
            return []
        text += further
        row = _fields(text.rstrip("\r\n"), separator)
        if not row:
            continue
        if len(row) != width or any("\n" in row[place] for place in whole):
            return []
        for _ in range(more + 1):
            lines.take()
        return row
    return []


def _fields(text: str, separator: str) -> list[str]:
    """The fields of one row; none where its quotation marks do not close."""
    if '"' not in text:
        return text.split(separator)
    try:
        return next(csv.reader(StringIO(text), delimiter=separator, strict=True), [])
    except csv.Error:
        return []


def _fault(row: Sequence[str], width: int, item: int, rater: int) -> str:
    if not row:
        return "a quotation mark that does not close"
    if len(row) != width:
        return f"{len(row)} fields instead of {width}"
    if not row[item].strip():
        return "no item"
    if not row[rater].strip():
        return "no rater"
    return ""
