"""Two scores of the same pairs on one scale: how far they differ from each other (Bland and Altman 1986).

Scores on different scales (a cosine, a probability) have no common unit, so both are first brought to mean 0 and
standard deviation 1 over all pairs. Their mean difference is then 0 by construction and says nothing; what is told is
how far single pairs differ, and on which level one score is kinder than the other.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from measures.intervals import Interval, critical_value
from measures.resampling import Estimate, clustered_mean

Floats = NDArray[np.float64]

LEVEL = 0.95


@dataclass(frozen=True)
class Agreement:
    """Differences first - second of standardised scores (n,), with `means` of both and the limits of agreement.

    The limits are -1.96 and 1.96 `deviation`, between which 95% of differences lie where they are normal; the interval
    of the upper one is theirs turned round. NaN where fewer than two pairs or a constant score leave nothing to say.
    """

    differences: Floats
    means: Floats
    deviation: float
    upper_limit: float
    upper_interval: Interval

    @property
    def n(self) -> int:
        """How many pairs."""
        return len(self.differences)


def standardised(scores: ArrayLike) -> Floats:
    """Scores (n,) with mean 0 and sample standard deviation 1 (n - 1); NaN where they do not vary."""
    values = np.asarray(scores, dtype=np.float64)
    # On a scale of their own, so that squares neither overflow nor vanish.
    values = values / (float(np.abs(values).max(initial=0.0)) or 1.0)
    deviation = float(values.std(ddof=1)) if len(values) > 1 else 0.0
    # What rounding leaves of equal values is no deviation.
    if deviation <= 1e-12:
        return np.full(len(values), np.nan)
    return np.asarray((values - values.mean()) / deviation)


def bland_altman(first: ArrayLike, second: ArrayLike) -> Agreement:
    """Compare two scores of the same pairs (n,) after standardising each.

    Raises ValueError where lengths differ or a score is not finite. Interval: Bland & Altman's approximation,
    variance of a limit s^2 (1/n + 1.96^2 / (2 (n - 1))); it takes pairs as independent.
    """
    one, other = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if one.shape != other.shape:
        raise ValueError(f"{len(one)} scores, but {len(other)} others.")
    if not (np.isfinite(one).all() and np.isfinite(other).all()):
        raise ValueError("A score is not a finite number.")
    one, other = standardised(one), standardised(other)
    differences = one - other
    n = len(differences)
    deviation = float(differences.std(ddof=1)) if n > 1 else math.nan
    z = critical_value(LEVEL)
    half = z * deviation * math.sqrt(1 / n + z * z / (2 * (n - 1))) if n > 1 else math.nan
    limit = z * deviation
    return Agreement(
        differences,
        (one + other) / 2,
        deviation,
        limit,
        Interval(limit - half, limit + half, LEVEL, "Bland-Altman"),
    )


def bias_by_level(
    agreement: Agreement,
    level_of_pair: Sequence[str],
    clusters: ArrayLike,
    *,
    levels: Sequence[str] = ("easy", "medium", "hard"),
    seed: int = 0,
) -> dict[str, Estimate]:
    """Mean difference inside each level: above 0 the first score is kinder there. Interval from drawing images."""
    of_level, images = np.asarray(level_of_pair, dtype=str), np.asarray(clusters)
    found = {}
    for level in levels:
        taken = (of_level == level) & np.isfinite(agreement.differences)
        found[level] = clustered_mean(agreement.differences[taken], images[taken], seed=seed)
    return found
