"""The image half of every encoder: files read by several threads, batches channels-last, memory backed off."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from PIL import Image, ImageOps
from torch.nn import functional

from ml_workers.encoders.batching import Item, Result, ShrinkingBatch, prepared_ahead, prepared_between
from ml_workers.encoders.pixels import preparation
from ml_workers.encoders.protocol import Features

IMAGE_BATCH = {"cpu": 16, "cuda": 256}
# Threads that read files beside a GPU, to keep it busy. A CPU reads between the batches, by all of its threads.
READING_THREADS = 16

# Pixels (n, 3, height, width) to features (n, dimension).
ImageForward = Callable[[torch.Tensor], torch.Tensor]


def upright_rgb(path: Path) -> Image.Image:
    """The picture as a person sees it: EXIF orientation applied, three channels."""
    with Image.open(path) as opened:
        ImageOps.exif_transpose(opened, in_place=True)
        opened.load()
        return opened if opened.mode == "RGB" else opened.convert("RGB")


def read_files(
    read: Callable[[Item], Result], items: Iterable[Item], *, device: str, batch: int
) -> Iterator[Result]:
    """Results of `read` in order: beside the model where it runs on a GPU, between its batches on a CPU."""
    if torch.device(device).type == "cpu":
        return prepared_between(read, items, threads=torch.get_num_threads(), at_once=batch)
    threads = min(READING_THREADS, os.cpu_count() or 1)
    return prepared_ahead(read, items, threads=threads, ahead=2 * batch)


def unit_features(batch: ShrinkingBatch, forward: Any, rows: torch.Tensor) -> Features:
    """The features (n, dimension) of rows on their device, float32, each row of length 1."""
    with torch.inference_mode():
        features = functional.normalize(batch.run(forward, rows).float(), dim=-1)
    return cast("Features", features.cpu().numpy())


@dataclass(frozen=True)
class EncodedFiles:
    """Features of the files that could be read, with their places in the request, and why the others could not."""

    features: Features
    kept: list[int]
    failed: dict[int, str]


class ImageSide:
    """Pictures to unit rows by one model on one device; `transform` makes the pixels (3, height, width) of one."""

    def __init__(
        self, *, transform: Any, forward: ImageForward, device: str, dtype: torch.dtype, dimension: int
    ) -> None:
        self._prepared = preparation(transform)
        self._forward = forward
        self._device, self._dtype, self._dimension = device, dtype, dimension
        self._batch = ShrinkingBatch(IMAGE_BATCH[torch.device(device).type])

    def encode(self, images: Iterable[Image.Image]) -> Features:
        """Features (n, dimension) of the images, float32, each row of length 1."""
        return self.encode_prepared(self.prepared(image) for image in images)

    def prepared(self, image: Image.Image) -> torch.Tensor:
        """The pixels of a picture as `encode_prepared` takes them; they are the same in every precision."""
        return self._prepared.of(image.convert("RGB"))

    def encode_files(self, paths: Sequence[Path]) -> EncodedFiles:
        """As `encode` for files, read and scaled by several threads; unreadable ones are listed."""
        failed: dict[int, str] = {}

        def readable(numbered: tuple[int, Path]) -> torch.Tensor | None:
            number, path = numbered
            try:
                return self._prepared.of(upright_rgb(path))
            except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
                failed[number] = f"{type(error).__name__}: {error}"
                return None

        read = read_files(readable, enumerate(paths), device=self._device, batch=self._batch.size)
        features = self.encode_prepared(pixels for pixels in read if pixels is not None)
        kept = [number for number in range(len(paths)) if number not in failed]
        return EncodedFiles(features=features, kept=kept, failed=dict(sorted(failed.items())))

    def encode_prepared(self, pixels: Iterable[torch.Tensor]) -> Features:
        """As `encode` for pictures that are prepared."""
        done = [np.empty((0, self._dimension), dtype=np.float32)]
        waiting: list[torch.Tensor] = []
        for one in pixels:
            waiting.append(one)
            if len(waiting) >= self._batch.size:
                done.append(self._of_batch(waiting))
                waiting = []
        if waiting:
            done.append(self._of_batch(waiting))
        return np.concatenate(done)

    def _of_batch(self, pixels: list[torch.Tensor]) -> Features:
        rows = self._prepared.batch(pixels, self._device, self._dtype)
        return unit_features(self._batch, self._forward, rows)
