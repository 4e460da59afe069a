"""Ratings from a long CSV file: item, rater, label; a row that cannot be read is reported by its line."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TextIO

from measures.agreement.ratings import MISSING_TEXTS, Ratings

NAMES = {
    "item": ("item", "item_id"),
    "rater": ("rater", "rater_id"),
    "label": ("label",),
}


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
    try:
        header_line = file.readline().lstrip("\ufeff")
    except UnicodeDecodeError as error:
        raise UnreadableRatings(f"The file is not UTF-8 text: {error.reason}.") from error
    if not header_line.strip():
        raise UnreadableRatings("The file is empty: a header with item, rater and label is needed.")
    separator = max(",;\t", key=header_line.count)
    header = [name.strip() for name in _fields(header_line.rstrip("\r\n"), separator)]
    wanted = {name: _place(header, (columns or {}).get(name), NAMES[name]) for name in NAMES}
    wanted["cluster"] = -1 if cluster is None else _place(header, cluster, ())
    found = _Columns()
    _read_rows(file, separator, len(header), wanted, found)
    try:
        ratings = Ratings.from_columns(
            found.items, found.raters, found.labels, found.clusters if cluster else None, missing
        )
    except ValueError as error:
        raise UnreadableRatings(str(error)) from error
    return ReadRatings(ratings, found.rows, tuple(found.problems))


def _place(header: Sequence[str], named: str | None, names: Sequence[str]) -> int:
    """Where a column stands in the header."""
    accepted = (named,) if named else names
    places = [place for place, name in enumerate(header) if name in accepted]
    if not places:
        places = [place for place, name in enumerate(header) if name.lower() in accepted]
    if len(places) == 1:
        return places[0]
    kind = "no column" if not places else "more than one column"
    raise UnreadableRatings(
        f"The header has {kind} named {' or '.join(map(repr, accepted))}; it reads {', '.join(header)!r}."
    )


def _read_rows(file: TextIO, separator: str, width: int, wanted: dict[str, int], found: _Columns) -> None:
    """Fill the columns. Each line is read for itself, so that a broken one never swallows the next."""
    item, rater, label, cluster = (wanted[name] for name in ("item", "rater", "label", "cluster"))
    line = 1
    try:
        for line, text in enumerate(file, start=2):
            if not text.strip():
                continue
            found.rows += 1
            row = _fields(text.rstrip("\r\n"), separator)
            what = _fault(row, width, item, rater)
            if what:
                found.problems.append(Problem(line, what))
                continue
            found.items.append(row[item])
            found.raters.append(row[rater])
            found.labels.append(row[label])
            if cluster >= 0:
                found.clusters.append(row[cluster])
    except UnicodeDecodeError as error:
        raise UnreadableRatings(f"After line {line} the file is not UTF-8 text: {error.reason}.") from error


def _fields(line: str, separator: str) -> list[str]:
    """The fields of one line; none where its quotation marks do not close."""
    if '"' not in line:
        return line.split(separator)
    try:
        return next(csv.reader([line], delimiter=separator, strict=True), [])
    except csv.Error:
        return []


def _fault(row: Sequence[str], width: int, item: int, rater: int) -> str:
    if not row:
        return "a quotation mark that does not close on its line"
    if len(row) != width:
        return f"{len(row)} fields instead of {width}"
    if not row[item].strip():
        return "no item"
    if not row[rater].strip():
        return "no rater"
    return ""
