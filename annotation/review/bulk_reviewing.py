"""Several judgments under review in one act: what cannot be done is left as it is and named, the rest is done."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from annotation.captions.editing import withdraw_decision
from annotation.models import ReviewItem
from annotation.models.reviews import ReviewState
from annotation.review.reviewing import OPEN_STATES, accept_item, locked_item, under_review
from polyannot.kernel.errors import Conflict, Denied
from projects.history import append_event


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A judgment that a bulk act left as it is, and why, in words."""

    item: ReviewItem
    why: str


@dataclass(frozen=True, slots=True)
class BulkOutcome:
    """What became of a bulk act: the items that changed, and those left out with the reason."""

    done: Sequence[ReviewItem]
    left_out: Sequence[LeftOut]


def accept_items(*, items: Sequence[ReviewItem], head: User) -> BulkOutcome:
    """Accept several judgments in one act; one's own, and those whose edit was taken back, are left out and named."""
    waiting = [item for item in items if item.state in OPEN_STATES]
    return _each(waiting, lambda item: accept_item(item=item, head=head))


def reopen_items(*, items: Sequence[ReviewItem], head: User) -> BulkOutcome:
    """Take back one's own acceptances with the edits accepted by them; what a release holds is left out and named."""
    accepted = [item for item in items if item.state == ReviewState.ACCEPTED]
    return _each(accepted, lambda item: reopen_item(item=item, head=head))


def _each(items: Sequence[ReviewItem], act: Callable[[ReviewItem], ReviewItem]) -> BulkOutcome:
    done: list[ReviewItem] = []
    left_out: list[LeftOut] = []
    with transaction.atomic():
        # In a fixed order, so that two bulk acts cannot wait for each other.
        for item in sorted(items, key=lambda item: item.pk):
            try:
                with transaction.atomic():
                    done.append(act(item))
            except (Denied, Conflict) as refusal:
                left_out.append(LeftOut(item, str(refusal.message)))
    return BulkOutcome(done, left_out)


def reopen_item(*, item: ReviewItem, head: User) -> ReviewItem:
    """Take one's own acceptance back, with the edit accepted by it; one that is open already stays so.

    An edit that somebody else had accepted before stays accepted.

    Raises Denied for somebody else's acceptance, Conflict when a release holds the edit.
    """
    with transaction.atomic():
        locked = locked_item(item, head)
        if locked.state != ReviewState.ACCEPTED:
            return locked
        if locked.reviewer_id != head.pk:
            raise Denied("decided_by_another", _("Somebody else accepted this; only they can take it back."))
        edited = under_review(locked).edited_version
        if edited is not None and edited.decided_by_id == head.pk:
            withdraw_decision(version=edited, reviewer=head)
        locked.state = ReviewState.REVISED if locked.revision else ReviewState.WAITING
        locked.save(update_fields=["state"])
        append_event(actor=head, act="review_reopened", row=locked, fields=["state"])
    return locked
