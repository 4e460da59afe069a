"""Why a coefficient has no value, in a sentence; never a NaN and never a 1.0 that nobody earned."""

from __future__ import annotations

import numpy as np

from measures.agreement.figures import Figure
from measures.agreement.ratings import FloatArray
from measures.agreement.sums import Sample
from measures.agreement.table import Table

CHANCE_FREE = ("raw", "specific")


def reason_undefined(figure: Figure, sample: Sample, table: Table) -> str:
    """The sentence for a coefficient that cannot be had from this sample, or "" where it can.

    Chance-corrected coefficients are undefined wherever the ratings that they look at show one category
    only, also those (AC1, Brennan-Prediger) whose formula would give 1.
    """
    if not len(table.item):
        return "no ratings"
    if len(table.raters) < 2:
        return "one rater only: agreement needs two"
    if sample.sums.items_paired[0] == 0:
        return "no item was rated by two raters"
    if figure.missing:
        return figure.missing
    if figure.kind in CHANCE_FREE:
        return ""
    used = np.flatnonzero(_category_totals(figure, sample))
    if len(used) != 1:
        return ""
    return _no_variation(figure, sample, table.scale.categories[int(used[0])])


def _category_totals(figure: Figure, sample: Sample) -> FloatArray:
    """How often each category occurs among the ratings that the coefficient looks at."""
    if figure.kind == "alpha":
        totals: FloatArray = sample.sums.coincidences[0].sum(axis=-1)
    elif figure.kind in ("cohen", "scott", "light") and sample.tables is not None:
        both = sample.tables[0].sum(axis=0)
        totals = both.sum(axis=0) + both.sum(axis=1)
    else:
        totals = sample.sums.prevalence[0]
    return totals


def _no_variation(figure: Figure, sample: Sample, category: str) -> str:
    share = float(np.trace(sample.sums.shares[0]) / sample.sums.items_paired[0])
    items = int(sample.sums.items_paired[0])
    return f"no variation: every rating used is {category!r}; raw agreement {share:.1f} (n={items} items)"


def reason_of_value(figure: Figure, table: Table) -> str:
    """The sentence for a formula that gave no value although the ratings vary."""
    if figure.kind == "specific":
        return f"{figure.name}: no rater pair used the category"
    if figure.kind in ("cohen", "light", "scott"):
        return "no rater pair varies: in each pair both raters gave one and the same category throughout"
    return f"chance agreement is already complete over {len(table.items)} items"
