"""What the difficulty page shows: the levels of a run, its voters, its pairs, and what changed since."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import Avg, Count, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext as _

from annotation.models import (
    CaptionVersion,
    Difficulty,
    DifficultyLevel,
    DifficultyRun,
    DifficultyVote,
    Threshold,
)
from annotation.progress.verdicts import good_versions, versions_in_pool
from polyannot.kernel.errors import Missing
from projects.models import Project

PAIRS_PER_PAGE = 12


@dataclass(frozen=True, slots=True)
class LevelShare:
    """How many pairs of a run are of one level; `begins` is where its part of the bar begins, all in per cent."""

    level: str
    name: str
    n: int
    share: float
    begins: float


@dataclass(frozen=True, slots=True)
class VoterRow:
    """One model that voted: its threshold, and how many of the pairs it was asked about it said yes to."""

    threshold: Threshold
    is_tie_breaker: bool
    n_votes: int
    n_yes: int

    @property
    def share(self) -> float:
        """Return the share of yes in per cent."""
        return 100 * self.n_yes / self.n_votes


@dataclass(frozen=True, slots=True)
class RunOverview:
    """One vote: its levels, its voters, and what is no longer as it was."""

    run: DifficultyRun
    n_pairs: int
    levels: Sequence[LevelShare]
    voters: Sequence[VoterRow]
    n_new: int
    n_gone: int

    @property
    def is_of_all(self) -> bool:
        """Say whether all captions were voted on, as in a reference set, and not the good ones."""
        return is_of_all(self.run)


@dataclass(frozen=True, slots=True)
class VotedPair:
    """A pair with the votes on it."""

    difficulty: Difficulty
    votes: Sequence[DifficultyVote]


def runs_of(project: Project) -> QuerySet[DifficultyRun]:
    """Return the votes of a project, the latest first."""
    return DifficultyRun.objects.filter(project=project).select_related("job__asked_by").order_by("-pk")


def run_of(project: Project, job_id: UUID | None) -> DifficultyRun | None:
    """Return the vote that a job made, or the latest one. Raises Missing for a job that made none here."""
    if job_id is None:
        return runs_of(project).first()
    if (run := runs_of(project).filter(job__public_id=job_id).first()) is None:
        raise Missing("run_missing", _("There is no such vote in this project."))
    return run


def overview(run: DifficultyRun) -> RunOverview:
    """Return what a vote came to."""
    counts = dict(run.difficulties.values_list("level").annotate(n=Count("pk")))
    n_pairs = sum(counts.values())
    return RunOverview(
        run=run,
        n_pairs=n_pairs,
        levels=_level_shares(counts, n_pairs),
        voters=_voters(run),
        n_new=len(new_versions(run)),
        n_gone=gone_difficulties(run).count(),
    )


def _level_shares(counts: dict[str, int], n_pairs: int) -> list[LevelShare]:
    shares: list[LevelShare] = []
    begins = 0.0
    for level in DifficultyLevel:
        n = counts.get(level, 0)
        share = 100 * n / n_pairs if n_pairs else 0.0
        shares.append(LevelShare(level.value, str(level.label), n, share, begins))
        begins += share
    return shares


def _voters(run: DifficultyRun) -> list[VoterRow]:
    counted = run.votes.values("threshold", "is_tie_breaker").annotate(
        n=Count("pk"), yes=Count("pk", filter=Q(is_yes=True))
    )
    by_threshold = {row["threshold"]: row for row in counted}
    thresholds = Threshold.objects.filter(pk__in=by_threshold).select_related("encoder")
    rows = [
        VoterRow(
            threshold, by_threshold[threshold.pk]["is_tie_breaker"],
            by_threshold[threshold.pk]["n"], by_threshold[threshold.pk]["yes"],
        )
        for threshold in thresholds
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (row.is_tie_breaker, row.threshold.encoder.name))


def is_of_all(run: DifficultyRun) -> bool:
    """Say whether a run voted on all captions in circulation; without a word about it, it voted on the good ones."""
    return bool(run.job.parameters.get("captions") == "all")


def _to_vote_on(run: DifficultyRun) -> QuerySet[CaptionVersion]:
    return versions_in_pool(run.project) if is_of_all(run) else good_versions(run.project)


def new_versions(run: DifficultyRun) -> list[CaptionVersion]:
    """Return the versions to vote on that have no vote in this run: new since, or with an unreadable image."""
    voted = Difficulty.objects.filter(run=run).values("version")
    return list(_to_vote_on(run).exclude(pk__in=voted).select_related("image").order_by("pk"))


def gone_difficulties(run: DifficultyRun) -> QuerySet[Difficulty]:
    """Return what was voted on versions that are no longer good, where those are voted on, or in circulation."""
    good = CaptionVersion.objects.filter(pk__in=_to_vote_on(run).values("pk"))
    return Difficulty.objects.filter(run=run).exclude(version__in=good.values("pk"))


def pairs_of(run: DifficultyRun, level: str, page: str | int) -> tuple["Page[Any]", list[VotedPair]]:
    """Return a page of the pairs of one level, the fewest yes votes first, then the lowest mean cosine."""
    of_version = DifficultyVote.objects.filter(run=run, version=OuterRef("version")).order_by()
    mean = of_version.values("version").annotate(mean=Avg("cosine")).values("mean")
    pairs = (
        Difficulty.objects.filter(run=run, level=level)
        .annotate(mean_cosine=Subquery(mean))
        .select_related("version__image")
        .order_by("yes_votes", "mean_cosine", "pk")
    )
    shown = Paginator(pairs, PAIRS_PER_PAGE).get_page(page)
    votes = (
        DifficultyVote.objects.filter(run=run, version__in=[pair.version_id for pair in shown])
        .select_related("threshold__encoder")
        .order_by("is_tie_breaker", "threshold__encoder__name")
    )
    by_version: dict[int, list[DifficultyVote]] = {}
    for vote in votes:
        by_version.setdefault(vote.version_id, []).append(vote)
    return shown, [VotedPair(pair, by_version.get(pair.version_id, [])) for pair in shown]
