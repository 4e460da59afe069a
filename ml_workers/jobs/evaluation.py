"""The benchmark of one encoder on fixed pairs: retrieval, telling pairs apart, cosines; overall and by difficulty."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from measures.binary import BinaryFigures, binary_figures
from measures.ranking_by_level import LevelFigures, retrieval_by_level
from measures.resampling import clustered_mean
from measures.retrieval import DirectionFigures
from measures.score_levels import scores_by_level
from ml_workers.difficulty import DifficultyRule, assign_difficulty, rule_without_voter

LEVELS = ("easy", "medium", "hard")
IMAGE_TO_TEXT, TEXT_TO_IMAGE = "i2t", "t2i"

Rows = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ComputedFigure:
    """One figure; shares 0 to 1, ranks 1-based, nothing where it is undefined."""

    direction: str
    level: str
    name: str
    value: float | None
    n: int
    n_other: int | None = None
    low: float | None = None
    high: float | None = None
    leaves_out_own: bool = False


@dataclass(frozen=True, slots=True)
class BenchmarkFeatures:
    """Unit rows of the good captions (m, d) with the place of each one's image among `images` (n, d), and negatives."""

    images: Rows
    captions: Rows
    owner: NDArray[np.int64]
    negative_cosines: Rows
    negative_owner: NDArray[np.int64]


class PairRows(Protocol):
    """Features of pairs, row by row, and the image of each."""

    @property
    def version_ids(self) -> Sequence[int]:
        """The version of each row."""

    @property
    def image_ids(self) -> Sequence[int]:
        """The image of each row."""

    @property
    def images(self) -> NDArray[np.float32]:
        """Image features (n, d)."""

    @property
    def texts(self) -> NDArray[np.float32]:
        """Text features (n, d)."""


class Cast(Protocol):
    """One vote of the vote that gave the levels."""

    @property
    def version_id(self) -> int:
        """On what."""

    @property
    def encoder_id(self) -> int:
        """By whom."""

    @property
    def is_yes(self) -> bool:
        """What."""

    @property
    def is_tie_breaker(self) -> bool:
        """Whether it was asked where the others disagreed."""


def _unit(rows: NDArray[np.float32]) -> Rows:
    wide = rows.astype(np.float64)
    lengths = np.linalg.norm(wide, axis=1, keepdims=True)
    return np.asarray(wide / np.where(lengths > 0, lengths, 1.0))


def benchmark_features(good: PairRows, negative: PairRows) -> BenchmarkFeatures:
    """Features of the good pairs with every image once, and the cosines of the negatives with their own images.

    An image that has a negative alone (its good captions could not be embedded) takes part in nothing else.
    """
    image_ids, first, owner = np.unique(np.asarray(good.image_ids), return_index=True, return_inverse=True)
    return BenchmarkFeatures(
        images=_unit(good.images[first]),
        captions=_unit(good.texts),
        owner=owner.astype(np.int64),
        negative_cosines=(_unit(negative.images) * _unit(negative.texts)).sum(axis=1),
        negative_owner=_places(image_ids, negative.image_ids),
    )


def _places(image_ids: NDArray[np.int64], of: Sequence[int]) -> NDArray[np.int64]:
    """The place of each image in a rising list, and places of their own beyond it for images that are not there."""
    known = {int(image): place for place, image in enumerate(image_ids)}
    return np.array([known.setdefault(image, len(known)) for image in of], dtype=np.int64)


def benchmark(features: BenchmarkFeatures, levels: Sequence[str], *, seed: int) -> list[ComputedFigure]:
    """All figures of one encoder; `levels` has the level of each good caption, empty for none."""
    found = retrieval_by_level(features.images, features.captions, features.owner, levels, seed=seed)
    overall = found.overall
    figures = [
        *_direction(IMAGE_TO_TEXT, "", overall.image_to_text),
        *_direction(TEXT_TO_IMAGE, "", overall.text_to_image),
    ]
    for one in found.levels:
        figures += _of_level(one)
    return [*figures, *_pair_figures(features, levels, seed)]


def _kept(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _direction(direction: str, level: str, told: DirectionFigures) -> Iterator[ComputedFigure]:
    queries, relevant, ends = told.n_queries, told.n_relevant, told.interval
    for name, value, n, (low, high) in (
        *((f"R@{k}", share, queries, ends.recall[k]) for k, share in told.recall.items()),
        ("meanR", told.mean_rank, relevant, ends.mean_rank),
        ("medR", told.median_rank, relevant, ends.median_rank),
        ("nearest", told.median_nearest_rank, queries, ends.median_nearest_rank),
        ("mAP@R", told.map_at_r, queries, ends.map_at_r),
        ("mAP", told.full_map, queries, ends.full_map),
    ):
        yield ComputedFigure(direction, level, name, _kept(value), n, told.n_gallery, _kept(low), _kept(high))


def _of_level(told: LevelFigures) -> Iterator[ComputedFigure]:
    yield from _direction(IMAGE_TO_TEXT, told.level, told.image_to_text)
    yield from _direction(TEXT_TO_IMAGE, told.level, told.text_to_image)
    for k, share in told.share_of_all_queries.items():
        low, high = told.share_interval[k]
        yield ComputedFigure(
            TEXT_TO_IMAGE, told.level, f"share of all queries, first {k}", _kept(share), told.n_all_queries,
            None, _kept(low), _kept(high),
        )  # fmt: skip
    low, high = told.median_interval
    yield ComputedFigure(
        IMAGE_TO_TEXT, told.level, "medR of all captions", _kept(told.median_rank_of_all_captions),
        told.n_ranks_of_all_captions, None, _kept(low), _kept(high),
    )  # fmt: skip


def _pair_figures(features: BenchmarkFeatures, levels: Sequence[str], seed: int) -> Iterator[ComputedFigure]:
    cosines = (features.images[features.owner] * features.captions).sum(axis=1)
    of_level = np.asarray(levels, dtype=str)
    taken_of = {
        level: of_level == level if level else np.full(len(of_level), True) for level in ("", *LEVELS)
    }
    for score in scores_by_level(cosines, levels, levels=LEVELS):
        taken = taken_of[score.level]
        low, high = clustered_mean(cosines[taken], features.owner[taken], seed=seed).interval.told
        yield ComputedFigure("", score.level, "cosine", _kept(score.mean), score.n, None, low, high)
        yield ComputedFigure("", score.level, "cosine SD", _kept(score.deviation), score.n)
    if not len(features.negative_cosines):
        return
    for level, taken in taken_of.items():
        told = binary_figures(
            cosines[taken], features.negative_cosines, features.owner[taken], features.negative_owner,
            seed=seed,
        )  # fmt: skip
        yield from _binary(level, told)


def _binary(level: str, told: BinaryFigures) -> Iterator[ComputedFigure]:
    for name, value, low, high in told.named:
        yield ComputedFigure("", level, name, _kept(value), told.n_positive, told.n_negative, low, high)


def levels_without(
    votes: Sequence[Cast], encoder_id: int, *, easy_min_votes: int, hard_max_votes: int, is_always_asked: bool
) -> Mapping[int, str] | None:
    """The level of each version by the vote without one encoder, or nothing where no vote is left of it."""
    tie_breakers = {vote.encoder_id for vote in votes if vote.is_tie_breaker}
    voters = sorted({vote.encoder_id for vote in votes} - tie_breakers)
    rule = rule_without_voter(
        DifficultyRule(
            "asked for", len(voters), easy_min_votes, hard_max_votes, bool(tie_breakers), is_always_asked
        ),
        is_tie_breaker=encoder_id in tie_breakers,
    )
    if rule is None:
        return None
    cast: dict[int, dict[int, bool]] = {}
    for vote in votes:
        cast.setdefault(vote.version_id, {})[vote.encoder_id] = vote.is_yes
    rest = [voter for voter in voters if voter != encoder_id]
    given = np.array([[by[voter] for voter in rest] for by in cast.values()], dtype=bool)
    told = [any(by.get(one, False) for one in tie_breakers) for by in cast.values()]
    made = assign_difficulty(
        given.reshape(len(cast), len(rest)), rule, tie_breaker=np.array(told) if rule.tie_breaker else None
    )
    return {version: str(level) for version, level in zip(cast, made.difficulty, strict=True)}


def leaving_out_own(figures: Sequence[ComputedFigure]) -> list[ComputedFigure]:
    """Those of the figures that depend on levels, marked as made with the levels of the others' vote."""
    return [replace(one, leaves_out_own=True) for one in figures if one.level]
