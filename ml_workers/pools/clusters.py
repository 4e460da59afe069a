"""The cluster that an image falls into among its nearest corpus images: UMAP, then HDBSCAN (IMP §3.1). Pure.

The plane is for finding the clusters; every figure about nearness is a cosine of the features.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import HDBSCAN

from ml_workers.layout import FEWEST_POINTS, plane_layout
from ml_workers.pools.cluster_merging import Linkage, merged_clusters

Floats = NDArray[np.floating]

# UMAP's authors for clusters: more neighbours than for a drawing, and points that may lie on one another.
LAID_OUT_WITH = 30
LEAST_DISTANCE = 0.0
NOISE = -1


@dataclass(frozen=True, slots=True)
class ClusterRule:
    """How clusters are found: on a plane by UMAP or in the features, and the parameters of HDBSCAN.

    Clusters that split off below the distance `epsilon` are given back to what they split from; at 0 none are.
    """

    is_on_plane: bool
    min_cluster_size: int
    min_samples: int
    epsilon: float = 0.0


@dataclass(frozen=True, slots=True)
class OwnCluster:
    """Which of n neighbours are in the cluster of their image (n,), all false where the image is in none.

    `clusters` were found in all, and `noise` of the neighbours are in none of them.
    """

    members: NDArray[np.bool_]
    clusters: int
    noise: int


def own_cluster(image: Floats, neighbours: Floats, *, rule: ClusterRule, seed: int) -> OwnCluster:
    """Find the cluster of an image (d,) among its neighbours (n, d), all rows of length 1.

    The image takes part as one point more. Fewer points than a cluster needs are no cluster. The same seed gives the
    same clusters. Raises LayoutMissing where UMAP is asked for and not installed.
    """
    points = np.vstack([image[None, :], neighbours]).astype(np.float32)
    n = len(points)
    if n < max(FEWEST_POINTS, rule.min_cluster_size, rule.min_samples):
        return OwnCluster(np.zeros(len(neighbours), dtype=np.bool_), 0, len(neighbours))
    places: Floats = points
    if rule.is_on_plane:
        places = plane_layout(points, seed=seed, neighbours=LAID_OUT_WITH, min_distance=LEAST_DISTANCE)
    found: Any = HDBSCAN(
        min_cluster_size=rule.min_cluster_size,
        min_samples=rule.min_samples,
        copy=True,
    )
    labels: NDArray[np.int64] = found.fit_predict(np.asarray(places, dtype=np.float64))
    if rule.epsilon > 0:
        labels = merged_clusters(
            labels, _linkage_of(found), min_cluster_size=rule.min_cluster_size, epsilon=rule.epsilon
        )
    members = (labels[1:] == labels[0]) & (labels[0] != NOISE)
    return OwnCluster(members, int(labels.max()) + 1, int((labels[1:] == NOISE).sum()))


def _linkage_of(found: Any) -> Linkage:
    """The tree that a fitted HDBSCAN has cut."""
    tree = found._single_linkage_tree_
    return Linkage(
        left=tree["left_node"].astype(np.int64),
        right=tree["right_node"].astype(np.int64),
        distance=tree["value"].astype(np.float64),
        size=tree["cluster_size"].astype(np.int64),
    )
