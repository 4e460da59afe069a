"""What thresholds and clusters would bring into the pools: counts from the cosines of the neighbours. Pure."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Depths of a pool for which a threshold is proposed (IMP: radius about 50; 800 to 3,000 captions an image).
PROPOSED_FOR = (50, 200, 800, 1_500, 3_000)
# The paper's smallest pool.
FEWEST = 800
# Thresholds are counted in steps of this.
STEP = 0.01


@dataclass(frozen=True, slots=True)
class ThresholdCount:
    """What a threshold brings: pairs in all, for an image the fewest, the median and the most, images with FEWEST."""

    threshold: float
    pairs: int
    lowest: int
    median: float
    highest: int
    full: int


@dataclass(frozen=True, slots=True)
class Proposal:
    """The cosine that the median image still has at this rank, and the percentile of the corpus that this is."""

    rank: int
    threshold: float
    percentile: float


def threshold_counts(cosines: NDArray[np.float32]) -> list[ThresholdCount]:
    """Return the counts for every threshold in steps of 0.01 from the lowest cosine to the highest.

    `cosines` (images, k) falls along each row; -inf is nobody. Images without any neighbour count as 0.
    """
    known = cosines[np.isfinite(cosines)]
    if not known.size:
        return []
    low, high = int(np.floor(known.min() / STEP)), int(np.floor(known.max() / STEP))
    thresholds = np.round(np.arange(low, high + 1) * STEP, 2)
    counts = np.stack(
        [np.searchsorted(-row, -thresholds.astype(np.float32), side="right") for row in cosines]
    )
    return [
        ThresholdCount(
            threshold=float(threshold),
            pairs=int(column.sum()),
            lowest=int(column.min()),
            median=float(np.median(column)),
            highest=int(column.max()),
            full=int((column >= FEWEST).sum()),
        )
        for threshold, column in zip(thresholds, counts.T, strict=True)
    ]


def proposals(cosines: NDArray[np.float32], n_rows: int) -> list[Proposal]:
    """Return the thresholds at which the median image has as many neighbours as each of PROPOSED_FOR, or all.

    Rounded down to two places, so that at least half of the images have so many.
    """
    depth = min(cosines.shape[1], n_rows)
    ranks = sorted({min(rank, depth) for rank in PROPOSED_FOR if depth})
    found = []
    for rank in ranks:
        at = cosines[:, rank - 1]
        at = at[np.isfinite(at)]
        if at.size:
            threshold = float(np.floor(np.median(at) / STEP) * STEP)
            found.append(Proposal(rank, round(threshold, 2), 100 * (1 - rank / n_rows)))
    return found


def cluster_counts(clusters: NDArray[np.void], cosines: NDArray[np.float32]) -> dict[str, Any]:
    """Return what the clusters of all images hold: counts, cosines inside and outside, what thresholds leave of them.

    `clusters` has for each image its `members` (k,), the number of `clusters`, and the neighbours in none (`noise`);
    `cosines` (images, k) falls along each row, -inf is nobody. `sizes` and `found` are lowest, median and highest.
    """
    members, known = clusters["members"], np.isfinite(cosines)
    sizes = members.sum(axis=1)
    in_one = sizes > 0
    # Every row falls again: those outside the cluster are nobody.
    inside = -np.sort(np.where(members, -cosines, np.inf), axis=1)
    others = known[in_one] & ~members[in_one]
    return {
        "images": len(clusters),
        "in_a_cluster": int(in_one.sum()),
        "captions": int(sizes.sum()),
        "sizes": [int(np.quantile(sizes[in_one], at)) for at in (0, 0.5, 1)] if in_one.any() else None,
        "found": [int(np.quantile(clusters["clusters"], at)) for at in (0, 0.5, 1)],
        "noise": int(clusters["noise"].sum()),
        "neighbours": int(known.sum()),
        "cosine_inside": float(cosines[members].mean(dtype=np.float64)) if in_one.any() else None,
        "cosine_outside": float(cosines[in_one][others].mean(dtype=np.float64)) if others.any() else None,
        "n_outside": int(others.sum()),
        "thresholds": [asdict(one) for one in threshold_counts(inside.astype(np.float32))],
    }
