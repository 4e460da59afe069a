"""Leases: until when an image is somebody's, and what becomes of it afterwards (docs/algorithms/assignment.md)."""

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef

from annotation.models import Assignment, AssignmentState, Batch, Judgment

# One claim puts back no more run-out slots than this; the next claim goes on.
MOST_RECLAIMED = 100


def lease_end(slot: Assignment, now: datetime) -> datetime:
    """Return when the lease of a slot runs out if this moment is the last sign of work."""
    return now + timedelta(seconds=slot.lease_seconds)


def reclaim_run_out(*, batch: Batch, now: datetime) -> int:
    """Put slots whose lease ran out before anything was judged back into the queue; return how many.

    A slot with judgments stays with its annotator: their work is not given to somebody else half done.
    """
    run_out = (
        Assignment.objects.filter(
            batch=batch, state=AssignmentState.LEASED, is_gold=False, lease_until__lt=now
        )
        .filter(~Exists(Judgment.objects.filter(assignment=OuterRef("pk"))))
        .select_for_update(skip_locked=True, of=("self",))
    )
    # Locked first, skipping what others hold: two claims that reclaim at once cannot wait for each other.
    slots = list(run_out.values_list("pk", flat=True)[:MOST_RECLAIMED])
    return put_back(slots) if slots else 0


def put_back(slots: list[int]) -> int:
    """Open leased slots again, as if nobody had claimed them; the caller holds their rows. Return how many."""
    return Assignment.objects.filter(pk__in=slots, state=AssignmentState.LEASED, is_gold=False).update(
        state=AssignmentState.OPEN,
        annotator=None,
        lease_until=None,
        started_at=None,
        order_seed=None,
        version_ids=[],
    )
