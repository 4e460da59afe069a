"""The drawing of a vote: how many pairs are easy, medium and hard, as a pie (IMP, Fig. 6)."""

from django.db.models import Count
from django.utils.translation import gettext as _

from annotation.models import DifficultyLevel, DifficultyRun
from polyannot.kernel.figures import ACCENT, GROUND, Drawn, new_axes, written
from projects.models import Job

# The same ink, fuller the harder.
FULLNESS = {DifficultyLevel.EASY: 0.25, DifficultyLevel.MEDIUM: 0.55, DifficultyLevel.HARD: 1.0}
COLUMNS = ("level", "n", "share", "n_all")


def draw_difficulty(job: Job) -> list[Drawn]:
    """Return the pie of a vote, clockwise from the top; nothing where nobody voted on anything."""
    run = DifficultyRun.objects.get(job=job)
    counted = dict(run.difficulties.order_by().values_list("level").annotate(n=Count("pk")))
    n_all = sum(counted.values())
    if not n_all:
        return []
    counts = [(level, counted.get(level, 0)) for level in DifficultyLevel]
    figure, axes = new_axes()
    # Slices of nothing have no place for their names; the data and the words name them.
    shown = [(level, n) for level, n in counts if n]
    wedges = axes.pie(
        [n for _level, n in shown],
        labels=[f"{level.label} {100 * n / n_all:.1f}%\nn = {n}" for level, n in shown],
        startangle=90, counterclock=False, colors=[ACCENT] * len(shown),
        wedgeprops={"edgecolor": GROUND, "linewidth": 1.5},
    )[0]  # fmt: skip
    for wedge, (level, _n) in zip(wedges, shown, strict=True):
        wedge.set_alpha(FULLNESS[level])
    told = ", ".join(f"{level.label} {n} ({100 * n / n_all:.1f}%)" for level, n in counts)
    return [
        written(
            figure,
            name="levels",
            title=_("Levels of difficulty"),
            alt=_("%(told)s, of %(n)d pairs.") % {"told": told, "n": n_all},
            columns=COLUMNS,
            rows=[(level.value, n, f"{n / n_all:.6f}", n_all) for level, n in counts],
        )
    ]
