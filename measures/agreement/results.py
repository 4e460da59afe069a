"""What an agreement report holds: frozen, typed, and plain JSON on request."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from measures.agreement.bootstrap import Bootstrap
from measures.agreement.table import Exclusion
from measures.intervals import Interval

VERSION = "2"
"""Changes whenever the same ratings and parameters would give other figures."""


@dataclass(frozen=True, slots=True)
class Coefficient:
    """One coefficient with what it rests on.

    value is None where it is undefined, and ``reason`` says why. items, ratings, raters: what entered the
    observed agreement; ``excluded`` says what did not and why. observed and expected: agreement before
    correction and by chance, where the coefficient has them. standard_error and ``analytic`` treat raters as
    fixed. intervals: one per bootstrap; ``withheld`` says why one is missing.
    """

    key: str
    name: str
    value: float | None
    reason: str
    items: int
    ratings: int
    raters: int
    excluded: tuple[Exclusion, ...]
    observed: float | None = None
    expected: float | None = None
    standard_error: float | None = None
    analytic: Interval | None = None
    intervals: tuple[Interval, ...] = ()
    withheld: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Category:
    """A category: its ratings, its share of all ratings, and its mean share over items."""

    label: str
    ratings: int
    share: float | None
    mean_share_over_items: float | None


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """The coefficients under another treatment of "unsure"; ``reason`` where it does not fit."""

    treatment: str
    reason: str
    categories: tuple[str, ...]
    ratings: int
    items: int
    coefficients: tuple[Coefficient, ...]


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """Two raters on the items that both rated: raw share with Wilson's interval, Cohen's kappa, n.

    weighted_kappa has quadratic weights; None unless the level of the labels has an order.
    """

    first: str
    second: str
    items: int
    agreed: int
    raw: float
    interval: Interval
    kappa: float | None
    reason: str = ""
    weighted_kappa: float | None = None


@dataclass(frozen=True, slots=True)
class Confusion:
    """counts[row][column]: for two raters by rater (row_rater, column_rater); for more, unordered rater
    pairs, so that the matrix is symmetric and a cell off the diagonal shows each pair once."""

    categories: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    row_rater: str = ""
    column_rater: str = ""


@dataclass(frozen=True, slots=True)
class Annotator:
    """One rater against the majority of the others on the same items.

    labels: ratings by category of the untreated list; unsure_share of them. compared: items with a clear
    majority among the others, of which ``agreed`` match; ``tied`` and ``alone`` items are left out.
    """

    rater: str
    ratings: int
    labels: dict[str, int]
    unsure_share: float | None
    compared: int
    agreed: int
    tied: int
    alone: int
    share: float | None
    interval: Interval
    kappa: float | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class HardItem:
    """An item on which raters differ: how many rated it, with which labels, the share of agreeing pairs."""

    item: str
    ratings: int
    labels: dict[str, int]
    agreement: float


@dataclass(frozen=True, slots=True)
class IntraRater:
    """Agreement of raters with themselves: each repeat against the rating before it."""

    repeats: int
    agreed: int
    share: float | None
    interval: Interval
    kappa: float | None
    by_rater: dict[str, tuple[int, int]]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Parameters:
    """Everything that decides the figures beside the ratings themselves."""

    level: str
    categories: tuple[str, ...]
    category_source: str
    weights: tuple[str, ...]
    unsure_label: str
    unsure_treatment: str
    positive: str | None
    negative: str | None
    confidence: float
    bootstraps: tuple[Bootstrap, ...]
    version: str = VERSION


@dataclass(frozen=True, slots=True)
class AgreementReport:
    """All figures of one set of ratings; see `measures.agreement.report`.

    ``primary`` is the key of Krippendorff's alpha at the declared level.
    """

    parameters: Parameters
    read: int
    ratings: int
    items: int
    raters: int
    excluded: tuple[Exclusion, ...]
    prevalence: tuple[Category, ...]
    primary: str
    coefficients: tuple[Coefficient, ...]
    sensitivity: tuple[Sensitivity, ...]
    intra_rater: IntraRater
    pairs: tuple[PairAgreement, ...]
    confusion: Confusion
    annotators: tuple[Annotator, ...]
    hardest: tuple[HardItem, ...]
    notes: tuple[str, ...] = ()

    def coefficient(self, key: str) -> Coefficient:
        """The coefficient of that key; KeyError where there is none."""
        for found in self.coefficients:
            if found.key == key:
                return found
        raise KeyError(key)

    def to_json(self) -> dict[str, Any]:
        """The report as plain JSON values; coefficients become an object by key."""
        told: dict[str, Any] = plain(self)
        told["coefficients"] = {row.pop("key"): row for row in told["coefficients"]}
        for other in told["sensitivity"]:
            other["coefficients"] = {row.pop("key"): row for row in other["coefficients"]}
        return told


def plain(value: object) -> Any:
    """Frozen results as plain JSON values."""
    if isinstance(value, Interval):
        return value.to_json()
    if is_dataclass(value) and not isinstance(value, type):
        return dict(_fields(value))
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    return value


def _fields(value: Any) -> Iterator[tuple[str, Any]]:
    for field in fields(value):
        yield field.name, plain(getattr(value, field.name))
