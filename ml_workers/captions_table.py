"""Images with captions from a CSV file, every row that cannot be used listed by its line."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REQUIRED = ("image", "caption")


class MalformedTable(ValueError):
    """The file cannot be read as a table of captions at all; the message says why."""


@dataclass(frozen=True)
class CaptionRow:
    """One caption of one image; `line` is its line in the file, counted from 1."""

    line: int
    image: str
    caption: str
    split: str


@dataclass(frozen=True)
class SkippedRow:
    """A line that is left out, and why."""

    line: int
    image: str
    reason: str


@dataclass(frozen=True)
class CaptionTable:
    """The usable rows in the order of the file, and the others."""

    rows: list[CaptionRow]
    skipped: list[SkippedRow]

    @property
    def images(self) -> list[str]:
        """Each image once, in the order of its first caption."""
        return list(dict.fromkeys(row.image for row in self.rows))


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline=None) as stream:
        yield from enumerate(stream, start=1)


def _fields(line: str) -> list[str]:
    """The fields of one line; csv.Error where a quote is left open or text follows a closed one."""
    return next(csv.reader([line.rstrip("\n")], strict=True), [])


def _outside(folder: Path, image: str) -> bool:
    return not (folder / image).resolve().is_relative_to(folder.resolve())


def _fault(fields: list[str], columns: list[str], folder: Path) -> str:
    """Why a line's fields cannot be used; empty where they can."""
    if len(fields) != len(columns):
        return f"{len(fields)} fields instead of {len(columns)}"
    named = dict(zip(columns, fields, strict=True))
    if any("\udc80" <= letter <= "\udcff" for field in fields for letter in field):
        return "not UTF-8"
    if any("\x00" in field for field in fields):
        return "holds a NUL character"
    for column in REQUIRED:
        if not named[column].strip():
            return f"no {column}"
    if _outside(folder, named["image"].strip()):
        return "the image lies outside the folder"
    if not (folder / named["image"].strip()).is_file():
        return "the image file is missing"
    return ""


def _columns(header: str, path: Path) -> list[str]:
    columns = [name.strip().lower() for name in _fields(header)]
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        raise MalformedTable(f"The first line of {path.name} names no column {' or '.join(missing)}.")
    return columns


def read_captions(path: Path, images: Path, *, split: str = "") -> CaptionTable:
    """Rows of a CSV file with the columns image, caption and, if wanted, split; one row a line, UTF-8.

    `image` is a path below the folder `images`. With `split` only rows of that split are read; a file
    without that column is one split, read whole. Raises MalformedTable without the two columns.
    """
    lines = _lines(path)
    columns = _columns(next(lines, (0, ""))[1], path)
    rows, skipped = [], []
    for number, line in lines:
        if not line.strip():
            continue
        try:
            fields = _fields(line)
        except csv.Error as error:
            skipped.append(SkippedRow(number, "", f"malformed row: {error}"))
            continue
        named = dict(zip(columns, fields, strict=False))
        if split and "split" in columns and len(fields) == len(columns) and named["split"].strip() != split:
            continue
        fault = _fault(fields, columns, images)
        image = named.get("image", "").strip().encode("utf-8", "replace").decode()
        if fault:
            skipped.append(SkippedRow(number, image, fault))
        else:
            rows.append(CaptionRow(number, image, named["caption"].strip(), named.get("split", "").strip()))
    return CaptionTable(rows, skipped)
