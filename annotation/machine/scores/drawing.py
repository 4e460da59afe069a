"""The drawings of a comparison (IMP, App. J): distributions, scatter, Bland and Altman; only a worker imports this."""

from collections.abc import Sequence

import numpy as np
from django.utils.translation import gettext as _
from matplotlib.axes import Axes
from numpy.typing import NDArray

from annotation.machine.scores.figures import LEVELS, ScoredPairs
from annotation.models import DifficultyLevel
from measures.method_comparison import bland_altman, standardised
from polyannot.kernel.figures import ACCENT, INK, SOFT, UNSURE, Drawn, drawing_style, new_axes, written

# Pairs that are drawn as points; of more, so many are drawn by the seed.
MOST_POINTS = 2_000
BINS = 30
COLOURS = {"": SOFT, "easy": ACCENT, "medium": UNSURE, "hard": INK}
MARKS = {"": "o", "easy": "o", "medium": "s", "hard": "^"}

Floats = NDArray[np.float64]


def drawn_comparison(
    pairs: ScoredPairs, scores_name: str, encoders: Sequence[tuple[int, str]], *, seed: int
) -> list[Drawn]:
    """Return what can be drawn of a comparison: good pairs alone, both scores standardised."""
    good = pairs.good
    levels = np.asarray(pairs.levels, dtype=str)[good]
    scores = standardised(pairs.scores[good])
    with drawing_style():
        drawn = []
        for encoder, name in encoders:
            cosines = standardised(pairs.cosines[encoder][good])
            if not (np.isfinite(scores).all() and np.isfinite(cosines).all()):
                continue
            shown = _shown(len(scores), seed)
            both = (scores, cosines)
            drawn += [
                _distributions(encoder, name, scores_name, both, levels),
                _scatter(encoder, name, scores_name, both, levels, shown),
                _bland_altman(encoder, name, scores_name, both, levels, shown),
            ]
        return drawn


def _shown(n: int, seed: int) -> NDArray[np.int64]:
    """Return the places of the pairs that are drawn as points."""
    if n <= MOST_POINTS:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, MOST_POINTS, replace=False))


def _named(level: str) -> str:
    return str(DifficultyLevel(level).label) if level else _("no level")


def _levels_there(levels: NDArray[np.str_]) -> list[str]:
    return [level for level in ("", *LEVELS) if (levels == level).any()]


def _distributions(
    encoder: int, name: str, scores_name: str, both: tuple[Floats, Floats], levels: NDArray[np.str_]
) -> Drawn:
    figure, axes = new_axes()
    edges = np.linspace(min(one.min() for one in both), max(one.max() for one in both), BINS + 1)
    rows = []
    for values, title, line in ((both[0], scores_name, "-"), (both[1], name, "--")):
        for level in _levels_there(levels):
            taken = values[levels == level]
            density, _edges = np.histogram(taken, bins=edges, density=True)
            axes.step(
                (edges[:-1] + edges[1:]) / 2, density, line, where="mid", color=COLOURS[level], linewidth=1.2,
                label=f"{title}, {_named(level)} (n = {len(taken)})",
            )  # fmt: skip
            rows += [
                (title, level, low, high, value)
                for low, high, value in zip(edges[:-1], edges[1:], density, strict=True)
            ]
    axes.set_xlabel(_("standardised score"))
    axes.set_ylabel(_("density"))
    _legend_above(axes, columns=2)
    title = _("Distributions: %(scores)s and %(encoder)s") % {"scores": scores_name, "encoder": name}
    alt = _(
        "Histograms of %(scores)s (lines) and of the cosine of %(encoder)s (dashes) by level, %(n)s pairs."
    )
    return written(
        figure, name=f"distributions-{encoder}", title=title,
        alt=alt % {"scores": scores_name, "encoder": name, "n": len(levels)},
        columns=("score", "level", "from", "to", "density"), rows=rows,
    )  # fmt: skip


def _legend_above(axes: Axes, *, columns: int) -> None:
    """Put the legend above the drawing, where it hides no pair."""
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=columns, fontsize=7, borderaxespad=0.2)


def _points(
    axes: Axes, x: Floats, y: Floats, levels: NDArray[np.str_], shown: NDArray[np.int64]
) -> list[tuple[str, float, float]]:
    """Draw the pairs that are shown, each level with its own mark, and return them as rows."""
    for level in _levels_there(levels):
        taken = shown[levels[shown] == level]
        axes.plot(
            x[taken], y[taken], MARKS[level], color=COLOURS[level], markersize=3.6, mew=0, alpha=0.75,
            label=f"{_named(level)} (n = {int((levels == level).sum())})",
        )  # fmt: skip
    _legend_above(axes, columns=4)
    return [(str(levels[at]), float(x[at]), float(y[at])) for at in shown]


def _drawn_of(n: int, shown: NDArray[np.int64]) -> str:
    if len(shown) == n:
        return ""
    return " " + _("%(shown)s of the %(n)s pairs are drawn, chosen by seed.") % {"shown": len(shown), "n": n}


def _scatter(
    encoder: int,
    name: str,
    scores_name: str,
    both: tuple[Floats, Floats],
    levels: NDArray[np.str_],
    shown: NDArray[np.int64],
) -> Drawn:
    figure, axes = new_axes()
    rows = _points(axes, both[1], both[0], levels, shown)
    axes.set_xlabel(_("standardised cosine of %(encoder)s") % {"encoder": name})
    axes.set_ylabel(_("standardised %(scores)s") % {"scores": scores_name})
    axes.grid(visible=True)
    title = _("Scatter: %(scores)s and %(encoder)s") % {"scores": scores_name, "encoder": name}
    alt = _(
        "%(scores)s against the cosine of %(encoder)s for %(n)s good pairs, both standardised; marks by level."
    )
    return written(
        figure, name=f"scatter-{encoder}", title=title,
        alt=alt % {"scores": scores_name, "encoder": name, "n": len(levels)} + _drawn_of(len(levels), shown),
        columns=("level", "cosine", "score"), rows=rows,
    )  # fmt: skip


def _bland_altman(
    encoder: int,
    name: str,
    scores_name: str,
    both: tuple[Floats, Floats],
    levels: NDArray[np.str_],
    shown: NDArray[np.int64],
) -> Drawn:
    told = bland_altman(*both)
    figure, axes = new_axes()
    rows = _points(axes, told.means, told.differences, levels, shown)
    axes.axhline(0, color=SOFT, linewidth=0.8)
    for limit in (-told.upper_limit, told.upper_limit):
        axes.axhline(limit, color=UNSURE, linewidth=1.0, linestyle="--")
    axes.set_xlabel(_("mean of both standardised scores"))
    axes.set_ylabel(_("%(scores)s less cosine") % {"scores": scores_name})
    title = _("Bland and Altman: %(scores)s and %(encoder)s") % {"scores": scores_name, "encoder": name}
    alt = _(
        "Differences of standardised %(scores)s and cosine of %(encoder)s against their mean for %(n)s good pairs;"
        " 95%% of them are expected within %(limit).2f on either side of 0."
    )
    return written(
        figure, name=f"bland-altman-{encoder}", title=title,
        alt=alt % {"scores": scores_name, "encoder": name, "n": len(levels), "limit": told.upper_limit}
        + _drawn_of(len(levels), shown),
        columns=("level", "mean", "difference"), rows=rows,
    )  # fmt: skip
