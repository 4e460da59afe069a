"""Find-and-fix over many captions: drafted, looked at, applied as one act with its count, undone as one act.

draft -> running -> applied -> undone; draft -> discarded. The rules are explained in docs/algorithms/editing.md.
"""

from collections.abc import Collection, Sequence

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from annotation.captions.editing import checked_kinds
from annotation.captions.fix_writing import change_captions
from annotation.captions.fixing_text import TextFix
from annotation.captions.searching import captions_found, filter_of
from annotation.models import CaptionFix, CaptionVersion, FixItem, FixOutcome, FixState
from polyannot.kernel.errors import Conflict, Denied, Invalid
from polyannot.kernel.text import one_line
from projects.access import Access
from projects.history import append_event
from projects.models import Role
from projects.queue import enqueue

KIND = "caption_fix"
LONGEST_PATTERN = 200
# Up to so many captions are changed while the person waits; more are a job on the default queue.
MOST_AT_ONCE = 300


def draft_fix(
    *,
    access: Access,
    pattern: str,
    replacement: str,
    kinds: Sequence[str],
    scope: str = "",
    is_whole_word: bool = True,
    is_case_sensitive: bool = True,
    accepts: bool = False,
) -> CaptionFix:
    """Keep a find-and-fix to look at; no caption is changed.

    `scope` is the query of a caption filter. Raises Invalid for a pattern that is empty, too long or equal to its
    replacement, and for kinds that are none; Denied where somebody who is no head annotator would accept.
    """
    pattern, replacement = one_line(pattern), one_line(replacement)
    if not pattern or max(len(pattern), len(replacement)) > LONGEST_PATTERN:
        raise Invalid(
            "fix_pattern", _("Say what to look for, in at most %(n)d characters.") % {"n": LONGEST_PATTERN}
        )
    if pattern == replacement:
        raise Invalid("fix_changes_nothing", _("The text to find and the text in its place are the same."))
    if accepts and not access.may_act_as(Role.HEAD):
        raise Denied("fix_accepts", _("Only head annotators accept edits; you can propose them."))
    with transaction.atomic():
        fix = CaptionFix.objects.create(
            project=access.project,
            pattern=pattern,
            replacement=replacement,
            is_whole_word=is_whole_word,
            is_case_sensitive=is_case_sensitive,
            kinds=checked_kinds(kinds),
            scope=filter_of(scope).query,
            accepts=accepts,
            made_by=access.user,
        )
        append_event(actor=access.user, act="fix_drafted", row=fix)
    return fix


def text_fix(fix: CaptionFix) -> TextFix:
    """Return what the fix does to one text."""
    return TextFix(fix.pattern, fix.replacement, fix.is_whole_word, fix.is_case_sensitive)


def versions_found(access: Access, fix: CaptionFix) -> list[tuple[int, str]]:
    """Return id and text of every standing text in the scope that holds what is looked for, in the order of import."""
    captions = captions_found(access, filter_of(fix.scope)).order_by()
    standing = CaptionVersion.objects.filter(project=access.project).current()
    if fix.scope:
        standing = standing.filter(caption__in=captions.values("pk"))
    lookup = "text__contains" if fix.is_case_sensitive else "text__icontains"
    candidates = standing.filter(**{lookup: fix.pattern}).order_by("caption_id").values_list("pk", "text")
    rule = text_fix(fix)
    return [(pk, text) for pk, text in candidates.iterator(chunk_size=5000) if rule.finds(text)]


def leave_out(*, fix: CaptionFix, actor: User, shown: Collection[int], ticked: Collection[int]) -> None:
    """Remember which of the versions shown on a page of the preview stay as they are. Raises Denied, Conflict."""
    with transaction.atomic():
        locked = _drafted(fix, actor)
        out = set(shown) - set(ticked)
        FixItem.objects.filter(fix=locked, version__in=set(shown) - out).delete()
        own = CaptionVersion.objects.filter(pk__in=out, project_id=locked.project_id).values_list(
            "pk", flat=True
        )
        FixItem.objects.bulk_create(
            [
                FixItem(project_id=locked.project_id, fix=locked, version_id=pk, outcome=FixOutcome.LEFT_OUT)
                for pk in own
            ],
            ignore_conflicts=True,
        )


def discard_fix(*, fix: CaptionFix, actor: User) -> None:
    """Put a draft away; nothing was changed by it. Raises Denied, Conflict once it is applied."""
    with transaction.atomic():
        locked = _drafted(fix, actor)
        locked.state = FixState.DISCARDED
        locked.save(update_fields=["state"])
        append_event(actor=actor, act="fix_discarded", row=locked, fields=["state"])


def apply_fix(*, fix: CaptionFix, access: Access, n_named: int) -> CaptionFix:
    """Change the captions that are found and ticked, `n_named` of them, now or by a job on the default queue.

    Captions that cannot be changed are passed over with their reason. Raises Denied, Invalid when nothing is ticked,
    Conflict where the number has changed since it was named.
    """
    found = [pk for pk, _text in versions_found(access, fix)]
    with transaction.atomic():
        locked = _drafted(fix, access.user)
        left_out = set(locked.items.values_list("version_id", flat=True))
        chosen = [pk for pk in found if pk not in left_out]
        if not chosen:
            raise Invalid("fix_empty", _("No caption is ticked; nothing was changed."))
        if len(chosen) != n_named:
            raise Conflict(
                "fix_moved_on",
                _("There are %(now)d captions now and not %(then)d; nothing was changed. Look at them again.")
                % {"now": len(chosen), "then": n_named},
            )
        locked.n_named = n_named
        locked.state = FixState.RUNNING
        if len(chosen) > MOST_AT_ONCE:
            locked.job = enqueue(
                kind=KIND,
                project=access.project,
                parameters={"fix": str(locked.public_id), "newest": max(chosen)},
                asked_by=access.user,
            )
        locked.save(update_fields=["n_named", "state", "job"])
        append_event(actor=access.user, act="fix_asked", row=locked, fields=["n_named", "state"])
        if locked.job is None:
            change_captions(fix=locked, version_ids=chosen)
            conclude_fix(fix=locked)
    return locked


def conclude_fix(*, fix: CaptionFix) -> None:
    """Mark a running fix as applied; call it once every caption has been treated."""
    with transaction.atomic():
        changed = CaptionFix.objects.filter(pk=fix.pk, state=FixState.RUNNING).update(
            state=FixState.APPLIED, applied_at=timezone.now()
        )
        if changed:
            append_event(actor=fix.made_by, act="fix_applied", row=fix, fields=["state"])
    fix.refresh_from_db()


def _drafted(fix: CaptionFix, actor: User) -> CaptionFix:
    """Lock a draft of this person. Raises Conflict once it is none any more, Denied for somebody else's."""
    locked = CaptionFix.objects.select_for_update(no_key=True, of=("self",)).get(pk=fix.pk)
    if locked.state != FixState.DRAFT:
        raise Conflict(
            "fix_no_draft", _("This was applied or put away in the meantime; nothing was changed.")
        )
    if locked.made_by_id != actor.pk:
        raise Denied("fix_of_another", _("Somebody else prepared this; make your own from the search."))
    return locked


def fixes_of(access: Access) -> QuerySet[CaptionFix]:
    """Return the fixes of the project that the person may see, the newest first: drafts only their own."""
    fixes = CaptionFix.objects.filter(project=access.project).exclude(state=FixState.DISCARDED)
    drafts_of_others = CaptionFix.objects.filter(state=FixState.DRAFT).exclude(made_by=access.user)
    return fixes.exclude(pk__in=drafts_of_others.values("pk")).select_related("made_by").order_by("-pk")
