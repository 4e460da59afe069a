"""What one person has done in a project: their own counts and hours, for themselves and for their pay."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from django.db.models import Aggregate, Count, Q, QuerySet, Sum
from django.db.models.functions import TruncDate

from accounts.models import User
from annotation.models import Assignment, AssignmentState, Judgment
from projects.models import Project

CSV_COLUMNS = (
    "batch",
    "image",
    "caption",
    "label",
    "edited",
    "note",
    "mode",
    "is_revision",
    "is_current",
    "duration_ms",
    "made_at",
)


@dataclass(frozen=True, slots=True)
class WorkCount:
    """Work of one stretch: a day, a batch or all; `hours` is focused time, changes of mind included."""

    name: str | date
    n_judgments: int
    n_current: int
    n_edits: int
    n_images: int
    duration_ms: int

    @property
    def hours(self) -> float:
        """Return the focused time in hours."""
        return self.duration_ms / 3_600_000

    @property
    def minutes(self) -> float:
        """Return the focused time in minutes."""
        return self.duration_ms / 60_000


def own_judgments(*, project: Project, annotator: User) -> QuerySet[Judgment]:
    """Return every judgment row of the person in the project, undone and superseded ones too."""
    return Judgment.objects.filter(project=project, annotator=annotator)


COUNTS: dict[str, Aggregate] = {
    "n_judgments": Count("pk", filter=Q(label__isnull=False)),
    "n_current": Count("pk", filter=Q(is_current=True, label__isnull=False)),
    "n_edits": Count("pk", filter=Q(is_current=True, edited_version__isnull=False)),
    "duration_ms": Sum("duration_ms"),
}


def _finished(project: Project, annotator: User) -> QuerySet[Assignment]:
    return Assignment.objects.filter(project=project, annotator=annotator, state=AssignmentState.DONE)


def work_by_batch(*, project: Project, annotator: User) -> list[WorkCount]:
    """Return the person's work by batch, in the order of the batches."""
    finished = Counter(_finished(project, annotator).values_list("batch", flat=True))
    rows = own_judgments(project=project, annotator=annotator).values("batch", "batch__name")
    return [
        _count(row, row["batch__name"], finished[row["batch"]])
        for row in rows.annotate(**COUNTS).order_by("batch")
    ]


def work_by_day(*, project: Project, annotator: User) -> list[WorkCount]:
    """Return the person's work by day (UTC), the last day first, days on which images were only handed in too."""
    finished_at = _finished(project, annotator).values_list("finished_at", flat=True)
    finished = Counter(time.astimezone(UTC).date() for time in finished_at if time is not None)
    rows = own_judgments(project=project, annotator=annotator).values(day=TruncDate("made_at", tzinfo=UTC))
    by_day = {row["day"]: row for row in rows.annotate(**COUNTS)}
    none = dict.fromkeys(COUNTS, 0)
    return [
        _count(by_day.get(day, none), day, finished[day])
        for day in sorted({*by_day, *finished}, reverse=True)
    ]


def _count(row: Mapping[str, Any], name: str | date, n_images: int) -> WorkCount:
    return WorkCount(
        name=name,
        n_judgments=row["n_judgments"],
        n_current=row["n_current"],
        n_edits=row["n_edits"],
        n_images=n_images,
        duration_ms=row["duration_ms"],
    )


def total(counts: list[WorkCount]) -> WorkCount:
    """Return the sum of several counts."""
    return WorkCount(
        name="",
        n_judgments=sum(count.n_judgments for count in counts),
        n_current=sum(count.n_current for count in counts),
        n_edits=sum(count.n_edits for count in counts),
        n_images=sum(count.n_images for count in counts),
        duration_ms=sum(count.duration_ms for count in counts),
    )


def csv_rows(*, project: Project, annotator: User) -> Iterator[tuple[object, ...]]:
    """Yield one row for each judgment of the person, in the order in which they were received."""
    rows = own_judgments(project=project, annotator=annotator).order_by("pk")
    columns = (
        "batch__name",
        "image__key",
        "caption__key",
        "label",
        "edited_version__text",
        "note",
        "mode",
        "is_revision",
        "is_current",
        "duration_ms",
        "made_at",
    )
    for row in rows.values_list(*columns).iterator(chunk_size=2000):
        yield tuple(_cell(value) for value in row)


def _cell(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    # A text that a spreadsheet would take for a formula is marked as text.
    if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t"}:
        return f"'{value}"
    return value
