"""Calibration on a project's own pairs: an image with the words of another pair is no negative."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from annotation.models import CaptionVersion
from annotation.models.machine import Modality
from ml_workers import store
from ml_workers.calibration import Calibration, calibrate
from ml_workers.runners import calibration as calibration_runner
from ml_workers.runners.calibration import CalibrationRunner
from projects.models import Job
from tests.ml_workers.working import a_pool

pytestmark = [pytest.mark.models, pytest.mark.django_db]


@dataclass
class Kept:
    """Calibrates, and keeps what came of it."""

    results: list[Calibration] = field(default_factory=list)

    def __call__(self, *given: Any, **named: Any) -> Calibration:
        self.results.append(calibrate(*given, **named))
        return self.results[-1]


def test_equal_texts_of_two_images_are_left_out_of_the_negatives(monkeypatch: pytest.MonkeyPatch) -> None:
    project = a_pool(4, 3)
    encoder = store.register_encoder(
        name="model-a", weights_hash="0" * 64, source="", dimension=4, preprocessing="", licence=""
    )
    rows = list(CaptionVersion.objects.values_list("pk", "content_hash", "image__file__sha256"))
    chance = np.random.default_rng(1)
    for modality, hashes in (
        (Modality.TEXT, {row[1] for row in rows}),
        (Modality.IMAGE, {row[2] for row in rows}),
    ):
        vectors = chance.normal(size=(len(hashes), 4)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        store.write_embeddings(encoder, modality, sorted(hashes), vectors)
    kept = Kept()
    monkeypatch.setattr(calibration_runner, "calibrate", kept)
    job = Job.objects.create(
        project=project,
        kind="calibration",
        queue="gpu",
        parameters={"batch_size": 64},
        seed=0,
        fingerprint="f" * 64,
    )
    CalibrationRunner()._calibrate(job, encoder, "0" * 64, [row[0] for row in rows])
    _quarter, found, _four_times = kept.results
    # Each of four images has three captions (6 entries beside each image's diagonal); the first and the last image
    # have the same three texts (6 entries more).
    assert found.n_positive == 12
    assert found.n_left_out == 4 * 6 + 6
    assert found.n_negative == 12 * 12 - 12 - 30
