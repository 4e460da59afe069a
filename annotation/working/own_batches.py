"""The batches of one annotator as they see them: open ones with their own progress, and their last images."""

from collections import Counter
from dataclasses import dataclass

from django.db.models import Count, Max, Q, QuerySet

from accounts.models import User
from annotation.models import (
    Assignment,
    AssignmentState,
    Batch,
    Judgment,
    LabelMeaning,
)
from annotation.rules.gold import images_ahead
from annotation.working.queueing import MOST_COUNTED
from projects.models import Project

# How many finished images the list "Previous images" goes back.
MOST_PREVIOUS = 12
# Sequence numbers rise by the clock: the highest is among the last so many judgments that arrived.
RECENT_JUDGMENTS = 500


def done_by(*, batch: Batch, annotator: User) -> QuerySet[Assignment]:
    """Return the images of a batch that the annotator has handed in."""
    return Assignment.objects.filter(batch=batch, annotator=annotator, state=AssignmentState.DONE)


def previous_images(*, batch: Batch, annotator: User) -> QuerySet[Assignment]:
    """Return the annotator's last finished images of a batch, the last first, with their own counts."""
    # First which, then their counts: nothing is counted of images that are not shown.
    last = done_by(batch=batch, annotator=annotator).order_by("-finished_at").values_list("pk", flat=True)
    mine = Q(judgments__annotator=annotator, judgments__is_current=True)
    return (
        Assignment.objects.filter(pk__in=list(last[:MOST_PREVIOUS]))
        .select_related("image")
        .annotate(
            n_good=Count("judgments", filter=mine & Q(judgments__meaning=LabelMeaning.GOOD)),
            n_judged=Count("judgments", filter=mine & Q(judgments__label__isnull=False)),
        )
        .order_by("-finished_at", "-pk")
    )


def last_sequence(*, batch: Batch, annotator: User) -> int:
    """Return the highest sequence number that the annotator has used lately, 0 before the first judgment."""
    newest = Judgment.objects.filter(annotator=annotator).order_by("-pk")[:RECENT_JUDGMENTS]
    last = newest.aggregate(last=Max("client_sequence", filter=Q(batch=batch)))
    return int(last["last"] or 0)


@dataclass(frozen=True, slots=True)
class BatchOutlook:
    """An open batch as one annotator sees it: what they have done, and what is left for them."""

    batch: Batch
    n_done: int
    n_left: int
    is_in_work: bool

    @property
    def n_images(self) -> int:
        """Count the images that were or may become the annotator's."""
        return self.n_done + self.n_left

    @property
    def is_more(self) -> bool:
        """Say whether more images wait than were counted."""
        return self.n_left >= MOST_COUNTED

    @property
    def is_begun(self) -> bool:
        """Say whether the annotator has worked here."""
        return self.n_done > 0 or self.is_in_work


def open_batches(*, project: Project, annotator: User) -> list[BatchOutlook]:
    """Return the open batches of a project with the annotator's own progress, in the order of opening."""
    batches = Batch.objects.filter(project=project, closed_at=None).order_by("pk")
    mine = Assignment.objects.filter(project=project, annotator=annotator)
    states = Counter(mine.values_list("batch", "state"))
    return [
        BatchOutlook(
            batch=batch,
            n_done=states[batch.pk, AssignmentState.DONE],
            n_left=images_ahead(batch=batch, annotator=annotator) + states[batch.pk, AssignmentState.LEASED],
            is_in_work=states[batch.pk, AssignmentState.LEASED] > 0,
        )
        for batch in batches
    ]
