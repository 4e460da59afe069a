"""Reading judgments made elsewhere: long tables, JSON lines and Label Studio JSON, one rating after the other.

Pure: an open file of bytes in, ratings and refusals out, each with its place in the file. What is accepted:
docs/algorithms/judgment-formats.md.
"""

import json
import math
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import IO, Any

from django.utils.translation import gettext as _

from annotation.exchange.reading_label_studio import NoTaskList, annotations_of, list_elements
from annotation.importing.reading_rows import Row, TableRefused, read_head, read_rows
from polyannot.kernel.tables import ESCAPE, FORMULA_STARTS
from polyannot.kernel.text import many_lines, one_line

# Other names that a column may have; the first is ours.
ALIASES = {
    "item_id": ("item_id", "item", "pair_id", "task"),
    "rater_id": ("rater_id", "rater", "annotator_id", "annotator", "worker", "expert"),
    "label": ("label", "rating", "grade", "score"),
    "round": ("round",),
    "image_key": ("image_key", "image", "image_id"),
    "caption_key": ("caption_key", "caption_id"),
    "caption": ("caption", "text"),
    "caption_version": ("caption_version",),
    "duration_ms": ("duration_ms",),
    "created_at": ("created_at",),
    "note": ("note",),
    "edited_text": ("edited_text",),
    "edit_kinds": ("edit_kinds",),
    "mode": ("mode",),
    "is_revision": ("is_revision",),
    "is_current": ("is_current",),
    "is_skip": ("is_skip",),
}
LONGEST_NAME = 200
LONGEST_LINE = 1024 * 1024
YES = frozenset({"true", "yes", "1"})
NO = frozenset({"false", "no", "0"})


class FileRefused(ValueError):
    """The file cannot be read at all; the text says why, for a person."""


@dataclass(frozen=True, slots=True)
class PairNames:
    """What a file says about which pair was judged; empty where it says nothing."""

    item_id: str = ""
    caption_key: str = ""
    caption_version: int = 0
    image_key: str = ""
    text: str = ""

    def told(self) -> str:
        """Return the pair as the file names it, for a message."""
        named = (
            self.item_id
            or self.caption_key
            or " · ".join(part for part in (self.image_key, self.text) if part)
        )
        return named[:120]


@dataclass(frozen=True, slots=True)
class GivenRating:
    """One rating as a file gives it; without `is_rating` it is undone, superseded or a skip."""

    place: str
    pair: PairNames
    rater: str
    label: str
    round: str = ""
    made_at: datetime | None = None
    duration_ms: int = 0
    note: str = ""
    edited_text: str = ""
    edit_kinds: tuple[str, ...] = ()
    is_bulk: bool = False
    is_revision: bool = False
    is_rating: bool = True
    is_skip: bool = False


@dataclass(frozen=True, slots=True)
class UnreadRating:
    """A place of the file that holds no rating that could be read, and why."""

    place: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Cells:
    """Named values of one row, whatever they came from."""

    place: str
    values: Mapping[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str:
        """Return the value under any of the names that it may have."""
        for alias in ALIASES[name]:
            if value := self.values.get(alias, ""):
                return value
        return ""


def read_long_table(source: IO[bytes]) -> Iterator[GivenRating | UnreadRating]:
    """Yield the ratings of a CSV or TSV with a first line that names the columns. Raises FileRefused."""
    try:
        head = read_head(source, required=())
    except TableRefused as error:
        raise FileRefused(str(error)) from error
    for needed in ("rater_id", "label"):
        if not set(ALIASES[needed]) & set(head.columns):
            raise FileRefused(_missing_column(needed, head.columns))
    pairs = {name for wanted in ("item_id", "caption_key", "image_key") for name in ALIASES[wanted]}
    if not pairs & set(head.columns):
        raise FileRefused(_missing_column("item_id", head.columns))
    for row in read_rows(source, head, range(2, sys.maxsize)):
        yield _of_row(row)


def _missing_column(name: str, columns: tuple[str, ...]) -> str:
    return _("The first line names no column %(missing)s; it has: %(columns)s.") % {
        "missing": name,
        "columns": ", ".join(columns) or _("nothing"),
    }


def _of_row(row: Row) -> GivenRating | UnreadRating:
    place = _("line %(n)d") % {"n": row.line}
    if row.problem:
        return UnreadRating(place, row.problem)
    return rating_of(_Cells(place, {name: _plain(cell) for name, cell in row.cells.items()}))


def _plain(cell: str) -> str:
    """Return what a cell stands for: our own tables mark what a spreadsheet would take for a formula."""
    if cell.startswith(ESCAPE) and cell[1:2] in {*FORMULA_STARTS, ESCAPE}:
        return cell[1:]
    return cell


def rating_of(cells: _Cells) -> GivenRating | UnreadRating:
    """Return the rating that named values tell, or why they tell none; what was superseded is no rating."""
    label = "" if cells.get("is_current").lower() in NO else one_line(cells.get("label"))
    try:
        return GivenRating(
            place=cells.place,
            pair=_pair(cells),
            rater=_name(cells.get("rater_id"), "rater_id"),
            label=label,
            round=one_line(cells.get("round")),
            made_at=_time(cells.get("created_at")),
            duration_ms=_milliseconds(cells.get("duration_ms")),
            note=many_lines(cells.get("note")),
            edited_text=one_line(cells.get("edited_text")),
            edit_kinds=tuple(cells.get("edit_kinds").split()),
            is_bulk=cells.get("mode") == "rest_bad",
            is_revision=cells.get("is_revision").lower() in YES,
            is_rating=bool(label),
            is_skip=cells.get("is_skip") == "true",
        )
    except ValueError as error:
        return UnreadRating(cells.place, str(error))


def _pair(cells: _Cells) -> PairNames:
    number = cells.get("caption_version").strip() or "0"
    if not number.isdecimal():
        raise ValueError(_("caption_version is no whole number."))
    pair = PairNames(
        item_id=one_line(cells.get("item_id")),
        caption_key=one_line(cells.get("caption_key")),
        caption_version=int(number),
        image_key=one_line(cells.get("image_key")),
        text=one_line(cells.get("caption")),
    )
    if not (pair.item_id or pair.caption_key or (pair.image_key and pair.text)):
        raise ValueError(_("The row names no pair: item_id, caption_key, or image_key and caption."))
    return pair


def _name(value: str, column: str) -> str:
    name = one_line(value)
    if not name:
        raise ValueError(_("The row has no %(column)s.") % {"column": column})
    if len(name) > LONGEST_NAME:
        raise ValueError(
            _("%(column)s has more than %(n)d characters.") % {"column": column, "n": LONGEST_NAME}
        )
    return name


def _time(value: str) -> datetime | None:
    """Return a moment; one without a zone is taken for UTC."""
    if not value.strip():
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError as error:
        raise ValueError(
            _("created_at is no time as in 2025-03-31T14:05:00+00:00: %(value)s.") % {"value": value[:40]}
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _milliseconds(value: str) -> int:
    if not value.strip():
        return 0
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise ValueError(_("duration_ms is no number of milliseconds: %(value)s.") % {"value": value[:40]})
    return round(number)


def read_json_lines(source: IO[bytes]) -> Iterator[GivenRating | UnreadRating]:
    """Yield the ratings of a file with one JSON object a line; blank lines are no rows."""
    number = 0
    while raw := source.readline(LONGEST_LINE + 1):
        number += 1
        place = _("line %(n)d") % {"n": number}
        if len(raw) > LONGEST_LINE:
            raise FileRefused(
                _("Line %(n)d is longer than 1 MiB: this is no file of JSON lines.") % {"n": number}
            )
        if not raw.strip():
            continue
        try:
            told = json.loads(raw)
        except ValueError:
            yield UnreadRating(place, _("The line is no JSON in UTF-8."))
            continue
        if not isinstance(told, dict):
            yield UnreadRating(place, _("The line is no JSON object."))
            continue
        yield _of_object(place, told)


def _of_object(place: str, told: Mapping[str, Any]) -> GivenRating | UnreadRating:
    values = {name: _text(value) for name, value in told.items()}
    edit = told.get("edit")
    if isinstance(edit, dict):
        values["edited_text"] = _text(edit.get("text"))
        values["edit_kinds"] = " ".join(map(str, edit.get("kinds") or []))
    return rating_of(_Cells(place, values))


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None or isinstance(value, dict | list) else str(value)


def read_label_studio(source: IO[bytes], *, label_control: str = "") -> Iterator[GivenRating | UnreadRating]:
    """Yield the ratings of a JSON export of Label Studio: an annotation each. Raises FileRefused.

    `label_control` names the control that holds the label; without it `label`, else the first with one choice, a
    rating or a number.
    """
    try:
        for number, task in enumerate(list_elements(source), start=1):
            for place, values in annotations_of(task, number, label_control):
                if isinstance(values, str):
                    yield UnreadRating(place, values)
                else:
                    yield rating_of(_Cells(place, values))
    except NoTaskList as error:
        raise FileRefused(str(error)) from error
