"""Shares: a count k out of n, with what may be said about the share behind it.

Shapes: counts are whole numbers with 0 <= k <= n. Functions that take many shares take two sequences of
equal length. A share of n = 0 is undefined: its interval is the whole range 0 to 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.stats import beta

from measures.intervals import Interval, critical_value


def wilson(k: float, n: float, level: float = 0.95) -> Interval:
    """Wilson's score interval of a share k / n: 10 of 10 gives 0.722 to 1.

    k need not be whole, so that the width at a planned share can be asked for. n = 0 gives 0 to 1.
    Raises ValueError where k or n is negative or k exceeds n. Source: Wilson 1927.
    """
    _check(k, n)
    z = critical_value(level)
    if n == 0:
        return Interval(0.0, 1.0, level, "Wilson", note="no answers")
    share = k / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    low = 0.0 if k == 0 else max(0.0, centre - half)
    high = 1.0 if k == n else min(1.0, centre + half)
    return Interval(low, high, level, "Wilson")


def clopper_pearson(k: int, n: int, level: float = 0.95) -> Interval:
    """The exact interval of a share k / n: it covers at least as often as its level says.

    n = 0 gives 0 to 1. Raises ValueError as `wilson`. Source: Clopper & Pearson 1934.
    """
    _check(k, n)
    tail = (1.0 - _checked_level(level)) / 2.0
    low = 0.0 if k == 0 else float(beta.ppf(tail, k, n - k + 1))
    high = 1.0 if k == n else float(beta.isf(tail, k + 1, n - k))
    return Interval(low, high, level, "Clopper-Pearson", note="" if n else "no answers")


def newcombe(k1: int, n1: int, k2: int, n2: int, level: float = 0.95) -> Interval:
    """The interval of the difference k1 / n1 - k2 / n2 of two independent shares.

    Undefined (ValueError) where n1 or n2 is 0. Source: Newcombe 1998, method 10 (hybrid score).
    """
    if n1 == 0 or n2 == 0:
        raise ValueError("A difference of shares needs answers on both sides.")
    first, second = wilson(k1, n1, level), wilson(k2, n2, level)
    share1, share2 = k1 / n1, k2 / n2
    difference = share1 - share2
    below = math.hypot(share1 - first.low, second.high - share2)
    above = math.hypot(first.high - share1, share2 - second.low)
    return Interval(max(-1.0, difference - below), min(1.0, difference + above), level, "Newcombe 10")


def sidak_level(comparisons: int, level: float = 0.95) -> float:
    """The level each of m intervals needs so that all m hold together at ``level`` if independent."""
    if comparisons < 1:
        raise ValueError("At least one interval is needed.")
    return float(_checked_level(level) ** (1.0 / comparisons))


def simultaneous_wilson(
    counts: Sequence[int], totals: Sequence[int], level: float = 0.95
) -> tuple[Interval, ...]:
    """Wilson intervals that hold for all shares together, by Sidak's level; n = 0 is not counted as one.

    The level stored in each interval is the joint one; the method names the single one.
    """
    answered = sum(n > 0 for n in totals)
    single = sidak_level(max(1, answered), level)
    method = f"Wilson, Sidak over {answered} shares (each at {single:.6f})"
    wide = (wilson(k, n, single) for k, n in zip(counts, totals, strict=True))
    return tuple(Interval(each.low, each.high, level, method, note=each.note) for each in wide)


def answers_needed(
    share: float, level: float = 0.95, failures: int = 0, pairs: int = 1, limit: int = 1_000_000
) -> int | None:
    """The least n for which n - failures good answers of n put Wilson's lower end at ``share`` or above.

    One pair at "at least 85 %" needs 22 answers, all good. ``pairs`` > 1 asks for the claim about all of
    them together (Sidak). None where no n up to ``limit`` is enough. Raises ValueError unless
    0 < share < 1 and failures >= 0.
    """
    if not 0.0 < share < 1.0 or failures < 0:
        raise ValueError("The claimed share must lie between 0 and 1 and failures cannot be negative.")
    single = sidak_level(pairs, level)

    def is_enough(n: int) -> bool:
        return wilson(n - failures, n, single).low >= share

    if not is_enough(limit):
        return None
    low, high = failures, limit
    while high - low > 1:  # the lower end grows with n while the failures stay the same
        middle = (low + high) // 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return high


def minimum_distribution(totals: Sequence[int], share: float) -> tuple[np.ndarray, np.ndarray]:
    """The smallest of m independent shares under one common probability: its values and their chances.

    Returns ascending attainable values and the probability that the minimum equals each; exact. Totals of
    0 are left out. Raises ValueError where nothing was answered or share lies outside 0 to 1.
    """
    sizes, repeats = np.unique([n for n in totals if n > 0], return_counts=True)
    if not len(sizes) or not 0.0 <= share <= 1.0:
        raise ValueError("The minimum needs at least one answered share and a probability from 0 to 1.")
    values = np.unique(np.concatenate([np.arange(n + 1) / n for n in sizes]))
    log_above = np.zeros(len(values))
    with np.errstate(divide="ignore"):
        for n, many in zip(sizes, repeats, strict=True):
            reached = np.floor(values * n + 1e-9)
            log_above += many * np.log(_binomial_above(reached, int(n), share))
    above = np.exp(log_above)
    return values, np.clip(np.concatenate([[1.0], above[:-1]]) - above, 0.0, 1.0)


def expected_minimum(totals: Sequence[int], share: float) -> float:
    """What the smallest of m shares is expected to be if all pairs were equally good: exact.

    With share = 0.92 and 100 pairs of n = 10 it is 0.651: a low minimum alone shows nothing.
    """
    values, chances = minimum_distribution(totals, share)
    return float(values @ chances)


def _binomial_above(reached: np.ndarray, n: int, share: float) -> np.ndarray:
    """P(X > reached) for X ~ Binomial(n, share), through the incomplete beta function."""
    if share in (0.0, 1.0):
        return np.where(reached < n * share, 1.0, 0.0)
    tail = np.zeros(len(reached))
    inside = reached < n
    tail[inside] = beta.cdf(share, reached[inside] + 1, n - reached[inside])
    return tail


def _check(k: float, n: float) -> None:
    if not 0 <= k <= n:
        raise ValueError(f"A share needs 0 <= k <= n, not k = {k} and n = {n}.")


def _checked_level(level: float) -> float:
    critical_value(level)
    return level
