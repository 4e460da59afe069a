"""Paraphrases in the benchmark: figures from features made by hand, and the job on a real worker with graded ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr

from annotation.machine.evaluation.paraphrase_grades import grades_of
from annotation.machine.ml_requests import ask_for_evaluation
from annotation.models import CaptionVersion, EvaluationFigure, EvaluationParaphrase
from ml_workers.jobs.evaluation import ComputedFigure
from ml_workers.jobs.paraphrases import Gallery, paraphrase_figures, unit_texts
from projects.models.jobs import JobState
from studies.design.grades import HIGHEST
from studies.models import Study
from studies.results.perfect import perfect_in
from tests.live import LiveProgram
from tests.ml_workers.working import ended, find_good
from tests.studies.test_grading import enrolled, grade_all
from tests.study_rows import make_open_grading, make_paraphrased_project
from tests.tiny_clip import tiny_clip


@dataclass(frozen=True)
class APair:
    original_id: int
    version_id: int
    grade: float | None = None
    is_drawn: bool = False


def told(figures: list[ComputedFigure]) -> dict[str, ComputedFigure]:
    return {one.name: one for one in figures}


def some_texts(n: int, dimension: int = 6, seed: int = 1) -> dict[int, np.typing.NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    return unit_texts({number: rng.standard_normal(dimension).astype(np.float32) for number in range(n)})


def a_gallery(n: int, owners: Mapping[int, int], seed: int = 2) -> Gallery:
    rows = np.random.default_rng(seed).standard_normal((n, 6))
    return Gallery(rows / np.linalg.norm(rows, axis=1, keepdims=True), dict(owners))


def first_ten(query: np.typing.NDArray[np.float64], gallery: Gallery) -> list[int]:
    return sorted(range(len(gallery.images)), key=lambda at: -(gallery.images[at] @ query))[:10]


def test_overlaps_are_those_of_each_pair_over_the_gallery_and_perfect_ones_stand_apart():
    texts, gallery = some_texts(6), a_gallery(30, {0: 3, 1: 4})
    pairs = [APair(0, 2), APair(0, 3, is_drawn=True), APair(1, 4, is_drawn=True), APair(5, 1)]
    figures = told(paraphrase_figures(pairs, texts, gallery, seed=1))
    shares = {}
    for pair in pairs[:3]:
        ours, theirs = first_ten(texts[pair.original_id], gallery), first_ten(texts[pair.version_id], gallery)
        shares[pair.version_id] = (
            np.mean([len({*ours[:d]} & {*theirs[:d]}) / d for d in range(1, 11)]),
            len({*ours} & {*theirs}) / len({*ours} | {*theirs}),
        )
    assert (figures["AO@10"].n, figures["AO@10"].n_other) == (3, 30), (
        "an original without an image asks for none"
    )
    assert figures["AO@10"].value == pytest.approx(np.mean([one[0] for one in shares.values()]))
    assert figures["JS@10"].value == pytest.approx(np.mean([one[1] for one in shares.values()]))
    assert figures["AO@10 perfect"].n == 2
    assert figures["JS@10 perfect"].value == pytest.approx((shares[3][1] + shares[4][1]) / 2)
    assert figures["AO@10"].low is not None
    assert "STS Pearson" not in figures
    few = told(paraphrase_figures(pairs, texts, a_gallery(9, {0: 3, 1: 4}), seed=1))
    assert not few, "nine images have no first ten"


def test_a_query_is_expanded_by_the_mean_and_its_paraphrase_by_other_texts():
    texts = some_texts(9)
    gallery = a_gallery(12, {0: 0, 8: 1})
    pairs = [APair(0, version) for version in (1, 2, 3, 4, 5)] + [APair(8, 6), APair(8, 7)]
    figures = told(paraphrase_figures(pairs, texts, gallery, expansions=2, seed=1))
    assert (figures["QE R@5"].n, figures["no QE R@5"].n) == (2, 2)
    wide = {0: texts[0] + texts[1] + texts[2], 8: texts[8] + texts[6] + texts[7]}
    hits = [gallery.image_of[one] in first_ten(query, gallery)[:5] for one, query in wide.items()]
    assert figures["QE R@5"].value == np.mean(hits)
    plain = [gallery.image_of[one] in first_ten(texts[one], gallery)[:5] for one in wide]
    assert figures["no QE R@5"].value == np.mean(plain)
    ours = first_ten(texts[0] + texts[2] + texts[3], gallery)
    theirs = first_ten(texts[1] + texts[4] + texts[5], gallery)
    assert figures["JS@10 QE"].n == 1
    assert figures["JS@10 QE"].value == pytest.approx(len({*ours} & {*theirs}) / len({*ours} | {*theirs}))


def test_cosines_go_with_grades_as_scipy_says_over_all_graded_pairs():
    texts = some_texts(30)
    pairs = [APair(number // 3 * 3, number, float(number % 4)) for number in range(30) if number % 3]
    figures = told(paraphrase_figures(pairs, texts, a_gallery(2, {}), seed=1))
    cosines = [float(texts[pair.original_id] @ texts[pair.version_id]) for pair in pairs]
    grades = [pair.grade or 0.0 for pair in pairs]
    assert figures["STS Pearson"].value == pytest.approx(pearsonr(cosines, grades).statistic)
    assert figures["STS Spearman"].value == pytest.approx(spearmanr(cosines, grades).statistic)
    assert (figures["STS Spearman"].n, figures["STS Spearman"].direction) == (20, "")
    spearman = figures["STS Spearman"]
    ends = [float(end) for end in (spearman.low, spearman.value, spearman.high) if end is not None]
    assert len(ends) == 3
    assert ends == sorted(ends)


@pytest.mark.models
@pytest.mark.django_db(transaction=True)
def test_a_benchmark_takes_the_paraphrases_of_good_captions_with_what_people_said_of_them(
    live_workers: Mapping[str, LiveProgram], tmp_path: Path
) -> None:
    project = make_paraphrased_project(images=11, each=3)
    study: Study = make_open_grading(project, paraphrase_pairs=33, pairs_per_participant=11)
    for number in range(6):
        grade_all(enrolled(study), target="5" if number < 4 else "3")
    drawn = {one.version for one in perfect_in(project) if one.is_drawn}
    assert 0 < len(drawn) < 11
    originals = list(CaptionVersion.objects.filter(project=project, caption__paraphrase_of=None))
    find_good(originals[:10])
    find_good([*CaptionVersion.objects.filter(project=project, image=originals[10].image)[1:2]])

    name = tiny_clip(tmp_path, 1)
    job = ended(ask_for_evaluation(project=project, actor=None, parameters={"encoders": [name]}))
    assert (job.state, job.error) == (JobState.DONE, "")
    taken = EvaluationParaphrase.objects.filter(run__job=job)
    assert taken.count() == 33, "those of a caption that is not good were graded"
    assert set(taken.filter(is_drawn=True).values_list("version", flat=True)) == drawn
    grades = grades_of(project)
    assert {row.version_id: row.grade for row in taken} == {
        pk: one.total / one.n_grades for pk, one in grades.items()
    }
    assert max(row.grade or 0 for row in taken) == HIGHEST
    figures = {one.name: one for one in EvaluationFigure.objects.filter(run__job=job)}
    assert (figures["AO@10"].n, figures["AO@10"].n_other) == (30, 11)
    assert figures["AO@10 perfect"].n == taken.filter(is_drawn=True).exclude(original=originals[10]).count()
    assert (figures["QE R@1"].n, figures["STS Spearman"].n) == (10, 33)
    assert figures["STS Spearman"].value is not None
