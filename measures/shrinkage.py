"""Shrunken estimates of many shares, by the beta-binomial model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import betaln
from scipy.stats import beta

from measures.intervals import Interval, critical_value

LARGEST_STRENGTH = 1e5
"""Prior answers at which the shares are taken to be all the same (no spread beyond chance)."""
STRENGTHS = np.geomspace(1e-3, LARGEST_STRENGTH, 65)
"""Between which neighbours the most likely strength is looked for."""
MOST_LOGIT = 30.0


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
    """Mean, strength and a remark; where all answers agree, half an answer is kept.

    The maximum is where the likelihood, maximised over the mean, stops rising with the strength: looked for between
    `STRENGTHS` and closed in on by bisection, so that it depends on no starting point.
    """
    if good.sum() in (0.0, size.sum()):
        pooled = (good.sum() + 0.5) / (size.sum() + 1.0)
        return pooled, LARGEST_STRENGTH, "every answer was the same: no spread between shares to fit"
    likelihood = _BetaBinomial(good, size)
    slopes = [likelihood.slope(strength) for strength in np.log(STRENGTHS).tolist()]
    tops = [
        brentq(likelihood.slope, math.log(low), math.log(high), xtol=1e-13)
        for low, high, before, after in zip(
            STRENGTHS[:-1].tolist(), STRENGTHS[1:].tolist(), slopes[:-1], slopes[1:], strict=True
        )
        if before > 0 >= after
    ]
    tops += [math.log(STRENGTHS[0])] if slopes[0] <= 0 else []
    tops += [math.log(STRENGTHS[-1])] if slopes[-1] > 0 else []
    best = max(tops, key=likelihood.at)
    strength = math.exp(best)
    flat = strength > 0.1 * LARGEST_STRENGTH
    return likelihood.mean(strength), strength, "no spread between shares beyond chance" if flat else ""


class _BetaBinomial:
    """The likelihood of counts under one mean and strength, by how many shares have more than j good, bad, answers."""

    def __init__(self, good: np.ndarray, size: np.ndarray) -> None:
        self.good, self.bad, self.size = good, size - good, size
        self.more_good, self.more_bad, self.more = map(_above, (good, size - good, size))

    def mean(self, strength: float) -> float:
        """The likeliest mean at this strength; the slope over it falls throughout, so there is one."""

        def slope(logit: float) -> float:
            first, second = _split(logit, strength)
            return _rises(self.more_good, first) - _rises(self.more_bad, second)

        return 1 / (1 + math.exp(-brentq(slope, -MOST_LOGIT, MOST_LOGIT, xtol=1e-14)))

    def slope(self, log_strength: float) -> float:
        """How the log-likelihood at the likeliest mean rises with the logarithm of the strength."""
        strength = math.exp(log_strength)
        first, second = self.mean(strength) * strength, (1 - self.mean(strength)) * strength
        rise = first * _rises(self.more_good, first) + second * _rises(self.more_bad, second)
        return rise - strength * _rises(self.more, strength)

    def at(self, log_strength: float) -> float:
        """The log-likelihood at the likeliest mean, up to a constant."""
        strength = math.exp(log_strength)
        mean = self.mean(strength)
        first, second = mean * strength, (1 - mean) * strength
        return float(np.sum(betaln(self.good + first, self.bad + second) - betaln(first, second)))


def _above(counts: np.ndarray) -> np.ndarray:
    """How many of the counts exceed 0, 1, 2 ..., up to the largest."""
    return counts.size - np.cumsum(np.bincount(counts.astype(np.int64)))[:-1]


def _rises(above: np.ndarray, parameter: float) -> float:
    """The sum of digamma(count + parameter) - digamma(parameter), as the finite sum that it is."""
    return float(np.sum(above / (parameter + np.arange(len(above)))))


def _split(logit: float, strength: float) -> tuple[float, float]:
    return strength / (1 + math.exp(-logit)), strength / (1 + math.exp(logit))
