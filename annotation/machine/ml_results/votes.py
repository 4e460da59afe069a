"""Thresholds of encoders, and what their votes make of pairs."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from annotation.models import (
    Difficulty,
    DifficultyRun,
    DifficultyVote,
    Threshold,
)
from projects.models import Job, Project

ROWS_PER_STATEMENT = 5_000


@dataclass(frozen=True, slots=True)
class KnownThreshold:
    """The cosine from which an encoder votes yes, and its row."""

    threshold_id: int
    cosine: float


@dataclass(frozen=True, slots=True)
class Vote:
    """One model's vote on one version."""

    version_id: int
    threshold_id: int
    cosine: float
    is_yes: bool
    is_tie_breaker: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """What the votes made of one version."""

    version_id: int
    yes_votes: int
    n_votes: int
    level: str


def register_threshold(
    *,
    encoder_id: int,
    cosine: float,
    method: str,
    batch_size: int,
    seed: int,
    pairs: str,
    n_pairs: int,
    project_id: int | None = None,
) -> int:
    """Return the row of a threshold found in exactly this way, made now if it is new.

    A project's own that is found again becomes the one that was found last.
    """
    project = Project.objects.get(pk=project_id) if project_id is not None else None
    row, is_new = Threshold.objects.get_or_create(
        project=project,
        encoder_id=encoder_id,
        cosine=cosine,
        method=method[:60],
        batch_size=batch_size,
        seed=seed,
        n_pairs=n_pairs,
        defaults={"pairs": pairs},
    )
    if project is not None and not is_new:
        Threshold.objects.filter(pk=row.pk).update(found_at=timezone.now())
    return row.pk


def threshold_of(encoder_id: int, project_id: int) -> KnownThreshold | None:
    """Return the threshold that was found last for an encoder: the project's own, else one that all share."""
    row = Threshold.objects.filter(encoder_id=encoder_id).for_project(project_id).first()
    return KnownThreshold(row.pk, row.cosine) if row else None


def write_difficulty(job: Job, votes: Sequence[Vote], decisions: Sequence[Decision]) -> None:
    """Keep the run of this job with all its votes and what they make of the versions: nobody sees half a run."""
    assert job.project is not None
    with transaction.atomic():
        run, _created = DifficultyRun.objects.get_or_create(
            job=job,
            defaults={
                "project": job.project,
                "easy_min_votes": job.parameters["easy_min_votes"],
                "hard_max_votes": job.parameters["hard_max_votes"],
            },
        )
        DifficultyVote.objects.bulk_create(
            [
                DifficultyVote(
                    run=run,
                    version_id=vote.version_id,
                    threshold_id=vote.threshold_id,
                    cosine=vote.cosine,
                    is_yes=vote.is_yes,
                    is_tie_breaker=vote.is_tie_breaker,
                )
                for vote in votes
            ],
            update_conflicts=True,
            unique_fields=["run", "version", "threshold"],
            update_fields=["cosine", "is_yes", "is_tie_breaker"],
            batch_size=ROWS_PER_STATEMENT,
        )
        Difficulty.objects.bulk_create(
            [
                Difficulty(
                    run=run,
                    version_id=decision.version_id,
                    yes_votes=decision.yes_votes,
                    n_votes=decision.n_votes,
                    level=decision.level,
                )
                for decision in decisions
            ],
            update_conflicts=True,
            unique_fields=["run", "version"],
            update_fields=["yes_votes", "n_votes", "level"],
            batch_size=ROWS_PER_STATEMENT,
        )


def count_levels(job_id: int) -> dict[str, int]:
    """Return how many versions a job found easy, medium and hard."""
    rows = Difficulty.objects.filter(run__job_id=job_id).order_by("level")
    return dict(rows.values_list("level").annotate(n=Count("pk")))
