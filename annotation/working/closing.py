"""Ending a batch, and giving on what somebody left half done."""

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from annotation.models import Assignment, AssignmentState, Batch, BatchPurpose, Judgment
from annotation.models.work import SkipReason
from annotation.working.assigning import slot_again
from annotation.working.completing import note_done
from annotation.working.leasing import put_back
from polyannot.kernel.errors import Conflict
from projects.history import append_event, append_events

# One act gives on no more images than this; pressing again goes on.
MOST_GIVEN_ON = 1000


def close_batch(*, batch: Batch, actor: User) -> None:
    """End a batch: nobody claims or judges in it any more, all that was judged stays. Raises Conflict if it is closed.

    Judgments sent back for review can still be revised.
    """
    _set_closed(batch, actor, is_closed=True)


def reopen_batch(*, batch: Batch, actor: User) -> None:
    """Let the annotators go on where they were. Raises Conflict if the batch is open or holds imported judgments."""
    if batch.purpose == BatchPurpose.IMPORTED:
        raise Conflict("batch_imported", _("This batch holds judgments made elsewhere; nobody judges in it."))
    _set_closed(batch, actor, is_closed=False)


def _set_closed(batch: Batch, actor: User, *, is_closed: bool) -> None:
    with transaction.atomic():
        changed = Batch.objects.filter(pk=batch.pk, closed_at__isnull=is_closed).update(
            closed_at=timezone.now() if is_closed else None
        )
        if not changed:
            raise Conflict("batch_moved_on", _("Somebody did this already; nothing was changed."))
        append_event(
            actor=actor,
            act="batch_closed" if is_closed else "batch_reopened",
            row=batch,
            fields=["closed_at"],
        )
        if is_closed:
            note_done(batch)


def give_on(held: Sequence[Assignment]) -> None:
    """Open leased images for others; the caller holds their rows.

    A slot of which nothing is judged opens again; a half judged one keeps its annotator, and a new one opens.
    """
    pks = [slot.pk for slot in held]
    judged = set(Judgment.objects.filter(assignment__in=pks).values_list("assignment", flat=True))
    begun = [slot for slot in held if slot.pk in judged or slot.is_gold]
    put_back([slot.pk for slot in held if slot not in begun])
    Assignment.objects.filter(pk__in=[slot.pk for slot in begun]).update(
        state=AssignmentState.SKIPPED,
        skip_reason=SkipReason.GIVEN_ON,
        finished_at=timezone.now(),
        lease_until=None,
    )
    Assignment.objects.bulk_create([slot_again(slot) for slot in begun if not slot.is_gold])


def give_on_interrupted(*, batch: Batch, actor: User) -> int:
    """Open every image again whose annotator let the lease run out; return how many.

    Where they stopped half-way, what they judged stays theirs and counts, and somebody else judges the image as a
    whole in a new slot. Where they judged nothing, the slot waits as if nobody had had it.
    """
    with transaction.atomic():
        left = list(
            Assignment.objects.select_for_update(skip_locked=True, of=("self",)).filter(
                batch=batch, state=AssignmentState.LEASED, lease_until__lt=timezone.now()
            )[:MOST_GIVEN_ON]
        )
        give_on(left)
        append_events(actor=actor, act="image_given_on", rows=left, fields=["state"])
    return len(left)
