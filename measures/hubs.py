"""Hubs: captions that are among the nearest of unusually many images (Radovanovic, Nanopoulos & Ivanovic 2010).

A hub is near to much; whether it is near to its own image plays no part, and a caption that is merely far from its own
image never becomes one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
Places = npt.NDArray[np.int64]
DEVIATIONS = 2.0
"""Standard deviations above the mean occurrence from which a caption counts as a hub."""


@dataclass(frozen=True, eq=False)
class Occurrences:
    """How many of ``n_images`` have each caption among their ``k`` nearest; in the order of the captions."""

    counts: Places
    n_images: int
    k: int

    @property
    def threshold(self) -> float:
        """The occurrences above which a caption is a hub: the mean plus two standard deviations, at least 1."""
        if not len(self.counts):
            return 1.0
        return max(1.0, float(self.counts.mean() + DEVIATIONS * self.counts.std()))

    def hubs(self, most: int) -> Places:
        """The captions above the threshold, most occurrences first, then in their order."""
        over = np.flatnonzero(self.counts > self.threshold)
        return over[np.argsort(-self.counts[over], kind="stable")][:most]


def k_occurrences(
    images: Vectors, owners: Places, blocks: Iterable[tuple[Vectors, Places]], k: int
) -> Occurrences:
    """Count over images, each with the captions of all other images: unit vectors (n, d), nearest by cosine.

    owners: the image that each row of ``images`` is. blocks: captions in parts, with the image that each belongs
    to; an image's own captions never count for it. Ties go to the earlier caption. Raises ValueError for k below 1.
    """
    if k < 1:
        raise ValueError("At least one nearest caption must be looked at.")
    best = np.full((len(images), 0), -np.inf, dtype=np.float32)
    which = np.zeros((len(images), 0), dtype=np.int64)
    start = 0
    for vectors, belongs in blocks:
        cosine = images @ vectors.T
        cosine[owners[:, None] == belongs[None, :]] = -np.inf
        place = np.broadcast_to(np.arange(start, start + len(vectors)), cosine.shape)
        best, which = _nearest(np.hstack([best, cosine]), np.hstack([which, place]), k)
        start += len(vectors)
    found = which[np.isfinite(best)]
    return Occurrences(np.bincount(found, minlength=start), len(images), k)


def _nearest(cosine: Vectors, which: Places, k: int) -> tuple[Vectors, Places]:
    """The k largest of each row, ties to the smaller place."""
    order = np.lexsort((which, -cosine), axis=1)[:, :k] if cosine.shape[1] <= 4 * k else None
    if order is None:
        part = np.argpartition(-cosine, k - 1, axis=1)[:, : 2 * k]
        inner = np.lexsort((np.take_along_axis(which, part, 1), -np.take_along_axis(cosine, part, 1)), axis=1)
        order = np.take_along_axis(part, inner[:, :k], 1)
    return np.take_along_axis(cosine, order, 1), np.take_along_axis(which, order, 1)
