"""Running an import: pictures, then what is known about them, then captions, then smaller pictures for the pages.

The phase of a part says what its items are: places in the source of images, or lines of a table. Parts of the
captions' table follow one another, so that of two rows with one key the upper one always wins.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import PurePath
from typing import Any

from django.db.models import Count, Min
from django.db.models.functions import Mod
from django.utils.translation import gettext as _

from annotation.importing.captions import add_captions, refresh_statistics
from annotation.importing.images import (
    DERIVING,
    KeyedFile,
    Refusal,
    add_images,
    derive_images,
    describe_images,
    images_without_derivatives,
)
from annotation.importing.reading_images import SourceRefused, walk_source
from annotation.importing.reading_rows import Row, read_rows, row_lines
from annotation.importing.requesting import CAPTION_COLUMNS, IMAGE_COLUMNS, open_table
from annotation.models import Caption, Image
from polyannot.kernel.errors import Invalid
from polyannot.kernel.text import one_line
from projects.history import append_event
from projects.models import Job, JobChunk, Project, StoredFile
from projects.running import ChunkOutcome, ChunkPlan

# Phases; the captions' parts take one each, from CAPTIONS up.
IMAGES, METADATA, CAPTIONS, DERIVATIVES = 0, 1, 2, 32_000
IMAGES_PER_PART = 50
# A tar has no index: each part reads it from the start, so its parts are larger.
IMAGES_PER_TAR_PART = 500
ROWS_PER_PART = 5_000


class ImportRunner:
    """Runs jobs of the kind `import`; parameters are those that `request_import` writes."""

    def plan(self, job: Job) -> Sequence[ChunkPlan]:
        """Return the parts: places of images, lines of tables, places again for the smaller pictures."""
        files = job.parameters.get("images")
        count = _count_files(files) if files else 0
        size = IMAGES_PER_TAR_PART if files and files["kind"] == "tar" else IMAGES_PER_PART
        plans = [ChunkPlan(items, IMAGES) for items in _parts(range(count), size)]
        if metadata := job.parameters.get("metadata"):
            lines = _lines(metadata, IMAGE_COLUMNS)
            plans += [ChunkPlan(items, METADATA) for items in _parts(lines, ROWS_PER_PART)]
        if captions := job.parameters.get("captions"):
            parts = _parts(_lines(captions, CAPTION_COLUMNS), ROWS_PER_PART)
            plans += [ChunkPlan(items, CAPTIONS + place) for place, items in enumerate(parts)]
        plans += [ChunkPlan(items, DERIVATIVES) for items in _parts(range(count), IMAGES_PER_PART)]
        return plans

    def run(self, job: Job, chunk: JobChunk) -> ChunkOutcome:
        """Treat one part; running it again adds nothing."""
        if chunk.phase == IMAGES:
            return ChunkOutcome(_run_images(job, chunk))
        if chunk.phase == METADATA:
            return ChunkOutcome(_run_metadata(job, chunk))
        if chunk.phase == DERIVATIVES:
            return ChunkOutcome(_run_derivatives(job, chunk))
        return ChunkOutcome(_run_captions(job, chunk))

    def finish(self, job: Job) -> dict[str, Any]:
        """Count what came of it, from the rows and the refusals that are there."""
        files, captions = job.parameters.get("images"), job.parameters.get("captions")
        figures: dict[str, Any] = {}
        failures = job.failures.values_list("item", flat=True)
        of_captions = sum(item.startswith(_item_prefix(captions)) for item in failures) if captions else 0
        if files:
            given = _items(job, IMAGES, IMAGES)
            added = Image.objects.filter(imported_by=job).count()
            metadata = job.parameters.get("metadata")
            others = (DERIVING, *(_item_prefix(table) for table in (captions, metadata) if table))
            refused = sum(not item.startswith(others) for item in failures)
            figures["images"] = _figures(given, added, refused)
        if captions:
            given = _items(job, CAPTIONS, DERIVATIVES - 1)
            added = Caption.objects.filter(imported_by=job).count()
            figures["captions"] = _figures(given, added, of_captions)
        append_event(actor=job.asked_by, act="import_finished", row=job)
        return figures


def _figures(given: int, added: int, refused: int) -> dict[str, int]:
    return {"given": given, "added": added, "already_there": given - added - refused, "refused": refused}


def _items(job: Job, first_phase: int, last_phase: int) -> int:
    parts = job.chunks.filter(phase__gte=first_phase, phase__lte=last_phase)
    return sum(len(items) for items in parts.values_list("items", flat=True))


def _parts(items: Sequence[int], size: int) -> list[Sequence[int]]:
    return [items[start : start + size] for start in range(0, len(items), size)]


def _project(job: Job) -> Project:
    assert job.project is not None, "an import belongs to a project"
    return job.project


def _stored(parameter: dict[str, str]) -> StoredFile:
    return StoredFile.objects.get(sha256=parameter["sha256"])


def _item_prefix(table: dict[str, str]) -> str:
    """Return how refusals of a table's rows begin: `captions.csv line `."""
    return f"{table['name'][:150]} line "


@contextmanager
def _refusals_as_invalid() -> Iterator[None]:
    try:
        yield
    except SourceRefused as error:
        raise Invalid("source_refused", str(error)) from error


def _count_files(files: dict[str, str]) -> int:
    with _refusals_as_invalid():
        return sum(1 for _found in walk_source(files["kind"], _stored(files)))


def _lines(table: dict[str, str], required: Sequence[str]) -> list[int]:
    source, head = open_table(_stored(table), required)
    with source:
        return row_lines(source, head)


def _rows(table: dict[str, str], required: Sequence[str], lines: Sequence[int]) -> Iterator[Row]:
    source, head = open_table(_stored(table), required)
    with source:
        yield from read_rows(source, head, lines)


def _keys_of_files(job: Job) -> dict[str, str]:
    """Return the keys that the table of images gives, by the file's whole name and by its last part."""
    if (table := job.parameters.get("metadata")) is None:
        return {}
    keys: dict[str, str] = {}
    for row in _rows(table, IMAGE_COLUMNS, _lines(table, IMAGE_COLUMNS)):
        name, key = row.cells.get("file", "").strip(), one_line(row.cells.get("key", ""))
        if name and key:
            keys[name] = key
            keys.setdefault(PurePath(name).name, key)
    return keys


def _run_images(job: Job, chunk: JobChunk) -> list[Refusal]:
    refused: list[Refusal] = []
    with _refusals_as_invalid():
        files = _chosen_files(job, chunk, refused)
        return add_images(job=job, project=_project(job), files=files) + refused


def _chosen_files(job: Job, chunk: JobChunk, refused: list[Refusal]) -> Iterator[KeyedFile]:
    """Yield the part's files one after the other, so that one picture is in memory; add to `refused` the others."""
    files, wanted = job.parameters["images"], frozenset(chunk.items)
    keys = _keys_of_files(job)
    seen: dict[str, tuple[int, str]] = {}
    for found in walk_source(files["kind"], _stored(files), wanted):
        key = keys.get(found.name) or keys.get(PurePath(found.name).name) or found.stem
        index, name = seen.setdefault(key, (found.index, found.name))
        if found.index not in wanted:
            continue
        if index == found.index:
            yield KeyedFile(found, key)
        else:
            reason = _("The key %(key)s is that of %(name)s; give keys in a table of images.")
            refused.append((found.name, reason % {"key": key, "name": name}))
        if found.index == chunk.items[-1]:
            return


def _run_metadata(job: Job, chunk: JobChunk) -> list[Refusal]:
    table = job.parameters["metadata"]
    rows = _rows(table, IMAGE_COLUMNS, chunk.items)
    return [
        (f"{_item_prefix(table)}{line}", reason)
        for line, reason in describe_images(project=_project(job), rows=rows)
    ]


def _run_captions(job: Job, chunk: JobChunk) -> list[Refusal]:
    table = job.parameters["captions"]
    if chunk.phase == CAPTIONS:
        refresh_statistics()
    refused = add_captions(
        job=job,
        project=_project(job),
        rows=_rows(table, CAPTION_COLUMNS, chunk.items),
        default_source=PurePath(table["name"]).stem[:120],
    )
    return [(f"{_item_prefix(table)}{line}", reason) for line, reason in refused]


def _run_derivatives(job: Job, chunk: JobChunk) -> list[Refusal]:
    """Make the smaller pictures that the project lacks, also those that an earlier import did not come to."""
    first, parts = (
        job.chunks.filter(phase=DERIVATIVES).aggregate(first=Min("position"), n=Count("pk")).values()
    )
    return derive_images(
        images=images_without_derivatives(_project(job))
        .annotate(part=Mod("pk", parts))
        .filter(part=chunk.position - first)
    )
