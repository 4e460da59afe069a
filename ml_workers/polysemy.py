"""The figures of a corpus and of a project that are laid beside each other: clusters, pairs, co-captions. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from measures.densities import co_caption_cosines, density, spread_of_images
from measures.polysemy import RADII, ClusterFigures, cluster_figures, geodesic_distances, polysemy_curve

Rows = NDArray[np.float32]

MOST_IN_CLUSTER = RADII[-1]
# Rows around a drawn one that are looked at for more captions of its picture.
AROUND = 10
# A picture has a row for each caption; so many rows are looked at for each picture of the largest cluster.
ROWS_PER_PICTURE = 6


def nearest_with_itself(
    itself: int, rows: Sequence[int], cosines: Sequence[float]
) -> tuple[list[int], list[float]]:
    """The query image first, then its nearest other images, as many as the largest cluster holds."""
    others = [
        (int(row), float(cosine))
        for row, cosine in zip(rows, cosines, strict=True)
        if row >= 0 and row != itself
    ][: MOST_IN_CLUSTER - 1]
    return [itself, *(row for row, _cosine in others)], [1.0, *(cosine for _row, cosine in others)]


def nearest_pictures(
    itself: int, rows: Sequence[int], cosines: Sequence[float], addresses: Mapping[int, str]
) -> list[tuple[list[int], float]]:
    """The pictures nearest to that of a row, its own first: the rows of each, and its cosine.

    Rows with one address are captions of one picture; a row without any is a picture of its own. `rows` are nearest
    first, -1 where there are no more.
    """
    found: dict[str, tuple[list[int], float]] = {}
    for row, cosine in [(itself, 1.0), *zip(rows, cosines, strict=True)]:
        if row < 0 or (row == itself and found):
            continue
        name = addresses.get(row) or f"row {row}"
        if name in found:
            found[name][0].append(int(row))
        elif len(found) < MOST_IN_CLUSTER:
            found[name] = ([int(row)], float(cosine))
    return list(found.values())


def project_clusters(
    looks: Rows, images: Rows, captions: Mapping[int, Rows]
) -> list[dict[int, ClusterFigures]]:
    """Of each image of a project its clusters among the others.

    `looks` (n, d) say which images are near to one another; `images` (n, e) are in the space of the captions, whose
    features are `captions` by the image's place.
    """
    cosines = looks @ looks.T
    empty = np.empty((0, images.shape[1]), dtype=np.float32)
    found = []
    for place in range(len(images)):
        order = np.argsort(-cosines[place], kind="stable")
        rows, values = nearest_with_itself(place, order.tolist(), cosines[place][order].tolist())
        angles = [geodesic_distances(images[place], captions.get(row, empty)) for row in rows]
        found.append(cluster_figures(values, angles))
    return found


def as_told(figures: Mapping[int, ClusterFigures]) -> dict[str, Any]:
    """The figures of one query image as plain JSON."""
    return {str(radius): asdict(one) for radius, one in figures.items()}


def from_told(told: Mapping[str, Any]) -> dict[int, ClusterFigures]:
    """The figures that `as_told` wrote."""
    return {int(radius): ClusterFigures(**one) for radius, one in told.items()}


def co_captions_by_image(groups: Mapping[int, Rows]) -> dict[int, list[float]]:
    """Cosines of the pairs of captions of each image that has two or more."""
    return {image: co_caption_cosines(rows).tolist() for image, rows in groups.items() if len(rows) > 1}


def told_curve(queries: Sequence[Mapping[str, Any]], *, seed: int) -> list[dict[str, Any]]:
    """The curve over query images."""
    return polysemy_curve([from_told(query) for query in queries], seed=seed)


def told_similarities(of_image: Mapping[Any, Sequence[float]], *, seed: int) -> dict[str, Any]:
    """Similarities with their density, as plain JSON."""
    values = {place: np.asarray(one, dtype=np.float64) for place, one in enumerate(of_image.values())}
    together = np.concatenate(list(values.values())) if values else np.empty(0)
    return {"spread": asdict(spread_of_images(values, seed=seed)), "density": asdict(density(together))}
