"""Five captions of an image that differ most, and how much random ones would (IMP §4.1, C.5)."""

import warnings
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

Floats = NDArray[np.floating]
Method = Literal["kmeans", "min_similarity"]

WANTED = 5
# From so many captions on they are clustered on a plane by UMAP; below it is unstable (ours).
PLANE_FROM = 15
# C(30, 5): up to thirty captions every choice of five is tried.
EXACT_CHOICES = 142_506
RANDOM_DRAWS = 1_000


@dataclass(frozen=True)
class DiverseChoice:
    """The chosen captions by their place in the pool, rising, beside what random choices of as many would give.

    Similarities are mean pairwise cosines, NaN for fewer than two captions. `random_similarity` is the
    exact mean over all random choices, `random_interval` holds 95% of `RANDOM_DRAWS` drawn ones.
    `is_complete` is false where the pool holds fewer captions than wanted: then all of them are chosen
    and nothing is added. `clusters` are the cluster of every caption of the pool, numbered by their first caption;
    empty where nothing was clustered. `is_on_plane` says whether they are clusters of a plane or of the features.
    """

    chosen: tuple[int, ...]
    is_complete: bool
    n_pool: int
    method: Method
    is_exact: bool
    similarity: float
    random_similarity: float
    random_interval: tuple[float, float]
    seed: int
    clusters: tuple[int, ...] = ()
    is_on_plane: bool = False


def mean_pairwise_similarity(cosines: Floats, chosen: NDArray[np.int64]) -> float:
    """Mean cosine over the pairs of the chosen rows; NaN for fewer than two."""
    if len(chosen) < 2:
        return float("nan")
    inside = cosines[np.ix_(chosen, chosen)]
    return float((inside.sum() - np.trace(inside)) / (len(chosen) * (len(chosen) - 1)))


def choose_diverse(
    features: Floats,
    *,
    method: Method = "kmeans",
    wanted: int = WANTED,
    seed: int = 0,
    plane: Floats | None = None,
) -> DiverseChoice:
    """Choose `wanted` captions from sentence features (n, d) with rows of length 1.

    `kmeans`: as many clusters, one caption at random from each; clusters of the `plane` (n, 2) where it is given and
    the pool holds `PLANE_FROM` captions, else of the features. `min_similarity`: the
    choice with the lowest mean pairwise cosine, exact up to thirty captions, beyond that greedy with
    exchanges. Raises ValueError where a feature is not finite.
    """
    if not np.isfinite(features).all():
        raise ValueError("A feature is not a finite number.")
    n = len(features)
    cosines = np.asarray(features, dtype=np.float64) @ np.asarray(features, dtype=np.float64).T
    rng = np.random.default_rng(seed)
    is_on_plane = plane is not None and n >= PLANE_FROM and n > wanted and method == "kmeans"
    clusters: NDArray[np.int64] = np.empty(0, dtype=np.int64)
    is_exact = method == "min_similarity" and comb(n, wanted) <= EXACT_CHOICES
    if n <= wanted:
        chosen = np.arange(n)
    elif method == "kmeans":
        points = plane if is_on_plane and plane is not None else features
        clusters = _clusters(points, wanted, seed)
        chosen = _one_of_each_cluster(clusters, wanted, rng)
    else:
        chosen = _least_similar(cosines, wanted) if is_exact else _greedily_dissimilar(cosines, wanted)
    random_similarity, random_interval = _random_choices(cosines, min(wanted, n), rng)
    return DiverseChoice(
        chosen=tuple(int(i) for i in np.sort(chosen)),
        is_complete=n >= wanted,
        n_pool=n,
        method=method,
        is_exact=is_exact,
        similarity=mean_pairwise_similarity(cosines, chosen),
        random_similarity=random_similarity,
        random_interval=random_interval,
        seed=seed,
        clusters=tuple(int(cluster) for cluster in clusters),
        is_on_plane=is_on_plane,
    )


def _clusters(points: Floats, wanted: int, seed: int) -> NDArray[np.int64]:
    """The cluster of each point, numbered from 0 in the order of their first points; equal points may leave fewer."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # equal captions: handled below
        labels = KMeans(n_clusters=wanted, n_init=10, random_state=seed).fit_predict(points)
    _labels, first, places = np.unique(labels, return_index=True, return_inverse=True)
    numbers: NDArray[np.int64] = np.argsort(np.argsort(first)).astype(np.int64)[places]
    return numbers


def _one_of_each_cluster(
    clusters: NDArray[np.int64], wanted: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """One of each cluster at random; where equal captions leave fewer clusters, the rest at random from the pool."""
    chosen = [int(rng.choice(np.flatnonzero(clusters == cluster))) for cluster in np.unique(clusters)]
    others = np.setdiff1d(np.arange(len(clusters)), chosen)
    rest = rng.choice(others, size=wanted - len(chosen), replace=False)
    return np.array([*chosen, *rest], dtype=np.int64)


def _least_similar(cosines: Floats, wanted: int) -> NDArray[np.int64]:
    choices = np.array(list(combinations(range(len(cosines)), wanted)), dtype=np.int64)
    pairs = combinations(range(wanted), 2)
    totals = sum((cosines[choices[:, i], choices[:, j]] for i, j in pairs), np.zeros(len(choices)))
    best: NDArray[np.int64] = choices[int(np.argmin(totals))]
    return best


def _greedily_dissimilar(cosines: Floats, wanted: int) -> NDArray[np.int64]:
    """Start from the least similar pair, add what is least similar to the choice, then exchange while it helps."""
    apart = cosines + np.diag(np.full(len(cosines), np.inf))
    chosen = [int(i) for i in np.unravel_index(int(np.argmin(apart)), apart.shape)]
    while len(chosen) < wanted:
        chosen.append(_nearest_to_nothing(cosines, chosen, taken=chosen))
    improved = True
    while improved:
        improved = False
        for place in range(wanted):
            others = chosen[:place] + chosen[place + 1 :]
            better = _nearest_to_nothing(cosines, others, taken=others)
            if cosines[better, others].sum() < cosines[chosen[place], others].sum() - 1e-12:
                chosen[place] = better
                improved = True
    return np.array(chosen, dtype=np.int64)


def _nearest_to_nothing(cosines: Floats, chosen: list[int], *, taken: list[int]) -> int:
    totals = cosines[:, chosen].sum(axis=1)
    totals[taken] = np.inf
    return int(np.argmin(totals))


def _random_choices(
    cosines: Floats, wanted: int, rng: np.random.Generator
) -> tuple[float, tuple[float, float]]:
    """Exact mean over all choices (each pair is equally likely in one), and the middle 95% of drawn ones."""
    n = len(cosines)
    if wanted < 2:
        return float("nan"), (float("nan"), float("nan"))
    drawn = [
        mean_pairwise_similarity(cosines, rng.choice(n, size=wanted, replace=False))
        for _ in range(RANDOM_DRAWS)
    ]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return mean_pairwise_similarity(cosines, np.arange(n)), (float(low), float(high))
