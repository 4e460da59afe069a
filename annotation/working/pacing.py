"""Pace: how long a caption takes somebody, and how long an image is lent out by it (docs/algorithms/assignment.md)."""

import math
from collections.abc import Iterable
from statistics import median

from accounts.models import User
from annotation.models import Judgment
from annotation.models.work import JudgmentMode
from projects.models import Project

# The pace is the median of so many last judgments; fewer measured ones than FEWEST_MEASURED are no basis.
OWN_JUDGMENTS = 40
PROJECT_JUDGMENTS = 400
FEWEST_MEASURED = 10
# Until anything is measured: so many seconds for a caption.
DEFAULT_PACE = 15.0
# A lease lasts so many times the time that the captions shown take at this pace, within these bounds. The browser
# tells every 4 minutes that the work goes on, so the floor leaves room for one lost message.
LEASE_FACTOR = 6
SHORTEST_LEASE = 10 * 60
LONGEST_LEASE = 60 * 60


def lease_seconds(*, pace: float, n_captions: int) -> int:
    """Return how long a lease of so many captions lasts after the last sign of work, in seconds.

    `pace` is in seconds per caption.
    """
    asked = math.ceil(LEASE_FACTOR * pace * n_captions)
    return max(SHORTEST_LEASE, min(LONGEST_LEASE, asked))


def pace_of(*, annotator: User, project: Project) -> float:
    """Return the annotator's seconds per caption, else the project's, else DEFAULT_PACE; one or two bounded queries."""
    own = Judgment.objects.filter(annotator=annotator).order_by("-pk")
    return (
        _median(own.values_list("project_id", "duration_ms", "mode")[:OWN_JUDGMENTS], project)
        or project_pace(project)
        or DEFAULT_PACE
    )


def project_pace(project: Project) -> float | None:
    """Return the seconds per caption of the project's last judgments; None without enough of them.

    Looks at the last PROJECT_JUDGMENTS of all projects, so that the cost does not grow with the data.
    """
    newest = Judgment.objects.order_by("-pk").values_list("project_id", "duration_ms", "mode")[
        :PROJECT_JUDGMENTS
    ]
    return _median(newest, project)


def _median(rows: Iterable[tuple[int, int, str]], project: Project) -> float | None:
    """Return the median of what was measured here: times of imported judgments say nothing about this workspace."""
    measured = [
        milliseconds
        for project_id, milliseconds, mode in rows
        if project_id == project.pk and milliseconds and mode != JudgmentMode.IMPORTED
    ]
    return median(measured) / 1000 if len(measured) >= FEWEST_MEASURED else None
