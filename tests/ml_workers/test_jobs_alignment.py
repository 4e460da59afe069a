"""The alignment job on a real model worker: its model, its figures, its restart, and its name as an encoder."""

from collections.abc import Mapping

import pytest
import torch

from annotation.machine.ml_requests import ask_for_alignment, ask_for_similarities
from annotation.models import AlignmentRun, CaptionVersion, Similarity
from ml_workers.runners import alignment as alignment_runner
from ml_workers.runners.alignment import AlignmentRunner
from polyannot.kernel.errors import Invalid
from projects.models import Job, JobChunk, Project
from projects.models.jobs import JobState
from tests.factories import add_caption, add_image, make_project
from tests.live import LiveProgram
from tests.ml_workers.working import ended, find_good

IMAGES = 20
SHORT = {"base": "shipped:lite0", "epochs": 2}


def captioned(images: int = IMAGES) -> Project:
    """A project whose images have two good captions each."""
    project = make_project()
    for number in range(images):
        image = add_image(project)
        add_caption(image, f"A coloured square, number {number}")
        add_caption(image, f"Square {number} in one colour")
    find_good(list(CaptionVersion.objects.filter(project=project)))
    return project


@pytest.mark.django_db(transaction=True)
@pytest.mark.models
def test_an_alignment_leaves_a_model_with_figures_that_other_jobs_can_ask_for(
    live_workers: Mapping[str, LiveProgram],
) -> None:
    project = captioned()
    job = ended(ask_for_alignment(project=project, actor=None, parameters=SHORT), 240)
    assert job.state == JobState.DONE, job.error
    run = AlignmentRun.objects.get(job=job)
    assert run.weights is not None
    assert run.checkpoint is None
    config = run.config
    assert (config["training_data"]["train_images"], config["training_data"]["dev_images"]) == (18, 2)
    assert config["after"]["text_to_image"]["n"] == 4
    assert config["after"]["AO@2"]["n"] == 2
    assert len(config["losses"]) == 2
    told = ended(ask_for_similarities(project=project, actor=None, encoders=[run.encoder_name]), 120)
    assert told.state == JobState.DONE, told.error
    assert Similarity.objects.filter(encoder__name=run.encoder_name).count() == 2 * IMAGES
    nowhere = ended(ask_for_similarities(project=project, actor=None, encoders=["aligned:nowhere"]), 120)
    assert "No finished alignment is called aligned:nowhere" in nowhere.error


def planned_chunks(job: Job) -> list[JobChunk]:
    chunks = AlignmentRunner().plan(job)
    return [
        JobChunk.objects.create(job=job, position=place, items=list(chunk.items), phase=chunk.phase)
        for place, chunk in enumerate(chunks)
    ]


def weights_of(job: Job) -> str:
    run = AlignmentRun.objects.select_related("weights").get(job=job)
    assert run.weights is not None
    return str(run.weights.sha256)


@pytest.mark.django_db
@pytest.mark.models
def test_a_training_that_another_worker_takes_up_ends_with_the_same_weights(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("projects.queue.MOST_WAKE_UPS", 0)
    project = captioned()
    runner, weights = AlignmentRunner(), []
    for is_disturbed in (False, True):
        job = ask_for_alignment(project=project, actor=None, parameters=SHORT)
        Job.objects.filter(pk=job.pk).update(seed=5)
        job.refresh_from_db()
        features, first, second, figures = planned_chunks(job)
        runner.run(job, features)
        runner.run(job, first)
        if is_disturbed:
            # The second epoch is done twice: once by a worker that dies before it says so, once by another.
            runner.run(job, second)
            alignment_runner.prepared.cache_clear()
            torch.manual_seed(99)
        runner.run(job, second)
        runner.run(job, figures)
        runner.run(job, figures)
        assert runner.finish(job) == {"epochs": 2}
        weights.append(weights_of(job))
        Job.objects.filter(pk=job.pk).update(state=JobState.DONE)
    assert weights[0] == weights[1]


@pytest.mark.django_db
def test_too_few_images_or_another_base_are_refused_before_anything_is_computed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("projects.queue.MOST_WAKE_UPS", 0)
    project = captioned(3)
    for wrong in (
        {"base": "ViT-B-32/openai"},
        {"layers": 2, "text_tower": "finetuned"},
        {"losses": "none"},
        {"epochs": 0},
    ):
        with pytest.raises(Invalid):
            ask_for_alignment(project=project, actor=None, parameters=wrong)
    job = ask_for_alignment(project=project, actor=None, parameters=SHORT)
    with pytest.raises(Invalid, match="at least 20 images; there are 3"):
        AlignmentRunner().plan(job)
    assert not AlignmentRun.objects.exists()
