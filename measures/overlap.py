"""How much two queries that mean the same find the same: average overlap and Jaccard similarity of their first k.

Source: paraphrased retrieval (AO@k, JS@k; k = 10). Among equal scores the item that stands earlier in the gallery comes
first, for both queries alike (ours), so that equal queries overlap fully.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from measures.products import Gallery

Floats = NDArray[np.floating]
Indices = NDArray[np.int64]

FIRST = 10
QUERIES_A_CHUNK = 256


def first_places(scores: Floats, k: int = FIRST) -> Indices:
    """The k items of highest score (n, k) of each row of (n, m), best first, equal scores in gallery order.

    Raises ValueError for k below 1, for a gallery of fewer than k items, and for scores that are not finite.
    """
    size = scores.shape[1]
    if not 1 <= k <= size:
        raise ValueError(f"The first {k} cannot be had from a gallery of {size}.")
    if not np.isfinite(scores).all():
        raise ValueError("A score is not a finite number.")
    bounds = np.partition(scores, size - k, axis=1)[:, size - k]
    found = np.empty((len(scores), k), dtype=np.int64)
    for row, (own, bound) in enumerate(zip(scores, bounds, strict=True)):
        candidates = np.flatnonzero(own >= bound)
        found[row] = candidates[np.argsort(-own[candidates], kind="stable")][:k]
    return found


def _shared(first: Indices, second: Indices) -> Indices:
    """For each depth d = 1..k how many items the first d of both lists share (n, k); no list holds an item twice."""
    place = np.arange(first.shape[1])
    same = first[:, :, None] == second[:, None, :]
    deeper = np.maximum(place[:, None], place[None, :])
    return np.stack([(same & (deeper <= depth)).sum(axis=(1, 2)) for depth in place], axis=1)


def average_overlap(first: Indices, second: Indices) -> Floats:
    """AO@k of each row of two ranked lists (n, k): (1/k) * sum over d = 1..k of |first d shared| / d, 0 to 1."""
    depths = np.arange(1, first.shape[1] + 1)
    return np.asarray((_shared(first, second) / depths).mean(axis=1))


def jaccard(first: Indices, second: Indices) -> Floats:
    """JS@k of each row of two lists (n, k): items shared of items in either, 0 to 1."""
    shared = _shared(first, second)[:, -1]
    return np.asarray(shared / (2 * first.shape[1] - shared))


@dataclass(frozen=True)
class Overlaps:
    """Overlap of each query with its paraphrase (n,), and the k and the gallery that it belongs to."""

    average_overlap: Floats
    jaccard: Floats
    k: int
    gallery_size: int


def paraphrase_overlaps(
    queries: Floats, paraphrases: Floats, gallery: Floats, *, k: int = FIRST, chunk: int = QUERIES_A_CHUNK
) -> Overlaps:
    """AO@k and JS@k of queries (n, d) and their paraphrases (n, d) over a gallery (m, d), `chunk` rows at a time.

    With normalised rows the score is the cosine. Raises ValueError as `first_places`, and where the numbers of rows
    differ.
    """
    if len(queries) != len(paraphrases):
        raise ValueError(f"{len(queries)} queries, but {len(paraphrases)} paraphrases.")
    items = Gallery(gallery)
    overlaps: list[Floats] = [np.empty(0)]
    jaccards: list[Floats] = [np.empty(0)]
    for start in range(0, len(queries), chunk):
        own = first_places(items.scores(queries[start : start + chunk]), k)
        other = first_places(items.scores(paraphrases[start : start + chunk]), k)
        overlaps.append(average_overlap(own, other))
        jaccards.append(jaccard(own, other))
    return Overlaps(np.concatenate(overlaps), np.concatenate(jaccards), k, len(gallery))
