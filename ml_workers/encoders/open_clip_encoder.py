"""Any open_clip model behind the encoder protocol, as fast as its device allows."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import torch
from PIL import Image, ImageOps
from torch.nn import functional

from ml_workers.encoders.batching import ShrinkingBatch, batched, prepared_ahead
from ml_workers.encoders.convolutions import channels_last, fold_batch_norms
from ml_workers.encoders.protocol import Features
from ml_workers.encoders.trimming import trimmed_text_forward

from open_clip.timm_model import TimmModel  # isort: skip

Precision = Literal["float32", "bfloat16"]

IMAGE_BATCH = {"cpu": 16, "cuda": 256}
TEXT_BATCH = {"cpu": 64, "cuda": 1_024}
DECODING_THREADS = 2


def default_device() -> str:
    """`cuda` where torch can use it, else `cpu`."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def weights_sha256(model: torch.nn.Module) -> str:
    """SHA-256 over name, type, shape and bytes of every stored tensor, in the order of their names."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name}:{tensor.dtype}:{tuple(tensor.shape)};".encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def upright_rgb(path: Path) -> Image.Image:
    """The picture as a person sees it: EXIF orientation applied, three channels."""
    with Image.open(path) as opened:
        return ImageOps.exif_transpose(opened).convert("RGB")


@dataclass(frozen=True)
class EncodedFiles:
    """Features of the files that could be read, with their places in the request, and why the others could not."""

    features: Features
    kept: list[int]
    failed: dict[int, str]


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
    weights_hash: str = field(init=False)
    dimension: int = field(init=False)
    preprocessing: str = field(init=False)

    def __post_init__(self) -> None:
        self.model.eval().requires_grad_(False)
        self.weights_hash = weights_sha256(self.model)
        self.preprocessing = described_preprocessing(self.model)
        if isinstance(self.model.visual, TimmModel):
            fold_batch_norms(self.model.visual.trunk)
        dtype = torch.float32 if self.precision == "float32" else torch.bfloat16
        self.model.to(device=self.device, dtype=dtype)
        channels_last(self.model.visual)
        self._dtype = dtype
        self._image_batch = ShrinkingBatch(IMAGE_BATCH[torch.device(self.device).type])
        self._text_batch = ShrinkingBatch(TEXT_BATCH[torch.device(self.device).type])
        self._text_forward = trimmed_text_forward(self.model)
        self.dimension = self.encode_texts(["one"]).shape[1]

    def encode_images(self, images: Sequence[Image.Image]) -> Features:
        """Features (n, dimension) of the images, float32, each row of length 1."""
        return self._encode_pixels(self._pixels(image.convert("RGB")) for image in images)

    def encode_image_files(self, paths: Sequence[Path]) -> EncodedFiles:
        """As `encode_images` for files, read and scaled in threads of their own; unreadable ones are listed."""
        failed: dict[int, str] = {}

        def readable(numbered: tuple[int, Path]) -> torch.Tensor | None:
            number, path = numbered
            try:
                return self._pixels(upright_rgb(path))
            except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
                failed[number] = f"{type(error).__name__}: {error}"
                return None

        ahead = 2 * self._image_batch.size
        read = prepared_ahead(readable, enumerate(paths), threads=DECODING_THREADS, ahead=ahead)
        features = self._encode_pixels(pixels for pixels in read if pixels is not None)
        kept = [number for number in range(len(paths)) if number not in failed]
        return EncodedFiles(features=features, kept=kept, failed=dict(sorted(failed.items())))

    def encode_texts(self, texts: Sequence[str]) -> Features:
        """Features (n, dimension) of the texts, float32, each row of length 1."""
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda number: (len(texts[number]), number))
        done = []
        for numbers in batched(order, self._text_batch.size):
            tokens = self.tokenizer([texts[number] for number in numbers])
            done.append(self._run(self._text_batch, self._text_forward, tokens.to(self.device)))
        features = np.empty((len(texts), done[0].shape[1]), dtype=np.float32)
        features[order] = np.concatenate(done)
        return features

    def _pixels(self, image: Image.Image) -> torch.Tensor:
        return cast("torch.Tensor", self.transform(image))

    def _encode_pixels(self, pixels: Iterable[torch.Tensor]) -> Features:
        done = [np.empty((0, self.dimension), dtype=np.float32)]
        waiting: list[torch.Tensor] = []
        for one in pixels:
            waiting.append(one)
            if len(waiting) >= self._image_batch.size:
                done.append(self._forward_images(waiting))
                waiting = []
        if waiting:
            done.append(self._forward_images(waiting))
        return np.concatenate(done)

    def _forward_images(self, pixels: list[torch.Tensor]) -> Features:
        batch = torch.stack(pixels).to(device=self.device, dtype=self._dtype)
        rows = batch.contiguous(memory_format=torch.channels_last)
        return self._run(self._image_batch, self.model.encode_image, rows)

    def _run(self, batch: ShrinkingBatch, forward: Any, rows: torch.Tensor) -> Features:
        with torch.inference_mode():
            features = functional.normalize(batch.run(forward, rows).float(), dim=-1)
        return cast("Features", features.cpu().numpy())


def described_preprocessing(model: Any) -> str:
    """The image preprocessing of an open_clip model in one line, in the order in which it happens."""
    settings = model.visual.preprocess_cfg
    size = settings["size"]
    edge = size if isinstance(size, int) else size[0]
    return (
        f"RGB, {settings['resize_mode']} resize to {edge} px ({settings['interpolation']}), centre crop, "
        f"mean {tuple(settings['mean'])}, std {tuple(settings['std'])}"
    )
