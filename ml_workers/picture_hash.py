"""A perceptual hash: equal or nearly so for a picture that was resized, recompressed or slightly toned. Pure.

The difference hash: the picture in grey at 9 x 9, and of each cell whether its right and its lower neighbour is
lighter: 64 bits across and 64 bits down. It does not see through cropping, mirroring or turning.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

Hashes = NDArray[np.uint64]

SIDE = 8
BITS = 2 * SIDE * SIDE
# Of grey values 0 to 255: a picture that varies less is so flat that noise would decide on its bits (ours).
LEAST_DEVIATION = 4.0
# JPEG is decoded near this size at once.
DRAFT_SIDE = 256


@dataclass(frozen=True, slots=True)
class NearPicture:
    """A picture (its row) and one that it is compared with (`other`), and in how many bits they differ."""

    row: int
    other: int
    bits: int


def difference_hash(content: bytes, pixel_limit: int) -> Hashes | None:
    """Return the hash of a picture, two words of 64 bits; None for one without differences.

    Raises ValueError for one of more than `pixel_limit` pixels, and what Pillow raises for bytes that are none.
    """
    with Image.open(io.BytesIO(content)) as picture:
        if picture.width * picture.height > pixel_limit:
            raise ValueError(f"The picture has more than {pixel_limit:,} pixels.")
        picture.draft("RGB", (DRAFT_SIDE, DRAFT_SIDE))
        upright = ImageOps.exif_transpose(picture).convert("RGB").convert("L")
        small = upright.resize((SIDE + 1, SIDE + 1), Image.Resampling.BOX)
    grey = np.asarray(small, dtype=np.float64)
    if grey.std() < LEAST_DEVIATION:
        return None
    across = grey[:SIDE, 1:] > grey[:SIDE, :-1]
    down = grey[1:, :SIDE] > grey[:-1, :SIDE]
    return np.packbits(np.concatenate([across.ravel(), down.ravel()])).view(np.uint64)


def near_pictures(hashes: Hashes, others: Hashes, most_bits: int) -> list[NearPicture]:
    """Return the pairs of rows of `hashes` (n, 2) and `others` (m, 2) that differ in at most so many bits.

    Every pair is compared; memory is one row of m distances at a time.
    """
    found: list[NearPicture] = []
    for row, one in enumerate(hashes):
        bits = np.bitwise_count(others ^ one).sum(axis=1, dtype=np.int64)
        found += [
            NearPicture(row, int(other), int(bits[other])) for other in np.flatnonzero(bits <= most_bits)
        ]
    return found


def as_rows(hashes: Sequence[Hashes]) -> Hashes:
    """Return hashes as an array (n, 2), also where there is none."""
    return np.stack(hashes) if hashes else np.empty((0, 2), dtype=np.uint64)
