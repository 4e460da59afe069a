"""The items x categories table that every coefficient is computed from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from measures.agreement.ratings import IntArray, Ratings
from measures.agreement.scale import Scale, Treated, places_of

MAX_CELLS = 200_000_000


@dataclass(frozen=True, slots=True)
class Exclusion:
    """What was left out and why: so many ratings, so many items (0 where the count makes no sense)."""

    reason: str
    ratings: int = 0
    items: int = 0


@dataclass(frozen=True, eq=False)
class Table:
    """Ratings that enter: at most one per item and rater, each on a category of the scale.

    ``item``, ``rater`` and ``label`` are codes sorted by item, then rater, without gaps; ``items`` and
    ``raters`` hold the codes that they had in the `Ratings`. ``counts`` is items x categories.
    """

    item: IntArray
    rater: IntArray
    label: IntArray
    items: IntArray
    raters: IntArray
    scale: Scale
    counts: IntArray
    cluster: IntArray | None = None
    excluded: tuple[Exclusion, ...] = ()

    @cached_property
    def totals(self) -> IntArray:
        """Ratings per item."""
        total: IntArray = self.counts.sum(axis=1)
        return total


@dataclass(frozen=True, eq=False)
class Repeats:
    """Later ratings of an item by a rater who had rated it: kept apart, never between raters."""

    item: IntArray
    rater: IntArray
    before: IntArray
    after: IntArray


def tabulate(ratings: Ratings, scale: Scale) -> tuple[Table, Repeats]:
    """The table of first ratings and, apart, the repeats; what is left out is counted in ``excluded``."""
    place = np.array([*places_of(ratings.labels, scale), -1], dtype=np.int64)
    label = np.where(ratings.label < 0, -1, place[ratings.label])
    excluded = _unused(ratings, label)
    used = np.flatnonzero(label >= 0)
    key = ratings.item[used] * max(1, len(ratings.raters)) + ratings.rater[used]
    order = np.argsort(key, kind="stable")
    key, used = key[order], used[order]
    again = np.zeros(len(key), dtype=bool)
    again[1:] = key[1:] == key[:-1]
    later = np.flatnonzero(again)
    repeats = Repeats(
        ratings.item[used[later]], ratings.rater[used[later]], label[used[later - 1]], label[used[later]]
    )
    if len(later):
        reason = "rated before by the same rater: compared with the earlier rating, not with others"
        excluded.append(Exclusion(reason, len(later), len(np.unique(repeats.item))))
    first = used[~again]
    table = dense(ratings.item[first], ratings.rater[first], label[first], scale)
    if ratings.cluster is not None:
        table = replace(table, cluster=compact(ratings.cluster[table.items])[0])
    return replace(table, excluded=tuple(excluded)), repeats


def treated_table(table: Table, treated: Treated) -> Table:
    """The table with its categories mapped by a treatment of "unsure"; ratings mapped to -1 leave it."""
    if treated.places == tuple(range(len(table.scale.categories))):
        return replace(table, scale=treated.scale)
    label = np.array([*treated.places, -1], dtype=np.int64)[table.label]
    stays = label >= 0
    gone = int((~stays).sum())
    found = dense(table.item[stays], table.rater[stays], label[stays], treated.scale)
    cluster = None if table.cluster is None else compact(table.cluster[found.items])[0]
    lost = len(table.items) - len(found.items)
    reason = Exclusion("unsure counts as no rating", gone, lost)
    return replace(
        found,
        items=table.items[found.items],
        raters=table.raters[found.raters],
        cluster=cluster,
        excluded=(*table.excluded, *((reason,) if gone else ())),
    )


def dense(item: IntArray, rater: IntArray, label: IntArray, scale: Scale) -> Table:
    """A table without gaps in its codes; the arrays must be sorted by item."""
    item, items = compact(item)
    rater, raters = compact(rater)
    wide = len(scale.categories)
    if len(items) * wide > MAX_CELLS:
        raise ValueError(f"{len(items)} items with {wide} categories do not fit into memory.")
    counts = np.bincount(item * wide + label, minlength=len(items) * wide).reshape(len(items), wide)
    return Table(item, rater, label, items, raters, scale, counts)


def compact(codes: IntArray) -> tuple[IntArray, IntArray]:
    """Codes without gaps, and the old code of each: the same as np.unique, without sorting."""
    used = np.zeros(int(codes.max()) + 1 if len(codes) else 0, dtype=bool)
    used[codes] = True
    place: IntArray = np.cumsum(used, dtype=np.int64) - 1
    return place[codes], np.flatnonzero(used)


def _unused(ratings: Ratings, label: IntArray) -> list[Exclusion]:
    """Ratings without a label, and ratings whose label is not in the category list."""
    found: list[Exclusion] = []
    empty = ratings.label < 0
    if empty.any():
        found.append(_exclusion("no label", ratings.item[empty]))
    for code in np.unique(ratings.label[~empty & (label < 0)]).tolist():
        reason = f"label {ratings.labels[code]!r} is not in the category list"
        found.append(_exclusion(reason, ratings.item[ratings.label == code]))
    return found


def _exclusion(reason: str, items: Sequence[int] | IntArray) -> Exclusion:
    return Exclusion(reason, len(items), len(np.unique(items)))
