"""The similarities job on a real model worker: embeddings and cosines land in PostgreSQL, each computed once."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from annotation.captions.editing import propose_edit
from annotation.machine.ml_requests import ask_for_similarities
from annotation.models import CaptionVersion, Embedding, Encoder, Image, Similarity
from projects.models.jobs import JobState
from projects.storage import open_stored
from tests.factories import add_caption, make_user
from tests.live import LiveProgram
from tests.ml_workers.working import a_pool, ended
from tests.tiny_clip import tiny_clip

pytestmark = [pytest.mark.models, pytest.mark.django_db(transaction=True)]


def test_a_worker_embeds_every_content_once_and_computes_every_pair(
    live_workers: Mapping[str, LiveProgram], tmp_path: Path
) -> None:
    project = a_pool(5, 4)
    base = CaptionVersion.objects.filter(project=project).earliest("pk")
    propose_edit(parent=base, text="Another text altogether", kinds=["other"], author=make_user())
    names = [tiny_clip(tmp_path / "one", 1), tiny_clip(tmp_path / "two", 2)]

    job = ended(ask_for_similarities(project=project, actor=None, encoders=names))
    assert (job.state, job.error) == (JobState.DONE, "")
    assert job.result == {"pairs": dict.fromkeys(names, 21)}
    assert job.items_done == job.items_total == 2 * (5 + 13 + 21), "12 different captions and one edit"
    assert Encoder.objects.filter(name__in=names, dimension=32).count() == 2
    assert Embedding.objects.filter(modality="image").count() == 2 * 5
    assert Embedding.objects.filter(modality="text").count() == 2 * 13
    assert Similarity.objects.filter(project=project).count() == 2 * 21

    kept = dict(Embedding.objects.values_list("pk", "vector"))
    add_caption(Image.objects.filter(project=project).earliest("pk"), "One caption more")
    again = ended(ask_for_similarities(project=project, actor=None, encoders=names))
    assert again.result == {"pairs": dict.fromkeys(names, 22)}
    assert Embedding.objects.filter(modality="text").count() == 2 * 14
    assert dict(Embedding.objects.filter(pk__in=kept).values_list("pk", "vector")) == kept


def test_a_cosine_is_that_of_the_stored_vectors(
    live_workers: Mapping[str, LiveProgram], tmp_path: Path
) -> None:
    project = a_pool(3, 3)
    ended(ask_for_similarities(project=project, actor=None, encoders=[tiny_clip(tmp_path / "one", 1)]))
    for row in Similarity.objects.select_related("image__file", "version"):
        image = Embedding.objects.get(modality="image", content_hash=row.image.file.sha256).vector
        text = Embedding.objects.get(modality="text", content_hash=row.version.content_hash).vector
        assert np.linalg.norm(image) == pytest.approx(1.0, abs=1e-3)
        expected = np.dot(image, text) / np.linalg.norm(image) / np.linalg.norm(text)
        assert row.cosine == pytest.approx(expected, abs=1e-6)


def test_pictures_that_cannot_be_read_are_named_and_left_out_and_the_rest_is_done(
    live_workers: Mapping[str, LiveProgram], tmp_path: Path
) -> None:
    project = a_pool(3, 2)
    broken, lost, _whole = Image.objects.filter(project=project).order_by("pk")
    with open_stored(broken.file) as source:
        path = Path(source.name)
    path.write_bytes(path.read_bytes()[:200])
    with open_stored(lost.file) as source:
        Path(source.name).unlink()

    job = ended(ask_for_similarities(project=project, actor=None, encoders=[tiny_clip(tmp_path / "one", 1)]))
    assert job.state == JobState.DONE
    assert job.result["pairs"].popitem()[1] == 2
    reasons = dict(job.failures.values_list("item", "reason"))
    assert set(reasons) == {broken.key, lost.key}
    assert "cannot be read as an image" in reasons[broken.key]
    assert "missing from the file store" in reasons[lost.key]
    assert job.items_failed == 2


def test_an_encoder_that_cannot_be_had_fails_the_job_with_a_sentence_that_helps(
    live_workers: Mapping[str, LiveProgram],
) -> None:
    job = ended(ask_for_similarities(project=a_pool(1, 1), actor=None, encoders=["shipped:nothing"]))
    assert job.state == JobState.FAILED
    assert "No shipped model is called 'nothing'" in job.error
