"""Single figures of a stored report as text: intervals, cells of the heat map and what their test found."""

from collections.abc import Mapping
from typing import Any

from django.utils import formats
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from annotation.agreement.rows import (
    HEAT_FROM,
    HEAT_STEPS,
    SHOWN_FIRST,
    UNDEFINED,
    HeatCell,
    ShownFigure,
    decimal,
    per_cent,
)
from measures.proportions import wilson


def place_of(category: str) -> int:
    """Return where a category stands on the page: from good to bad; others stay in the order of the report."""
    return SHOWN_FIRST.index(category) if category in SHOWN_FIRST else len(SHOWN_FIRST)


def interval_text(interval: Mapping[str, Any], *, is_share: bool = False) -> str:
    shown = per_cent if is_share else decimal
    return _("%(level)d%% interval %(low)s to %(high)s") % {
        "level": round(100 * interval["level"]),
        "low": shown(interval["low"]).rstrip("%"),
        "high": shown(interval["high"]),
    }


def withheld(row: Mapping[str, Any]) -> str:
    return _("too few images for an interval") if row.get("withheld") else ""


def heat_cell(pair: Mapping[str, Any], first: str, second: str) -> HeatCell:
    interval = pair["interval"]
    return HeatCell(
        first=first,
        second=second,
        heat=step((pair["raw"] - HEAT_FROM) / (1 - HEAT_FROM)),
        raw=per_cent(pair["raw"]),
        kappa=decimal(pair["kappa"] if (weighted := pair.get("weighted_kappa")) is None else weighted),
        items=pair["items"],
        detail=ends_text(interval["low"], interval["high"]),
        differs=(pair.get("test") or {}).get("differs", ""),
        test=test_text(pair.get("test") or {}),
    )


def cell_markup(cell: HeatCell, pairs: str) -> SafeString:
    """Return a cell of the heat map as markup: there may be thousands, and a template would take as many milliseconds.

    `pairs` is the address of the page of pairs of the report.
    """
    marks = {"less": f"▼ {_('less')}", "more": f"▲ {_('more')}"}
    mark = (
        format_html('<span class="heat__n"><strong>{}</strong></span>', marks[cell.differs])
        if cell.differs
        else ""
    )
    return format_html(
        '<td class="heat-{}" title="{}"><a href="{}&amp;first={}&amp;second={}"><span>{}</span>'
        '<span class="heat__n">κ {}</span><span class="heat__n">n = {}</span>{}</a></td>',
        cell.heat,
        f"{cell.detail}; {cell.test}",
        pairs,
        cell.first,
        cell.second,
        cell.raw,
        cell.kappa,
        formats.number_format(cell.items),
        mark,
    )


def test_text(test: Mapping[str, Any]) -> str:
    """Return what the test of a cell found, as text."""
    if test.get("p") is None:
        return _("not testable: no other annotator to exchange with")
    words = _("%(points)s points against what the same images give others; p = %(p)s, adjusted %(q)s")
    return words % {
        "points": f"{100 * test['excess']:+.1f}",
        "p": decimal(test["p"], 3),
        "q": decimal(test["q"], 3),
    }


def ends_text(low: float, high: float) -> str:
    """Return the ends of an interval of a share: 6.0 – 14.6%."""
    return f"{per_cent(low).rstrip('%')} – {per_cent(high)}"


def share_basis(part: int, whole: int, answers: int) -> str:
    """Return Wilson's 95% interval of a share of answers, and n where it is not the number of answers beside it."""
    interval = wilson(part, whole)
    ends = ends_text(interval.low, interval.high)
    if whole == answers:
        return ends
    return _("%(ends)s, n = %(n)s") % {"ends": ends, "n": formats.number_format(whole)}


def analytic_text(row: Mapping[str, Any], *, is_share: bool = False) -> str:
    """Return the interval of a coefficient's standard error; "" where it has none."""
    return interval_text(row["analytic"], is_share=is_share) if row.get("analytic") else ""


def shrunken(row: Mapping[str, Any] | None) -> dict[str, str]:
    if not row:
        return {}
    ends = ends_text(row["low"], row["high"])
    if row.get("reason"):
        ends = _("people differ no more than by chance")
    return {"shrunken": per_cent(row["estimate"]), "shrunken_interval": ends}


def step(share: float) -> int:
    return max(0, min(HEAT_STEPS, round(HEAT_STEPS * share)))


def edit_figure(name: str, row: Mapping[str, Any]) -> ShownFigure:
    n_text = _("n = %(pairs)s pairs of answers") % {"pairs": formats.number_format(row["pairs"])}
    if row["share"] is None:
        return ShownFigure(name, str(UNDEFINED), _("no such pair of answers"), "", ())
    return ShownFigure(
        name=name,
        value=per_cent(row["share"]),
        reason="",
        n_text=n_text,
        intervals=[interval_text(row["interval"], is_share=True)],
        low=100 * row["interval"]["low"],
        point=100 * row["share"],
        high=100 * row["interval"]["high"],
    )
