"""Ending a find-and-fix: a second person decides on its new texts as one act, or all of it is taken back as one act."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Case, CharField, Exists, OuterRef, Q, QuerySet, Value, When
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from annotation.models import (
    Adjudication,
    CaptionFix,
    CaptionVersion,
    FixItem,
    FixOutcome,
    FixReason,
    FixState,
    Judgment,
    VersionState,
)
from polyannot.kernel.errors import Conflict, Denied
from projects.access import Access
from projects.history import append_event
from projects.models import Role


@dataclass(frozen=True, slots=True)
class Undone:
    """What an undo came to: new texts taken back, and those that somebody works with by now."""

    n_undone: int
    n_kept: int


def undecided_texts(fix: CaptionFix) -> QuerySet[CaptionVersion]:
    """Return the new texts of a fix that no second person has decided on."""
    return CaptionVersion.objects.filter(
        made_by_fix__fix=fix,
        made_by_fix__outcome=FixOutcome.CHANGED,
        decided_by=None,
        state__in=[VersionState.PROPOSED, VersionState.ACCEPTED],
    )


def confirm_fix(*, fix: CaptionFix, reviewer: User, n_named: int, accept: bool = True) -> int:
    """Accept, or reject, all new texts of a fix that nobody has decided on, `n_named` of them; return how many.

    Raises Denied for who applied the fix, Conflict where the number has changed or the fix is not applied.
    """
    if fix.made_by_id == reviewer.pk:
        raise Denied("own_edit", _("Somebody else has to decide on your own edit."))
    with transaction.atomic():
        locked = _applied(fix)
        waiting = undecided_texts(locked).select_for_update(no_key=True, of=("self",)).order_by("pk")
        texts = list(waiting.values_list("pk", flat=True))
        if len(texts) != n_named:
            raise Conflict(
                "fix_moved_on",
                _("%(now)d texts wait now and not %(then)d; nothing was changed. Look at them again.")
                % {"now": len(texts), "then": n_named},
            )
        CaptionVersion.objects.filter(pk__in=texts).update(
            state=VersionState.ACCEPTED if accept else VersionState.REJECTED,
            decided_by=reviewer,
            decided_at=timezone.now(),
        )
        append_event(
            actor=reviewer, act="fix_confirmed" if accept else "fix_rejected", row=locked, fields=["state"]
        )
    return len(texts)


def undo_fix(*, fix: CaptionFix, access: Access) -> Undone:
    """Take back every new text that nobody has judged, decided on, built on or released; the others are listed.

    Raises Denied for who neither made the fix nor is a head annotator, Conflict where the fix is not applied.
    """
    actor = access.user
    with transaction.atomic():
        locked = _applied(fix)
        if locked.made_by_id != actor.pk and not access.may_act_as(Role.HEAD):
            raise Denied("fix_of_another", _("Only who applied this, or a head annotator, can undo it."))
        items = FixItem.objects.filter(fix=locked, outcome=FixOutcome.CHANGED)
        made = CaptionVersion.objects.filter(pk__in=items.values("made"))
        list(made.select_for_update(no_key=True, of=("self",)).order_by("pk").values_list("pk"))
        held = {version.pk: str(version.held_by) for version in _held(made)}
        by_reason: dict[str, list[int]] = {}
        for pk, reason in held.items():
            by_reason.setdefault(reason, []).append(pk)
        for reason, versions in by_reason.items():
            if reason:
                items.filter(made__in=versions).update(outcome=FixOutcome.KEPT, reason=reason)
        free = by_reason.get(FixReason.NONE, [])
        items.filter(made__in=free).update(outcome=FixOutcome.UNDONE)
        CaptionVersion.objects.filter(pk__in=free).update(state=VersionState.WITHDRAWN)
        CaptionFix.objects.filter(pk=locked.pk).update(
            state=FixState.UNDONE, undone_at=timezone.now(), undone_by=actor
        )
        append_event(actor=actor, act="fix_undone", row=locked, fields=["state"])
    fix.refresh_from_db()
    return Undone(n_undone=len(free), n_kept=len(held) - len(free))


def _held(made: QuerySet[CaptionVersion]) -> QuerySet[Any]:
    """Annotate new texts with what keeps them from being taken back, as `held_by`; empty where nothing does."""
    judged = Judgment.objects.filter(Q(version=OuterRef("pk")) | Q(edited_version=OuterRef("pk")))
    return made.annotate(
        held_by=Case(
            When(released_in__isnull=False, then=Value(FixReason.RELEASED)),
            When(Exists(judged), then=Value(FixReason.JUDGED)),
            When(Exists(Adjudication.objects.filter(version=OuterRef("pk"))), then=Value(FixReason.JUDGED)),
            When(decided_by__isnull=False, then=Value(FixReason.DECIDED)),
            When(
                Exists(
                    CaptionVersion.objects.filter(Q(parent=OuterRef("pk")) | Q(reverts_to=OuterRef("pk")))
                ),
                then=Value(FixReason.BUILT_ON),
            ),
            default=Value(FixReason.NONE),
            output_field=CharField(),
        )
    )


def _applied(fix: CaptionFix) -> CaptionFix:
    locked = CaptionFix.objects.select_for_update(no_key=True, of=("self",)).get(pk=fix.pk)
    if locked.state != FixState.APPLIED:
        raise Conflict(
            "fix_not_applied", _("This is not applied, or was undone already; nothing was changed.")
        )
    return locked
