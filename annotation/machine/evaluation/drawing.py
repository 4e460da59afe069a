"""The drawing of a benchmark: how well the voters tell good captions from bad ones, by level (IMP, Table 2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, stdev

from django.utils.translation import gettext as _

from annotation.machine.evaluation.tables import LEVELS, found_in
from annotation.models import DifficultyLevel, DifficultyVote, Encoder, EvaluationRun
from polyannot.kernel.figures import (
    ACCENT,
    SOFT,
    UNSURE,
    Drawn,
    Mark,
    draw_cloud,
    draw_marks,
    new_axes,
    written,
)
from projects.models import Job

COLUMNS = ("level", "what", "AUPRC", "SD", "n_models", "n_good", "n_bad", "chance")
# Models stand a little to the right of their mean.
BESIDE = 0.12


@dataclass(frozen=True, slots=True)
class LevelOfVoters:
    """AUPRC at one level: each voter's, the chance level, and how many good and bad captions it rests on."""

    level: str
    values: Mapping[str, float]
    chance: float
    n_good: int
    n_bad: int

    @property
    def name(self) -> str:
        """Return what people call the level."""
        return str(DifficultyLevel(self.level).label) if self.level else _("All")

    @property
    def mean(self) -> float:
        """Return the mean over the voters."""
        return mean(self.values.values())

    @property
    def deviation(self) -> float:
        """Return the standard deviation over the voters (n - 1); there are two or more."""
        return stdev(self.values.values())


def draw_evaluation(job: Job) -> list[Drawn]:
    """Return the drawing of a benchmark in which two or more voters have an AUPRC; nothing otherwise."""
    run = EvaluationRun.objects.get(job=job)
    levels = levels_of_voters(run)
    return [_drawn(levels)] if levels else []


def levels_of_voters(run: EvaluationRun) -> list[LevelOfVoters]:
    """Return the levels at which two or more models that voted have an AUPRC, all pairs first."""
    if run.difficulty_run_id is None:
        return []
    votes = DifficultyVote.objects.filter(run=run.difficulty_run_id).order_by()
    voters = Encoder.objects.filter(pk__in=votes.values("threshold__encoder")).order_by("name", "pk")
    found = found_in(run.figures.filter(direction="", leaves_out_own=False))
    levels = []
    for level in LEVELS:
        of_level = {voter.name: found.get((voter.pk, "", level, False), {}) for voter in voters}
        values = {
            name: figures["AUPRC"].value
            for name, figures in of_level.items()
            if "AUPRC" in figures and figures["AUPRC"].value is not None
        }
        if len(values) > 1:
            first = of_level[next(iter(values))]
            n_good, n_bad = first["AUPRC"].n, first["AUPRC"].n_other or 0
            chance = n_good / (n_good + n_bad) if n_good + n_bad else 0.0
            levels.append(LevelOfVoters(level, values, chance, n_good, n_bad))
    return levels


def _drawn(levels: Sequence[LevelOfVoters]) -> Drawn:
    figure, axes = new_axes()
    for place, one in enumerate(levels):
        axes.plot(
            [place - 0.3, place + 0.3], [one.chance] * 2, "--", color=UNSURE, linewidth=1.2,
            label=_("chance level") if not place else None,
        )  # fmt: skip
    points = [(place + BESIDE, value) for place, one in enumerate(levels) for value in one.values.values()]
    draw_cloud(axes, points, label=_("single voters"), colour=SOFT, shape="D", size=3.5, alpha=0.7)
    draw_marks(
        axes,
        [
            Mark(place, one.mean, one.mean - one.deviation, one.mean + one.deviation)
            for place, one in enumerate(levels)
        ],
        size=6,
    )
    axes.plot(
        [], [], "o", color=ACCENT, markersize=6, mew=0, label=_("mean of the voters, one SD either way")
    )
    axes.set_xticks(range(len(levels)), [f"{one.name}\nn = {one.n_good} + {one.n_bad}" for one in levels])
    axes.set_xlim(-0.5, len(levels) - 0.5)
    axes.set_ylabel("AUPRC")
    axes.grid(visible=True, axis="y")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, handletextpad=0.4, columnspacing=1.2)
    told = [
        _("%(level)s: %(mean)s, SD %(sd)s, n = %(good)d + %(bad)d, %(n)d models, chance %(chance)s")
        % {
            "level": one.name,
            "mean": f"{one.mean:.3f}",
            "sd": f"{one.deviation:.3f}",
            "good": one.n_good,
            "bad": one.n_bad,
            "n": len(one.values),
            "chance": f"{one.chance:.3f}",
        }
        for one in levels
    ]
    return written(
        figure,
        name="auprc-of-voters",
        title=_("AUPRC of the voters by level"),
        alt="; ".join(told) + ".",
        columns=COLUMNS,
        rows=[row for one in levels for row in _rows(one)],
    )


def _rows(one: LevelOfVoters) -> list[tuple[str, str, str, str, int, int, int, str]]:
    level, chance = one.level or "all", f"{one.chance:.6f}"
    of_models = [
        (level, name, f"{value:.6f}", "", 1, one.n_good, one.n_bad, chance)
        for name, value in one.values.items()
    ]
    of_all = (
        level, "mean", f"{one.mean:.6f}", f"{one.deviation:.6f}", len(one.values), one.n_good, one.n_bad, chance,
    )  # fmt: skip
    return [of_all, *of_models]
