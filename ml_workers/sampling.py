"""The order in which images are taken, so that no two taken early look alike (IMP §4.1, C.1)."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from measures.spread import nearest_cosine_distances, nearest_distances, random_spreads, spread

Floats = NDArray[np.floating]
Places = NDArray[np.int64]


def farthest_order(points: Floats, *, seed: int, first: Sequence[int] = ()) -> Places:
    """All places of n points (n, d), each next one farthest from those before it (Gonzalez 1985).

    The order begins with `first` as given; without any, the seed draws the beginning. Distances are Euclidean: of rows
    of length 1 they order as cosines do. Equal distances go to the earlier place, so copies of a point come last.
    Raises ValueError where a coordinate is not finite.
    """
    if not np.isfinite(points).all():
        raise ValueError("A feature is not a finite number.")
    n = len(points)
    order = np.empty(n, dtype=np.int64)
    if not n:
        return order
    begun = list(first) or [int(np.random.default_rng(seed).integers(n))]
    rows = np.ascontiguousarray(points, dtype=np.float64)
    lengths = np.einsum("ij,ij->i", rows, rows)
    nearest = np.full(n, np.inf)
    for place in range(n):
        taken = begun[place] if place < len(begun) else int(np.argmax(nearest))
        order[place] = taken
        # Squares lose digits where points are close; what is left of nothing is nothing.
        away = np.maximum(lengths + lengths[taken] - 2.0 * (rows @ rows[taken]), 0.0)
        np.minimum(nearest, away, out=nearest)
        nearest[taken] = -1.0
    return order


def random_order(n: int, *, seed: int, first: Sequence[int] = ()) -> Places:
    """All n places at random, those in `first` before the others and as given."""
    begun = np.asarray(list(first), dtype=np.int64)
    others = np.setdiff1d(np.arange(n, dtype=np.int64), begun)
    return np.concatenate([begun, np.random.default_rng(seed).permutation(others)])


def spreads_of_choice(
    features: Floats, plane: Floats | None, chosen: Places, *, draws: int, seed: int
) -> dict[str, Any]:
    """Nearest distances of the chosen and of random choices of as many, in the space and on the plane.

    `features` (n, d) have rows of length 1. A part is None where it is undefined: no plane, fewer than two chosen, and
    for random choices nothing left to choose from.
    """
    told: dict[str, Any] = {"space": None, "plane": None}
    if len(chosen) < 2:
        return told
    told["space"] = _spread_beside_random(
        len(features), chosen, lambda places: nearest_cosine_distances(features[places]), draws, seed
    )
    if plane is not None:
        told["plane"] = _spread_beside_random(
            len(plane), chosen, lambda places: nearest_distances(plane[places]), draws, seed
        )
    return told


def _spread_beside_random(n: int, chosen: Places, distances: Any, draws: int, seed: int) -> dict[str, Any]:
    drawn = random_spreads(n, len(chosen), distances, draws=draws, seed=seed) if len(chosen) < n else None
    return {
        "chosen": asdict(spread(distances(chosen))),
        "random": {name: asdict(one) for name, one in drawn.items()} if drawn else None,
    }
