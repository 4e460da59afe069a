"""The list of coefficients that a scale allows, each ready to be computed on any block of samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from measures.agreement import coefficients as of
from measures.agreement.ratings import FloatArray
from measures.agreement.scale import LEVELS, Scale
from measures.agreement.sums import Sample
from measures.agreement.weights import agreement_weights, distances, level_missing, weights_missing

MOST_SPECIFIC = 20
"""Categories above which specific agreement is not given category by category."""
TOO_MANY_MEETINGS = "too many meetings of raters on items for cross tables by rater pair"

Compute = Callable[[Sample], FloatArray]
ChanceOf = Callable[[Sample], of.Chance]


@dataclass(frozen=True, eq=False)
class Figure:
    """One coefficient: its key in reports, its name, and how to compute it.

    kind: the formula, whatever the weights. compute: one value per sample, NaN where undefined. chance:
    observed and expected agreement, where the coefficient has them. weights: (q, q) or None. missing: why
    the scale or the raters rule it out, else "".
    """

    key: str
    name: str
    kind: str
    compute: Compute | None
    chance: ChanceOf | None = None
    weights: FloatArray | None = None
    level: str = ""
    missing: str = ""


PAIRED = {
    "raw": "Raw agreement",
    "fleiss": "Fleiss' kappa",
    "conger": "Conger's kappa",
    "gwet": "Gwet's AC1",
    "brennan_prediger": "Brennan-Prediger",
    "cohen": "Cohen's kappa",
    "scott": "Scott's pi",
    "light": "Light's kappa (mean of Cohen's over rater pairs)",
}
KEYS = {
    "raw": "raw_agreement",
    "fleiss": "fleiss_kappa",
    "conger": "conger_kappa",
    "gwet": "gwet_ac1",
    "brennan_prediger": "brennan_prediger",
    "cohen": "cohen_kappa",
    "scott": "scott_pi",
    "light": "light_kappa",
}


def figures(
    scale: Scale,
    raters: int,
    pairs: int | None,
    weights: Sequence[str],
    positive: str | None,
    negative: str | None,
) -> tuple[Figure, ...]:
    """Every coefficient, in reporting order; those that cannot be had carry the reason in ``missing``.

    ``pairs`` counts the rater pairs that share an item; None where they are too many to tabulate.
    """
    found = list(_weighted("identity", scale, raters, pairs))
    found += [_alpha(level, scale) for level in LEVELS]
    found += _specific(scale, positive, negative)
    for name in weights:
        if name != "identity":
            found += _weighted(name, scale, raters, pairs)
            found.append(_weighted_alpha(name, scale))
    return tuple(found)


def _weighted(name: str, scale: Scale, raters: int, pairs: int | None) -> Iterator[Figure]:
    missing = weights_missing(name, scale)
    matrix = None if missing else agreement_weights(name, scale)
    plain = name == "identity"
    for kind, title in PAIRED.items():
        key = KEYS[kind] if plain else f"{KEYS[kind]}_{name}".replace("ac1", "ac2")
        full = title if plain else f"{title.replace('AC1', 'AC2')}, {name} weights"
        reason = missing or _raters_missing(kind, raters, pairs)
        if reason or matrix is None:
            yield Figure(key, full, kind, None, missing=reason)
            continue
        chance, compute = _formula(kind, matrix)
        yield Figure(key, full, kind, compute, chance, matrix)


def _raters_missing(kind: str, raters: int, pairs: int | None) -> str:
    if kind not in ("cohen", "scott", "light"):
        return ""
    if pairs is None:
        return TOO_MANY_MEETINGS
    if kind == "cohen" and pairs > 1:
        return f"Cohen's kappa is for two raters, these are {raters}: see Light's kappa and the rater pairs"
    if kind == "scott" and pairs > 1:
        return f"Scott's pi is for two raters, these are {raters}: Fleiss' kappa generalises it"
    return ""


def _formula(kind: str, weights: FloatArray) -> tuple[ChanceOf | None, Compute]:
    if kind == "raw":
        return None, lambda sample: of.raw(sample.sums, weights)
    if kind == "light":
        return None, lambda sample: of.mean_over_pairs(sample, _cohen(sample, weights))
    if kind in ("cohen", "scott"):
        one = _cohen if kind == "cohen" else _scott
        return lambda sample: one(sample, weights), lambda sample: of.mean_over_pairs(
            sample, one(sample, weights)
        )
    by_kind: dict[str, ChanceOf] = {
        "fleiss": lambda sample: of.fleiss(sample.sums, weights),
        "gwet": lambda sample: of.gwet(sample.sums, weights),
        "brennan_prediger": lambda sample: of.brennan_prediger(sample.sums, weights),
        "conger": lambda sample: of.conger(sample, weights),
    }
    chance = by_kind[kind]
    return chance, lambda sample: chance(sample).corrected


def _tables(sample: Sample) -> FloatArray:
    if sample.tables is None:
        raise ValueError(TOO_MANY_MEETINGS)
    return sample.tables


def _cohen(sample: Sample, weights: FloatArray) -> of.Chance:
    return of.cohen_tables(_tables(sample), weights)


def _scott(sample: Sample, weights: FloatArray) -> of.Chance:
    return of.scott_tables(_tables(sample), weights)


def _alpha(level: str, scale: Scale) -> Figure:
    key, name = f"krippendorff_alpha_{level}", f"Krippendorff's alpha, {level}"
    missing = level_missing(level, scale)
    if missing:
        return Figure(key, name, "alpha", None, level=level, missing=missing)
    gap = of.level_distance(level, scale)
    return Figure(key, name, "alpha", lambda sample: of.alpha(sample.sums, gap), level=level)


def _weighted_alpha(weights: str, scale: Scale) -> Figure:
    key = f"krippendorff_alpha_{weights}_weights"
    name = f"Krippendorff's alpha with {weights} agreement weights"
    missing = weights_missing(weights, scale)
    if missing:
        return Figure(key, name, "alpha", None, missing=missing)
    matrix = agreement_weights(weights, scale)
    gap = 1.0 - matrix
    return Figure(key, name, "alpha", lambda sample: of.alpha(sample.sums, lambda _: gap), weights=matrix)


def _specific(scale: Scale, positive: str | None, negative: str | None) -> list[Figure]:
    found = []
    for side, label in (("positive", positive), ("negative", negative)):
        missing = ""
        if label is None:
            missing = f"no category is declared the {side} one"
        elif label not in scale.categories:
            missing = f"{label!r} is not a category"
        place = -1 if missing or label is None else scale.categories.index(label)
        title = f"{side.capitalize()} specific agreement" + (f" ({label})" if label else "")
        found.append(_one_specific(f"{side}_agreement", title, place, missing))
    if len(scale.categories) <= MOST_SPECIFIC:
        for place, label in enumerate(scale.categories):
            found.append(
                _one_specific(f"specific_agreement:{label}", f"Specific agreement on {label}", place)
            )
    return found


def _one_specific(key: str, name: str, place: int, missing: str = "") -> Figure:
    if missing:
        return Figure(key, name, "specific", None, missing=missing)
    return Figure(key, name, "specific", lambda sample: of.specific(sample.sums, place))


def alpha_weights(figure: Figure, scale: Scale, sample: Sample) -> FloatArray:
    """Alpha's distances turned into agreement weights (1 - distance / largest), for its standard error."""
    if figure.weights is not None:
        return figure.weights
    totals = sample.sums.coincidences[0].sum(-1)
    gap = distances(figure.level, scale, totals)
    return np.asarray(1.0 - gap / max(float(gap.max()), 1e-300))
