"""Images and captions embedded by two workers, undisturbed and killed: nothing twice, nothing missing, equal bits."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from annotation.machine.embeddings import EMBED_CAPTIONS, EMBED_IMAGES, ask_for_embeddings
from annotation.models import CaptionVersion, Embedding, Image
from polyannot.kernel import programs
from projects.models import Job, Project
from projects.models.jobs import JobState
from projects.storage import store_bytes
from tests import factories as make
from tests.faults.killing import Assassin, ended, serves
from tests.live import LiveProgram
from tests.ml_workers.working import a_pool
from tests.tiny_clip import tiny_clip

pytestmark = [pytest.mark.faults, pytest.mark.models, pytest.mark.django_db(transaction=True)]

IMAGES, CAPTIONS = 70, 3


@pytest.fixture
def second(
    live_environment: Mapping[str, str], live_workers: Mapping[str, LiveProgram], tmp_path: Path
) -> Iterator[LiveProgram]:
    """One more worker of the model queues."""
    program = programs.worker("second", ("gpu",), 1, programs.MODEL_WORKER)
    worker = LiveProgram(program, live_environment, tmp_path / "second.log", lambda: serves("second"))
    worker.start()
    yield worker
    worker.kill()


def vectors() -> dict[tuple[str, str, str], list[float]]:
    rows = Embedding.objects.values_list("encoder__name", "modality", "content_hash", "vector")
    return {(encoder, modality, content): vector for encoder, modality, content, vector in rows}


def embed(kind: str, project: Project, model: str) -> Job:
    return ask_for_embeddings(kind=kind, project=project, actor=None, encoders=[model])


def a_project() -> Project:
    """Return a project of different pictures, two in one file, one that cannot be read, and one that was taken out."""
    project = a_pool(IMAGES, CAPTIONS)
    first = project.images.order_by("pk")[0]
    Image.objects.filter(pk=project.images.order_by("pk")[1].pk).update(file=first.file)
    broken = make.add_image(project, "broken")
    broken.file = store_bytes(b"no picture at all", media_type="image/jpeg")
    broken.save(update_fields=["file"])
    make.add_image(project, "reserve", state="reserve")
    make.add_image(project, "out", state="retired", retired_at="2026-01-01T00:00Z")
    return project


def shared_by_both(project: Project, model: str) -> Job:
    """Embed the images until both workers took part (one may be at another thing); nothing is ever done twice."""
    for _time in range(12):
        Embedding.objects.all().delete()
        job = ended(embed(EMBED_IMAGES, project, model))
        check_once(job)
        if {one.partition("@")[0] for one in job.chunks.values_list("worker", flat=True)} == {"ml", "second"}:
            return job
    raise AssertionError("the second worker never took part")


def check_once(job: Job) -> None:
    """Every item is in one chunk, and every chunk was worked on once."""
    assert (job.state, job.error) == (JobState.DONE, "")
    items = [item for chunk in job.chunks.all() for item in chunk.items]
    assert len(items) == len(set(items)) == job.items_total
    assert set(job.chunks.values_list("attempts", flat=True)) == {1}


def test_two_workers_embed_everything_once_and_killed_ones_leave_the_same_to_the_last_bit(
    live_workers: Mapping[str, LiveProgram], second: LiveProgram, tmp_path: Path
) -> None:
    project, model = a_project(), tiny_clip(tmp_path / "one", 1)
    kept = Image.objects.filter(project=project).exclude(key__in=["broken", "out"])
    n_pictures = kept.values("file").distinct().count()
    n_texts = CaptionVersion.objects.filter(project=project).values("content_hash").distinct().count()
    images = shared_by_both(project, model)
    assert images.result == {"embedded": {model: n_pictures}}
    assert (images.items_total, images.items_failed) == (n_pictures + 1, 1)
    assert [(one.item, "replace it" in one.reason) for one in images.failures.all()] == [("broken", True)]
    captions = ended(embed(EMBED_CAPTIONS, project, model))
    check_once(captions)
    assert captions.result == {"embedded": {model: n_texts}}
    expected = vectors()
    assert len(expected) == n_pictures + n_texts

    again = ended(embed(EMBED_IMAGES, project, model))
    assert (again.result, vectors()) == (images.result, expected), "there is nothing left to do"
    for worker in (live_workers["ml"], second):
        Embedding.objects.all().delete()
        assassin = Assassin(worker, most=3, whole=False)
        for kind in (EMBED_IMAGES, EMBED_CAPTIONS):
            assassin.disturb(embed(kind, project, model), longest=0.4)
        assert vectors() == expected
