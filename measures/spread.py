"""How far apart points lie: of each the distance to its nearest other one, beside random choices of as many."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

Floats = NDArray[np.floating]
Places = NDArray[np.int64]

ROWS_AT_ONCE = 2_000
SUMMARIES = ("lowest", "median", "mean")
"""What a set of nearest distances is summed up by."""


@dataclass(frozen=True, slots=True)
class Spread:
    """The nearest distances of n points summed up."""

    n: int
    lowest: float
    median: float
    mean: float


@dataclass(frozen=True, slots=True)
class RandomSpread:
    """One summary over random choices: its mean, and the ends of the middle 95% of `draws` of them.

    The middle 95% say what chance does to a choice; they are no interval of an estimate.
    """

    draws: int
    mean: float
    low: float
    high: float


def nearest_distances(points: Floats) -> NDArray[np.float64]:
    """Euclidean distance (n,) of each of n points (n, d) to its nearest other one. Raises ValueError below two."""
    _check(len(points))
    found = np.asarray(cKDTree(points).query(points, k=2)[0], dtype=np.float64)
    return found[:, 1]


def nearest_cosine_distances(rows: Floats) -> NDArray[np.float64]:
    """1 - cosine (n,), in [0, 2], of each of n rows (n, d) of length 1 to its nearest other one.

    Raises ValueError below two rows. Takes n x 2,000 numbers of memory at a time.
    """
    _check(len(rows))
    nearest = np.empty(len(rows), dtype=np.float64)
    for start in range(0, len(rows), ROWS_AT_ONCE):
        cosines = rows[start : start + ROWS_AT_ONCE] @ rows.T
        here = np.arange(len(cosines))
        cosines[here, start + here] = -np.inf
        nearest[start : start + ROWS_AT_ONCE] = cosines.max(axis=1)
    return np.clip(1.0 - nearest, 0.0, 2.0)


def spread(distances: Floats) -> Spread:
    """Sum up nearest distances. Raises ValueError where there are none."""
    if not len(distances):
        raise ValueError("There is no distance to sum up.")
    return Spread(
        len(distances), float(distances.min()), float(np.median(distances)), float(distances.mean())
    )


def random_spreads(
    n: int, wanted: int, distances: Callable[[Places], Floats], *, draws: int, seed: int
) -> dict[str, RandomSpread]:
    """Each summary over `draws` random choices of `wanted` out of n points, drawn with the seed.

    `distances` takes the places of a choice and returns its nearest distances. Raises ValueError where the choice is
    all or more of the points, or no draw is asked for.
    """
    if not 2 <= wanted < n or draws < 1:
        raise ValueError("Random choices need at least two points, fewer than all, and a draw.")
    rng = np.random.default_rng(seed)
    found = [
        spread(distances(rng.choice(n, size=wanted, replace=False).astype(np.int64))) for _ in range(draws)
    ]
    told = {}
    for name in SUMMARIES:
        values = np.array([getattr(one, name) for one in found])
        low, high = np.quantile(values, [0.025, 0.975])
        told[name] = RandomSpread(draws, float(values.mean()), float(low), float(high))
    return told


def _check(n: int) -> None:
    if n < 2:
        raise ValueError("The nearest other point needs at least two.")
