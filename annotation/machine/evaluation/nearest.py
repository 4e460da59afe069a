"""The first K of a benchmark's gallery: images for a caption and captions for an image, by encoder (IMP, Figs. 14-18).

Everything is compared, in the database; the gallery is that of the benchmark, its good captions and their images.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _
from pgvector import HalfVector

from annotation.machine.search.searching import vector_of_image, vector_of_words
from annotation.models import (
    CaptionVersion,
    Encoder,
    EvaluationPair,
    EvaluationRun,
    EvaluationScore,
    Image,
)
from annotation.models.machine import Modality
from polyannot.kernel.errors import Missing

FIRST = 10
MOST = 50
IMAGES = """\
SELECT i.id, 1 - (e.vector <=> %(query)s::halfvec)
  FROM annotation_image i
  JOIN projects_storedfile f ON f.id = i.file_id
  JOIN annotation_embedding e ON e.content_hash = f.sha256 AND e.modality = %(modality)s AND e.encoder_id = %(encoder)s
 WHERE i.id IN (SELECT v.image_id FROM annotation_evaluationpair p
                  JOIN annotation_captionversion v ON v.id = p.version_id
                 WHERE p.run_id = %(run)s AND NOT p.is_negative)
 ORDER BY e.vector <=> %(query)s::halfvec, i.id
 LIMIT %(most)s
"""
CAPTIONS = """\
SELECT v.id, 1 - (e.vector <=> %(query)s::halfvec)
  FROM annotation_evaluationpair p
  JOIN annotation_captionversion v ON v.id = p.version_id
  JOIN annotation_embedding e
    ON e.content_hash = v.content_hash AND e.modality = %(modality)s AND e.encoder_id = %(encoder)s
 WHERE p.run_id = %(run)s AND NOT p.is_negative
 ORDER BY e.vector <=> %(query)s::halfvec, v.id
 LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True)
class NearImage:
    """An image among the first, from rank 1."""

    rank: int
    image: Image
    cosine: float
    is_relevant: bool


@dataclass(frozen=True, slots=True)
class NearCaption:
    """A caption among the first, from rank 1."""

    rank: int
    version: CaptionVersion
    cosine: float
    is_relevant: bool


@dataclass(frozen=True, slots=True)
class NearImages:
    """What one encoder finds for a caption, and the rank and cosine of the caption's own image."""

    encoder: Encoder
    found: Sequence[NearImage]
    own: EvaluationScore | None


@dataclass(frozen=True, slots=True)
class NearCaptions:
    """What one encoder finds for an image, and the ranks of the image's own captions, best first."""

    encoder: Encoder
    found: Sequence[NearCaption]
    own: Sequence[EvaluationScore]


def pair_of(run: EvaluationRun, version_id: UUID) -> EvaluationPair:
    """Return a good pair of the run by its version's public id. Raises Missing."""
    pairs = run.pairs.filter(is_negative=False).select_related("version__image__file", "version__caption")
    if (pair := pairs.filter(version__public_id=version_id).first()) is None:
        raise Missing("evaluation_pair_missing", _("This caption took no part in this benchmark."))
    return pair


def image_in(run: EvaluationRun, image_id: UUID) -> Image:
    """Return an image of the run's gallery by its public id. Raises Missing."""
    taken = run.pairs.filter(is_negative=False).values("version__image")
    image = Image.objects.filter(pk__in=taken, public_id=image_id).select_related("file").first()
    if image is None:
        raise Missing("evaluation_image_missing", _("This image took no part in this benchmark."))
    return image


def nearest_images(
    run: EvaluationRun, encoders: Sequence[Encoder], pair: EvaluationPair, *, most: int = FIRST
) -> list[NearImages]:
    """Return the images that each encoder finds first for a caption."""
    own = {one.encoder_id: one for one in EvaluationScore.objects.filter(run=run, version=pair.version_id)}
    found = []
    for encoder in encoders:
        near = _near(IMAGES, Modality.IMAGE, run, encoder, vector_of_words(encoder, pair.version.text), most)
        images = Image.objects.in_bulk([pk for pk, _cosine in near])
        rows = [
            NearImage(rank, images[pk], cosine, pk == pair.version.image_id)
            for rank, (pk, cosine) in enumerate(near, start=1)
        ]
        found.append(NearImages(encoder, rows, own.get(encoder.pk)))
    return found


def nearest_captions(
    run: EvaluationRun, encoders: Sequence[Encoder], image: Image, *, most: int = FIRST
) -> list[NearCaptions]:
    """Return the captions that each encoder finds first for an image."""
    scores = EvaluationScore.objects.filter(run=run, version__image=image, caption_rank__isnull=False)
    own = list(scores.select_related("version").order_by("caption_rank"))
    found = []
    for encoder in encoders:
        near = _near(CAPTIONS, Modality.TEXT, run, encoder, vector_of_image(encoder, image), most)
        versions = CaptionVersion.objects.select_related("image", "caption").in_bulk([pk for pk, _c in near])
        rows = [
            NearCaption(rank, versions[pk], cosine, versions[pk].image_id == image.pk)
            for rank, (pk, cosine) in enumerate(near, start=1)
        ]
        found.append(NearCaptions(encoder, rows, [one for one in own if one.encoder_id == encoder.pk]))
    return found


def _near(
    statement: str,
    modality: Modality,
    run: EvaluationRun,
    encoder: Encoder,
    vector: Sequence[float] | None,
    most: int,
) -> list[tuple[int, float]]:
    if vector is None:
        return []
    named: dict[str, str | int] = {
        "query": HalfVector(list(vector)).to_text(),
        "modality": modality.value,
        "encoder": encoder.pk,
        "run": run.pk,
        "most": most,
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, named)
        return [(int(row), float(cosine)) for row, cosine in cursor.fetchall()]
