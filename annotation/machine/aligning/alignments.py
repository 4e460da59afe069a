"""The port of the alignment job: the captions it is trained on, where it stands, and the model that it leaves."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import ProtectedError

from annotation.models import AlignmentRun, CaptionVersion
from projects.models import Job, StoredFile
from projects.storage import storage_name, store_path

BINARY = "application/octet-stream"
ALIGNED = "aligned:"


@dataclass(frozen=True, slots=True)
class CaptionOfImage:
    """One good caption and the file of its image."""

    version_id: int
    image_key: str
    content_hash: str
    text: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How many epochs of a training are done, and the file where it stands (None before the first)."""

    epochs_done: int
    checkpoint: str | None


@dataclass(frozen=True, slots=True)
class AlignedModel:
    """The weights' content hash and the config of a finished model."""

    weights: str
    config: dict[str, Any]


def begin_alignment(job: Job) -> None:
    """Make the row of a training, once."""
    assert job.project is not None, "an alignment belongs to a project"
    AlignmentRun.objects.get_or_create(job=job, defaults={"project": job.project})


def captions_of_images(versions: Sequence[int]) -> list[CaptionOfImage]:
    """Return these versions with their images, in the order of the images and then of the versions."""
    rows = CaptionVersion.objects.filter(pk__in=versions).order_by("image_id", "pk")
    return [
        CaptionOfImage(*row)
        for row in rows.values_list("pk", "image__key", "image__file__sha256", "text").iterator()
    ]


def standing_of(job: Job) -> Standing:
    """Return where a training stands."""
    run = AlignmentRun.objects.select_related("checkpoint").get(job=job)
    return Standing(run.epochs_done, run.checkpoint.sha256 if run.checkpoint else None)


def keep_checkpoint(job: Job, path: Path, epochs_done: int) -> None:
    """Keep where a training stands, in place of where it stood."""
    stored = store_path(path, media_type=BINARY)
    run = AlignmentRun.objects.select_related("checkpoint").get(job=job)
    before = run.checkpoint
    AlignmentRun.objects.filter(pk=run.pk).update(checkpoint=stored, epochs_done=epochs_done)
    if before is not None and before.pk != stored.pk:
        _drop(before)


def keep_model(job: Job, path: Path, config: dict[str, Any]) -> None:
    """Keep the finished model and let go of where its training stood."""
    stored = store_path(path, media_type=BINARY)
    run = AlignmentRun.objects.select_related("checkpoint").get(job=job)
    AlignmentRun.objects.filter(pk=run.pk).update(weights=stored, config=config, checkpoint=None)
    if run.checkpoint is not None and run.checkpoint.pk != stored.pk:
        _drop(run.checkpoint)


def _drop(stored: StoredFile) -> None:
    try:
        with transaction.atomic():
            stored.delete()
    except ProtectedError:
        return
    default_storage.delete(storage_name(stored.sha256))


def aligned_model(name: str) -> AlignedModel | None:
    """Return the finished model of an encoder's name (`aligned:` and an id); None where there is none."""
    try:
        public_id = UUID(name.removeprefix(ALIGNED))
    except ValueError:
        return None
    run = AlignmentRun.objects.select_related("weights").filter(public_id=public_id).first()
    if run is None or run.weights is None:
        return None
    return AlignedModel(run.weights.sha256, run.config)


def has_model(job: Job) -> bool:
    """Say whether a training has left its model."""
    return AlignmentRun.objects.filter(job=job, weights__isnull=False).exists()
