"""The embedding path of the jobs beside the bare forward loop of the same model, precision and device.

    python -m benchmarks.encode [ENCODER ...] [--precision float32|bfloat16|auto] [--rounds 5]

The path of the jobs begins with image files (reading, scaling, batching, forward, normalising, handing over) and with
plain texts, in the chunks of a large project; the bare loop has its pixels and tokens ready and calls the same model
alone, in batches of the same size. What a job writes to the database is not in it (`benchmarks.two_workers` has it).
It runs twice: as torch and the C library come (`bare`, what a script of one's own does), and with freed memory kept as
the jobs keep it (`kept`, `ml_workers/encoders/freed_memory.py`), which is faster for convolutional networks on a CPU.
All three take turns, the order changing from round to round, and a ratio is the median of the rounds' own ratios. Names
of encoders are those of `ml_workers.encoders.registry`; ``random:ViT-B-32`` is an architecture of open_clip with random
weights, good for its speed alone. On a CPU reading and scaling take their time from the model, and a small model feels
it: how many files one thread prepares in a second is told beside the ratio, with the ratio that this alone would leave
(`ceiling`: all threads read without a pause, then the loop that keeps memory runs). Other work on the machine moves
ratios by the clock much and those by processor time less, so both are told.

Promise: at least 90% of the bare loop, for images and for texts. The ratio to the loop that keeps memory is told too.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from ml_workers.encoders.freed_memory import give_freed_memory_back, keep_freed_memory
from ml_workers.encoders.image_side import IMAGE_BATCH, upright_rgb
from ml_workers.encoders.open_clip_encoder import TEXT_BATCH, OpenClipEncoder
from ml_workers.encoders.pixels import Preparation, preparation
from ml_workers.encoders.precision import in_best_precision
from ml_workers.encoders.registry import load_encoder
from ml_workers.encoders.trimming import trimmed_text_forward
from ml_workers.encoders.weights import default_device, dtype_of
from ml_workers.jobs.embeddings import Features, embed_pictures, embed_texts
from ml_workers.jobs.similarities import PICTURES_PER_CHUNK, TEXTS_PER_CHUNK, pieces

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


def encoder_of(name: str, cache: Path, device: str, precision: str) -> OpenClipEncoder:
    """The encoder of that name, or an architecture with random weights; `auto` is what a trial finds best."""
    encoder = in_float32(name, cache, device)
    if precision == "auto":
        return in_best_precision(encoder)[0]
    return encoder if precision == "float32" else encoder.in_precision("bfloat16")


def in_float32(name: str, cache: Path, device: str) -> OpenClipEncoder:
    """The encoder as it comes."""
    if not name.startswith(RANDOM):
        return load_encoder(name, cache=cache, device=device)
    architecture = name.removeprefix(RANDOM)
    torch.manual_seed(1)
    model, _, transform = open_clip.create_model_and_transforms(architecture, pretrained=None)
    tokenizer = open_clip.get_tokenizer(architecture)
    return OpenClipEncoder(
        name=name, source="random weights", licence="none", model=model, transform=transform,
        tokenizer=tokenizer, device=device,
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


def prepared_as(encoder: OpenClipEncoder) -> Preparation:
    """How the encoder makes pixels of pictures."""
    return preparation(encoder.transform)


def prepared_a_second(encoder: OpenClipEncoder, paths: Sequence[Path]) -> float:
    """How many files one thread reads and scales in a second of processor time."""
    prepared = prepared_as(encoder)
    start = time.thread_time()
    for path in paths:
        prepared.of(upright_rgb(path))
    return len(paths) / (time.thread_time() - start)


def bare_images(encoder: OpenClipEncoder, paths: Sequence[Path]) -> Callable[[], None]:
    """The forward loop over pixels that are ready, in the encoder's batches and memory order."""
    size = IMAGE_BATCH[torch.device(encoder.device).type]
    prepared = prepared_as(encoder)
    pixels = [prepared.of(upright_rgb(path)) for path in paths]
    batches = [
        prepared.batch(pixels[start : start + size], encoder.device, dtype_of(encoder.precision))
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


@dataclass(frozen=True)
class Taken:
    """Seconds that a loop took by the clock, and of processor time in all threads."""

    clock: float
    processor: float


Loop = Callable[[], object]
BARE, KEPT, JOB = "bare", "kept", "job"


def as_it_comes(loop: Loop) -> Loop:
    """The loop in a process that gives freed memory back; afterwards the process keeps it again."""

    def run() -> None:
        give_freed_memory_back()
        try:
            loop()
        finally:
            keep_freed_memory()

    return run


def in_turns(rounds: int, loops: Mapping[str, Loop]) -> list[dict[str, Taken]]:
    """What each loop took in each round; who begins changes, and a first round does not count."""
    names = list(loops)
    found = []
    for number in range(rounds + 1):
        taken = {}
        for name in names[number % len(names) :] + names[: number % len(names)]:
            clock, processor = time.perf_counter(), time.process_time()
            loops[name]()
            taken[name] = Taken(time.perf_counter() - clock, time.process_time() - processor)
        found.append(taken)
    return found[1:]


def compared(n: int, rounds: Sequence[dict[str, Taken]]) -> dict[str, object]:
    """Rates over n items and ratios, medians over the rounds."""
    ratios = [one[BARE].clock / one[JOB].clock for one in rounds]
    return {
        "n": n,
        **{
            f"{name} a second": round(n / statistics.median(one[name].clock for one in rounds), 1)
            for name in (BARE, KEPT, JOB)
        },
        "ratios": [round(one, 3) for one in ratios],
        "ratio": round(statistics.median(ratios), 3),
        "ratio to kept": round(statistics.median(one[KEPT].clock / one[JOB].clock for one in rounds), 3),
        "ratio to kept of processor time": round(
            statistics.median(one[KEPT].processor / one[JOB].processor for one in rounds), 3
        ),
    }


def ceiling(n: int, bare: float, prepared: float) -> float:
    """The ratio that reading n files alone would leave, before a bare loop of so many seconds, with all threads."""
    return round(bare / (bare + n / prepared / torch.get_num_threads()), 3)


def measured(encoder: OpenClipEncoder, memory: Memory, rounds: int) -> dict[str, Any]:
    """Rates and ratios of one encoder."""
    images, texts = list(range(len(memory.paths))), list(range(len(memory.texts)))
    prepared = prepared_a_second(encoder, memory.paths)
    told: dict[str, Any] = {
        "encoder": encoder.name,
        "precision": encoder.precision,
        "files that one thread prepares a second": round(prepared, 1),
    }

    def images_as_jobs() -> None:
        for piece in pieces(images, PICTURES_PER_CHUNK[1]):
            embed_pictures(encoder, 1, piece, memory, memory)

    def texts_as_jobs() -> None:
        for piece in pieces(texts, TEXTS_PER_CHUNK[1]):
            embed_texts(encoder, 1, piece, memory, memory)

    for what, n, bare, job in (
        ("images", len(images), bare_images(encoder, memory.paths), images_as_jobs),
        ("texts", len(texts), bare_texts(encoder, memory.texts), texts_as_jobs),
    ):
        taken = in_turns(rounds, {BARE: as_it_comes(bare), KEPT: bare, JOB: job})
        told[what] = compared(n, taken)
        if what == "images" and encoder.device == "cpu":
            fastest = min(one[KEPT].clock for one in taken)
            told[what]["ceiling"] = ceiling(n, fastest, prepared)
    return told


def main() -> int:
    """Measure; exit status 1 where the promise is not kept."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("encoders", nargs="*", default=list(DEFAULT))
    parser.add_argument("--images", type=int, default=128)
    parser.add_argument("--texts", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--device", default=default_device())
    parser.add_argument("--precision", choices=["float32", "bfloat16", "auto"], default="float32")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        memory = Memory(some_files(Path(folder), options.images), some_texts(options.texts))
        cache = Path(os.environ.get("MODEL_FOLDER", folder))
        found = [
            measured(encoder_of(name, cache, options.device, options.precision), memory, options.rounds)
            for name in options.encoders
        ]
    ratios = [one[what]["ratio"] for one in found for what in ("images", "texts")]
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
    for one in found:
        ratios_of = ", ".join(
            f"{what} {one[what]['ratio']:.2f} ({one[what]['ratio to kept']:.2f} with freed memory kept)"
            for what in ("images", "texts")
        )
        print(f"{one['encoder']} in {one['precision']} on {options.device}: {ratios_of} of the bare loop")
    print("kept" if kept else "MISSED", f"least ratio {min(ratios):.2f} (asked {ALLOWED_RATIO})")
    return 0 if kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
