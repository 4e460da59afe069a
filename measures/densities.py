"""How similarities are spread: densities of co-captions and of pairs, on one scale for all sets (IMP Fig. 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]

BIN = 0.02
"""Width of a bin of cosines."""
REPLICATES = 2_000


@dataclass(frozen=True, slots=True)
class Spread:
    """Similarities summed up: n of them of `n_images` images; mean with a 95% interval by a bootstrap over images.

    `sd` is that of the similarities, with n - 1 in its denominator. None where undefined: a mean of nothing, and of one
    image an interval.
    """

    n: int
    n_images: int
    mean: float | None
    sd: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Density:
    """Density per unit of cosine in bins [left, left + BIN): it sums up to 1 over BIN."""

    lefts: tuple[float, ...]
    counts: tuple[int, ...]
    density: tuple[float, ...]


def co_caption_cosines(features: Floats) -> NDArray[np.float64]:
    """Cosines of all pairs of the captions of one image, from features (n, d) of length 1; n (n - 1) / 2 of them."""
    rows = np.asarray(features, dtype=np.float64)
    first, second = np.triu_indices(len(rows), k=1)
    cosines: NDArray[np.float64] = np.clip(np.einsum("ij,ij->i", rows[first], rows[second]), -1.0, 1.0)
    return cosines


def density(cosines: Sequence[float] | Floats) -> Density:
    """The density of cosines in [-1, 1]; empty without any. Bins begin at multiples of `BIN`, so that sets compare."""
    values = np.asarray(cosines, dtype=np.float64)
    if not len(values):
        return Density((), (), ())
    places = np.minimum(np.floor(np.round(values / BIN, 9)), round(1 / BIN) - 1).astype(np.int64)
    first = int(places.min())
    counts = np.bincount(places - first)
    return Density(
        tuple(round((first + place) * BIN, 10) for place in range(len(counts))),
        tuple(int(count) for count in counts),
        tuple(float(count) for count in counts / (len(values) * BIN)),
    )


def spread_of_images(of_image: Mapping[int, Floats], *, seed: int, replicates: int = REPLICATES) -> Spread:
    """Sum up the similarities of images; whole images are drawn again, because those of one image hang together."""
    kept = [np.asarray(values, dtype=np.float64) for values in of_image.values() if len(values)]
    if not kept:
        return Spread(0, 0, None, None, None, None)
    whole = np.concatenate(kept)
    sd = float(whole.std(ddof=1)) if len(whole) > 1 else None
    if len(kept) < 2:
        return Spread(len(whole), 1, float(whole.mean()), sd, None, None)
    sums = np.array([values.sum() for values in kept])
    sizes = np.array([len(values) for values in kept], dtype=np.float64)
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(kept), size=(replicates, len(kept)))
    low, high = np.quantile(sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1), [0.025, 0.975])
    return Spread(len(whole), len(kept), float(whole.mean()), sd, float(low), float(high))
