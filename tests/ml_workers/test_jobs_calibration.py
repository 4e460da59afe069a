"""The calibration job on a real model worker: a threshold from the project's own good pairs, for this project alone."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import pytest

from annotation.machine.difficulty.calibration_showing import CSV_COLUMNS, curve_rows, shown_calibration
from annotation.machine.ml_requests import ask_for_calibration, ask_for_difficulty
from annotation.models import CaptionVersion, DifficultyVote, MachineReport, Threshold
from projects.models.jobs import JobState
from tests.live import LiveProgram
from tests.ml_workers.working import a_pool, ended, find_good, set_threshold
from tests.tiny_clip import tiny_clip

pytestmark = [pytest.mark.models, pytest.mark.django_db(transaction=True)]


def test_a_threshold_is_found_on_own_good_pairs_and_used_there_alone(
    live_workers: Mapping[str, LiveProgram], tmp_path: Path
) -> None:
    project, other = a_pool(5, 4), a_pool(5, 4)
    name = tiny_clip(tmp_path, 1)
    for one in (project, other):
        find_good(list(CaptionVersion.objects.filter(project=one)))
    job = ended(
        ask_for_calibration(project=project, actor=None, parameters={"encoders": [name], "batch_size": 8})
    )
    assert (job.state, job.error) == (JobState.DONE, "")
    own = Threshold.objects.get(project=project)
    assert own.batch_size == 8
    assert own.n_pairs == 16, "20 pairs make two whole batches of 8"
    told = MachineReport.objects.get(job=job).figures["encoders"][0]
    assert [(one["asked"], one["batch_size"]) for one in told["sizes"]] == [(2, 2), (8, 8), (32, 20)]
    assert told["sizes"][1]["threshold"] == pytest.approx(own.cosine)
    assert len(told["curve"]) > 1
    assert told["weights_sha256"] == own.encoder.weights_hash
    assert told["seed"] == own.seed
    contents = CaptionVersion.objects.filter(project=project)
    lines = sorted(f"{one.image.file.sha256} {one.content_hash}\n" for one in contents if one.image.file)
    assert told["data_sha256"] == hashlib.sha256("".join(lines).encode()).hexdigest()
    assert told["data_sha256"][:12] in own.pairs
    shown = shown_calibration(project)
    assert shown is not None
    rows = [dict(zip(CSV_COLUMNS, row, strict=True)) for row in curve_rows(shown.report)]
    assert [row["threshold"] for row in rows if row["is_used"]] == [pytest.approx(own.cosine)]
    assert max(float(str(row["f1"])) for row in rows) == rows[0]["f1"], "no point of the curve is better"
    assert [cell.is_used for cell in shown.rows[0][1]] == [False, True, False]

    set_threshold(name, 0.999)
    for one, expected in ((project, own), (other, Threshold.objects.get(project=None))):
        ended(ask_for_difficulty(project=one, actor=None, parameters={"encoders": [name]}))
        votes = DifficultyVote.objects.filter(run__project=one)
        assert set(votes.values_list("threshold", flat=True)) == {expected.pk}


def test_too_few_good_pairs_are_refused_with_a_word(
    live_workers: Mapping[str, LiveProgram], tmp_path: Path
) -> None:
    project = a_pool(2, 3)
    find_good(list(CaptionVersion.objects.filter(project=project)))
    job = ended(
        ask_for_calibration(project=project, actor=None, parameters={"encoders": [tiny_clip(tmp_path, 1)]})
    )
    assert job.state == JobState.FAILED
    assert "at least 10 good pairs, and there are 6" in job.error
