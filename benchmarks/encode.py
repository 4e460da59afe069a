"""The embedding path of the jobs beside the bare forward loop of the same model, precision and device.

The path of the jobs begins with image files (reading, scaling, batching, forward, normalising, handing over) and with
plain texts; the bare loop has its pixels and tokens ready and calls the model alone, batch after batch of the same
size. Both take turns, and the ratio is that of the fastest round of each. Run it as ``python benchmarks/encode.py``;
names of encoders are those of `ml_workers.encoders.registry`, and ``random:ViT-B-32`` is an architecture of open_clip
with random weights, good for its speed alone.

Promise: at least 90% of the bare loop, for images and for texts.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from ml_workers.encoders.image_side import IMAGE_BATCH, upright_rgb
from ml_workers.encoders.open_clip_encoder import TEXT_BATCH, OpenClipEncoder
from ml_workers.encoders.registry import load_encoder
from ml_workers.encoders.trimming import trimmed_text_forward
from ml_workers.encoders.weights import Precision, default_device
from ml_workers.jobs.embeddings import Features, embed_pictures, embed_texts

import open_clip  # isort: skip

ALLOWED_RATIO = 0.90
RANDOM = "random:"
DEFAULT = ("shipped:lite0", "shipped:lite2", "random:ViT-B-32")
WORDS = "a photograph of two small dogs that run along the beach in the evening light near calm water".split()


@dataclass(frozen=True)
class Item:
    """A picture or a text to embed."""

    key: str
    content_hash: str
    text: str = ""


@dataclass
class Memory:
    """Reader and writer of the job's path, with files on disk and nothing kept."""

    paths: list[Path]
    texts: list[str]
    written: int = field(default=0)

    def pictures_to_embed(self, encoder_id: int, images: Sequence[int]) -> list[Item]:
        """All of them."""
        return [Item(self.paths[at].name, str(at)) for at in images]

    def texts_to_embed(self, encoder_id: int, versions: Sequence[int]) -> list[Item]:
        """All of them."""
        return [Item("", str(at), self.texts[at]) for at in versions]

    @contextmanager
    def local_files(self, hashes: Sequence[str]) -> Iterator[Sequence[Path]]:
        """Where they lie."""
        yield [self.paths[int(content)] for content in hashes]

    def write_embeddings(
        self, encoder_id: int, modality: str, hashes: Sequence[str], vectors: Features
    ) -> None:
        """Count them."""
        self.written += len(vectors)


def encoder_of(name: str, cache: Path, device: str, precision: Precision) -> OpenClipEncoder:
    """The encoder of that name, or an architecture with random weights."""
    if not name.startswith(RANDOM):
        return load_encoder(name, cache=cache, device=device, precision=precision)
    architecture = name.removeprefix(RANDOM)
    torch.manual_seed(1)
    model, _, transform = open_clip.create_model_and_transforms(architecture, pretrained=None)
    tokenizer = open_clip.get_tokenizer(architecture)
    return OpenClipEncoder(
        name=name, source="random weights", licence="none", model=model, transform=transform,
        tokenizer=tokenizer, device=device, precision=precision,
    )  # fmt: skip


def some_files(folder: Path, n: int) -> list[Path]:
    """JPEG files of 800 x 600 pixels with some structure, as a project's pictures have."""
    rng = np.random.default_rng(1)
    paths = []
    for number in range(n):
        coarse = rng.integers(0, 255, (12, 16, 3), dtype=np.uint8)
        picture = Image.fromarray(coarse).resize((800, 600), Image.Resampling.BICUBIC)
        paths.append(folder / f"{number}.jpg")
        picture.save(paths[-1], quality=88)
    return paths


def some_texts(n: int) -> list[str]:
    """Captions of 5 to 18 words, no two alike."""
    rng = np.random.default_rng(2)
    return [" ".join(rng.choice(WORDS, int(rng.integers(4, 18)))) + f" {number}" for number in range(n)]


def bare_images(encoder: OpenClipEncoder, paths: Sequence[Path]) -> Callable[[], None]:
    """The forward loop over pixels that are ready, in the encoder's batches and memory order."""
    size = IMAGE_BATCH[torch.device(encoder.device).type]
    pixels = [encoder.transform(upright_rgb(path)) for path in paths]
    dtype = next(encoder.model.parameters()).dtype
    batches = [
        torch.stack(pixels[start : start + size])
        .to(device=encoder.device, dtype=dtype)
        .contiguous(memory_format=torch.channels_last)
        for start in range(0, len(pixels), size)
    ]
    return lambda: forward(encoder, encoder.model.encode_image, batches)


def bare_texts(encoder: OpenClipEncoder, texts: Sequence[str]) -> Callable[[], None]:
    """The forward loop over tokens that are ready, trimmed as the encoder trims them."""
    size = TEXT_BATCH[torch.device(encoder.device).type]
    ordered = sorted(texts, key=len)
    batches = [
        encoder.tokenizer(list(ordered[start : start + size])).to(encoder.device)
        for start in range(0, len(ordered), size)
    ]
    return lambda: forward(encoder, trimmed_text_forward(encoder.model), batches)


def forward(
    encoder: OpenClipEncoder, model: Callable[[torch.Tensor], torch.Tensor], batches: Sequence[torch.Tensor]
) -> None:
    """Call the model on every batch, and wait for the device."""
    with torch.inference_mode():
        for batch in batches:
            model(batch)
    if encoder.device.startswith("cuda"):
        torch.cuda.synchronize()


def fastest(rounds: int, **loops: Callable[[], object]) -> dict[str, float]:
    """Seconds of the fastest round of each loop; they take turns, after one round that does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in loops}
    for number in range(rounds + 1):
        for name, loop in loops.items():
            start = time.perf_counter()
            loop()
            if number:
                seconds[name].append(time.perf_counter() - start)
    return {name: min(taken) for name, taken in seconds.items()}


def measured(encoder: OpenClipEncoder, memory: Memory, rounds: int) -> dict[str, object]:
    """Rates and ratios of one encoder."""
    images, texts = list(range(len(memory.paths))), list(range(len(memory.texts)))
    told: dict[str, object] = {"encoder": encoder.name, "precision": encoder.precision}
    for what, n, bare, job in (
        ("images", len(images), bare_images(encoder, memory.paths),
         lambda: embed_pictures(encoder, 1, images, memory, memory)),
        ("texts", len(texts), bare_texts(encoder, memory.texts),
         lambda: embed_texts(encoder, 1, texts, memory, memory)),
    ):  # fmt: skip
        seconds = fastest(rounds, bare=bare, job=job)
        told[what] = {
            "n": n,
            "bare a second": round(n / seconds["bare"], 1),
            "job a second": round(n / seconds["job"], 1),
            "ratio": round(seconds["bare"] / seconds["job"], 3),
        }
    return told


def main() -> int:
    """Measure; exit status 1 where the promise is not kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("encoders", nargs="*", default=list(DEFAULT))
    parser.add_argument("--images", type=int, default=128)
    parser.add_argument("--texts", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--device", default=default_device())
    parser.add_argument("--precision", choices=["float32", "bfloat16"], default="float32")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        memory = Memory(some_files(Path(folder), options.images), some_texts(options.texts))
        cache = Path(os.environ.get("MODEL_FOLDER", folder))
        found = [
            measured(encoder_of(name, cache, options.device, options.precision), memory, options.rounds)
            for name in options.encoders
        ]
    ratios = [one[what]["ratio"] for one in found for what in ("images", "texts")]  # type: ignore[index]
    kept = min(ratios) >= ALLOWED_RATIO
    told = {
        "device": options.device,
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "encoders": found,
        "least ratio": min(ratios),
        "kept": kept,
    }
    print(json.dumps(told, indent=2))
    return 0 if kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
