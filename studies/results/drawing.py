"""The figures of a study, drawn from the results that were stored; only a worker imports this module."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from polyannot.kernel.figures import (
    SOFT,
    UNSURE,
    Drawn,
    Mark,
    Step,
    draw_flow,
    draw_marks,
    drawing_style,
    new_axes,
    share_axis,
    written,
)
from studies.models import FigureName, PairRole, Study, StudyFigure, StudyResult

INTERVAL = ("wilson_low", "wilson_high")
FLOW_HEIGHT = 3.6


def store_figures(result: StudyResult) -> list[StudyFigure]:
    """Draw the figures of a result and store them with it, in place of earlier drawings of the same result."""
    drawn = drawn_figures(result)
    with transaction.atomic():
        Study.objects.select_for_update(no_key=True).get(pk=result.study_id)
        result.refresh_from_db(fields=["figures"])
        if not result.figures["people"]:
            # Somebody withdrew while this was drawn.
            drawn = [each for each in drawn if each.name != FigureName.ALARMS]
        StudyFigure.objects.filter(result=result).delete()
        return StudyFigure.objects.bulk_create(
            [
                StudyFigure(
                    result=result,
                    name=each.name,
                    title=each.title,
                    alt=each.alt,
                    svg=each.svg,
                    pdf=each.pdf,
                    png=each.png,
                    csv=each.csv,
                )
                for each in drawn
            ]
        )


def drawn_figures(result: StudyResult) -> list[Drawn]:
    """Return what can be drawn of a result: over the people of the primary figures, and how they came to be."""
    figures = result.figures
    primary = figures[figures["primary"]]
    pairs = result.study.pairs.filter(role=PairRole.TARGET).values_list("position", "cosine")
    answered = [share for share in primary["shares"] if share["n"]]
    mark = _("simulated participants, no result") if figures["is_simulated"] else ""
    with drawing_style():
        if primary.get("grading"):
            return [_flow(figures["flow"], mark)]
        drawn = [
            _pairs(answered, mark) if answered else None,
            _similarity(answered, dict(pairs), primary["similarity"], mark),
            _positions(primary["positions"], mark) if primary["positions"] else None,
            _alarms(primary["attention"]["by_participant"], figures["rules"], mark),
            _flow(figures["flow"], mark),
        ]
    return [each for each in drawn if each is not None]


def _ends(counted: Mapping[str, Any]) -> tuple[float, float]:
    return counted["interval"]["low"], counted["interval"]["high"]


def _pairs(shares: Sequence[Mapping[str, Any]], mark: str) -> Drawn:
    """Share good of every pair, sorted, with Wilson's interval and the one for all pairs together."""
    ordered = sorted(shares, key=lambda share: (share["share"], share["pair"]))
    figure, axes = new_axes(mark=mark)
    for place, share in enumerate(ordered, start=1):
        wide = share["simultaneous"]
        axes.plot([place, place], [wide["low"], wide["high"]], color=SOFT, linewidth=0.6, alpha=0.4)
    marks = [Mark(place, share["share"], *_ends(share)) for place, share in enumerate(ordered, start=1)]
    draw_marks(axes, marks)
    share_axis(axes, _("share good"))
    axes.set_xlabel(_("pairs, lowest share first"))
    lowest, highest = ordered[0], ordered[-1]
    return written(
        figure,
        name="pairs",
        title=_("Share good of each pair"),
        alt=_(
            "%(n)s pairs from the lowest share good, %(low)s (%(low_good)s of %(low_n)s), to the highest, "
            "%(high)s, each with Wilson’s 95%% interval and a wider one that holds for all pairs together."
        )
        % {
            "n": len(ordered),
            "low": f"{lowest['share']:.1%}",
            "low_good": lowest["good"],
            "low_n": lowest["n"],
            "high": f"{highest['share']:.1%}",
        },
        columns=("pair", "good", "n", "share", *INTERVAL, "simultaneous_low", "simultaneous_high"),
        rows=[
            (
                share["pair"],
                share["good"],
                share["n"],
                share["share"],
                *_ends(share),
                share["simultaneous"]["low"],
                share["simultaneous"]["high"],
            )
            for share in ordered
        ],
    )


def _similarity(
    shares: Sequence[Mapping[str, Any]],
    cosines: Mapping[int, float | None],
    told: Mapping[str, Any],
    mark: str,
) -> Drawn | None:
    """Share good against similarity; None with fewer than two answered pairs that have one."""
    used = [(cosine, share) for share in shares if (cosine := cosines.get(share["pair"])) is not None]
    if len(used) < 2:
        return None
    figure, axes = new_axes(mark=mark)
    draw_marks(axes, [Mark(cosine, share["share"], *_ends(share)) for cosine, share in used])
    share_axis(axes, _("share good"))
    axes.set_xlabel(_("cosine similarity of image and caption"))
    return written(
        figure,
        name="similarity",
        title=_("Share good against similarity"),
        alt=_("Scatter of %(n)s pairs: %(rank)s, for cosines from %(low)s to %(high)s.")
        % {
            "n": len(used),
            "rank": _rank(told["correlation"]),
            "low": f"{told['lowest']:.3f}",
            "high": f"{told['highest']:.3f}",
        },
        columns=("pair", "cosine", "good", "n", "share", *INTERVAL),
        rows=[
            (share["pair"], cosine, share["good"], share["n"], share["share"], *_ends(share))
            for cosine, share in used
        ],
    )


def _rank(correlation: Mapping[str, Any]) -> str:
    if correlation["value"] is None:
        return _("no rank correlation")
    if correlation["interval"] is None:
        return _("rank correlation %(value)s") % {"value": f"{correlation['value']:.2f}"}
    return _("rank correlation %(value)s, 95%% %(low)s to %(high)s") % {
        "value": f"{correlation['value']:.2f}",
        "low": f"{correlation['interval']['low']:.2f}",
        "high": f"{correlation['interval']['high']:.2f}",
    }


def _positions(stretches: Sequence[Mapping[str, Any]], mark: str) -> Drawn:
    """Share good of targets by where they stood in a participant's sequence."""
    figure, axes = new_axes(height=2.6, mark=mark)
    used = [stretch for stretch in stretches if stretch["good"]["n"]]
    names = [f"{stretch['first']}–{stretch['last']}" for stretch in used]
    draw_marks(
        axes,
        [Mark(at, each["good"]["share"], *_ends(each["good"])) for at, each in enumerate(used)],
        size=5,
    )
    share_axis(axes, _("share good"))
    axes.set_xlim(-0.6, len(used) - 0.4)
    labels = [f"{name}\nn = {stretch['good']['n']}" for name, stretch in zip(names, used, strict=True)]
    axes.set_xticks(range(len(used)), labels)
    axes.set_xlabel(_("place in a participant’s sequence"))
    told = ", ".join(
        f"{name}: {stretch['good']['share']:.1%}" for name, stretch in zip(names, used, strict=True)
    )
    return written(
        figure,
        name="positions",
        title=_("Share good by place in the sequence"),
        alt=_("Share good with Wilson’s interval at places %(told)s.") % {"told": told},
        columns=("first", "last", "good", "n", "share", *INTERVAL),
        rows=[
            (
                each["first"],
                each["last"],
                each["good"]["k"],
                each["good"]["n"],
                each["good"]["share"],
                *_ends(each["good"]),
            )
            for each in used
        ],
    )


def _alarms(
    people: Sequence[Mapping[str, Any]], rules: Sequence[Mapping[str, Any]], mark: str
) -> Drawn | None:
    """How many distractors each participant called good, sorted; None where nothing is said about single people."""
    counts = sorted(person["false_alarms"]["k"] for person in people)
    if not counts:
        return None
    limit = next((rule["limit"] for rule in rules if rule["kind"] == "distractors"), None)
    last = max(*counts, int(limit or 0))
    values = range(max(counts) + 1)
    bars = [counts.count(value) for value in values]
    figure, axes = new_axes(height=2.6, mark=mark)
    for value, bar in zip(values, bars, strict=True):
        axes.plot([value, value], [0, bar], color=SOFT, linewidth=9, solid_capstyle="butt", alpha=0.6)
        axes.text(value, bar, f"{bar}\n", ha="center", va="center", color=SOFT)
    if limit is not None:
        axes.axvline(limit + 0.5, color=UNSURE, linewidth=1.2, linestyle="--")
        axes.text(limit + 0.56, max(bars) * 1.12, _("left out from here on"), color=UNSURE, va="center")
    axes.set_xlim(-0.6, last + 1.6)
    axes.set_ylim(0, max(bars) * 1.25)
    axes.set_xticks(range(last + 2))
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.tick_params(length=0)
    axes.set_xlabel(_("distractors called good"))
    axes.set_ylabel(_("participants"))
    total, noise = sum(counts), sum(person["false_alarms"]["n"] for person in people)
    return written(
        figure,
        name="alarms",
        title=_("False alarms by participant"),
        alt=ngettext(
            "%(n)s participant called %(k)s of %(all)s distractors good; the most by one person is %(most)s.",
            "%(n)s participants called %(k)s of %(all)s distractors good; the most by one person is %(most)s.",
            len(counts),
        )
        % {"n": len(counts), "k": total, "all": noise, "most": max(counts)},
        columns=("distractors_called_good", "participants"),
        rows=list(zip(values, bars, strict=True)),
    )


def _flow(flow: Mapping[str, int], mark: str) -> Drawn:
    """People from opening the link to the analysis."""
    steps = [
        Step(
            flow["arrived"],
            _("opened the link"),
            (
                _("%(n)s declined") % {"n": flow["declined"]},
                _("%(n)s did not decide") % {"n": flow["undecided"]},
            ),
        ),
        Step(
            flow["consented"],
            _("consented"),
            (_("%(n)s withdrew") % {"n": flow["withdrawn"]}, _("%(n)s still at it") % {"n": flow["active"]}),
        ),
        Step(
            flow["finished"] + flow["lapsed"],
            _("finished or stopped early"),
            (_("%(n)s of them stopped early") % {"n": flow["lapsed"]},),
        ),
        Step(
            flow["excluded"] + flow["analysed"],
            _("with answers that are kept"),
            (_("%(n)s left out by a declared rule") % {"n": flow["excluded"]},),
        ),
        Step(flow["analysed"], _("analysed without those left out")),
    ]
    figure, axes = new_axes(height=FLOW_HEIGHT, mark=mark)
    draw_flow(axes, steps)
    return written(
        figure,
        name="flow",
        title=_("From the link to the analysis"),
        alt="; ".join(f"{step.count} {step.label} ({', '.join(step.lost)})" for step in steps[:-1])
        + f"; {steps[-1].count} {steps[-1].label}.",
        columns=("stage", "people"),
        rows=list(flow.items()),
    )
