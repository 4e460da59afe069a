"""Shares and intervals as people read them: per cent with one decimal, from ... to."""

from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.formats import number_format
from django.utils.translation import gettext as _

register = template.Library()

MISSING = "–"


def _rounded(value: float, places: int) -> str:
    """Return the number in the locale's form; rounded here, since Django's own formatting cuts digits off."""
    # Adding zero turns a negative zero into zero.
    return number_format(round(float(value), places) + 0.0, places)


@register.filter
def percent(share: float | None, decimals: int = 1) -> str:
    """Return 0.923 as "92.3%"; a dash where there is none."""
    return MISSING if share is None else f"{_rounded(100 * share, decimals)}%"


@register.filter
def points(share: float | None) -> float:
    """Return a share as per cent for a drawing, 0 where there is none."""
    return round(100 * share, 2) if share is not None else 0.0


@register.filter
def span(interval: Any, decimals: int = 1) -> str:
    """Return an interval of shares as "66.7 to 98.6%"; a dash where there is none."""
    if not interval:
        return MISSING
    low, high = _ends(interval)
    ends = {"low": _rounded(100 * low, decimals), "high": _rounded(100 * high, decimals)}
    return _("%(low)s to %(high)s%%") % ends


@register.filter
def plain_span(interval: Any, decimals: int = 2) -> str:
    """Return an interval of plain numbers as "0.12 to 0.48"; a dash where there is none."""
    if not interval:
        return MISSING
    low, high = _ends(interval)
    return _("%(low)s to %(high)s") % {
        "low": _rounded(low, decimals),
        "high": _rounded(high, decimals),
    }


@register.filter
def decimals(value: float | None, places: int = 2) -> str:
    """Return a number with so many decimals; a dash where there is none."""
    return MISSING if value is None else _rounded(value, places)


@register.filter
def seconds(milliseconds: float | None) -> str:
    """Return milliseconds as seconds with one decimal; a dash where there are none."""
    return MISSING if milliseconds is None else _rounded(milliseconds / 1000, 1)


def _ends(interval: Any) -> tuple[float, float]:
    if isinstance(interval, Mapping):
        return float(interval["low"]), float(interval["high"])
    return float(interval.low), float(interval.high)
