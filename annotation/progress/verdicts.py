"""What the project concludes about a version: adjudicated label, else unanimous, else undecided.

A label counts by its meaning, whatever it is called; neutral labels (grades, say) never touch the verdict.
Unsure and undecided versions are never released and never used as negatives. A released version has a good on exactly
that version by somebody other than its editor.
"""

from typing import Any

from django.db.models import (
    Case,
    CharField,
    Count,
    Exists,
    F,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from annotation.models import Adjudication, BatchPurpose, CaptionVersion, Judgment, LabelMeaning, VersionState
from annotation.models.captions import younger_accepted
from annotation.models.tallies import Verdict
from projects.models import Project

__all__ = [
    "Verdict",
    "bad_versions",
    "good_versions",
    "replaced_judgments",
    "versions_in_pool",
    "with_verdict",
]

# Judgments that may count: the annotator's last word in a batch, undone ones left out; gold pairs and neutral labels
# say nothing about the version.
TELLING = (LabelMeaning.GOOD, LabelMeaning.BAD, LabelMeaning.UNSURE)
CURRENT = Q(judgments__is_current=True, judgments__is_gold=False, judgments__meaning__in=TELLING)
AS_IS = Q(judgments__edited_version=None)


def replaced_judgments() -> QuerySet[Judgment, Any]:
    """Return the ids of judgments in whose place a later word of the same person on the same version has come.

    A later word is one of a re-annotation or calibration batch that was opened later (docs/algorithms/verdict.md).
    Read from the side of the later ones: they are few, and nobody pays for rounds that are not there.
    """
    return (
        Judgment.objects.current()
        .filter(
            meaning__in=TELLING,
            batch__purpose__in=[BatchPurpose.REANNOTATION, BatchPurpose.CALIBRATION],
            version__judgments__annotator=F("annotator"),
            version__judgments__is_current=True,
            version__judgments__batch__lt=F("batch"),
        )
        .order_by()
        .values("version__judgments")
    )


def with_verdict(versions: QuerySet[CaptionVersion]) -> QuerySet[CaptionVersion]:
    """Annotate versions with `n_judgments`, `n_good`, `n_bad`, `n_edited`, `n_unsure`, `adjudicated`, `verdict`.

    `adjudicated` is the final label and `adjudicated_meaning` what it means; the newest where sets of labels differ.
    `n_good` counts good as it is; a good with an edit says that the version itself was not good (`n_edited`).
    A caption has one good version at most: a good one with a younger accepted one beside it is replaced.
    """
    adjudicated = (
        Adjudication.objects.filter(version=OuterRef("pk"), is_current=True)
        .exclude(meaning=LabelMeaning.NEUTRAL)
        .order_by("-pk")
    )
    counts = CURRENT & ~Q(judgments__in=replaced_judgments())
    counted = versions.annotate(
        n_judgments=Count("judgments", filter=counts),
        n_good=Count("judgments", filter=counts & AS_IS & Q(judgments__meaning=LabelMeaning.GOOD)),
        n_bad=Count("judgments", filter=counts & Q(judgments__meaning=LabelMeaning.BAD)),
        n_unsure=Count("judgments", filter=counts & Q(judgments__meaning=LabelMeaning.UNSURE)),
        n_edited=Count("judgments", filter=counts & Q(judgments__edited_version__isnull=False)),
        n_needed=Coalesce(Max("judgments__batch__overlap", filter=CURRENT), Value(1)),
        adjudicated=Subquery(adjudicated.values("label")[:1]),
        adjudicated_meaning=Subquery(adjudicated.values("meaning")[:1]),
    )
    return counted.annotate(
        n_by_others=Count("judgments", filter=counts & ~Q(judgments__annotator=F("author"))),
        verdict=_verdict(Q(Exists(adjudicated))),
    )


def _verdict(is_adjudicated: Q) -> Case:
    """Return the verdict on a version that carries the counts of `with_verdict`; the first case that holds decides.

    Few versions are adjudicated, and few have a younger text: both are looked up for those alone that need it, and no
    condition stands in an inner Case, which the server would work out for every judgment.
    """
    is_replaced = Q(Exists(younger_accepted()))
    called_good = is_adjudicated & Q(adjudicated_meaning=LabelMeaning.GOOD)
    called_bad = is_adjudicated & Q(adjudicated_meaning=LabelMeaning.BAD)
    accepted = Q(state=VersionState.ACCEPTED)
    accepted_by_two = accepted & Q(decided_by__isnull=False)
    unanimous = Q(n_good=F("n_judgments"))
    return Case(
        When(called_bad, then=Value(Verdict.BAD)),
        When(called_good & is_replaced, then=Value(Verdict.REPLACED)),
        When(called_good, then=Value(Verdict.GOOD)),
        When(is_adjudicated, then=Value(Verdict.UNDECIDED)),
        When(accepted_by_two & is_replaced, then=Value(Verdict.REPLACED)),
        When(accepted_by_two, then=Value(Verdict.GOOD)),
        When(accepted & Q(n_by_others=0), then=Value(Verdict.INCOMPLETE)),
        When(
            state__in=[VersionState.REJECTED, VersionState.WITHDRAWN, VersionState.UNCLEANED],
            then=Value(Verdict.NOT_RELEASABLE),
        ),
        When(n_judgments=0, then=Value(Verdict.NOT_JUDGED)),
        When(n_judgments__lt=F("n_needed"), then=Value(Verdict.INCOMPLETE)),
        When(unanimous & is_replaced, then=Value(Verdict.REPLACED)),
        When(unanimous, then=Value(Verdict.GOOD)),
        When(n_bad=F("n_judgments"), then=Value(Verdict.BAD)),
        default=Value(Verdict.UNDECIDED),
        output_field=CharField(),
    )


def versions_in_pool(project: Project) -> QuerySet[CaptionVersion]:
    """Return the versions of captions that are in circulation, of active images; texts before cleaning are not."""
    versions = CaptionVersion.objects.filter(project=project, caption__drop_reason="", image__state="active")
    return versions.exclude(state=VersionState.UNCLEANED)


def good_versions(project: Project) -> QuerySet[CaptionVersion]:
    """Return the versions that may be released."""
    return with_verdict(versions_in_pool(project)).filter(Q(verdict=Verdict.GOOD))


def bad_versions(project: Project) -> QuerySet[CaptionVersion]:
    """Return the versions that people found bad: the only source of negatives and distractors."""
    return with_verdict(versions_in_pool(project)).filter(Q(verdict=Verdict.BAD))
