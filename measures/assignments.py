"""How far two assignments of the same items to ordered levels agree: Cohen's kappa, plain and weighted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from measures.agreement.coefficients import cohen_tables


@dataclass(frozen=True, slots=True)
class AssignmentKappa:
    """Agreement over n items: the share on the same level, kappa, and kappa with quadratic weights.

    None where undefined: without items, and a kappa where both put everything on one level.
    """

    n: int
    same: float | None
    plain: float | None
    quadratic: float | None


def cross_table(first: ArrayLike, second: ArrayLike, n_levels: int) -> NDArray[np.float64]:
    """Counts (n_levels, n_levels) of items by their levels (0 to n_levels - 1) in both assignments (n,).

    Raises ValueError where the assignments differ in length or name a level that is none.
    """
    one, other = np.asarray(first, dtype=np.int64), np.asarray(second, dtype=np.int64)
    if one.shape != other.shape or one.ndim != 1:
        raise ValueError("Both assignments must name a level for each of the same items.")
    levels = np.concatenate([one, other])
    if len(levels) and not 0 <= levels.min() <= levels.max() < n_levels:
        raise ValueError(f"Levels are 0 to {n_levels - 1}.")
    table = np.zeros((n_levels, n_levels))
    np.add.at(table, (one, other), 1.0)
    return table


def assignment_kappa(first: ArrayLike, second: ArrayLike, *, n_levels: int = 3) -> AssignmentKappa:
    """Agreement of two assignments (n,) to levels 0 to n_levels - 1 (Cohen 1960, 1968)."""
    table = cross_table(first, second, n_levels)
    n = int(table.sum())
    place = np.arange(n_levels, dtype=np.float64)
    gap = (place[:, None] - place[None, :]) ** 2
    return AssignmentKappa(
        n,
        float(np.trace(table) / n) if n else None,
        _defined(cohen_tables(table[None], np.eye(n_levels)).corrected),
        _defined(cohen_tables(table[None], 1.0 - gap / max(gap.max(), 1.0)).corrected),
    )


def _defined(values: NDArray[np.float64]) -> float | None:
    value = float(values[0])
    return None if np.isnan(value) else value
