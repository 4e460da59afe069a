"""Claiming, handing in and passing over: the acts of the queue of annotation.

An assignment is one image for one annotator slot. Claiming is one statement that skips rows others are claiming, so
no image goes beyond its overlap; a lease that runs out puts the slot back.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Max, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from annotation.models import Assignment, AssignmentState, Batch
from annotation.models.work import BatchPurpose, BatchTakers, SkipReason
from annotation.rules.admission import Demands, demands_of, must_be_admitted
from annotation.rules.gold import gold_slot
from annotation.working.leasing import lease_end, reclaim_run_out
from annotation.working.pacing import SHORTEST_LEASE, lease_seconds, pace_of
from annotation.working.queueing import (
    captions_left,
    common_images,
    images_left,
    onward_first,
    open_slots,
    order_seed,
    versions_to_show,
)
from polyannot.kernel.errors import Conflict, Invalid
from projects.history import append_event
from projects.models import Membership

# Why an annotator may pass over an image.
GIVEN_REASONS = frozenset(SkipReason.values) - {SkipReason.NONE, SkipReason.GIVEN_ON}
# Nobody claims ahead unless so many more images are left: the last ones are for whoever asks first.
AHEAD_LEAVES = 10


def current_assignment(*, batch: Batch, annotator: User) -> Assignment | None:
    """Return the image that the annotator holds in this batch, the one held longest; None without one."""
    return (
        Assignment.objects.filter(batch=batch, annotator=annotator, state=AssignmentState.LEASED)
        .order_by("started_at", "pk")
        .first()
    )


def claim_assignment(*, batch: Batch, annotator: User) -> Assignment | None:
    """Return the annotator's image in work, else claim the next one; None when nothing is left for them.

    Raises Denied while onboarding or changed guidelines are asked of them first; an image in work is finished. The
    captions shown are fixed with the claim: the pool's first ones by rank, or those that a slot was opened for,
    shuffled by a stored seed.
    """
    held = current_assignment(batch=batch, annotator=annotator)
    if held is not None:
        renew_lease(held)
        return held
    if batch.closed_at is not None:
        return None
    with transaction.atomic():
        _wait_for_own_claims(batch, annotator)
        held = current_assignment(batch=batch, annotator=annotator)
        return held if held is not None else _claim(batch, annotator)


def claim_ahead(*, batch: Batch, annotator: User, beside: Assignment) -> Assignment | None:
    """Return the image that comes after the one in hand, claimed already, so that its captions can be prepared.

    One image ahead and no more: asking again returns the same one. A claim that is not used runs out after the
    shortest lease. None when fewer than AHEAD_LEAVES images would be left for others, or when `beside` is not in the
    annotator's hands. Raises Denied like `claim_assignment`.
    """
    if batch.closed_at is not None:
        return None
    with transaction.atomic():
        _wait_for_own_claims(batch, annotator)
        held = Assignment.objects.filter(batch=batch, annotator=annotator, state=AssignmentState.LEASED)
        in_hand = {slot.pk: slot for slot in held.order_by("started_at", "pk")}
        if beside.pk not in in_hand:
            return None
        later = list(in_hand)[list(in_hand).index(beside.pk) + 1 :]
        if later:
            return in_hand[later[0]]
        if not _is_own_queue(batch) and images_left(batch=batch, annotator=annotator) <= AHEAD_LEAVES:
            return None
        slot = _claim(batch, annotator)
        if slot is not None:
            unused = timezone.now() + timedelta(seconds=SHORTEST_LEASE)
            Assignment.objects.filter(pk=slot.pk).update(lease_until=unused)
        return slot


def _is_own_queue(batch: Batch) -> bool:
    """Say whether what somebody claims is theirs anyway."""
    return batch.purpose == BatchPurpose.CALIBRATION or batch.taken_by == BatchTakers.SAME


def _wait_for_own_claims(batch: Batch, annotator: User) -> None:
    """Let one tab of a person claim after the other, so that nobody holds two images of a batch by accident."""
    members = Membership.objects.filter(project_id=batch.project_id, user=annotator)
    list(members.select_for_update(no_key=True).values_list("pk"))


def _claim(batch: Batch, annotator: User) -> Assignment | None:
    """Claim the next image. Raises Denied while something is asked of the annotator first."""
    now = timezone.now()
    demands = demands_of(batch)
    must_be_admitted(demands=demands, project=batch.project, annotator=annotator)
    reclaim_run_out(batch=batch, now=now)
    if batch.purpose == BatchPurpose.CALIBRATION:
        slot = _common_slot(batch, annotator)
    else:
        slot = _gold_before_others(demands, batch, annotator) or _next_slot(batch, annotator)
    if slot is not None:
        _lease(slot, batch, annotator, now)
    return slot


def _gold_before_others(demands: Demands, batch: Batch, annotator: User) -> Assignment | None:
    """Return a gold slot where the claim is to carry one and ordinary ones are left; it holds no ordinary one up."""
    slot = gold_slot(demands=demands, batch=batch, annotator=annotator)
    is_over = slot is not None and not open_slots(batch=batch, annotator=annotator).exists()
    return None if is_over else slot


def _next_slot(batch: Batch, annotator: User) -> Assignment | None:
    slots = open_slots(batch=batch, annotator=annotator)
    for way in onward_first(slots, batch=batch, annotator=annotator):
        if (slot := way.select_for_update(skip_locked=True, of=("self",)).first()) is not None:
            return slot
    return None


def _common_slot(batch: Batch, annotator: User) -> Assignment | None:
    """Return a slot of the next image of a calibration batch, a new one where all are taken: everybody gets each."""
    like = common_images(batch=batch, annotator=annotator).first()
    return _any_slot(batch, like) if like is not None else None


def _any_slot(batch: Batch, like: Assignment) -> Assignment:
    slots = Assignment.objects.filter(batch=batch, image_id=like.image_id, is_gold=False)
    waiting = slots.filter(state=AssignmentState.OPEN).order_by("slot", "pk")
    if (slot := waiting.select_for_update(skip_locked=True, of=("self",)).first()) is not None:
        return slot
    # One new slot after the other: the batch's row is the queue for the next number.
    Batch.objects.select_for_update(no_key=True, of=("self",)).get(pk=batch.pk)
    number = (slots.aggregate(last=Max("slot"))["last"] or 0) + 1
    fresh = slot_again(like)
    fresh.slot = number
    fresh.save()
    return fresh


def _lease(slot: Assignment, batch: Batch, annotator: User, now: datetime) -> None:
    slot.annotator = annotator
    slot.state = AssignmentState.LEASED
    slot.started_at = now
    slot.order_seed = order_seed(batch=batch, image_id=slot.image_id, annotator=annotator)
    slot.version_ids = versions_to_show(batch=batch, slot=slot, seed=slot.order_seed)
    slot.lease_seconds = lease_seconds(
        pace=pace_of(annotator=annotator, project=batch.project), n_captions=len(slot.version_ids)
    )
    slot.lease_until = lease_end(slot, now)
    columns = "annotator state started_at order_seed version_ids lease_seconds lease_until".split()
    slot.save(update_fields=None if slot.pk is None else columns)


def take_back(*, slot: Assignment, batch: Batch, annotator: User) -> Assignment | None:
    """Lease an image again whose lease ran out while its annotator was away, so that late work finds its place.

    `slot` is what the annotator held before. Returns the annotator's assignment of that image (the same slot, or
    another open one of the image that asks about the same captions), None when the image has gone to others up to its
    overlap.
    """
    with transaction.atomic():
        _wait_for_own_claims(batch, annotator)
        mine = Assignment.objects.filter(batch=batch, image=slot.image_id, annotator=annotator).first()
        if mine is not None or batch.closed_at is not None:
            return mine
        free = (
            _any_slot(batch, slot)
            if batch.purpose == BatchPurpose.CALIBRATION
            else _slot_like(slot, annotator)
        )
        if free is None:
            return None
        _lease(free, batch, annotator, timezone.now())
        append_event(actor=annotator, act="image_taken_back", row=free)
    return free


def _slot_like(slot: Assignment, annotator: User) -> Assignment | None:
    same = Assignment.objects.filter(
        Q(reserved_for=None) | Q(reserved_for=annotator),
        batch=slot.batch_id,
        image=slot.image_id,
        state=AssignmentState.OPEN,
        chosen_ids=slot.chosen_ids,
    )
    own_first = same.order_by(F("reserved_for").asc(nulls_last=True), "slot", "pk")
    return own_first.select_for_update(skip_locked=True, of=("self",)).first()


def renew_lease(assignment: Assignment) -> None:
    """Push the end of the lease out from now; harmless when the lease has been lost."""
    Assignment.objects.filter(
        pk=assignment.pk, annotator=assignment.annotator_id, state=AssignmentState.LEASED
    ).update(lease_until=lease_end(assignment, timezone.now()))


def renew_leases(*, batch: Batch, annotator: User) -> None:
    """Push the end of every lease that the annotator holds in a batch out from now: the image in work and the next."""
    held = Assignment.objects.filter(batch=batch, annotator=annotator, state=AssignmentState.LEASED)
    for assignment in held:
        renew_lease(assignment)


def finish_assignment(*, assignment: Assignment, annotator: User) -> None:
    """Mark an image as done; finishing twice is harmless. Raises Conflict while captions wait for a judgment."""
    with transaction.atomic():
        held = Assignment.objects.select_for_update(no_key=True, of=("self",)).get(pk=assignment.pk)
        if held.state == AssignmentState.DONE and held.annotator_id == annotator.pk:
            return
        if held.annotator_id != annotator.pk or held.state != AssignmentState.LEASED:
            raise Conflict(
                "assignment_lost", _("This image is no longer with you; your judgments of it were kept.")
            )
        if (left := captions_left(held)) > 0:
            raise Conflict(
                "captions_left",
                _("%(left)d captions of this image still wait for your judgment.") % {"left": left},
            )
        held.state = AssignmentState.DONE
        held.finished_at = timezone.now()
        held.lease_until = None
        held.save(update_fields=["state", "finished_at", "lease_until"])
        append_event(actor=annotator, act="image_finished", row=held)


def skip_assignment(*, assignment: Assignment, annotator: User, reason: str, note: str = "") -> None:
    """Pass over an image with a reason; the slot opens for somebody else. Raises Invalid, Conflict."""
    if reason not in GIVEN_REASONS:
        raise Invalid("skip_reason_needed", _("Say why you skip this image."))
    with transaction.atomic():
        held = Assignment.objects.select_for_update(no_key=True, of=("self",)).get(pk=assignment.pk)
        if held.annotator_id != annotator.pk or held.state != AssignmentState.LEASED:
            raise Conflict("assignment_lost", _("This image is no longer with you; nothing was changed."))
        held.state = AssignmentState.SKIPPED
        held.skip_reason = reason
        held.note = note
        held.finished_at = timezone.now()
        held.lease_until = None
        held.save(update_fields=["state", "skip_reason", "note", "finished_at", "lease_until"])
        if not held.is_gold:
            slot_again(held).save()
        append_event(actor=annotator, act="image_skipped", row=held, fields=["skip_reason"])


def slot_again(slot: Assignment) -> Assignment:
    """Return an open slot, not saved yet, that asks anybody what this one asked somebody."""
    return Assignment(
        project_id=slot.project_id,
        batch_id=slot.batch_id,
        image_id=slot.image_id,
        slot=slot.slot,
        position=slot.position,
        chosen_ids=slot.chosen_ids,
    )
