"""Pixels made without torchvision's steps are those of the steps themselves."""

from typing import Any

import pytest
import torch
from PIL import Image
from sklearn.datasets import load_sample_image

from ml_workers.encoders.pixels import preparation

from open_clip.transform import PreprocessCfg, image_transform_v2  # isort: skip
from timm.data.transforms_factory import create_transform  # isort: skip

pytestmark = pytest.mark.models

MEAN, STD = (0.48, 0.46, 0.41), (0.27, 0.26, 0.28)


def chains() -> list[Any]:
    """Return what open_clip and timm prepare pictures by."""
    shape: dict[str, Any] = {"input_size": (3, 40, 40), "mean": MEAN, "std": STD}
    return [
        image_transform_v2(PreprocessCfg(size=64, mean=MEAN, std=STD), is_train=False),
        create_transform(**shape, interpolation="bilinear", crop_pct=0.875, is_training=False),
    ]


def pictures() -> list[Image.Image]:
    """Return pictures that lie, stand, are square, and have the size already."""
    china = Image.fromarray(load_sample_image("china.jpg"))
    tall = china.rotate(90, expand=True).resize((101, 233))
    return [china, tall, china.resize((91, 91)), china.resize((64, 64))]


def test_every_pixel_is_that_of_the_steps_themselves() -> None:
    for chain in chains():
        prepared = preparation(chain)
        rows = prepared.batch([prepared.of(one) for one in pictures()], "cpu", torch.float32)
        assert torch.equal(rows, torch.stack([chain(one) for one in pictures()]))
        assert rows.is_contiguous(memory_format=torch.channels_last)
        assert prepared.of is not chain


def test_an_unusual_chain_runs_as_it_is() -> None:
    shapes: list[dict[str, Any]] = [{"resize_mode": "squash"}, {"resize_mode": "longest"}]
    for shape in shapes:
        chain = image_transform_v2(PreprocessCfg(size=64, mean=MEAN, std=STD, **shape), is_train=False)
        prepared = preparation(chain)
        assert prepared.of is chain
        rows = prepared.batch([prepared.of(one) for one in pictures()], "cpu", torch.float32)
        assert torch.equal(rows, torch.stack([chain(one) for one in pictures()]))
