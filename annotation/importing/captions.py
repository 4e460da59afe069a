"""Bringing candidate captions into a project, thousands at a time; doing it twice changes nothing."""

import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from annotation.bulk_rows import copy_rows, next_ids, rows_by_key
from annotation.captions.editing import LONGEST_CAPTION, content_hash
from annotation.importing.images import LONGEST_KEY, checked_url
from annotation.importing.reading_rows import Row
from annotation.importing.requesting import shuffled_rank
from annotation.models import Caption, CaptionVersion, Image, VersionState
from polyannot.kernel.text import one_line
from projects.models import Job, Project

PLACEHOLDER = re.compile(r"<\s*person\s*/?\s*>", re.IGNORECASE)
TEXT_COLUMNS = {"source": 120, "source_key": 300, "licence": 120, "neighbour_encoder": 120}

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


@dataclass(frozen=True, slots=True)
class GivenCaption:
    """A caption as a row gives it: the text as it will be shown, and exactly as it came."""

    line: int
    image_key: str
    key: str
    paraphrase_of: str
    text: str
    verbatim: str
    source: str
    source_key: str
    source_url: str
    licence: str
    neighbour_similarity: float | None
    neighbour_encoder: str


def add_captions(
    *, job: Job, project: Project, rows: Iterable[Row], default_source: str
) -> list[tuple[int, str]]:
    """Add the captions that are new with their base versions; return (line, reason) of the refused rows.

    The same text under the same key is already there; another text under it is refused and the first one stays.
    """
    refused: list[tuple[int, str]] = []
    given: list[GivenCaption] = []
    for row in rows:
        try:
            given.append(_given(row, default_source))
        except ValueError as error:
            refused.append((row.line, str(error)))
    with transaction.atomic():
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        new, known_wrong = _sorted_out(project, given)
        new, originals, without_original = _with_originals(project, new)
        refused += known_wrong + without_original
        _write(job, project, new, originals)
    return sorted(refused)


def refresh_statistics() -> None:
    """Let the database count its images anew.

    Each caption is checked against its image; right after images came in, the planner still takes their table for
    empty and walks through all images of the project for every single caption.
    """
    with connection.cursor() as cursor:
        cursor.execute(f'ANALYZE "{Image._meta.db_table}"')


def caption_text(verbatim: str) -> str:
    """Return the text of the base version: NFC, on one line, the placeholder for persons written <person>."""
    return PLACEHOLDER.sub("<person>", one_line(verbatim))


def _given(row: Row, default_source: str) -> GivenCaption:
    """Return the caption of a row. Raises ValueError with the reason for a person."""
    if row.problem:
        raise ValueError(row.problem)
    cells = row.cells
    text = caption_text(cells["text"])
    image_key = one_line(cells["image_key"])
    _check_text(text, image_key)
    key = one_line(cells.get("caption_key", "")) or f"{image_key[:150]}-{content_hash(text)[:12]}"
    if len(key) > LONGEST_KEY:
        raise ValueError(_("caption_key has more than %(n)d characters.") % {"n": LONGEST_KEY})
    texts = {name: _short(cells, name, longest) for name, longest in TEXT_COLUMNS.items()}
    return GivenCaption(
        line=row.line,
        image_key=image_key,
        key=key,
        paraphrase_of=one_line(cells.get("paraphrase_of", "")),
        text=text,
        verbatim=cells["text"],
        source=texts["source"] or default_source,
        source_key=texts["source_key"],
        source_url=checked_url(cells.get("source_url", ""), column="source_url", longest=600),
        licence=texts["licence"],
        neighbour_similarity=_similarity(cells.get("neighbour_similarity", "")),
        neighbour_encoder=texts["neighbour_encoder"],
    )


def _check_text(text: str, image_key: str) -> None:
    if not image_key:
        raise ValueError(_("The row names no image."))
    if not text:
        raise ValueError(_("The caption has no text."))
    if len(text) > LONGEST_CAPTION:
        raise ValueError(_("The caption has more than %(n)d characters.") % {"n": LONGEST_CAPTION})


def _short(cells: Mapping[str, str], name: str, longest: int) -> str:
    given = cells.get(name, "")
    value = one_line(given) if given else ""
    if len(value) > longest:
        raise ValueError(_("%(column)s has more than %(n)d characters.") % {"column": name, "n": longest})
    return value


def _similarity(given: str) -> float | None:
    if not given.strip():
        return None
    try:
        value = float(given)
    except ValueError:
        value = float("nan")
    if not -1.0001 <= value <= 1.0001:
        raise ValueError(_("neighbour_similarity is no number from -1 to 1."))
    return value


def _sorted_out(
    project: Project, given: Sequence[GivenCaption]
) -> tuple[list[tuple[int, GivenCaption]], list[tuple[int, str]]]:
    """Return the new captions with their image's id, and the rows that contradict what is there."""
    wanted = sorted({row.image_key for row in given})
    images: dict[str, int] = dict(rows_by_key(Image, ("key", "id"), project, wanted))
    there = {
        key: (image_id, verbatim)
        for key, image_id, verbatim in rows_by_key(
            Caption, ("key", "image_id", "verbatim"), project, [row.key for row in given]
        )
    }
    new: list[tuple[int, GivenCaption]] = []
    refused: list[tuple[int, str]] = []
    for row in given:
        image_id = images.get(row.image_key)
        if image_id is None:
            refused.append((row.line, _("No image has the key %(key)s.") % {"key": row.image_key}))
        elif row.key not in there:
            there[row.key] = (image_id, row.verbatim)
            new.append((image_id, row))
        elif there[row.key] != (image_id, row.verbatim):
            refused.append(
                (
                    row.line,
                    _("The key %(key)s already belongs to another caption; that one stays.")
                    % {"key": row.key},
                )
            )
    return new, refused


def _with_originals(
    project: Project, new: Sequence[tuple[int, GivenCaption]]
) -> tuple[list[tuple[int, GivenCaption]], dict[str, int], list[tuple[int, str]]]:
    """Return the captions whose originals are there or come with them, the ids of those there by key, and the rest.

    A paraphrase is of another caption of its own image; one whose original is refused is refused with it.
    """
    asked = [row.paraphrase_of for _image, row in new if row.paraphrase_of]
    if not asked:
        return list(new), {}, []
    there = {
        key: (pk, image_id)
        for key, pk, image_id in rows_by_key(Caption, ("key", "id", "image_id"), project, asked)
    }
    refused: list[tuple[int, str]] = []
    kept = list(new)
    while True:
        images = {key: image_id for key, (_pk, image_id) in there.items()}
        images |= {row.key: image_id for image_id, row in kept}
        wrong = [
            row
            for image_id, row in kept
            if row.paraphrase_of
            and (images.get(row.paraphrase_of) != image_id or row.paraphrase_of == row.key)
        ]
        if not wrong:
            return kept, {key: pk for key, (pk, _image) in there.items()}, refused
        kept = [pair for pair in kept if pair[1] not in wrong]
        told = _("No other caption of this image has the key %(key)s, of which it is to be a paraphrase.")
        refused += [(row.line, told % {"key": row.paraphrase_of}) for row in wrong]


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
