"""Which cells of an annotator x annotator table differ from the rest, at a stated false discovery rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from measures.agreement.preparing import clusters_of
from measures.agreement.rater_pairs import MAX_MEETINGS, meetings
from measures.agreement.ratings import FloatArray, IntArray
from measures.agreement.table import Table

FALSE_DISCOVERY_RATE = 0.05
DRAWS = 4_999
MANY_IMAGES = 60
"""Images of a cell from which the permutation distribution is taken as normal instead of being drawn."""
METHOD = (
    "permutation test by image: where three or more judged an image, annotators are exchanged within it; where two "
    "did, images are exchanged between pairs; two-sided, Benjamini-Hochberg over the cells"
)


@dataclass(frozen=True, slots=True)
class PairTest:
    """One cell: agreement above or below what the same images give any two annotators.

    first, second: rater codes of the table. images: that the two share. excess: their share of equal answers less
    the expected one. p: of the permutation test, None where nothing could be exchanged. q: the least false discovery
    rate at which the cell stands out. differs: "more", "less" or "".
    """

    first: int
    second: int
    images: int
    items: int
    excess: float
    p: float | None
    q: float | None
    differs: str


@dataclass(frozen=True, eq=False)
class _Groups:
    """Meetings summed by image and rater pair: residual agreement of each, and which exchange it enters."""

    pair: IntArray
    image: IntArray
    items: IntArray
    residual: FloatArray
    is_within: np.ndarray


def pair_tests(
    table: Table, *, seed: int = 0, rate: float = FALSE_DISCOVERY_RATE
) -> tuple[PairTest, ...] | None:
    """A test of each pair of raters that share an item; None where there are too many meetings to hold.

    Exchangeability is the null: any two annotators of an image would have agreed as often on its captions. Captions
    of one image move together. Cells with fewer than 60 images are drawn (4,999 times, seeded), others taken as
    normal with the exact permutation variance. Source: Benjamini & Hochberg 1995.
    """
    totals = table.totals
    if int((totals * (totals - 1)).sum()) // 2 > MAX_MEETINGS:
        return None
    raters = len(table.raters)
    left, right = meetings(table.item, int(totals.max(initial=0)))
    keys = table.rater[left] * raters + table.rater[right]
    pairs, place = np.unique(keys, return_inverse=True)
    groups = _grouped(table, left, right, place)
    variances = _variances(groups)
    order = np.argsort(groups.pair, kind="stable")
    bounds = np.cumsum(np.bincount(groups.pair, minlength=len(pairs)))[:-1]
    rows = [
        _tested(own, groups, variances, np.random.default_rng([seed, each]))
        for each, own in enumerate(np.split(order, bounds)[: len(pairs)])
    ]
    adjusted = benjamini_hochberg([p for *_rest, p in rows])
    found = []
    for key, (images, items, total, p), q in zip(pairs.tolist(), rows, adjusted, strict=True):
        side = "more" if total > 0 else "less"
        differs = side if q is not None and q <= rate else ""
        excess = total / items if items else 0.0
        found.append(PairTest(key // raters, key % raters, images, items, excess, p, q, differs))
    return tuple(found)


def benjamini_hochberg(p_values: Sequence[float | None]) -> list[float | None]:
    """Adjusted p-values (least rates at which each is discovered); None stays None and does not count."""
    known = [place for place, p in enumerate(p_values) if p is not None]
    order = sorted(known, key=lambda place: p_values[place] or 0.0)
    adjusted: list[float | None] = [None] * len(p_values)
    least = 1.0
    for rank in range(len(order), 0, -1):
        least = min(least, (p_values[order[rank - 1]] or 0.0) * len(order) / rank)
        adjusted[order[rank - 1]] = least
    return adjusted


def _grouped(table: Table, left: IntArray, right: IntArray, pair: IntArray) -> _Groups:
    item, cluster = table.item[left], clusters_of(table)
    agrees = (table.label[left] == table.label[right]).astype(float)
    met = np.bincount(item, minlength=len(table.items))
    expected = np.bincount(item, weights=agrees, minlength=len(table.items)) / np.maximum(met, 1)
    many = int(pair.max(initial=0)) + 1
    keys, place = np.unique(cluster[item] * many + pair, return_inverse=True)
    image = keys // many
    sizes = np.bincount(image, minlength=int(image.max(initial=0)) + 1)
    is_within = sizes[image] > 1
    items = np.bincount(place, minlength=len(keys))
    within = np.bincount(place, weights=agrees - expected[item], minlength=len(keys))
    agreed = np.bincount(place, weights=agrees, minlength=len(keys))
    alone = ~is_within
    share = agreed[alone].sum() / max(1, items[alone].sum())
    residual = np.where(is_within, within, agreed - items * share)
    return _Groups(keys % many, image, items, residual, is_within)


def _variances(groups: _Groups) -> FloatArray:
    """The permutation variance that each group adds: of its image's pairs, or of all images with two annotators."""
    squares = np.bincount(groups.image, weights=groups.residual**2)
    sizes = np.bincount(groups.image)
    alone = groups.residual[~groups.is_within]
    spread = float((alone**2).sum() / (len(alone) - 1)) if len(alone) > 1 else 0.0
    return np.where(groups.is_within, squares[groups.image] / sizes[groups.image], spread)


def _tested(
    own: IntArray, groups: _Groups, variances: FloatArray, rng: np.random.Generator
) -> tuple[int, int, float, float | None]:
    """Images, items, summed residual and p-value of one pair."""
    total = float(groups.residual[own].sum())
    items = int(groups.items[own].sum())
    alone, everyone = int((~groups.is_within[own]).sum()), int((~groups.is_within).sum())
    left_over = 1.0 - alone / everyone if everyone else 0.0
    is_within = groups.is_within[own]
    variance = float(variances[own][is_within].sum() + left_over * variances[own][~is_within].sum())
    if variance < 1e-12:
        return len(own), items, total, None
    if len(own) >= MANY_IMAGES:
        return len(own), items, total, float(2 * norm.sf(abs(total) / np.sqrt(variance)))
    drawn = _drawn_within(groups, own[is_within], rng) + _drawn_between(groups, alone, everyone, rng)
    beyond = int((np.abs(drawn) >= abs(total) - 1e-9).sum())
    return len(own), items, total, (1 + beyond) / (DRAWS + 1)


def _drawn_within(groups: _Groups, own: IntArray, rng: np.random.Generator) -> FloatArray:
    """The sum over images of the residual of a pair drawn from each image."""
    total = np.zeros(DRAWS)
    for image in groups.image[own].tolist():
        low, high = np.searchsorted(groups.image, [image, image + 1])
        total += rng.choice(groups.residual[low:high], DRAWS)
    return total


def _drawn_between(groups: _Groups, alone: int, everyone: int, rng: np.random.Generator) -> FloatArray:
    """The sum of the residuals of so many images drawn from all with two annotators, none twice."""
    if not alone:
        return np.zeros(DRAWS)
    residuals = groups.residual[~groups.is_within]
    if everyone <= 10 * MANY_IMAGES:
        order = rng.random((DRAWS, everyone)).argsort(axis=1)[:, :alone]
        return np.asarray(residuals[order].sum(axis=1))
    shrink = np.sqrt(1.0 - alone / everyone)
    return np.asarray(shrink * residuals[rng.integers(0, everyone, (DRAWS, alone))].sum(axis=1))
