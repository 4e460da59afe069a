"""The nearest rows of a corpus to some queries: exact in blocks, or by lists of which only some are looked into. Pure.

Cosines are inner products of rows of length 1; every row is brought to that length here. faiss does the searching.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Rows = NDArray[np.float32]

# Of a corpus this much is in memory at a time, as float32; so many queries are asked of it at once.
BLOCK_BYTES = 1024**3
QUERIES_AT_ONCE = 2_048
# Lists of an inverted file: LISTS * sqrt(rows); looked into are so many that they hold PROBED rows for each neighbour.
LISTS = 4
PROBED = 20
FEWEST_PROBES = 16
# The lists are found with K-means over this many rows for each.
TRAINED_PER_LIST = 64
# Nobody: the place of a neighbour where the corpus has fewer rows than were asked for.
NOBODY = -1


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The nearest rows of each query (n, k), nearest first: their numbers (int64) and cosines (float32).

    Where there are fewer than k rows, the numbers are -1 and the cosines -inf. Of equal cosines the lower number is
    first.
    """

    rows: NDArray[np.int64]
    cosines: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Recall:
    """How many of the exact neighbours an index found: `hits` of `asked`, over `queries` of them at this k.

    `lowest` and `deviation` (standard, n - 1) are of the shares of single queries.
    """

    hits: int
    asked: int
    queries: int
    lowest: float
    deviation: float

    @property
    def share(self) -> float:
        """Return the mean over the queries, in [0, 1]."""
        return self.hits / self.asked if self.asked else 1.0


def faiss_module() -> Any:
    """Return faiss. Raises ModuleNotFoundError with what to do where it is not installed."""
    try:
        import faiss  # noqa: PLC0415 - an extra of its own
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "faiss is not installed here: install polyannot with its extra `corpora`."
        ) from error
    return faiss


def unit_rows(features: Floats, into: NDArray[np.float32] | None = None) -> tuple[Rows, NDArray[np.bool_]]:
    """Return the rows at length 1, float32, and which of them can be: not those of length 0 or with no number.

    The others become zeros. The rows are written into the beginning of `into` where that is given.
    """
    rows = np.empty(features.shape, dtype=np.float32) if into is None else into[: len(features)]
    rows[...] = features
    squares = np.einsum("ij,ij->i", rows, rows)
    usable = np.isfinite(squares) & (squares > 0)
    if not usable.all():
        rows[~usable] = 0
        squares[~usable] = 1
    rows *= (1 / np.sqrt(squares))[:, None]
    return rows, usable


def blocks(features: Floats) -> Iterator[tuple[int, Floats]]:
    """Yield (first row, rows) of a table, which may be mapped from a file: at most BLOCK_BYTES as float32."""
    size = max(1, BLOCK_BYTES // (4 * max(1, features.shape[1])))
    for start in range(0, len(features), size):
        yield start, features[start : start + size]


def nobody(n: int, k: int) -> Neighbours:
    """Return k places for each of n queries, with nobody in them."""
    return Neighbours(np.full((n, k), NOBODY, dtype=np.int64), np.full((n, k), -np.inf, dtype=np.float32))


def exact_neighbours(queries: Floats, corpus: Floats, k: int, *, first: int = 0) -> Neighbours:
    """Return the k nearest rows of `corpus` (n, d) to each query (q, d), every row looked at.

    Numbers count from `first`. Memory: q * k * 12 bytes for the answer, BLOCK_BYTES for a block of the corpus, and some
    times QUERIES_AT_ONCE * k * 12 bytes. Rows of length 0 are nobody's neighbours.
    """
    faiss = faiss_module()
    asked, _usable = unit_rows(queries)
    found: Neighbours | None = None
    for numbers, rows in _usable_blocks(corpus, first):
        depth = min(k, len(rows))
        before, found = found, nobody(len(asked), k)
        for at in range(0, len(asked), QUERIES_AT_ONCE):
            some = slice(at, at + QUERIES_AT_ONCE)
            cosines, places = faiss.knn(asked[some], rows, depth, metric=faiss.METRIC_INNER_PRODUCT)
            found.rows[some, :depth], found.cosines[some, :depth] = numbers[places], cosines
            if before is not None:
                parts = [Neighbours(part.rows[some], part.cosines[some]) for part in (before, found)]
                merged = merged_neighbours(parts, k)
                found.rows[some], found.cosines[some] = merged.rows, merged.cosines
    return found if found is not None else nobody(len(asked), k)


def _usable_blocks(corpus: Floats, first: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    """Yield (numbers, rows of length 1) block by block, without the rows that have no direction.

    All blocks lie in the same memory, one after the other.
    """
    memory: Rows | None = None
    for start, block in blocks(corpus):
        memory = np.empty(block.shape, dtype=np.float32) if memory is None else memory
        rows, usable = unit_rows(block, memory)
        numbers = np.arange(start, start + len(rows), dtype=np.int64) + first
        if not usable.all():
            rows, numbers = rows[usable], numbers[usable]
        if len(rows):
            yield numbers, rows


def default_lists(n_rows: int) -> int:
    """Return the number of lists for so many rows: LISTS times their square root, with 39 rows each at least."""
    return max(1, min(int(LISTS * n_rows**0.5), n_rows // 39))


def default_probes(n_rows: int, n_lists: int, k: int) -> int:
    """Return how many lists are looked into: those that hold PROBED rows for each neighbour, and 16 at least."""
    return min(n_lists, max(FEWEST_PROBES, -(-PROBED * k * n_lists // max(1, n_rows))))


def listed_neighbours(
    queries: Floats, corpus: Floats, k: int, *, seed: int, probes: int = 0, first: int = 0
) -> Neighbours:
    """Return near rows to each query from an inverted file over `corpus`: not always the nearest, but sooner.

    The lists are found by K-means on a sample drawn with `seed`; `probes` of them are looked into (default:
    `default_probes`). Memory: the corpus as float32 beside the answer. Raises as `exact_neighbours`.
    """
    faiss = faiss_module()
    asked, _usable = unit_rows(queries)
    n_lists = default_lists(len(corpus))
    index = faiss.IndexIVFFlat(
        faiss.IndexFlatIP(corpus.shape[1]), corpus.shape[1], n_lists, faiss.METRIC_INNER_PRODUCT
    )
    index.cp.seed = seed % 2**31
    drawn = np.random.default_rng(seed).permutation(len(corpus))[: n_lists * TRAINED_PER_LIST]
    sample, usable = unit_rows(corpus[np.sort(drawn)])
    index.train(sample[usable])
    for numbers, rows in _usable_blocks(corpus, first):
        index.add_with_ids(rows, numbers)
    index.nprobe = probes or default_probes(len(corpus), n_lists, k)
    found = nobody(len(asked), k)
    for at in range(0, len(asked), QUERIES_AT_ONCE):
        some = slice(at, at + QUERIES_AT_ONCE)
        cosines, numbers = index.search(asked[some], k)
        found.rows[some] = numbers
        found.cosines[some] = np.where(numbers == NOBODY, -np.inf, cosines)
    return found


def merged_neighbours(parts: Sequence[Neighbours], k: int) -> Neighbours:
    """Return the k nearest over all parts of a corpus, each with k neighbours of the same queries, nearest first."""
    faiss = faiss_module()
    if len(parts) == 1:
        return parts[0]
    cosines, rows = faiss.merge_knn_results(
        np.stack([part.cosines for part in parts]), np.stack([part.rows for part in parts]), keep_max=True
    )
    return Neighbours(
        rows[:, :k], np.where(rows[:, :k] == NOBODY, -np.inf, cosines[:, :k]).astype(np.float32)
    )


def recall(found: Neighbours, exact: Neighbours) -> Recall:
    """Say how many of the exact neighbours (same queries, same k) were found."""
    shares, hits, asked = [], 0, 0
    for got, wanted in zip(found.rows, exact.rows, strict=True):
        wanted = wanted[wanted != NOBODY]
        n = int(np.isin(wanted, got).sum())
        hits, asked = hits + n, asked + len(wanted)
        shares.append(n / len(wanted) if len(wanted) else 1.0)
    deviation = float(np.std(shares, ddof=1)) if len(shares) > 1 else 0.0
    return Recall(hits, asked, len(shares), min(shares, default=1.0), deviation)
