"""Paraphrases under one encoder: whether they find the same images, query expansion, and how cosines go with grades."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from measures.overlap import FIRST, paraphrase_overlaps
from measures.ranking import relevant_ranks
from measures.resampling import Estimate, clustered_mean, clustered_pearson, clustered_spearman
from measures.retrieval import direction_figures
from ml_workers.jobs.evaluation import TEXT_TO_IMAGE, ComputedFigure

Rows = NDArray[np.float64]

# Texts that expand a query (paraphrased retrieval: K = 3).
EXPANSIONS = 3
KS = (1, 5, 10)


class Pair(Protocol):
    """A paraphrase beside its original."""

    @property
    def original_id(self) -> int:
        """The original's version."""

    @property
    def version_id(self) -> int:
        """The paraphrase's version."""

    @property
    def grade(self) -> float | None:
        """Mean grade by people, 0 to 5."""

    @property
    def is_drawn(self) -> bool:
        """Whether it is the one perfect paraphrase that was drawn of its original."""


@dataclass(frozen=True, slots=True)
class Gallery:
    """Images as unit rows (m, d), and of each benchmarked caption's version the place of its image among them."""

    images: Rows
    image_of: Mapping[int, int]


def unit_texts(features: Mapping[int, NDArray[np.float32]]) -> dict[int, Rows]:
    """The features of texts (d,) in double precision with length 1."""
    wide = {version: row.astype(np.float64) for version, row in features.items()}
    return {version: row / (float(np.linalg.norm(row)) or 1.0) for version, row in wide.items()}


def paraphrase_figures(
    pairs: Sequence[Pair],
    texts: Mapping[int, Rows],
    gallery: Gallery,
    *,
    expansions: int = EXPANSIONS,
    seed: int,
) -> list[ComputedFigure]:
    """All figures of the paraphrases of one encoder; `texts` are unit rows (d,) by version.

    A pair without both texts is left out; queries are the pairs whose original is benchmarked. A gallery of fewer than
    10 images has no overlaps.
    """
    whole = [pair for pair in pairs if pair.original_id in texts and pair.version_id in texts]
    queries = [pair for pair in whole if pair.original_id in gallery.image_of]
    figures: list[ComputedFigure] = []
    if len(gallery.images) >= FIRST:
        for name, taken in (("", queries), (" perfect", [pair for pair in queries if pair.is_drawn])):
            first = _stack(texts[pair.original_id] for pair in taken)
            second = _stack(texts[pair.version_id] for pair in taken)
            owner = [gallery.image_of[pair.original_id] for pair in taken]
            figures += _overlaps(name, first, second, owner, gallery, seed)
    figures += _expanded(queries, texts, gallery, expansions, seed)
    return [*figures, *_graded(whole, texts, seed)]


def _stack(rows: Iterator[Rows]) -> Rows:
    found = list(rows)
    return np.stack(found) if found else np.empty((0, 0))


def _overlaps(
    name: str, first: Rows, second: Rows, owner: Sequence[int], gallery: Gallery, seed: int
) -> Iterator[ComputedFigure]:
    if not owner:
        return
    found = paraphrase_overlaps(first, second, gallery.images)
    for label, values in (("AO", found.average_overlap), ("JS", found.jaccard)):
        estimate = clustered_mean(values, owner, seed=seed)
        yield _figure(f"{label}@{FIRST}{name}", estimate, len(gallery.images), direction=TEXT_TO_IMAGE)


def _figure(name: str, told: Estimate, n_other: int | None = None, *, direction: str = "") -> ComputedFigure:
    low, high = told.interval.told
    return ComputedFigure(direction, "", name, _kept(told.value), told.n, n_other, low, high)


def _kept(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _expanded(
    queries: Sequence[Pair], texts: Mapping[int, Rows], gallery: Gallery, expansions: int, seed: int
) -> Iterator[ComputedFigure]:
    """Retrieval by captions and overlap of paraphrases, plain and with the mean of 1 + `expansions` features.

    A query and its paraphrase are expanded by different texts, the ones that were imported first.
    """
    of_original: dict[int, list[Rows]] = {}
    for pair in queries:
        of_original.setdefault(pair.original_id, []).append(texts[pair.version_id])
    asked = {original: rows for original, rows in of_original.items() if len(rows) >= expansions}
    if asked:
        owner = [gallery.image_of[original] for original in asked]
        plain = np.stack([texts[original] for original in asked])
        wide = np.stack([_mean(texts[original], rows[:expansions]) for original, rows in asked.items()])
        yield from _recalls("no QE ", plain, owner, gallery, seed)
        yield from _recalls("QE ", wide, owner, gallery, seed)
    both = {original: rows for original, rows in asked.items() if len(rows) > 2 * expansions}
    if both and len(gallery.images) >= FIRST:
        owner = [gallery.image_of[original] for original in both]
        plain = np.stack([texts[original] for original in both])
        other = np.stack([rows[0] for rows in both.values()])
        yield from _overlaps(" no QE", plain, other, owner, gallery, seed)
        wide = np.stack([_mean(texts[original], rows[1 : 1 + expansions]) for original, rows in both.items()])
        other = np.stack(
            [_mean(rows[0], rows[1 + expansions : 1 + 2 * expansions]) for rows in both.values()]
        )
        yield from _overlaps(" QE", wide, other, owner, gallery, seed)


def _mean(own: Rows, others: Sequence[Rows]) -> Rows:
    return np.asarray(np.mean([own, *others], axis=0))


def _recalls(
    name: str, queries: Rows, owner: Sequence[int], gallery: Gallery, seed: int
) -> Iterator[ComputedFigure]:
    ranks = relevant_ranks(queries, gallery.images, [[image] for image in owner])
    told = direction_figures(ranks, ks=KS, clusters=owner, seed=seed)
    for k, share in told.recall.items():
        low, high = told.recall_interval[k]
        yield ComputedFigure(
            TEXT_TO_IMAGE, "", f"{name}R@{k}", share, told.n_queries, told.n_gallery, _kept(low), _kept(high)
        )


def _graded(pairs: Sequence[Pair], texts: Mapping[int, Rows], seed: int) -> Iterator[ComputedFigure]:
    """How the cosine of a paraphrase with its original goes with the grade that people gave; drawn by original."""
    graded = [(pair, pair.grade) for pair in pairs if pair.grade is not None]
    if not graded:
        return
    cosines = [float(texts[pair.original_id] @ texts[pair.version_id]) for pair, _grade in graded]
    grades = [grade for _pair, grade in graded]
    originals = [pair.original_id for pair, _grade in graded]
    yield _figure("STS Pearson", clustered_pearson(cosines, grades, originals, seed=seed))
    yield _figure("STS Spearman", clustered_spearman(cosines, grades, originals, seed=seed))
