"""Ratings as they come: who gave which item which label; missing is by item, never by position."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

IntArray: TypeAlias = npt.NDArray[np.int64]
BoolArray: TypeAlias = npt.NDArray[np.bool_]
FloatArray: TypeAlias = npt.NDArray[np.float64]

MISSING_TEXTS = frozenset({"", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NULL", "null"})
FEW_TEXTS = 16
DOUBTFUL = frozenset({"-", "--", ".", "*", "?", "none", "missing", "skip", "skipped"})
"""Labels that often stand for no rating; they count as labels, and the report says so."""


@dataclass(frozen=True, eq=False)
class Ratings:
    """Ratings in long form: three code arrays of one length and the names behind the codes.

    ``label`` is -1 where the rater gave none. ``cluster`` holds one code per item (the image of a caption)
    or is None.
    """

    item: IntArray
    rater: IntArray
    label: IntArray
    items: tuple[str, ...]
    raters: tuple[str, ...]
    labels: tuple[str, ...]
    cluster: IntArray | None = None
    clusters: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.item)

    @classmethod
    def from_columns(
        cls,
        items: Iterable[object],
        raters: Iterable[object],
        labels: Iterable[object],
        clusters: Iterable[object] | None = None,
        missing: Iterable[str] = MISSING_TEXTS,
    ) -> Ratings:
        """Ratings from columns of equal length; anything that prints is a name, spaces around it dropped.

        A label of None, NaN or one of ``missing`` counts as not given. Raises ValueError where the lengths
        differ, an item or rater has no name, or an item lies in two clusters.
        """
        item, item_names = _factorize(items)
        rater, rater_names = _factorize(raters)
        label, label_names = _factorize(labels)
        if not len(item) == len(rater) == len(label):
            raise ValueError("The columns item, rater and label must have the same length.")
        for column, codes, names in (("item", item, item_names), ("rater", rater, rater_names)):
            empty = [code for code, name in enumerate(names) if name == ""]
            if empty:
                row = int(np.argmax(np.isin(codes, empty)))
                raise ValueError(f"Rating {row + 1} has no {column}.")
        gone = frozenset(missing)
        kept = [name for name in label_names if name not in gone]
        place = {name: code for code, name in enumerate(kept)}
        label = np.array([place.get(name, -1) for name in label_names] + [-1], dtype=np.int64)[label]
        columns = (item, rater, label, item_names, rater_names, tuple(kept))
        return cls(*columns) if clusters is None else cls(*columns, *_clusters_of(item, item_names, clusters))


def _factorize(column: Iterable[object]) -> tuple[IntArray, tuple[str, ...]]:
    """Codes in order of first appearance, and the name of each code; None and NaN become ""."""
    if isinstance(column, np.ndarray) and column.dtype.kind in "iu":
        numbers, codes = np.unique(column, return_inverse=True)
        return codes.astype(np.int64, copy=False).reshape(-1), tuple(map(str, numbers.tolist()))
    if isinstance(column, np.ndarray) and column.dtype.kind == "U":
        few = _few_texts(column)
        if few is not None:
            return few
    values: Sequence[object] = column.tolist() if isinstance(column, np.ndarray) else list(column)
    seen: dict[object, int] = {}
    codes = np.fromiter((seen.setdefault(value, len(seen)) for value in values), np.int64, len(values))
    names: dict[str, int] = {}
    merged = [names.setdefault(_name(value), len(names)) for value in seen]
    if len(names) < len(seen) or merged != list(range(len(merged))):
        codes = np.array(merged, dtype=np.int64)[codes]
    return codes, tuple(names)


def _few_texts(column: npt.NDArray[np.str_]) -> tuple[IntArray, tuple[str, ...]] | None:
    """The same for texts of which there are few, by comparing whole columns; None where there are many."""
    codes = np.full(len(column), -1, dtype=np.int64)
    names: dict[str, int] = {}
    for _ in range(FEW_TEXTS):
        left = int(np.argmin(codes)) if len(codes) else 0
        if not len(codes) or codes[left] >= 0:
            return codes, tuple(names)
        codes[column == column[left]] = names.setdefault(_name(str(column[left])), len(names))
    return None


def _name(value: object) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return str(value).strip()


def _clusters_of(
    item: IntArray, items: tuple[str, ...], column: Iterable[object]
) -> tuple[IntArray, tuple[str, ...]]:
    """One cluster code per item; an item without a cluster is a cluster of its own."""
    codes, names = _factorize(column)
    if len(codes) != len(item):
        raise ValueError("The cluster column must be as long as the others.")
    is_empty = np.array([name == "" for name in names] + [False])[codes]
    found = np.full(len(items), -1, dtype=np.int64)
    found[item[~is_empty]] = codes[~is_empty]
    torn = np.flatnonzero(~is_empty & (found[item] != codes))
    if len(torn):
        raise ValueError(f"Item {items[item[torn[0]]]!r} lies in two clusters.")
    alone = np.flatnonzero(found < 0)
    found[alone] = len(names) + np.arange(len(alone))
    return found, names + tuple(f"item {items[each]}" for each in alone)
