"""Seeded resampling of items, raters or whole clusters of items; each resample is a `Sample`."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import sparse

from measures.agreement.rater_pairs import RaterPairs, margins, rater_pairs
from measures.agreement.ratings import FloatArray, IntArray
from measures.agreement.scale import Scale
from measures.agreement.sums import (
    PairSums,
    Sample,
    distinct_rows,
    joined,
    row_features,
    sums_of_rows,
    sums_of_weighted,
)
from measures.agreement.table import Table

KINDS = ("items", "raters", "items+raters", "clusters", "clusters+raters")
EXACT_IN_FLOAT32 = 2**24
BLOCK_CELLS = 24_000_000
MAX_RESAMPLED_CELLS = 1_000_000_000
"""Cells of cross tables times replicates above which coefficients by rater pair get no interval."""
STRETCH = 2048

Float32Array: TypeAlias = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """What is drawn again with replacement, how often, and from which seed.

    "items": a fixed panel of raters; "raters": fixed items; "items+raters": both at random, as in a survey;
    "clusters": all items of an image together; "clusters+raters". A rater drawn twice is never compared
    with itself.
    """

    kind: str = "items"
    replicates: int = 2000
    seed: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"The bootstrap must draw one of {', '.join(KINDS)}, not {self.kind!r}.")
        if self.replicates < 1:
            raise ValueError("A bootstrap needs at least one replicate.")

    @property
    def draws_raters(self) -> bool:
        """Whether raters are drawn."""
        return self.kind.endswith("raters")

    @property
    def draws_clusters(self) -> bool:
        """Whether items are drawn by cluster."""
        return self.kind.startswith("clusters")

    @property
    def draws_items(self) -> bool:
        """Whether items (alone or by cluster) are drawn."""
        return self.kind != "raters"


Drawing: TypeAlias = Callable[[np.random.Generator, int], Sample]


class Resampler:
    """A table made ready to be resampled; what the kinds share is built once.

    With ``with_raters`` False the cross tables and margins that Cohen, Scott, Light and Conger need are left
    out, and items are drawn as a multinomial over the different count rows.
    """

    def __init__(self, table: Table, with_raters: bool = True) -> None:
        self.table = table
        self.with_raters = with_raters
        self.rows, self.row_of_item = distinct_rows(table.counts)
        self.features = row_features(self.rows)

    def rescaled(self, scale: Scale) -> Resampler:
        """The same ratings on a scale with the same categories in the same places, nothing counted again."""
        other = copy.copy(self)
        other.table = replace(self.table, scale=scale)
        return other

    @cached_property
    def pairs(self) -> RaterPairs | None:
        """The rater pairs, or None where there are too many or none are asked for."""
        return rater_pairs(self.table) if self.with_raters else None

    @cached_property
    def observed(self) -> Sample:
        """The sample as it is: a block of one."""
        weights = np.bincount(self.row_of_item, minlength=len(self.rows)).astype(float)
        wide, raters = len(self.table.scale.categories), len(self.table.raters)
        tables = None if self.pairs is None else self.pairs.tables(wide)[None]
        pairs = 0 if self.pairs is None else len(self.pairs.first)
        cells = np.bincount(self.table.rater * wide + self.table.label, minlength=raters * wide)
        return Sample(
            sums_of_rows(self.rows, weights[None], self.features),
            tables,
            np.ones((1, pairs)),
            cells.reshape(1, raters, wide).astype(float),
            np.ones((1, raters)),
        )

    def crosses(self, bootstrap: Bootstrap) -> bool:
        """Whether this bootstrap resamples the cross tables of rater pairs too."""
        if self.pairs is None:
            return False
        return self.pairs.cells.shape[0] * bootstrap.replicates <= MAX_RESAMPLED_CELLS

    def units(self, bootstrap: Bootstrap) -> int:
        """How many units the scarcer of the drawn kinds has."""
        counts = [len(self.table.raters)] if bootstrap.draws_raters else []
        if bootstrap.draws_items:
            counts.append(len(self.cluster_sizes) if bootstrap.draws_clusters else len(self.table.items))
        return min(counts)

    @cached_property
    def cluster_sizes(self) -> IntArray:
        """Items per cluster."""
        if self.table.cluster is None:
            raise ValueError("A bootstrap over clusters needs a cluster for each item.")
        sizes: IntArray = np.bincount(self.table.cluster)
        return sizes

    def replicates(self, bootstrap: Bootstrap, figures: Callable[[Sample], FloatArray]) -> FloatArray:
        """``figures`` of every resample, joined along the last axis: (..., replicates).

        ``figures`` gets a block of B resamples and returns (..., B). The same seed gives the same values
        however many threads there are: each block has its own stream.
        """
        draw = self._drawing(bootstrap)
        sizes = self._blocks(bootstrap)
        root = [bootstrap.seed, KINDS.index(bootstrap.kind)]

        def block(place: int) -> FloatArray:
            return figures(draw(np.random.Generator(np.random.SFC64([*root, place])), sizes[place]))

        with ThreadPoolExecutor(max_workers=min(2, os.cpu_count() or 1)) as threads:
            return np.concatenate(list(threads.map(block, range(len(sizes)))), axis=-1)

    def _drawing(self, bootstrap: Bootstrap) -> Drawing:
        """The function that draws a block; what blocks share is built here, before the threads start."""
        _ = self.observed
        if bootstrap.draws_raters:
            return RaterDrawing(self, bootstrap).draw
        if bootstrap.kind == "items" and not self.with_raters:
            return self._draw_rows
        stacked = self.stacked(bootstrap)

        def draw(rng: np.random.Generator, many: int) -> Sample:
            total = stacked @ drawn_counts(rng, stacked.shape[1], many).astype(stacked.dtype, copy=False)
            return self.split(np.asarray(total, dtype=float).T)

        return draw

    def _draw_rows(self, rng: np.random.Generator, many: int) -> Sample:
        size = len(self.table.items)
        chances = np.bincount(self.row_of_item, minlength=len(self.rows)) / max(1, size)
        weights = rng.multinomial(size, chances, size=many).astype(float)
        return self.sample(sums_of_rows(self.rows, weights, self.features), None, None)

    def _blocks(self, bootstrap: Bootstrap) -> list[int]:
        """Block sizes that keep memory bounded: a block holds draws, sums and cross tables."""
        wide = len(self.table.scale.categories)
        pairs = len(self.pairs.first) if self.pairs is not None and self.crosses(bootstrap) else 0
        width = len(self.rows) + len(self.table.items) + (pairs + len(self.table.raters) + 3) * wide * wide
        if bootstrap.draws_raters:
            width += 4 * wide * len(self.table.items)
        most = int(np.clip(BLOCK_CELLS // max(1, width), 1, 100))
        return [min(most, bootstrap.replicates - start) for start in range(0, bootstrap.replicates, most)]

    def stacked(self, bootstrap: Bootstrap) -> sparse.csc_array:
        """One sparse matrix whose product with drawn counts gives rows, margins and cross tables."""
        items = len(self.table.items)
        starts = np.arange(items + 1)
        ones = np.ones(items, dtype=np.float32)
        parts = [sparse.csc_array((ones, self.row_of_item, starts), shape=(len(self.rows), items))]
        if self.with_raters:
            parts.append(margins(self.table))
        if self.pairs is not None and self.crosses(bootstrap):
            parts.append(self.pairs.cells)
        stacked = sparse.csc_array(sparse.vstack(parts, format="csc"))
        if bootstrap.draws_clusters and self.table.cluster is not None:
            of_item = sparse.csc_array(
                (ones, (np.arange(items), self.table.cluster)), shape=(items, len(self.cluster_sizes))
            )
            stacked = sparse.csc_array(stacked @ of_item)
        is_exact = stacked.sum() < EXACT_IN_FLOAT32 // 4
        return stacked if is_exact else sparse.csc_array(stacked.astype(np.float64))

    def split(self, total: FloatArray) -> Sample:
        """A block of samples from the stacked product (B, rows + margins + cells)."""
        rows, raters = len(self.rows), len(self.table.raters)
        wide, many = len(self.table.scale.categories), len(total)
        sums = sums_of_rows(self.rows, total[:, :rows], self.features)
        if not self.with_raters:
            return self.sample(sums, None, None)
        after = rows + raters * wide
        tables = None
        if self.pairs is not None and total.shape[1] > after:
            tables = total[:, after:].reshape(many, len(self.pairs.first), wide, wide)
        return self.sample(sums, tables, total[:, rows:after].reshape(many, raters, wide))

    def sample(self, sums: PairSums, tables: FloatArray | None, given: FloatArray | None) -> Sample:
        seen = self.observed
        return Sample(
            sums, tables, seen.pair_weights, seen.margins if given is None else given, seen.rater_weights
        )


class RaterDrawing:
    """Draws blocks in which raters, and with them items or clusters where asked, come up at random."""

    def __init__(self, resampler: Resampler, bootstrap: Bootstrap) -> None:
        self.resampler, self.bootstrap = resampler, bootstrap
        self.table = table = resampler.table
        items, self.wide = len(table.items), len(table.scale.categories)
        cell = table.label * items + table.item
        self.given = sparse.csr_array(
            (np.ones(len(cell), dtype=np.float32), (cell, table.rater)),
            shape=(self.wide * items, len(table.raters)),
        )
        items_alone = replace(bootstrap, kind="items")
        self.stacked = resampler.stacked(items_alone) if bootstrap.draws_items else None

    def draw(self, rng: np.random.Generator, many: int) -> Sample:
        """A block of ``many`` resamples."""
        drawn = drawn_counts(rng, len(self.table.raters), many)
        weights = self._item_weights(rng, many) if self.bootstrap.draws_items else None
        both = self.given @ np.concatenate([drawn, drawn * drawn], axis=1)
        both = _turned(both).reshape(2, many, self.wide, len(self.table.items))
        sums = joined(
            [
                sums_of_weighted(both[0, b], both[1, b], None if weights is None else weights[:, b])
                for b in range(many)
            ]
        )
        return self._with_raters(sums, drawn.T.astype(float), weights)

    def _item_weights(self, rng: np.random.Generator, many: int) -> Float32Array:
        if self.bootstrap.draws_clusters and self.table.cluster is not None:
            drawn = drawn_counts(rng, len(self.resampler.cluster_sizes), many)
            return drawn[self.table.cluster]
        return drawn_counts(rng, len(self.table.items), many)

    def _with_raters(self, sums: PairSums, chosen: FloatArray, weights: Float32Array | None) -> Sample:
        fixed, pairs = self.resampler.observed, self.resampler.pairs
        if self.stacked is not None and weights is not None:
            total = self.stacked @ weights.astype(self.stacked.dtype, copy=False)
            fixed = self.resampler.split(np.asarray(total, dtype=float).T)
        if pairs is None or not self.resampler.crosses(self.bootstrap):
            return Sample(sums, None, fixed.pair_weights, fixed.margins, chosen)
        together = chosen[:, pairs.first] * chosen[:, pairs.second]
        return Sample(sums, fixed.tables, together, fixed.margins, chosen)


def _turned(matrix: Float32Array) -> Float32Array:
    """The transpose, copied in strips that fit the cache."""
    out = np.empty(matrix.shape[::-1], dtype=np.float32)
    for start in range(0, len(matrix), 1024):
        out[:, start : start + 1024] = matrix[start : start + 1024].T
    return out


def drawn_counts(rng: np.random.Generator, units: int, many: int) -> Float32Array:
    """How often each unit comes up when as many units are drawn with replacement: (units, many).

    Draws are first dealt to stretches of 2,048 units and then inside each stretch, from the bits of random
    bytes: every count table stays small and the result is multinomial all the same.
    """
    edges = np.append(np.arange(0, units, STRETCH), units)
    sizes = np.diff(edges)
    dealt = rng.multinomial(units, sizes / max(1, units), size=many)
    counts = np.empty((units, many), dtype=np.float32)
    which = np.arange(many)
    for part, (start, size) in enumerate(zip(edges[:-1].tolist(), sizes.tolist(), strict=True)):
        of_sample = np.repeat(which, dealt[:, part])
        if size == STRETCH:
            place = np.frombuffer(rng.bytes(2 * len(of_sample)), dtype="<u2") & (STRETCH - 1)
        else:
            place = rng.integers(0, size, len(of_sample))
        cell = place * np.int64(many) + of_sample
        counts[start : start + size] = np.bincount(cell, minlength=size * many).reshape(size, many)
    return counts
