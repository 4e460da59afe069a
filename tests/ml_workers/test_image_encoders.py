"""Encoders of images alone: timm's own features, from a file, a folder and an installed package; refusals in words."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import save_file
from sklearn.datasets import load_sample_image

from annotation.machine.ml_requests import completed_difficulty, completed_diversity, completed_similarities
from ml_workers.encoders.protocol import EncoderUnavailable, ImageEncoder, ImageTextEncoder
from ml_workers.encoders.registry import load_encoder, load_image_encoder
from ml_workers.encoders.towers import load_image_tower
from ml_workers.loading import registered
from polyannot.kernel.errors import Invalid

import timm  # isort: skip
from timm.data.config import resolve_model_data_config  # isort: skip
from timm.data.transforms_factory import create_transform  # isort: skip

pytestmark = pytest.mark.models

VIT = "vit_tiny_patch16_224"


@pytest.fixture(scope="module")
def images() -> list[Image.Image]:
    return [Image.fromarray(load_sample_image(name)) for name in ("flower.jpg", "china.jpg")]


def own_features(model: Any, images: list[Image.Image]) -> NDArray[np.float32]:
    """Return what timm itself makes of the images, at length 1."""
    transform = create_transform(**resolve_model_data_config(model), is_training=False)
    with torch.inference_mode():
        rows: NDArray[np.float32] = model.eval()(torch.stack([transform(image) for image in images])).numpy()
    unit: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def random_model(name: str, **more: Any) -> Any:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return timm.create_model(name, **more)


def test_a_checkpoint_of_any_architecture_gives_timms_own_features(
    tmp_path: Path, images: list[Image.Image]
) -> None:
    model = random_model(VIT)
    torch.save({"state_dict": model.state_dict()}, tmp_path / "trained.pth")
    encoder = load_image_encoder(f"timm:{VIT}@{tmp_path / 'trained.pth'}", cache=tmp_path, device="cpu")
    model.reset_classifier(0)
    assert np.allclose(encoder.encode_images(images), own_features(model, images), atol=1e-4)
    assert isinstance(encoder, ImageEncoder)
    assert not isinstance(encoder, ImageTextEncoder)
    assert (encoder.dimension, encoder.licence, len(encoder.weights_hash)) == (192, "unknown", 64)
    assert encoder.source == f"timm {VIT}, checkpoint trained.pth"
    assert "248 px (bicubic), center crop of 224 px" in encoder.preprocessing


def test_a_folder_in_timms_form_gives_a_dinov2_of_its_own_size(
    tmp_path: Path, images: list[Image.Image]
) -> None:
    shape = {"img_size": 56, "depth": 2}
    model = random_model("vit_small_patch14_dinov2", num_classes=0, **shape)
    told = {
        "architecture": "vit_small_patch14_dinov2",
        "num_classes": 0,
        "model_args": shape,
        "pretrained_cfg": {
            "input_size": [3, 56, 56], "interpolation": "bicubic", "crop_pct": 1.0, "license": "apache-2.0",
            "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225], "num_classes": 0,
        },
    }  # fmt: skip
    (tmp_path / "config.json").write_text(json.dumps(told), encoding="utf-8")
    save_file(
        {name: one.contiguous() for name, one in model.state_dict().items()}, tmp_path / "model.safetensors"
    )
    encoder = load_image_encoder(f"timm:local-dir:{tmp_path}", cache=tmp_path, device="cpu")
    transform = encoder.transform
    with torch.inference_mode():
        rows = model.eval()(torch.stack([transform(image) for image in images])).numpy()
    assert np.allclose(
        encoder.encode_images(images), rows / np.linalg.norm(rows, axis=1, keepdims=True), atol=1e-4
    )
    assert (encoder.dimension, encoder.licence) == (384, "apache-2.0")
    assert "56 px" in encoder.preprocessing


def test_a_tower_of_an_installed_package_is_an_encoder_of_images(
    tmp_path: Path, images: list[Image.Image]
) -> None:
    encoder = load_image_encoder("image:lite0", cache=tmp_path, device="cpu")
    pictures = [*images, *(image.resize((400, 270)) for image in images)]
    for number, picture in enumerate(pictures):
        picture.save(tmp_path / f"{number}.png")
    (tmp_path / "broken.png").write_bytes((tmp_path / "0.png").read_bytes()[:200])
    names = ["0.png", "broken.png", "1.png", "2.png", "3.png"]
    encoded = encoder.encode_image_files([tmp_path / name for name in names])
    assert np.allclose(encoded.features, own_features(load_image_tower("lite0"), pictures), atol=1e-4)
    assert (encoded.kept, list(encoded.failed)) == ([0, 2, 3, 4], [1])
    cosines = encoded.features @ encoded.features.T
    assert min(cosines[0, 2], cosines[1, 3]) > 0.9 > 0.5 > cosines[0, 1]
    assert (encoder.dimension, encoder.licence) == (1280, "apache-2.0")


def test_names_that_lead_nowhere_say_what_happened_and_what_to_do(tmp_path: Path) -> None:
    torch.save(random_model("resnet18").state_dict(), tmp_path / "other.pth")
    (tmp_path / "broken.pth").write_bytes(b"not weights")
    for name, words in (
        ("timm:vit_tiny_patch16_225", r"no architecture .*Perhaps vit_tiny_patch16_224.*image:lite0"),
        (f"timm:{VIT}.no_such_weights", "no weights 'no_such_weights'.*augreg_in21k"),
        (f"timm:{VIT}@{tmp_path}/none.pth", "no checkpoint file"),
        (f"timm:{VIT}@{tmp_path}/other.pth", "no checkpoint of vit_tiny_patch16_224: it lacks"),
        (f"timm:{VIT}@{tmp_path}/broken.pth", "could not be loaded.*fetch it elsewhere"),
        (f"timm:local-dir:{tmp_path}", "config.json"),
        ("image:lite9", "no encoder of images"),
    ):
        with pytest.raises(EncoderUnavailable, match=words):
            load_image_encoder(name, cache=tmp_path, device="cpu")


@pytest.mark.django_db
def test_work_that_needs_texts_refuses_an_encoder_of_images_alone(tmp_path: Path) -> None:
    for completed, parameters in (
        (completed_similarities, {"encoders": "shipped:lite0, image:lite0"}),
        (completed_difficulty, {"encoders": "shipped:lite0", "tie_breaker": "timm:resnet18"}),
        (completed_diversity, {"encoder": "image:lite0"}),
    ):
        with pytest.raises(Invalid, match=r"(image:lite0|timm:resnet18) knows images only"):
            completed(parameters)
    with pytest.raises(Invalid, match="image:lite0 knows images only"):
        registered("image:lite0")
    with pytest.raises(EncoderUnavailable, match="knows images only"):
        load_encoder("image:lite0", cache=tmp_path)
