"""Whether feedback helped: agreement on fresh random calibration sets, in the order in which they were opened.

Revised judgments are never used: that an annotator follows a comment on the same captions shows obedience, and captions
picked because they went wrong look better the second time by themselves. Rules in docs/algorithms/feedback-effect.md.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from django.db.models import Count, Q

from annotation.agreement.ratings import JudgmentsRead, Outcome, declared_scale, read_judgments
from annotation.agreement.scope import Scope
from annotation.models import Batch, BatchPurpose, Guideline, Judgment, ReviewRound
from annotation.models.reviews import ReviewState
from annotation.quality.figures import QualityFigures
from measures.agreement import Bootstrap, Ratings
from measures.agreement.preparing import Reading
from measures.agreement.results import plain
from measures.agreement.trend import series

RETURNED = (ReviewState.RETURNED, ReviewState.REVISED)


def compute_feedback_effect(scope: Scope, parameters: Mapping[str, Any]) -> QualityFigures:
    """Return the series of calibration sets of a set of labels, with the change from each to the next.

    An image counts in a set only if nobody had judged it before the set was opened; others are counted as left out.
    """
    sets = list(
        Batch.objects.filter(project=scope.project, schema=scope.schema, purpose=BatchPurpose.CALIBRATION)
        .select_related("guideline")
        .order_by("opened_at", "pk")
    )
    outcome = Outcome.WITH_EDITS if scope.schema.allows_edits else Outcome.LABELS
    read = (
        read_judgments(Scope(scope.project, scope.schema, tuple(sets)))
        if sets
        else JudgmentsRead(scope.schema)
    )
    stale = {batch.pk: _seen_before(batch) for batch in sets}
    kept = [
        place
        for place, (batch, image) in enumerate(zip(read.batches, read.images, strict=True))
        if image not in stale[batch]
    ]
    rated = {read.batches[place] for place in kept}
    used = [batch for batch in sets if batch.pk in rated]
    found = QualityFigures(len(kept), scope.last_judgment(), read.includes_demo)
    found.figures = {
        "outcome": outcome.value,
        "sets": [_set(batch, read, kept, stale[batch.pk]) for batch in used],
        "between": [_between(before, after) for before, after in pairwise(used)],
        **_series(read, kept, used, outcome, parameters),
    }
    return found


def _seen_before(batch: Batch) -> set[int]:
    """Return the images of a set that somebody had judged before it was opened."""
    images = batch.assignments.values("image")
    return set(
        Judgment.objects.filter(
            project=batch.project_id, image__in=images, made_at__lt=batch.opened_at, is_gold=False
        )
        .exclude(batch=batch)
        .values_list("image", flat=True)
    )


def _set(batch: Batch, read: JudgmentsRead, kept: Sequence[int], stale: set[int]) -> dict[str, Any]:
    own = [place for place in kept if read.batches[place] == batch.pk]
    return {
        "batch": str(batch.public_id),
        "name": batch.name,
        "opened_at": batch.opened_at.isoformat(),
        "guideline": batch.guideline.number,
        "seed": batch.seed,
        "images": len({read.images[place] for place in own}),
        "judgments": len(own),
        "left_out_images": len(stale),
    }


def _between(before: Batch, after: Batch) -> dict[str, Any]:
    """Return the feedback and the guidelines that came after one set was opened and before the next was."""
    rounds = (
        ReviewRound.objects.filter(
            project=before.project_id, opened_at__gte=before.opened_at, opened_at__lt=after.opened_at
        )
        .select_related("batch")
        .annotate(n_returned=Count("items", filter=Q(items__state__in=RETURNED)), n_items=Count("items"))
        .order_by("pk")
    )
    guidelines = Guideline.objects.filter(
        project=before.project_id, published_at__gt=before.opened_at, published_at__lte=after.opened_at
    ).order_by("number")
    return {
        "earlier": str(before.public_id),
        "later": str(after.public_id),
        "rounds": [
            {
                "round": str(row.public_id),
                "batch": row.batch.name,
                "opened_at": row.opened_at.isoformat(),
                "items": row.n_items,
                "returned": row.n_returned,
            }
            for row in rounds
        ],
        "guidelines": [{"number": row.number, "change": row.change_note} for row in guidelines],
    }


def _series(
    read: JudgmentsRead,
    kept: Sequence[int],
    used: Sequence[Batch],
    outcome: Outcome,
    parameters: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the points of the sets and the changes from each to the next and from the first to the last."""
    labels = read.outcomes(outcome)
    ratings = Ratings.from_columns(
        [read.versions[place] for place in kept],
        [read.annotators[place] for place in kept],
        [labels[place] for place in kept],
        [read.images[place] for place in kept],
    )
    declared = declared_scale(read.schema, outcome)
    names = {batch.pk: str(batch.public_id) for batch in used}
    set_of = {str(read.versions[place]): names[read.batches[place]] for place in kept}
    order = [str(batch.public_id) for batch in used]
    compared = [*pairwise(order), *([(order[0], order[-1])] if len(order) > 2 else [])]
    found = series(
        ratings,
        [set_of[item] for item in ratings.items],
        order,
        Reading(
            declared.categories,
            declared.level,
            None,
            declared.unsure,
            declared.positive,
            declared.negative,
        ),
        bootstrap=Bootstrap("clusters", parameters["replicates"], parameters["seed"]),
        compared=compared,
    )
    return {"points": plain(found.points), "changes": plain(found.changes)}
