"""Who agrees with whom: rater pairs, confusion, each rater against the others, hardest items, repeats."""

from __future__ import annotations

import heapq

import numpy as np

from measures.agreement.bootstrap import Resampler
from measures.agreement.coefficients import Chance, cohen_tables
from measures.agreement.ratings import BoolArray, FloatArray, IntArray, Ratings
from measures.agreement.results import Annotator, Confusion, HardItem, IntraRater, PairAgreement
from measures.agreement.table import Repeats, Table
from measures.agreement.weights import agreement_weights
from measures.proportions import wilson

STRIP_CELLS = 20_000_000
ONE_CATEGORY = "both gave one category only"


def pair_agreements(
    resampler: Resampler, ratings: Ratings, confidence: float, level: str = "nominal"
) -> tuple[PairAgreement, ...]:
    """Every two raters that share an item, by name; empty where there are too many meetings to hold.

    Labels whose level has an order get kappa with quadratic weights too.
    """
    tables, pairs, table = resampler.observed.tables, resampler.pairs, resampler.table
    if tables is None or pairs is None or not len(pairs.first):
        return ()
    kappas = cohen_tables(tables[0], np.eye(len(table.scale.categories))).corrected
    is_ordered = level != "nominal" and table.scale.is_ordered
    weighted = (
        cohen_tables(tables[0], agreement_weights("quadratic", table.scale)).corrected if is_ordered else None
    )
    items = tables[0].sum(axis=(-1, -2)).astype(int).tolist()
    agreed = np.trace(tables[0], axis1=-2, axis2=-1).astype(int).tolist()
    names = [ratings.raters[code] for code in table.raters]
    found = []
    for p, (first, second) in enumerate(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)):
        kappa, reason = _or_reason(kappas[p])
        interval = wilson(agreed[p], items[p], confidence)
        raw = agreed[p] / items[p]
        heavy = _or_reason(weighted[p])[0] if weighted is not None else None
        sides = (names[first], names[second])
        found.append(PairAgreement(*sides, items[p], agreed[p], raw, interval, kappa, reason, heavy))
    return tuple(found)


def _or_reason(kappa: float) -> tuple[float | None, str]:
    return (float(kappa), "") if np.isfinite(kappa) else (None, ONE_CATEGORY)


def confusion(resampler: Resampler, ratings: Ratings) -> Confusion:
    """Which labels meet: by rater for two raters, else over unordered rater pairs."""
    table, sample = resampler.table, resampler.observed
    categories = table.scale.categories
    if resampler.pairs is not None and sample.tables is not None and sample.tables.shape[1] == 1:
        both = (int(resampler.pairs.first[0]), int(resampler.pairs.second[0]))
        first, second = (ratings.raters[table.raters[code]] for code in both)
        return Confusion(categories, _rows(sample.tables[0, 0]), first, second)
    pairs = sample.sums.pairs[0].copy()
    pairs[np.diag_indices(len(pairs))] /= 2
    return Confusion(categories, _rows(pairs))


def _rows(matrix: FloatArray) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(row) for row in np.rint(matrix).astype(int).tolist())


def annotators(
    table: Table, untreated: Table, ratings: Ratings, unsure: str, confidence: float
) -> tuple[Annotator, ...]:
    """Each rater against the majority of the others, ties dropped and counted; sorted by name.

    Label counts come from the table before "unsure" was treated, the comparison from the treated one.
    """
    place = np.full(len(ratings.raters), -1)
    place[table.raters] = np.arange(len(table.raters))
    shape = (len(untreated.raters), len(untreated.scale.categories))
    given = np.bincount(untreated.rater * shape[1] + untreated.label, minlength=shape[0] * shape[1])
    labels = given.reshape(shape)
    majority, state = majority_of_others(table)
    counts = np.bincount(table.rater * 3 + state, minlength=3 * len(table.raters)).reshape(-1, 3)
    agreements, kappas = _against_majority(table, majority, state == 2)
    rows = []
    for row, code in enumerate(untreated.raters.tolist()):
        by_label = dict(zip(untreated.scale.categories, labels[row].tolist(), strict=True))
        own = int(place[code])
        alone, tied, compared = counts[own].tolist() if own >= 0 else (0, 0, 0)
        agreed = int(agreements[own]) if own >= 0 else 0
        kappa, reason = _or_reason(kappas[own]) if compared else (None, "no item with a clear majority")
        rows.append(
            Annotator(
                ratings.raters[code],
                int(labels[row].sum()),
                by_label,
                _share(by_label.get(unsure), int(labels[row].sum())),
                compared,
                agreed,
                tied,
                alone,
                _share(agreed, compared),
                wilson(agreed, compared, confidence),
                kappa,
                reason,
            )
        )
    return tuple(sorted(rows, key=lambda row: row.rater))


def _share(part: int | None, whole: int) -> float | None:
    return None if part is None or not whole else part / whole


def majority_of_others(table: Table) -> tuple[IntArray, IntArray]:
    """For each rating the label most others gave, and its state: 0 alone, 1 tied, 2 a clear majority."""
    best, state = np.zeros_like(table.item), np.zeros_like(table.item)
    step = max(1, STRIP_CELLS // max(1, len(table.scale.categories)))
    for start in range(0, len(table.item), step):
        part = slice(start, start + step)
        others = table.counts[table.item[part]]
        others[np.arange(len(others)), table.label[part]] -= 1
        best[part] = others.argmax(axis=1)
        most = others.max(axis=1)
        is_tied = (others == most[:, None]).sum(axis=1) > 1
        state[part] = np.where(most == 0, 0, np.where(is_tied, 1, 2))
    return best, state


def _against_majority(table: Table, majority: IntArray, is_clear: BoolArray) -> tuple[IntArray, FloatArray]:
    """Per rater: on how many clear items the majority was met, and Cohen's kappa with it."""
    wide, raters = len(table.scale.categories), len(table.raters)
    rater, label, other = table.rater[is_clear], table.label[is_clear], majority[is_clear]
    agreed = np.bincount(rater[label == other], minlength=raters)
    own = np.bincount(rater * wide + label, minlength=raters * wide).reshape(raters, wide)
    theirs = np.bincount(rater * wide + other, minlength=raters * wide).reshape(raters, wide)
    compared = np.maximum(own.sum(axis=1), 1).astype(float)
    expected = (own * theirs).sum(axis=1) / compared**2
    return agreed, Chance(agreed / compared, expected).corrected


def hardest_items(table: Table, ratings: Ratings, limit: int) -> tuple[HardItem, ...]:
    """Items on which raters differ, least agreement first, then most ratings, then by name."""
    totals = table.totals
    pairs = totals * (totals - 1)
    agreeing = (table.counts * (table.counts - 1)).sum(axis=1)
    torn = np.flatnonzero((pairs > 0) & (agreeing < pairs))
    share = agreeing[torn] / pairs[torn]
    names = [ratings.items[code] for code in table.items[torn].tolist()]
    ranked = zip(share.tolist(), (-totals[torn]).tolist(), names, torn.tolist(), strict=True)
    hardest = heapq.nsmallest(max(0, limit), ranked)
    return tuple(_hard(table, name, item, value) for value, _, name, item in hardest)


def _hard(table: Table, name: str, item: int, share: float) -> HardItem:
    labels = dict(zip(table.scale.categories, table.counts[item].tolist(), strict=True))
    return HardItem(name, int(table.totals[item]), labels, share)


def intra_rater(repeats: Repeats, table: Table, ratings: Ratings, confidence: float) -> IntraRater:
    """How often raters gave the same label again; kappa of the first against the later ratings."""
    many, wide = len(repeats.item), len(table.scale.categories)
    same = repeats.before == repeats.after
    agreed = int(same.sum())
    interval = wilson(agreed, many, confidence)
    if not many:
        return IntraRater(0, 0, None, interval, None, {}, "no rater rated an item twice")
    cells = np.bincount(repeats.before * wide + repeats.after, minlength=wide * wide).reshape(wide, wide)
    kappa, reason = _or_reason(float(cohen_tables(cells.astype(float), np.eye(wide)).corrected))
    by_rater = {
        ratings.raters[code]: (int(same[repeats.rater == code].sum()), int((repeats.rater == code).sum()))
        for code in np.unique(repeats.rater).tolist()
    }
    return IntraRater(many, agreed, agreed / many, interval, kappa, by_rater, reason)
