"""What participants said of themselves, as counts over a whole study; in a release only when asked for.

No count is joined to an answer or a person, and none stands for fewer than SMALLEST_CELL people, nor can one be worked
out from the others (docs/algorithms/releases.md).
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet

from projects.models import Project
from releases.judged import SMALLEST_CELL
from studies.models import Background, Study, StudyKind
from studies.taking.saying import QUESTIONS

OTHER, WITHHELD = "(other)", "(withheld)"


def safe_counts(found: Mapping[str, int], *, smallest: int = SMALLEST_CELL) -> list[tuple[str, int]]:
    """Return answers with how many gave them, the most frequent first; rare ones are summed as OTHER, last.

    A sum of too few takes in the rarest answer that could be shown, since the total would tell it. Of fewer people
    than `smallest` nothing is returned.
    """
    total = sum(found.values())
    if total < smallest:
        return []
    shown = sorted(
        ((answer, n) for answer, n in found.items() if n >= smallest), key=lambda row: (-row[1], row[0])
    )
    rare = total - sum(n for _answer, n in shown)
    while 0 < rare < smallest:
        rare += shown.pop()[1]
    return [*shown, *([(OTHER, rare)] if rare else [])]


def said_people(project: Project) -> QuerySet[Background]:
    """Return what real participants of launched studies of image and caption said, or declined to say."""
    return Background.objects.filter(
        participant__study__project=project,
        participant__study__kind=StudyKind.FIT,
        participant__study__launched_at__isnull=False,
        participant__is_test=False,
        participant__is_simulated=False,
    )


def read_demographics(project: Project) -> list[dict[str, Any]]:
    """Return a row for each answer of each question that a study asked."""
    people = said_people(project)
    studies = Study.objects.filter(project=project, kind=StudyKind.FIT, launched_at__isnull=False)
    rows = []
    for study in studies.order_by("pk"):
        for asks, name, _label in QUESTIONS:
            if getattr(study, asks):
                said = people.filter(participant__study=study).values_list(name, flat=True)
                rows += _rows(study.slug, name, Counter(said))
    return rows


def _rows(study: str, question: str, found: Counter[str]) -> list[dict[str, Any]]:
    told = {"study": study, "question": question}
    if not (counts := safe_counts(found)):
        return [{**told, "answer": WITHHELD, "n": None, "n_people": None}]
    n_people = found.total()
    return [{**told, "answer": answer, "n": n, "n_people": n_people} for answer, n in counts]
