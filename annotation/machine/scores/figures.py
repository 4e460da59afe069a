"""What scores from elsewhere come to beside the cosines of encoders, over the same pairs. Pure."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from measures.binary import binary_figures
from measures.method_comparison import bias_by_level, bland_altman
from measures.resampling import Estimate, clustered_mean, clustered_spearman
from measures.score_levels import scores_by_level

LEVELS = ("easy", "medium", "hard")
# Fewer pairs have no correlation worth an interval.
FEWEST_PAIRS = 3

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ScoredPairs:
    """Pairs that have a score and a cosine of every encoder: their level, empty for none, and their image."""

    levels: Sequence[str]
    images: Sequence[int]
    is_negative: NDArray[np.bool_]
    scores: Floats
    cosines: Mapping[int, Floats]

    @property
    def good(self) -> NDArray[np.bool_]:
        """Return which pairs are good."""
        return ~self.is_negative


@dataclass(frozen=True, slots=True)
class ComparisonFigure:
    """One figure; `encoder` nothing for one of the scores alone."""

    encoder: int | None
    level: str
    name: str
    value: float | None
    n: int
    n_other: int | None = None
    low: float | None = None
    high: float | None = None


def _kept(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _estimated(encoder: int | None, level: str, name: str, told: Estimate) -> ComparisonFigure:
    low, high = told.interval.told
    return ComparisonFigure(encoder, level, name, _kept(told.value), told.n, None, low, high)


def comparison_figures(pairs: ScoredPairs, *, seed: int) -> list[ComparisonFigure]:
    """All figures: distributions by level, telling good from bad, and how scores go with each encoder's cosines."""
    figures = [*_distribution(None, pairs, pairs.scores, seed), *_binary(None, pairs, pairs.scores, seed)]
    for encoder, cosines in pairs.cosines.items():
        figures += [*_distribution(encoder, pairs, cosines, seed), *_binary(encoder, pairs, cosines, seed)]
        figures += [
            *_rank_correlation(encoder, pairs, cosines, seed),
            *_differences(encoder, pairs, cosines, seed),
        ]
    return figures


def _distribution(
    encoder: int | None, pairs: ScoredPairs, scores: Floats, seed: int
) -> Iterator[ComparisonFigure]:
    images, levels = np.asarray(pairs.images), np.asarray(pairs.levels, dtype=str)
    for told in scores_by_level(scores[pairs.good], levels[pairs.good].tolist(), levels=LEVELS):
        taken = pairs.good & ((levels == told.level) if told.level else True)
        mean = clustered_mean(scores[taken], images[taken], seed=seed)
        yield _estimated(encoder, told.level, "score", mean)
        yield ComparisonFigure(encoder, told.level, "score SD", _kept(told.deviation), told.n)


def _binary(encoder: int | None, pairs: ScoredPairs, scores: Floats, seed: int) -> Iterator[ComparisonFigure]:
    if not pairs.is_negative.any():
        return
    images, levels = np.asarray(pairs.images), np.asarray(pairs.levels, dtype=str)
    for level in ("", *LEVELS):
        taken = pairs.good & ((levels == level) if level else True)
        told = binary_figures(
            scores[taken], scores[pairs.is_negative], images[taken], images[pairs.is_negative], seed=seed
        )
        for name, value, low, high in told.named:
            yield ComparisonFigure(
                encoder, level, name, _kept(value), told.n_positive, told.n_negative, low, high
            )


def _rank_correlation(
    encoder: int, pairs: ScoredPairs, cosines: Floats, seed: int
) -> Iterator[ComparisonFigure]:
    images, levels = np.asarray(pairs.images), np.asarray(pairs.levels, dtype=str)
    for level in ("", *LEVELS):
        taken = pairs.good & ((levels == level) if level else True)
        if int(taken.sum()) < FEWEST_PAIRS:
            yield ComparisonFigure(encoder, level, "Spearman", None, int(taken.sum()))
            continue
        told = clustered_spearman(pairs.scores[taken], cosines[taken], images[taken], seed=seed)
        yield _estimated(encoder, level, "Spearman", told)


def _differences(encoder: int, pairs: ScoredPairs, cosines: Floats, seed: int) -> Iterator[ComparisonFigure]:
    good = pairs.good
    images, levels = np.asarray(pairs.images)[good], np.asarray(pairs.levels, dtype=str)[good]
    told = bland_altman(pairs.scores[good], cosines[good])
    yield ComparisonFigure(
        encoder, "", "limit of agreement", _kept(told.upper_limit), told.n, None,
        _kept(told.upper_interval.low), _kept(told.upper_interval.high),
    )  # fmt: skip
    for level, bias in bias_by_level(told, levels.tolist(), images, levels=LEVELS, seed=seed).items():
        yield _estimated(encoder, level, "bias", bias)
