"""Shrunken estimates of many shares, by the beta-binomial model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import betaln
from scipy.stats import beta

from measures.intervals import Interval, critical_value

LARGEST_STRENGTH = 1e5
"""Prior answers at which the shares are taken to be all the same (no spread beyond chance)."""


@dataclass(frozen=True, slots=True)
class ShrunkenShares:
    """Shares pulled towards their common mean, the more so the fewer answers they rest on.

    ``mean`` and ``strength`` describe the fitted Beta(mean * strength, (1 - mean) * strength);
    ``strength`` counts how many answers the common mean is worth. ``estimates`` are posterior means and
    ``intervals`` equal-tailed posterior intervals, in the order of the input. ``reason`` is not empty
    where the fit met a limit.
    """

    mean: float
    strength: float
    estimates: tuple[float, ...]
    intervals: tuple[Interval, ...]
    method: str
    reason: str = ""


def shrink(counts: Sequence[int], totals: Sequence[int], level: float = 0.95) -> ShrunkenShares:
    """Empirical-Bayes estimates of k / n by maximum likelihood of the beta-binomial.

    A share with n = 0 gets the common mean. The uncertainty of the fit itself is not in the intervals.
    Raises ValueError where no share was answered, where fewer than two were, or where k > n.
    """
    good, size = np.asarray(counts, float), np.asarray(totals, float)
    if good.shape != size.shape or np.any(good < 0) or np.any(good > size):
        raise ValueError("Every share needs 0 <= k <= n, and as many counts as totals.")
    answered = size > 0
    if answered.sum() < 2:
        raise ValueError("Shrinking needs at least two answered shares.")
    critical_value(level)
    mean, strength, reason = _fit(good[answered], size[answered])
    first, second = mean * strength + good, (1 - mean) * strength + size - good
    tail = (1 - level) / 2
    method = "beta-binomial posterior, prior by maximum likelihood"
    ends = zip(
        np.asarray(beta.ppf(tail, first, second)).tolist(),
        np.asarray(beta.isf(tail, first, second)).tolist(),
        strict=True,
    )
    intervals = tuple(Interval(low, high, level, method) for low, high in ends)
    estimates = tuple((first / (first + second)).tolist())
    return ShrunkenShares(mean, strength, estimates, intervals, method, reason)


def _fit(good: np.ndarray, size: np.ndarray) -> tuple[float, float, str]:
    """Mean, strength and a remark; where all answers agree, half an answer is kept."""
    pooled = (good.sum() + 0.5) / (size.sum() + 1.0)

    def loss(point: np.ndarray) -> float:
        mean, strength = _unpack(point)
        first, second = mean * strength, (1 - mean) * strength
        return -float(np.sum(betaln(good + first, size - good + second) - betaln(first, second)))

    if good.sum() in (0.0, size.sum()):
        return pooled, LARGEST_STRENGTH, "every answer was the same: no spread between shares to fit"
    start = np.log(pooled / (1 - pooled))
    bounds = [(-20.0, 20.0), (np.log(1e-3), np.log(LARGEST_STRENGTH))]
    fits = [
        minimize(loss, np.array([start, np.log(guess)]), method="L-BFGS-B", bounds=bounds)
        for guess in (2.0, 30.0, 1000.0)
    ]
    mean, strength = _unpack(min(fits, key=lambda fit: float(fit.fun)).x)
    flat = strength > 0.1 * LARGEST_STRENGTH
    return mean, strength, "no spread between shares beyond chance" if flat else ""


def _unpack(point: np.ndarray) -> tuple[float, float]:
    return float(1 / (1 + np.exp(-point[0]))), float(np.exp(point[1]))
