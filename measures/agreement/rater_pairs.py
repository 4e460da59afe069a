"""Which raters met on which items: cross tables by rater pair, joined by item."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from measures.agreement.ratings import FloatArray, IntArray
from measures.agreement.table import Table

MAX_MEETINGS = 30_000_000
"""Item-and-rater-pair meetings above which cross tables by pair are not built."""
MAX_CELLS = 50_000_000
"""Cells of all cross tables together above which they are not built."""

MOST_COUNTED_KEYS = 4_000_000


@dataclass(frozen=True, eq=False)
class RaterPairs:
    """Every pair of raters that met: first[p] < second[p] are rater codes of the table.

    ``cells`` (P * q * q, items) is sparse and 1 where the item puts the pair into that cell of its cross
    table (rows: the first rater's categories), so that resampled tables are one matrix product.
    """

    first: IntArray
    second: IntArray
    cells: sparse.csc_array

    def tables(self, categories: int) -> FloatArray:
        """The cross tables as observed: (P, q, q)."""
        total: FloatArray = np.asarray(self.cells.sum(axis=1), dtype=float)
        return total.reshape(len(self.first), categories, categories)


def rater_pairs(table: Table) -> RaterPairs | None:
    """The pairs of raters that share an item, or None where there are too many meetings to hold."""
    totals = table.totals
    if int((totals * (totals - 1)).sum()) // 2 > MAX_MEETINGS:
        return None
    left, right = meetings(table.item, int(totals.max(initial=0)))
    wide, raters = len(table.scale.categories), len(table.raters)
    key = table.rater[left] * raters + table.rater[right]
    pairs, place = _different(key, raters * raters)
    if len(pairs) * wide * wide > MAX_CELLS:
        return None
    cell = (place * wide + table.label[left]) * wide + table.label[right]
    item = table.item[left]
    order = np.argsort(item, kind="stable")
    starts = np.zeros(len(table.items) + 1, dtype=np.int64)
    np.cumsum(np.bincount(item, minlength=len(table.items)), out=starts[1:])
    cells = sparse.csc_array(
        (np.ones(len(cell), dtype=np.float32), cell[order], starts),
        shape=(len(pairs) * wide * wide, len(table.items)),
    )
    return RaterPairs(pairs // max(1, raters), pairs % max(1, raters), cells)


def _different(key: IntArray, below: int) -> tuple[IntArray, IntArray]:
    """The different keys in order and the place of each, as np.unique gives them; sorts only where they are wide."""
    if below > MOST_COUNTED_KEYS:
        pairs, place = np.unique(key, return_inverse=True)
        return pairs, place
    used = np.zeros(below, dtype=bool)
    used[key] = True
    order: IntArray = np.cumsum(used, dtype=np.int64) - 1
    return np.flatnonzero(used), order[key]


def meetings(item: IntArray, most: int) -> tuple[IntArray, IntArray]:
    """The places of every two ratings of one item, the smaller first; item must be sorted."""
    left = [np.flatnonzero(item[step:] == item[:-step]) for step in range(1, most)]
    right = [found + step for step, found in enumerate(left, start=1)]
    empty = np.empty(0, dtype=np.int64)
    return np.concatenate([empty, *left]), np.concatenate([empty, *right])


def margins(table: Table) -> sparse.csc_array:
    """Sparse (R * q, items): 1 where the item got that category from that rater."""
    wide = len(table.scale.categories)
    starts = np.zeros(len(table.items) + 1, dtype=np.int64)
    np.cumsum(table.totals, out=starts[1:])
    return sparse.csc_array(
        (np.ones(len(table.item), dtype=np.float32), table.rater * wide + table.label, starts),
        shape=(len(table.raters) * wide, len(table.items)),
    )
