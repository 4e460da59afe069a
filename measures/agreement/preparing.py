"""The table behind a report: the declared scale, first ratings only, "unsure" treated as declared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from measures.agreement.ratings import BoolArray, Ratings
from measures.agreement.scale import as_written, scale_of, treat
from measures.agreement.table import Table, compact, dense, tabulate, treated_table


@dataclass(frozen=True, slots=True)
class Reading:
    """How labels are to be read; the same words as those of `measures.agreement.report`."""

    categories: Sequence[str] | None = None
    level: str = "nominal"
    unsure: str | None = None
    unsure_label: str = "unsure"
    positive: str | None = None
    negative: str | None = None


def prepare(ratings: Ratings, reading: Reading) -> Table:
    """The table that a report with this reading is computed from. Raises ValueError as `report` does."""
    scale = scale_of(ratings.labels, reading.categories, reading.level)
    untreated, _repeats = tabulate(ratings, scale)
    treatment = reading.unsure or ("nominal" if reading.level == "nominal" else "ordinal")
    names = scale.categories
    good = as_written(reading.positive or "good", names)
    treated = treat(scale, treatment, as_written(reading.unsure_label, names), good)
    return treated_table(untreated, treated)


def part_of(table: Table, keeps: BoolArray) -> Table:
    """The table of the items marked in ``keeps`` (items,), with codes of its own."""
    rows = keeps[table.item]
    found = dense(table.item[rows], table.rater[rows], table.label[rows], table.scale)
    cluster = None if table.cluster is None else compact(table.cluster[found.items])[0]
    return replace(found, items=table.items[found.items], raters=table.raters[found.raters], cluster=cluster)


def clusters_of(table: Table) -> np.ndarray:
    """The cluster of each item; every item its own where none were named."""
    return np.arange(len(table.items)) if table.cluster is None else table.cluster
