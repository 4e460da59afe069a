"""Captions of corpus images into the pools of images, many in a statement; doing it twice changes nothing."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from annotation.captions.editing import LONGEST_CAPTION, content_hash
from annotation.importing.deciding import caption_text
from annotation.importing.describing import checked_url
from annotation.importing.requesting import shuffled_rank
from annotation.models import Caption, CaptionVersion, Image
from projects.models import Job, Project

# As in the import of tables: the key of a caption that has none of its own is its image's and the text's.
KEY_OF_IMAGE, KEY_OF_TEXT = 150, 12
LONGEST_SOURCE, LONGEST_SOURCE_KEY, LONGEST_URL = 120, 300, 600

STAGED = "image_id, key, verbatim, text, content_hash, source_key, source_url, similarity, neighbour_rank, pool_rank"
STAGE = """
CREATE TEMPORARY TABLE staged_caption (
    public_id uuid, image_id bigint, key text, verbatim text, text text, content_hash text,
    source_key text, source_url text, similarity double precision, neighbour_rank integer, pool_rank integer
) ON COMMIT DROP
"""
FILL = f"COPY staged_caption (public_id, {STAGED}) FROM STDIN"
# One statement: a caption that is there already gets no second base version.
TAKE_IN = f"""
WITH new AS (
    INSERT INTO "{Caption._meta.db_table}" (
        public_id, project_id, image_id, key, verbatim, source, source_key, source_url, licence,
        neighbour_similarity, neighbour_encoder, neighbour_rank, pool_rank, drop_reason, imported_by_id, imported_at
    )
    SELECT public_id, %(project)s, image_id, key, verbatim, %(source)s, source_key, source_url, %(licence)s,
        similarity, %(encoder)s, neighbour_rank, pool_rank, '', %(job)s, %(now)s
    FROM staged_caption ORDER BY image_id, key
    ON CONFLICT (project_id, key) DO NOTHING
    RETURNING id, public_id, image_id
)
INSERT INTO "{CaptionVersion._meta.db_table}" (
    public_id, project_id, image_id, caption_id, text, content_hash, kinds, state, reason, made_at, is_demo
)
SELECT gen_random_uuid(), %(project)s, new.image_id, new.id, staged.text, staged.content_hash, '{{}}', 'base', '',
    %(now)s, %(is_demo)s
FROM new JOIN staged_caption AS staged USING (public_id) ORDER BY new.id
"""  # noqa: S608 - names of tables only


@dataclass(frozen=True, slots=True)
class PoolCaption:
    """The caption of a corpus image that is near to an image; `rank` counts its neighbours from 1."""

    image_id: int
    caption: str
    url: str
    source_key: str
    similarity: float
    rank: int


@dataclass(frozen=True, slots=True)
class PoolSource:
    """Where the captions of a pool come from: the corpus with its licence, and the encoder that found it near."""

    name: str
    licence: str
    encoder: str


def image_keys(images: Iterable[int]) -> dict[int, str]:
    """Return the key of each of these images that is there."""
    return dict(Image.objects.filter(pk__in=list(images)).values_list("pk", "key"))


def add_pool_captions(
    *, job: Job, project: Project, source: PoolSource, captions: Iterable[PoolCaption]
) -> list[tuple[str, str]]:
    """Take captions into the pools of their images, by COPY; return (row of the corpus, reason) of the refused ones.

    A caption is known by its image and its text: of several the nearest is taken, and one that is there already stays
    as it is. A link that is no web address, or too long to keep, is left out; the row of the corpus is still named.
    """
    given = list(captions)
    keys = image_keys({row.image_id for row in given})
    nearest: dict[str, tuple[Any, ...]] = {}
    refused: dict[str, str] = {}
    texts: dict[str, tuple[str, str] | str] = {}
    for row in given:
        if (known := texts.get(row.caption)) is None:
            known = texts[row.caption] = _text(row.caption)
        if isinstance(known, str):
            refused[row.source_key] = known
        elif (image_key := keys.get(row.image_id)) is not None:
            staged = _staged(project.seed, image_key, row, *known)
            if (there := nearest.get(staged[2])) is None or there[8] < row.similarity:
                nearest[staged[2]] = staged
    _take_in(job, project, source, nearest)
    return sorted(refused.items())


def _text(verbatim: str) -> tuple[str, str] | str:
    """Return the text of the base version and its hash, or why the caption is refused."""
    text = caption_text(verbatim)
    if not text:
        return _("The caption has no text.")
    if len(text) > LONGEST_CAPTION:
        return _("The caption has more than %(n)d characters.") % {"n": LONGEST_CAPTION}
    return text, content_hash(text)


def _staged(seed: int, image_key: str, row: PoolCaption, text: str, hashed: str) -> tuple[Any, ...]:
    key = f"{image_key[:KEY_OF_IMAGE]}-{hashed[:KEY_OF_TEXT]}"
    try:
        url = checked_url(row.url, column="url", longest=LONGEST_URL)
    except ValueError:
        url = ""
    return (
        uuid.uuid4(),
        row.image_id,
        key,
        row.caption,
        text,
        hashed,
        row.source_key[:LONGEST_SOURCE_KEY],
        url,
        row.similarity,
        row.rank,
        shuffled_rank(seed, key),
    )


def _take_in(job: Job, project: Project, source: PoolSource, staged: Mapping[str, Sequence[Any]]) -> None:
    if not staged:
        return
    with transaction.atomic(), connection.cursor() as cursor:
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        cursor.execute(STAGE)
        with cursor.copy(FILL) as copying:
            for row in staged.values():
                copying.write_row(row)
        cursor.execute(
            TAKE_IN,
            {
                "project": project.pk,
                "source": source.name[:LONGEST_SOURCE],
                "licence": source.licence[:LONGEST_SOURCE],
                "encoder": source.encoder[:LONGEST_SOURCE],
                "job": job.pk,
                "now": timezone.now(),
                "is_demo": project.is_demo,
            },
        )


def count_pool_captions(job: Job) -> int:
    """Return how many captions a job has taken into pools."""
    return Caption.objects.filter(imported_by=job).count()
