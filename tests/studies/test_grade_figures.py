"""The figures of graded paraphrases: worked by hand, computed again by the export's script, shown on the page."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from django.test import Client

from measures.proportions import wilson
from studies.design.cards import Role
from studies.design.pilot import PilotAssumptions
from studies.design.planning import DIE, HONEST_GRADER
from studies.design.rows import AnswerRow
from studies.drafting.piloting import run_pilot
from studies.job_kinds import ask_for_results
from studies.models import Study, StudyResult
from studies.results.computing import write_result
from studies.results.drawing import store_figures
from studies.results.exporting import answers_archive, public_archive
from studies.results.grade_figures import grade_figures, graded_pairs
from studies.results.perfect import perfect_in, perfect_paraphrases
from studies.taking.playing import play_participants
from tests.studies.test_grading import enrolled, grade_all
from tests.studies.test_study_exporting import not_computed, run_script, unpacked
from tests.study_rows import (
    make_grading,
    make_open_grading,
    make_open_study,
    make_paraphrased_project,
    researcher_of,
)


def grade(who: int, pair: int, value: int, role: Role = "target") -> AnswerRow:
    return AnswerRow(who, pair, role, "good" if value == 5 else "bad", pair, 5000, value)


ROWS = [
    *(grade(1, 1, 5), grade(2, 1, 5)),
    *(grade(1, 2, 5), grade(2, 2, 4)),
    *(grade(1, 3, 2), grade(2, 3, 0), grade(3, 3, 1)),
    grade(3, 4, 5),
    *(grade(1, 1, 0, "repeat"), grade(1, 9, 5, "control"), grade(1, 8, 0, "distractor")),
]


def test_perfect_takes_all_graders_and_all_of_them_five() -> None:
    found = {pair.pair: pair for pair in graded_pairs(ROWS, [1, 2, 3, 4, 5], graders=2)}
    assert [pair for pair in found if found[pair].is_perfect] == [1]
    assert [pair for pair in found if not found[pair].is_graded] == [4, 5]
    assert found[3].counts == (1, 1, 1, 0, 0, 0)
    assert (found[3].mean, found[5].mean) == (1.0, None)


def test_shares_spread_and_mean_are_over_the_grades_of_paraphrases_alone() -> None:
    figures = grade_figures(ROWS, [1, 2, 3, 4, 5], graders=2, replicates=200)
    assert (figures.perfect.k, figures.perfect.n, figures.unfinished) == (1, 3, 2)
    assert figures.perfect.interval == wilson(1, 3)
    assert [each.given.k for each in figures.distribution] == [1, 1, 1, 0, 1, 4]
    assert {each.given.n for each in figures.distribution} == {8}
    assert figures.mean.value == pytest.approx(27 / 8)
    assert figures.mean.interval is not None
    assert figures.mean.interval.low <= 27 / 8 <= figures.mean.interval.high


def test_agreement_of_grades_is_that_of_the_formulas() -> None:
    figures = grade_figures(ROWS, [1, 2, 3, 4, 5], graders=2, replicates=200)
    by_key = {each.key: each for each in figures.coefficients}
    assert by_key["raw_agreement"].value == pytest.approx((1 + 0 + 0) / 3)
    weights = 1 - np.subtract.outer(np.arange(6), np.arange(6)) ** 2 / 25
    seen = (1 + weights[5, 4] + np.mean([weights[2, 0], weights[2, 1], weights[0, 1]])) / 3
    share = np.array([1 / 3, 1 / 3, 1 / 3, 0, 1 / 2, 5 / 2]) / 4
    chance = weights.sum() * (share * (1 - share)).sum() / 30
    assert by_key["gwet_ac2_quadratic"].value == pytest.approx((seen - chance) / (1 - chance))
    assert by_key["krippendorff_alpha_ordinal"].pairs == 3


def test_without_a_grade_everything_is_empty_and_nothing_is_claimed() -> None:
    figures = grade_figures([], [1, 2], graders=2, replicates=50)
    assert (figures.perfect.share, figures.mean.value, figures.coefficients) == (None, None, ())
    assert figures.unfinished == 2


def computed(study: Study) -> StudyResult:
    result = write_result(study=study, job=ask_for_results(study=study, actor=None))
    store_figures(result)
    return result


@pytest.fixture
def piloted() -> StudyResult:
    study = make_grading(
        make_paraphrased_project(images=10, each=3),
        graders_per_pair=3,
        paraphrase_pairs=24,
        pairs_per_participant=12,
        repeats_per_participant=2,
        min_seconds_median=4.0,
        max_distractors_good=0,
    )
    assumed = PilotAssumptions(honest=HONEST_GRADER, guesser=DIE, share_guessing=0.3, drop_out=0.1)
    run_pilot(study=study, actor=None, assumptions=assumed)
    return computed(study)


@pytest.mark.django_db
def test_the_script_of_an_export_finds_every_figure_of_the_grades_again(
    piloted: StudyResult, tmp_path: Path
) -> None:
    archive = answers_archive(study=piloted.study, result=piloted, actor=None)
    folder = unpacked(archive, tmp_path)
    done = run_script(folder, "--json")
    assert done.returncode == 0, done.stderr
    found, published = json.loads(done.stdout), json.loads((folder / "figures.json").read_text())
    assert found["left_out"]
    for group in ("everybody", "without_excluded"):
        assert published[group]["grading"]["perfect"]["n"] > 0
        assert not_computed(published[group], found[group], group) == []
    assert "graded 0 to 5" in (folder / "README.md").read_text()
    answers = folder / "answers.csv"
    lines = answers.read_text().splitlines()
    place = next(at for at, line in enumerate(lines) if ",target," in line and line.endswith(",5"))
    answers.write_text("\n".join([*lines[:place], lines[place][:-1] + "0", *lines[place + 1 :]]) + "\n")
    changed = run_script(folder)
    assert changed.returncode == 1
    assert "everybody.grading" in changed.stderr


@pytest.mark.django_db
def test_a_public_export_counts_grades_and_names_nobody(piloted: StudyResult, tmp_path: Path) -> None:
    folder = unpacked(public_archive(study=piloted.study, result=piloted), tmp_path)
    assert not (folder / "answers.csv").exists()
    rows = list(csv.DictReader((folder / "pairs.csv").open(encoding="utf-8")))
    assert len(rows) == 24
    assert all(
        row["original_text"] and int(row["n"]) == sum(int(row[f"n_{k}"]) for k in range(6)) for row in rows
    )


@pytest.mark.django_db
def test_perfect_paraphrases_are_found_with_their_originals_and_one_of_each_is_drawn() -> None:
    study = make_open_grading(max_distractors_good=None, max_controls_bad=None)
    for number in range(5):
        grade_all(enrolled(study), target="5" if number < 3 else "4")
    found = perfect_paraphrases(study)
    assert found
    assert found == perfect_paraphrases(study)
    assert perfect_in(study.project) == list(found)
    for each in found:
        assert each.caption.startswith("paraphrase-")
        assert each.original == f"original-{each.caption.split('-')[1]}"
        assert each.graders >= 2
    originals = {each.original for each in found}
    assert sorted(each.original for each in found if each.is_drawn) == sorted(originals)


@pytest.mark.django_db
def test_made_up_people_make_no_paraphrase_perfect_for_the_project() -> None:
    study = make_open_grading()
    play_participants(study=study, people=5, seed=3)
    assert all(each.is_simulated for each in perfect_paraphrases(study))
    assert perfect_in(study.project) == []


@pytest.mark.django_db
def test_the_results_page_tells_grades_and_no_share_good(piloted: StudyResult) -> None:
    study = piloted.study
    client = Client()
    client.force_login(researcher_of(study.project))
    base = f"/p/{study.project.slug}/studies/{study.public_id}/results/"
    page = client.get(base).text
    assert "Perfect paraphrases" in page
    assert "Gwet&#x27;s AC2" in page
    assert "Share good" not in page
    assert "Distractors called good" not in page
    perfect = list(csv.DictReader(io.StringIO(client.get(f"{base}perfect.csv").text)))
    assert len(perfect) == piloted.figures["everybody"]["grading"]["perfect"]["k"]
    assert client.get(f"{base}pairs.csv").text.startswith("pair,image,original,original_text")


@pytest.mark.django_db
def test_a_study_of_images_has_no_table_of_perfect_paraphrases() -> None:
    study = make_open_study()
    client = Client()
    client.force_login(researcher_of(study.project))
    page = f"/p/{study.project.slug}/studies/{study.public_id}/results/perfect.csv"
    assert client.get(page).status_code == 404
