"""The figures of a release as SVG, drawn from the rows that were frozen; the same rows give the same bytes.

Drawing is dear to load, so it is imported by whoever builds and not by the web.
"""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from matplotlib.axes import Axes

from polyannot.kernel.figures import (
    ACCENT,
    GROUND,
    SOFT,
    UNSURE,
    Mark,
    Step,
    draw_flow,
    draw_marks,
    drawing_style,
    new_axes,
    share_axis,
    written_svg,
)

Row = Mapping[str, Any]
COLOURS = {"easy": SOFT, "medium": UNSURE, "hard": ACCENT}
DASHES = {"easy": ":", "medium": "--", "hard": "-"}


def drawn(figure: Mapping[str, Any], canary: str) -> bytes:
    """Return a figure of a snapshot as an SVG file with its title, its description and the mark of the release."""
    rows = [dict(zip(figure["columns"], row, strict=True)) for row in figure["rows"]]
    heights = {"flow": 0.62 * sum(row.get("kind") == "reached" for row in rows) + 0.5, "bars": 2.0}
    heights["intervals"] = 0.32 * len(rows) + 0.9
    with drawing_style():
        drawing, axes = new_axes(height=heights.get(figure["kind"], 2.8), mark=figure["mark"])
        {"flow": _flow, "bars": _bars, "intervals": _intervals, "ranked": _ranked, "densities": _densities}[
            figure["kind"]
        ](axes, rows)
        svg = written_svg(drawing, name=figure["name"], facecolor=GROUND)
    start, _bracket, rest = svg.partition(">")
    told = f"<title>{escape(figure['title'])}</title><desc>{escape(figure['alt'])}</desc><!-- canary {canary} -->"
    return f'<?xml version="1.0" encoding="utf-8"?>\n{start} role="img">{told}{rest}\n'.encode()


def _flow(axes: Axes, rows: Sequence[Row]) -> None:
    steps: list[Step] = []
    lost: list[str] = []
    for row in rows:
        if row["kind"] == "left out":
            lost.append(f"{row['n']} {row['stage']}")
            continue
        if steps:
            steps[-1] = Step(steps[-1].count, steps[-1].label, tuple(lost))
        lost = []
        steps.append(Step(row["n"], row["stage"]))
    draw_flow(axes, steps)


def _bars(axes: Axes, rows: Sequence[Row]) -> None:
    most = max(row["captions"] for row in rows)
    for place, row in enumerate(rows):
        n = row["captions"]
        axes.plot([0, n], [-place, -place], color=ACCENT, linewidth=14, solid_capstyle="butt", alpha=0.75)
        axes.text(n + 0.015 * most, -place, f"{n} ({row['share']:.1%})", va="center", color=SOFT)
    axes.set_yticks([-place for place in range(len(rows))], [row["level"] for row in rows])
    axes.set_ylim(-len(rows) + 0.4, 0.6)
    axes.set_xlim(0, 1.2 * most)
    axes.set_xlabel(f"captions, n = {rows[0]['n']}")
    axes.tick_params(length=0)


def _intervals(axes: Axes, rows: Sequence[Row]) -> None:
    for place, row in enumerate(rows):
        axes.plot([row["low"], row["high"]], [-place, -place], color=ACCENT, linewidth=1.6, alpha=0.5)
        axes.plot([row["value"]], [-place], "o", color=ACCENT, markersize=5, mew=0)
    names = [f"{row['coefficient']}, n = {row['items']}" for row in rows]
    axes.set_yticks([-place for place in range(len(rows))], names)
    axes.set_ylim(-len(rows) + 0.4, 0.6)
    axes.set_xlim(min(0.0, *(row["low"] for row in rows)) - 0.02, 1.02)
    axes.grid(visible=True, axis="x")
    axes.set_xlabel("value with 95% interval; n captions")
    axes.tick_params(length=0)


def _ranked(axes: Axes, rows: Sequence[Row]) -> None:
    marks = [Mark(place, row["share"], row["low"], row["high"]) for place, row in enumerate(rows, start=1)]
    draw_marks(axes, marks)
    share_axis(axes, "share good")
    numbers = [row["n"] for row in rows]
    axes.set_xlabel(f"pairs, lowest share first; n = {min(numbers)} to {max(numbers)} participants for each")


def _densities(axes: Axes, rows: Sequence[Row]) -> None:
    for level in dict.fromkeys(row["level"] for row in rows):
        own = [row for row in rows if row["level"] == level]
        edges = [own[0]["low"], *(row["high"] for row in own)]
        axes.stairs(
            [row["density"] for row in own],
            edges,
            color=COLOURS[level],
            linestyle=DASHES[level],
            linewidth=1.4,
            label=f"{level}, n = {own[0]['n']}",
        )
    axes.axvline(rows[0]["threshold"], color=SOFT, linewidth=0.8)
    axes.set_xlabel("cosine of image and caption; the upright line is the threshold of the vote")
    axes.set_ylabel("density")
    axes.legend()
