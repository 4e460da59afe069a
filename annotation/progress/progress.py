"""How far a project is: good captions of each image, the way of the captions, pace and what follows from it.

The rules are explained in docs/algorithms/progress.md.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import (
    Count,
    ExpressionWrapper,
    F,
    IntegerField,
    Min,
    Q,
    QuerySet,
    Sum,
    Value,
)
from django.db.models.functions import Greatest, Least
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
    """Captions of one image: in the pool, judged by somebody, good, settled (bad or undecided), and `n_open`.

    Open are those that may still turn out good: shown or waiting, and as many never shown as the budget allows.
    """

    n_pool: int = 0
    n_judged: int = 0
    n_good: int = 0
    n_settled: int = 0
    n_open: int = 0

    def can_reach(self, target: int) -> bool:
        """Say whether the captions that are open may still give so many good ones."""
        return self.n_good + self.n_open >= target


def budget_left(project: Project) -> Least:
    """Return how many captions of a tally's image may still be shown: an image is done at `judged_target` of them."""
    seen = F("n_pool") - F("n_unseen")
    left = Greatest(Value(0), Value(project.judged_target) - seen, output_field=IntegerField())
    return Least(F("n_unseen"), left, output_field=IntegerField())


def with_open(tallies: QuerySet[ImageTally], project: Project) -> QuerySet[Any]:
    """Annotate tallies with `n_left`, captions that may still be shown, and `n_open`, those that may turn out good."""
    return tallies.annotate(
        n_left=budget_left(project),
        n_open=ExpressionWrapper(
            F("n_shown") + F("n_waiting") + budget_left(project), output_field=IntegerField()
        ),
    )


def image_counts(project: Project, images: Iterable[Image]) -> dict[int, ImageCounts]:
    """Return the counts of the given images by id; an image without captions has none."""
    chosen = list(images)
    settle_tallies(project, at_most=None, images=chosen)
    tallies = ImageTally.objects.filter(image__in=[image.pk for image in chosen], n_pool__gt=0)
    rows = with_open(tallies, project).values_list(
        "image_id", "n_pool", "n_judged", "n_good", F("n_bad") + F("n_undecided"), "n_open"
    )
    return {image: ImageCounts(*counts) for image, *counts in rows}


def active_tallies(project: Project) -> QuerySet[ImageTally]:
    """Return the tallies of a project's active images, as they were last settled."""
    return ImageTally.objects.filter(project=project, image__state=ImageState.ACTIVE)


@dataclass(frozen=True, slots=True)
class Flow:
    """The way of the captions, each stage a part of the one before it where nothing was dropped since."""

    imported: int
    cleaned: int
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
        cleaned=project.captions.left_by_cleaning().count(),
        in_pool=project.captions.in_pool().count(),
        shown=ever["shown"],
        judged=ever["judged"],
        good=active_tallies(project).aggregate(n=Sum("n_good", default=0))["n"],
        released=released.values("caption_id").distinct().count(),
    )


@dataclass(frozen=True, slots=True)
class CaptionStates:
    """The captions in the pools of active images by state; each is in one, and they add up to `in_pool`."""

    in_pool: int
    never_shown: int
    shown: int
    waiting: int
    undecided: int
    bad: int
    good: int


def _standing(project: Project) -> tuple[CaptionStates, int, int]:
    """Return the captions of active images by state, the number of images done, and of those that may get there.

    Done are images of which nothing more is asked: enough good captions, or nothing open any more.
    """
    columns = {
        "in_pool": "n_pool",
        "never_shown": "n_unseen",
        "shown": "n_shown",
        "waiting": "n_waiting",
        "undecided": "n_undecided",
        "bad": "n_bad",
        "good": "n_good",
    }
    counted = with_open(active_tallies(project), project).aggregate(
        **{name: Sum(column, default=0) for name, column in columns.items()},
        done=Count("pk", filter=Q(n_good__gte=project.good_target) | Q(n_open=0, n_pool__gt=0)),
        able=Count("pk", filter=_may_reach(project)),
    )
    done, able = counted.pop("done"), counted.pop("able")
    return CaptionStates(**counted), done, able


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
        left=Sum("n_slots_open", filter=~has_reached, default=0),
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

    `n_done` images need nobody any more: they have their good captions, or the budget of captions is judged.
    `distribution` counts images by their number of good captions; the last one is the target or more. `n_due` images
    have changed and are not counted anew yet: a worker is at it.
    """

    n_images: int
    n_reserve: int
    n_reached: int
    n_done: int
    distribution: list[tuple[int, int]]
    n_cannot: int
    flow: Flow
    states: CaptionStates
    forecast: Forecast | None
    n_people: int
    n_judgments: int
    n_due: int


def progress_of(project: Project) -> Progress:
    """Return the progress of a project to its target."""
    n_due = settle_tallies(project)
    kept = Counter(project.images.order_by().values_list("state", flat=True))
    target, n_images = project.good_target, kept[ImageState.ACTIVE]
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
    states, n_done, n_able = _standing(project)
    return Progress(
        n_images=n_images,
        n_reserve=kept[ImageState.RESERVE],
        n_reached=goods[target],
        n_done=n_done,
        distribution=[(number, goods[number]) for number in range(target + 1)],
        n_cannot=n_images - n_able,
        flow=flow_of(project),
        states=states,
        forecast=forecast_of(project),
        n_people=active["people"],
        n_judgments=active["n"],
        n_due=n_due,
    )


def _may_reach(project: Project) -> Q:
    """Keep the images whose good captions and those that may still turn out good are enough."""
    return Q(n_open__gte=Value(project.good_target) - F("n_good"))


def images_that_cannot(project: Project) -> QuerySet[Image]:
    """Return the active images that can no longer get as many good captions as the project needs."""
    settle_tallies(project)
    able = with_open(active_tallies(project), project).filter(_may_reach(project))
    return Image.objects.filter(project=project, state=ImageState.ACTIVE).exclude(pk__in=able.values("pk"))


def images_that_reached(project: Project) -> QuerySet[Image]:
    """Return the active images that have as many good captions as the project needs."""
    settle_tallies(project)
    return Image.objects.filter(
        project=project, state=ImageState.ACTIVE, tally__n_good__gte=project.good_target
    )
