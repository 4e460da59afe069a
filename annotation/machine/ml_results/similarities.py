"""Cosines of pairs under an encoder."""

from collections.abc import Sequence

import numpy as np
from django.db.models import Count
from numpy.typing import NDArray

from annotation.machine.ml_results.features import PairFeatures
from annotation.models import (
    Similarity,
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


def cosines(encoder_id: int, versions: Sequence[int]) -> dict[int, float]:
    """Return the cosine of each of these versions with its image, where there is one."""
    rows = Similarity.objects.filter(encoder_id=encoder_id, version__in=versions)
    return dict(rows.values_list("version_id", "cosine"))
