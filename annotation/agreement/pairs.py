"""The captions behind a figure of a stored report: read from its cells, so that a page asks the same of any project."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from accounts.models import User
from annotation.models import AgreementCell, AgreementReport, Batch, CaptionVersion, CellKind, Judgment


@dataclass(frozen=True, slots=True)
class PairFilter:
    """Whose judgments, which two answers, which period; `which` is differ, both or majority."""

    first: UUID | None = None
    second: UUID | None = None
    answers: tuple[str, str] | None = None
    period: str = ""
    which: str = CellKind.DIFFER


def cell_behind(report: AgreementReport, wanted: PairFilter) -> AgreementCell | None:
    """Return the stored cell that the filter names; None where no caption fits."""
    cells = AgreementCell.objects.filter(report=report)
    if wanted.answers is not None:
        row, column = wanted.answers
        return cells.filter(kind=CellKind.ANSWERS, row=row, column=column).first()
    if wanted.period:
        return cells.filter(kind=CellKind.PERIOD, period=wanted.period).first()
    people = sorted(
        User.objects.filter(public_id__in=[who for who in (wanted.first, wanted.second) if who]),
        key=lambda user: user.pk,
    )
    first, second = (*people, None, None)[:2]
    kind = CellKind.MAJORITY if wanted.which == CellKind.MAJORITY and first and not second else wanted.which
    if kind == CellKind.MAJORITY and (second or not first):
        kind = CellKind.DIFFER
    return cells.filter(kind=kind, first=first, second=second).first()


def versions_of(report: AgreementReport, ids: list[int], wanted: PairFilter) -> list[CaptionVersion]:
    """Return the captions of these ids in their order.

    `current_judgments` of each holds the judgments to show as they are now: of the two annotators, or of all; in the
    batches of the report.
    """
    judged = Judgment.objects.for_agreement().filter(project=report.project, batch__in=_batches(report))
    if wanted.first is not None and wanted.which != CellKind.MAJORITY and wanted.second is not None:
        judged = judged.filter(annotator__public_id__in=[wanted.first, wanted.second])
    found = (
        CaptionVersion.objects.filter(project=report.project, pk__in=ids)
        .select_related("image")
        .prefetch_related(
            Prefetch(
                "judgments",
                queryset=judged.select_related("annotator", "edited_version").order_by("annotator_id", "pk"),
                to_attr="current_judgments",
            )
        )
    )
    by_id = {version.pk: version for version in found}
    return [by_id[pk] for pk in ids if pk in by_id]


def _batches(report: AgreementReport) -> QuerySet[Batch]:
    chosen = report.batches.all()
    return chosen if chosen.exists() else Batch.objects.filter(schema=report.schema)


def people_of(report: AgreementReport) -> list[tuple[str, str]]:
    """Return the annotators of a report by name: public id, name."""
    ids = [row["rater"] for row in report.figures["annotators"]]
    found = User.objects.filter(public_id__in=ids)
    return sorted(((str(user.public_id), str(user)) for user in found), key=lambda row: row[1])
