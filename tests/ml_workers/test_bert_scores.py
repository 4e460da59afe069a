"""BERTScore over the shipped sentence encoder is that of its authors' package, however the captions are grouped."""

from functools import partial

import numpy as np
import pytest

from measures.bert_score import bert_score
from ml_workers import bert_scores
from ml_workers.bert_scores import bert_scores_by_image
from ml_workers.sentences import SentenceEncoder

pytestmark = pytest.mark.models

# bert-score 0.3.13 (Zhang et al.) over the same weights, one pair at a time: layer, candidate, reference, P, R, F1.
PUBLISHED = [
    (6, "A dog runs over wet sand.", "A brown dog races along the beach", 0.572021, 0.527486, 0.548852),
    (6, "Two men play chess in a park", "Rain on a window", 0.098831, 0.130708, 0.112556),
    (3, "A dog runs over wet sand.", "A brown dog races along the beach", 0.720479, 0.678416, 0.698815),
    (
        6,
        "A man",
        "A man in a red coat climbs a rope ladder that hangs from an old oak tree, smiling",
        0.725257,
        0.221754,
        0.339655,
    ),
]


@pytest.fixture(scope="module")
def encoder():
    return SentenceEncoder()


@pytest.mark.parametrize(("layer", "candidate", "reference", "precision", "recall", "f1"), PUBLISHED)
def test_the_score_is_that_of_the_package_of_its_authors(
    encoder, layer, candidate, reference, precision, recall, f1
):
    found = bert_score(*encoder.encode_tokens([candidate, reference], layer=layer))
    assert (found.precision, found.recall, found.f1) == pytest.approx((precision, recall, f1), abs=2e-6)


def test_groups_of_images_give_the_same_scores_as_all_captions_together(encoder, monkeypatch):
    captions = {
        4: ["A dog runs over wet sand.", "A brown dog races along the beach", "A dog runs over wet sand."],
        9: ["One caption alone"],
        2: ["Rain on a window", "Drops on glass"],
        7: [],
    }
    asked = []

    def tokens(texts):
        asked.append(list(texts))
        return encoder.encode_tokens(texts, layer=encoder.n_layers)

    together = bert_scores_by_image(captions, tokens)
    assert {image: len(values) for image, values in together.items()} == {4: 3, 2: 1}
    assert together[4][1] == pytest.approx(1, abs=1e-6), "equal captions are as alike as can be"
    assert [len(texts) for texts in asked] == [4], "equal captions are encoded once, one alone never"
    monkeypatch.setattr(bert_scores, "CAPTIONS_AT_ONCE", 3)
    apart = bert_scores_by_image(captions, partial(encoder.encode_tokens, layer=encoder.n_layers))
    for image, values in together.items():
        assert apart[image] == pytest.approx(values, abs=1e-5)


def test_token_states_of_the_last_layer_have_the_sentence_for_their_mean(encoder):
    texts = ["A dog runs over wet sand.", "Rain"]
    states = encoder.model(**encoder.tokenizer(texts[0], return_tensors="pt")).last_hidden_state[0].numpy()
    found = encoder.encode_tokens(texts, layer=encoder.n_layers)
    assert [one.counts.sum() for one in found] == [7, 1]
    assert found[0].rows == pytest.approx(states / np.linalg.norm(states, axis=1, keepdims=True), abs=1e-5)
