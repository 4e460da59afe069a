"""Similarities: embed the pictures, embed the texts, then the cosine of every pair, encoder by encoder."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Cosines = NDArray[np.float64]

# Items of one chunk: seconds of work on one CPU, so that little is lost with a worker and others find something to do.
# A small project is cut into chunks of a batch or two; a large one into more than PARTS chunks of up to so many items,
# because within a chunk files are read while a GPU works, and captions are sorted by length.
PARTS = 32
PICTURES_PER_CHUNK = (16, 128)
TEXTS_PER_CHUNK = (128, 1_024)
PAIRS_PER_CHUNK = 2_000


class Stage(IntEnum):
    """The three stages of one encoder, one after the other."""

    PICTURES = 0
    TEXTS = 1
    COSINES = 2


@dataclass(frozen=True, slots=True)
class PlannedChunk:
    """Items of one chunk; its phase says for which encoder and stage."""

    items: Sequence[int]
    phase: int


def phase_of(encoder: int, stage: Stage) -> int:
    """Return the phase of a stage of the encoder at this place in the job's list."""
    return encoder * len(Stage) + stage


def stage_of(phase: int) -> tuple[int, Stage]:
    """Return the encoder's place in the job's list and the stage that a phase stands for."""
    encoder, stage = divmod(phase, len(Stage))
    return encoder, Stage(stage)


def pieces(items: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    """Consecutive pieces of at most `size` items."""
    return (items[start : start + size] for start in range(0, len(items), size))


def _chunk_size(n: int, sizes: tuple[int, int]) -> int:
    """Items of one chunk of n, a multiple of the smaller size up to the larger one."""
    least, most = sizes
    return max(least, min(most, n // PARTS // least * least))


def picture_pieces(pictures: Sequence[int]) -> Iterator[Sequence[int]]:
    """Pictures in chunks of one worker."""
    return pieces(pictures, _chunk_size(len(pictures), PICTURES_PER_CHUNK))


def text_pieces(texts: Sequence[int]) -> Iterator[Sequence[int]]:
    """Texts in chunks of one worker."""
    return pieces(texts, _chunk_size(len(texts), TEXTS_PER_CHUNK))


def planned_chunks(
    n_encoders: int, pictures: Sequence[int], texts: Sequence[int], versions: Sequence[int]
) -> Iterator[PlannedChunk]:
    """Return the chunks of a job: for each encoder all pictures, all different texts, all pairs."""
    for encoder in range(n_encoders):
        for stage, cut in (
            (Stage.PICTURES, picture_pieces(pictures)),
            (Stage.TEXTS, text_pieces(texts)),
            (Stage.COSINES, pieces(versions, PAIRS_PER_CHUNK)),
        ):
            for piece in cut:
                yield PlannedChunk(piece, phase_of(encoder, stage))


class Pairs(Protocol):
    """Features of pairs, row by row."""

    @property
    def images(self) -> NDArray[np.float32]:
        """Image features (n, dimension)."""

    @property
    def texts(self) -> NDArray[np.float32]:
        """Text features (n, dimension)."""


def row_cosines(images: NDArray[np.float32], texts: NDArray[np.float32]) -> Cosines:
    """Cosine of each row of `images` with the same row of `texts` (n,), in [-1, 1]; the rows need no unit length.

    Worked out in double precision from what is stored, so it does not depend on batches or on the order of rows.
    """
    first, second = images.astype(np.float64), texts.astype(np.float64)
    lengths = np.sqrt((first * first).sum(axis=-1) * (second * second).sum(axis=-1))
    products = (first * second).sum(axis=-1)
    cosines: Cosines = np.clip(products / np.where(lengths > 0, lengths, 1.0), -1.0, 1.0)
    return cosines
