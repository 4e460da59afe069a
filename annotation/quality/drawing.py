"""Figures over time as plain geometry: points with intervals, steps of limits; the template only writes it down."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 760, 300
LEFT, RIGHT, TOP, BOTTOM = 56, 744, 16, 232
MOST_LABELS = 8
SHAPES = ("circle", "square", "triangle")


@dataclass(frozen=True, slots=True)
class Value:
    """A figure at one time; None where it is undefined. low and high where it has an interval or limits."""

    point: float | None
    low: float | None = None
    high: float | None = None
    title: str = ""
    is_signal: bool = False


@dataclass(frozen=True, slots=True)
class Tick:
    """A line or name on an axis."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Dot:
    """A drawn value: its place, its interval, its shape as a path."""

    x: float
    y: float
    low: float | None
    high: float | None
    path: str
    title: str
    is_signal: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One figure over time: its name, its dots, the line through them, steps of limits as paths."""

    name: str
    dots: tuple[Dot, ...]
    path: str
    limits: str
    legend_x: float
    legend_mark: str


@dataclass(frozen=True, slots=True)
class TimeChart:
    """A drawing in a box of WIDTH x HEIGHT."""

    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    lines: tuple[Line, ...]
    centre: float | None
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = RIGHT
    bottom: int = BOTTOM


def time_chart(
    names: Sequence[str],
    values: Sequence[tuple[str, Sequence[Value]]],
    *,
    as_limits: bool = False,
    centre: float | None = None,
) -> TimeChart:
    """Draw figures on a scale from 0 to 1, or from -1 where one falls below 0.

    as_limits: low and high are limits around the points and drawn as steps, not intervals of the points.
    """
    ends = [
        end for _name, row in values for value in row for end in (value.point, value.low) if end is not None
    ]
    floor = 0.0 if min(ends, default=0.0) >= 0 else -1.0 if min(ends) < -0.5 else -0.5
    step = (RIGHT - LEFT) / max(1, len(names))
    xs = [LEFT + step * (place + 0.5) for place in range(len(names))]

    def y(value: float) -> float:
        return round(BOTTOM - (max(floor, min(1.0, value)) - floor) / (1.0 - floor) * (BOTTOM - TOP), 1)

    lines = []
    for place, (name, row) in enumerate(values):
        shift = 0.0 if as_limits else (place - (len(values) - 1) / 2) * min(12.0, step / 4)
        dots = tuple(
            _dot(round(x + shift, 1), value, y, SHAPES[place % len(SHAPES)])
            for x, value in zip(xs, row, strict=True)
            if value.point is not None
        )
        path = "M" + " L".join(f"{dot.x} {dot.y}" for dot in dots) if len(dots) > 1 else ""
        limits = _limits(xs, row, y, step) if as_limits else ""
        legend_x = LEFT + 8 + 236 * place
        legend = _mark(SHAPES[place % len(SHAPES)], legend_x, HEIGHT - 12)
        lines.append(Line(name, dots, path, limits, legend_x + 12, legend))
    every = max(1, -(-len(names) // MOST_LABELS))
    x_ticks = tuple(Tick(round(x, 1), name) for x, name in list(zip(xs, names, strict=True))[::every])
    y_ticks = tuple(Tick(y(at), f"{at:g}") for at in _scale(floor))
    height = HEIGHT if len(lines) > 1 else BOTTOM + 36
    return TimeChart(x_ticks, y_ticks, tuple(lines), None if centre is None else y(centre), height=height)


def _scale(floor: float) -> list[float]:
    if floor == 0:
        return [0.0, 0.25, 0.5, 0.75, 1.0]
    return [-0.5, 0.0, 0.5, 1.0] if floor == -0.5 else [-1.0, -0.5, 0.0, 0.5, 1.0]


def _dot(x: float, value: Value, y: object, shape: str) -> Dot:
    assert callable(y)
    assert value.point is not None
    at = y(value.point)
    low = None if value.low is None else y(value.low)
    high = None if value.high is None else y(value.high)
    return Dot(
        x, at, low, high, _mark("triangle" if value.is_signal else shape, x, at), value.title, value.is_signal
    )


def _mark(shape: str, x: float, y: float) -> str:
    """A mark of about nine units as a path."""
    if shape == "square":
        return f"M{x - 4:.1f} {y - 4:.1f}h8v8h-8z"
    if shape == "triangle":
        return f"M{x:.1f} {y - 5.5:.1f}l5.5 9.5h-11z"
    return f"M{x - 4.5:.1f} {y:.1f}a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0 -9 0z"


def _limits(xs: Sequence[float], row: Sequence[Value], y: object, step: float) -> str:
    """The two stepped lines of the limits."""
    assert callable(y)
    parts = []
    for x, value in zip(xs, row, strict=True):
        if value.low is not None and value.high is not None:
            start, end = round(x - step / 2, 1), round(x + step / 2, 1)
            parts += [f"M{start} {y(value.low)}H{end}", f"M{start} {y(value.high)}H{end}"]
    return "".join(parts)
