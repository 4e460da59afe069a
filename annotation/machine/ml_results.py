"""The port of the model workers: what they read, and what they write back. Only ml_workers.store speaks to it.

Every write is an upsert of whole rows in one statement, so that a chunk that is computed twice, or was written just
before its worker died, changes nothing. Arrays are NumPy's; vectors are kept as half floats.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import Count, Max, Min
from django.utils import timezone
from numpy.typing import NDArray
from pgvector import HalfVector

from annotation.models import (
    CaptionChoice,
    CaptionVersion,
    Difficulty,
    DifficultyRun,
    DifficultyVote,
    Embedding,
    Encoder,
    Image,
    ImageChoice,
    ImageState,
    Similarity,
    Threshold,
)
from annotation.models.machine import DistanceSpace, Modality, Precision
from annotation.progress.verdicts import good_versions, versions_in_pool
from projects.models import Job, Project, StoredFile

Vectors = NDArray[np.float32]

ROWS_PER_STATEMENT = 5_000


@dataclass(frozen=True, slots=True)
class ImageContent:
    """A picture to embed: its image's key for messages, and the hash of the file under which features lie."""

    image_id: int
    key: str
    content_hash: str


@dataclass(frozen=True, slots=True)
class TextContent:
    """A text to embed, and the hash under which its features lie."""

    version_id: int
    text: str
    content_hash: str


@dataclass(frozen=True, slots=True)
class PairFeatures:
    """Pairs that have both features: row i of `images` and of `texts` (n, dimension) belongs to version i."""

    version_ids: Sequence[int]
    image_ids: Sequence[int]
    images: Vectors
    texts: Vectors


@dataclass(frozen=True, slots=True)
class KnownThreshold:
    """The cosine from which an encoder votes yes, and its row."""

    threshold_id: int
    cosine: float


@dataclass(frozen=True, slots=True)
class Vote:
    """One model's vote on one version."""

    version_id: int
    threshold_id: int
    cosine: float
    is_yes: bool
    is_tie_breaker: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """What the votes made of one version."""

    version_id: int
    yes_votes: int
    n_votes: int
    level: str


@dataclass(frozen=True, slots=True)
class ChosenCaptions:
    """The captions chosen for one image; similarities are mean pairwise cosines, None for fewer than two.

    `pool`, `places`, `clusters` and `is_on_plane` as in `ImageChoice`.
    """

    image_id: int
    n_good: int
    is_complete: bool
    version_ids: Sequence[int]
    mean_similarity: float | None
    random_mean_similarity: float | None
    pool: Sequence[int] = ()
    places: Sequence[tuple[float, float]] = ()
    clusters: Sequence[int] = ()
    is_on_plane: bool = False


def register_encoder(
    *,
    name: str,
    weights_hash: str,
    source: str,
    dimension: int,
    preprocessing: str,
    licence: str,
    precision: str = Precision.FLOAT32,
    precision_trial: Mapping[str, Any] | None = None,
) -> int:
    """Return the row of these weights under this name, made now if it is new; one that is there keeps its precision."""
    row, _created = Encoder.objects.get_or_create(
        name=name,
        weights_hash=weights_hash,
        defaults={
            "source": source[:300],
            "dimension": dimension,
            "preprocessing": preprocessing,
            "licence": licence,
            "precision": precision,
            "precision_trial": dict(precision_trial or {}),
        },
    )
    return row.pk


def encoder_precision(name: str, weights_hash: str) -> str | None:
    """Return the precision of all features of these weights under this name; None where they are new."""
    rows = Encoder.objects.filter(name=name, weights_hash=weights_hash)
    return rows.values_list("precision", flat=True).first()


def encoder_name(encoder_id: int) -> str:
    """Return the name under which an encoder was asked for."""
    return Encoder.objects.values_list("name", flat=True).get(pk=encoder_id)


def register_threshold(
    *,
    encoder_id: int,
    cosine: float,
    method: str,
    batch_size: int,
    seed: int,
    pairs: str,
    n_pairs: int,
    project_id: int | None = None,
) -> int:
    """Return the row of a threshold found in exactly this way, made now if it is new.

    A project's own that is found again becomes the one that was found last.
    """
    project = Project.objects.get(pk=project_id) if project_id is not None else None
    row, is_new = Threshold.objects.get_or_create(
        project=project,
        encoder_id=encoder_id,
        cosine=cosine,
        method=method[:60],
        batch_size=batch_size,
        seed=seed,
        n_pairs=n_pairs,
        defaults={"pairs": pairs},
    )
    if project is not None and not is_new:
        Threshold.objects.filter(pk=row.pk).update(found_at=timezone.now())
    return row.pk


def version_ids(project: Project, *, good_only: bool = False) -> list[int]:
    """Return the versions in circulation, proposed edits included, or the good ones alone."""
    versions = good_versions(project) if good_only else versions_in_pool(project)
    return list(versions.order_by("pk").values_list("pk", flat=True))


def distinct_texts(versions: Sequence[int]) -> list[int]:
    """Return one version for each different text among these, in the order of the texts' hashes."""
    rows = CaptionVersion.objects.filter(pk__in=versions).order_by("content_hash")
    return [pk for _hash, pk in rows.values_list("content_hash").annotate(first=Min("pk"))]


def distinct_pictures(
    project: Project, *, of_versions: Sequence[int] | None = None, also_waiting: bool = False
) -> list[int]:
    """Return one active image for each different file of the project, or of these versions alone, in their order.

    With `also_waiting` images in reserve and set aside are among them.
    """
    states = [ImageState.ACTIVE, *([ImageState.RESERVE, ImageState.SET_ASIDE] if also_waiting else [])]
    images = Image.objects.filter(project=project, state__in=states)
    if of_versions is not None:
        images = images.filter(caption_versions__in=of_versions)
    first = images.order_by().values("file").annotate(first=Min("pk")).values("first")
    return list(Image.objects.filter(pk__in=first).values_list("pk", flat=True))


def _hashes_there(encoder_id: int, modality: Modality, hashes: Iterable[str]) -> set[str]:
    rows = Embedding.objects.filter(encoder_id=encoder_id, modality=modality, content_hash__in=list(hashes))
    return set(rows.values_list("content_hash", flat=True))


def pictures_to_embed(encoder_id: int, images: Sequence[int]) -> list[ImageContent]:
    """Return those of the images whose picture this encoder has not embedded yet, in their order."""
    rows = Image.objects.filter(pk__in=images).values_list("pk", "key", "file__sha256")
    contents = [ImageContent(*row) for row in rows]
    there = _hashes_there(encoder_id, Modality.IMAGE, (content.content_hash for content in contents))
    return [content for content in contents if content.content_hash not in there]


def texts_to_embed(encoder_id: int, versions: Sequence[int]) -> list[TextContent]:
    """Return those of the versions whose text this encoder has not embedded yet, in the order of their hashes."""
    rows = CaptionVersion.objects.filter(pk__in=versions).order_by("content_hash", "pk")
    contents = [TextContent(*row) for row in rows.values_list("pk", "text", "content_hash")]
    there = _hashes_there(encoder_id, Modality.TEXT, (content.content_hash for content in contents))
    return [content for content in contents if content.content_hash not in there]


def stored_file(content_hash: str) -> StoredFile:
    """Return the file with this content."""
    return StoredFile.objects.get(sha256=content_hash)


def write_embeddings(encoder_id: int, modality: str, hashes: Sequence[str], vectors: Vectors) -> None:
    """Keep the vectors (n, dimension) of these contents; one that is there already stays as it is."""
    rows = [
        Embedding(encoder_id=encoder_id, modality=modality, content_hash=content, vector=HalfVector(vector))
        for content, vector in sorted(zip(hashes, vectors, strict=True), key=lambda pair: pair[0])
    ]
    Embedding.objects.bulk_create(rows, ignore_conflicts=True)


def _vectors(encoder_id: int, modality: Modality, hashes: Iterable[str]) -> dict[str, Vectors]:
    rows = Embedding.objects.filter(
        encoder_id=encoder_id, modality=modality, content_hash__in=set(hashes)
    ).values_list("content_hash", "vector")
    return {content: np.asarray(vector, dtype=np.float32) for content, vector in rows}


def text_features(encoder_id: int, versions: Sequence[int]) -> dict[int, Vectors]:
    """Return the text vector (dimension,) of each version that has one."""
    hashes = dict(CaptionVersion.objects.filter(pk__in=versions).values_list("pk", "content_hash"))
    vectors = _vectors(encoder_id, Modality.TEXT, hashes.values())
    return {version: vectors[content] for version, content in hashes.items() if content in vectors}


def pair_features(encoder_id: int, versions: Sequence[int]) -> PairFeatures:
    """Return the features of those pairs whose image and text are both embedded, in the order of the versions."""
    rows = list(
        CaptionVersion.objects.filter(pk__in=versions)
        .order_by("pk")
        .values_list("pk", "image_id", "content_hash", "image__file__sha256")
    )
    texts = _vectors(encoder_id, Modality.TEXT, (row[2] for row in rows))
    images = _vectors(encoder_id, Modality.IMAGE, (row[3] for row in rows))
    whole = [row for row in rows if row[2] in texts and row[3] in images]
    empty = np.empty((0, 0), dtype=np.float32)
    return PairFeatures(
        version_ids=[row[0] for row in whole],
        image_ids=[row[1] for row in whole],
        images=np.stack([images[row[3]] for row in whole]) if whole else empty,
        texts=np.stack([texts[row[2]] for row in whole]) if whole else empty,
    )


def write_similarities(
    *,
    project_id: int,
    encoder_id: int,
    job_id: int,
    pairs: PairFeatures,
    cosines: NDArray[np.float64],
) -> None:
    """Keep the cosine of each pair under the encoder, in place of an earlier one."""
    Similarity.objects.bulk_create(
        [
            Similarity(
                project_id=project_id,
                encoder_id=encoder_id,
                image_id=image_id,
                version_id=version_id,
                cosine=float(cosine),
                job_id=job_id,
            )
            for version_id, image_id, cosine in zip(pairs.version_ids, pairs.image_ids, cosines, strict=True)
        ],
        update_conflicts=True,
        unique_fields=["version", "encoder"],
        update_fields=["cosine", "job", "image"],
    )


def count_similarities(job_id: int) -> dict[str, int]:
    """Return how many cosines a job wrote under each encoder, by the encoder's name."""
    rows = Similarity.objects.filter(job_id=job_id).order_by("encoder__name")
    return dict(rows.values_list("encoder__name").annotate(n=Count("pk")))


def threshold_of(encoder_id: int, project_id: int) -> KnownThreshold | None:
    """Return the threshold that was found last for an encoder: the project's own, else one that all share."""
    row = Threshold.objects.filter(encoder_id=encoder_id).for_project(project_id).first()
    return KnownThreshold(row.pk, row.cosine) if row else None


def cosines(encoder_id: int, versions: Sequence[int]) -> dict[int, float]:
    """Return the cosine of each of these versions with its image, where there is one."""
    rows = Similarity.objects.filter(encoder_id=encoder_id, version__in=versions)
    return dict(rows.values_list("version_id", "cosine"))


def write_difficulty(job: Job, votes: Sequence[Vote], decisions: Sequence[Decision]) -> None:
    """Keep the run of this job with all its votes and what they make of the versions: nobody sees half a run."""
    assert job.project is not None
    with transaction.atomic():
        run, _created = DifficultyRun.objects.get_or_create(
            job=job,
            defaults={
                "project": job.project,
                "easy_min_votes": job.parameters["easy_min_votes"],
                "hard_max_votes": job.parameters["hard_max_votes"],
            },
        )
        DifficultyVote.objects.bulk_create(
            [
                DifficultyVote(
                    run=run,
                    version_id=vote.version_id,
                    threshold_id=vote.threshold_id,
                    cosine=vote.cosine,
                    is_yes=vote.is_yes,
                    is_tie_breaker=vote.is_tie_breaker,
                )
                for vote in votes
            ],
            update_conflicts=True,
            unique_fields=["run", "version", "threshold"],
            update_fields=["cosine", "is_yes", "is_tie_breaker"],
            batch_size=ROWS_PER_STATEMENT,
        )
        Difficulty.objects.bulk_create(
            [
                Difficulty(
                    run=run,
                    version_id=decision.version_id,
                    yes_votes=decision.yes_votes,
                    n_votes=decision.n_votes,
                    level=decision.level,
                )
                for decision in decisions
            ],
            update_conflicts=True,
            unique_fields=["run", "version"],
            update_fields=["yes_votes", "n_votes", "level"],
            batch_size=ROWS_PER_STATEMENT,
        )


def count_levels(job_id: int) -> dict[str, int]:
    """Return how many versions a job found easy, medium and hard."""
    rows = Difficulty.objects.filter(run__job_id=job_id).order_by("level")
    return dict(rows.values_list("level").annotate(n=Count("pk")))


def active_images(project: Project) -> list[int]:
    """Return the images in work, in their order in the project."""
    return list(Image.objects.filter(project=project, state=ImageState.ACTIVE).values_list("pk", flat=True))


def good_captions(project: Project, images: Sequence[int]) -> dict[int, list[int]]:
    """Return the good versions of each image, of every caption the newest one, in the order of the pool."""
    good = good_versions(project).filter(image__in=images).values("pk")
    newest = CaptionVersion.objects.filter(pk__in=good).order_by().values("caption").annotate(last=Max("pk"))
    rows = CaptionVersion.objects.filter(pk__in=newest.values("last")).order_by("caption__pool_rank", "pk")
    found: dict[int, list[int]] = {image: [] for image in images}
    for image, version in rows.values_list("image_id", "pk"):
        found[image].append(version)
    return found


def write_choices(job: Job, encoder_id: int, choices: Sequence[ChosenCaptions]) -> None:
    """Keep what was chosen for some images, not yet as the current choice, in place of what this job had chosen."""
    assert job.project is not None
    with transaction.atomic():
        Job.objects.select_for_update(no_key=True, of=("self",)).get(pk=job.pk)
        ImageChoice.objects.filter(job=job, image__in=[choice.image_id for choice in choices]).delete()
        rows = ImageChoice.objects.bulk_create(
            [
                ImageChoice(
                    project=job.project,
                    image_id=choice.image_id,
                    job=job,
                    encoder_id=encoder_id,
                    method=job.parameters["method"],
                    seed=job.seed,
                    n_good=choice.n_good,
                    mean_similarity=choice.mean_similarity,
                    random_mean_similarity=choice.random_mean_similarity,
                    is_complete=choice.is_complete,
                    is_current=False,
                    space=DistanceSpace.PLANE if choice.is_on_plane else DistanceSpace.FEATURES,
                    pool_versions=list(choice.pool),
                    pool_x=[x for x, _y in choice.places],
                    pool_y=[y for _x, y in choice.places],
                    pool_clusters=list(choice.clusters),
                )
                for choice in choices
            ]
        )
        CaptionChoice.objects.bulk_create(
            [
                CaptionChoice(
                    choice=row,
                    version_id=version,
                    position=position,
                    cluster=clusters.get(version),
                    cluster_versions=[
                        one for one, number in clusters.items() if number == clusters.get(version)
                    ],
                )
                for row, choice in zip(rows, choices, strict=True)
                for clusters in [dict(zip(choice.pool, choice.clusters, strict=False))]
                for position, version in enumerate(choice.version_ids)
            ]
        )


def make_choices_current(job: Job) -> dict[str, int]:
    """Put what a job chose in place of what was chosen before, for all images at once; return the counts."""
    with transaction.atomic():
        ImageChoice.objects.filter(project=job.project, is_current=True).exclude(job=job).update(
            is_current=False
        )
        made = ImageChoice.objects.filter(job=job)
        made.update(is_current=True)
        complete = made.filter(is_complete=True).count()
        return {"complete": complete, "incomplete": made.count() - complete}
