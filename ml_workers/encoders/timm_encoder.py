"""Encoders of images alone: any model of timm, DINOv2 among them, and the image towers that come with packages."""

import sys
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from pickle import UnpicklingError
from textwrap import shorten
from typing import Any, Self

import torch
from PIL import Image
from safetensors import SafetensorError

from ml_workers.encoders import torchvision_shim  # noqa: F401 - must come before timm
from ml_workers.encoders.convolutions import channels_last, fold_batch_norms
from ml_workers.encoders.image_side import EncodedFiles, ImageSide
from ml_workers.encoders.protocol import EncoderUnavailable, Features
from ml_workers.encoders.towers import IMAGE_TOWERS, load_image_tower
from ml_workers.encoders.weights import Precision, dtype_of, weights_sha256

import timm  # isort: skip
from timm.data.config import resolve_model_data_config  # isort: skip
from timm.data.transforms_factory import create_transform  # isort: skip
from timm.models import EfficientNet, load_state_dict  # isort: skip

TIMM, TOWER = "timm:", "image:"
LOCAL_DIR, HUB = "local-dir:", "hf-hub:"
FORMS = (
    "Use timm:ARCHITECTURE.TAG such as timm:vit_small_patch14_dinov2.lvd142m, timm:ARCHITECTURE@FILE, "
    "timm:local-dir:FOLDER, or image:lite0, image:lite1 or image:lite2, which need no download."
)


@dataclass
class TimmEncoder:
    """A timm model without its classifier on one device; see `ImageEncoder` for what it promises.

    Pictures are prepared as timm itself says for the model. float32 features are timm's own pooled ones at length 1
    within 1e-4, bfloat16 ones within 1e-2.
    """

    name: str
    source: str
    licence: str
    model: Any
    device: str
    precision: Precision = "float32"
    # Of the weights as they were loaded; empty where these are they.
    weights_hash: str = ""
    dimension: int = field(init=False)
    preprocessing: str = field(init=False)
    images: ImageSide = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.model.eval().requires_grad_(False)
        self.weights_hash = self.weights_hash or weights_sha256(self.model)
        config: dict[str, Any] = resolve_model_data_config(self.model)  # type: ignore[no-untyped-call]
        self.preprocessing = described_preprocessing(config)
        if isinstance(self.model, EfficientNet):
            fold_batch_norms(self.model)
        dtype = dtype_of(self.precision)
        self.model.to(device=self.device, dtype=dtype)
        channels_last(self.model)
        with torch.inference_mode():
            one = self.model(torch.zeros(1, *config["input_size"], device=self.device, dtype=dtype))
        if one.ndim != 2:
            raise EncoderUnavailable(f"{self.name} gives no single row of features for a picture.")
        self.dimension = int(one.shape[1])
        self.transform = create_transform(**config, is_training=False)
        self.images = ImageSide(
            transform=self.transform,
            forward=self.model,
            device=self.device,
            dtype=dtype,
            dimension=self.dimension,
        )

    def in_precision(self, precision: Precision) -> Self:
        """The same float32 weights in this precision, as an encoder of its own. ValueError for others."""
        if self.precision != "float32":
            raise ValueError(f"{self.name} has lost the precision that it would be given back.")
        return replace(self, model=deepcopy(self.model), precision=precision)

    def encode_images(self, images: Sequence[Image.Image]) -> Features:
        """Features (n, dimension) of the images, float32, each row of length 1."""
        return self.images.encode(images)

    def encode_image_files(self, paths: Sequence[Path]) -> EncodedFiles:
        """As `encode_images` for files, read and scaled by several threads; unreadable ones are listed."""
        return self.images.encode_files(paths)


def described_preprocessing(config: dict[str, Any]) -> str:
    """The image preprocessing that timm states for a model, in one line."""
    edge = config["input_size"][-1]
    return (
        f"RGB, shortest resize to {int(edge / config['crop_pct'])} px ({config['interpolation']}), "
        f"{config['crop_mode']} crop of {edge} px, mean {tuple(config['mean'])}, std {tuple(config['std'])}"
    )


def is_of_images_alone(name: str) -> bool:
    """Say whether an encoder of this name has no side for texts."""
    return name.startswith((TIMM, TOWER))


def load_timm_encoder(
    name: str, *, cache: Path, device: str, precision: Precision = "float32"
) -> TimmEncoder:
    """The encoder of images of that name. Raises EncoderUnavailable with what happened and what to do.

    Names: `timm:ARCHITECTURE.TAG` or `timm:hf-hub:OWNER/NAME`, downloaded under `cache`; `timm:ARCHITECTURE@FILE`, a
    checkpoint; `timm:local-dir:FOLDER` with timm's config.json; `image:lite2`, a tower of the installed packages.
    """
    try:
        model, source, licence = _tower(name) if name.startswith(TOWER) else _timm(name, cache)
    except (RuntimeError, OSError, ValueError, KeyError, SafetensorError, UnpicklingError) as error:
        if isinstance(error, torch.OutOfMemoryError):
            raise
        reason = shorten(str(error), 300, placeholder=" ...")
        raise EncoderUnavailable(
            f"{name} could not be loaded: {reason} If it has to be downloaded and this machine cannot reach the hub, "
            f"fetch it elsewhere and name the file. {FORMS}"
        ) from error
    return TimmEncoder(
        name=name, source=source, licence=licence, model=model, device=device, precision=precision
    )


def _tower(name: str) -> tuple[Any, str, str]:
    variant = name.removeprefix(TOWER)
    if variant not in IMAGE_TOWERS:
        raise EncoderUnavailable(f"{name!r} names no encoder of images. {FORMS}")
    try:
        model: Any = load_image_tower(variant)
    except ModuleNotFoundError as error:
        raise EncoderUnavailable(
            f"{name} needs weights that are not installed here ({error}). Install polyannot with its extra `ml`."
        ) from error
    tower = IMAGE_TOWERS[variant]
    return model, f"timm {tower.architecture}, ImageNet, from the package {tower.package}", _licence(model)


def _timm(name: str, cache: Path) -> tuple[Any, str, str]:
    asked = name.removeprefix(TIMM)
    downloads = str(cache / "downloads")
    if asked.startswith(LOCAL_DIR):
        folder = Path(asked.removeprefix(LOCAL_DIR)).expanduser()
        if not (folder / "config.json").is_file():
            raise EncoderUnavailable(f"{folder} holds no config.json: give a folder in timm's form.")
        model = timm.create_model(f"{LOCAL_DIR}{folder.resolve()}", pretrained=True, num_classes=0)
        return model, str(folder), _licence(model)
    if asked.startswith(HUB):
        model = _downloaded(asked, downloads)
        return model, asked, _licence(model)
    architecture, at, file = asked.partition("@")
    _check_known(architecture, needs_weights=not at)
    if at:
        path = Path(file).expanduser()
        return _from_checkpoint(architecture, path), f"timm {architecture}, checkpoint {path.name}", "unknown"
    model = _downloaded(architecture, downloads)
    return model, f"timm {architecture}, {model.pretrained_cfg.get('tag') or 'default'}", _licence(model)


def _downloaded(name: str, folder: str) -> Any:
    return timm.create_model(name, pretrained=True, num_classes=0, cache_dir=folder)


def _licence(model: Any) -> str:
    return str(model.pretrained_cfg.get("license") or "unknown")


def _check_known(name: str, *, needs_weights: bool) -> None:
    """Raise EncoderUnavailable unless timm has this architecture, and where asked weights under this tag."""
    architecture, _dot, tag = name.partition(".")
    if not timm.is_model(architecture):
        near = get_close_matches(architecture, timm.list_models(), n=3)
        hint = f" Perhaps {' or '.join(near)}?" if near else ""
        raise EncoderUnavailable(f"timm has no architecture {architecture!r}.{hint} {FORMS}")
    tags = [known.partition(".")[2] for known in timm.list_models(f"{architecture}.*", pretrained=True)]
    if needs_weights and (not tags or (tag and tag not in tags)):
        raise EncoderUnavailable(
            f"timm has no weights {tag!r} for {architecture}"
            + (f", but {', '.join(tags)}." if tags else f", nor any other. {FORMS}")
        )


def _from_checkpoint(architecture: str, path: Path) -> Any:
    """The architecture with the weights of a file; every tensor but the classifier's has to be there."""
    if not path.is_file():
        raise EncoderUnavailable(f"There is no checkpoint file {path}.")
    model: Any = timm.create_model(architecture, num_classes=0)
    state: Any = load_state_dict(str(path))
    if not isinstance(state, dict):
        raise EncoderUnavailable(f"{path.name} holds no weights by name.")
    # Each family of timm knows the older names of its tensors.
    families = sys.modules[timm.model_entrypoint(architecture.partition(".")[0]).__module__]
    if rename := getattr(families, "checkpoint_filter_fn", None):
        state = rename(state, model)
    missing = model.load_state_dict(state, strict=False).missing_keys
    if missing:
        raise EncoderUnavailable(
            f"{path.name} is no checkpoint of {architecture}: it lacks {len(missing)} tensors, {missing[0]} among them."
        )
    return model
