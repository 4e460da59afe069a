"""Which precision an encoder runs in: bfloat16 where a short trial finds it faster and equal, else float32."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, Self, TypeVar

import numpy as np
import torch
from PIL import Image

from ml_workers.encoders.protocol import Features
from ml_workers.encoders.weights import Precision

log = logging.getLogger(__name__)

# bfloat16 has to take at most this share of float32's time, so that noise alone does not choose it (ours) ...
MOST_TIME = 0.9
# ... and no number of a row of length 1 may differ by more.
MOST_DIFFERENCE = 0.01
ROUNDS = 3
# A large model on a small machine is tried in fewer rounds.
MOST_SECONDS = 20.0
IMAGES = {"cpu": 4, "cuda": 64}
# As a project has them (IMP: five captions an image).
TEXTS_PER_IMAGE = 5
SEED = 0
WORDS = (
    "a small old bright wooden boat house dog child street river near behind under red green quiet".split()
)


class Encoder(Protocol):
    """What of an encoder a trial needs, beside its sides for images and texts."""

    name: str
    device: str
    precision: Precision

    def in_precision(self, precision: Precision) -> Self:
        """The same weights in another precision, as an encoder of its own."""


Tried = TypeVar("Tried", bound=Encoder)


@dataclass(frozen=True, slots=True)
class PrecisionTrial:
    """What was measured on one device: seconds for the same images and texts, the largest difference of a number."""

    device: str
    images: int
    texts: int
    float32_seconds: float
    bfloat16_seconds: float
    difference: float

    def as_told(self) -> dict[str, str | int | float]:
        """The figures as plain JSON, rounded to what they are good for."""
        return {
            "device": self.device,
            "images": self.images,
            "texts": self.texts,
            "float32_seconds": round(self.float32_seconds, 4),
            "bfloat16_seconds": round(self.bfloat16_seconds, 4),
            "difference": round(self.difference, 6),
        }

    @property
    def chosen(self) -> Precision:
        """The precision that the figures speak for."""
        is_faster = self.bfloat16_seconds <= MOST_TIME * self.float32_seconds
        # Not a number is no agreement either.
        return "bfloat16" if is_faster and self.difference <= MOST_DIFFERENCE else "float32"


def in_best_precision(encoder: Tried) -> tuple[Tried, PrecisionTrial | None]:
    """The float32 encoder in the precision that a trial on its device speaks for, and the trial.

    Both precisions take turns over seeded images and texts, and the fastest round of each counts. Pictures are prepared
    before, because a job prepares them beside a GPU. Where the device cannot run the model in bfloat16, or has no
    memory for both, it stays in float32 without a trial.
    """
    try:
        return _tried(encoder)
    except RuntimeError as error:
        log.warning("%s stays in float32; bfloat16 cannot be tried here: %s", encoder.name, error)
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    return encoder, None


def _tried(encoder: Tried) -> tuple[Tried, PrecisionTrial]:
    cast = encoder.in_precision("bfloat16")
    kind = torch.device(encoder.device).type
    side = getattr(encoder, "images", None)
    images = [side.prepared(one) for one in _images(IMAGES[kind])] if side is not None else []
    texts = _texts(IMAGES[kind] * TEXTS_PER_IMAGE) if hasattr(encoder, "encode_texts") else []
    whole, half = _rows(encoder, images, texts), _rows(cast, images, texts)
    seconds = _fastest([lambda: _rows(encoder, images, texts), lambda: _rows(cast, images, texts)])
    trial = PrecisionTrial(
        device=described_device(encoder.device),
        images=len(images),
        texts=len(texts),
        float32_seconds=seconds[0],
        bfloat16_seconds=seconds[1],
        difference=max(
            float(np.abs(first - second).max()) for first, second in zip(whole, half, strict=True)
        ),
    )
    return (cast if trial.chosen == "bfloat16" else encoder), trial


def described_device(device: str) -> str:
    """A device in a few words: the name of the GPU, or what the processor can and how many threads it has."""
    if torch.device(device).type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"CPU, {torch.backends.cpu.get_cpu_capability()}, {torch.get_num_threads()} threads"


def _rows(encoder: object, images: Sequence[torch.Tensor], texts: Sequence[str]) -> list[Features]:
    rows: list[Features] = []
    if images and (side := getattr(encoder, "images", None)):
        rows.append(side.encode_prepared(images))
    if texts and (encode := getattr(encoder, "encode_texts", None)):
        rows.append(encode(texts))
    return rows


def _fastest(turns: Sequence[Callable[[], object]]) -> list[float]:
    """Seconds of the fastest round of each; all have run once before."""
    fastest = [float("inf")] * len(turns)
    began = time.perf_counter()
    for _round in range(ROUNDS):
        for place, turn in enumerate(turns):
            start = time.perf_counter()
            turn()
            fastest[place] = min(fastest[place], time.perf_counter() - start)
        if time.perf_counter() - began > MOST_SECONDS:
            break
    return fastest


def _images(n: int) -> list[Image.Image]:
    """Pictures of soft coloured patches."""
    rng = np.random.default_rng(SEED)
    patches = rng.integers(0, 256, size=(n, 6, 8, 3), dtype=np.uint8)
    return [Image.fromarray(one).resize((320, 240), Image.Resampling.BICUBIC) for one in patches]


def _texts(n: int) -> list[str]:
    """Texts of 5 to 18 words."""
    rng = np.random.default_rng(SEED)
    return [" ".join(rng.choice(WORDS, int(rng.integers(5, 19)))) for _number in range(n)]
