"""Share good against similarity, one dot a pair, drawn as a small SVG whose colours follow the page."""

from collections.abc import Sequence
from dataclasses import dataclass

from studies.showing import ShownPair

WIDTH, HEIGHT = 720, 360
LEFT, RIGHT, TOP, BOTTOM = 56, 16, 16, 52
MOST_TICKS = 6
STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)


@dataclass(frozen=True)
class Dot:
    """One pair: where it lies, the ends of its interval, and what it says when pointed at."""

    x: float
    y: float
    low: float
    high: float
    title: str


@dataclass(frozen=True)
class Tick:
    """A mark on an axis with its number."""

    at: float
    label: str


@dataclass(frozen=True)
class Scatter:
    """The drawing: dots, ticks of both axes, and the frame in which they lie."""

    dots: tuple[Dot, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM


def scatter_of(pairs: Sequence[ShownPair]) -> Scatter | None:
    """Return the drawing of the answered pairs with a similarity; None with fewer than two."""
    used = [pair for pair in pairs if pair.share and pair.share["n"] and pair.cosine is not None]
    if len(used) < 2:
        return None
    cosines = [pair.cosine or 0.0 for pair in used]
    step = _step(max(cosines) - min(cosines))
    first = step * (min(cosines) // step)
    count = int((max(cosines) - first) // step) + 2
    last = first + step * (count - 1)

    def across(cosine: float) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * (cosine - first) / (last - first), 2)

    dots = tuple(
        Dot(
            across(pair.cosine or 0.0),
            _up(pair.share["share"]),
            _up(pair.share["interval"]["low"]),
            _up(pair.share["interval"]["high"]),
            f"{pair.number}: {pair.share['good']}/{pair.share['n']}, {pair.cosine:.3f}",
        )
        for pair in used
        if pair.share
    )
    return Scatter(
        dots=dots,
        x_ticks=tuple(
            Tick(across(first + step * place), f"{first + step * place:.2f}") for place in range(count)
        ),
        y_ticks=tuple(Tick(_up(share / 4), f"{25 * share}%") for share in range(5)),
    )


def _step(width: float) -> float:
    return next((step for step in STEPS if width / step <= MOST_TICKS), STEPS[-1])


def _up(share: float) -> float:
    return round(TOP + (HEIGHT - TOP - BOTTOM) * (1 - share), 2)
