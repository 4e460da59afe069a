"""The diverse captions of images, from the sentence features of their good captions."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml_workers.diversity import Method, choose_diverse

IMAGES_PER_CHUNK = 50

# Features (n, d) and a seed to places (n, 2), None where they cannot be laid out.
Layout = Callable[[NDArray[np.float64], int], NDArray[np.float64] | None]


@dataclass(frozen=True, slots=True)
class Chosen:
    """The captions chosen for one image; similarities are mean pairwise cosines, None for fewer than two.

    `pool` are all its good captions, with their `places` on the plane where there is one and the `clusters` that were
    chosen from; `is_on_plane` says whether those are clusters of the plane.
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


def choose_for_images(
    captions: Mapping[int, Sequence[int]],
    features: Mapping[int, NDArray[np.float32]],
    *,
    method: Method,
    wanted: int,
    seed: int,
    layout: Layout,
) -> list[Chosen]:
    """Choose among the good captions of each image; an image with fewer than wanted keeps them all, incomplete."""
    return [
        _choose(image, list(versions), features, (method, wanted, seed), layout)
        for image, versions in captions.items()
    ]


def _choose(
    image: int,
    versions: Sequence[int],
    features: Mapping[int, NDArray[np.float32]],
    asked: tuple[Method, int, int],
    layout: Layout,
) -> Chosen:
    if not versions:
        return Chosen(image, 0, False, [], None, None)
    method, wanted, seed = asked
    rows = np.stack([_unit(features[version]) for version in versions])
    plane = layout(rows, seed)
    made = choose_diverse(rows, method=method, wanted=wanted, seed=seed, plane=plane)
    return Chosen(
        image_id=image,
        n_good=made.n_pool,
        is_complete=made.is_complete,
        version_ids=[versions[place] for place in made.chosen],
        mean_similarity=_number(made.similarity),
        random_mean_similarity=_number(made.random_similarity),
        pool=versions,
        places=[(float(x), float(y)) for x, y in plane] if plane is not None else (),
        clusters=made.clusters,
        is_on_plane=made.is_on_plane,
    )


def _unit(vector: NDArray[np.float32]) -> NDArray[np.float64]:
    """The stored half floats at length 1 again."""
    wide = vector.astype(np.float64)
    return wide / np.linalg.norm(wide)


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value
