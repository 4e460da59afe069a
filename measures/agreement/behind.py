"""The items behind a figure: which were judged by these two raters, got these two answers, or split most."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from measures.agreement.annotators import majority_of_others
from measures.agreement.rater_pairs import MAX_MEETINGS, meetings
from measures.agreement.ratings import BoolArray, IntArray, Ratings
from measures.agreement.table import Table

LISTED = 400
"""Items listed of each figure; all are counted."""
MOST_ANSWERS = 30
"""Categories above which pairs of answers are not listed."""


@dataclass(frozen=True, slots=True)
class Behind:
    """Items behind one figure: ``count`` of them, the first by name order of the ratings.

    kind: differ or both (two raters; an empty second is anybody, an empty first too), answers (row and column),
    majority (first against most of the others), period.
    """

    kind: str
    count: int
    items: tuple[str, ...]
    first: str = ""
    second: str = ""
    row: str = ""
    column: str = ""
    period: str = ""


def items_behind(
    table: Table, ratings: Ratings, periods: Sequence[Sequence[str]] = (), listed: int = LISTED
) -> tuple[Behind, ...]:
    """What leads from each figure of a report to its items; figures without items are left out.

    periods: of each kind (batches, weeks) for each of ``ratings.items`` its period, "" for none.
    """
    return tuple(_all(table, ratings, periods, listed))


Finder: TypeAlias = Callable[..., Behind]


def _all(table: Table, ratings: Ratings, periods: Sequence[Sequence[str]], listed: int) -> Iterator[Behind]:
    names = [ratings.items[code] for code in table.items.tolist()]
    people = [ratings.raters[code] for code in table.raters.tolist()]
    pairs = table.totals * (table.totals - 1)
    agreeing = (table.counts * (table.counts - 1)).sum(axis=1)
    is_split = agreeing < pairs

    def found(kind: str, places: IntArray, **more: str) -> Behind:
        return Behind(kind, len(places), tuple(names[place] for place in places[:listed].tolist()), **more)

    yield found("differ", np.flatnonzero(is_split))
    yield found("both", np.flatnonzero(pairs > 0))
    yield from _by_people(table, people, found)
    yield from _by_answers(table, people, found)
    for kind in periods:
        of_item = np.array(list(kind), dtype=object)[table.items]
        for period in sorted({str(each) for each in of_item if each}):
            yield found("period", np.flatnonzero(is_split & (of_item == period)), period=period)


def _by_people(table: Table, people: Sequence[str], found: Finder) -> Iterator[Behind]:
    best, state = majority_of_others(table)
    against = (state == 2) & (best != table.label)
    raters, items = len(people), max(1, len(table.items))
    for place, name in enumerate(people):
        yield found("majority", table.item[against & (table.rater == place)], first=name)
    totals = table.totals
    if int((totals * (totals - 1)).sum()) // 2 > MAX_MEETINGS:
        return
    left, right = meetings(table.item, int(totals.max(initial=0)))
    differs = table.label[left] != table.label[right]
    pair, item = table.rater[left] * raters + table.rater[right], table.item[left]
    for kind, keep in (("differ", differs), ("both", np.ones(len(left), dtype=bool))):
        for key, places in _grouped(pair[keep], item[keep], items):
            yield found(kind, places, first=people[key // raters], second=people[key % raters])
        sides = np.concatenate([table.rater[left[keep]], table.rater[right[keep]]])
        for key, places in _grouped(sides, np.concatenate([item[keep], item[keep]]), items):
            yield found(kind, places, first=people[key])


def _grouped(group: IntArray, item: IntArray, items: int) -> Iterator[tuple[int, IntArray]]:
    """Each group with its different items in order."""
    keys = np.unique(group * items + item)
    groups, starts = np.unique(keys // items, return_index=True)
    if len(keys):
        yield from zip(groups.tolist(), np.split(keys % items, starts[1:]), strict=True)


def _by_answers(table: Table, people: Sequence[str], found: Finder) -> Iterator[Behind]:
    categories = table.scale.categories
    if len(categories) > MOST_ANSWERS:
        return
    given = _by_rater(table) if len(people) == 2 else None
    for row, first in enumerate(categories):
        for column, second in enumerate(categories):
            places = np.flatnonzero(_meets(table, given, row, column))
            if len(places):
                yield found("answers", places, row=first, column=second)


def _by_rater(table: Table) -> IntArray:
    """(2, items): the label of each of two raters, -1 for none."""
    given = np.full((2, len(table.items)), -1)
    given[table.rater, table.item] = table.label
    return given


def _meets(table: Table, given: IntArray | None, row: int, column: int) -> BoolArray:
    if given is not None:
        return np.asarray((given[0] == row) & (given[1] == column))
    if row == column:
        return np.asarray(table.counts[:, row] > 1)
    return np.asarray((table.counts[:, row] > 0) & (table.counts[:, column] > 0))
