"""How much the captions of images that look alike differ: the polysemy of a corpus by radius (IMP §3.1, Fig. 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]

RADII = (1, 5, 10, 25, 50, 100)
"""Images in a cluster, the query image among them."""
REPLICATES = 2_000


@dataclass(frozen=True, slots=True)
class ClusterFigures:
    """One query image at one radius.

    `image_cosine` is the mean cosine of the query image with the others of its cluster, None at radius 1, where there
    are none. `geodesic` is the mean angle (radians, 0 to pi) between the query image and the captions of all images of
    the cluster, its own included; None where they have none. Both are None where the corpus holds fewer images.
    """

    image_cosine: float | None
    geodesic: float | None
    n_captions: int


@dataclass(frozen=True, slots=True)
class MeanOverQueries:
    """A mean over n query images with its 95% bootstrap interval; None where no query defines it."""

    n: int
    mean: float | None
    low: float | None
    high: float | None


def geodesic_distances(query: Floats, captions: Floats) -> NDArray[np.float64]:
    """Angles (n,) in radians between an image (d,) and captions (n, d), all of length 1."""
    cosines = np.asarray(captions, dtype=np.float64) @ np.asarray(query, dtype=np.float64)
    return np.arccos(np.clip(cosines, -1.0, 1.0))


def cluster_figures(
    cosines: Sequence[float], angles: Sequence[Floats], *, radii: Sequence[int] = RADII
) -> dict[int, ClusterFigures]:
    """The figures of one query image by radius.

    `cosines` are those of the query image with the images of the corpus, nearest first, itself as the first one;
    `angles` are for each of them the geodesic distances of the query image to its captions.
    """
    if len(cosines) != len(angles):
        raise ValueError("Every image of the cluster needs the angles of its captions, if only none.")
    found = {}
    for radius in radii:
        if radius > len(cosines):
            found[radius] = ClusterFigures(None, None, 0)
            continue
        others = cosines[1:radius]
        inside = np.concatenate([np.asarray(one, dtype=np.float64) for one in angles[:radius]])
        found[radius] = ClusterFigures(
            float(np.mean(others)) if len(others) else None,
            float(inside.mean()) if len(inside) else None,
            len(inside),
        )
    return found


def mean_over_queries(
    values: Sequence[float | None], *, seed: int, replicates: int = REPLICATES
) -> MeanOverQueries:
    """The mean of what is defined, with the percentile interval of a bootstrap over query images.

    With fewer than two queries there is a mean and no interval.
    """
    known = np.array([value for value in values if value is not None], dtype=np.float64)
    if not len(known):
        return MeanOverQueries(0, None, None, None)
    if len(known) == 1:
        return MeanOverQueries(1, float(known[0]), None, None)
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(known), size=(replicates, len(known)))
    low, high = np.quantile(known[drawn].mean(axis=1), [0.025, 0.975])
    return MeanOverQueries(len(known), float(known.mean()), float(low), float(high))


def polysemy_curve(
    queries: Sequence[Mapping[int, ClusterFigures]], *, seed: int, radii: Sequence[int] = RADII
) -> list[dict[str, object]]:
    """The means over query images at each radius, as plain rows."""
    rows: list[dict[str, object]] = []
    for radius in radii:
        of_radius = [query[radius] for query in queries]
        cosine = mean_over_queries([one.image_cosine for one in of_radius], seed=seed)
        angle = mean_over_queries([one.geodesic for one in of_radius], seed=seed)
        rows.append(
            {
                "radius": radius,
                "n_captions": sum(one.n_captions for one in of_radius),
                **_named("image_cosine", cosine),
                **_named("geodesic", angle),
            }
        )
    return rows


def _named(name: str, figure: MeanOverQueries) -> dict[str, object]:
    return {
        name: figure.mean,
        f"{name}_low": figure.low,
        f"{name}_high": figure.high,
        f"{name}_n": figure.n,
    }
