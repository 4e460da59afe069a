"""Precision: a trial says which, the encoder's row keeps it, and features of two precisions never meet."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_sample_image

from annotation.models import Encoder
from ml_workers import loading
from ml_workers.encoders.image_side import ImageSide
from ml_workers.encoders.open_clip_encoder import OpenClipEncoder
from ml_workers.encoders.precision import PrecisionTrial, in_best_precision
from ml_workers.encoders.registry import load_image_encoder
from ml_workers.encoders.timm_encoder import TimmEncoder
from ml_workers.sentences import MINILM, SentenceEncoder
from tests.tiny_clip import tiny_clip

pytestmark = pytest.mark.models

TEXTS = ["A heron stands in shallow water.", "Two boats.", "An old house near the river in the evening"]


@pytest.fixture
def images() -> list[Image.Image]:
    return [Image.fromarray(load_sample_image(name)) for name in ("flower.jpg", "china.jpg")]


@pytest.fixture(autouse=True)
def nothing_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test loads its encoders anew, as a worker that starts."""
    monkeypatch.setattr(loading, "_at_work", {})


def trial(**figures: float) -> PrecisionTrial:
    told: dict[str, Any] = {"float32_seconds": 1.0, "bfloat16_seconds": 0.5, "difference": 0.002, **figures}
    return PrecisionTrial(device="CPU", images=4, texts=20, **told)


def test_bfloat16_is_taken_where_it_is_clearly_faster_and_equal_within_a_hundredth() -> None:
    assert trial().chosen == "bfloat16"
    assert trial(bfloat16_seconds=0.9).chosen == "bfloat16"
    assert trial(bfloat16_seconds=0.95).chosen == "float32"
    assert trial(difference=0.0101).chosen == "float32"
    assert trial(difference=float("nan")).chosen == "float32"


def test_every_encoder_keeps_its_name_and_weights_in_the_other_precision_and_nearly_its_features(
    tmp_path: Path, images: list[Image.Image]
) -> None:
    for encoder in (
        load_image_encoder("shipped:lite0", cache=tmp_path, device="cpu"),
        load_image_encoder("image:lite0", cache=tmp_path, device="cpu"),
        SentenceEncoder(),
    ):
        cast = encoder.in_precision("bfloat16")
        assert (cast.name, cast.weights_hash, cast.dimension) == (
            encoder.name, encoder.weights_hash, encoder.dimension,
        )  # fmt: skip
        if not isinstance(encoder, SentenceEncoder) and not isinstance(cast, SentenceEncoder):
            difference = np.abs(cast.encode_images(images) - encoder.encode_images(images)).max()
            assert 0 < difference < 0.01
        if not isinstance(encoder, TimmEncoder) and not isinstance(cast, TimmEncoder):
            difference = np.abs(cast.encode_texts(TEXTS) - encoder.encode_texts(TEXTS)).max()
            assert 0 < difference < 0.01
        with pytest.raises(ValueError, match="lost the precision"):
            cast.in_precision("float32")


def test_a_trial_runs_both_precisions_over_images_and_texts_as_far_as_the_encoder_knows_them(
    tmp_path: Path, images: list[Image.Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = load_image_encoder(tiny_clip(tmp_path, 1), cache=tmp_path, device="cpu")
    pixels = [encoder.images.prepared(one) for one in images]
    assert np.array_equal(encoder.images.encode_prepared(pixels), encoder.encode_images(images))
    prepared, once = [], ImageSide.prepared

    def counted(side: ImageSide, image: Image.Image) -> torch.Tensor:
        prepared.append(image)
        return once(side, image)

    monkeypatch.setattr(ImageSide, "prepared", counted)
    both, made = in_best_precision(encoder)
    assert made is not None
    assert len(prepared) == 4, "pictures are prepared before, and the time is that of the model"
    assert (made.images, made.texts, both.precision) == (4, 20, made.chosen)
    assert made.device.startswith("CPU, ")
    assert min(made.float32_seconds, made.bfloat16_seconds) > 0
    assert 0 < made.difference < 0.05
    _texts, made = in_best_precision(SentenceEncoder())
    assert made is not None
    assert (made.images, made.texts) == (0, 20)


@pytest.mark.django_db
def test_an_encoder_stays_in_float32_where_bfloat16_does_not_run_or_has_no_room(
    tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ENCODER_PRECISION = "auto"

    def no_room(_encoder: object, _precision: str) -> None:
        raise torch.OutOfMemoryError("The device is full.")

    monkeypatch.setattr(OpenClipEncoder, "in_precision", no_room)
    encoder, row = loading.registered(tiny_clip(tmp_path / "one", 1))
    kept = Encoder.objects.get(pk=row)
    assert (encoder.precision, kept.precision, kept.precision_trial) == ("float32", "float32", {})
    assert kept.precision_gain is None


@pytest.mark.django_db
def test_the_first_worker_decides_by_a_trial_and_all_later_ones_follow_its_row(
    tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ENCODER_PRECISION = "auto"
    name = tiny_clip(tmp_path / "one", 1)
    encoder, row = loading.registered(name)
    kept = Encoder.objects.get(pk=row)
    assert encoder.precision == kept.precision
    assert (kept.precision_trial["images"], kept.precision_trial["texts"]) == (4, 20)
    assert kept.precision_gain is not None

    def never(_encoder: object) -> None:
        raise AssertionError("one trial is enough")

    monkeypatch.setattr(loading, "in_best_precision", never)
    for precision in ("bfloat16", "float32"):
        Encoder.objects.filter(pk=row).update(precision=precision)
        monkeypatch.setattr(loading, "_at_work", {})
        for _again in range(2):
            encoder, same = loading.registered(name)
            assert (encoder.precision, same) == (precision, row)
    Encoder.objects.filter(pk=row).update(precision="bfloat16")
    assert loading.registered(name)[0].precision == "bfloat16", "also where another worker was sooner"
    assert loading.registered(name)[0].encode_texts(TEXTS).dtype == np.float32


@pytest.mark.django_db
def test_the_setting_says_what_new_encoders_run_in_and_old_ones_stay(tmp_path: Path, settings: Any) -> None:
    settings.ENCODER_PRECISION = "bfloat16"
    assert loading.registered_sentence_encoder(MINILM)[0].precision == "bfloat16"
    old = tiny_clip(tmp_path / "old", 2)
    weights = load_image_encoder(old, cache=tmp_path, device="cpu").weights_hash
    Encoder.objects.create(name=old, weights_hash=weights, source="before", dimension=32)
    assert loading.registered(old)[0].precision == "float32"
