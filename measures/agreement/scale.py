"""The category list: which labels there are, in which order, and what an "unsure" counts as."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

LEVELS = ("nominal", "ordinal", "interval", "ratio")
TREATMENTS = ("nominal", "missing", "ordinal", "not_good")
"""What an "unsure" may count as: a category without order, no rating, between bad and good, not good."""
KNOWN_ORDER = ("bad", "unsure", "good")
MAX_CATEGORIES = 1000


@dataclass(frozen=True, slots=True)
class Scale:
    """A fixed category list, in order where there is one.

    ``values`` are the numbers that the labels stand for (None where a label is no number). ``source`` says
    where the list comes from. Weighted coefficients depend on the list, also on categories nobody used.
    """

    categories: tuple[str, ...]
    values: tuple[float, ...] | None
    is_ordered: bool
    source: str

    @property
    def positions(self) -> tuple[float, ...]:
        """What distances are measured on: the numbers, or 1, 2, 3 ... where labels are words."""
        return self.values or tuple(float(k + 1) for k in range(len(self.categories)))


@dataclass(frozen=True, slots=True)
class Treated:
    """A scale after "unsure" was treated, and for each old category its new place (-1: no rating)."""

    scale: Scale
    places: tuple[int, ...]
    treatment: str


def number(label: str) -> float | None:
    """The finite number that a label is written as, or None."""
    try:
        value = float(label)
    except ValueError:
        return None
    return value if math.isfinite(value) and "_" not in label else None


def scale_of(
    labels: Sequence[str], categories: Sequence[str] | None, level: str, is_ordered: bool = False
) -> Scale:
    """The scale of a declared list, or of the labels met where none is declared.

    Numbers are ordered by value; bad, unsure, good in that order; other words have an order only where the
    list was declared and the level is not nominal or ``is_ordered`` says that the list is in order. Raises
    ValueError for a list with repeats, a list of fewer than two categories, or more than 1,000 categories.
    """
    has_order = is_ordered or level != "nominal"
    if level not in LEVELS:
        raise ValueError(f"The level must be one of {', '.join(LEVELS)}, not {level!r}.")
    names = list(dict.fromkeys(labels if categories is None else categories))
    if categories is not None and (len(names) < 2 or len(names) != len(categories)):
        raise ValueError("A category list needs at least two different labels and no label twice.")
    source = "from the labels" if categories is None else "declared"
    numbers = {name: number(name) for name in names}
    if names and all(value is not None for value in numbers.values()):
        by_value = {value: name for name, value in reversed(numbers.items()) if value is not None}
        values = tuple(sorted(by_value))
        scale = Scale(tuple(by_value[value] for value in values), values, True, source)
    elif (known := _in_known_order(names)) and (categories is None or not has_order):
        scale = Scale(known, None, True, f"{source}, in the order bad < unsure < good")
    elif categories is not None:
        scale = Scale(tuple(names), None, has_order, source)
    else:
        scale = Scale(tuple(sorted(names)), None, False, source)
    if len(scale.categories) > MAX_CATEGORIES:
        raise ValueError(
            f"There are {len(scale.categories)} different labels, more than {MAX_CATEGORIES}: "
            "is the label column the right one?"
        )
    return scale


def _in_known_order(names: Sequence[str]) -> tuple[str, ...]:
    """The names in the order bad, unsure, good, in whatever capitals; empty where there are others or doubles."""
    by_word = {name.casefold(): name for name in names}
    if len(by_word) != len(names) or not set(by_word) <= set(KNOWN_ORDER):
        return ()
    return tuple(by_word[word] for word in KNOWN_ORDER if word in by_word)


def as_written(name: str, names: Sequence[str]) -> str:
    """The one of ``names`` that ``name`` means: itself, or the only one that differs in capitals; else itself."""
    if name in names:
        return name
    alike = [other for other in names if other.casefold() == name.casefold()]
    return alike[0] if len(alike) == 1 else name


def places_of(labels: Sequence[str], scale: Scale) -> tuple[int, ...]:
    """For each label its place in the category list, -1 where it is not in it.

    5 and 5.0 are one label; a word may differ in capitals from the one category that it means.
    """
    by_name = {name: place for place, name in enumerate(scale.categories)}
    if scale.values is None:
        return tuple(by_name.get(as_written(label, scale.categories), -1) for label in labels)
    by_value: dict[float | None, int] = {value: place for place, value in enumerate(scale.values)}
    return tuple(by_value.get(number(label), -1) for label in labels)


def treat(scale: Scale, treatment: str, unsure: str = "unsure", positive: str = "good") -> Treated:
    """The scale that a treatment of "unsure" leaves; the scale itself where it has no such category.

    Raises ValueError where the treatment does not fit: an order that nobody declared, or "not good" on a
    list that is not just good, bad and unsure.
    """
    if treatment not in TREATMENTS:
        raise ValueError(f"Unsure must be treated as one of {', '.join(TREATMENTS)}, not {treatment!r}.")
    names, everyone = scale.categories, tuple(range(len(scale.categories)))
    if unsure not in names:
        return Treated(scale, everyone, treatment)
    if treatment == "nominal":
        return Treated(Scale(names, None, False, scale.source), everyone, treatment)
    if treatment == "ordinal":
        if not scale.is_ordered:
            raise ValueError(
                f"The place of {unsure!r} among the categories is not declared: name the categories in order, "
                f"or let {unsure!r} count as missing or nominal."
            )
        return Treated(scale, everyone, treatment)
    rest = tuple(name for name in names if name != unsure)
    if treatment == "missing":
        return _without(scale, rest, treatment)
    if positive not in names or len(rest) > 2:
        raise ValueError(f"Not good needs the categories {positive!r}, one other, and {unsure!r}.")
    merged = Scale((f"not {positive}", positive), None, True, scale.source)
    return Treated(merged, tuple(int(name == positive) for name in names), treatment)


def _without(scale: Scale, rest: tuple[str, ...], treatment: str) -> Treated:
    level = "ordinal" if scale.is_ordered else "nominal"
    left = scale_of(rest, rest if len(rest) > 1 else None, level)
    left = Scale(left.categories, left.values, left.values is not None or scale.is_ordered, scale.source)
    return Treated(left, places_of(scale.categories, left), treatment)
