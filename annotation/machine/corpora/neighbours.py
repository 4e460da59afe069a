"""The port of the search for corpus images: the images that are searched for, and the files that the search leaves."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from annotation.models import Embedding, Image, ImageState, NeighbourFile, NeighbourFileKind
from annotation.models.machine import Modality
from polyannot.kernel.errors import Missing
from projects.models import Job, Project, StoredFile
from projects.models.jobs import JobState
from projects.storage import open_stored, storage_name, store_bytes, store_path

SEARCH, FILL = "neighbours", "pools"
IMAGES_AT_ONCE = 1_000

Kind = NeighbourFileKind


def corpora() -> list[str]:
    """Return the names of the corpora on this server: the folders of CORPORA_DIR, in alphabetical order."""
    if not settings.CORPORA_DIR.is_dir():
        return []
    return sorted(
        path.name
        for path in settings.CORPORA_DIR.iterdir()
        if path.is_dir() and not path.name.startswith(".")
    )


def images_to_search(project: Project) -> list[int]:
    """Return the active and reserve images, in their order."""
    images = Image.objects.filter(project=project, state__in=[ImageState.ACTIVE, ImageState.RESERVE])
    return list(images.order_by("position", "pk").values_list("pk", flat=True))


def picture_features(
    encoder_id: int, images: Sequence[int], dimension: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return a row (n, dimension) for each image, and which of them were embedded; the others are zeros."""
    features = np.zeros((len(images), dimension), dtype=np.float32)
    there = np.zeros(len(images), dtype=np.bool_)
    for start in range(0, len(images), IMAGES_AT_ONCE):
        some = images[start : start + IMAGES_AT_ONCE]
        hashes = dict(Image.objects.filter(pk__in=some).values_list("pk", "file__sha256"))
        vectors = dict(
            Embedding.objects.filter(
                encoder_id=encoder_id, modality=Modality.IMAGE, content_hash__in=set(hashes.values())
            ).values_list("content_hash", "vector")
        )
        for place, image in enumerate(some, start):
            if (vector := vectors.get(hashes.get(image, ""))) is not None:
                features[place], there[place] = np.asarray(vector, dtype=np.float32), True
    return features, there


def keep_file(job: Job, kind: str, part: int, path: Path) -> None:
    """Keep a file of a search, in place of what an interrupted attempt had left."""
    _keep(job, kind, part, store_path(path, media_type="application/octet-stream"))


def keep_json(job: Job, kind: str, told: Any) -> None:
    """Keep a small file of a search."""
    _keep(job, kind, 0, store_bytes(json.dumps(told).encode(), media_type="application/json"))


def _keep(job: Job, kind: str, part: int, stored: StoredFile) -> None:
    NeighbourFile.objects.update_or_create(job=job, kind=kind, part=part, defaults={"file": stored})


def kept_json(job: Job, kind: str) -> Any:
    """Return a small file of a search. Raises Missing."""
    row = NeighbourFile.objects.select_related("file").filter(job=job, kind=kind).first()
    if row is None:
        raise Missing("neighbours_missing", _("The search has left no such file; search again."))
    with open_stored(row.file) as source:
        return json.loads(source.read())


def kept_hashes(job: Job, kind: str) -> dict[int, str]:
    """Return the contents of the files of a kind by part."""
    return dict(NeighbourFile.objects.filter(job=job, kind=kind).values_list("part", "file__sha256"))


def drop_files(job: Job, kinds: Sequence[str]) -> None:
    """Drop files of a search that were merged into others; a content that something else uses stays."""
    rows = NeighbourFile.objects.select_related("file").filter(job=job, kind__in=kinds)
    files = [row.file for row in rows]
    rows.delete()
    for stored in files:
        try:
            with transaction.atomic():
                stored.delete()
        except ProtectedError:
            continue
        default_storage.delete(storage_name(stored.sha256))


def search_of(project: Project, public_id: str) -> Job:
    """Return a finished search of the project. Raises Missing, also for an id that is none."""
    try:
        named = UUID(public_id)
    except ValueError as error:
        raise Missing("search_missing", _("There is no such search in this project.")) from error
    found = Job.objects.filter(project=project, kind=SEARCH, public_id=named, state=JobState.DONE).first()
    if found is None:
        raise Missing("search_missing", _("There is no such finished search in this project."))
    return found
