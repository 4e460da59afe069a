"""Retrieval inside levels of difficulty against plain sorting, and the columns of Table 4."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from measures.ranking_by_level import retrieval_by_level
from measures.retrieval import retrieval_figures
from measures.score_levels import scores_by_level

LEVELS = ("easy", "medium", "hard")


def plain_ranks(scores, relevant):
    order = sorted(range(len(scores)), key=lambda j: (-scores[j], j in relevant, j))
    return [place + 1 for place, j in enumerate(order) if j in relevant]


@given(st.integers(1, 5), st.integers(1, 14), st.integers(0, 2**31))
@settings(max_examples=80, deadline=None)
def test_every_level_equals_plain_sorting_even_among_ties(n_images, n_captions, seed):
    rng = np.random.default_rng(seed)
    images = rng.integers(-2, 3, (n_images, 3)).astype(float)
    captions = rng.integers(-2, 3, (n_captions, 3)).astype(float)
    owner = rng.integers(0, n_images, n_captions)
    level_of = [str(one) for one in rng.choice([*LEVELS, ""], n_captions)]
    got = retrieval_by_level(images, captions, owner, level_of, resamples=2)
    plain = retrieval_figures(images, captions, owner)
    np.testing.assert_equal(
        (got.overall.image_to_text.recall, got.overall.text_to_image.mean_rank),
        (plain.image_to_text.recall, plain.text_to_image.mean_rank),
    )
    scores = images @ captions.T
    for told in got.levels:
        own = [j for j in range(n_captions) if level_of[j] == told.level]
        asked = [i for i in range(n_images) if any(owner[j] == i for j in own)]
        inside = [plain_ranks(scores[i], {j for j in own if owner[j] == i}) for i in asked]
        back = [plain_ranks(scores[:, j], {owner[j]})[0] for j in own]
        assert (told.n_captions, told.image_to_text.n_queries) == (len(own), len(asked))
        assert (told.text_to_image.n_queries, told.n_all_queries) == (len(own), n_captions)
        assert told.share_of_all_queries[5] == pytest.approx(sum(rank <= 5 for rank in back) / n_captions)
        if not own:
            assert np.isnan(told.image_to_text.recall[1])
            continue
        assert told.image_to_text.recall[1] == pytest.approx(np.mean([min(one) <= 1 for one in inside]))
        assert told.image_to_text.median_rank == pytest.approx(np.median(np.concatenate(inside)))
        assert told.text_to_image.recall[1] == pytest.approx(np.mean([rank <= 1 for rank in back]))
        every = [plain_ranks(scores[i], {j for j in range(n_captions) if owner[j] == i}) for i in asked]
        assert told.median_rank_of_all_captions == pytest.approx(np.median(np.concatenate(every)))
        assert told.n_ranks_of_all_captions == sum(map(len, every))


def test_the_shares_of_all_queries_add_up_to_the_recall():
    rng = np.random.default_rng(8)
    images, captions = rng.normal(size=(30, 8)), rng.normal(size=(150, 8))
    level_of = [LEVELS[one] for one in rng.integers(0, 3, 150)]
    got = retrieval_by_level(images, captions, np.repeat(np.arange(30), 5), level_of)
    for k in (1, 5, 10):
        added = sum(one.share_of_all_queries[k] for one in got.levels)
        assert added == pytest.approx(got.overall.text_to_image.recall[k])


def test_captions_without_an_image_or_a_level_each_are_refused():
    with pytest.raises(ValueError, match="Every caption"):
        retrieval_by_level(np.eye(2), np.eye(2), [0, 1], ["easy"])


def test_scores_have_mean_and_sample_deviation_for_all_pairs_and_each_level():
    told = {one.level: one for one in scores_by_level([0.1, 0.3, 0.2, 0.6], ["easy", "easy", "hard", ""])}
    assert (told[""].n, told["easy"].n, told["medium"].n, told["hard"].n) == (4, 2, 0, 1)
    assert told[""].mean == pytest.approx(0.3)
    assert told["easy"].deviation == pytest.approx(np.std([0.1, 0.3], ddof=1))
    assert np.isnan(told["medium"].mean)
    assert np.isnan(told["hard"].deviation)
    with pytest.raises(ValueError, match="2 scores"):
        scores_by_level([1.0, 2.0], ["easy"])
    with pytest.raises(ValueError, match="finite"):
        scores_by_level([np.nan], ["easy"])
