"""The trend of a stored report as a page shows it: a drawing, a table with n and intervals, and the data behind it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import formats
from django.utils.translation import gettext as _

from annotation.agreement.rows import decimal, per_cent
from annotation.models import AgreementReport, Batch
from annotation.quality.drawing import TimeChart, Value, time_chart

KINDS = ("batch", "week")
COLUMNS = (
    "period",
    "name",
    "coefficient",
    "value",
    "low",
    "high",
    "items",
    "ratings",
    "annotators",
    "reason",
)


@dataclass(frozen=True, slots=True)
class TrendRow:
    """One period: its key and name, n, and each figure with its interval as text."""

    period: str
    name: str
    items: int
    raters: int
    figures: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Trend:
    """What the page shows of one kind of period; `others` are the kinds that could be shown instead."""

    kind: str
    others: tuple[str, ...]
    chart: TimeChart
    headings: tuple[str, ...]
    rows: tuple[TrendRow, ...]
    told: str


def trend_of(report: AgreementReport, kind: str) -> Trend | None:
    """Return the trend by batch or by week; None where the report has fewer than two periods."""
    stored: dict[str, Any] = report.figures.get("trend") or {}
    kinds = [each for each in KINDS if each in stored]
    if not kinds:
        return None
    kind = kind if kind in kinds else kinds[0]
    points = stored[kind]
    names = _names(kind, [point["period"] for point in points])
    headings = tuple(row["name"] for row in points[0]["coefficients"])
    values = [
        (
            heading,
            [value_of(point["coefficients"][place], name) for point, name in zip(points, names, strict=True)],
        )
        for place, heading in enumerate(headings)
    ]
    rows = tuple(
        TrendRow(
            point["period"],
            name,
            point["items"],
            point["raters"],
            tuple((row["name"], *figure_of(row)) for row in point["coefficients"]),
        )
        for point, name in zip(points, names, strict=True)
    )
    others = tuple(each for each in kinds if each != kind)
    return Trend(kind, others, time_chart(_short(names), values), headings, rows, _told(headings, rows))


def trend_rows(report: AgreementReport) -> Iterator[tuple[object, ...]]:
    """Yield the data of the trends: a line for each period and coefficient."""
    for kind in KINDS:
        points = (report.figures.get("trend") or {}).get(kind, ())
        names = _names(kind, [point["period"] for point in points])
        for point, name in zip(points, names, strict=True):
            for row in point["coefficients"]:
                interval = row["intervals"][0] if row["intervals"] else {}
                yield (
                    point["period"],
                    name,
                    row["name"],
                    row["value"],
                    interval.get("low"),
                    interval.get("high"),
                    point["items"],
                    point["ratings"],
                    point["raters"],
                    row["reason"],
                )


def _names(kind: str, periods: list[str]) -> list[str]:
    """Return what people call periods: the name of a batch, the week of a year."""
    if kind == "week":
        return [
            _("%(year)s, week %(week)s") % dict(zip(("year", "week"), each.split("-W"), strict=True))
            for each in periods
        ]
    names = {
        str(key): name
        for key, name in Batch.objects.filter(public_id__in=periods).values_list("public_id", "name")
    }
    return [names.get(period, period) for period in periods]


def _short(names: list[str]) -> list[str]:
    return [name if len(name) <= 14 else f"{name[:13]}…" for name in names]


def value_of(row: Mapping[str, Any], name: str) -> Value:
    interval = row["intervals"][0] if row["intervals"] else None
    text, basis = figure_of(row)
    return Value(
        row["value"],
        interval["low"] if interval else None,
        interval["high"] if interval else None,
        f"{name}: {row['name']} {text}, {basis}",
    )


def figure_of(row: Mapping[str, Any]) -> tuple[str, str]:
    """Return a figure and its interval, or why it has none."""
    shown = per_cent if row["key"] == "raw_agreement" else decimal
    if row["value"] is None:
        return shown(None), row["reason"]
    if not row["intervals"]:
        return shown(row["value"]), _("too few images for an interval")
    ends = row["intervals"][0]
    return shown(row["value"]), _("%(low)s to %(high)s") % {
        "low": shown(ends["low"]),
        "high": shown(ends["high"]),
    }


def _told(headings: tuple[str, ...], rows: tuple[TrendRow, ...]) -> str:
    """Return the trend in a sentence, for those who do not see the drawing."""
    first, last = rows[0], rows[-1]
    parts = [
        _("%(name)s from %(before)s to %(after)s")
        % {"name": heading, "before": first.figures[place][1], "after": last.figures[place][1]}
        for place, heading in enumerate(headings)
    ]
    return _("%(n)s periods, from %(first)s to %(last)s: %(figures)s.") % {
        "n": formats.number_format(len(rows)),
        "first": first.name,
        "last": last.name,
        "figures": "; ".join(parts),
    }
