"""Figures of reports: drawn once by a worker as SVG, PDF and PNG, with a text alternative and their data as CSV.

The same values give the same bytes: no dates, a fixed salt, text kept as text. The SVG holds presentation attributes
alone, as the content security policy wants it, and names its colours by classes, so that a page follows its theme while
the file keeps dark ink. Only workers import this module; the web shows what they stored.
"""

import csv
import io
import logging
import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

# Inches; a column and a half of a journal, so that letters of 9 points stay readable when it is set narrower.
WIDTH, HEIGHT = 6.4, 3.4
PNG_DPI = 200
# The light values of the tokens of the same names in static/css/tokens.css.
INK, SOFT, LINE, ACCENT, UNSURE, GROUND = "#1a1d20", "#555c63", "#e0e3e1", "#1d5790", "#775000", "#ffffff"
CLASSES = {INK: "ink", SOFT: "soft", LINE: "line", ACCENT: "accent", UNSURE: "unsure", GROUND: "ground"}
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "polyannot",
    "pdf.fonttype": 42,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": LINE,
    "grid.linewidth": 0.8,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "legend.frameon": False,
}
SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
# Writing a PDF tells of every table of every font.
logging.getLogger("fontTools").setLevel(logging.WARNING)
DECLARATION = re.compile(r"\s*([\w-]+)\s*:\s*([^;]+?)\s*(?:;|$)")


@dataclass(frozen=True)
class Drawn:
    """A figure in its three forms; `alt` says in a sentence what it shows, `csv` holds what was drawn."""

    name: str
    title: str
    alt: str
    svg: str
    pdf: bytes
    png: bytes
    csv: str


@dataclass(frozen=True)
class Mark:
    """A point at (x, y) with the ends of its interval."""

    x: float
    y: float
    low: float
    high: float


@dataclass(frozen=True)
class Step:
    """A stage of a flow: how many reached it, and what became of those who left before the next."""

    count: int
    label: str
    lost: tuple[str, ...] = ()


def new_axes(*, height: float = HEIGHT, mark: str = "") -> tuple[Figure, Axes]:
    """Return an empty figure with one pair of axes; call it, and draw, inside `drawing_style`.

    `mark` stands above the drawing in all of its forms: that it rests on simulated people, for example.
    """
    figure = Figure(figsize=(WIDTH, height), layout="constrained", facecolor="none")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_facecolor("none")
    if mark:
        axes.set_title(mark, loc="right", fontsize=8, color=UNSURE)
    return figure, axes


def stacked_axes(n: int, *, height: float) -> tuple[Figure, list[Axes]]:
    """Return an empty figure with n pairs of axes below each other that share both scales, each `height` high."""
    figure = Figure(figsize=(WIDTH, 0.9 + n * height), layout="constrained", facecolor="none")
    FigureCanvasAgg(figure)
    rows: list[Axes] = list(figure.subplots(n, 1, sharex=True, sharey=True, squeeze=False)[:, 0])
    for axes in rows:
        axes.set_facecolor("none")
    return figure, rows


def drawing_style() -> AbstractContextManager[None]:
    """Return the context in which figures are drawn and written."""
    return mpl.rc_context(STYLE)


def draw_marks(axes: Axes, marks: Sequence[Mark], *, colour: str = ACCENT, size: float = 3.2) -> None:
    """Draw points on their intervals."""
    for mark in marks:
        axes.plot([mark.x, mark.x], [mark.low, mark.high], color=colour, linewidth=1.2, alpha=0.45)
    axes.plot(
        [mark.x for mark in marks], [mark.y for mark in marks], "o", color=colour, markersize=size, mew=0
    )


def draw_cloud(
    axes: Axes,
    points: Sequence[tuple[float, float]],
    *,
    label: str,
    colour: str,
    size: float = 3.2,
    alpha: float = 1.0,
    shape: str = "o",
) -> None:
    """Draw many points without intervals under one name in the legend."""
    axes.plot(
        [x for x, _y in points], [y for _x, y in points],
        shape, color=colour, markersize=size, alpha=alpha, mew=0, label=label,
    )  # fmt: skip


def draw_trace(
    axes: Axes,
    points: Sequence[tuple[float, float, float | None, float | None]],
    *,
    label: str,
    colour: str,
    shape: str,
    line: str,
) -> None:
    """Draw a line through points (x, y, low, high), each on its interval where it has one."""
    for x, _y, low, high in points:
        if low is not None and high is not None:
            axes.plot([x, x], [low, high], color=colour, linewidth=1.2, alpha=0.45)
    axes.plot(
        [point[0] for point in points], [point[1] for point in points],
        line, marker=shape, color=colour, linewidth=1.2, markersize=4, mew=0, label=label,
    )  # fmt: skip


def draw_steps(
    axes: Axes,
    lefts: Sequence[float],
    heights: Sequence[float],
    width: float,
    *,
    label: str,
    colour: str,
    line: str,
) -> None:
    """Draw the outline of a histogram whose bins of one width begin at `lefts`, without gaps."""
    edges = [lefts[0], *(left for left in lefts), lefts[-1] + width, lefts[-1] + width]
    axes.plot(
        edges, [0.0, *heights, heights[-1], 0.0], line,
        color=colour, drawstyle="steps-post", linewidth=1.4, label=label,
    )  # fmt: skip


def plane_axes(axes: Axes) -> None:
    """Show a plane whose axes mean nothing: no ticks, equal steps both ways, the legend above."""
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_xticks([])
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_visible(False)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4, handletextpad=0.2, columnspacing=1.2)


def share_axis(axes: Axes, label: str) -> None:
    """Let the upright axis run from 0 to 100%."""
    axes.set_ylim(-0.02, 1.02)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1.0], ["0%", "25%", "50%", "75%", "100%"])
    axes.set_ylabel(label)
    axes.grid(visible=True, axis="y")
    axes.tick_params(length=0)


def draw_flow(axes: Axes, steps: Sequence[Step]) -> None:
    """Draw stages below each other, and beside each arrow who left."""
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    axes.set_ylim(-len(steps) + 0.42, 0.4)
    for place, step in enumerate(steps):
        axes.text(
            0.22,
            -place,
            f"{step.count} {step.label}",
            ha="center",
            va="center",
            bbox={"boxstyle": "round,pad=0.5", "facecolor": "none", "edgecolor": SOFT, "linewidth": 0.8},
        )
        if place + 1 < len(steps):
            axes.annotate(
                "",
                xy=(0.22, -place - 0.72),
                xytext=(0.22, -place - 0.28),
                arrowprops={"arrowstyle": "-|>", "color": SOFT, "linewidth": 0.8, "shrinkA": 0, "shrinkB": 0},
            )
            axes.text(0.5, -place - 0.5, "\n".join(step.lost), ha="left", va="center", color=SOFT)


def written(
    figure: Figure,
    *,
    name: str,
    title: str,
    alt: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
) -> Drawn:
    """Write a drawn figure in its three forms. `columns` and `rows` are what was drawn."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return Drawn(
        name=name,
        title=title,
        alt=alt,
        svg=written_svg(figure, name=name),
        pdf=_saved(figure, "pdf", {"CreationDate": None, "Creator": None, "Producer": None}),
        png=_saved(figure, "png", {"Software": None}, facecolor=GROUND),
        csv=table.getvalue(),
    )


def written_svg(figure: Figure, *, name: str, facecolor: str = "none") -> str:
    """Return a drawn figure as SVG alone, its ids under its name."""
    drawing = _saved(figure, "svg", {"Date": None, "Creator": None}, facecolor).decode()
    return plain_svg(drawing, prefix=name)


def _saved(figure: Figure, form: str, metadata: dict[str, None], facecolor: str = "none") -> bytes:
    out = io.BytesIO()
    figure.savefig(
        out, format=form, metadata=metadata, facecolor=facecolor, dpi=PNG_DPI if form == "png" else 72
    )
    return out.getvalue()


def plain_svg(drawing: str, *, prefix: str) -> str:
    """Return a drawing by matplotlib without style attributes, style elements and metadata, its ids under a prefix."""
    ET.register_namespace("", SVG)
    ET.register_namespace("xlink", XLINK)
    root = ET.fromstring(drawing)  # noqa: S314  written by this very process
    for parent in root.iter():
        for child in list(parent):
            if child.tag in {f"{{{SVG}}}metadata", f"{{{SVG}}}style"}:
                parent.remove(child)
    used = {
        value.removeprefix("#").removeprefix("url(#").rstrip(")")
        for element in root.iter()
        for value in element.attrib.values()
        if value.startswith(("#", "url(#"))
    }
    for element in root.iter():
        _make_plain(element, prefix, used)
    return ET.tostring(root, encoding="unicode")


def _make_plain(element: ET.Element, prefix: str, used: set[str]) -> None:
    told = dict(DECLARATION.findall(element.attrib.pop("style", "")))
    classes = []
    for name, value in told.items():
        # The reader's own sans-serif: the one that was drawn with may not be there.
        element.set(name, "sans-serif" if name == "font-family" else value)
        if name in {"fill", "stroke"} and value in CLASSES:
            classes.append(f"drawn-{name}-{CLASSES[value]}")
    if classes:
        element.set("class", " ".join(classes))
    if "id" in element.attrib:
        if element.attrib["id"] in used:
            element.set("id", f"{prefix}-{element.attrib['id']}")
        else:
            del element.attrib["id"]
    for name, value in element.attrib.items():
        if value.startswith("#") and name not in {"fill", "stroke"}:
            element.set(name, f"#{prefix}-{value[1:]}")
        elif value.startswith("url(#"):
            element.set(name, f"url(#{prefix}-{value[5:]}")
