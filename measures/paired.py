"""Two answers to the same questions: which of two models is right where, and which of two captions a model prefers."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import binomtest

from measures.intervals import Interval, critical_value
from measures.proportions import wilson


@dataclass(frozen=True)
class PairedOutcomes:
    """How often both, only the first, only the second and neither of two models were right.

    `p` is McNemar's exact two-sided p, 1 where they never differ; `difference` is share right of the first less that of
    the second, NaN without questions, with its `interval`.
    """

    both: int
    only_first: int
    only_second: int
    neither: int
    p: float
    difference: float
    interval: Interval

    @property
    def n(self) -> int:
        """Questions in all."""
        return self.both + self.only_first + self.only_second + self.neither


def paired_outcomes(
    both: int, only_first: int, only_second: int, neither: int, level: float = 0.95
) -> PairedOutcomes:
    """Compare two models on the same questions by how often each was right.

    The p is exact (binomial over the questions on which they differ), the interval Bonett & Price's: half of a question
    is added to each way of differing. Both take questions as independent, which captions of one image are not. Raises
    ValueError for a negative count. Sources: McNemar 1947, Bonett & Price 2012.
    """
    if min(both, only_first, only_second, neither) < 0:
        raise ValueError("A count is negative.")
    n, differ = both + only_first + only_second + neither, only_first + only_second
    p = float(binomtest(only_first, differ, 0.5).pvalue) if differ else 1.0
    difference = (only_first - only_second) / n if n else math.nan
    return PairedOutcomes(
        both,
        only_first,
        only_second,
        neither,
        p,
        difference,
        _bonett_price(only_first, only_second, n, level),
    )


def _bonett_price(only_first: int, only_second: int, n: int, level: float) -> Interval:
    if not n:
        return Interval(-1.0, 1.0, level, "Bonett-Price", note="no answers")
    first, second = (only_first + 1) / (n + 2), (only_second + 1) / (n + 2)
    middle = first - second
    half = critical_value(level) * math.sqrt((first + second - middle**2) / (n + 2))
    return Interval(max(-1.0, middle - half), min(1.0, middle + half), level, "Bonett-Price")


@dataclass(frozen=True)
class TwoWayChoice:
    """How often the good one of two captions scored above the other, ties counted wrong, with Wilson's interval."""

    n: int
    right: int
    ties: int
    interval: Interval

    @property
    def share(self) -> float:
        """Share right, NaN without choices; a score that says nothing gets half."""
        return self.right / self.n if self.n else math.nan


def two_way_choice(good: ArrayLike, other: ArrayLike) -> TwoWayChoice:
    """Compare the scores of good captions (n,) with those of their other versions (n,).

    A tie is not right, so a model that gives everything the same score gets 0. Raises ValueError where lengths differ
    or a score is not finite.
    """
    first, second = np.asarray(good, dtype=np.float64), np.asarray(other, dtype=np.float64)
    if first.shape != second.shape:
        raise ValueError(f"{len(first)} good captions, but {len(second)} others.")
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise ValueError("A score is not a finite number.")
    right, ties = int((first > second).sum()), int((first == second).sum())
    return TwoWayChoice(len(first), right, ties, wilson(right, len(first)))
