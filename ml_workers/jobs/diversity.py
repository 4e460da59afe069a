"""The diverse captions of images, from the sentence features of their good captions."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml_workers.diversity import Method, choose_diverse

IMAGES_PER_CHUNK = 50


@dataclass(frozen=True, slots=True)
class Chosen:
    """The captions chosen for one image; similarities are mean pairwise cosines, None for fewer than two."""

    image_id: int
    n_good: int
    is_complete: bool
    version_ids: Sequence[int]
    mean_similarity: float | None
    random_mean_similarity: float | None


def choose_for_images(
    captions: Mapping[int, Sequence[int]],
    features: Mapping[int, NDArray[np.float32]],
    *,
    method: Method,
    wanted: int,
    seed: int,
) -> list[Chosen]:
    """Choose among the good captions of each image; an image with fewer than wanted keeps them all, incomplete."""
    return [
        _choose(image, list(versions), features, method, wanted, seed) for image, versions in captions.items()
    ]


def _choose(
    image: int,
    versions: Sequence[int],
    features: Mapping[int, NDArray[np.float32]],
    method: Method,
    wanted: int,
    seed: int,
) -> Chosen:
    if not versions:
        return Chosen(image, 0, False, [], None, None)
    rows = np.stack([_unit(features[version]) for version in versions])
    made = choose_diverse(rows, method=method, wanted=wanted, seed=seed)
    return Chosen(
        image_id=image,
        n_good=made.n_pool,
        is_complete=made.is_complete,
        version_ids=[versions[place] for place in made.chosen],
        mean_similarity=_number(made.similarity),
        random_mean_similarity=_number(made.random_similarity),
    )


def _unit(vector: NDArray[np.float32]) -> NDArray[np.float64]:
    """The stored half floats at length 1 again."""
    wide = vector.astype(np.float64)
    return wide / np.linalg.norm(wide)


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value
