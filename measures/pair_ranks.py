"""The rank of each single relevant item, under the rule for ties of `measures.ranking`."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from measures.products import Gallery
from measures.ranking import QUERIES_A_CHUNK, ranks_from_scores

Floats = NDArray[np.floating]
Indices = NDArray[np.int64]


def pair_ranks(
    queries: Floats, gallery: Floats, relevant: Sequence[Indices], *, chunk: int = QUERIES_A_CHUNK
) -> list[Indices]:
    """For each query (n, d) the 1-based ranks of its relevant items of the gallery (m, d), in the order given.

    Sorted they are the ranks of `relevant_ranks`: irrelevant items of the same score come first, relevant ones in
    gallery order. Items of one query are distinct. Raises ValueError as `relevant_ranks`.
    """
    items = Gallery(gallery)
    found: list[Indices] = []
    for start in range(0, len(queries), chunk):
        scores = items.scores(queries[start : start + chunk])
        wanted = relevant[start : start + chunk]
        sorted_ranks = ranks_from_scores(scores, wanted)
        for row, own in enumerate(wanted):
            first, last = sorted_ranks.offsets[row : row + 2]
            ranks = np.empty(len(own), dtype=np.int64)
            ranks[np.lexsort((own, -scores[row, own]))] = sorted_ranks.ranks[first:last]
            found.append(ranks)
    return found
