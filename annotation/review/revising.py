"""Revising after feedback: a new judgment beside the old one, and a word to the head annotator."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from annotation.models import Judgment, ReviewItem
from annotation.models.reviews import ReviewState
from annotation.working.grounds import read_ground
from annotation.working.judging import GivenJudgment, add_judgment
from polyannot.kernel.errors import Conflict, Denied, Invalid
from polyannot.kernel.text import many_lines
from projects.history import append_event, append_events
from projects.models import Project

LONGEST_REPLY = 2000


def revise_judgment(
    *, item: ReviewItem, annotator: User, given: GivenJudgment, reply: str = ""
) -> Judgment | None:
    """Answer a returned judgment with a new one; sending the same answer again changes nothing.

    The new judgment has `is_revision` set and stays out of agreement. Returns it. Raises Denied for somebody else's
    judgment, Conflict when the item does not wait for a revision, Invalid without a label.
    """
    if given.label is None:
        raise Invalid("label_needed", _("Choose a label; keeping the one you gave is an answer too."))
    with transaction.atomic():
        locked = ReviewItem.objects.select_for_update(no_key=True, of=("self",)).get(pk=item.pk)
        judgment = Judgment.objects.select_related("version", "assignment").get(pk=locked.judgment_id)
        if judgment.annotator_id != annotator.pk:
            raise Denied("judgment_of_another", _("Only the annotator can revise their own judgment."))
        if locked.revision is not None and locked.revision.public_id == given.public_id:
            return locked.revision
        if locked.state != ReviewState.RETURNED:
            raise Conflict("item_not_returned", _("This judgment does not wait for your answer any more."))
        locked.revision = _revision(judgment, annotator, given)
        locked.state = ReviewState.REVISED
        locked.reply = many_lines(reply)[:LONGEST_REPLY]
        locked.revised_at = timezone.now()
        locked.seen_at = locked.seen_at or locked.revised_at
        locked.save(update_fields=["revision", "state", "reply", "revised_at", "seen_at"])
        append_event(actor=annotator, act="judgment_revised", row=locked, fields=["state", "revision"])
    return locked.revision


def _revision(judgment: Judgment, annotator: User, given: GivenJudgment) -> Judgment:
    ground = read_ground(
        assignment=judgment.assignment.public_id,
        annotator_id=annotator.pk,
        version=judgment.version.public_id,
        label=given.label,
        judgment=given.public_id,
    )
    assert ground is not None
    if ground.known_to is not None:
        raise Conflict("judgment_known", _("This answer was sent before; reload and look again."))
    added = add_judgment(ground=ground, annotator=annotator, given=given, is_revision=True)
    if added is None or not added.is_current or added.public_id != given.public_id:
        raise Conflict("judgment_moved_on", _("You changed this judgment elsewhere; reload and look again."))
    return added


def mark_feedback_seen(*, project: Project, annotator: User) -> int:
    """Note that the annotator has the returned judgments before their eyes; return how many were new."""
    with transaction.atomic():
        new = list(
            ReviewItem.objects.select_for_update(no_key=True, of=("self",)).filter(
                project=project, judgment__annotator=annotator, state=ReviewState.RETURNED, seen_at=None
            )
        )
        ReviewItem.objects.filter(pk__in=[item.pk for item in new]).update(seen_at=timezone.now())
        append_events(actor=annotator, act="feedback_seen", rows=new, fields=["seen_at"])
    return len(new)
