"""Agreement over time: the same figures period by period, and whether a later period differs from an earlier one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from measures.agreement.bootstrap import Bootstrap, Resampler
from measures.agreement.estimates import FEWEST_UNITS, estimate, percentile
from measures.agreement.figures import figures
from measures.agreement.preparing import Reading, part_of, prepare
from measures.agreement.ratings import FloatArray, Ratings
from measures.agreement.results import Coefficient
from measures.agreement.sums import Sample
from measures.agreement.table import Table
from measures.intervals import Interval


@dataclass(frozen=True, slots=True)
class Point:
    """The figures of one period; coefficients are raw agreement, alpha at the declared level and AC1."""

    period: str
    items: int
    ratings: int
    raters: int
    coefficients: tuple[Coefficient, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """A coefficient in a later period less the same in an earlier one; None with a reason where one is undefined.

    The interval comes from resampling the images of both periods apart from each other.
    """

    key: str
    name: str
    earlier: str
    later: str
    difference: float | None
    interval: Interval | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """Points in the order of the periods, and the changes asked for."""

    points: tuple[Point, ...]
    changes: tuple[Change, ...]


def keys_of(level: str) -> tuple[str, ...]:
    """The coefficients that are followed over time."""
    return ("raw_agreement", f"krippendorff_alpha_{level}", "gwet_ac1")


def series(
    ratings: Ratings,
    period_of_item: Sequence[str],
    periods: Sequence[str],
    reading: Reading,
    *,
    bootstrap: Bootstrap,
    compared: Sequence[tuple[str, str]] = (),
    confidence: float = 0.95,
) -> Series:
    """Figures of each period, from the items that belong to it, each item to one.

    period_of_item: for each of ``ratings.items`` its period, "" for none. periods: their order. compared:
    pairs (earlier, later) of periods that share no item, whose difference is wanted.
    """
    table = prepare(ratings, reading)
    names = np.array(list(period_of_item), dtype=object)[table.items]
    parts = {period: part_of(table, names == period) for period in periods}
    points = tuple(
        _point(period, parts[period], reading, replace(bootstrap, seed=bootstrap.seed + place), confidence)
        for place, period in enumerate(periods)
    )
    found = {point.period: point for point in points}
    changes = [
        change
        for earlier, later in compared
        for change in _changes(
            (found[earlier], parts[earlier]), (found[later], parts[later]), bootstrap, confidence
        )
    ]
    return Series(points, tuple(changes))


def _point(period: str, table: Table, reading: Reading, bootstrap: Bootstrap, confidence: float) -> Point:
    found = estimate(
        Resampler(table, with_raters=False),
        (),
        reading.positive,
        reading.negative,
        (bootstrap,),
        confidence,
        keys_of(reading.level),
    )
    by_key = {row.key: row for row in found}
    ordered = tuple(by_key[key] for key in keys_of(reading.level))
    return Point(period, len(table.items), len(table.item), len(table.raters), ordered)


def _changes(
    earlier: tuple[Point, Table], later: tuple[Point, Table], bootstrap: Bootstrap, confidence: float
) -> list[Change]:
    before = {found.key: found for found in earlier[0].coefficients}
    after = {found.key: found for found in later[0].coefficients}
    live = [key for key in before if before[key].value is not None and after[key].value is not None]
    drawn = [
        _replicates(table, live, replace(bootstrap, seed=bootstrap.seed + shift))
        for shift, (_, table) in enumerate((earlier, later), start=1000)
    ]
    units = min(_units(table, bootstrap) for _, table in (earlier, later))
    changes = []
    for key, found in before.items():
        names = (key, found.name, earlier[0].period, later[0].period)
        first, last = found.value, after[key].value
        if first is None or last is None:
            changes.append(Change(*names, None, None, found.reason or after[key].reason))
            continue
        interval, reason = None, f"{units} images to draw from are too few for an interval"
        if drawn[0] is not None and drawn[1] is not None:
            gaps = drawn[1][live.index(key)] - drawn[0][live.index(key)]
            interval = percentile(gaps, bootstrap, confidence, units)
            reason = "" if interval is not None else "undefined in more than half of the replicates"
        changes.append(Change(*names, last - first, interval, reason))
    return changes


def _units(table: Table, bootstrap: Bootstrap) -> int:
    return Resampler(table, with_raters=False).units(bootstrap) if len(table.item) else 0


def _replicates(table: Table, keys: Sequence[str], bootstrap: Bootstrap) -> FloatArray | None:
    """The coefficients of every resample: (keys, replicates); None where too little can be drawn."""
    if not keys or _units(table, bootstrap) < FEWEST_UNITS:
        return None
    resampler = Resampler(table, with_raters=False)
    by_key = {
        each.key: each.compute for each in figures(table.scale, len(table.raters), None, (), None, None)
    }

    def compute(sample: Sample) -> FloatArray:
        rows = [by_key[key] for key in keys]
        return np.array([row(sample) for row in rows if row is not None])

    return resampler.replicates(bootstrap, compute)
