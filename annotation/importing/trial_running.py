"""Running the trial of an import: every picture and every row is looked at, and nothing comes into the project.

Parts of the pictures go to as many workers as there are; the captions are one part, since a row is told by what the
rows above it would have brought.
"""

from collections.abc import Sequence
from typing import Any

from annotation.importing.fetching_images import usable_addresses
from annotation.importing.preparing import ADDRESSES, prepare
from annotation.importing.requesting import CAPTION_COLUMNS, IMAGE_COLUMNS
from annotation.importing.running import CAPTIONS, IMAGES, METADATA, parts, parts_of_images
from annotation.importing.sources import (
    by_item,
    chosen_files,
    default_source,
    names_by_key,
    project_of,
    refusals_as_invalid,
    table_lines,
    table_rows,
)
from annotation.importing.trying import (
    EXAMPLES,
    Coming,
    stored_hashes,
    try_captions,
    try_descriptions,
    try_images,
)
from projects.models import Job, JobChunk
from projects.running import ChunkOutcome, ChunkPlan

ROWS_PER_PART = 5_000


class TrialRunner:
    """Runs jobs of the kind `import_trial`; parameters are those of the import that it tries."""

    def plan(self, job: Job) -> Sequence[ChunkPlan]:
        """Return the parts: places of images, lines of the table of images, all lines of the captions."""
        prepare(job)
        plans = parts_of_images(job)
        if metadata := job.parameters.get("metadata"):
            lines = table_lines(metadata, IMAGE_COLUMNS)
            plans += [ChunkPlan(items, METADATA) for items in parts(lines, ROWS_PER_PART)]
        if captions := job.parameters.get("captions"):
            plans.append(ChunkPlan(table_lines(captions, CAPTION_COLUMNS), CAPTIONS))
        return plans

    def run(self, job: Job, chunk: JobChunk) -> ChunkOutcome:
        """Look at one part; what the captions would come to is kept with the job."""
        with refusals_as_invalid():
            if chunk.phase == IMAGES and job.parameters["images"]["kind"] == ADDRESSES:
                return ChunkOutcome(usable_addresses(job, chunk.items)[1])
            if chunk.phase == IMAGES:
                taken: list[tuple[str, str]] = []
                files = chosen_files(job, chunk.items, taken)
                return ChunkOutcome(try_images(project=project_of(job), files=files) + taken)
            if chunk.phase == METADATA:
                table = job.parameters["metadata"]
                rows = table_rows(table, IMAGE_COLUMNS, chunk.items)
                refused = try_descriptions(project=project_of(job), rows=rows, coming=_usable_names(job))
                return ChunkOutcome(by_item(table, refused))
            return ChunkOutcome(_try_captions(job, chunk))

    def finish(self, job: Job) -> dict[str, Any]:
        """Return what each part of the import would come to, with examples."""
        figures: dict[str, Any] = {}
        if job.parameters.get("images"):
            names = names_by_key(job)
            usable = _usable_names(job)
            there = set(stored_hashes(project_of(job), usable))
            given = sum(len(chunk.items) for chunk in job.chunks.filter(phase=IMAGES))
            figures["images"] = {
                "given": given,
                "would_be_added": len(usable) - len(there),
                "already_there": len(there),
                "refused": given - len(usable),
                "examples": [{"image": key, "file": names[key]} for key in usable if key not in there][
                    :EXAMPLES
                ],
            }
        return {**figures, **job.result}


def _usable_names(job: Job) -> dict[str, str]:
    """Return by key the files that were not refused so far."""
    refused = frozenset(job.failures.values_list("item", flat=True))
    return {key: name for key, name in names_by_key(job).items() if name[:200] not in refused}


def _try_captions(job: Job, chunk: JobChunk) -> list[tuple[str, str]]:
    table = job.parameters["captions"]
    tried = try_captions(
        known=Coming(project_of(job), _usable_names(job)),
        rows=table_rows(table, CAPTION_COLUMNS, chunk.items),
        default_source=default_source(table),
    )
    counts = {
        "given": tried.given,
        "would_be_added": tried.new,
        "already_there": tried.given - tried.new - len(tried.refused),
        "refused": len(tried.refused),
        "examples": tried.examples,
    }
    Job.objects.filter(pk=job.pk).update(result={"captions": counts})
    return by_item(table, tried.refused)
