"""The port of the benchmark: which pairs take part, what was voted on them, and the figures that come back.

The pairs are fixed when the job is planned, so that every encoder sees the same ones, however long it takes and
whatever people judge meanwhile. Every write is an upsert.
"""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from annotation.machine.evaluation.pairs import PairScore, write_pair_scores
from annotation.models import (
    CaptionChoice,
    CaptionVersion,
    Difficulty,
    DifficultyRun,
    DifficultyVote,
    EvaluatedCaptions,
    EvaluationFigure,
    EvaluationPair,
    EvaluationRun,
)
from annotation.progress.verdicts import bad_versions, good_versions
from polyannot.kernel.errors import Invalid
from projects.models import Job, Project

FEWEST_IMAGES = 2
ROWS_PER_STATEMENT = 5_000


@dataclass(frozen=True, slots=True)
class BenchmarkPair:
    """A pair that takes part; a negative has no level."""

    version_id: int
    is_negative: bool
    level: str


@dataclass(frozen=True, slots=True)
class CastVote:
    """One encoder's vote on one version in the vote that gives the levels."""

    version_id: int
    encoder_id: int
    is_yes: bool
    is_tie_breaker: bool


@dataclass(frozen=True, slots=True)
class LevelVotes:
    """All votes of the vote that gives the levels, and its cut points."""

    votes: Sequence[CastVote]
    easy_min_votes: int
    hard_max_votes: int
    is_always_asked: bool


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure to keep, as in `EvaluationFigure`."""

    direction: str
    level: str
    name: str
    value: float | None
    n: int
    n_other: int | None = None
    low: float | None = None
    high: float | None = None
    leaves_out_own: bool = False


def begin_evaluation(job: Job) -> list[int]:
    """Fix the pairs of a benchmark and return their versions, negatives included.

    Raises Invalid for a vote that is not there and where fewer than two images have good captions.
    """
    assert job.project is not None
    vote = _vote_of(job.project, job.parameters["vote"])
    good = _benchmarked(job.project, job.parameters["captions"])
    images = {image for _version, image in good}
    if len(images) < FEWEST_IMAGES:
        raise Invalid(
            "evaluation_pairs",
            _(
                "A benchmark needs good captions of at least %(fewest)d images, and there are %(n)d; nothing was"
                " computed. Judge more, or take all good captions instead of the chosen ones."
            )
            % {"fewest": FEWEST_IMAGES, "n": len(images)},
        )
    levels = _levels(vote)
    run, _created = EvaluationRun.objects.get_or_create(
        job=job,
        defaults={
            "project": job.project,
            "captions": job.parameters["captions"],
            "difficulty_run": vote,
            "seed": job.seed,
        },
    )
    negatives = _negatives(job.project, images, job.seed)
    EvaluationPair.objects.bulk_create(
        [
            *(
                EvaluationPair(run=run, version_id=pk, is_negative=False, level=levels.get(pk, ""))
                for pk, _image in good
            ),
            *(EvaluationPair(run=run, version_id=pk, is_negative=True) for pk in negatives),
        ],
        ignore_conflicts=True,
        batch_size=ROWS_PER_STATEMENT,
    )
    return [*(pk for pk, _image in good), *negatives]


def _vote_of(project: Project, job_id: str) -> DifficultyRun | None:
    votes = DifficultyRun.objects.filter(project=project).order_by("-pk")
    if not job_id:
        return votes.first()
    try:
        named = votes.filter(job__public_id=UUID(job_id)).first()
    except ValueError:
        named = None
    if named is None:
        raise Invalid(
            "vote_missing", _("There is no such vote in this project; leave it empty for the latest.")
        )
    return named


def _benchmarked(project: Project, captions: str) -> list[tuple[int, int]]:
    versions = good_versions(project)
    if captions == EvaluatedCaptions.CHOSEN:
        chosen = CaptionChoice.objects.filter(
            choice__project=project, choice__is_current=True, choice__is_complete=True
        )
        versions = versions.filter(pk__in=chosen.values("version"))
    return list(versions.order_by("pk").values_list("pk", "image_id"))


def _levels(vote: DifficultyRun | None) -> Mapping[int, str]:
    if vote is None:
        return {}
    return dict(Difficulty.objects.filter(run=vote).values_list("version_id", "level"))


def _negatives(project: Project, images: set[int], seed: int) -> list[int]:
    """Return of each image one version that people found bad, drawn by the seed; of some images none."""
    of_image: dict[int, list[int]] = {}
    for version, image in bad_versions(project).order_by("pk").values_list("pk", "image_id"):
        if image in images:
            of_image.setdefault(image, []).append(version)
    rng = random.Random(seed)
    return sorted(rng.choice(versions) for _image, versions in sorted(of_image.items()))


def benchmark_pairs(job_id: int) -> list[BenchmarkPair]:
    """Return the pairs of a benchmark, in the order of their versions."""
    rows = EvaluationPair.objects.filter(run__job_id=job_id).order_by("version_id")
    return [BenchmarkPair(*row) for row in rows.values_list("version_id", "is_negative", "level")]


def level_votes(job_id: int, encoder_id: int) -> LevelVotes | None:
    """Return the votes behind the levels if this encoder is one of the voters, else nothing."""
    run = EvaluationRun.objects.select_related("difficulty_run__job").get(job_id=job_id)
    if run.difficulty_run is None:
        return None
    cast = DifficultyVote.objects.filter(run=run.difficulty_run)
    if not cast.filter(threshold__encoder_id=encoder_id).exists():
        return None
    rows = cast.order_by("version_id", "pk").values_list(
        "version_id", "threshold__encoder_id", "is_yes", "is_tie_breaker"
    )
    return LevelVotes(
        votes=[CastVote(*row) for row in rows],
        easy_min_votes=run.difficulty_run.easy_min_votes,
        hard_max_votes=run.difficulty_run.hard_max_votes,
        is_always_asked=bool(run.difficulty_run.job.parameters.get("tie_breaker_always")),
    )


def write_evaluation(
    job_id: int, encoder_id: int, figures: Iterable[Figure], scores: Iterable[PairScore] = ()
) -> None:
    """Keep the figures of one encoder and what it made of each pair, in place of an interrupted worker's."""
    with transaction.atomic():
        run = EvaluationRun.objects.select_for_update(no_key=True).get(job_id=job_id)
        EvaluationFigure.objects.filter(run=run, encoder_id=encoder_id).delete()
        EvaluationFigure.objects.bulk_create(
            [
                EvaluationFigure(
                    run=run,
                    encoder_id=encoder_id,
                    direction=one.direction,
                    level=one.level,
                    leaves_out_own=one.leaves_out_own,
                    name=one.name,
                    value=one.value,
                    low=one.low,
                    high=one.high,
                    n=one.n,
                    n_other=one.n_other,
                )
                for one in figures
            ]
        )
        write_pair_scores(job_id, encoder_id, scores)


def evaluated_pictures(versions: Sequence[int]) -> list[int]:
    """Return one image for each different picture behind these versions."""
    rows = CaptionVersion.objects.filter(pk__in=versions).order_by("image_id")
    first: dict[str, int] = {}
    for image, content in rows.values_list("image_id", "image__file__sha256").distinct():
        first.setdefault(content, image)
    return sorted(first.values())


def count_pairs(job_id: int) -> dict[str, int]:
    """Return how many good pairs and negatives a benchmark has."""
    pairs = EvaluationPair.objects.filter(run__job_id=job_id)
    return {
        "good": pairs.filter(Q(is_negative=False)).count(),
        "negatives": pairs.filter(Q(is_negative=True)).count(),
    }
