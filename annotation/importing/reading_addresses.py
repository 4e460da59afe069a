"""Lists of web addresses of pictures: plain, CSV or TSV, Unsplash's photos.tsv, and tasks of Label Studio.

Pure: bytes in, records out, each with `key` and `url`. An address that is named twice under one key is one picture.
"""

import io
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from django.utils.translation import gettext as _

from annotation.exchange.reading_label_studio import NoTaskList, list_elements
from annotation.importing.reading_descriptions import captions_of
from annotation.importing.reading_rows import BOM, Row, TableRefused, read_head, read_rows, row_lines
from annotation.importing.records import Described, DescriptionRefused, Record, stem_of, text_of
from polyannot.kernel.errors import Invalid
from polyannot.kernel.fetching import checked_parts
from polyannot.kernel.text import one_line

UNSPLASH = ("photo_id", "photo_image_url")
UNSPLASH_LICENCE = {"licence": "Unsplash License", "licence_url": "https://unsplash.com/license"}
URL_COLUMNS = ("url", "image_url", "address")


def read_addresses(content: bytes) -> Described:
    """Return the pictures of a list, and the captions that stand beside them. Raises DescriptionRefused."""
    start = content.removeprefix(BOM).lstrip()[:8].lower()
    if start.startswith(b"["):
        return _gathered(_tasks(content))
    if start.startswith((b"http:", b"https:")):
        return _gathered(_plain(content))
    return _gathered(_table(content))


Found = tuple[str, str, str, dict[str, str], list[str], str]


def _gathered(rows: Iterator[Found]) -> Described:
    """Return the records of rows (place, key, url, other columns, captions, problem)."""
    said, first = Described(), dict[str, tuple[str, str]]()
    for place, given_key, url, cells, texts, given_problem in rows:
        key = given_key or _key_of(url)
        problem = given_problem or _wrong(key, url)
        if not problem and key in first and first[key][1] != url:
            problem = _("The key %(key)s stands at %(place)s with another address.") % {
                "key": key,
                "place": first[key][0],
            }
        if problem:
            said.images.append(Record(place, {}, problem))
            continue
        if key not in first:
            first[key] = (place, url)
            said.images.append(Record(place, {"file": key, "key": key, "url": url} | cells))
        said.captions += [Record(place, {"image_key": key, "text": text}) for text in texts if text.strip()]
    return said


def _wrong(key: str, url: str) -> str:
    """Return why an address cannot be visited, or nothing."""
    if not url:
        return _("The row names no address.")
    try:
        checked_parts(url)
    except Invalid as error:
        return str(error.message)
    return "" if key else _("No key can be made from this address; give one.")


def _key_of(url: str) -> str:
    """Return the last part of an address without its ending."""
    try:
        return stem_of(unquote(urlsplit(url).path))
    except ValueError:
        return ""


def _plain(content: bytes) -> Iterator[Found]:
    for number, line in enumerate(content.removeprefix(BOM).split(b"\n"), start=1):
        if line.strip():
            try:
                yield f"line {number}", "", line.decode("utf-8").strip(), {}, [], ""
            except UnicodeDecodeError:
                problem = _("The row is not in UTF-8; nothing in it was guessed.")
                yield f"line {number}", "", "", {}, [], problem


def _table(content: bytes) -> Iterator[Found]:
    source = io.BytesIO(content)
    try:
        head = read_head(source, required=[])
        if not set(UNSPLASH) <= set(head.columns) and not set(URL_COLUMNS) & set(head.columns):
            raise DescriptionRefused(
                _("The first line names no column url; a list without columns begins with an address.")
            )
        lines = row_lines(source, head)
        source.seek(0)
        source.readline()
        for row in read_rows(source, head, lines):
            yield _unsplash(row) if set(UNSPLASH) <= set(head.columns) else _row(row)
    except TableRefused as error:
        raise DescriptionRefused(str(error)) from error


def _row(row: Row) -> Found:
    cells = dict(row.cells)
    url = next((cells[name].strip() for name in URL_COLUMNS if cells.get(name)), "")
    known = {name: value for name, value in cells.items() if name not in {"key", "file", *URL_COLUMNS}}
    texts = [text for text in captions_of(cells) if isinstance(text, str)]
    return f"line {row.line}", one_line(cells.get("key", "")), url, known, texts, row.problem


def _unsplash(row: Row) -> Found:
    cells: Mapping[str, str] = row.cells
    names = (cells.get("photographer_first_name", ""), cells.get("photographer_last_name", ""))
    author = one_line(" ".join(names))
    known = {
        **UNSPLASH_LICENCE,
        "author": author,
        "source": "Unsplash",
        "source_url": cells.get("photo_url", "").strip(),
        "attribution": f"Photo by {author} on Unsplash" if author else "Photo on Unsplash",
    }
    return (
        f"line {row.line}",
        one_line(cells.get("photo_id", "")),
        cells.get("photo_image_url", "").strip(),
        known,
        [],
        row.problem,
    )


def _tasks(content: bytes) -> Iterator[Found]:
    try:
        for number, task in enumerate(list_elements(io.BytesIO(content)), start=1):
            yield _task(number, task)
    except NoTaskList as error:
        raise DescriptionRefused(str(error)) from error


def _task(number: int, task: object) -> Found:
    facts: Any = task.get("data", task) if isinstance(task, dict) else None
    if not isinstance(facts, dict):
        return f"task {number}", "", "", {}, [], _("This is no task.")
    given_id = text_of(task["id"]) if isinstance(task, dict) and "id" in task else ""
    key = one_line(text_of(facts.get("image_key") or facts.get("key")))
    texts = [text for text in captions_of(facts) if isinstance(text, str)]
    return f"task {given_id or number}", key, text_of(facts.get("image")).strip(), {}, texts, ""
