"""Finding images by words, and captions by words or by a picture, in the space of an image-text encoder.

The words are encoded by a model worker, once for each encoder and text; what is near is then found in the database.
Rules and figures: docs/algorithms/search.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from celery import current_app
from django.db import connection, transaction
from django.db.models import Max
from django.utils.translation import gettext as _
from kombu.exceptions import OperationalError as BrokerError
from pgvector import HalfVector
from redis.exceptions import RedisError

from annotation.captions.editing import content_hash
from annotation.models import CaptionVersion, Embedding, Encoder, Image, Similarity
from annotation.models.machine import Modality
from polyannot.kernel.errors import Invalid
from projects.models import Project
from projects.models.jobs import JobQueue

ENCODE_WORDS = "ml_workers.encode_words"
# A worker that has not taken the words up within this time need not begin any more: a shift of a job and its last part.
WORDS_EXPIRE_SECONDS = 30
LONGEST_WORDS = 300
FOUND_AT_MOST = 48
# Up to this many of a project everything is compared; beyond, an index finds what is near (see indexing.py).
EXACT_UP_TO = 10_000
# Candidates that the index keeps in hand: more find more and take longer.
EF_SEARCH = 200

# What the project has embedded of each modality: content hash and row id.
IMAGES = """\
SELECT i.id, f.sha256 AS content_hash
  FROM annotation_image i JOIN projects_storedfile f ON f.id = i.file_id
 WHERE i.project_id = %(project)s AND i.state = 'active'
"""
CAPTIONS = """\
SELECT v.id, v.content_hash
  FROM annotation_captionversion v
  JOIN annotation_caption c ON c.id = v.caption_id
  JOIN annotation_image i ON i.id = v.image_id
 WHERE v.project_id = %(project)s AND c.drop_reason = '' AND i.state = 'active' AND v.state = 'base'
"""
ROWS = {Modality.IMAGE: IMAGES, Modality.TEXT: CAPTIONS}
# The expression is the index's own where the index is to be used, and another one where it is not.
NEAR = """\
SELECT r.id, -(e.{vector} <#> %(words)s::halfvec({dimension}))
  FROM annotation_embedding e JOIN ({rows}) r ON r.content_hash = e.content_hash
 WHERE e.encoder_id = {encoder} AND e.modality = '{modality}'
 ORDER BY e.{vector} <#> %(words)s::halfvec({dimension})
 LIMIT %(most)s
"""
COUNT = """\
SELECT count(*) FROM ({rows}) r
  JOIN annotation_embedding e ON e.content_hash = r.content_hash
 WHERE e.encoder_id = %(encoder)s AND e.modality = %(modality)s
"""


@dataclass(frozen=True, slots=True)
class FoundImage:
    """An image and its cosine with what was looked for."""

    image: Image
    cosine: float


@dataclass(frozen=True, slots=True)
class FoundCaption:
    """A caption as imported and its cosine with what was looked for."""

    version: CaptionVersion
    cosine: float


def searchable_encoders(project: Project) -> list[Encoder]:
    """Return the image-text encoders that have seen the project, the one that saw it last first."""
    seen = (
        Similarity.objects.filter(project=project).order_by().values_list("encoder").annotate(last=Max("pk"))
    )
    last = dict(seen)
    return sorted(Encoder.objects.filter(pk__in=last), key=lambda encoder: -last[encoder.pk])


def cleaned_words(words: str) -> str:
    """Return what is looked for with single spaces. Raises Invalid when it is empty or too long."""
    cleaned = " ".join(words.split())
    if not cleaned or len(cleaned) > LONGEST_WORDS:
        raise Invalid("words_needed", _("Give some words, at most %(n)d characters.") % {"n": LONGEST_WORDS})
    return cleaned


def vector_of_words(encoder: Encoder, words: str) -> Sequence[float] | None:
    """Return the features of a text under an encoder; None while no worker has encoded it."""
    return _vector(encoder, Modality.TEXT, content_hash(words))


def vector_of_image(encoder: Encoder, image: Image) -> Sequence[float] | None:
    """Return the features of a picture under an encoder; None where it was not embedded."""
    return _vector(encoder, Modality.IMAGE, image.file.sha256)


def _vector(encoder: Encoder, modality: Modality, content: str) -> Sequence[float] | None:
    rows = Embedding.objects.filter(encoder=encoder, modality=modality, content_hash=content)
    return rows.values_list("vector", flat=True).first()


def ask_for_words(encoder: Encoder, words: str) -> bool:
    """Ask the model workers to encode a text soon; False when they cannot be told because the broker is away."""
    signature = current_app.signature(ENCODE_WORDS, kwargs={"encoder_id": encoder.pk, "words": words})
    try:
        signature.apply_async(queue=JobQueue.INTERACTIVE, retry=False, expires=WORDS_EXPIRE_SECONDS)
    except (BrokerError, RedisError, OSError):
        return False
    return True


def count_searchable(project: Project, encoder: Encoder, modality: Modality) -> int:
    """Return how many images or captions of the project this encoder has embedded."""
    with connection.cursor() as cursor:
        cursor.execute(
            COUNT.format(rows=ROWS[modality]),
            {"project": project.pk, "encoder": encoder.pk, "modality": modality.value},
        )
        (n,) = cursor.fetchone()
    return int(n)


def near_ids(
    *,
    project: Project,
    encoder: Encoder,
    modality: Modality,
    vector: Sequence[float],
    n_there: int,
    most: int = FOUND_AT_MOST,
) -> list[tuple[int, float]]:
    """Return ids and cosines of the images or base versions of a project that are nearest to a vector, nearest first.

    `n_there` is what `count_searchable` says: up to EXACT_UP_TO all are compared, beyond that the index is asked, which
    may miss some (how many: docs/algorithms/search.md).
    """
    is_exact = n_there <= EXACT_UP_TO
    statement = NEAR.format(
        vector="vector" if is_exact else f"vector::halfvec({encoder.dimension})",
        dimension=encoder.dimension,
        rows=ROWS[modality],
        encoder=int(encoder.pk),
        modality=modality.value,
    )
    with transaction.atomic(), connection.cursor() as cursor:
        if not is_exact:
            cursor.execute(f"SET LOCAL hnsw.ef_search = {EF_SEARCH}")
            cursor.execute("SET LOCAL hnsw.iterative_scan = strict_order")
            # What is near is few: the plan that sorts everything is never the better one here.
            cursor.execute("SET LOCAL enable_sort = off")
        cursor.execute(
            statement, {"project": project.pk, "words": HalfVector(list(vector)).to_text(), "most": most}
        )
        return [(int(row), float(cosine)) for row, cosine in cursor.fetchall()]


def found_images(near: Sequence[tuple[int, float]]) -> list[FoundImage]:
    """Return the images of these ids with their cosines, in their order."""
    images = Image.objects.in_bulk([row for row, _cosine in near])
    return [FoundImage(images[row], cosine) for row, cosine in near if row in images]


def found_captions(near: Sequence[tuple[int, float]]) -> list[FoundCaption]:
    """Return the versions of these ids with their cosines, images loaded, in their order."""
    rows = CaptionVersion.objects.select_related("caption", "image")
    versions = rows.in_bulk([row for row, _cosine in near])
    return [FoundCaption(versions[row], cosine) for row, cosine in near if row in versions]
