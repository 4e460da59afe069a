"""What every coefficient needs to know of a sample: a few small sums over items, raters and rater pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from measures.agreement.ratings import FloatArray, IntArray

Counted: TypeAlias = npt.NDArray[np.float32] | FloatArray
"""Whole numbers, exact in either width."""

CHUNK_CELLS = 4_000_000
KEPT_CELLS = 20_000_000
THIN = 8
STRIP = 16_384


@dataclass(frozen=True, eq=False)
class PairSums:
    """Sums over items; all arrays share their leading axes (one sample, or one per resample).

    An item with r ratings by different raters has r (r - 1) ordered rater pairs. Where raters are drawn
    twice, pairs of a rater with its own copy are left out throughout.

    shares: (..., q, q) sum over items of the share of its rater pairs that gave categories (c, k).
    coincidences: (..., q, q) the same, weighted by the item's ratings (Krippendorff's matrix).
    pairs: (..., q, q) rater pairs counted plainly.
    prevalence: (..., q) sum over items of each category's share; items_rated: (...) items with a rating.
    items_paired: (...) items with a rater pair; self_pairs: (...) ordered pairs of a rating with its copies.
    """

    shares: FloatArray
    coincidences: FloatArray
    pairs: FloatArray
    prevalence: FloatArray
    items_rated: FloatArray
    items_paired: FloatArray
    self_pairs: FloatArray


@dataclass(frozen=True, eq=False)
class Sample:
    """A sample (or a block of resamples, along the first axis) as the coefficients see it.

    tables: (B, P, q, q) the cross table of each rater pair, or None; pair_weights: (B, P) how often the
    pair was drawn. margins: (B, R, q) how often each rater gave each category; rater_weights: (B, R).
    """

    sums: PairSums
    tables: FloatArray | None
    pair_weights: FloatArray
    margins: FloatArray
    rater_weights: FloatArray


def distinct_rows(counts: IntArray) -> tuple[IntArray, IntArray]:
    """The different rows of a count matrix, and for each item the row that it has."""
    base = int(counts.max()) + 1 if counts.size else 1
    wide = counts.shape[1]
    if wide * np.log2(max(2, base)) < 62:
        key = counts @ (base ** np.arange(wide, dtype=np.int64))
        _, first, row = np.unique(key, return_index=True, return_inverse=True)
        return counts[first], row
    rows, row = np.unique(counts, axis=0, return_inverse=True)
    return rows, row.reshape(-1)


def row_features(rows: IntArray) -> FloatArray | None:
    """What one item of each row adds to every sum, kept for all resamples; None where it is too big to keep."""
    width = 3 * rows.shape[1] ** 2 + rows.shape[1] + 3
    return _features(rows.astype(float)) if len(rows) * width <= KEPT_CELLS else None


def sums_of_rows(rows: IntArray, weights: FloatArray, features: FloatArray | None = None) -> PairSums:
    """The sums of samples that hold row d of ``rows`` (D, q) weights[b, d] times: one matrix product."""
    many, wide = len(weights), rows.shape[1]
    if features is not None:
        return _unpacked(weights @ features, wide)
    chunk = max(1, CHUNK_CELLS // (3 * wide * wide + wide + 3))
    total = np.zeros((many, 3 * wide * wide + wide + 3))
    for start in range(0, len(rows), chunk):
        part = slice(start, start + chunk)
        total += weights[:, part] @ _features(rows[part].astype(float))
    return _unpacked(total, wide)


def _unpacked(total: FloatArray, wide: int) -> PairSums:
    many, square = len(total), wide * wide
    shares, coincidences, pairs = (
        total[:, k * square : (k + 1) * square].reshape(many, wide, wide) for k in range(3)
    )
    tail = total[:, 3 * square :]
    return PairSums(
        shares, coincidences, pairs, tail[:, :wide], tail[:, wide], tail[:, wide + 1], tail[:, wide + 2]
    )


def _features(rows: FloatArray) -> FloatArray:
    """What one item of each row adds to the sums, flattened: (D, 3 q^2 + q + 3)."""
    size = rows.sum(axis=1)
    ordered = rows[:, :, None] * rows[:, None, :] - np.eye(rows.shape[1]) * rows[:, :, None]
    is_paired = size >= 2
    share = np.divide(1.0, size * (size - 1), out=np.zeros_like(size), where=is_paired)
    prevalence = np.divide(rows, size[:, None], out=np.zeros_like(rows), where=size[:, None] > 0)
    flat = ordered.reshape(len(rows), rows.shape[1] ** 2)
    return np.hstack(
        [
            flat * share[:, None],
            flat * (share * size)[:, None],
            flat,
            prevalence,
            (size > 0)[:, None],
            is_paired[:, None],
            (size * is_paired)[:, None],
        ]
    )


def sums_of_weighted(drawn: Counted, copies: Counted, items: Counted | None) -> PairSums:
    """The sums of one resample of raters; leading axis 1. Counts may come as float32, sums are float64.

    drawn: (q, n) ratings of each category and item, a rater drawn m times counting m times; copies: (q, n)
    the same with m * m; items: (n,) how often each item was drawn, or None for once.
    """
    wide, many = drawn.shape
    if wide > THIN:
        return PairSums(*(row[None] for row in _strip_sums(drawn, copies, items)))
    parts = [np.zeros(shape) for shape in [(wide, wide)] * 3 + [(wide,)] + [()] * 3]
    for start in range(0, many, STRIP):
        part = slice(start, start + STRIP)
        strip = _strip_sums(drawn[:, part], copies[:, part], None if items is None else items[part])
        for total, row in zip(parts, strip, strict=True):
            total += row
    return PairSums(*(row[None] for row in parts))


def _strip_sums(
    counted: Counted, counted_copies: Counted, drawn_items: Counted | None
) -> tuple[FloatArray, ...]:
    """The sums of a strip of items short enough for the cache, in the order of `PairSums`."""
    drawn, copies = counted.astype(float), counted_copies.astype(float)
    items = None if drawn_items is None else drawn_items.astype(float)
    size, own = drawn.sum(axis=0), copies.sum(axis=0)
    pairs = size * size - own
    is_paired, is_rated = (pairs > 0.5).astype(float), (size > 0.5).astype(float)
    if items is not None:
        is_paired, is_rated = is_paired * items, is_rated * items
    share = is_paired / np.maximum(pairs, 1.0)
    return (
        _crossed(drawn, copies, share),
        _crossed(drawn, copies, share * size),
        _crossed(drawn, copies, items),
        np.einsum("kn,n->k", drawn, is_rated / np.maximum(size, 1.0)),
        is_rated.sum(),
        is_paired.sum(),
        np.einsum("n,n->", own, is_paired),
    )


def _crossed(drawn: FloatArray, copies: FloatArray, weight: FloatArray | None) -> FloatArray:
    """Weighted rater pairs by categories, without pairs of a rater with its copy: (q, q).

    Few categories are crossed one by one: BLAS threads would fight over such thin matrices.
    """
    heavy = drawn if weight is None else drawn * weight
    own = copies.sum(axis=1) if weight is None else np.einsum("kn,n->k", copies, weight)
    if len(drawn) > THIN:
        crossed: FloatArray = heavy @ drawn.T
    else:
        crossed = np.empty((len(drawn), len(drawn)))
        for row in range(len(drawn)):
            for column in range(row + 1):
                met = np.einsum("n,n->", heavy[row], drawn[column])
                crossed[row, column] = crossed[column, row] = met
    crossed[np.diag_indices(len(drawn))] -= own
    return crossed


def joined(parts: list[PairSums]) -> PairSums:
    """Sums of several resamples, one after the other along the first axis."""
    return PairSums(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in PairSums.__dataclass_fields__)
    )
