"""The drawings of a comparison (IMP, App. J): distributions, scatter, Bland and Altman; only a worker imports this."""

import math
from collections.abc import Sequence

import numpy as np
from django.utils.translation import gettext as _
from matplotlib.axes import Axes
from numpy.typing import NDArray

from annotation.machine.scores.figures import LEVELS, ScoredPairs
from annotation.models import DifficultyLevel
from measures.method_comparison import Agreement, bland_altman, standardised
from polyannot.kernel.figures import (
    ACCENT,
    INK,
    SOFT,
    UNSURE,
    Drawn,
    draw_steps,
    drawing_style,
    new_axes,
    stacked_axes,
    written,
)

# Pairs that are drawn as points; of more, so many are drawn by the seed.
MOST_POINTS = 2_000
# Bins of distributions: the square root of the pairs, within these.
FEWEST_BINS, MOST_BINS = 8, 30
# Inches of the distributions of one level.
LEVEL_HEIGHT = 1.15
COLOURS = {"": SOFT, "easy": ACCENT, "medium": UNSURE, "hard": INK}
MARKS = {"": "D", "easy": "o", "medium": "s", "hard": "^"}

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


def _bins(both: tuple[Floats, Floats]) -> Floats:
    """Return the edges of the bins of both scores."""
    n = min(MOST_BINS, max(FEWEST_BINS, math.ceil(math.sqrt(len(both[0])))))
    return np.linspace(min(one.min() for one in both), max(one.max() for one in both), n + 1)


def _distributions(
    encoder: int, name: str, scores_name: str, both: tuple[Floats, Floats], levels: NDArray[np.str_]
) -> Drawn:
    """Draw both scores of each level in a row of its own, with a mark at each mean."""
    there, edges = _levels_there(levels), _bins(both)
    figure, axes_of = stacked_axes(len(there), height=LEVEL_HEIGHT)
    rows = []
    for axes, level in zip(axes_of, there, strict=True):
        n = int((levels == level).sum())
        for values, title, colour, line in (
            (both[0], scores_name, ACCENT, "-"),
            (both[1], _("cosine of %(encoder)s") % {"encoder": name}, UNSURE, "--"),
        ):
            taken = values[levels == level]
            density, _edges = np.histogram(taken, bins=edges, density=True)
            draw_steps(
                axes, edges[:-1].tolist(), density.tolist(), float(edges[1] - edges[0]),
                label=title, colour=colour, line=line,
            )  # fmt: skip
            axes.plot([taken.mean()], [0], "^", color=colour, markersize=6, mew=0, clip_on=False)
            rows += [
                (title, level or "none", low, high, value, n)
                for low, high, value in zip(edges[:-1], edges[1:], density, strict=True)
            ]
        axes.set_ylabel(f"{_named(level)}\nn = {n}")
    axes_of[0].set_ylim(0, 1.06 * max(row[4] for row in rows))
    axes_of[-1].set_xlabel(_("standardised score; triangles: means; upwards: density"))
    _legend_above(axes_of[0], columns=2)
    title = _("Distributions: %(scores)s and %(encoder)s") % {"scores": scores_name, "encoder": name}
    alt = _(
        "Histograms of %(scores)s (lines) and of the cosine of %(encoder)s (dashes), a row for each level, %(n)s pairs."
    )
    return written(
        figure, name=f"distributions-{encoder}", title=title,
        alt=alt % {"scores": scores_name, "encoder": name, "n": len(levels)},
        columns=("score", "level", "from", "to", "density", "n"), rows=rows,
    )  # fmt: skip


def _legend_above(axes: Axes, *, columns: int) -> None:
    """Put the legend above the drawing, where it hides no pair."""
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=columns, fontsize=7, borderaxespad=0.2)


def _points(
    axes: Axes, x: Floats, y: Floats, levels: NDArray[np.str_], shown: NDArray[np.int64], *, has_means: bool
) -> list[tuple[str, float, float]]:
    """Draw the pairs that are shown, each level with its own mark, and return them as rows.

    The legend tells the n of each level, and the mean of y over all of its pairs where that is asked for.
    """
    for level in _levels_there(levels):
        taken, of_level = shown[levels[shown] == level], levels == level
        mean = f", {_('mean')} {_signed(float(y[of_level].mean()))}" if has_means else ""
        axes.plot(
            x[taken], y[taken], MARKS[level], color=COLOURS[level], markersize=3.6, mew=0, alpha=0.75,
            label=f"{_named(level)} (n = {int(of_level.sum())}{mean})",
        )  # fmt: skip
    _legend_above(axes, columns=4)
    return [(str(levels[at]) or "none", float(x[at]), float(y[at])) for at in shown]


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
    rows = _points(axes, both[1], both[0], levels, shown, has_means=False)
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
        columns=("level", "standardised_cosine", "standardised_score"), rows=rows,
    )  # fmt: skip


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "\N{MINUS SIGN}")


def _limits(axes: Axes, told: Agreement) -> None:
    """Draw nought and the limits of agreement, each limit with its value and, as a band, its interval."""
    axes.axhline(0, color=SOFT, linewidth=0.8)
    low, high = told.upper_interval.low, told.upper_interval.high
    for sign in (-1, 1):
        limit = sign * told.upper_limit
        axes.axhline(limit, color=UNSURE, linewidth=1.0, linestyle="--")
        axes.axhspan(*sorted((sign * low, sign * high)), color=UNSURE, alpha=0.14, linewidth=0)
        axes.text(
            1.0, limit, f"{_signed(sign * 1.96)} SD = {_signed(limit)}", transform=axes.get_yaxis_transform(),
            ha="right", va="bottom", fontsize=8, color=UNSURE,
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
    rows = _points(axes, told.means, told.differences, levels, shown, has_means=True)
    _limits(axes, told)
    axes.set_xlabel(_("mean of both standardised scores"))
    axes.set_ylabel(_("%(scores)s less cosine") % {"scores": scores_name})
    title = _("Bland and Altman: %(scores)s and %(encoder)s") % {"scores": scores_name, "encoder": name}
    alt = _(
        "Differences of standardised %(scores)s and cosine of %(encoder)s against their mean for %(n)s good pairs;"
        " 95%% of them are expected within %(limit).2f (95%% interval %(low).2f to %(high).2f) on either side of 0."
    )
    return written(
        figure, name=f"bland-altman-{encoder}", title=title,
        alt=alt % {"scores": scores_name, "encoder": name, "n": len(levels), "limit": told.upper_limit,
                   "low": told.upper_interval.low, "high": told.upper_interval.high}
        + _drawn_of(len(levels), shown),
        columns=("level", "mean_of_standardised", "difference_of_standardised"), rows=rows,
    )  # fmt: skip
