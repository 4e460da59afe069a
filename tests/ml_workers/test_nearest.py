"""The nearest rows of a corpus: exact whatever the blocks, merged from parts, and by lists with a measured recall."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_workers import nearest
from ml_workers.nearest import (
    NOBODY,
    default_lists,
    default_probes,
    exact_neighbours,
    listed_neighbours,
    merged_neighbours,
    recall,
)

Array = np.ndarray


def drawn(n: int, d: int, seed: int, dtype: str = "float32") -> Array:
    return np.random.default_rng(seed).normal(size=(n, d)).astype(dtype)


def by_hand(queries: Array, corpus: Array, k: int) -> tuple[Array, Array]:
    """Return numbers and cosines by sorting every product in double precision."""
    rows = [part.astype(np.float64) for part in (queries, corpus)]
    first, second = (part / np.linalg.norm(part, axis=1, keepdims=True) for part in rows)
    cosines = first @ second.T
    order = np.argsort(-cosines, axis=1, kind="stable")[:, :k]
    return order, np.take_along_axis(cosines, order, axis=1)


@given(
    n=st.integers(1, 70),
    k=st.integers(1, 80),
    block=st.integers(1, 40),
    at_once=st.integers(1, 9),
    seed=st.integers(0, 10**6),
)
@settings(max_examples=40, deadline=None)
def test_blocks_change_nothing(n: int, k: int, block: int, at_once: int, seed: int) -> None:
    queries, corpus = drawn(7, 6, seed), drawn(n, 6, seed + 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nearest, "BLOCK_BYTES", block * 4 * 6)
        patch.setattr(nearest, "QUERIES_AT_ONCE", at_once)
        found = exact_neighbours(queries, corpus, k)
    order, cosines = by_hand(queries, corpus, k)
    depth = min(n, k)
    assert (found.rows[:, :depth] == order).all()
    np.testing.assert_allclose(found.cosines[:, :depth], cosines, atol=1e-5)
    assert (found.rows[:, depth:] == NOBODY).all()
    assert np.isneginf(found.cosines[:, depth:]).all()


def test_parts_of_a_corpus_merge_into_the_whole() -> None:
    queries, corpus = drawn(5, 8, 1), drawn(300, 8, 2, "float16")
    parts = [
        exact_neighbours(queries, corpus[low:high], 40, first=low)
        for low, high in ((0, 100), (100, 110), (110, 300))
    ]
    merged, whole = merged_neighbours(parts, 40), exact_neighbours(queries, corpus, 40)
    assert (merged.rows == whole.rows).all()
    np.testing.assert_allclose(merged.cosines, whole.cosines, atol=1e-6)


def test_rows_without_a_direction_are_nobodys_neighbours() -> None:
    corpus = drawn(6, 4, 3)
    corpus[1], corpus[4, 2] = 0, np.nan
    found = exact_neighbours(drawn(2, 4, 4), corpus, 6)
    assert {frozenset(row.tolist()) for row in found.rows} == {frozenset({0, 2, 3, 5, NOBODY})}
    assert np.isneginf(found.cosines[:, 4:]).all()
    assert (exact_neighbours(drawn(2, 4, 4), corpus[1:2], 3).rows == NOBODY).all()


def test_lists_find_most_of_the_nearest_and_say_how_many() -> None:
    centres = drawn(40, 16, 5)
    corpus = np.repeat(centres, 100, axis=0) + 0.3 * drawn(4000, 16, 6)
    queries = centres + 0.3 * drawn(40, 16, 7)
    exact = exact_neighbours(queries, corpus, 50)
    few = listed_neighbours(queries, corpus, 50, seed=3, probes=1)
    usual = listed_neighbours(queries, corpus, 50, seed=3)
    every = listed_neighbours(queries, corpus, 50, seed=3, probes=default_lists(4000))
    again = listed_neighbours(queries, corpus, 50, seed=3)
    assert (usual.rows == again.rows).all()
    shares = [recall(found, exact) for found in (few, usual, every)]
    assert shares[0].share < shares[1].share <= shares[2].share == 1.0
    assert shares[1].share > 0.9
    assert (shares[1].asked, shares[1].queries) == (2000, 40)
    assert shares[0].hits == round(shares[0].share * 2000)
    assert shares[0].lowest <= shares[0].share


def test_the_defaults_of_an_index_follow_the_rows_and_the_neighbours() -> None:
    assert default_lists(1_000_000) == 4000
    assert default_lists(390) == 10
    assert default_lists(10) == 1
    assert default_probes(1_000_000, 4000, 3000) == 240
    assert default_probes(1_000_000, 4000, 50) == 16
    assert default_probes(390, 10, 3000) == 10
