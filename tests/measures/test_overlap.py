"""Average overlap and Jaccard similarity against their definitions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from measures import overlap


@given(st.integers(1, 8), st.integers(0, 2**31))
@settings(max_examples=100, deadline=None)
def test_overlaps_equal_their_definitions_even_among_ties(k, seed):
    rng = np.random.default_rng(seed)
    # Whole numbers from a small range: ties everywhere, and sums that are exact.
    queries, others = rng.integers(-2, 3, (5, 3)).astype(float), rng.integers(-2, 3, (5, 3)).astype(float)
    gallery = rng.integers(-2, 3, (9, 3)).astype(float)
    got = overlap.paraphrase_overlaps(queries, others, gallery, k=k, chunk=2)
    for row in range(5):
        first, second = (
            sorted(range(9), key=lambda j: (-(gallery @ one)[j], j))[:k]
            for one in (queries[row], others[row])
        )
        shares = [len({*first[:d]} & {*second[:d]}) / d for d in range(1, k + 1)]
        assert got.average_overlap[row] == pytest.approx(np.mean(shares))
        assert got.jaccard[row] == pytest.approx(len({*first} & {*second}) / len({*first} | {*second}))
    assert (got.k, got.gallery_size) == (k, 9)


def test_the_same_query_twice_overlaps_fully_and_opposite_ones_not_at_all():
    gallery = np.eye(4)
    first, last = np.array([[4.0, 3.0, 2.0, 1.0]]), np.array([[1.0, 2.0, 3.0, 4.0]])
    same = overlap.paraphrase_overlaps(first, first, gallery, k=2)
    assert (same.average_overlap[0], same.jaccard[0]) == (1, 1)
    other = overlap.paraphrase_overlaps(first, last, gallery, k=2)
    assert (other.average_overlap[0], other.jaccard[0]) == (0, 0)


def test_what_makes_no_sense_is_refused_and_no_queries_are_no_overlaps():
    gallery = np.eye(3)
    with pytest.raises(ValueError, match="gallery of 3"):
        overlap.paraphrase_overlaps(gallery, gallery, gallery, k=4)
    with pytest.raises(ValueError, match="3 queries"):
        overlap.paraphrase_overlaps(gallery, gallery[:2], gallery, k=1)
    with pytest.raises(ValueError, match="finite"):
        overlap.first_places(np.array([[np.inf, 0.0]]), 1)
    assert len(overlap.paraphrase_overlaps(gallery[:0], gallery[:0], gallery, k=1).jaccard) == 0
