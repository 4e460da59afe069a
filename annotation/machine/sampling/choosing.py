"""Choosing images: what may be asked for, and the port of the worker that chooses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.conf import settings
from django.db import transaction
from numpy.typing import NDArray

from accounts.models import User
from annotation.machine.drawings import ask_for_drawing
from annotation.machine.job_parameters import known_only, one_of, whole_number
from annotation.models import (
    Assignment,
    DistanceSpace,
    Image,
    ImageSampling,
    ImageState,
    SampledImage,
    SamplingMethod,
)
from projects.models import Job, Project
from projects.queue import Parameters, enqueue

KIND = "sampling"
# Images that are kept of those imported (IMP: 5,000 of about 25,000).
CHOSEN_IMAGES = 5_000
# Of so many chosen images one more goes into reserve (ours).
CHOSEN_FOR_A_RESERVE = 5
# Random choices that the chosen images are held against.
RANDOM_CHOICES = 100
MOST_IMAGES = 1_000_000
# States of images that a choice may change: what was taken out stays out.
SAMPLED_STATES = (ImageState.ACTIVE, ImageState.RESERVE, ImageState.SET_ASIDE)
ROWS_PER_STATEMENT = 5_000


def completed_sampling(parameters: Mapping[str, Any]) -> Parameters:
    """Return the parameters of a choice of images. Raises Invalid.

    `wanted` images are chosen and `reserve` more follow (by default one for every five); `method` is farthest or
    random, `space` plane (UMAP) or features, `encoder` one of images; `random_choices` are what the choice is held
    against.
    """
    known_only(parameters, "encoder", "method", "space", "wanted", "reserve", "random_choices")
    wanted = whole_number(parameters, "wanted", CHOSEN_IMAGES, 2, MOST_IMAGES)
    given = {name: value for name, value in parameters.items() if value not in (None, "")}
    return {
        "encoder": str(parameters.get("encoder") or settings.ENCODERS[-1]).strip(),
        "method": one_of(parameters, "method", SamplingMethod.values),
        "space": one_of(parameters, "space", [DistanceSpace.PLANE.value, DistanceSpace.FEATURES.value]),
        "wanted": wanted,
        "reserve": whole_number(given, "reserve", -(-wanted // CHOSEN_FOR_A_RESERVE), 0, MOST_IMAGES),
        "random_choices": whole_number(parameters, "random_choices", RANDOM_CHOICES, 20, 1_000),
    }


def ask_for_sampling(
    *, project: Project, actor: User | None, parameters: Mapping[str, Any], seed: int | None = None
) -> Job:
    """Choose images anew, seeded by the project unless told otherwise; changes no image yet. Raises Invalid."""
    return enqueue(
        kind=KIND,
        project=project,
        parameters=parameters,
        asked_by=actor,
        seed=project.seed if seed is None else seed,
    )


@dataclass(frozen=True, slots=True)
class ImageOrder:
    """Images in the order of a choice; row i of `plane` (n, 2) is the place of image i, None without a plane."""

    images: Sequence[int]
    plane: NDArray[np.float64] | None
    n_chosen: int
    n_reserve: int
    n_in_batches: int
    spreads: Mapping[str, Any]


def images_to_sample(project: Project) -> list[int]:
    """Return the images that a choice may be made of, in their order: all but those taken out."""
    images = Image.objects.filter(project=project, state__in=SAMPLED_STATES)
    return list(images.order_by("position", "pk").values_list("pk", flat=True))


def images_in_batches(project: Project) -> list[int]:
    """Return the active images that are in a batch, in their order: a choice begins with them."""
    given = Assignment.objects.filter(project=project).values("image")
    images = Image.objects.filter(project=project, state=ImageState.ACTIVE, pk__in=given)
    return list(images.order_by("position", "pk").values_list("pk", flat=True))


def write_sampling(job: Job, encoder_id: int, order: ImageOrder) -> None:
    """Keep the choice of this job with its images, in place of what an interrupted attempt had left."""
    assert job.project is not None
    with transaction.atomic():
        ImageSampling.objects.filter(job=job).delete()
        sampling = ImageSampling.objects.create(
            project=job.project,
            job=job,
            encoder_id=encoder_id,
            method=job.parameters["method"],
            space=job.parameters["space"],
            seed=job.seed,
            n_images=len(order.images),
            n_chosen=order.n_chosen,
            n_reserve=order.n_reserve,
            n_in_batches=order.n_in_batches,
            spreads=order.spreads,
        )
        places = order.plane.tolist() if order.plane is not None else [(None, None)] * len(order.images)
        SampledImage.objects.bulk_create(
            [
                SampledImage(sampling=sampling, image_id=image, rank=rank, x=x, y=y)
                for rank, (image, (x, y)) in enumerate(zip(order.images, places, strict=True), start=1)
            ],
            batch_size=ROWS_PER_STATEMENT,
        )


def conclude_sampling(job: Job) -> dict[str, int]:
    """Ask for the drawing of a finished choice and return its counts."""
    sampling = ImageSampling.objects.get(job=job)
    ask_for_drawing(job)
    return {
        "chosen": sampling.n_chosen,
        "reserve": sampling.n_reserve,
        "set_aside": sampling.n_aside,
    }
