"""Bringing candidate captions into a project, thousands at a time; doing it twice changes nothing."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from annotation.bulk_rows import copy_rows, next_ids
from annotation.captions.editing import content_hash
from annotation.importing.deciding import GivenCaption, Known, decide_captions, read_captions
from annotation.importing.reading_rows import Row
from annotation.importing.requesting import shuffled_rank
from annotation.models import Caption, CaptionVersion, Image, VersionState
from projects.models import Job, Project

# An empty array as PostgreSQL writes it.
NO_KINDS = "{}"
CAPTION_FIELDS = (
    "id",
    "public_id",
    "project_id",
    "image_id",
    "paraphrase_of_id",
    "key",
    "verbatim",
    "source",
    "source_key",
    "source_url",
    "licence",
    "neighbour_similarity",
    "neighbour_encoder",
    "pool_rank",
    "drop_reason",
    "imported_by_id",
    "imported_at",
)
VERSION_FIELDS = (
    "public_id",
    "project_id",
    "image_id",
    "caption_id",
    "text",
    "content_hash",
    "kinds",
    "state",
    "reason",
    "made_at",
    "is_demo",
)


def add_captions(
    *, job: Job, project: Project, rows: Iterable[Row], default_source: str
) -> list[tuple[int, str]]:
    """Add the captions that are new with their base versions; return (line, reason) of the refused rows.

    The same text under the same key is already there; another text under it is refused and the first one stays.
    """
    given, refused = read_captions(rows, default_source)
    with transaction.atomic():
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        decided = decide_captions(Known(project), given)
        _write(job, project, decided.new, decided.originals)
    return sorted([*refused, *decided.refused])


def refresh_statistics() -> None:
    """Let the database count its images anew.

    Each caption is checked against its image; right after images came in, the planner still takes their table for
    empty and walks through all images of the project for every single caption.
    """
    with connection.cursor() as cursor:
        cursor.execute(f'ANALYZE "{Image._meta.db_table}"')


def _write(
    job: Job, project: Project, new: Sequence[tuple[int, GivenCaption]], originals: Mapping[str, int]
) -> None:
    if not new:
        return
    now = timezone.now()
    ids = next_ids(Caption, len(new))
    of = {**originals, **{row.key: pk for pk, (_image, row) in zip(ids, new, strict=True)}}
    copy_rows(
        Caption,
        CAPTION_FIELDS,
        (
            _caption_row(job, project, pk, image_id, of.get(row.paraphrase_of), row, now)
            for pk, (image_id, row) in zip(ids, new, strict=True)
        ),
    )
    copy_rows(
        CaptionVersion,
        VERSION_FIELDS,
        (
            (
                uuid.uuid4(),
                project.pk,
                image_id,
                pk,
                row.text,
                content_hash(row.text),
                NO_KINDS,
                VersionState.BASE.value,
                "",
                now,
                project.is_demo,
            )
            for pk, (image_id, row) in zip(ids, new, strict=True)
        ),
    )


def _caption_row(
    job: Job,
    project: Project,
    pk: int,
    image_id: int,
    original: int | None,
    row: GivenCaption,
    now: datetime,
) -> tuple[Any, ...]:
    return (
        pk,
        uuid.uuid4(),
        project.pk,
        image_id,
        original,
        row.key,
        row.verbatim,
        row.source,
        row.source_key,
        row.source_url,
        row.licence,
        row.neighbour_similarity,
        row.neighbour_encoder,
        shuffled_rank(project.seed, row.key),
        "",
        job.pk,
        now,
    )
