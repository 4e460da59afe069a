"""Single pairs of a benchmark: which of two encoders is right about which, with counts by level (IMP, Fig. 9)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db import models
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from annotation.models import (
    DifficultyLevel,
    Direction,
    Encoder,
    EvaluationPair,
    EvaluationRun,
    EvaluationScore,
)
from measures.paired import PairedOutcomes, paired_outcomes

PAIRS_PER_PAGE = 12
RANKS = {Direction.TEXT_TO_IMAGE: "image_rank", Direction.IMAGE_TO_TEXT: "caption_rank"}
FIRST_K = (1, 5, 10)
# A smaller p is told as smaller than this.
LEAST_P = 0.001


class Outcome(models.TextChoices):
    """Who is right about a pair."""

    ANY = "", _("All pairs")
    ONLY_FIRST = "first", _("Only the first is right")
    ONLY_SECOND = "second", _("Only the second is right")
    BOTH = "both", _("Both are right")
    NEITHER = "neither", _("Neither is right")


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is compared: an encoder is right where a pair's rank in this direction is at most `k`."""

    run: EvaluationRun
    first: Encoder
    second: Encoder
    direction: Direction
    k: int
    level: str = ""
    outcome: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class LevelOutcomes:
    """The counts of one level; an empty level means all pairs."""

    level: str
    name: str
    told: PairedOutcomes

    @property
    def p(self) -> str:
        """Return McNemar's p in words."""
        return gettext("below 0.001") if self.told.p < LEAST_P else f"{self.told.p:.3f}"

    @property
    def difference(self) -> str:
        """Return by how many points the first is right more often, nothing without pairs."""
        return _in_points(self.told.difference) if self.told.n else ""

    @property
    def interval(self) -> str:
        """Return the interval of the difference in points."""
        low, high = self.told.interval.low, self.told.interval.high
        return gettext("%(low)s to %(high)s") % {"low": _in_points(low), "high": _in_points(high)}


def _in_points(share: float) -> str:
    """Return a difference of shares in points with its sign."""
    return f"{100 * share:+.1f}".replace("-", "\N{MINUS SIGN}")


@dataclass(frozen=True, slots=True)
class ScoreOfEncoder:
    """What one encoder made of a pair."""

    encoder: Encoder
    cosine: float
    image_rank: int | None
    caption_rank: int | None


@dataclass(frozen=True, slots=True)
class BrowsedPair:
    """A good pair of a benchmark with its level and what both encoders made of it."""

    pair: EvaluationPair
    scores: Sequence[ScoreOfEncoder]


def encoders_of(run: EvaluationRun) -> list[Encoder]:
    """Return the encoders whose single pairs were kept, in the order in which they were asked for."""
    asked = {name: place for place, name in enumerate(run.job.parameters.get("encoders", []))}
    known = Encoder.objects.filter(pk__in=run.scores.order_by().values("encoder").distinct())
    return sorted(known, key=lambda one: (asked.get(one.name, len(asked)), one.name, one.pk))


def _pairs(wanted: Comparison) -> QuerySet[Any, Any]:
    """Return the good pairs that both encoders have seen, annotated with the rank and cosine under each."""
    rank = RANKS[wanted.direction]
    scores = EvaluationScore.objects.filter(run=wanted.run, version=OuterRef("version")).order_by()
    first, second = scores.filter(encoder=wanted.first), scores.filter(encoder=wanted.second)
    return (
        EvaluationPair.objects.filter(run=wanted.run, is_negative=False)
        .annotate(first_rank=Subquery(first.values(rank)), second_rank=Subquery(second.values(rank)))
        .filter(first_rank__isnull=False, second_rank__isnull=False)
    )


def _conditions(k: int) -> dict[str, Q]:
    first, second = Q(first_rank__lte=k), Q(second_rank__lte=k)
    return {
        Outcome.BOTH: first & second,
        Outcome.ONLY_FIRST: first & ~second,
        Outcome.ONLY_SECOND: second & ~first,
        Outcome.NEITHER: ~first & ~second,
    }


def outcomes_by_level(wanted: Comparison) -> list[LevelOutcomes]:
    """Return how often which encoder was right, for all pairs and by level where there are levels."""
    counts = {str(name): Count("pk", filter=condition) for name, condition in _conditions(wanted.k).items()}
    rows = {row["level"]: row for row in _pairs(wanted).order_by().values("level").annotate(**counts)}
    totals = {name: sum(row[name] for row in rows.values()) for name in counts}
    return [
        LevelOutcomes("", gettext("All"), _told(totals)),
        *(
            LevelOutcomes(level.value, str(level.label), _told(rows[level.value]))
            for level in DifficultyLevel
            if level.value in rows
        ),
    ]


def _told(row: dict[str, Any]) -> PairedOutcomes:
    return paired_outcomes(
        row[Outcome.BOTH], row[Outcome.ONLY_FIRST], row[Outcome.ONLY_SECOND], row[Outcome.NEITHER]
    )


def _found(wanted: Comparison) -> QuerySet[Any, Any]:
    """Return the pairs asked for, those first that the one who is wrong ranks last."""
    pairs = _pairs(wanted).select_related("version__image", "version__caption")
    if wanted.level:
        pairs = pairs.filter(level=wanted.level)
    if wanted.outcome:
        pairs = pairs.filter(_conditions(wanted.k)[wanted.outcome])
    if wanted.words:
        pairs = pairs.filter(version__text__icontains=wanted.words)
    worst = "-first_rank" if wanted.outcome == Outcome.ONLY_SECOND else "-second_rank"
    return pairs.order_by(worst, "pk")


def browsed_pairs(wanted: Comparison, page: str | int) -> tuple["Page[Any]", list[BrowsedPair]]:
    """Return a page of the pairs asked for with what both encoders made of them."""
    shown = Paginator(_found(wanted), PAIRS_PER_PAGE).get_page(page)
    versions = [pair.version_id for pair in shown]
    made = {
        (one.encoder_id, one.version_id): one
        for one in EvaluationScore.objects.filter(run=wanted.run, version__in=versions)
    }
    encoders = list(dict.fromkeys([wanted.first, wanted.second]))
    return shown, [
        BrowsedPair(pair, [_score(encoder, made[encoder.pk, pair.version_id]) for encoder in encoders])
        for pair in shown
    ]


def _score(encoder: Encoder, row: EvaluationScore) -> ScoreOfEncoder:
    return ScoreOfEncoder(encoder, row.cosine, row.image_rank, row.caption_rank)


COLUMNS = (
    "image", "caption", "text", "level", "first", "second", "direction", "k", "first_rank", "second_rank",
    "first_right", "second_right",
)  # fmt: skip


def browsed_rows(wanted: Comparison) -> Iterator[Sequence[object]]:
    """Return all pairs asked for as the cells of `COLUMNS`."""
    rows = _found(wanted).values_list(
        "version__image__key", "version__caption__key", "version__text", "level", "first_rank", "second_rank"
    )
    names = (wanted.first.name, wanted.second.name, wanted.direction.value, wanted.k)
    for *told, first, second in rows.iterator(chunk_size=2000):
        yield (*told, *names, first, second, int(first <= wanted.k), int(second <= wanted.k))
