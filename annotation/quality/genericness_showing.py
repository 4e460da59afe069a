"""Checks of suspected captions as a page shows them: the share of yes with n and interval, beside random captions."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import Count, OuterRef, Q, Subquery

from annotation.agreement.rows import per_cent
from annotation.models import (
    CaptionHub,
    CheckOrigin,
    Difficulty,
    DifficultyLevel,
    DifficultyRun,
    DropReason,
    Fits,
    GenericnessAnswer,
    GenericnessCheck,
    GenericnessDecision,
    VersionState,
)
from annotation.quality.genericness import counted
from measures.proportions import wilson
from projects.models import Project

CHECKS_PER_PAGE = 20


@dataclass(frozen=True, slots=True)
class Share:
    """Of so many answers the share of yes, with Wilson's interval; all in per cent."""

    yes: int
    n: int

    @property
    def text(self) -> str:
        """Return the share as text, a dash where nobody answered."""
        return per_cent(self.yes / self.n) if self.n else "–"

    @property
    def point(self) -> float | None:
        """Return the share in per cent."""
        return 100 * self.yes / self.n if self.n else None

    @property
    def low(self) -> float | None:
        """Return the lower end in per cent."""
        return 100 * wilson(self.yes, self.n).low if self.n else None

    @property
    def high(self) -> float | None:
        """Return the upper end in per cent."""
        return 100 * wilson(self.yes, self.n).high if self.n else None

    @property
    def interval(self) -> str:
        """Return the interval as text."""
        if not self.n:
            return ""
        ends = wilson(self.yes, self.n)
        return f"{per_cent(ends.low)} – {per_cent(ends.high)}"


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One check: its evidence, how strong a hub the caption is, and the decision that stands."""

    check: GenericnessCheck
    share: Share
    n_unsure: int
    n_open: int
    hub: CaptionHub | None
    decision: GenericnessDecision | None


@dataclass(frozen=True, slots=True)
class RemovedRow:
    """Of a difficulty: captions removed as too generic, of all that a run placed there."""

    name: str
    removed: int
    all: int


def check_page(
    project: Project, number: str | None, *, is_decided: bool
) -> tuple[Page[GenericnessCheck], list[CheckRow]]:
    """Return a page of checks, decided ones or not, the strongest evidence being left to the reader."""
    checks = counted(
        GenericnessCheck.objects.filter(project=project, closed_at__isnull=not is_decided)
    ).select_related("version", "image", "caption")
    page = Paginator(checks.order_by("-pk" if is_decided else "pk"), CHECKS_PER_PAGE).get_page(number)
    return page, _rows(list(page.object_list))


def _rows(checks: Sequence[GenericnessCheck]) -> list[CheckRow]:
    ids = [check.pk for check in checks]
    decisions = GenericnessDecision.objects.filter(check_row__in=ids, undone_at=None).select_related(
        "decided_by"
    )
    standing = {decision.check_row_id: decision for decision in decisions}
    hubs = {
        hub.version_id: hub
        for hub in CaptionHub.objects.filter(version__in=[check.version_id for check in checks]).order_by(
            "job"
        )
    }
    return [_row(check, hubs, standing) for check in checks]


def _row(
    check: GenericnessCheck, hubs: dict[int, CaptionHub], standing: dict[int, GenericnessDecision]
) -> CheckRow:
    yes, no, unsure, waiting = (getattr(check, name) for name in ("n_yes", "n_no", "n_unsure", "n_open"))
    return CheckRow(
        check,
        Share(yes, yes + no + unsure),
        unsure,
        waiting,
        hubs.get(check.version_id),
        standing.get(check.pk),
    )


def baseline(project: Project) -> Share:
    """Return the share of yes for captions drawn at random."""
    answers = GenericnessAnswer.objects.filter(
        project=project, question__check_row__origin=CheckOrigin.BASELINE
    ).aggregate(yes=Count("pk", filter=Q(fits=Fits.YES)), n=Count("pk"))
    return Share(answers["yes"], answers["n"])


def removed_by_difficulty(project: Project) -> list[RemovedRow]:
    """Return how many captions of each difficulty were removed as too generic, by the newest vote of the models."""
    run = DifficultyRun.objects.filter(project=project).order_by("-pk").values("pk")[:1]
    levels = Difficulty.objects.filter(run__in=run, version__state=VersionState.BASE)
    is_removed = Q(version__caption__drop_reason=DropReason.TOO_GENERIC)
    found = {
        row["level"]: (row["removed"], row["n"])
        for row in levels.values("level").annotate(removed=Count("pk", filter=is_removed), n=Count("pk"))
    }
    return [RemovedRow(str(level.label), *found.get(level.value, (0, 0))) for level in DifficultyLevel]


def n_removed(project: Project) -> int:
    """Return how many captions are out as too generic, whatever their difficulty."""
    return project.captions.filter(drop_reason=DropReason.TOO_GENERIC).count()


def hubs_unchecked(project: Project) -> int:
    """Return how many suggestions of the newest search nobody has checked yet."""
    newest = CaptionHub.objects.filter(project=OuterRef("project")).order_by("-job").values("job")[:1]
    hubs = CaptionHub.objects.filter(project=project, job=Subquery(newest))
    return hubs.filter(version__caption__genericness_checks=None).count()
