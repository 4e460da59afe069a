"""The order in which the captions of a pool are shown: each as different as can be from those before it. Pure."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


def pool_order(features: Floats, *, seed: int) -> list[int]:
    """Return the rows of `features` (n, d; length 1) in the order of the pool: farthest first.

    The first is drawn with `seed`; each next one has the lowest highest cosine to those before it (ours: IMP shows no
    order). Rows that are equally far follow the seeded draw. Any beginning of the order is therefore spread over the
    pool. Takes n * n * d steps and n * d numbers.
    """
    n = len(features)
    if n == 0:
        return []
    drawn = np.random.default_rng(seed).permutation(n)
    rows = np.asarray(features, dtype=np.float64)[drawn]
    # Rounded, so that equal texts are equally far whatever the machine.
    nearest = np.full(n, -np.inf)
    is_taken = np.zeros(n, dtype=bool)
    order: list[int] = []
    place = 0
    for _step in range(n):
        order.append(int(drawn[place]))
        nearest = np.maximum(nearest, np.round(rows @ rows[place], 6))
        is_taken[place] = True
        place = int(np.argmin(np.where(is_taken, np.inf, nearest)))
    return order
