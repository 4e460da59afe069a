"""Features laid out on a plane by UMAP: what lies near in the space lies near on the plane (McInnes et al. 2018).

The plane is for choosing and for looking; every figure about nearness is computed in the space of the features.
UMAP is an optional part (the extra `layout`): `is_available` says whether this worker has it.
"""

import importlib
import importlib.util
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]

# UMAP's own defaults: the neighbours that each point is laid out with, and how close points may come.
NEIGHBOURS = 15
MIN_DISTANCE = 0.1
# Fewer points than this have no layout worth the name.
FEWEST_POINTS = 4


class LayoutMissing(Exception):
    """UMAP is not installed where this runs."""


def is_available() -> bool:
    """Say whether UMAP is installed, without loading it."""
    return importlib.util.find_spec("umap") is not None


def plane_or_nothing(features: Floats, seed: int) -> NDArray[np.float64] | None:
    """The plane of `plane_layout`; None where UMAP is not installed or the points are too few."""
    if len(features) < FEWEST_POINTS or not is_available():
        return None
    return plane_layout(features, seed=seed)


def plane_layout(
    features: Floats, *, seed: int, neighbours: int = NEIGHBOURS, min_distance: float = MIN_DISTANCE
) -> NDArray[np.float64]:
    """Places (n, 2) of features (n, d) on a plane, by their cosines; the same seed gives the same places.

    It runs on one thread, because UMAP on several gives other places each time. Of n points at most n - 1 are
    neighbours. Raises ValueError for fewer than `FEWEST_POINTS` rows, LayoutMissing where UMAP is not installed.
    """
    n = len(features)
    if n < FEWEST_POINTS:
        raise ValueError(f"{n} points cannot be laid out; {FEWEST_POINTS} are the fewest.")
    if not is_available():
        raise LayoutMissing(
            "UMAP is not installed on this worker: install polyannot with its extra `layout`."
        )
    umap: Any = importlib.import_module("umap")
    made = umap.UMAP(
        n_components=2,
        n_neighbors=min(neighbours, n - 1),
        min_dist=min_distance,
        metric="cosine",
        # The spectral start wants more points than it has components to spare.
        init="spectral" if n > NEIGHBOURS else "random",
        random_state=seed % 2**32,
        n_jobs=1,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of points without neighbours, and of a start that did not converge
        places: NDArray[np.float64] = np.asarray(
            made.fit_transform(np.asarray(features, dtype=np.float32)), dtype=np.float64
        )
    return places
