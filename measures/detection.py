"""Telling good pairs from distractors, and ranking: d' and the rank correlation, each with an interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm, rankdata

from measures.intervals import Interval, critical_value


@dataclass(frozen=True, slots=True)
class Detection:
    """d' (sensitivity) and c (criterion; below 0 leans to "good"), with the counts that they rest on."""

    d_prime: float | None
    criterion: float | None
    interval: Interval | None
    hits: int
    signals: int
    false_alarms: int
    noise: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Correlation:
    """A correlation, its interval and its n; ``value`` is None with a ``reason`` where it is undefined."""

    value: float | None
    interval: Interval | None
    n: int
    reason: str = ""


def d_prime(hits: int, signals: int, false_alarms: int, noise: int, level: float = 0.95) -> Detection:
    """d' = z(hit rate) - z(false-alarm rate), always with the log-linear correction.

    Half an answer is added to each count and one to each total, so that rates of 0 and 1 stay finite.
    None where there were no signals or no noise. Interval: Gourevitch & Galanter's normal approximation.
    Sources: Hautus 1995 (correction), Macmillan & Creelman 2005 (interval).
    """
    if not (0 <= hits <= signals and 0 <= false_alarms <= noise):
        raise ValueError("Hits and false alarms must lie between 0 and their totals.")
    if signals == 0 or noise == 0:
        reason = "d' needs answers on good pairs and on distractors"
        return Detection(None, None, None, hits, signals, false_alarms, noise, reason)
    hit_rate, alarm_rate = (hits + 0.5) / (signals + 1), (false_alarms + 0.5) / (noise + 1)
    z_hit, z_alarm = float(norm.ppf(hit_rate)), float(norm.ppf(alarm_rate))
    error = math.sqrt(_z_variance(hit_rate, signals + 1) + _z_variance(alarm_rate, noise + 1))
    half = critical_value(level) * error
    value = z_hit - z_alarm
    interval = Interval(value - half, value + half, level, "Gourevitch-Galanter")
    return Detection(value, -(z_hit + z_alarm) / 2, interval, hits, signals, false_alarms, noise)


def _z_variance(rate: float, total: int) -> float:
    return rate * (1 - rate) / (total * float(norm.pdf(norm.ppf(rate))) ** 2)


def spearman(first: Sequence[float], second: Sequence[float], level: float = 0.95) -> Correlation:
    """Spearman's rank correlation (mean ranks for ties) with Bonett & Wright's interval on Fisher's z.

    Pairs in which either value is not finite are left out; n counts what is used. None where n < 2 or one
    side does not vary; no interval where n < 4. Source: Bonett & Wright 2000.
    """
    x, y = np.asarray(first, float), np.asarray(second, float)
    if x.shape != y.shape or x.ndim != 1:
        raise ValueError("A rank correlation needs two sequences of equal length.")
    used = np.isfinite(x) & np.isfinite(y)
    n = int(used.sum())
    if n < 2:
        return Correlation(None, None, n, "fewer than two pairs of values")
    ranks_x, ranks_y = rankdata(x[used]), rankdata(y[used])
    if np.ptp(ranks_x) == 0 or np.ptp(ranks_y) == 0:
        return Correlation(None, None, n, "one of the two does not vary")
    value = float(np.clip(np.corrcoef(ranks_x, ranks_y)[0, 1], -1.0, 1.0))
    return Correlation(value, _bonett_wright(value, n, level), n)


def _bonett_wright(value: float, n: int, level: float) -> Interval | None:
    if n < 4:
        return None
    if abs(value) >= 1.0 - 1e-15:
        return Interval(value, value, level, "Bonett-Wright", note="perfect order: the interval has no width")
    half = critical_value(level) * math.sqrt((1 + value * value / 2) / (n - 3))
    z = math.atanh(value)
    return Interval(math.tanh(z - half), math.tanh(z + half), level, "Bonett-Wright")
