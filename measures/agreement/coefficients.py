"""The coefficients, each a formula on a `Sample`; NaN where the formula is undefined.

Every function works on a block of samples at once and returns one value per sample, shape (B,).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from measures.agreement.ratings import FloatArray
from measures.agreement.scale import Scale
from measures.agreement.sums import PairSums, Sample
from measures.agreement.weights import distances

TINY = 1e-12


@dataclass(frozen=True, slots=True)
class Chance:
    """Observed and expected agreement of a block of samples; corrected = (observed - expected) / rest."""

    observed: FloatArray
    expected: FloatArray

    @property
    def corrected(self) -> FloatArray:
        """Chance-corrected agreement; NaN where chance alone already agrees always."""
        rest = 1.0 - self.expected
        return _ratio(self.observed - self.expected, np.where(rest > TINY, rest, 0.0))


def _ratio(top: FloatArray, bottom: FloatArray) -> FloatArray:
    out: FloatArray = np.full(np.broadcast_shapes(top.shape, bottom.shape), np.nan)
    np.divide(top, bottom, out=out, where=bottom > 0)
    return out


def _met(first: FloatArray, weights: FloatArray, second: FloatArray) -> FloatArray:
    """The weighted chance that two independent category shares (..., q) meet."""
    met: FloatArray = ((first @ weights) * second).sum(-1)
    return met


def raw(sums: PairSums, weights: FloatArray) -> FloatArray:
    """Raw agreement: of an item's rater pairs the (weighted) share that agrees, mean over items."""
    return _ratio((sums.shares * weights).sum((-1, -2)), sums.items_paired)


def prevalence(sums: PairSums) -> FloatArray:
    """The share of each category, mean over all rated items, also those with one rating: (B, q)."""
    return _ratio(sums.prevalence, sums.items_rated[..., None])


def fleiss(sums: PairSums, weights: FloatArray) -> Chance:
    """Fleiss' kappa for unequal numbers of raters (Gwet 2014, chapter 2)."""
    share = prevalence(sums)
    return Chance(raw(sums, weights), _met(share, weights, share))


def gwet(sums: PairSums, weights: FloatArray) -> Chance:
    """Gwet's AC1 (identity weights) or AC2 (others) (Gwet 2008, 2014)."""
    share, size = prevalence(sums), len(weights)
    spread = (share * (1 - share)).sum(-1)
    expected = weights.sum() * spread / (size * (size - 1)) if size > 1 else np.ones_like(spread)
    return Chance(raw(sums, weights), expected)


def brennan_prediger(sums: PairSums, weights: FloatArray) -> Chance:
    """Brennan and Prediger's coefficient: chance is uniform over the list (two categories: PABAK)."""
    observed = raw(sums, weights)
    return Chance(observed, np.full_like(observed, weights.mean()))


def alpha(sums: PairSums, distance: Callable[[FloatArray], FloatArray]) -> FloatArray:
    """Krippendorff's alpha = 1 - observed / expected disagreement over pairable ratings."""
    totals = sums.coincidences.sum(-1)
    ratings = totals.sum(-1)
    gap = distance(totals)
    observed = _ratio((sums.coincidences * gap).sum((-1, -2)), ratings)
    crossed = ((totals[..., None, :] @ gap)[..., 0, :] * totals).sum(-1)
    expected = _ratio(crossed, ratings**2 - sums.self_pairs)
    return 1.0 - _ratio(observed, expected)


def specific(sums: PairSums, category: int) -> FloatArray:
    """Specific agreement: of the pairs in which one rater gave the category, how often the other did too."""
    return _ratio(sums.pairs[..., category, category], sums.pairs[..., category, :].sum(-1))


def cohen_tables(tables: FloatArray, weights: FloatArray) -> Chance:
    """Cohen's (weighted) kappa of cross tables (..., q, q)."""
    observed, rows, columns = _shares(tables, weights)
    return Chance(observed, _met(rows, weights, columns))


def scott_tables(tables: FloatArray, weights: FloatArray) -> Chance:
    """Scott's pi of cross tables (..., q, q): both raters share one prevalence."""
    observed, rows, columns = _shares(tables, weights)
    share = (rows + columns) / 2
    return Chance(observed, _met(share, weights, share))


def _shares(tables: FloatArray, weights: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    total = tables.sum((-1, -2))
    observed = _ratio((tables * weights).sum((-1, -2)), total)
    return observed, _ratio(tables.sum(-1), total[..., None]), _ratio(tables.sum(-2), total[..., None])


def mean_over_pairs(sample: Sample, chance: Chance) -> FloatArray:
    """The mean of a figure per rater pair (Light's kappa for Cohen's) over the pairs that define it."""
    value = chance.corrected
    weight = np.where(np.isnan(value), 0.0, sample.pair_weights)
    return _ratio((np.nan_to_num(value) * weight).sum(-1), weight.sum(-1))


def conger(sample: Sample, weights: FloatArray) -> Chance:
    """Conger's kappa: chance is the mean over rater pairs of what their own habits would give."""
    size = sample.margins.sum(-1)
    habit = np.divide(
        sample.margins, size[..., None], out=np.zeros_like(sample.margins), where=size[..., None] > 0
    )
    drawn = sample.rater_weights * (size > 0)
    total = (drawn[..., None] * habit).sum(-2)
    own = _met(habit, weights, habit)
    crossed = _met(total, weights, total) - (drawn**2 * own).sum(-1)
    pairs = drawn.sum(-1) ** 2 - (drawn**2).sum(-1)
    return Chance(raw(sample.sums, weights), _ratio(crossed, pairs))


def level_distance(level: str, scale: Scale) -> Callable[[FloatArray], FloatArray]:
    """Krippendorff's distance at a level as a function of the category totals."""
    return lambda totals: distances(level, scale, totals)
