"""Which releases hold, inside their sums, answers of people who have withdrawn since."""

from dataclasses import dataclass

from django.db.models import Count

from releases.models import Release
from studies.models import Participant, ParticipantState


@dataclass(frozen=True)
class Concern:
    """A study from which so many people withdrew after the release was frozen."""

    study: str
    people: int


def withdrawn_since(release: Release) -> list[Concern]:
    """Return the studies from which people withdrew after this release was frozen, who had come before.

    When somebody gave their answers is erased with them, so that everybody counts who might have been in it.
    """
    gone = Participant.objects.filter(
        study__project=release.project,
        state=ParticipantState.WITHDRAWN,
        withdrawn_at__gt=release.frozen_at,
        arrived_at__lt=release.frozen_at,
        consent__isnull=False,
        is_test=False,
        is_simulated=False,
    )
    counts = gone.order_by().values("study__title").annotate(n=Count("pk")).order_by("study__title")
    return [Concern(title, n) for title, n in counts.values_list("study__title", "n")]
