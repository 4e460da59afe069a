"""Control charts of shares over time: blocks of answers against all blocks before, at a stated false-alarm rate.

Each block is tested with the exact conditional (hypergeometric) test against the blocks before it that gave no signal,
so that no "true" share needs to be known: a self-starting p-chart (Quesenberry 1991). Answers to the captions of one
image move together; counts are divided by the design effect of images first (Rao & Scott 1992).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.stats import hypergeom

Counts: TypeAlias = npt.NDArray[np.int64]
FALSE_ALARM_RATE = 0.005
"""The chance that a block of an unchanged process gives a signal: at most this, half of it on each side."""
BLOCK = 50
FEWEST_BLOCKS = 3


@dataclass(frozen=True, slots=True)
class Block:
    """Answers that follow each other: ``hits`` of ``answers``, from ``start`` to before ``end`` of the input.

    low, high: the shares between which no signal is given, None for the first block, which starts the chart.
    signal: "above", "below" or "".
    """

    start: int
    end: int
    answers: int
    hits: int
    low: float | None
    high: float | None
    signal: str

    @property
    def share(self) -> float:
        """Hits per answer."""
        return self.hits / self.answers


@dataclass(frozen=True, slots=True)
class Chart:
    """Blocks in time order; ``centre`` is the share of all answers outside signals.

    false_alarm_rate: per block with limits. run_length: blocks between false alarms, on average at least.
    design_effect: by how much answers to one image lessen what they tell, 1 where they are independent.
    """

    blocks: tuple[Block, ...]
    centre: float | None
    design_effect: float
    false_alarm_rate: float
    run_length: float
    reason: str = ""

    @property
    def signals(self) -> tuple[Block, ...]:
        """The blocks outside their limits."""
        return tuple(block for block in self.blocks if block.signal)


def control_chart(
    hits: Sequence[int] | Counts,
    answers: Sequence[int] | Counts,
    *,
    block: int = BLOCK,
    false_alarm_rate: float = FALSE_ALARM_RATE,
) -> Chart:
    """The chart of images in time order: image i got ``hits[i]`` hits of ``answers[i]`` answers.

    A block closes with the image that brings it to ``block`` answers; an unfinished one at the end is left out.
    Raises ValueError for hits beyond the answers, a block below 5 or a rate outside 0 to 0.2.
    """
    many, good = np.asarray(answers, dtype=np.int64), np.asarray(hits, dtype=np.int64)
    if many.shape != good.shape or (good < 0).any() or (good > many).any():
        raise ValueError("Every image needs 0 <= hits <= answers.")
    if block < 5 or not 0.0 < false_alarm_rate <= 0.2:
        raise ValueError("A block has at least 5 answers, and the false-alarm rate lies between 0 and 0.2.")
    bounds = _bounds(many, block)
    effect = design_effect(good, many)
    rates = (false_alarm_rate, 1.0 / false_alarm_rate)
    if len(bounds) < FEWEST_BLOCKS:
        reason = (
            f"{int(many.sum())} answers make {len(bounds)} blocks of {block}; a chart needs {FEWEST_BLOCKS}"
        )
        return Chart((), None, effect, *rates, reason)
    blocks: list[Block] = []
    before = np.zeros(2)
    for start, end in bounds:
        n, k = int(many[start:end].sum()), int(good[start:end].sum())
        low, high, signal = (
            _limits(before, n, k, effect, false_alarm_rate / 2) if blocks else (None, None, "")
        )
        blocks.append(Block(start, end, n, k, low, high, signal))
        if not signal:
            before += (n, k)
    return Chart(tuple(blocks), float(before[1] / before[0]), effect, *rates)


def design_effect(hits: np.ndarray, answers: np.ndarray) -> float:
    """The variance of the pooled share by image over that of independent answers; at least 1."""
    images, total = int((answers > 0).sum()), int(answers.sum())
    share = hits.sum() / total if total else 0.0
    if images < 2 or share in (0.0, 1.0):
        return 1.0
    spread = float(((hits - share * answers) ** 2).sum()) * images / (images - 1)
    return max(1.0, spread / (total * share * (1 - share)))


def _bounds(answers: np.ndarray, block: int) -> list[tuple[int, int]]:
    found, start, size = [], 0, 0
    for place, n in enumerate(answers.tolist()):
        size += n
        if size >= block:
            found.append((start, place + 1))
            start, size = place + 1, 0
    return found


def _limits(
    before: np.ndarray, answers: int, hits: int, effect: float, tail: float
) -> tuple[float, float, str]:
    """The shares at which the exact test just gives no signal, and the signal of this block."""
    past_n, past_k = (max(1, round(before[0] / effect)), round(before[1] / effect))
    n = max(1, round(answers / effect))
    past_k = min(past_k, past_n)
    counts = np.arange(n + 1)
    below = hypergeom.cdf(counts, past_n + n, past_k + counts, n)
    above = hypergeom.sf(counts - 1, past_n + n, past_k + counts, n)
    inside = np.flatnonzero((below > tail) & (above > tail))
    if not len(inside):  # every count would be a signal: only where the past is far longer and all of a kind
        return math.nan, math.nan, ""
    low, high = int(inside[0]), int(inside[-1])
    seen = hits * n / answers
    signal = "below" if seen < low - 0.5 else "above" if seen > high + 0.5 else ""
    return max(0.0, (low - 0.5) / n), min(1.0, (high + 0.5) / n), signal
