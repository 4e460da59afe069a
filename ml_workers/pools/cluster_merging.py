"""Clusters of HDBSCAN that arise below a distance are given back to what they split from (Malzer and Baum 2020). Pure.

scikit-learn's own `cluster_selection_epsilon` fails with NumPy 2.4 wherever it would merge anything: it is done here.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NOISE, NOBODY = -1, -1


@dataclass(frozen=True, slots=True)
class Linkage:
    """The tree of single linkage over n points: merge i joins two nodes into node n + i, at rising distances.

    `left`, `right`, `distance` and `size` are of the n - 1 merges; nodes below n are the points.
    """

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    distance: NDArray[np.float64]
    size: NDArray[np.int64]

    @property
    def n(self) -> int:
        """Return the number of points."""
        return len(self.left) + 1


class _Tree:
    """The linkage as a tree in which a cluster begins where both sides of a split are large enough to be one."""

    def __init__(self, linkage: Linkage, min_cluster_size: int) -> None:
        self._n, self._distance = linkage.n, linkage.distance
        self.sizes = np.concatenate([np.ones(self._n, dtype=np.int64), linkage.size])
        self.parents = np.full(2 * self._n - 1, NOBODY, dtype=np.int64)
        merges = np.arange(self._n, 2 * self._n - 1)
        self.parents[linkage.left] = self.parents[linkage.right] = merges
        smaller = np.minimum(self.sizes[linkage.left], self.sizes[linkage.right])
        self._is_split = smaller >= min_cluster_size

    def cluster_around(self, node: int) -> int:
        """Return where the smallest cluster that holds a node begins; the root where none does."""
        while (parent := int(self.parents[node])) != NOBODY and not self._is_split[parent - self._n]:
            node = parent
        return node

    def begin(self, cluster: int) -> float:
        """Return the distance at which a cluster splits off; infinite for the root."""
        parent = int(self.parents[cluster])
        return float(self._distance[parent - self._n]) if parent != NOBODY else float("inf")

    def cluster_of(self, points: NDArray[np.int64]) -> int:
        """Return the cluster that is made of these points."""
        cluster = self.cluster_around(int(points[0]))
        while self.sizes[cluster] < len(points):
            cluster = self.cluster_around(int(self.parents[cluster]))
        return cluster

    def above(self, cluster: int, epsilon: float) -> int:
        """Return the nearest cluster around this one that begins at epsilon or beyond, the root never."""
        while self.begin(cluster) < epsilon:
            around = self.cluster_around(int(self.parents[cluster]))
            if self.parents[around] == NOBODY:
                break
            cluster = around
        return cluster


def merged_clusters(
    labels: NDArray[np.int64], linkage: Linkage, *, min_cluster_size: int, epsilon: float
) -> NDArray[np.int64]:
    """Return labels (n,) in which no cluster begins below `epsilon`, as far as something larger is around it.

    `labels` are those that HDBSCAN chose in the tree of this linkage, -1 for noise. All points never become one
    cluster. Points that were noise between merged clusters come in with them.
    """
    tree = _Tree(linkage, min_cluster_size)
    chosen = {
        tree.above(tree.cluster_of(np.flatnonzero(labels == label)), epsilon)
        for label in range(int(labels.max()) + 1)
    }
    found = np.full(len(tree.parents), NOISE, dtype=np.int64)
    found[sorted(chosen)] = np.arange(len(chosen))
    for merge in reversed(range(linkage.n - 1)):
        if (label := found[linkage.n + merge]) != NOISE:
            found[linkage.left[merge]] = found[linkage.right[merge]] = label
    return found[: linkage.n]
