"""A row of a corpus, and what is told of one that cannot be used."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

CAPTION_NAMES = ("caption", "text", "title", "raw_caption", "alt_text", "top_caption")
URL_NAMES = ("url", "image_url", "img_url", "photo_image_url")
KEY_NAMES = ("key", "id", "__key__", "sample_id", "image_id", "photo_id")


@dataclass(frozen=True, slots=True)
class CorpusRow:
    """A caption and where its picture is. `number` counts the rows of the file from 0, bad ones included.

    `key` is the corpus's own name of the row, empty where it has none.
    """

    number: int
    caption: str
    url: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that is passed over: `line` counts from 1 as an editor does (a row, or a sample of an archive).

    `takes_more` says that rows after it are lost with it.
    """

    number: int
    file: str
    line: int
    reason: str
    takes_more: bool = False


Rows = Iterator[CorpusRow | BadRow]


class CorpusRefused(ValueError):
    """A corpus, or a file of it, cannot be read at all; the message says what to do."""


def named(names: Mapping[str, Any], known: tuple[str, ...]) -> str | None:
    """Return the first of the known names that is there, whatever its case; None where there is none."""
    by_lower = {name.lower(): name for name in names}
    return next((by_lower[name] for name in known if name in by_lower), None)


def checked_row(number: int, file: str, line: int, cells: tuple[Any, Any, Any]) -> CorpusRow | BadRow:
    """Return the row of (caption, url, key).

    A bad one where the caption is missing or blank, or where something holds a NUL or half a character, neither of
    which is text for a database.
    """
    caption, url, key = cells
    if not isinstance(caption, str) or not caption.strip():
        return BadRow(number, file, line, "There is no caption.")
    url = "" if url is None else str(url).strip()
    key = "" if key is None else str(key).strip()
    if "\0" in caption or "\0" in url or "\0" in key:
        return BadRow(number, file, line, "It holds a NUL character.")
    try:
        f"{caption}{url}{key}".encode()
    except UnicodeEncodeError:
        return BadRow(number, file, line, "It holds half a character (a lone surrogate).")
    return CorpusRow(number, caption, url, key)
