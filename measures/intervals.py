"""The interval that every estimate of polyannot carries."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from functools import cache

from scipy.stats import norm


@dataclass(frozen=True, slots=True)
class Interval:
    """Two ends, the confidence level between 0 and 1, and the name of the method that gave them.

    ``replicates``, ``undefined`` and ``seed`` are filled by resampling methods only: how many
    resamples were drawn, in how many of them the statistic was undefined (these are left out of the
    percentiles), and the seed that gives the same ends again. ``note`` says what a reader should know.
    """

    low: float
    high: float
    level: float = 0.95
    method: str = ""
    replicates: int = 0
    undefined: int = 0
    seed: int | None = None
    note: str = ""

    @property
    def width(self) -> float:
        """The distance between the two ends."""
        return self.high - self.low

    @property
    def told(self) -> tuple[float | None, float | None]:
        """Both ends of a bootstrap, or nothing where they are undefined or all resamples gave the same figure.

        An interval of no width would promise certainty where the bootstrap has nothing to say.
        """
        return (self.low, self.high) if self.width > 0 else (None, None)

    def to_json(self) -> dict[str, float | int | str | None]:
        """The interval as plain JSON values; resampling fields only where the method resamples."""
        row = asdict(self)
        if not self.replicates:
            for name in ("replicates", "undefined", "seed"):
                del row[name]
        if not self.note:
            del row["note"]
        return row


@cache
def critical_value(level: float) -> float:
    """The two-sided normal quantile of a confidence level: 1.959964 at 0.95.

    Raises ValueError for a level outside the open interval (0, 1).
    """
    if not 0.0 < level < 1.0 or math.isnan(level):
        raise ValueError(f"The confidence level must lie between 0 and 1, not {level}.")
    return float(norm.isf((1.0 - level) / 2.0))
