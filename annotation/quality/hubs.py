"""Suggesting captions to ask about: those that are near to unusually many images, from embeddings that are stored."""

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from annotation.models import CaptionHub, CaptionVersion, Embedding, Encoder, Image, ImageState, Similarity
from annotation.models.machine import Modality
from measures.hubs import Occurrences, Places, Vectors, k_occurrences
from polyannot.kernel.errors import Invalid
from projects.models import Job, JobChunk, Project
from projects.queue import Parameters, enqueue
from projects.running import ChunkOutcome, ChunkPlan

KIND = "caption-hubs"
NEAREST = 10
MOST_IMAGES = 2_000
MOST_HUBS = 200
CAPTIONS_AT_ONCE = 5_000
SEED = 20_240_501


def completed_hubs(parameters: Mapping[str, Any]) -> Parameters:
    """Return the parameters of a search for hubs with their defaults. Raises Invalid for others.

    encoder: its row id, 0 for the one that the project has most similarities of. k: how many nearest captions of an
    image count. seed: of the draw of at most 2,000 images.
    """
    try:
        found = {
            "encoder": int(parameters.get("encoder", 0)),
            "k": int(parameters.get("k", NEAREST)),
            "seed": int(parameters.get("seed", SEED)),
        }
    except (TypeError, ValueError) as error:
        raise Invalid("job_parameters", _("Encoder, k and seed are whole numbers.")) from error
    if not 1 <= found["k"] <= 100 or found["seed"] < 0:
        raise Invalid("job_parameters", _("k is a whole number from 1 to 100, the seed is not negative."))
    return found


def request_hubs(*, project: Project, asked_by: User | None, k: int = NEAREST, seed: int = SEED) -> Job:
    """Ask for a search for hubs. Raises Invalid when no similarities were computed yet."""
    encoder = encoder_in_use(project)
    if encoder is None:
        raise Invalid(
            "similarities_missing",
            _("Compute similarities first: hubs are found with what the models made of images and captions."),
        )
    parameters = {"encoder": encoder.pk, "k": k, "seed": seed}
    return enqueue(kind=KIND, project=project, parameters=parameters, asked_by=asked_by, seed=seed)


def encoder_in_use(project: Project) -> Encoder | None:
    """Return the encoder that computed similarities of this project last."""
    newest = Similarity.objects.filter(project=project).order_by("-pk").first()
    return newest.encoder if newest else None


class HubRunner:
    """Count and store; running it again replaces the same rows."""

    def plan(self, job: Job) -> Sequence[ChunkPlan]:
        """Return the one step."""
        return [ChunkPlan(items=[0])]

    def run(self, job: Job, chunk: JobChunk) -> ChunkOutcome:
        """Find the hubs and store them."""
        find_hubs(job)
        return ChunkOutcome()

    def finish(self, job: Job) -> dict[str, Any]:
        """Say how many there are."""
        return {"hubs": CaptionHub.objects.filter(job=job).count()}


def find_hubs(job: Job) -> int:
    """Store the hubs of a project and return how many. Raises Invalid where nothing is embedded."""
    assert job.project is not None
    encoder = Encoder.objects.get(pk=job.parameters["encoder"])
    images, owners = _images(job.project, encoder, job.parameters["seed"])
    captions = list(
        CaptionVersion.objects.current()
        .filter(project=job.project, caption__drop_reason="", image__state=ImageState.ACTIVE)
        .order_by("pk")
        .values_list("pk", "image_id", "content_hash")
    )
    embedded: list[int] = []
    counted = k_occurrences(images, owners, _blocks(encoder, captions, embedded), job.parameters["k"])
    if not counted.n_images or not embedded:
        raise Invalid("embeddings_missing", _("No image or no caption of this project is embedded yet."))
    _store(job, encoder, counted, embedded)
    return CaptionHub.objects.filter(job=job).count()


def _images(project: Project, encoder: Encoder, seed: int) -> tuple[Vectors, Places]:
    """Return the vectors of at most 2,000 images drawn at random, and their row ids."""
    rows = list(
        Image.objects.filter(project=project, state=ImageState.ACTIVE)
        .order_by("pk")
        .values_list("pk", "file__sha256")
    )
    drawn = sorted(random.Random(seed).sample(rows, min(MOST_IMAGES, len(rows))))
    vectors = _vectors(encoder, Modality.IMAGE, [content for _pk, content in drawn])
    there = [(pk, vectors[content]) for pk, content in drawn if content in vectors]
    return _stacked([vector for _pk, vector in there]), np.array(
        [pk for pk, _vector in there], dtype=np.int64
    )


def _blocks(
    encoder: Encoder, captions: Sequence[tuple[int, int, str]], embedded: list[int]
) -> Iterator[tuple[Vectors, Places]]:
    """Yield captions with a vector in parts, and note which they were."""
    for start in range(0, len(captions), CAPTIONS_AT_ONCE):
        part = captions[start : start + CAPTIONS_AT_ONCE]
        vectors = _vectors(encoder, Modality.TEXT, [content for _pk, _image, content in part])
        there = [(pk, image, vectors[content]) for pk, image, content in part if content in vectors]
        if there:
            embedded += [pk for pk, _image, _vector in there]
            owners = np.array([image for _pk, image, _vector in there], dtype=np.int64)
            yield _stacked([vector for _pk, _image, vector in there]), owners


def _vectors(encoder: Encoder, modality: str, contents: Sequence[str]) -> dict[str, Vectors]:
    rows = Embedding.objects.filter(encoder=encoder, modality=modality, content_hash__in=set(contents))
    found = rows.values_list("content_hash", "vector")
    return {content: np.asarray(vector, dtype=np.float32) for content, vector in found}


def _stacked(vectors: Sequence[Vectors]) -> Vectors:
    return np.array(vectors, dtype=np.float32).reshape(len(vectors), -1)


def _store(job: Job, encoder: Encoder, counted: Occurrences, embedded: Sequence[int]) -> None:
    with transaction.atomic():
        CaptionHub.objects.filter(job=job).delete()
        CaptionHub.objects.bulk_create(
            CaptionHub(
                project=job.project,
                job=job,
                encoder=encoder,
                version_id=embedded[place],
                k=counted.k,
                n_images=counted.n_images,
                occurrences=int(counted.counts[place]),
            )
            for place in counted.hubs(MOST_HUBS).tolist()
        )
