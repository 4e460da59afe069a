"""Equal items of a gallery get equal scores, whatever a matrix product rounds."""

import numpy as np
import pytest

from measures.products import Gallery
from measures.retrieval import retrieval_figures


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_equal_rows_get_equal_scores_and_all_scores_are_the_inner_products(kind):
    rng = np.random.default_rng(0)
    queries, gallery = rng.normal(size=(64, 300)).astype(kind), rng.normal(size=(900, 300)).astype(kind)
    gallery[450:] = gallery[:450]
    scores = Gallery(gallery).scores(queries)
    assert np.array_equal(scores[:, 450:], scores[:, :450])
    np.testing.assert_allclose(scores, queries @ gallery.T, rtol=0, atol=1e-3)
    assert Gallery(gallery[:450]).scores(queries).shape == (64, 450)


def test_a_caption_with_the_words_of_another_image_never_beats_the_tie():
    rng = np.random.default_rng(1)
    images = rng.normal(size=(200, 300))
    texts = np.repeat(images, 2, axis=0) + rng.normal(size=(400, 300))
    texts = np.concatenate([texts, texts])  # every caption is also one of the next image
    owner = np.concatenate([np.repeat(np.arange(200), 2), (np.repeat(np.arange(200), 2) + 1) % 200])
    found = retrieval_figures(images, texts, owner).image_to_text
    assert found.recall[1] == 0, "the copy of another image comes first, always"
