"""How far a project is: good captions of each image, the way of the captions, pace and what follows from it.

The rules are explained in docs/algorithms/progress.md.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, F, Min, Q, QuerySet, Sum
from django.utils import timezone

from annotation.models import (
    Assignment,
    AssignmentState,
    BatchPurpose,
    CaptionVersion,
    Image,
    ImageState,
    ImageTally,
    Judgment,
)
from annotation.models.work import JudgmentMode
from annotation.progress.tallying import settle_tallies
from measures.intervals import Interval
from measures.proportions import wilson
from projects.models import Project

# Pace is that of the last days; fewer finished images than this are no basis for a forecast.
PACE_DAYS = 14
FEWEST_FINISHED = 5
ACTIVE_DAYS = 7


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


def image_counts(project: Project, images: Iterable[Image]) -> dict[int, ImageCounts]:
    """Return the counts of the given images by id; an image without captions has none."""
    chosen = list(images)
    settle_tallies(project, at_most=None, images=chosen)
    tallies = ImageTally.objects.filter(image__in=[image.pk for image in chosen], n_pool__gt=0)
    return {
        tally.image_id: ImageCounts(tally.n_pool, tally.n_judged, tally.n_good, tally.n_settled)
        for tally in tallies
    }


def active_tallies(project: Project) -> QuerySet[ImageTally]:
    """Return the tallies of a project's active images, as they were last settled."""
    return ImageTally.objects.filter(project=project, image__state=ImageState.ACTIVE)


@dataclass(frozen=True, slots=True)
class Flow:
    """The way of the captions, each stage a part of the one before it where nothing was dropped since."""

    imported: int
    in_pool: int
    shown: int
    judged: int
    good: int
    released: int


def flow_of(project: Project) -> Flow:
    """Return how many captions reached each stage."""
    ever = ImageTally.objects.filter(project=project).aggregate(
        shown=Sum("n_ever_shown", default=0), judged=Sum("n_ever_judged", default=0)
    )
    released = CaptionVersion.objects.filter(project=project, released_in__isnull=False).order_by()
    return Flow(
        imported=project.captions.count(),
        in_pool=project.captions.in_pool().count(),
        shown=ever["shown"],
        judged=ever["judged"],
        good=active_tallies(project).aggregate(n=Sum("n_good", default=0))["n"],
        released=released.values("caption_id").distinct().count(),
    )


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


def forecast_of(project: Project) -> Forecast | None:
    """Return the forecast, or None while too little was finished lately or nothing is open."""
    since = timezone.now() - timedelta(days=PACE_DAYS)
    done = Assignment.objects.filter(project=project, state=AssignmentState.DONE, is_gold=False)
    done = done.exclude(batch__purpose=BatchPurpose.IMPORTED)
    lately = done.filter(finished_at__gte=since).aggregate(n=Count("pk"), first=Min("started_at"))
    has_reached, is_waiting = Q(n_good__gte=project.good_target), Q(n_slots_open__gt=0)
    is_complete = Q(n_slots_done__gt=0, n_slots_open=0)
    images = active_tallies(project).aggregate(
        left=Sum("n_slots_open", default=0),
        complete=Count("pk", filter=is_complete & Q(n_pool__gt=0)),
        reached=Count("pk", filter=is_complete & has_reached),
        already=Count("pk", filter=has_reached),
        rest=Count("pk", filter=is_waiting & ~has_reached & Q(n_pool__gt=0)),
    )
    if lately["n"] < FEWEST_FINISHED or not images["left"] or not images["complete"]:
        return None
    share = wilson(images["reached"], images["complete"])
    days = max((timezone.now() - max(lately["first"] or since, since)).total_seconds() / 86400, 0.5)
    already, rest = images["already"], images["rest"]
    return Forecast(
        finished=lately["n"],
        days=days,
        left=images["left"],
        days_left=images["left"] / (lately["n"] / days),
        n_complete=images["complete"],
        n_reached=images["reached"],
        share=share,
        n_expected=already + round(rest * images["reached"] / images["complete"]),
        n_expected_low=already + int(rest * share.low),
        n_expected_high=already + round(rest * share.high),
    )


@dataclass(frozen=True, slots=True)
class Progress:
    """All that the page of progress says.

    `distribution` counts images by their number of good captions; the last one is the target or more. `n_due` images
    have changed and are not counted anew yet: a worker is at it.
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
    n_due: int


def progress_of(project: Project) -> Progress:
    """Return the progress of a project to its target."""
    n_due = settle_tallies(project)
    states = Counter(project.images.order_by().values_list("state", flat=True))
    target, n_images = project.good_target, states[ImageState.ACTIVE]
    tallies = active_tallies(project)
    goods = Counter[int]()
    for n_good, n in tallies.order_by().values_list("n_good").annotate(Count("pk")):
        goods[min(n_good, target)] += n
    goods[0] += n_images - goods.total()
    since = timezone.now() - timedelta(days=ACTIVE_DAYS)
    lately = Judgment.objects.filter(
        project=project, received_at__gte=since, label__isnull=False, is_gold=False
    ).exclude(mode=JudgmentMode.IMPORTED)
    active = lately.aggregate(people=Count("annotator", distinct=True), n=Count("pk"))
    return Progress(
        n_images=n_images,
        n_reserve=states[ImageState.RESERVE],
        n_reached=goods[target],
        distribution=[(number, goods[number]) for number in range(target + 1)],
        n_cannot=n_images - _able(tallies, target).count(),
        flow=flow_of(project),
        forecast=forecast_of(project),
        n_people=active["people"],
        n_judgments=active["n"],
        n_due=n_due,
    )


def _able(tallies: QuerySet[ImageTally], target: int) -> QuerySet[ImageTally]:
    """Keep the images whose good captions and those that may still turn out good are enough: pool less settled."""
    return tallies.filter(n_pool__gte=F("n_settled") + target)


def images_that_cannot(project: Project) -> QuerySet[Image]:
    """Return the active images whose pool can no longer give as many good captions as the project needs."""
    settle_tallies(project)
    able = _able(active_tallies(project), project.good_target)
    return Image.objects.filter(project=project, state=ImageState.ACTIVE).exclude(pk__in=able.values("pk"))


def images_that_reached(project: Project) -> QuerySet[Image]:
    """Return the active images that have as many good captions as the project needs."""
    settle_tallies(project)
    return Image.objects.filter(
        project=project, state=ImageState.ACTIVE, tally__n_good__gte=project.good_target
    )
