"""Taking a cleaning back, all of it or one caption: dropped ones come into the pool again, texts are as they were."""

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from annotation.captions.fix_undoing import Undone
from annotation.captions.holding import holds_of
from annotation.models import (
    Assignment,
    AssignmentState,
    Caption,
    CaptionVersion,
    Cleaning,
    CleaningHold,
    CleaningItem,
    CleaningOutcome,
    DropReason,
    VersionState,
)
from polyannot.kernel.errors import Conflict
from projects.history import append_event

# Captions taken back in one statement each.
PORTION = 2_000
STANDING = (CleaningOutcome.DROPPED, CleaningOutcome.CHANGED)


def undo_cleaning(*, cleaning: Cleaning, actor: User) -> Undone:
    """Take back everything that a cleaning did, but for texts that people work with by now; those are listed.

    Raises Conflict while it is at work, or where it was undone already.
    """
    with transaction.atomic():
        locked = Cleaning.objects.select_for_update(no_key=True, of=("self",)).get(pk=cleaning.pk)
        if locked.undone_at is not None:
            raise Conflict("cleaning_undone", _("This cleaning was undone already; nothing was changed."))
        if locked.job.is_active:
            raise Conflict("cleaning_at_work", _("The cleaning is still at work: cancel it first."))
        n_undone = n_kept = 0
        while items := list(_standing(locked)[:PORTION]):
            n_held = len(_take_back(items))
            n_undone, n_kept = n_undone + len(items) - n_held, n_kept + n_held
        locked.undone_at, locked.undone_by = timezone.now(), actor
        locked.save(update_fields=["undone_at", "undone_by"])
        append_event(actor=actor, act="cleaning_undone", row=locked, fields=["undone_at"])
    cleaning.refresh_from_db()
    return Undone(n_undone=n_undone, n_kept=n_kept)


def undo_item(*, item: CleaningItem, actor: User) -> CleaningItem:
    """Take back what a cleaning did to one caption; later cleanings leave it as it is.

    Raises Conflict where it was taken back already, or people work with the new text by now.
    """
    with transaction.atomic():
        locked = _standing(item.cleaning).filter(pk=item.pk).first()
        if locked is None:
            raise Conflict("cleaning_item_ended", _("This was taken back already; nothing was changed."))
        if held := _take_back([locked]):
            raise Conflict(
                "cleaning_item_in_use", _("The cleaned text stays: %(why)s.") % {"why": held[locked.pk].label}
            )
        CleaningItem.objects.filter(pk=locked.pk).update(undone_by=actor)
        append_event(actor=actor, act="cleaning_undone", row=locked.caption, fields=["drop_reason", "text"])
    item.refresh_from_db()
    return item


def _standing(cleaning: Cleaning) -> QuerySet[CleaningItem]:
    items = CleaningItem.objects.filter(cleaning=cleaning, outcome__in=STANDING)
    return items.select_for_update(no_key=True, of=("self",)).order_by("pk")


def _take_back(items: list[CleaningItem]) -> dict[int, CleaningHold]:
    """Take these back, but for those that are held; they are noted as kept, and returned with why."""
    captions = [item.caption_id for item in items]
    images = Caption.objects.filter(pk__in=captions).order_by().values("image")
    slots = Assignment.objects.filter(image__in=images, state=AssignmentState.OPEN)
    list(slots.select_for_update(of=("self",)).order_by("pk").values_list("pk"))
    locked = Caption.objects.filter(pk__in=captions).select_for_update(no_key=True, of=("self",))
    list(locked.order_by("pk").values_list("pk"))
    holds = _holds([item for item in items if item.outcome == CleaningOutcome.CHANGED])
    free = [item for item in items if item.pk not in holds]
    for hold in set(holds.values()):
        held = [pk for pk, why in holds.items() if why == hold]
        CleaningItem.objects.filter(pk__in=held).update(outcome=CleaningOutcome.KEPT, hold=hold)
    dropped = [item.caption_id for item in free if item.outcome == CleaningOutcome.DROPPED]
    out = Caption.objects.filter(pk__in=dropped, drop_reason__in=[DropReason.CLEANED, DropReason.LEAKAGE])
    out.update(drop_reason=DropReason.NONE)
    changed = [item for item in free if item.outcome == CleaningOutcome.CHANGED]
    CaptionVersion.objects.filter(pk__in=[item.made_id for item in changed]).update(
        state=VersionState.WITHDRAWN
    )
    CaptionVersion.objects.filter(pk__in=[item.version_id for item in changed]).update(
        state=VersionState.BASE
    )
    CleaningItem.objects.filter(pk__in=[item.pk for item in free]).update(outcome=CleaningOutcome.UNDONE)
    return holds


def _holds(items: list[CleaningItem]) -> dict[int, CleaningHold]:
    """Return by item why its new text stays; one that is out of the pool now may go all the same."""
    used = holds_of([item.caption_id for item in items])
    bases = CaptionVersion.objects.filter(pk__in=[item.made_id for item in items], state=VersionState.BASE)
    given = set(bases.values_list("pk", flat=True))
    found: dict[int, CleaningHold] = {}
    for item in items:
        hold = used.get(item.caption_id, CleaningHold.NONE)
        if item.made_id not in given:
            hold = CleaningHold.BUILT_ON
        if hold not in {CleaningHold.NONE, CleaningHold.OUT, CleaningHold.TAKEN_BACK}:
            found[item.pk] = hold
    return found
