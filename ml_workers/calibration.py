"""From which cosine on a model says yes: the threshold with the best F1 over batches of known pairs (IMP §4.2)."""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Indices = NDArray[np.int64]

BATCH_SIZE = 1_024
BINS = 20_000
CURVE_POINTS = 200


@dataclass(frozen=True)
class CurvePoint:
    """Precision and recall (0 to 1) of the rule `cosine >= threshold`."""

    threshold: float
    precision: float
    recall: float


@dataclass(frozen=True)
class Calibration:
    """A threshold with everything that it depends on.

    `n_positive` pairs stood on the diagonals of the batches, `n_negative` off them; `n_left_out` entries
    joined the same image or the same text and were neither. The threshold moves with `batch_size`.
    """

    threshold: float
    f1: float
    precision: float
    recall: float
    batch_size: int
    batches: int
    n_positive: int
    n_negative: int
    n_left_out: int
    seed: int
    bin_width: float
    curve: tuple[CurvePoint, ...]


@dataclass
class InBatchCurve:
    """Counts of positive and negative cosines in narrow bins from -1 to 1, filled batch by batch.

    Memory stays the same for any number of pairs; a threshold is exact to the width of a bin, 2 / `bins`.
    """

    bins: int = BINS
    batches: int = 0
    n_left_out: int = 0
    _positive: Indices = field(init=False)
    _negative: Indices = field(init=False)

    def __post_init__(self) -> None:
        self._positive = np.zeros(self.bins, dtype=np.int64)
        self._negative = np.zeros(self.bins, dtype=np.int64)

    def add(self, images: Floats, texts: Floats, image_keys: Indices, text_keys: Indices) -> None:
        """Take in one batch: row i of `images` (b, d) belongs to row i of `texts` (b, d), rows of length 1.

        The diagonal is positive and the rest negative, but an entry off the diagonal that joins equal
        image keys or equal text keys is left out: it would be a true pair counted as a negative.
        """
        cosines = images @ texts.T
        if not np.isfinite(cosines).all():
            raise ValueError("A feature is not a finite number.")
        same = (image_keys[:, None] == image_keys[None, :]) | (text_keys[:, None] == text_keys[None, :])
        self._positive += self._counted(np.diagonal(cosines))
        self._negative += self._counted(cosines[~same])
        self.n_left_out += int(same.sum()) - len(same)
        self.batches += 1

    def _counted(self, cosines: Floats) -> Indices:
        places = np.floor((cosines.astype(np.float64) + 1) * (self.bins / 2)).astype(np.int64)
        return np.bincount(np.clip(places, 0, self.bins - 1).ravel(), minlength=self.bins).astype(np.int64)

    def best(self, *, batch_size: int, seed: int) -> Calibration:
        """The threshold of the best F1, of several equal ones the highest; ValueError before any batch."""
        n_positive = int(self._positive.sum())
        if not n_positive:
            raise ValueError("No batch was added.")
        true = np.cumsum(self._positive[::-1])[::-1]
        false = np.cumsum(self._negative[::-1])[::-1]
        said_yes = true + false
        precision = np.divide(true, said_yes, out=np.ones(self.bins), where=said_yes > 0)
        recall = true / n_positive
        f1 = 2 * true / (said_yes + n_positive)
        thresholds = np.arange(self.bins) * (2 / self.bins) - 1
        best = self.bins - 1 - int(np.argmax(f1[::-1]))
        used = np.flatnonzero(self._positive + self._negative)
        spread = np.unique(np.linspace(used[0], used[-1], CURVE_POINTS).round().astype(np.int64))
        return Calibration(
            threshold=round(float(thresholds[best]), 6),
            f1=float(f1[best]),
            precision=float(precision[best]),
            recall=float(recall[best]),
            batch_size=batch_size,
            batches=self.batches,
            n_positive=n_positive,
            n_negative=int(self._negative.sum()),
            n_left_out=self.n_left_out,
            seed=seed,
            bin_width=2 / self.bins,
            curve=tuple(
                CurvePoint(round(float(thresholds[i]), 6), float(precision[i]), float(recall[i]))
                for i in spread
            ),
        )


def _numbered(keys: Sequence[Hashable]) -> Indices:
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.int64)


def _first_of_each_pair(image_keys: Indices, text_keys: Indices) -> Indices:
    _, first = np.unique(np.stack([image_keys, text_keys]), axis=1, return_index=True)
    return np.sort(first).astype(np.int64)


def calibration_batches(pairs: Indices, batch_size: int, seed: int) -> Iterator[Indices]:
    """The pairs in a seeded order, in whole batches; a last, shorter one is left out (a batch of all is kept)."""
    order = np.random.default_rng(seed).permutation(pairs)
    last = max(len(order) - batch_size, 0)
    return (order[start : start + batch_size] for start in range(0, last + 1, batch_size))


def calibrate(
    images: Floats,
    texts: Floats,
    *,
    image_keys: Sequence[Hashable],
    text_keys: Sequence[Hashable],
    batch_size: int = BATCH_SIZE,
    seed: int = 0,
) -> Calibration:
    """The best-F1 threshold of a model from pairs: row i of `images` (n, d) and of `texts` (n, d), length 1.

    Keys name the image and the text of each pair; a pair that comes twice counts once. With fewer pairs
    than `batch_size` they are one batch, and the result states its real size. Raises ValueError for fewer
    than two.
    """
    image_numbers, text_numbers = _numbered(image_keys), _numbered(text_keys)
    pairs = _first_of_each_pair(image_numbers, text_numbers)
    if len(pairs) < 2:
        raise ValueError("Calibration needs at least two different pairs.")
    size = min(batch_size, len(pairs))
    curve = InBatchCurve()
    for batch in calibration_batches(pairs, size, seed):
        curve.add(images[batch], texts[batch], image_numbers[batch], text_numbers[batch])
    return curve.best(batch_size=size, seed=seed)
