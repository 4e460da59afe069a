"""Stored reports on quality over time as pages show them: figures as text with n and interval, drawings, signals."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from annotation.agreement.rows import decimal, per_cent
from annotation.agreement.trend import figure_of, value_of
from annotation.models import QualityReport
from annotation.quality.drawing import TimeChart, Value, time_chart
from measures.proportions import wilson

MEASURE_NAMES = {
    "good": gettext_lazy("Share good"),
    "unsure": gettext_lazy("Share unsure"),
    "majority": gettext_lazy("Agreement with most of the others"),
    "gold": gettext_lazy("Right on gold pairs"),
}
CHANGE_COLUMNS = ("coefficient", "earlier", "later", "difference", "low", "high", "reason")
BLOCK_COLUMNS = (
    "annotator",
    "measure",
    "block",
    "from",
    "to",
    "answers",
    "hits",
    "share",
    "lower_limit",
    "upper_limit",
    "signal",
)


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """A coefficient in a later set less an earlier one: the difference, its interval, and what may be said."""

    name: str
    earlier: str
    later: str
    difference: str
    interval: str
    verdict: str


@dataclass(frozen=True, slots=True)
class SetRow:
    """One calibration set with its figures, and what happened before it."""

    name: str
    day: date
    guideline: int
    seed: int
    images: int
    left_out: int
    figures: tuple[tuple[str, str, str], ...]
    rounds: Sequence[Mapping[str, Any]]
    guidelines: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class FeedbackEffect:
    """What the page shows: the drawing, the sets, the changes, and the difference from first to last."""

    chart: TimeChart
    told: str
    headings: tuple[str, ...]
    sets: tuple[SetRow, ...]
    changes: tuple[ChangeRow, ...]
    overall: ChangeRow


def feedback_effect(report: QualityReport) -> FeedbackEffect | None:
    """Return the stored series; None while there are fewer than two sets to compare."""
    stored: dict[str, Any] = report.figures
    if len(stored["sets"]) < 2:
        return None
    names = {row["batch"]: row["name"] for row in stored["sets"]}
    points = stored["points"]
    headings = tuple(row["name"] for row in points[0]["coefficients"])
    values = [
        (heading, [value_of(point["coefficients"][place], names[point["period"]]) for point in points])
        for place, heading in enumerate(headings)
    ]
    between = [{"rounds": [], "guidelines": []}, *stored["between"]]
    sets = tuple(
        SetRow(
            row["name"],
            date.fromisoformat(row["opened_at"][:10]),
            row["guideline"],
            row["seed"],
            row["images"],
            row["left_out_images"],
            tuple((each["name"], *figure_of(each)) for each in point["coefficients"]),
            before["rounds"],
            before["guidelines"],
        )
        for row, point, before in zip(stored["sets"], points, between, strict=True)
    )
    changes = tuple(_change(row, names) for row in stored["changes"])
    alpha = [
        change
        for change, row in zip(changes, stored["changes"], strict=True)
        if row["key"].startswith("krippendorff")
    ]
    told = _("%(n)s calibration sets; %(name)s from %(first)s to %(last)s.") % {
        "n": len(sets),
        "name": headings[1],
        "first": sets[0].figures[1][1],
        "last": sets[-1].figures[1][1],
    }
    chart = time_chart([row.name[:14] for row in sets], values)
    return FeedbackEffect(chart, told, headings, sets, changes, alpha[-1])


def _change(row: Mapping[str, Any], names: Mapping[str, str]) -> ChangeRow:
    as_share = row["key"] == "raw_agreement"
    sides = (row["name"], names[row["earlier"]], names[row["later"]])
    if row["difference"] is None:
        return ChangeRow(*sides, decimal(None), row["reason"], "")
    if row["interval"] is None:
        return ChangeRow(*sides, _signed(row["difference"], as_share), row["reason"], "")
    low, high = row["interval"]["low"], row["interval"]["high"]
    verdict = _("not told apart from no change")
    if low > 0:
        verdict = _("higher than before")
    elif high < 0:
        verdict = _("lower than before")
    ends = _("95%% interval %(low)s to %(high)s") % {
        "low": _signed(low, as_share),
        "high": _signed(high, as_share),
    }
    return ChangeRow(*sides, _signed(row["difference"], as_share), ends, verdict)


def _signed(value: float, as_share: bool) -> str:
    """Return a difference with its sign; of shares in percentage points."""
    sign = "−" if value < 0 else "+"
    if as_share:
        return _("%(number)s points") % {"number": sign + decimal(abs(100 * value), 1)}
    return sign + decimal(abs(value))


def change_rows(report: QualityReport) -> Iterator[tuple[object, ...]]:
    """Yield the changes as data."""
    names = {row["batch"]: row["name"] for row in report.figures["sets"]}
    for row in report.figures["changes"]:
        ends = row["interval"] or {}
        yield (
            row["name"],
            names[row["earlier"]],
            names[row["later"]],
            row["difference"],
            ends.get("low"),
            ends.get("high"),
            row["reason"],
        )


@dataclass(frozen=True, slots=True)
class ChartRow:
    """One annotator's chart of one measure."""

    measure: str
    name: str
    share: str
    interval: str
    answers: int
    blocks: int
    n_signals: int
    reason: str
    design_effect: str
    chart: TimeChart | None
    told: str
    signals: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class PersonRow:
    """An annotator with all charts."""

    name: str
    public_id: str
    charts: tuple[ChartRow, ...]

    @property
    def n_signals(self) -> int:
        """Return the signals of all charts."""
        return sum(chart.n_signals for chart in self.charts)


def people_with_charts(
    report: QualityReport, *, only: str = "", with_drawings: bool = False
) -> list[PersonRow]:
    """Return the annotators of a report by name; drawings are made for one person at a time."""
    stored: dict[str, dict[str, Any]] = report.figures["annotators"]
    wanted = {only} & set(stored) if only else set(stored)
    names = {str(user.public_id): str(user) for user in User.objects.filter(public_id__in=wanted)}
    rows = [
        PersonRow(
            names.get(public_id, public_id),
            public_id,
            tuple(
                _chart_row(measure, stored[public_id][measure], with_drawings)
                for measure in MEASURE_NAMES
                if measure in stored[public_id]
            ),
        )
        for public_id in wanted
    ]
    return sorted(rows, key=lambda row: row.name)


def _chart_row(measure: str, stored: Mapping[str, Any], with_drawing: bool) -> ChartRow:
    ends = wilson(stored["hits"], stored["answers"])
    blocks = [row for row in stored["blocks"] if row["number"] > stored["first_drawn"]]
    name = str(MEASURE_NAMES[measure])
    told = _("%(name)s in %(blocks)s blocks, %(signals)s outside the limits.") % {
        "name": name,
        "blocks": len(blocks),
        "signals": sum(bool(row["signal"]) for row in blocks),
    }
    return ChartRow(
        measure,
        name,
        per_cent(stored["hits"] / stored["answers"]) if stored["answers"] else decimal(None),
        f"{per_cent(ends.low)} – {per_cent(ends.high)}",
        stored["answers"],
        stored["n_tested"],
        stored["n_signals"],
        stored["reason"],
        decimal(stored["design_effect"], 1),
        _drawn(blocks, stored["centre"]) if with_drawing and blocks else None,
        told,
        tuple(_dated(row) for row in stored["blocks"] if row["signal"]),
    )


def _dated(block: Mapping[str, Any]) -> dict[str, Any]:
    """Return a stored block with its ends as dates, for a page to write as it writes all dates."""
    return {**block, **{end: date.fromisoformat(block[end]) for end in ("from", "to")}}


def _drawn(blocks: Sequence[Mapping[str, Any]], centre: float | None) -> TimeChart:
    values = [
        Value(
            row["hits"] / row["answers"],
            row["low"],
            row["high"],
            _("Block %(number)s, %(day)s: %(hits)s of %(answers)s")
            % {
                "number": row["number"],
                "day": formats.date_format(date.fromisoformat(row["to"]), "j F Y"),
                "hits": row["hits"],
                "answers": row["answers"],
            },
            is_signal=bool(row["signal"]),
        )
        for row in blocks
    ]
    return time_chart([str(row["number"]) for row in blocks], [("", values)], as_limits=True, centre=centre)


def signal_of(report: QualityReport, annotator: str, measure: str, number: str) -> Mapping[str, Any] | None:
    """Return the stored block that an address names; None where it gave no signal."""
    chart = report.figures["annotators"].get(annotator, {}).get(measure, {"blocks": ()})
    return next(
        (_dated(row) for row in chart["blocks"] if row["signal"] and str(row["number"]) == number), None
    )


def block_rows(report: QualityReport, *, only: str = "") -> Iterator[tuple[object, ...]]:
    """Yield the blocks of all charts (or of one annotator) as data."""
    for annotator, by_measure in report.figures["annotators"].items():
        if only and annotator != only:
            continue
        for measure, chart in by_measure.items():
            for row in chart["blocks"]:
                yield (
                    annotator,
                    measure,
                    row["number"],
                    row["from"],
                    row["to"],
                    row["answers"],
                    row["hits"],
                    row["hits"] / row["answers"],
                    row["low"],
                    row["high"],
                    row["signal"],
                )
