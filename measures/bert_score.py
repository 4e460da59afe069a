"""BERTScore: how alike two texts are, token by token (Zhang et al. 2020, eq. 1; without idf and without a baseline)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class TokenFeatures:
    """The tokens of one text as an encoder sees them: `rows` (t, d) of length 1, and those that count, (t,).

    The marks that an encoder puts around a text do not count, but tokens may be matched to them.
    """

    rows: Floats
    counts: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class BertScore:
    """Precision: the mean over the candidate's tokens of the cosine to the most similar token of the reference.

    Recall is the same from the reference's side, and `f1` their harmonic mean, which does not change when the two
    texts change places; 0 where one is above 0 and the other is not, since their harmonic mean has no bounds there. All
    are 0 where a text has no token that counts.
    """

    precision: float
    recall: float
    f1: float


def bert_score(candidate: TokenFeatures, reference: TokenFeatures) -> BertScore:
    """The score of two texts of one encoder and layer; needs memory for tokens times tokens."""
    if not (candidate.counts.any() and reference.counts.any()):
        return BertScore(0.0, 0.0, 0.0)
    cosines = candidate.rows.astype(np.float64) @ reference.rows.astype(np.float64).T
    cosines = np.clip(cosines, -1.0, 1.0)
    precision = float(cosines.max(axis=1)[candidate.counts].mean())
    recall = float(cosines.max(axis=0)[reference.counts].mean())
    if precision * recall <= 0:
        return BertScore(precision, recall, 0.0)
    return BertScore(precision, recall, 2 * precision * recall / (precision + recall))


def co_caption_bert_scores(captions: Sequence[TokenFeatures]) -> NDArray[np.float64]:
    """F1 of all pairs of the captions of one image, n (n - 1) / 2 of them, one pair in memory at a time."""
    return np.array([bert_score(first, second).f1 for first, second in combinations(captions, 2)])
