"""Running an import: pictures, then what is known about them, then captions, then smaller pictures for the pages.

The phase of a part says what its items are: places in the source of images, or lines of a table. Parts of the
captions' table follow one another, so that of two rows with one key the upper one always wins.
"""

from collections.abc import Sequence
from typing import Any

from django.db.models import Count, Min
from django.db.models.functions import Mod

from annotation.importing.captions import add_captions, refresh_statistics
from annotation.importing.describing import describe_images
from annotation.importing.fetching_images import PER_PART, run_addresses
from annotation.importing.images import (
    DERIVING,
    Refusal,
    add_images,
    derive_images,
    images_without_derivatives,
)
from annotation.importing.preparing import ADDRESSES, prepare
from annotation.importing.requesting import CAPTION_COLUMNS, IMAGE_COLUMNS
from annotation.importing.sources import (
    by_item,
    chosen_files,
    default_source,
    item_prefix,
    places_of_pictures,
    project_of,
    refusals_as_invalid,
    table_lines,
    table_rows,
)
from annotation.models import Caption, Image
from projects.history import append_event
from projects.models import Job, JobChunk
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
        prepare(job)
        plans = parts_of_images(job)
        count = sum(len(plan.items) for plan in plans)
        if metadata := job.parameters.get("metadata"):
            lines = table_lines(metadata, IMAGE_COLUMNS)
            plans += [ChunkPlan(items, METADATA) for items in parts(lines, ROWS_PER_PART)]
        if captions := job.parameters.get("captions"):
            of_captions = parts(table_lines(captions, CAPTION_COLUMNS), ROWS_PER_PART)
            plans += [ChunkPlan(items, CAPTIONS + place) for place, items in enumerate(of_captions)]
        plans += [ChunkPlan(items, DERIVATIVES) for items in parts(range(count), IMAGES_PER_PART)]
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
        of_captions = sum(item.startswith(item_prefix(captions)) for item in failures) if captions else 0
        if files:
            given = _items(job, IMAGES, IMAGES)
            added = Image.objects.filter(imported_by=job).count()
            metadata = job.parameters.get("metadata")
            tables = [table for table in (captions, metadata) if table]
            if files["kind"] == ADDRESSES:
                # Whatever is wrong with a row of the list is found before it is fetched.
                refused = sum(item.startswith(item_prefix(tables[-1])) for item in failures)
            else:
                others = (DERIVING, *(item_prefix(table) for table in tables))
                refused = sum(not item.startswith(others) for item in failures)
            figures["images"] = _figures(given, added, refused)
        if captions:
            given = _items(job, CAPTIONS, DERIVATIVES - 1)
            added = Caption.objects.filter(imported_by=job).count()
            figures["captions"] = _figures(given, added, of_captions)
        append_event(actor=job.asked_by, act="import_finished", row=job)
        return figures


def parts_of_images(job: Job) -> list[ChunkPlan]:
    """Return the parts in which the pictures are looked at. Raises Invalid."""
    if (files := job.parameters.get("images")) is None:
        return []
    size = {"tar": IMAGES_PER_TAR_PART, ADDRESSES: PER_PART}.get(files["kind"], IMAGES_PER_PART)
    return [ChunkPlan(items, IMAGES) for items in parts(places_of_pictures(files), size)]


def _figures(given: int, added: int, refused: int) -> dict[str, int]:
    return {"given": given, "added": added, "already_there": given - added - refused, "refused": refused}


def _items(job: Job, first_phase: int, last_phase: int) -> int:
    parts = job.chunks.filter(phase__gte=first_phase, phase__lte=last_phase)
    return sum(len(items) for items in parts.values_list("items", flat=True))


def parts(items: Sequence[int], size: int) -> list[Sequence[int]]:
    """Return the items in parts of this size."""
    return [items[start : start + size] for start in range(0, len(items), size)]


def _run_images(job: Job, chunk: JobChunk) -> list[Refusal]:
    if job.parameters["images"]["kind"] == ADDRESSES:
        return run_addresses(job, chunk.items)
    refused: list[Refusal] = []
    with refusals_as_invalid():
        files = chosen_files(job, chunk.items, refused)
        return add_images(job=job, project=project_of(job), files=files) + refused


def _run_metadata(job: Job, chunk: JobChunk) -> list[Refusal]:
    table = job.parameters["metadata"]
    rows = table_rows(table, IMAGE_COLUMNS, chunk.items)
    return by_item(table, describe_images(project=project_of(job), rows=rows))


def _run_captions(job: Job, chunk: JobChunk) -> list[Refusal]:
    table = job.parameters["captions"]
    if chunk.phase == CAPTIONS:
        refresh_statistics()
    refused = add_captions(
        job=job,
        project=project_of(job),
        rows=table_rows(table, CAPTION_COLUMNS, chunk.items),
        default_source=default_source(table),
    )
    return by_item(table, refused)


def _run_derivatives(job: Job, chunk: JobChunk) -> list[Refusal]:
    """Make the smaller pictures that the project lacks, also those that an earlier import did not come to."""
    first, parts = (
        job.chunks.filter(phase=DERIVATIVES).aggregate(first=Min("position"), n=Count("pk")).values()
    )
    return derive_images(
        images=images_without_derivatives(project_of(job))
        .annotate(part=Mod("pk", parts))
        .filter(part=chunk.position - first)
    )
