"""A user's folder of images with captions, split into what is trained on and what is looked at."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ml_workers.captions_table import CaptionRow, SkippedRow, read_captions

DEV_SHARE = 0.1


@dataclass(frozen=True)
class CaptionedImages:
    """Images in order, captions in order, and for each caption the place of its image."""

    images: list[Path]
    captions: list[str]
    owner: NDArray[np.int64]


@dataclass(frozen=True)
class Corpus:
    """Training and dev part; `dev_origin` says in words where the dev part comes from."""

    train: CaptionedImages
    dev: CaptionedImages
    dev_origin: str
    skipped: list[SkippedRow]


def _captioned(rows: Sequence[CaptionRow], folder: Path) -> CaptionedImages:
    places = {name: place for place, name in enumerate(dict.fromkeys(row.image for row in rows))}
    return CaptionedImages(
        images=[folder / name for name in places],
        captions=[row.caption for row in rows],
        owner=np.array([places[row.image] for row in rows], dtype=np.int64),
    )


def unreadable_images(folder: Path, names: Sequence[str]) -> dict[str, str]:
    """Images that cannot be decoded to the end, with the reason."""
    faults = {}
    for name in names:
        try:
            with Image.open(folder / name) as image:
                image.load()
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            faults[name] = f"the image cannot be read ({type(error).__name__}: {error})"
    return faults


def read_corpus(captions: Path, folder: Path, *, train: str, dev: str, seed: int) -> Corpus:
    """Read a captions file and split it by its column `split`; other splits are left alone.

    Without that column a tenth of the images, drawn by seed, is the dev part. Raises ValueError where
    either part is empty.
    """
    table = read_captions(captions, folder)
    faults = unreadable_images(folder, table.images)
    skipped = table.skipped + [
        SkippedRow(row.line, row.image, faults[row.image]) for row in table.rows if row.image in faults
    ]
    rows = [row for row in table.rows if row.image not in faults]
    if any(row.split for row in rows):
        held_out = {row.image for row in rows if row.split == dev}
        rows = [row for row in rows if row.split in (train, dev)]
        origin = f"the file's split {dev}"
    else:
        names = sorted({row.image for row in rows})
        held_out = set(random.Random(seed).sample(names, k=round(DEV_SHARE * len(names))))
        origin = f"a tenth of the images, drawn with seed {seed}"
    parts = [row for row in rows if row.image not in held_out], [row for row in rows if row.image in held_out]
    if not all(parts):
        raise ValueError(f"No usable rows for {'training' if not parts[0] else 'the dev part'}.")
    return Corpus(_captioned(parts[0], folder), _captioned(parts[1], folder), origin, skipped)
