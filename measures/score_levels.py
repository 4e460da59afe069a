"""Scores of pairs by level of difficulty: mean and spread, as IMP's Table 11 prints CLIPScore (the plain cosine)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

ALL = ""


@dataclass(frozen=True)
class LevelScore:
    """Mean and sample standard deviation (n - 1) of the n scores of one level; an empty level means all pairs.

    The deviation is the spread of pairs, no uncertainty of the mean. NaN: the mean of none, the deviation of one.
    """

    level: str
    n: int
    mean: float
    deviation: float


def scores_by_level(
    scores: ArrayLike, level_of_pair: Sequence[str], *, levels: Sequence[str] = ("easy", "medium", "hard")
) -> list[LevelScore]:
    """All pairs first, then each level; pairs of no known level count among all.

    Raises ValueError where the lengths differ or a score is not finite.
    """
    values = np.asarray(scores, dtype=np.float64)
    of_level = np.asarray(level_of_pair, dtype=str)
    if len(values) != len(of_level):
        raise ValueError(f"{len(values)} scores, but levels of {len(of_level)} pairs.")
    if not np.isfinite(values).all():
        raise ValueError("A score is not a finite number.")
    return [_described(ALL, values), *(_described(level, values[of_level == level]) for level in levels)]


def _described(level: str, values: np.typing.NDArray[np.float64]) -> LevelScore:
    mean = float(values.mean()) if len(values) else float("nan")
    deviation = float(values.std(ddof=1)) if len(values) > 1 else float("nan")
    return LevelScore(level, len(values), mean, deviation)
