"""How near two labels are: agreement weights (1 = the same) and Krippendorff's distances (0 = the same)."""

from __future__ import annotations

import numpy as np

from measures.agreement.ratings import FloatArray
from measures.agreement.scale import Scale

WEIGHTS = ("identity", "linear", "quadratic", "ordinal", "radical", "ratio", "circular", "bipolar")


def agreement_weights(name: str, scale: Scale) -> FloatArray:
    """The weight of each pair of categories, 0 to 1, diagonal 1; shape (categories, categories).

    All measure on the numbers that labels stand for (words: 1, 2, 3 ...), but ordinal on ranks. Scaled by
    the largest distance in the category list. Raises ValueError where the scale lacks the order or the
    numbers that the weights need. Source: Gwet 2014, chapter 3.
    """
    reason = weights_missing(name, scale)
    if reason:
        raise ValueError(reason)
    size = len(scale.categories)
    if name == "identity" or size < 2:
        return np.eye(size)
    place = np.arange(1.0, size + 1) if name == "ordinal" else np.array(scale.positions)
    gap = _gap(name, place)
    weights: FloatArray = 1.0 - gap / gap.max()
    return weights


def _gap(name: str, place: FloatArray) -> FloatArray:
    """The distances of every two places before they are scaled."""
    gap: FloatArray = np.abs(place[:, None] - place[None, :])
    if name == "quadratic":
        return gap**2
    if name == "ordinal":
        return gap * (gap + 1) / 2
    if name == "radical":
        return np.sqrt(gap)
    if name == "ratio":
        return _ratio(place)
    if name == "circular":
        return np.asarray(np.sin(np.pi * gap / (gap.max() + 1)) ** 2)
    return _bipolar(place, gap) if name == "bipolar" else gap


def _bipolar(place: FloatArray, gap: FloatArray) -> FloatArray:
    """The squared distance, heavier the nearer both places lie to the same end of the list."""
    both = place[:, None] + place[None, :]
    ends = (both - 2 * place.min()) * (2 * place.max() - both)
    return gap**2 / np.where(gap > 0, ends, 1.0)


def weights_missing(name: str, scale: Scale) -> str:
    """Why these weights cannot be had on this scale, or ""."""
    if name not in WEIGHTS:
        return f"The weights must be one of {', '.join(WEIGHTS)}, not {name!r}."
    if name == "identity":
        return ""
    if not scale.is_ordered:
        return "the categories have no declared order"
    if name == "ratio" and min(scale.positions, default=0.0) < 0:
        return "ratio weights need labels that are not negative"
    return ""


def level_missing(level: str, scale: Scale) -> str:
    """Why alpha at this level cannot be had on this scale, or ""."""
    if level == "nominal":
        return ""
    if not scale.is_ordered:
        return "the categories have no declared order"
    if level in ("interval", "ratio") and scale.values is None:
        return f"alpha at the {level} level needs labels that are numbers"
    if level == "ratio" and min(scale.positions, default=0.0) < 0:
        return "alpha at the ratio level needs labels that are not negative"
    return ""


def distances(level: str, scale: Scale, totals: FloatArray) -> FloatArray:
    """Krippendorff's squared distance of each pair of categories.

    ``totals`` (..., categories) counts the pairable ratings of each category; only the ordinal distance
    looks at it, so it follows each resample. Shape (..., categories, categories). Source: Krippendorff 2011.
    """
    size = len(scale.categories)
    if level == "nominal":
        return 1.0 - np.eye(size)
    if level == "ordinal":
        middle = np.cumsum(totals, axis=-1) - totals / 2.0
        return (middle[..., :, None] - middle[..., None, :]) ** 2
    place = np.array(scale.positions)
    return _ratio(place) if level == "ratio" else (place[:, None] - place[None, :]) ** 2


def _ratio(place: FloatArray) -> FloatArray:
    total = place[:, None] + place[None, :]
    share: FloatArray = (place[:, None] - place[None, :]) / np.where(total == 0, 1.0, total)
    return share**2
