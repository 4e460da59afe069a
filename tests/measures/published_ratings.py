"""Ratings printed in the literature and in the packages of the field, used as fixtures."""

from __future__ import annotations

from collections.abc import Sequence

from measures.agreement import Ratings

NA: None = None


def by_rater(*columns: Sequence[object]) -> Ratings:
    """One column per rater, one place per item; None is no rating."""
    rows = [
        (f"item {item:04d}", f"rater {rater:04d}", label)
        for rater, column in enumerate(columns)
        for item, label in enumerate(column)
        if label is not None
    ]
    return Ratings.from_columns(*(list(column) for column in zip(*rows, strict=True)))


def by_counts(counts: Sequence[Sequence[int]]) -> Ratings:
    """Items x categories counts of equal totals; each item's labels are handed out in order of category."""
    labels = [[k for k, many in enumerate(row) for _place in range(many)] for row in counts]
    return by_rater(*zip(*labels, strict=True))


def by_table(table: Sequence[Sequence[int]]) -> Ratings:
    """The cross table of two raters, rows the first."""
    cells = [
        (row, column)
        for row, line in enumerate(table)
        for column, n in enumerate(line)
        for _place in range(n)
    ]
    return by_rater([cell[0] for cell in cells], [cell[1] for cell in cells])


# Krippendorff 2011, data C and D; the same numbers are R irrCAC::cac.raw4raters (Gwet 2014, p. 120).
KRIPPENDORFF = by_rater(
    [1, 2, 3, 3, 2, 1, 4, 1, 2, NA, NA, NA],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NA, 3],
    [NA, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NA],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NA],
)
RAW_4_RATERS = by_rater(
    [1, 2, 3, 3, 2, 1, 4, 1, 2, NA, NA, NA],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NA, NA],
    [NA, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 3],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NA],
)
RAW_5_OBSERVERS = by_rater(
    [1, 1, 2, NA, 0, 0, 1, 1, 2, 2, NA, 0, 1, 3, 1],
    [1, 1, 3, 0, 0, 0, 0, NA, 2, 1, 1, 0, 2, 3, 1],
    [2, 0, 3, 0, 0, 0, 2, 2, 2, 1, 0, 0, 2, 2, 1],
    [NA, 1, 3, NA, NA, NA, NA, 0, NA, 1, 0, 0, 2, 2, NA],
    [2, NA, NA, 0, 0, 0, 1, NA, 2, NA, NA, NA, NA, 3, 1],
)
RAW_G1G2 = by_rater(
    [*"abccbadab", NA, NA, NA, *"bb"],
    [*"abccbbdabe", NA, NA, *"ba"],
    [NA, *"cccbcdbbeaccc"],
    [*"abccbddabea", NA, *"bb"],
)
RAW_GENDER = by_rater("aaaaabbbcaaaaab", "aaaababccaaaaba", "abbcaabbcabbcaa", "ccccaabbcccccaa")
BEN_GERRY = by_rater("aabbdcccedda", [*"babbbccce", NA, *"dd"])

# Fleiss 1971, table 1: 30 patients, 6 diagnoses each, 5 categories (R irr::diagnoses).
FLEISS = by_counts(
    [
        [int(n) for n in row]
        for row in (
            "00060 03003 01401 00006 03030 20400 00402 20310 20040 00006 10050 11040 03300 10050 02031 "
            "00501 30012 51000 02040 10203 00006 01050 02013 20040 10041 05010 40002 02040 10500 00006"
        ).split()
    ]
)
# The worked example of Wikipedia's article on Fleiss' kappa: 10 items, 14 raters, 5 categories.
WIKIPEDIA = by_counts(
    [
        [0, 0, 0, 0, 14],
        [0, 2, 6, 4, 2],
        [0, 0, 3, 5, 6],
        [0, 3, 9, 2, 0],
        [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0],
        [3, 2, 6, 3, 0],
        [2, 5, 3, 2, 2],
        [6, 5, 2, 1, 0],
        [0, 2, 2, 3, 7],
    ]
)
ABSTRACTORS = by_table([[13, 0, 0], [0, 20, 7], [0, 4, 56]])
DIAGNOSIS = by_table([[40, 4, 4, 17], [6, 25, 2, 13], [4, 1, 21, 12], [15, 5, 9, 45]])
COHEN_1960 = by_table([[88, 14, 18], [10, 40, 10], [2, 6, 12]])
