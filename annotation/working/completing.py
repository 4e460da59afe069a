"""Noting that a batch is done, once, and telling the project's webhooks so.

Whether a batch is done depends on its slots, on images and tallies and on who annotates now, so it is looked for in
turns and not by each act that may bring it about (docs/algorithms/webhooks.md).
"""

from django.db import transaction
from django.utils import timezone

from annotation.models import Assignment, AssignmentState, Batch
from annotation.working.batch_showing import standings
from projects.models import HookKind, Project
from projects.telling import tell


def note_done_batches() -> int:
    """Note every open batch of which nothing waits for an annotator any more; return how many there were."""
    unnoted = Batch.objects.filter(closed_at=None, done_at=None)
    noted = 0
    for project in Project.objects.filter(pk__in=unnoted.order_by().values("project")):
        for standing in standings(project):
            if standing.is_done and standing.n_done:
                noted += note_done(standing.batch)
    return noted


def note_done(batch: Batch) -> bool:
    """Note that a batch is done, or was closed; return whether nobody had noted it. Once is for ever."""
    with transaction.atomic():
        if not Batch.objects.filter(pk=batch.pk, done_at=None).update(done_at=timezone.now()):
            return False
        slots = Assignment.objects.filter(batch=batch, is_gold=False)
        tell(
            project=batch.project,
            kind=HookKind.BATCH_DONE,
            row=f"batches/{batch.public_id}/",
            id=batch.public_id,
            purpose=batch.purpose,
            is_closed=Batch.objects.filter(pk=batch.pk, closed_at__isnull=False).exists(),
            n_done=slots.filter(state=AssignmentState.DONE).count(),
            n_open=slots.filter(state__in=[AssignmentState.OPEN, AssignmentState.LEASED]).count(),
        )
    return True
