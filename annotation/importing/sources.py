"""What a job of import reads: the places of its pictures and the rows of its tables, with what they are called."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import PurePath

from django.utils.translation import gettext as _

from annotation.importing.images import KeyedFile, Refusal
from annotation.importing.preparing import ADDRESSES, is_picture
from annotation.importing.reading_images import SourceRefused, walk_source
from annotation.importing.reading_rows import Row, read_rows, row_lines
from annotation.importing.records import RECORDS, places_of, read_records, record_lines
from annotation.importing.requesting import IMAGE_COLUMNS, open_table
from polyannot.kernel.errors import Invalid
from polyannot.kernel.text import one_line
from projects.models import Job, Project, StoredFile
from projects.storage import open_stored

LINE_OF = re.compile(
    r"(?P<file>.+) (?:line (?P<line>\d+)|(?P<place>(?:annotation|image|task) \S+))(?P<more> caption \d+)?",
    re.DOTALL,
)
# A table as the parameters of a job name it: its name, the hash of what is stored, and `kind` where it holds records.
Table = dict[str, str]


def project_of(job: Job) -> Project:
    """Return the project that the import is for."""
    assert job.project is not None, "an import belongs to a project"
    return job.project


def stored_of(parameter: Mapping[str, str]) -> StoredFile:
    """Return the stored file that a parameter names."""
    return StoredFile.objects.get(sha256=parameter["sha256"])


def item_prefix(table: Table) -> str:
    """Return how refusals of a table's rows begin: `captions.csv line `, with records `captions.json `."""
    return f"{table['name'][:150]} " + ("" if table.get("kind") == RECORDS else "line ")


def by_item(table: Table, refused: Sequence[tuple[int, str]]) -> list[Refusal]:
    """Return refusals by line as refusals by name and line, or by name and the place that a record tells."""
    places: Mapping[int, str] = {}
    if refused and table.get("kind") == RECORDS:
        with open_stored(stored_of(table)) as source:
            places = places_of(source, [line for line, _reason in refused])
    return [(f"{item_prefix(table)}{places.get(line, line)}", reason) for line, reason in refused]


def told_place(item: str) -> tuple[str, str]:
    """Return the file that a refused item names, and the line in it where there is one."""
    if (found := LINE_OF.fullmatch(item)) is not None:
        return found["file"], (found["line"] or found["place"]) + (found["more"] or "")
    return item, ""


def default_source(table: Table) -> str:
    """Return the source of captions whose row names none: the name of the file that was sent."""
    return PurePath(table.get("source") or table["name"]).stem[:120]


@contextmanager
def refusals_as_invalid() -> Iterator[None]:
    """Tell a source that cannot be used as an error for people."""
    try:
        yield
    except SourceRefused as error:
        raise Invalid("source_refused", str(error)) from error


def places_of_pictures(files: Table) -> list[int]:
    """Return the places of the pictures in their source: files, or rows of a list of addresses. Raises Invalid."""
    if files["kind"] == ADDRESSES:
        return table_lines(files | {"kind": RECORDS}, IMAGE_COLUMNS)
    with refusals_as_invalid():
        walk = walk_source(files["kind"], stored_of(files))
        return [found.index for found in walk if is_picture(files, found.name)]


def table_lines(table: Table, required: Sequence[str]) -> list[int]:
    """Return the line on which each row of a table begins. Raises Invalid."""
    if table.get("kind") == RECORDS:
        with open_stored(stored_of(table)) as records:
            return record_lines(records)
    source, head = open_table(stored_of(table), required)
    with source:
        return row_lines(source, head)


def table_rows(table: Table, required: Sequence[str], lines: Sequence[int]) -> Iterator[Row]:
    """Yield the rows of a table that begin on these lines. Raises Invalid."""
    if table.get("kind") == RECORDS:
        with open_stored(stored_of(table)) as records:
            yield from read_records(records, lines)
        return
    source, head = open_table(stored_of(table), required)
    with source:
        yield from read_rows(source, head, lines)


def keys_of_files(job: Job) -> dict[str, str]:
    """Return the keys that the table of images gives, by the file's whole name and by its last part."""
    if (table := job.parameters.get("metadata")) is None:
        return {}
    keys: dict[str, str] = {}
    for row in table_rows(table, IMAGE_COLUMNS, table_lines(table, IMAGE_COLUMNS)):
        name, key = row.cells.get("file", "").strip(), one_line(row.cells.get("key", ""))
        if name and key:
            keys[name] = key
            keys.setdefault(PurePath(name).name, key)
    return keys


def chosen_files(job: Job, items: Sequence[int], refused: list[Refusal]) -> Iterator[KeyedFile]:
    """Yield the files at these places, so that one picture is in memory; add to `refused` those whose key is taken."""
    wanted = frozenset(items)
    files, keys = job.parameters["images"], keys_of_files(job)
    seen: dict[str, tuple[int, str]] = {}
    for found in walk_source(files["kind"], stored_of(files), wanted):
        if not is_picture(files, found.name):
            continue
        key = keys.get(found.name) or keys.get(PurePath(found.name).name) or found.stem
        index, name = seen.setdefault(key, (found.index, found.name))
        if found.index not in wanted:
            continue
        if index == found.index:
            yield KeyedFile(found, key)
        else:
            reason = _("The key %(key)s is that of %(name)s; give keys in a table of images.")
            refused.append((found.name, reason % {"key": key, "name": name}))
        if found.index == items[-1]:
            return


def names_by_key(job: Job) -> dict[str, str]:
    """Return the name of the file that comes under each key, the first where several would."""
    if (files := job.parameters.get("images")) is None:
        return {}
    if files["kind"] == ADDRESSES:
        return {row.cells["key"]: item for row, item in listed_addresses(files)}
    keys, names = keys_of_files(job), dict[str, str]()
    for found in walk_source(files["kind"], stored_of(files)):
        if not is_picture(files, found.name):
            continue
        key = keys.get(found.name) or keys.get(PurePath(found.name).name) or found.stem
        names.setdefault(key, found.name)
    return names


def listed_addresses(files: Table, lines: Sequence[int] | None = None) -> Iterator[tuple[Row, str]]:
    """Yield the usable rows of a list of addresses, all or those with these numbers, with what they are told by."""
    table = files | {"kind": RECORDS}
    wanted = table_lines(table, IMAGE_COLUMNS) if lines is None else lines
    with open_stored(stored_of(table)) as source:
        places = places_of(source, wanted)
    for row in table_rows(table, IMAGE_COLUMNS, wanted):
        if not row.problem:
            yield row, f"{item_prefix(table)}{places[row.line]}"
