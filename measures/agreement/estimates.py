"""From a table to coefficients with their n, exclusions, standard errors and bootstrap intervals."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from measures.agreement.bootstrap import Bootstrap, Resampler
from measures.agreement.figures import Figure, figures
from measures.agreement.ratings import FloatArray
from measures.agreement.results import Coefficient
from measures.agreement.standard_errors import error_interval, standard_error
from measures.agreement.sums import Sample
from measures.agreement.table import Exclusion, Table
from measures.agreement.undefined import reason_of_value, reason_undefined
from measures.intervals import Interval

FEWEST_UNITS = 3
FEW_UNITS = 10
BY_PAIR = ("cohen", "scott", "light")
TOO_MANY_CELLS = "too many rater pairs and categories to resample their cross tables"


def estimate(
    resampler: Resampler,
    weights: Sequence[str],
    positive: str | None,
    negative: str | None,
    bootstraps: Sequence[Bootstrap],
    confidence: float,
    keys: Collection[str] | None = None,
) -> tuple[Coefficient, ...]:
    """Every coefficient of the table (or those in ``keys``), in reporting order."""
    table = resampler.table
    pairs = None if resampler.pairs is None else len(resampler.pairs.first)
    wanted = figures(table.scale, len(table.raters), pairs, weights, positive, negative)
    if keys is not None:
        wanted = tuple(figure for figure in wanted if figure.key in keys)
    entered = _what_entered(table)
    seen = [_observe(figure, resampler, entered) for figure in wanted]
    live = [figure for figure, found in zip(wanted, seen, strict=True) if found.value is not None]
    drawn = {bootstrap: _replicates(bootstrap, live, resampler) for bootstrap in bootstraps}
    return tuple(
        _with_intervals(
            figure, found, {b: rows.get(figure.key) for b, rows in drawn.items()}, resampler, confidence
        )
        for figure, found in zip(wanted, seen, strict=True)
    )


def _observe(figure: Figure, resampler: Resampler, entered: _Entered) -> Coefficient:
    """The coefficient as observed, without intervals."""
    sample, table = resampler.observed, resampler.table
    reason = reason_undefined(figure, sample, table)
    value = None
    if not reason and figure.compute is not None:
        found = float(figure.compute(sample)[0])
        value = found if np.isfinite(found) else None
        reason = "" if value is not None else reason_of_value(figure, table)
    observed = expected = None
    if figure.chance is not None and not reason:
        chance = figure.chance(sample)
        observed, expected = float(chance.observed.flat[0]), float(chance.expected.flat[0])
    return Coefficient(
        figure.key,
        figure.name,
        value,
        reason,
        entered.items,
        entered.ratings,
        entered.raters,
        _excluded(figure, resampler, entered.singles),
        observed,
        expected,
    )


@dataclass(frozen=True, slots=True)
class _Entered:
    """What enters the observed agreement of every coefficient of a table."""

    items: int
    ratings: int
    raters: int
    singles: int


def _what_entered(table: Table) -> _Entered:
    is_paired = table.totals >= 2
    items = int(is_paired.sum())
    raters = np.bincount(table.rater[is_paired[table.item]], minlength=1)
    return _Entered(
        items, int(table.totals[is_paired].sum()), int((raters > 0).sum()), len(table.items) - items
    )


def _excluded(figure: Figure, resampler: Resampler, singles: int) -> tuple[Exclusion, ...]:
    """What stayed outside this coefficient, and why."""
    excluded = list(resampler.table.excluded)
    if singles:
        excluded.append(Exclusion(_about_singles(figure.kind), singles, singles))
    if figure.kind == "light" and not figure.missing:
        excluded += _undefined_pairs(figure, resampler.observed)
    return tuple(excluded)


def _about_singles(kind: str) -> str:
    if kind in ("fleiss", "gwet"):
        return "item with one rating: counted in the category shares, not in the observed agreement"
    if kind == "conger":
        return "item with one rating: counted in its rater's category shares, not in the observed agreement"
    return "item with one rating: no pair of raters"


def _undefined_pairs(figure: Figure, sample: Sample) -> list[Exclusion]:
    if sample.tables is None or figure.weights is None:
        return []
    totals = sample.tables[0].sum(axis=(-1, -2))
    diagonal = np.diagonal(sample.tables[0], axis1=-2, axis2=-1)
    is_flat = diagonal.max(axis=-1, initial=0) == totals
    if not is_flat.any():
        return []
    reason = (
        f"{int(is_flat.sum())} of {len(totals)} rater pairs gave one category only: their kappa is undefined"
    )
    return [Exclusion(reason)]


def _replicates(bootstrap: Bootstrap, live: Sequence[Figure], resampler: Resampler) -> dict[str, FloatArray]:
    """Every figure that can be resampled, in every resample, by key; empty where nothing can be drawn."""
    if not live or resampler.units(bootstrap) < FEWEST_UNITS:
        return {}
    chosen = [figure for figure in live if resampler.crosses(bootstrap) or figure.kind not in BY_PAIR]

    def compute(sample: Sample) -> FloatArray:
        return np.array([figure.compute(sample) for figure in chosen if figure.compute is not None])

    values = resampler.replicates(bootstrap, compute)
    return {figure.key: row for figure, row in zip(chosen, values, strict=True)}


def _with_intervals(
    figure: Figure,
    found: Coefficient,
    drawn: dict[Bootstrap, FloatArray | None],
    resampler: Resampler,
    confidence: float,
) -> Coefficient:
    if found.value is None:
        return found
    error, items = standard_error(figure, found.value, resampler)
    analytic = None if error is None else error_interval(figure, found.value, error, items, confidence)
    intervals, withheld = [], []
    for bootstrap, values in drawn.items():
        units = resampler.units(bootstrap)
        if values is None:
            few = f"{units} to draw from are too few for a bootstrap"
            withheld.append(f"{bootstrap.kind}: {few if units < FEWEST_UNITS else TOO_MANY_CELLS}")
            continue
        interval = percentile(values, bootstrap, confidence, units)
        if interval is None:
            withheld.append(f"{bootstrap.kind}: undefined in more than half of {len(values)} replicates")
        else:
            intervals.append(interval)
    return Coefficient(
        **{
            **{name: getattr(found, name) for name in Coefficient.__dataclass_fields__},
            "standard_error": error,
            "analytic": analytic,
            "intervals": tuple(intervals),
            "withheld": tuple(withheld),
        }
    )


def percentile(values: FloatArray, bootstrap: Bootstrap, confidence: float, units: int) -> Interval | None:
    """The percentile interval of the replicates that are defined; None where fewer than half are."""
    defined = values[np.isfinite(values)]
    undefined = len(values) - len(defined)
    if 2 * undefined > len(values):
        return None
    tail = (1.0 - confidence) / 2.0
    low, high = (float(end) for end in np.quantile(defined, [tail, 1.0 - tail]))
    notes = []
    if high - low < 1e-12:
        notes.append("no width: the resamples cannot show what was never observed")
    if units < FEW_UNITS:
        notes.append(f"only {units} to draw from: rough")
    return Interval(
        low,
        high,
        confidence,
        f"percentile bootstrap over {bootstrap.kind}",
        bootstrap.replicates,
        undefined,
        bootstrap.seed,
        "; ".join(notes),
    )
