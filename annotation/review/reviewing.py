"""Review and feedback: a head annotator draws judgments, accepts them, or sends them back with a comment.

States and who moves them are in docs/algorithms/review.md; the table's constraints hold them. Error rates come from
rounds drawn at random alone.
"""

import math
import random
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from annotation.captions.editing import decide_edit, propose_edit
from annotation.models import (
    Batch,
    CaptionVersion,
    Judgment,
    LabelMeaning,
    ReviewItem,
    ReviewRound,
    VersionState,
)
from annotation.models.reviews import ReviewDraw, ReviewFilter, ReviewState
from annotation.progress.verdicts import versions_in_pool
from annotation.review.adjudicating import adjudicate
from annotation.working.judging import GivenEdit
from measures.proportions import wilson
from polyannot.kernel.errors import Conflict, Denied, Invalid
from polyannot.kernel.text import many_lines
from projects.history import append_event
from projects.models import Project

# A judgment faster than this share of its annotator's median is unusually fast.
FAST_SHARE = 0.25
LONGEST_COMMENT = 2000
OPEN_STATES = (ReviewState.WAITING, ReviewState.REVISED)


@dataclass(frozen=True, slots=True)
class ErrorRate:
    """Share of randomly drawn judgments that the reviewer did not accept as given, with a 95% Wilson interval."""

    n: int
    n_errors: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """Return the share of errors, in [0, 1]."""
        return self.n_errors / self.n


def open_round(
    *, batch: Batch, head: User, draw: str, share: float = 1.0, chosen_filter: str = "", seed: int = 0
) -> ReviewRound:
    """Draw a round of judgments: a seeded random share of all, or those that a filter finds.

    Judgments that are already in a round, and the head annotator's own, are left out. Raises Invalid when nothing is
    drawn.
    """
    if draw not in ReviewDraw.values or chosen_filter not in ReviewFilter.values or not 0 < share <= 1:
        raise Invalid(
            "round_malformed", _("Choose a random share above 0 and up to 100%, or one of the filters.")
        )
    with transaction.atomic():
        # One round of a batch is drawn after the other, so that no judgment comes into two.
        Batch.objects.select_for_update(no_key=True, of=("self",)).get(pk=batch.pk)
        drawn = _drawn(_candidates(batch, head, chosen_filter), draw, share, seed)
        review_round = ReviewRound.objects.create(
            project_id=batch.project_id,
            batch=batch,
            draw=draw,
            share=share,
            filter=chosen_filter,
            seed=seed,
            opened_by=head,
        )
        ReviewItem.objects.bulk_create(
            [ReviewItem(project_id=batch.project_id, round=review_round, judgment_id=pk) for pk in drawn],
            batch_size=2000,
        )
        append_event(actor=head, act="review_round_opened", row=review_round)
    return review_round


def _drawn(candidates: QuerySet[Judgment], draw: str, share: float, seed: int) -> list[int]:
    """Return the judgments of a round. Raises Invalid when there are none."""
    drawn = list(candidates.values_list("pk", flat=True).order_by("pk"))
    if draw == ReviewDraw.RANDOM:
        drawn = sorted(random.Random(seed).sample(drawn, math.ceil(share * len(drawn))))
    if not drawn:
        raise Invalid(
            "round_empty", _("No judgment fits, or all that fit are under review; no round was opened.")
        )
    return drawn


def _candidates(batch: Batch, head: User, chosen_filter: str) -> QuerySet[Judgment]:
    judgments = (
        Judgment.objects.filter(batch=batch)
        .current()
        .exclude(annotator=head)
        .filter(~Exists(ReviewItem.objects.filter(Q(judgment=OuterRef("pk")) | Q(revision=OuterRef("pk")))))
    )
    if chosen_filter == ReviewFilter.UNSURE:
        return judgments.filter(meaning=LabelMeaning.UNSURE)
    if chosen_filter == ReviewFilter.EDITED:
        return judgments.filter(edited_version__isnull=False)
    if chosen_filter == ReviewFilter.DISAGREED:
        labels = (
            Judgment.objects.filter(batch=batch, version=OuterRef("version"))
            .current()
            .values("version")
            .annotate(kinds=Count("label", distinct=True))
            .values("kinds")
        )
        return judgments.annotate(kinds=labels[:1]).filter(Q(kinds__gt=1))
    if chosen_filter == ReviewFilter.FAST:
        return judgments.filter(pk__in=_unusually_fast(judgments))
    return judgments


def _unusually_fast(judgments: QuerySet[Judgment]) -> list[int]:
    """Return judgments faster than FAST_SHARE of their annotator's median; unmeasured ones left out."""
    timed: dict[int, list[tuple[int, int]]] = {}
    for pk, annotator, milliseconds in judgments.filter(duration_ms__gt=0).values_list(
        "pk", "annotator_id", "duration_ms"
    ):
        timed.setdefault(annotator, []).append((milliseconds, pk))
    fast = []
    for rows in timed.values():
        rows.sort()
        median = rows[len(rows) // 2][0]
        fast += [pk for milliseconds, pk in rows if milliseconds < FAST_SHARE * median]
    return fast


def accept_item(*, item: ReviewItem, head: User, comment: str = "") -> ReviewItem:
    """Accept the judgment under review, with its edit if it has one; accepting twice is harmless.

    Accepting an edit is a good on exactly that version by a second person. Raises Denied, Conflict.
    """
    with transaction.atomic():
        locked = locked_item(item, head)
        if locked.state == ReviewState.ACCEPTED:
            return locked
        _must_be_open(locked)
        judgment = under_review(locked)
        if judgment.edited_version is not None:
            if not judgment.is_current:
                raise Conflict(
                    "edit_taken_back",
                    _("The annotator has changed this judgment since; return it or give your own label."),
                )
            decide_edit(version=judgment.edited_version, reviewer=head, accept=True)
        return _decide(locked, head, ReviewState.ACCEPTED, comment)


def fix_item(
    *, item: ReviewItem, head: User, label: str, edit: GivenEdit | None = None, comment: str = ""
) -> ReviewItem:
    """Accept with an own fix: the head annotator's label becomes the final one, an own edit is proposed.

    The annotator's judgment stays as it is. Raises Denied, Conflict, Invalid.
    """
    with transaction.atomic():
        locked = locked_item(item, head)
        _must_be_open(locked)
        version = locked.judgment.version
        adjudicate(version=version, head=head, label=label, schema=locked.judgment.schema, note=comment)
        if edit is not None:
            propose_edit(parent=version, text=edit.text, kinds=edit.kinds, author=head)
        return _decide(locked, head, ReviewState.FIXED, comment)


def return_item(*, item: ReviewItem, head: User, comment: str, guideline_section: str = "") -> ReviewItem:
    """Send the judgment back with a comment and the part of the guidelines it is about. Raises Invalid, Conflict."""
    comment = many_lines(comment)[:LONGEST_COMMENT]
    if not comment:
        raise Invalid("comment_needed", _("Say what to look at again; nothing was returned."))
    with transaction.atomic():
        locked = locked_item(item, head)
        _must_be_open(locked)
        locked.guideline_section = guideline_section[:120]
        return _decide(locked, head, ReviewState.RETURNED, comment)


def locked_item(item: ReviewItem, head: User) -> ReviewItem:
    """Return the item with its row locked; call inside the act's transaction. Raises Denied for one's own judgment."""
    locked = (
        ReviewItem.objects.select_for_update(no_key=True, of=("self",))
        .select_related(
            "judgment__version", "judgment__schema", "judgment__edited_version", "revision__edited_version"
        )
        .get(pk=item.pk)
    )
    if locked.judgment.annotator_id == head.pk:
        raise Denied("own_judgment", _("Somebody else has to review your own judgments."))
    return locked


def _must_be_open(item: ReviewItem) -> None:
    if item.state not in OPEN_STATES:
        raise Conflict("item_decided", _("This judgment was decided in the meantime; nothing was changed."))


def under_review(item: ReviewItem) -> Judgment:
    """Return the judgment that is decided on: the revision once there is one."""
    return item.revision or item.judgment


def _decide(item: ReviewItem, head: User, state: ReviewState, comment: str) -> ReviewItem:
    item.state = state
    item.comment = many_lines(comment)[:LONGEST_COMMENT] or item.comment
    item.reviewer = head
    item.decided_at = timezone.now()
    item.seen_at = None if state == ReviewState.RETURNED else item.seen_at
    item.save(update_fields=["state", "comment", "guideline_section", "reviewer", "decided_at", "seen_at"])
    append_event(actor=head, act=f"review_{state}", row=item, fields=["state"])
    return item


IS_ERROR = Q(state__in=[ReviewState.RETURNED, ReviewState.REVISED, ReviewState.FIXED]) | Q(
    revision__isnull=False
)


def _decided_at_random(items: QuerySet[ReviewItem]) -> QuerySet[ReviewItem]:
    return items.filter(round__draw=ReviewDraw.RANDOM).exclude(state=ReviewState.WAITING)


def _rate(n: int, n_errors: int) -> ErrorRate | None:
    if n == 0:
        return None
    interval = wilson(n_errors, n)
    return ErrorRate(n=n, n_errors=n_errors, low=interval.low, high=interval.high)


def error_rate(items: QuerySet[ReviewItem]) -> ErrorRate | None:
    """Return the error rate over the decided items of random rounds; None when none is decided.

    An item that was ever returned counts as an error even after its revision was accepted.
    """
    decided = _decided_at_random(items)
    return _rate(decided.count(), decided.filter(IS_ERROR).count())


def error_rates(items: QuerySet[ReviewItem]) -> dict[int, ErrorRate]:
    """Return the error rate of each annotator by row id; annotators without a decided item of a random round lack."""
    counted = (
        _decided_at_random(items)
        .values("judgment__annotator")
        .annotate(n=Count("pk"), n_errors=Count("pk", filter=IS_ERROR))
        .order_by()
    )
    rates = {row["judgment__annotator"]: _rate(row["n"], row["n_errors"]) for row in counted}
    return {annotator: rate for annotator, rate in rates.items() if rate is not None}


def n_drawn_by_filter_first(project: Project) -> int:
    """Count the judgments that filters had drawn before a random round of the same batch: no rate speaks of them."""
    later = ReviewRound.objects.filter(
        batch=OuterRef("round__batch"), draw=ReviewDraw.RANDOM, pk__gt=OuterRef("round")
    )
    drawn = ReviewItem.objects.filter(project=project, round__draw=ReviewDraw.FILTER)
    return drawn.filter(Exists(later)).count()


def proposed_edits(project: Project) -> QuerySet[CaptionVersion]:
    """Return the edits in the project's pool that nobody has decided on and that a current judgment proposes."""
    proposed = Judgment.objects.current().filter(edited_version=OuterRef("pk"))
    return (
        versions_in_pool(project)
        .filter(Exists(proposed), state=VersionState.PROPOSED)
        .select_related("image", "parent", "author")
        .order_by("image__position", "image_id", "pk")
    )
