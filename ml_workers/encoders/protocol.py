"""What every encoder of polyannot can do, whatever model stands behind it."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Features = NDArray[np.float32]


class EncoderUnavailable(Exception):
    """A named encoder cannot be had here; the message says what happened and what to do."""


@runtime_checkable
class ImageEncoder(Protocol):
    """Images into a space, where the inner product of two rows is their cosine.

    `weights_hash` is the SHA-256 (hex) of all weights as loaded, whatever file they came from; together
    with `preprocessing` it names the features, so that features of two different models are never
    compared.
    """

    @property
    def name(self) -> str:
        """The name it was asked for by, such as `shipped:lite2` or `ViT-B-32/openai`."""

    @property
    def source(self) -> str:
        """Where the weights come from, in words or as an address."""

    @property
    def dimension(self) -> int:
        """Columns of the features."""

    @property
    def preprocessing(self) -> str:
        """How an image becomes the model's input, in one line."""

    @property
    def weights_hash(self) -> str:
        """SHA-256 of the weights, 64 hex digits."""

    @property
    def licence(self) -> str:
        """The terms of the weights, or `unknown`."""

    def encode_images(self, images: Sequence[Image.Image]) -> Features:
        """Features (n, dimension) of the images, float32, each row of length 1."""


@runtime_checkable
class ImageTextEncoder(ImageEncoder, Protocol):
    """Images and texts into one space."""

    def encode_texts(self, texts: Sequence[str]) -> Features:
        """Features (n, dimension) of the texts, float32, each row of length 1."""
