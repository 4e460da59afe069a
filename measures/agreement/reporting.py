"""The public function: ratings in, a complete agreement report out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from measures.agreement import annotators as people
from measures.agreement.bootstrap import Bootstrap, Resampler
from measures.agreement.estimates import estimate
from measures.agreement.ratings import DOUBTFUL, Ratings
from measures.agreement.results import AgreementReport, Category, Parameters, Sensitivity
from measures.agreement.scale import TREATMENTS, Scale, as_written, scale_of, treat
from measures.agreement.table import Table, tabulate, treated_table
from measures.agreement.weights import WEIGHTS
from measures.intervals import critical_value

DEFAULT_WEIGHTS = ("linear", "quadratic", "ordinal")
NEGATIVE_OF = {"good": "bad", "yes": "no", "true": "false", "1": "0"}


def report(
    ratings: Ratings,
    *,
    categories: Sequence[str] | None = None,
    level: str = "nominal",
    is_ordered: bool = False,
    weights: Sequence[str] = DEFAULT_WEIGHTS,
    unsure: str | None = None,
    unsure_label: str = "unsure",
    positive: str | None = None,
    negative: str | None = None,
    bootstraps: Sequence[Bootstrap] = (Bootstrap("items"),),
    confidence: float = 0.95,
    hardest: int = 20,
) -> AgreementReport:
    """Every agreement figure of a set of ratings, each with its n, its exclusions and its intervals.

    categories: the fixed list, in order; without it the labels met make the list. level: nominal, ordinal,
    interval or ratio; at all but nominal, or where ``is_ordered``, words in the list are in order. unsure:
    how ``unsure_label`` counts (nominal, missing, ordinal, not_good; default ordinal where the list is
    declared to be in order or the level is not nominal, else nominal); the other
    treatments are reported as sensitivity, without bootstraps. positive, negative: the categories of
    positive and negative specific agreement (default good and bad, or the two of a two-category list).
    hardest: how many items to list. Undefined figures are None with a reason. Raises ValueError for
    parameters that do not fit each other or the ratings.
    """
    critical_value(confidence)
    unknown = [name for name in weights if name not in WEIGHTS]
    if unknown:
        raise ValueError(f"The weights must be among {', '.join(WEIGHTS)}, not {unknown[0]!r}.")
    scale = scale_of(ratings.labels, categories, level, is_ordered)
    untreated, repeats = tabulate(ratings, scale)
    has_order = level != "nominal" or (is_ordered and scale.is_ordered)
    treatment = unsure or ("ordinal" if has_order else "nominal")
    unsure_label = as_written(unsure_label, scale.categories)
    good, bad = _sides(scale, unsure_label, positive, negative)
    treated = treat(scale, treatment, unsure_label, good or "good")
    table = treated_table(untreated, treated)
    sides = _treated_sides(table.scale, good, bad)
    resampler = Resampler(table)
    return AgreementReport(
        parameters=Parameters(
            level,
            table.scale.categories,
            scale.source,
            tuple(weights),
            unsure_label,
            treatment if unsure_label in scale.categories else "",
            *sides,
            confidence,
            tuple(bootstraps),
        ),
        read=len(ratings),
        ratings=len(table.item),
        items=len(table.items),
        raters=len(table.raters),
        excluded=table.excluded,
        prevalence=_prevalence(table),
        primary=f"krippendorff_alpha_{level}",
        coefficients=estimate(resampler, weights, *sides, bootstraps, confidence),
        sensitivity=_sensitivity(
            untreated, resampler, treatment, unsure_label, (good, bad), weights, confidence
        ),
        intra_rater=people.intra_rater(repeats, untreated, ratings, confidence),
        pairs=people.pair_agreements(resampler, ratings, confidence, level),
        confusion=people.confusion(resampler, ratings),
        annotators=people.annotators(table, untreated, ratings, unsure_label, confidence),
        hardest=people.hardest_items(table, ratings, hardest),
        notes=_notes(scale, level != "nominal" or is_ordered, table, ratings.labels),
    )


def _sides(
    scale: Scale, unsure: str, positive: str | None, negative: str | None
) -> tuple[str | None, str | None]:
    """The positive and the negative category: as declared, good and bad, or the two there are."""
    rest = [name for name in scale.categories if name != unsure]
    positive = None if positive is None else as_written(positive, scale.categories)
    negative = None if negative is None else as_written(negative, scale.categories)
    if positive is None:
        known = [name for name in NEGATIVE_OF if as_written(name, rest) in rest]
        positive = as_written(known[0], rest) if known and (len(rest) <= 2 or known[0] == "good") else None
        if positive is None and len(rest) == 2 and scale.is_ordered:
            positive = rest[1]
    if negative is None and positive is not None:
        others = [name for name in rest if name != positive]
        usual = NEGATIVE_OF.get(positive.casefold())
        negative = others[0] if len(others) == 1 else usual and as_written(usual, rest)
    return positive, negative


def _treated_sides(scale: Scale, good: str | None, bad: str | None) -> tuple[str | None, str | None]:
    """Where bad and unsure became one category, that one is the negative side."""
    merged = f"not {good}"
    return good, merged if merged in scale.categories and bad not in scale.categories else bad


def _prevalence(table: Table) -> tuple[Category, ...]:
    ratings = table.counts.sum(axis=0)
    total, items = int(ratings.sum()), len(table.items)
    means = (table.counts / np.maximum(table.totals, 1)[:, None]).mean(axis=0) if items else None
    return tuple(
        Category(
            label,
            int(ratings[k]),
            int(ratings[k]) / total if total else None,
            float(means[k]) if means is not None else None,
        )
        for k, label in enumerate(table.scale.categories)
    )


def _sensitivity(
    untreated: Table,
    observed: Resampler,
    primary: str,
    unsure: str,
    sides: tuple[str | None, str | None],
    weights: Sequence[str],
    confidence: float,
) -> tuple[Sensitivity, ...]:
    """The same figures under every other treatment of "unsure", where the list has that category."""
    if unsure not in untreated.scale.categories:
        return ()
    found = []
    for treatment in TREATMENTS:
        if treatment == primary:
            continue
        try:
            treated = treat(untreated.scale, treatment, unsure, sides[0] or "good")
        except ValueError as error:
            found.append(Sensitivity(treatment, str(error), (), 0, 0, ()))
            continue
        is_same = treated.scale.categories == observed.table.scale.categories
        other = observed.rescaled(treated.scale) if is_same else Resampler(treated_table(untreated, treated))
        names = _treated_sides(treated.scale, *sides)
        rows = estimate(other, weights, *names, (), confidence)
        ratings, items = len(other.table.item), len(other.table.items)
        found.append(Sensitivity(treatment, "", treated.scale.categories, ratings, items, rows))
    return tuple(found)


def _notes(scale: Scale, has_order: bool, table: Table, labels: Sequence[str]) -> tuple[str, ...]:
    notes = []
    if scale.source != "declared" and not scale.source.startswith("declared"):
        notes.append(
            "The category list was taken from the labels; Brennan-Prediger, AC1 and weighted coefficients "
            "change if categories that nobody used are declared too."
        )
    if has_order and not scale.is_ordered:
        notes.append("The order of the categories was not declared: name them all, the lowest first.")
    if table.cluster is None:
        notes.append(
            "Items are taken as independent; captions of one image are not: name the cluster column."
        )
    return (*notes, *_notes_on_labels(scale.categories), *_notes_on_capitals(labels, scale))


def _notes_on_labels(labels: Sequence[str]) -> tuple[str, ...]:
    """What looks like a slip in the labels themselves: they are counted as they stand."""
    notes = []
    doubtful = [label for label in labels if label.lower() in DOUBTFUL]
    if doubtful:
        names = ", ".join(map(repr, doubtful))
        notes.append(f"{names}: counted as a label; if it means no rating, declare it as missing.")
    by_letters: dict[str, list[str]] = {}
    for label in labels:
        by_letters.setdefault(label.casefold(), []).append(label)
    return (
        *notes,
        *(
            f"{' and '.join(map(repr, alike))} differ in capitals only and count as {len(alike)} labels."
            for alike in by_letters.values()
            if len(alike) > 1
        ),
    )


def _notes_on_capitals(labels: Sequence[str], scale: Scale) -> tuple[str, ...]:
    """Which labels were taken for a category that is written in other capitals."""
    names = scale.categories if scale.values is None else ()
    meant = {label: as_written(label, names) for label in labels if names and label not in names}
    return tuple(f"{label!r} counts as {name!r}." for label, name in meant.items() if label != name)
