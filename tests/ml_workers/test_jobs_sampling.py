"""The choice of images on a real model worker with a shipped encoder, drawn by a real default worker."""

import sys
from collections.abc import Mapping

import numpy as np
import pytest

from annotation.machine.drawings import DRAWING
from annotation.machine.sampling.choosing import ask_for_sampling
from annotation.models import ImageSampling, MachineDrawing, SampledImage
from annotation.progress.sampling_images import apply_sampling
from annotation.progress.swapping import reserves_of
from annotation.working.opening import free_images
from ml_workers.runners import sampling as sampling_runner
from ml_workers.runners.sampling import SamplingRunner
from polyannot.kernel.errors import Invalid
from projects.models import Job, Project
from projects.models.jobs import JobState
from tests import factories as make
from tests.live import LiveProgram
from tests.ml_workers.working import ended

pytestmark = [pytest.mark.models, pytest.mark.django_db(transaction=True)]


def pictures(project: Project, n: int) -> None:
    """Add images of different colours; the last two are the same picture."""
    rng = np.random.default_rng(0)
    colours = [tuple(int(part) for part in rng.integers(0, 256, 3)) for _number in range(n - 1)]
    for red, green, blue in [*colours, colours[-1]]:
        make.add_image(project, content=make.picture_bytes((red, green, blue)))


def drawn(of: Job) -> list[str]:
    """Wait for the drawing of a job and return the names of its drawings."""
    job = Job.objects.get(kind=DRAWING, parameters__job=str(of.public_id))
    assert ended(job).error == ""
    return list(MachineDrawing.objects.filter(job=of).values_list("name", flat=True))


def test_images_are_chosen_drawn_applied_and_the_reserves_follow_in_their_order(
    live_workers: Mapping[str, LiveProgram],
) -> None:
    project = make.make_project()
    pictures(project, 24)
    make.add_image(project, "out", state="retired", retired_at="2026-01-01T00:00Z")
    asked = {"encoder": "shipped:lite0", "wanted": 6, "reserve": 4, "random_choices": 20}
    job = ended(ask_for_sampling(project=project, actor=None, parameters=asked, seed=11))
    assert (job.state, job.error) == (JobState.DONE, "")
    assert job.result == {"images": {"chosen": 6, "reserve": 4, "set_aside": 14}}
    sampling = ImageSampling.objects.get(job=job)
    rows = list(SampledImage.objects.filter(sampling=sampling).order_by("rank"))
    assert [row.rank for row in rows] == list(range(1, 25))
    assert all(row.x is not None for row in rows)
    told = sampling.spreads["plane"]
    assert told["chosen"]["n"] == 6
    assert told["chosen"]["lowest"] > told["random"]["lowest"]["mean"]

    assert drawn(job) == ["sampling"]
    drawing = MachineDrawing.objects.get(job=job)
    assert len(drawing.csv.splitlines()) == 25
    assert drawing.alt == "24 images laid out by UMAP: 14 set aside, 4 in reserve, 6 chosen."

    apply_sampling(sampling=sampling, actor=make.make_user())
    assert set(free_images(project)) == {row.image for row in rows[:6]}
    assert list(reserves_of(project)) == [row.image for row in rows[6:10]]

    again = ended(ask_for_sampling(project=project, actor=None, parameters=asked, seed=11))
    second = SampledImage.objects.filter(sampling__job=again).order_by("rank")
    assert [row.image_id for row in second] == [row.image_id for row in rows], "the same seed, the same order"
    at_random = ended(
        ask_for_sampling(
            project=project,
            actor=None,
            parameters={**asked, "method": "random", "encoder": "image:lite0"},
            seed=11,
        )
    )
    assert at_random.error == "", "an encoder of images alone will do"
    other = SampledImage.objects.filter(sampling__job=at_random).order_by("rank")
    assert [row.image_id for row in other] != [row.image_id for row in rows]


def a_job(project: Project, **parameters: object) -> Job:
    return Job(project=project, kind="sampling", seed=1, parameters=parameters)


def test_a_worker_without_umap_refuses_a_plane_and_does_without_where_it_may(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sampling_runner, "is_available", lambda: False)
    monkeypatch.setattr("ml_workers.layout.is_available", lambda: False)
    monkeypatch.setitem(sys.modules, "umap", None)
    project = make.make_project()
    pictures(project, 6)
    with pytest.raises(Invalid, match="extra `layout`, or choose in the features themselves"):
        SamplingRunner().plan(a_job(project, method="farthest", space="plane"))
    asked = {"wanted": 3, "reserve": 1, "random_choices": 20}
    rows = np.eye(6, dtype=np.float32)
    images = [image.pk for image in project.images.all()]
    for method, space in (("farthest", "features"), ("random", "plane")):
        job = a_job(project, method=method, space=space, **asked)
        assert [list(chunk.items) for chunk in SamplingRunner().plan(job)] == [images[:5], [0]], (
            "two images share a picture, which is embedded once"
        )
        order = sampling_runner._ordered(job, images, rows)
        assert order.plane is None
        assert sorted(order.images) == images


def test_too_few_images_are_refused() -> None:
    project = make.make_project()
    pictures(project, 3)
    with pytest.raises(Invalid, match="needs at least 4 images that can be read, and there are 3"):
        SamplingRunner().plan(a_job(project, method="random", space="plane"))
