"""Rows that were taken from files of other tools, kept as JSON lines with the place where each one stood."""

import io
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import IO, Any

from django.utils.translation import gettext as _

from annotation.importing.reading_rows import Row
from polyannot.kernel.text import one_line
from projects.storage import store_bytes

RECORDS = "records"


class DescriptionRefused(ValueError):
    """A file of another tool cannot be read at all; the text says why, for a person."""


@dataclass(frozen=True, slots=True)
class Record:
    """One row: where it stood (`line 3`, `annotation 12`), its cells by column, or why it cannot be used."""

    place: str
    cells: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""


@dataclass(slots=True)
class Described:
    """What a file of another tool says: rows of a table of images and rows of a table of captions."""

    images: list[Record] = field(default_factory=list)
    captions: list[Record] = field(default_factory=list)

    def add(self, more: "Described") -> None:
        """Add the rows of another file."""
        self.images += more.images
        self.captions += more.captions


def stored_records(name: str, records: Iterable[Record], *, source: str) -> dict[str, str]:
    """Put records into the store; return the table as the parameters of a job name it.

    `source` is the file that they were taken from, by which captions without a source of their own are named.
    """
    out = io.BytesIO()
    for record in records:
        out.write(_line(record))
    stored = store_bytes(out.getvalue(), media_type="application/jsonl")
    return {"name": name, "sha256": stored.sha256, "kind": RECORDS, "source": source}


def _line(record: Record) -> bytes:
    try:
        given = [record.place, dict(record.cells), record.problem]
        return json.dumps(given, ensure_ascii=False).encode("utf-8") + b"\n"
    except UnicodeEncodeError:
        # Half of a character that needs two: JSON can hold it, no text can.
        place = record.place.encode("utf-8", "replace").decode()
        wrong = [place, {}, _("The row holds half a character; nothing in it was guessed.")]
        return json.dumps(wrong, ensure_ascii=False).encode("utf-8") + b"\n"


def record_lines(source: IO[bytes]) -> list[int]:
    """Return the numbers of the records, from 1 on."""
    return list(range(1, sum(1 for _line in source) + 1))


def read_records(source: IO[bytes], lines: Sequence[int]) -> Iterator[Row]:
    """Yield the records with these ascending numbers as rows of a table."""
    wanted = frozenset(lines)
    for number, (_place, cells, problem) in _numbered(source):
        if number in wanted:
            yield Row(number, cells, problem)


def places_of(source: IO[bytes], lines: Iterable[int]) -> dict[int, str]:
    """Return where the records with these numbers stood."""
    wanted = frozenset(lines)
    return {number: place for number, (place, _cells, _problem) in _numbered(source) if number in wanted}


def _numbered(source: IO[bytes]) -> Iterator[tuple[int, tuple[str, dict[str, str], str]]]:
    for number, line in zip(itertools.count(1), source, strict=False):
        yield number, json.loads(line)


def stem_of(name: str) -> str:
    """Return a file's name without folders and ending: the key of its image where no other is given."""
    return one_line(PurePosixPath(name).stem)


def text_of(value: object) -> str:
    """Return a value of a JSON object as the cell of a table; lists and objects are no cells."""
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, str):
        return value.replace("\x00", "")
    return str(value) if isinstance(value, (int, float)) else ""


def parsed_object(text: str | bytes) -> dict[str, Any]:
    """Return the JSON object in a text. Raises ValueError with the reason for a person."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(_("This is no JSON in UTF-8.")) from error
    if not isinstance(value, dict):
        raise ValueError(_("This is no JSON object."))
    return value
