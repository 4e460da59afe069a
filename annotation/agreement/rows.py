"""The rows of a page on agreement: figures as text, each with its n and interval."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils import formats
from django.utils.translation import gettext_lazy

from annotation.models import CaptionVersion

# Heat of a cell: ten steps, from half of the answers alike (which two coins give) to all.
HEAT_FROM = 0.5
HEAT_STEPS = 10
SHOWN_FIRST = ("good", "good_after_edit", "unsure", "bad")
UNDEFINED = gettext_lazy("undefined")
TREATMENT_NAMES = {
    "": gettext_lazy("no such label"),
    "nominal": gettext_lazy("a category of its own, without order"),
    "missing": gettext_lazy("no rating"),
    "ordinal": gettext_lazy("between bad and good"),
    "not_good": gettext_lazy("not good, like bad"),
}
# The chance-corrected coefficients that the page prints; the JSON has all.
CORRECTED = ("cohen_kappa", "light_kappa", "fleiss_kappa", "gwet_ac1", "brennan_prediger")
# And those that weigh how far apart two grades are, where labels have an order.
WEIGHTED = ("cohen_kappa_linear", "cohen_kappa_quadratic", "light_kappa_quadratic", "gwet_ac2_quadratic")


def decimal(value: float | None, places: int = 2) -> str:
    """Return a figure as text, rounded, in the reader's locale, "undefined" for None."""
    return str(UNDEFINED) if value is None else _rounded(value, places)


def per_cent(value: float | None) -> str:
    """Return a share as per cent with one decimal, "undefined" for None."""
    return str(UNDEFINED) if value is None else f"{_rounded(100 * value, 1)}%"


def _rounded(value: float, places: int) -> str:
    """Return the number rounded; `number_format` alone would cut the digits off."""
    return formats.number_format(Decimal(f"{value:.{places}f}"), places)


@dataclass(frozen=True, slots=True)
class ShownFigure:
    """One figure: its name, value and basis as text; low, point and high in per cent where it is a share."""

    name: str
    value: str
    reason: str
    n_text: str
    intervals: Sequence[str]
    low: float | None = None
    point: float | None = None
    high: float | None = None
    is_primary: bool = False

    @property
    def basis(self) -> str:
        """Return n and interval in one line, or why there is no value."""
        return self.reason or ", ".join(part for part in (self.n_text, *self.intervals[:1]) if part)


@dataclass(frozen=True, slots=True)
class Category:
    """A category and its share of the ratings."""

    key: str
    name: str
    share: str
    ratings: int
    per_cent: float


@dataclass(frozen=True, slots=True)
class TreatmentRow:
    """The main figures under another reading of the answers, or why it does not fit."""

    name: str
    is_declared: bool
    reason: str
    figures: Sequence[ShownFigure]


@dataclass(frozen=True, slots=True)
class HeatCell:
    """Two annotators on the captions that both judged; None values where they share none."""

    first: str
    second: str
    heat: int
    raw: str
    kappa: str
    items: int
    detail: str
    differs: str = ""
    test: str = ""


@dataclass(frozen=True, slots=True)
class HeatRow:
    """One annotator's row of the heat map as markup; "" on the diagonal and where nothing is shared."""

    name: str
    cells: Sequence[str]


@dataclass(frozen=True, slots=True)
class ConfusionCell:
    """How often two labels met, and the keys that lead to the pairs."""

    row: str
    column: str
    count: int
    heat: int


@dataclass(frozen=True, slots=True)
class ConfusionRow:
    """One label's row."""

    name: str
    cells: Sequence[ConfusionCell]
    total: int


@dataclass(frozen=True, slots=True)
class AnnotatorRow:
    """One annotator: answers, pace, and against the majority of the others."""

    name: str
    public_id: str
    ratings: int
    pace: str
    pace_n: int
    unsure: str
    unsure_basis: str
    edited: str
    edited_basis: str
    share: str
    interval: str
    compared: int
    tied: int
    kappa: str
    reason: str
    shrunken: str = ""
    shrunken_interval: str = ""


@dataclass(frozen=True, slots=True)
class HardPair:
    """A caption on which annotators differ, with how often each answer was given."""

    version: CaptionVersion
    answers: Sequence[tuple[str, str, int]]
    ratings: int
