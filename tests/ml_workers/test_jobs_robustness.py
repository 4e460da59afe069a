"""Robustness on a real model worker with the three shipped models."""

from collections.abc import Mapping

import pytest

from annotation.machine.difficulty.robustness import ask_for_robustness
from annotation.machine.ml_requests import ask_for_difficulty
from annotation.models import CaptionVersion, MachineReport
from ml_workers.runners.robustness import RobustnessRunner
from polyannot.kernel.errors import Invalid
from projects.models import Job
from projects.models.jobs import JobState
from tests.factories import make_project
from tests.live import LiveProgram
from tests.ml_workers.working import a_pool, ended, find_good

pytestmark = [pytest.mark.models, pytest.mark.django_db(transaction=True)]
MODELS = ["shipped:lite0", "shipped:lite1", "shipped:lite2"]


def test_sets_of_models_vote_and_are_held_against_one_another_and_the_vote(
    live_workers: Mapping[str, LiveProgram],
) -> None:
    project = a_pool(3, 4)
    find_good(list(CaptionVersion.objects.filter(project=project)))
    voted = ended(ask_for_difficulty(project=project, actor=None, parameters={"encoders": MODELS}))
    assert voted.error == ""
    job = ended(ask_for_robustness(project=project, actor=None, parameters={"encoders": MODELS}))
    assert (job.state, job.error) == (JobState.DONE, "")
    assert job.result == {"robustness": {"n_pairs": 12, "n_models": 3}}
    told = MachineReport.objects.get(job=job).figures
    assert [draw["models"] for draw in told["draws"]] == [MODELS[:2], MODELS[::2], MODELS[1:]]
    assert [kappa["n"] for kappa in told["kappas"]] == [12, 12, 12]
    assert [one["n"] for one in told["to_reference"]] == [12, 12, 12]


def test_without_good_captions_or_with_a_vote_that_is_none_it_says_so() -> None:
    project = make_project()
    with pytest.raises(Invalid, match="no good caption yet"):
        RobustnessRunner().plan(Job(project=project, parameters={"encoders": MODELS, "vote": ""}))
    with pytest.raises(Invalid, match="no such vote"):
        RobustnessRunner().plan(Job(project=project, parameters={"encoders": MODELS, "vote": "none"}))
