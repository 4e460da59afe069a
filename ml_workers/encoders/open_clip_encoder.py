"""Any open_clip model behind the encoder protocol, as fast as its device allows."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from PIL import Image

from ml_workers.encoders.batching import ShrinkingBatch, batched
from ml_workers.encoders.convolutions import channels_last, fold_batch_norms
from ml_workers.encoders.image_side import EncodedFiles, ImageSide, unit_features
from ml_workers.encoders.protocol import Features
from ml_workers.encoders.trimming import trimmed_text_forward
from ml_workers.encoders.weights import Precision, dtype_of, weights_sha256

from open_clip.timm_model import TimmModel  # isort: skip

TEXT_BATCH = {"cpu": 64, "cuda": 1_024}


@dataclass
class OpenClipEncoder:
    """An open_clip model on one device; see `ImageTextEncoder` for what it promises.

    Images run channels-last with batch norms folded, texts sorted by length with their padding trimmed; a
    batch that does not fit into memory is halved. float32 features are equal to open_clip's own within
    1e-4, bfloat16 ones within 1e-2.
    """

    name: str
    source: str
    licence: str
    model: Any
    transform: Any
    tokenizer: Any
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
        self.preprocessing = described_preprocessing(self.model)
        if isinstance(self.model.visual, TimmModel):
            fold_batch_norms(self.model.visual.trunk)
        dtype = dtype_of(self.precision)
        self.model.to(device=self.device, dtype=dtype)
        channels_last(self.model.visual)
        self._text_batch = ShrinkingBatch(TEXT_BATCH[torch.device(self.device).type])
        self._text_forward = trimmed_text_forward(self.model)
        self.dimension = self.encode_texts(["one"]).shape[1]
        self.images = ImageSide(
            transform=self.transform,
            forward=self.model.encode_image,
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

    def encode_texts(self, texts: Sequence[str]) -> Features:
        """Features (n, dimension) of the texts, float32, each row of length 1."""
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda number: (len(texts[number]), number))
        done = []
        for numbers in batched(order, self._text_batch.size):
            tokens = self.tokenizer([texts[number] for number in numbers])
            done.append(unit_features(self._text_batch, self._text_forward, tokens.to(self.device)))
        features = np.empty((len(texts), done[0].shape[1]), dtype=np.float32)
        features[order] = np.concatenate(done)
        return features


def described_preprocessing(model: Any) -> str:
    """The image preprocessing of an open_clip model in one line, in the order in which it happens."""
    settings = model.visual.preprocess_cfg
    size = settings["size"]
    edge = size if isinstance(size, int) else size[0]
    return (
        f"RGB, {settings['resize_mode']} resize to {edge} px ({settings['interpolation']}), centre crop, "
        f"mean {tuple(settings['mean'])}, std {tuple(settings['std'])}"
    )
