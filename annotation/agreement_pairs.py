"""The captions behind a figure: which were judged by these two annotators, or got these two answers."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Case, CharField, Exists, F, OuterRef, Prefetch, Q, QuerySet, Value, When

from annotation.agreement_ratings import AFTER_EDIT
from annotation.models import Batch, CaptionVersion, Judgment
from projects.models import Project


@dataclass(frozen=True, slots=True)
class PairFilter:
    """Whose judgments, which two answers, and whether only those that differ."""

    batch: Batch | None = None
    first: UUID | None = None
    second: UUID | None = None
    answers: tuple[str, str] | None = None
    differ: bool = True


def with_outcome(judgments: QuerySet[Judgment]) -> QuerySet[Judgment]:
    """Annotate judgments with `outcome`: their label, with a good after an edit kept apart."""
    edited = When(edited_version__isnull=False, then=Value(AFTER_EDIT))
    return judgments.annotate(outcome=Case(edited, default=F("label"), output_field=CharField()))


def pairs_behind(project: Project, wanted: PairFilter) -> QuerySet[CaptionVersion]:
    """Return the imported captions that two annotators judged as the filter says, in the order of their images.

    `current_judgments` of each holds the judgments to show: of the two annotators, or of all.
    """
    judged = with_outcome(Judgment.objects.for_agreement().filter(project=project))
    if wanted.batch is not None:
        judged = judged.filter(batch=wanted.batch)
    first, second = _of(judged, wanted.first), _of(judged, wanted.second)
    here = first.filter(version=OuterRef("pk"))
    with_other = second.filter(version=OuterRef("version")).exclude(annotator=OuterRef("annotator"))
    if wanted.answers is not None:
        here = here.filter(Q(outcome=wanted.answers[0]))
        with_other = with_other.filter(Q(outcome=wanted.answers[1]))
    elif wanted.differ:
        with_other = with_other.exclude(Q(outcome=OuterRef("outcome")))
    versions = CaptionVersion.objects.filter(project=project, parent=None)
    shown = (
        judged
        if wanted.first is None
        else judged.filter(annotator__public_id__in=[who for who in (wanted.first, wanted.second) if who])
    )
    return (
        versions.filter(Exists(here.filter(Exists(with_other))))
        .select_related("image")
        .prefetch_related(
            Prefetch(
                "judgments",
                queryset=shown.select_related("annotator", "edited_version").order_by("annotator_id", "pk"),
                to_attr="current_judgments",
            )
        )
        .order_by("image__position", "image_id", "caption__pool_rank", "pk")
    )


def _of(judged: QuerySet[Judgment], annotator: UUID | None) -> QuerySet[Judgment]:
    return judged.filter(annotator__public_id=annotator) if annotator else judged
