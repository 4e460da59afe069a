"""How far a project is: good captions of each image, the way of the captions, pace and what follows from it.

The rules are explained in docs/algorithms/progress.md.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import BigIntegerField, Count, Exists, Func, Min, OuterRef, Q, QuerySet
from django.utils import timezone

from annotation.models import (
    Adjudication,
    Assignment,
    AssignmentState,
    CaptionVersion,
    Image,
    ImageState,
    Judgment,
    VersionState,
)
from annotation.verdicts import Verdict, versions_in_pool, with_verdict
from measures.intervals import Interval
from measures.proportions import wilson
from projects.models import Project

# Pace is that of the last days; fewer finished images than this are no basis for a forecast.
PACE_DAYS = 14
FEWEST_FINISHED = 5
ACTIVE_DAYS = 7
# Verdicts on a base version after which nothing more is awaited from it.
SETTLED = frozenset({Verdict.BAD, Verdict.UNDECIDED})


@dataclass(frozen=True, slots=True)
class ImageCounts:
    """Captions of one image: in the pool, judged by somebody, good, and settled without being good."""

    n_pool: int = 0
    n_judged: int = 0
    n_good: int = 0
    n_settled: int = 0

    @property
    def n_open(self) -> int:
        """Return how many captions may still turn out good."""
        return self.n_pool - self.n_good - self.n_settled

    def can_reach(self, target: int) -> bool:
        """Say whether the captions in the pool may still give so many good ones."""
        return self.n_good + self.n_open >= target


def image_counts(project: Project, images: Iterable[Image] | None = None) -> dict[int, ImageCounts]:
    """Return the counts by image id, of the given images or of all active ones; two queries."""
    versions = versions_in_pool(project)
    if images is not None:
        chosen = [image.pk for image in images]
        versions = CaptionVersion.objects.filter(project=project, caption__drop_reason="", image__in=chosen)
    pool = dict(
        versions.filter(state=VersionState.BASE).order_by().values_list("image_id").annotate(Count("pk"))
    )
    judged, good, settled = _by_caption(versions)
    return {
        image_id: ImageCounts(n, judged[image_id], good[image_id], settled[image_id])
        for image_id, n in pool.items()
    }


def _by_caption(versions: QuerySet[CaptionVersion]) -> tuple[Counter[int], Counter[int], Counter[int]]:
    """Count by image the captions that are judged, good, or settled without being good."""
    touched = versions.filter(
        Q(state__in=[VersionState.PROPOSED, VersionState.ACCEPTED])
        | Exists(Judgment.objects.current().filter(version=OuterRef("pk")))
        | Exists(Adjudication.objects.filter(version=OuterRef("pk"), is_current=True))
    )
    seen: dict[int, tuple[int, set[str], bool]] = {}
    counted: QuerySet[Any] = with_verdict(touched).order_by()
    rows = counted.values_list("image_id", "caption_id", "state", "verdict", "n_judgments")
    for image_id, caption_id, state, verdict, n_judgments in rows:
        _image, words, is_judged = seen.get(caption_id, (image_id, set(), False))
        is_awaited = state == VersionState.PROPOSED or (
            state == VersionState.ACCEPTED and verdict == Verdict.INCOMPLETE
        )
        word = "awaited" if is_awaited else verdict
        words.add(word)
        seen[caption_id] = (image_id, words, is_judged or n_judgments > 0)
    judged, good, settled = Counter[int](), Counter[int](), Counter[int]()
    for image_id, words, is_judged in seen.values():
        judged[image_id] += is_judged
        if Verdict.GOOD in words:
            good[image_id] += 1
        elif words & SETTLED and "awaited" not in words:
            settled[image_id] += 1
    return judged, good, settled


@dataclass(frozen=True, slots=True)
class Flow:
    """The way of the captions, each stage a part of the one before it where nothing was dropped since."""

    imported: int
    in_pool: int
    shown: int
    judged: int
    good: int
    released: int


def flow_of(project: Project, counts: Mapping[int, ImageCounts]) -> Flow:
    """Return how many captions reached each stage."""
    shown = (
        Assignment.objects.filter(project=project, is_gold=False)
        .order_by()
        .annotate(version_id=_Unnest("version_ids"))
        .values("version_id")
        .distinct()
    )
    judged = Judgment.objects.current().filter(project=project).order_by()
    released = CaptionVersion.objects.filter(project=project, released_in__isnull=False).order_by()
    return Flow(
        imported=project.captions.count(),
        in_pool=project.captions.filter(drop_reason="").count(),
        shown=shown.count(),
        judged=judged.values("caption_id").distinct().count(),
        good=sum(count.n_good for count in counts.values()),
        released=released.values("caption_id").distinct().count(),
    )


class _Unnest(Func):
    function = "unnest"
    set_returning = True
    output_field = BigIntegerField()


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the present pace leads to.

    `finished` images (one annotator's part each) in `days` days; `left` are open. `share` of the `n_complete` images
    that all annotators have judged reached the target, with its Wilson interval.
    """

    finished: int
    days: float
    left: int
    days_left: float
    n_complete: int
    n_reached: int
    share: Interval
    n_expected: int
    n_expected_low: int
    n_expected_high: int


def forecast_of(project: Project, counts: Mapping[int, ImageCounts]) -> Forecast | None:
    """Return the forecast, or None while too little was finished lately or nothing is open."""
    since = timezone.now() - timedelta(days=PACE_DAYS)
    done = Assignment.objects.filter(project=project, state=AssignmentState.DONE, is_gold=False)
    lately = done.filter(finished_at__gte=since).aggregate(n=Count("pk"), first=Min("started_at"))
    open_states = [AssignmentState.OPEN, AssignmentState.LEASED]
    unfinished = Assignment.objects.filter(
        project=project,
        state__in=open_states,
        is_gold=False,
        batch__closed_at=None,
        image__state=ImageState.ACTIVE,
    )
    left = unfinished.count()
    if lately["n"] < FEWEST_FINISHED or not left:
        return None
    waiting = set(unfinished.values_list("image_id", flat=True))
    complete = set(done.values_list("image_id", flat=True)) - waiting
    complete &= set(counts)
    if not complete:
        return None
    reached = sum(counts[image_id].n_good >= project.good_target for image_id in complete)
    share = wilson(reached, len(complete))
    days = max((timezone.now() - max(lately["first"] or since, since)).total_seconds() / 86400, 0.5)
    already = sum(count.n_good >= project.good_target for count in counts.values())
    rest = len(waiting & set(counts)) - sum(
        counts[image_id].n_good >= project.good_target for image_id in waiting & set(counts)
    )
    return Forecast(
        finished=lately["n"],
        days=days,
        left=left,
        days_left=left / (lately["n"] / days),
        n_complete=len(complete),
        n_reached=reached,
        share=share,
        n_expected=already + round(rest * reached / len(complete)),
        n_expected_low=already + int(rest * share.low),
        n_expected_high=already + round(rest * share.high),
    )


@dataclass(frozen=True, slots=True)
class Progress:
    """All that the page of progress says.

    `distribution` counts images by their number of good captions; the last one is the target or more.
    """

    n_images: int
    n_reserve: int
    n_reached: int
    distribution: list[tuple[int, int]]
    n_cannot: int
    flow: Flow
    forecast: Forecast | None
    n_people: int
    n_judgments: int


def progress_of(project: Project) -> Progress:
    """Return the progress of a project to its target."""
    states = Counter(project.images.order_by().values_list("state", flat=True))
    counts = image_counts(project)
    target = project.good_target
    goods = Counter(min(count.n_good, target) for count in counts.values())
    n_images = states[ImageState.ACTIVE]
    goods[0] += n_images - len(counts)
    since = timezone.now() - timedelta(days=ACTIVE_DAYS)
    lately = Judgment.objects.filter(project=project, received_at__gte=since, label__isnull=False)
    active = lately.aggregate(people=Count("annotator", distinct=True), n=Count("pk"))
    return Progress(
        n_images=n_images,
        n_reserve=states[ImageState.RESERVE],
        n_reached=goods[target],
        distribution=[(number, goods[number]) for number in range(target + 1)],
        n_cannot=sum(not count.can_reach(target) for count in counts.values()) + n_images - len(counts),
        flow=flow_of(project, counts),
        forecast=forecast_of(project, counts),
        n_people=active["people"],
        n_judgments=active["n"],
    )


def images_that_cannot(project: Project) -> QuerySet[Image]:
    """Return the active images whose pool can no longer give as many good captions as the project needs."""
    counts = image_counts(project)
    able = [pk for pk, count in counts.items() if count.can_reach(project.good_target)]
    return Image.objects.filter(project=project, state=ImageState.ACTIVE).exclude(pk__in=able)


def images_that_reached(project: Project) -> QuerySet[Image]:
    """Return the active images that have as many good captions as the project needs."""
    counts = image_counts(project)
    return Image.objects.filter(
        pk__in=[pk for pk, count in counts.items() if count.n_good >= project.good_target]
    )
