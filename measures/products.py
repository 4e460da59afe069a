"""Scores of queries against a gallery, such that equal items of the gallery get equal scores to the last bit.

A matrix product rounds differently from column to column, so two equal captions would differ in the last bits and a tie
would be broken by chance. Each distinct row is therefore multiplied once and its scores are handed to all its copies.
"""

import hashlib

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


class Gallery:
    """The rows (m, d) of a gallery; the score is the inner product."""

    def __init__(self, rows: Floats) -> None:
        first: dict[bytes, int] = {}
        places = np.empty(len(rows), dtype=np.int64)
        distinct: list[int] = []
        for number, row in enumerate(np.ascontiguousarray(rows)):
            key = hashlib.blake2b(row.data, digest_size=16).digest()
            if key not in first:
                first[key] = len(distinct)
                distinct.append(number)
            places[number] = first[key]
        self._places = None if len(distinct) == len(rows) else places
        self._columns = (rows if self._places is None else rows[distinct]).T

    def scores(self, queries: Floats) -> Floats:
        """Scores (n, m) of queries (n, d)."""
        found = queries @ self._columns
        return found if self._places is None else found[:, self._places]
