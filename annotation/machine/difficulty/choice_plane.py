"""The captions of an image on their plane as plain geometry (IMP, Fig. 11); the template only writes it down."""

from collections.abc import Sequence
from dataclasses import dataclass

from annotation.machine.difficulty.choices_showing import PoolCaption

WIDTH, HEIGHT, EDGE = 680, 420, 34
# A cluster has a shape; more clusters than shapes begin again, and every point carries its number.
SHAPES = (
    "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0z",
    "M-4.5 -4.5h9v9h-9z",
    "M0 -6l5.8 10h-11.6z",
    "M0 -6.4l6.4 6.4l-6.4 6.4l-6.4 -6.4z",
    "M-2 -6h4v4h4v4h-4v4h-4v-4h-4v-4h4z",
)


@dataclass(frozen=True, slots=True)
class PlanePoint:
    """A caption at its place, in units of the drawing."""

    x: float
    y: float
    path: str
    number: int
    label_x: float
    anchor: str
    text: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class DrawnPlane:
    """A drawing in a box of width x height, chosen captions last, so that they lie on top."""

    points: tuple[PlanePoint, ...]
    width: int = WIDTH
    height: int = HEIGHT


def shape_of(cluster: int | None) -> str:
    """Return the mark of a cluster (from 1) as a path around nought."""
    return SHAPES[((cluster or 1) - 1) % len(SHAPES)]


def drawn_plane(captions: Sequence[PoolCaption]) -> DrawnPlane | None:
    """Return the drawing, or None where the captions have no places. Both axes have the same scale."""
    placed = [(one, one.x, one.y) for one in captions if one.x is not None and one.y is not None]
    if not placed:
        return None
    xs, ys = [x for _one, x, _y in placed], [y for _one, _x, y in placed]
    wide, high = max(xs) - min(xs), max(ys) - min(ys)
    scale = min((WIDTH - 2 * EDGE) / (wide or 1.0), (HEIGHT - 2 * EDGE) / (high or 1.0))
    middle_x, middle_y = (max(xs) + min(xs)) / 2, (max(ys) + min(ys)) / 2
    points = []
    for one, x, y in sorted(placed, key=lambda place: place[0].is_chosen):
        at = round(WIDTH / 2 + (x - middle_x) * scale, 1)
        is_right = at > WIDTH - 2 * EDGE
        points.append(
            PlanePoint(
                x=at,
                y=round(HEIGHT / 2 - (y - middle_y) * scale, 1),
                path=shape_of(one.cluster),
                number=one.number,
                label_x=-9 if is_right else 9,
                anchor="end" if is_right else "start",
                text=one.text,
                is_chosen=one.is_chosen,
            )
        )
    return DrawnPlane(tuple(points))
