"""Analytic standard errors: Gwet's linearisation, and Fleiss, Cohen and Everitt's for Cohen's kappa.

Items are taken as a sample from many, raters as fixed. Sources: Gwet 2014 chapters 5 and 6 (the R and
Python packages irrCAC compute the same), Fleiss, Cohen & Everitt 1969.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.stats import t as student

from measures.agreement.bootstrap import Resampler
from measures.agreement.coefficients import Chance, cohen_tables, prevalence, scott_tables
from measures.agreement.figures import Figure, alpha_weights
from measures.agreement.ratings import FloatArray
from measures.intervals import Interval, critical_value

NO_WIDTH = "no width: the ratings show no spread to estimate an error from"


def standard_error(figure: Figure, value: float, resampler: Resampler) -> tuple[float | None, int]:
    """The standard error of an observed coefficient and the items that it rests on; None where none is known."""
    if figure.kind in ("cohen", "scott") and figure.weights is not None:
        return _of_two(figure, resampler)
    if figure.kind == "alpha":
        return _alpha(figure, value, resampler)
    if figure.weights is None or figure.kind not in ("raw", "fleiss", "gwet", "brennan_prediger", "conger"):
        return None, 0
    return _linearised(figure, value, resampler)


def error_interval(figure: Figure, value: float, error: float, items: int, level: float) -> Interval:
    """The interval of a standard error: normal for Cohen's kappa, else Student's t; cut at 1, a share at 0 too."""
    if figure.kind == "cohen":
        half, method = critical_value(level) * error, "Fleiss-Cohen-Everitt"
    else:
        half, method = float(student.isf((1 - level) / 2, items - 1)) * error, "Gwet, linearised, Student's t"
    note = NO_WIDTH if half < 1e-12 else ""
    low = max(0.0, value - half) if figure.kind == "raw" else value - half
    return Interval(low, min(1.0, value + half), level, method, note=note)


def _linearised(figure: Figure, value: float, resampler: Resampler) -> tuple[float | None, int]:
    rows, weights = resampler.rows.astype(float), figure.weights
    items = len(resampler.table.items)
    if items < 2 or weights is None:
        return None, items
    size = rows.sum(axis=1)
    is_paired = size >= 2
    share = _agreement_by_row(rows, weights)
    scale = items / float(resampler.observed.sums.items_paired[0])
    if figure.kind == "raw":
        return _spread(scale * (share - value * is_paired) + value, resampler), items
    chance = figure.chance(resampler.observed) if figure.chance is not None else None
    if chance is None:
        return None, items
    expected = float(chance.expected[0])
    own = scale * (share - expected * is_paired) / (1 - expected)
    by_item = own[resampler.row_of_item] if figure.kind == "conger" else own
    pull = _expected_by_item(figure.kind, weights, chance, rows, resampler)
    found = by_item - 2 * (1 - value) * (pull - expected) / (1 - expected)
    if figure.kind == "conger":
        return math.sqrt(float(((found - value) ** 2).sum()) / (items * (items - 1))), items
    return _spread(found, resampler), items


def _agreement_by_row(rows: FloatArray, weights: FloatArray) -> FloatArray:
    """The weighted share of agreeing rater pairs of each row; 0 for rows with fewer than two ratings."""
    size = rows.sum(axis=1)
    agreeing = (rows * (rows @ weights - 1)).sum(axis=1)
    out: FloatArray = np.zeros_like(size)
    np.divide(agreeing, size * (size - 1), out=out, where=size >= 2)
    return out


def _spread(by_row: FloatArray, resampler: Resampler) -> float:
    """The standard error of a mean of per-item values that are given by distinct row."""
    many = np.bincount(resampler.row_of_item, minlength=len(by_row)).astype(float)
    items = many.sum()
    mean = float(many @ by_row / items)
    return math.sqrt(float(many @ (by_row - mean) ** 2) / (items * (items - 1)))


def _expected_by_item(
    kind: str, weights: FloatArray, chance: Chance, rows: FloatArray, resampler: Resampler
) -> FloatArray:
    """What each row (for Conger: each item) contributes to expected agreement."""
    expected = float(chance.expected[0])
    share = prevalence(resampler.observed.sums)[0]
    size = np.maximum(rows.sum(axis=1), 1.0)
    if kind == "fleiss":
        return np.asarray(rows @ ((weights + weights.T) @ share) / 2 / size)
    if kind == "gwet":
        wide = len(weights)
        return np.asarray(weights.sum() / (wide * (wide - 1)) * (rows @ (1 - share)) / size)
    if kind == "conger":
        return expected + _conger_pull(weights, resampler)
    return np.full(len(rows), expected)


def _conger_pull(weights: FloatArray, resampler: Resampler) -> FloatArray:
    """How far each item moves the expected agreement of Conger's kappa from its mean."""
    table = resampler.table
    given = resampler.observed.margins[0]
    size = given.sum(axis=1)
    habit = given / size[:, None]
    others = habit.sum(axis=0) - habit
    gain = others @ weights.T
    gain = gain - (gain * habit).sum(axis=1, keepdims=True)
    items, raters = len(table.items), len(table.raters)
    each = gain[table.rater, table.label] * items / size[table.rater]
    return np.bincount(table.item, weights=each, minlength=items) / (raters * (raters - 1))


def _alpha(figure: Figure, value: float, resampler: Resampler) -> tuple[float | None, int]:
    weights = alpha_weights(figure, resampler.table.scale, resampler.observed)
    many = np.bincount(resampler.row_of_item, minlength=len(resampler.rows)).astype(float)
    is_paired = resampler.rows.sum(axis=1) >= 2
    rows, many = resampler.rows[is_paired].astype(float), many[is_paired]
    items = int(many.sum())
    if items < 2:
        return None, items
    size = rows.sum(axis=1)
    mean = float(many @ size) / items
    off = (size - mean) / mean
    agreeing = (rows * (rows @ weights - 1)).sum(axis=1) / (mean * (size - 1))
    small = 1.0 / (items * mean)
    plain = float(many @ agreeing) / items
    share = many @ rows / (items * mean)
    expected = float(share @ weights @ share)
    if expected >= 1.0:
        return None, items
    observed = (1 - small) * plain + small
    uncorrected = (plain - expected) / (1 - expected)
    own = (agreeing - observed * off - expected) / (1 - expected)
    pull = rows @ (weights @ share) / mean - expected * off
    found = own - 2 * (1 - uncorrected) * (pull - expected) / (1 - expected)
    return math.sqrt(float(many @ (found - uncorrected) ** 2) / (items * (items - 1))), items


def _of_two(figure: Figure, resampler: Resampler) -> tuple[float | None, int]:
    """Cohen's kappa and Scott's pi from the cross table of two raters; Scott's raters share their margins."""
    tables, weights = resampler.observed.tables, figure.weights
    if tables is None or weights is None or not tables.shape[1]:
        return None, 0
    table = tables[0, 0]
    items = float(table.sum())
    if figure.kind == "scott" and items < 2:
        return None, int(items)
    chance = (cohen_tables if figure.kind == "cohen" else scott_tables)(table, weights)
    expected, kappa = float(chance.expected), float(chance.corrected)
    share = table / items
    by_row, by_column = weights @ share.sum(axis=0), share.sum(axis=1) @ weights
    if figure.kind == "scott":
        by_row = by_column = (by_row + by_column) / 2
    pull = (by_row[:, None] + by_column[None, :]) * (1 - kappa)
    spread = float((share * (weights - pull) ** 2).sum()) - (kappa - expected * (1 - kappa)) ** 2
    return math.sqrt(max(0.0, spread) / items) / (1 - expected), int(items)
