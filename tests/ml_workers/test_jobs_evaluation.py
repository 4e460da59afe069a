"""The benchmark: its figures from features made by hand, and the job on a real model worker with random models."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from annotation.captions.editing import content_hash
from annotation.machine.evaluation.pairs import Contrast
from annotation.machine.ml_requests import ask_for_calibration, ask_for_difficulty, ask_for_evaluation
from annotation.models import (
    CaptionVersion,
    Difficulty,
    EvaluationFigure,
    EvaluationPair,
    EvaluationRun,
    EvaluationScore,
    VersionState,
)
from ml_workers.difficulty import PRESETS, rule_without_voter
from ml_workers.jobs.evaluation import (
    benchmark,
    benchmark_features,
    leaving_out_own,
    levels_without,
)
from ml_workers.jobs.pair_scores import choice_figures, earlier_cosines, pair_scores
from projects.models.jobs import JobState
from tests.live import LiveProgram
from tests.ml_workers.working import a_pool, ended, find_bad, find_good
from tests.tiny_clip import tiny_clip


@dataclass(frozen=True)
class Rows:
    version_ids: list[int]
    image_ids: list[int]
    images: np.typing.NDArray[np.float32]
    texts: np.typing.NDArray[np.float32]


@dataclass(frozen=True)
class AVote:
    version_id: int
    encoder_id: int
    is_yes: bool
    is_tie_breaker: bool = False


def rows(images: list[int], vectors: list[list[float]], texts: list[list[float]]) -> Rows:
    of_image = np.array([vectors[image] for image in images], dtype=np.float32).reshape(-1, 2)
    return Rows(list(range(len(images))), images, of_image, np.array(texts, dtype=np.float32).reshape(-1, 2))


def test_figures_come_from_good_pairs_and_from_negatives_of_the_same_images():
    vectors = [[1.0, 0.0], [0.0, 2.0]]
    good = rows([1, 0, 1], vectors, [[0.0, 1.0], [3.0, 0.0], [1.0, 1.0]])
    negative = rows([0, 1], vectors, [[0.0, 1.0], [-1.0, 0.0]])
    features = benchmark_features(good, negative)
    assert list(features.owner) == [1, 0, 1]
    assert list(features.negative_cosines) == pytest.approx([0, 0])
    told = {
        (one.direction, one.level, one.name): one
        for one in benchmark(features, ["easy", "easy", "hard"], seed=1)
    }
    assert told["i2t", "", "R@1"].value == 1
    assert told["t2i", "", "R@1"].value == pytest.approx(2 / 3), "a tie loses"
    assert told["t2i", "", "R@1"].n == 3
    assert told["t2i", "easy", "R@1"].value == 1
    assert told["t2i", "medium", "R@1"].value is None
    assert told["t2i", "medium", "R@1"].n == 0
    assert told["", "", "cosine"].value == pytest.approx((1 + 1 + np.sqrt(0.5)) / 3)
    assert (told["", "", "AUPRC"].value, told["", "", "AUPRC"].n, told["", "", "AUPRC"].n_other) == (1, 3, 2)
    assert told["", "hard", "chance"].value == pytest.approx(1 / 3)
    assert told["", "medium", "chance"].value is None


def test_single_pairs_have_their_ranks_and_good_captions_are_chosen_over_others():
    vectors = [[1.0, 0.0], [0.0, 2.0]]
    good = rows([1, 0, 1], vectors, [[0.0, 1.0], [3.0, 0.0], [1.0, 1.0]])
    negative = rows([0, 1], vectors, [[0.0, 1.0], [-1.0, 0.0]])
    features = benchmark_features(good, negative)
    told = list(pair_scores(features, [10, 11, 12], [20, 21]))
    assert [(one.version_id, one.image_rank, one.caption_rank) for one in told] == [
        (10, 1, 1), (11, 1, 1), (12, 2, 2), (20, None, None), (21, None, None),
    ]  # fmt: skip
    assert told[2].cosine == pytest.approx(np.sqrt(0.5))
    contrasts = [
        Contrast(10, 21, (), is_edit=False),
        Contrast(11, 20, (), is_edit=False),
        Contrast(12, 30, ("color", "number"), is_edit=True),
        Contrast(11, 31, ("color",), is_edit=True),
        Contrast(11, 99, (), is_edit=True),
    ]
    before = {30: np.array([1.0, 0.0]), 31: np.array([1.0, 0.0])}
    earlier = earlier_cosines(features, [10, 11, 12], contrasts, before)
    assert earlier == {30: pytest.approx(0), 31: pytest.approx(1)}
    cosines = earlier | {one.version_id: one.cosine for one in told}
    choices = {one.name: (one.value, one.n) for one in choice_figures(contrasts, cosines)}
    assert choices == {
        "choice rejected": (1.0, 2),
        "choice edit": (0.5, 2),
        "choice edit color": (0.5, 2),
        "choice edit number": (1.0, 1),
    }, "what was not embedded takes no part, and a tie is wrong"


def test_without_negatives_nothing_is_told_apart():
    good = rows([0, 1], [[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 1.0]])
    told = benchmark(benchmark_features(good, rows([], [], [])), ["", ""], seed=1)
    assert "AUPRC" not in {one.name for one in told}
    assert leaving_out_own(told) == [one for one in leaving_out_own(told) if one.level]


def test_the_vote_without_one_model_leaves_as_many_dissenters():
    imp7 = PRESETS["imp7"]
    rest = rule_without_voter(imp7, is_tie_breaker=False)
    assert rest is not None
    assert (rest.voters, rest.easy_min_votes, rest.hard_max_votes, rest.tie_breaker) == (5, 5, 1, True)
    six = rule_without_voter(imp7, is_tie_breaker=True)
    assert six is not None
    assert (six.voters, six.easy_min_votes, six.hard_max_votes, six.tie_breaker) == (6, 5, 1, False)


def test_levels_change_where_the_left_out_model_had_decided():
    votes = [
        AVote(version, encoder, yes)
        for version, cast in {7: (True, True, False), 8: (True, False, False), 9: (True, True, True)}.items()
        for encoder, yes in zip((1, 2, 3), cast, strict=True)
    ]
    without = functools.partial(levels_without, easy_min_votes=3, is_always_asked=False)
    assert without(votes, 3, hard_max_votes=0) == {7: "easy", 8: "medium", 9: "easy"}
    assert without(votes, 1, hard_max_votes=0) == {7: "medium", 8: "hard", 9: "easy"}
    alone = [vote for vote in votes if vote.encoder_id == 1]
    assert levels_without(alone, 1, easy_min_votes=1, hard_max_votes=0, is_always_asked=False) is None
    # The tie-breaker (4) was asked where the three disagreed.
    asked = [*votes, AVote(7, 4, False, True), AVote(8, 4, True, True)]
    assert without(asked, 3, hard_max_votes=1) == {7: "easy", 8: "easy", 9: "easy"}
    assert without(asked, 4, hard_max_votes=1) == {7: "easy", 8: "hard", 9: "easy"}


def a_judged_pool() -> tuple[list[CaptionVersion], list[CaptionVersion]]:
    """Return good and bad versions of a project with four images of five captions; one good one is an edit."""
    project = a_pool(4, 5)
    versions = list(CaptionVersion.objects.filter(project=project).order_by("image_id", "pk"))
    good = [version for place, version in enumerate(versions) if place % 5 < 3]
    bad = [version for place, version in enumerate(versions) if place % 5 >= 3]
    good[0] = CaptionVersion.objects.create(
        project=project, image=good[0].image, caption=good[0].caption, parent=good[0], text="Squares in a town",
        content_hash=content_hash("Squares in a town"), kinds=["location"], state=VersionState.ACCEPTED,
    )  # fmt: skip
    find_good(good)
    find_bad(bad)
    return good, bad


@pytest.mark.models
@pytest.mark.django_db(transaction=True)
def test_a_benchmark_keeps_its_pairs_its_figures_and_those_without_the_own_vote(
    live_workers: Mapping[str, LiveProgram], tmp_path: Path
) -> None:
    good, bad = a_judged_pool()
    project = good[0].project
    names = [tiny_clip(tmp_path / str(seed), seed) for seed in (1, 2, 3)]
    ended(
        ask_for_calibration(project=project, actor=None, parameters={"encoders": names[:2], "batch_size": 4})
    )
    vote = ended(ask_for_difficulty(project=project, actor=None, parameters={"encoders": names[:2]}))
    assert vote.state == JobState.DONE, vote.error

    job = ended(ask_for_evaluation(project=project, actor=None, parameters={"encoders": names[1:]}))
    assert (job.state, job.error) == (JobState.DONE, "")
    assert job.result == {"pairs": {"good": 12, "negatives": 4}}
    run = EvaluationRun.objects.get(job=job)
    positives = EvaluationPair.objects.filter(run=run, is_negative=False)
    assert set(positives.values_list("version", flat=True)) == {one.pk for one in good}
    levels = dict(Difficulty.objects.filter(run__job=vote).values_list("version", "level"))
    assert dict(positives.values_list("version", "level")) == levels
    negatives = EvaluationPair.objects.filter(run=run, is_negative=True).select_related("version")
    assert {pair.version_id for pair in negatives} <= {one.pk for one in bad}
    assert len({pair.version.image_id for pair in negatives}) == 4
    figures = EvaluationFigure.objects.filter(run=run)
    assert set(figures.values_list("encoder__name", flat=True)) == set(names[1:])
    own = figures.filter(leaves_out_own=True)
    assert set(own.values_list("encoder__name", flat=True)) == {names[1]}, "the other did not vote"
    recall = figures.get(encoder__name=names[2], direction="t2i", level="", name="R@1")
    assert (recall.n, recall.n_other) == (12, 4)
    assert recall.value is not None
    assert recall.low is not None

    scores = EvaluationScore.objects.filter(run=run, encoder__name=names[2])
    assert scores.count() == 12 + 4
    found = [one.image_rank <= 1 for one in scores if one.image_rank is not None]
    assert sum(found) / 12 == pytest.approx(recall.value)
    assert {one.version_id for one in scores.filter(image_rank=None)} == set(
        negatives.values_list("version", flat=True)
    )
    rejected = figures.get(encoder__name=names[2], name="choice rejected")
    edited = figures.get(encoder__name=names[2], name="choice edit location")
    assert (rejected.n, edited.n) == (12, 1)

    told = list(figures.order_by("pk").values_list("encoder", "direction", "level", "name", "value", "low"))
    again = ended(
        ask_for_evaluation(
            project=project,
            actor=None,
            parameters={"encoders": names[1:], "vote": str(vote.public_id)},
        )
    )
    other = EvaluationFigure.objects.filter(run__job=again).order_by("pk")
    assert list(other.values_list("encoder", "direction", "level", "name", "value", "low")) == told


@pytest.mark.models
@pytest.mark.django_db(transaction=True)
def test_a_benchmark_without_pairs_or_with_an_unknown_vote_says_so_and_leaves_nothing(
    live_workers: Mapping[str, LiveProgram], tmp_path: Path
) -> None:
    good, _bad = a_judged_pool()
    name = tiny_clip(tmp_path, 1)
    empty = a_pool(2, 2)
    none = ended(ask_for_evaluation(project=empty, actor=None, parameters={"encoders": [name]}))
    assert none.state == JobState.FAILED
    assert "needs good captions of at least 2 images, and there are 0" in none.error
    unknown = ended(
        ask_for_evaluation(
            project=good[0].project, actor=None, parameters={"encoders": [name], "vote": str(none.public_id)}
        )
    )
    assert unknown.state == JobState.FAILED
    assert "There is no such vote in this project" in unknown.error
    assert not EvaluationRun.objects.exists()
