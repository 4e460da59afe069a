"""Descriptions that lie beside pictures: Hugging Face image folders and webdataset samples.

Pure: bytes in, records out. A description names one picture, what is known of it, and its captions.
"""

import io
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from django.utils.translation import gettext as _

from annotation.importing.describing import WEB_ADDRESS
from annotation.importing.reading_rows import TableRefused, read_head, read_rows, row_lines
from annotation.importing.records import (
    Described,
    DescriptionRefused,
    Record,
    parsed_object,
    stem_of,
    text_of,
)
from polyannot.kernel.text import one_line

# What a picture's captions are called, the first that is there.
CAPTIONS = ("captions", "caption", "text", "texts")
CAPTION_IDS = ("caption_ids", "caption_id")
# Columns of a table of images, and what other tools call them.
NAMED = {
    "title": ("title",),
    "author": ("author",),
    "source": ("source",),
    "source_url": ("source_url", "url"),
    "licence": ("licence", "license"),
    "licence_url": ("licence_url", "license_url"),
    "attribution": ("attribution",),
}
MANIFESTS = frozenset({"metadata.jsonl", "metadata.csv"})


def described(place: str, file: str, key: str, facts: Mapping[str, Any]) -> Described:
    """Return what the facts say of the picture `file`, whose key is `key`."""
    cells = {"file": file, "key": key} | image_cells(facts)
    texts, ids = captions_of(facts), _listed(facts, CAPTION_IDS)
    captions = []
    for number, text in enumerate(texts, start=1):
        where = place if len(texts) == 1 else f"{place} caption {number}"
        source_key = text_of(ids[number - 1]) if len(ids) == len(texts) else ""
        problem = "" if isinstance(text, str) else _("The caption is no text.")
        given = {"image_key": key, "text": text_of(text), "source_key": source_key}
        captions.append(Record(where, given, problem))
    return Described([Record(place, cells)], captions)


def image_cells(facts: Mapping[str, Any]) -> dict[str, str]:
    """Return the columns of a table of images that the facts fill; a source that is no web address is left out."""
    cells = {}
    for column, names in NAMED.items():
        value = next((text_of(facts[name]) for name in names if facts.get(name)), "")
        if column.endswith("_url") and WEB_ADDRESS.fullmatch(value.strip()) is None:
            continue
        cells[column] = value
    return {column: value for column, value in cells.items() if value}


def captions_of(facts: Mapping[str, Any]) -> Sequence[Any]:
    """Return the captions that the facts give, none where none are named."""
    return _listed(facts, CAPTIONS)


def _listed(facts: Mapping[str, Any], names: Sequence[str]) -> Sequence[Any]:
    value: Any = next((facts[name] for name in names if facts.get(name)), [])
    return value if isinstance(value, list) else [value]


def read_manifest(name: str, content: bytes) -> Described:
    """Return what a `metadata.jsonl` or `metadata.csv` says of the pictures beside it. Raises DescriptionRefused."""
    folder = PurePosixPath(name).parent
    said = Described()
    lines = _csv_lines(content) if name.endswith(".csv") else _json_lines(content)
    for line, facts, problem in lines:
        place = f"{name} line {line}"
        file = facts.get("file_name")
        if problem or not isinstance(file, str) or not file.strip():
            said.images.append(Record(place, {}, problem or _("The row names no file_name.")))
            continue
        key = one_line(text_of(facts.get("key"))) or stem_of(file)
        said.add(described(place, str(folder / file.strip()), key, facts))
    return said


def _csv_lines(content: bytes) -> list[tuple[int, Mapping[str, Any], str]]:
    try:
        source = io.BytesIO(content)
        head = read_head(source, required=["file_name"])
        lines = row_lines(source, head)
        source.seek(0)
        source.readline()
        return [(row.line, row.cells, row.problem) for row in read_rows(source, head, lines)]
    except TableRefused as error:
        raise DescriptionRefused(str(error)) from error


def _json_lines(content: bytes) -> list[tuple[int, Mapping[str, Any], str]]:
    rows: list[tuple[int, Mapping[str, Any], str]] = []
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if line.strip():
            try:
                rows.append((number, parsed_object(line), ""))
            except ValueError as error:
                rows.append((number, {}, str(error)))
    return rows


def sample_base(name: str) -> str:
    """Return what the files of one sample have in common: the name up to the first dot of its last part."""
    path = PurePosixPath(name)
    return str(path.parent / path.name.partition(".")[0])


def read_sample(picture: str, files: Mapping[str, bytes]) -> Described:
    """Return what the .json and .txt beside a picture say; `files` is by ending. A text that both have counts once."""
    facts: dict[str, Any] = {}
    base = sample_base(picture)
    problem = ""
    if ".json" in files:
        try:
            facts = parsed_object(files[".json"])
        except ValueError as error:
            problem = str(error)
    texts = list(captions_of(facts))
    if ".txt" in files:
        try:
            text = files[".txt"].decode("utf-8")
            if text.strip() and text.strip() not in {one.strip() for one in texts if isinstance(one, str)}:
                facts = facts | {"captions": [*texts, text], "caption_ids": []}
        except UnicodeDecodeError:
            problem = _("The text is not in UTF-8; nothing in it was guessed.")
    key = one_line(text_of(facts.get("key"))) or stem_of(picture)
    said = described(base, picture, key, facts)
    if problem:
        said.captions.append(Record(base, {}, problem))
    return said
