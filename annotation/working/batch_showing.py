"""What a head annotator sees of batches: how far each is, and what a new one would ask before it is opened."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, Max, Q, QuerySet
from django.utils import timezone

from annotation.models import Assignment, AssignmentState, Batch, Caption, Image, ImageState, LabelSchema
from annotation.models.work import BatchPurpose, SkipReason
from annotation.working.furthering import further_captions
from annotation.working.opening import running_annotators
from annotation.working.pacing import DEFAULT_PACE, project_pace
from annotation.working.queueing import has_enough
from annotation.working.reannotating import Asked, Selection, ask_again
from projects.models import Project

# Passed over by an annotator, not given on by a head.
PASSED_OVER = Q(state=AssignmentState.SKIPPED) & ~Q(skip_reason=SkipReason.GIVEN_ON)
STATES = (AssignmentState.OPEN, AssignmentState.LEASED, AssignmentState.DONE)


@dataclass(frozen=True, slots=True)
class BatchStanding:
    """How far a batch is: `n_total` slots have to be done, of which `n_done` are.

    Open slots of images that were taken out, or that have their good captions, are not waited for.

    In a calibration batch those are the images of everybody who annotates now, and what others had done before they
    left: open slots of a leaver are not waited for.
    """

    batch: Batch
    n_images: int
    n_done: int
    n_total: int
    n_interrupted: int
    n_skipped: int

    @property
    def is_done(self) -> bool:
        """Say whether nothing is left to do."""
        return self.n_done >= self.n_total

    @property
    def is_common(self) -> bool:
        """Say whether everybody gets each image."""
        return self.batch.purpose == BatchPurpose.CALIBRATION


def skipped_images(batch: Batch) -> QuerySet[Assignment]:
    """Return what annotators of a batch passed over, with their reasons and notes, the last first."""
    return (
        Assignment.objects.filter(PASSED_OVER, batch=batch, is_gold=False)
        .select_related("image", "annotator")
        .order_by("-finished_at", "-pk")
    )


def standings(project: Project) -> list[BatchStanding]:
    """Return how far each batch of a project is, the newest first; a few queries, whatever the number of batches."""
    batches = list(Batch.objects.filter(project=project).select_related("guideline").order_by("-pk"))
    slots = Assignment.objects.filter(project=project, is_gold=False).order_by()
    counted: dict[int, Counter[str]] = defaultdict(Counter)
    is_given_out = Q(image__state=ImageState.ACTIVE) & (
        ~Q(batch__purpose=BatchPurpose.PRODUCTION) | ~has_enough("image")
    )
    is_waited_for = ~Q(state=AssignmentState.OPEN) | is_given_out
    states = slots.filter(is_waited_for).values_list("batch", "state")
    for batch_id, state, n in states.annotate(n=Count("pk")):
        counted[batch_id][state] = n
    sizes = dict(slots.values_list("batch").annotate(last=Max("position")))
    run_out = Q(state=AssignmentState.LEASED, lease_until__lt=timezone.now())
    interrupted = dict(slots.filter(run_out).values_list("batch").annotate(n=Count("pk")))
    skipped = dict(slots.filter(PASSED_OVER).values_list("batch").annotate(n=Count("pk")))
    waiting = _waiting_in_common(project, batches, sizes)
    return [
        BatchStanding(
            batch=batch,
            n_images=sizes.get(batch.pk, -1) + 1,
            n_done=counted[batch.pk][AssignmentState.DONE],
            n_total=counted[batch.pk][AssignmentState.DONE] + waiting[batch.pk]
            if batch.pk in waiting
            else sum(counted[batch.pk][state] for state in STATES),
            n_interrupted=interrupted.get(batch.pk, 0),
            n_skipped=skipped.get(batch.pk, 0),
        )
        for batch in batches
    ]


def _waiting_in_common(
    project: Project, batches: Sequence[Batch], sizes: Mapping[int, int]
) -> dict[int, int]:
    """Return for each calibration batch how many images wait for somebody who annotates now."""
    common = [batch.pk for batch in batches if batch.purpose == BatchPurpose.CALIBRATION]
    if not common:
        return {}
    people = set(running_annotators(project).values_list("user_id", flat=True))
    had = Assignment.objects.filter(batch__in=common, annotator__in=people, is_gold=False).order_by()
    rows = had.exclude(state=AssignmentState.LEASED).values_list("batch").annotate(n=Count("pk"))
    settled = dict(rows)
    return {pk: max(0, len(people) * (sizes.get(pk, -1) + 1) - settled.get(pk, 0)) for pk in common}


@dataclass(frozen=True, slots=True)
class WorkAhead:
    """What a batch would ask of annotators: counts, and hours at the project's measured pace."""

    n_images: int
    n_captions: int
    n_annotators: int
    n_judgments: int
    hours: float
    is_paced: bool

    @property
    def minutes(self) -> int:
        """Return the time in whole minutes, at least one."""
        return max(1, round(60 * self.hours))


def work_ahead(
    *, project: Project, n_images: int, n_captions: int, n_annotators: int, n_judgments: int
) -> WorkAhead:
    """Return the counts with the hours that they take."""
    pace = project_pace(project)
    hours = n_judgments * (pace or DEFAULT_PACE) / 3600
    return WorkAhead(n_images, n_captions, n_annotators, n_judgments, hours, pace is not None)


def production_ahead(*, project: Project, images: Sequence[Image], overlap: int) -> WorkAhead:
    """Return what a production batch of these images would ask."""
    pools = (
        Caption.objects.in_pool()
        .filter(project=project, image__in=[image.pk for image in images])
        .order_by()
        .values_list("image")
        .annotate(n=Count("pk"))
    )
    n_captions = sum(min(n, project.captions_at_once) for _image, n in pools)
    return work_ahead(
        project=project,
        n_images=len(images),
        n_captions=n_captions,
        n_annotators=overlap,
        n_judgments=n_captions * overlap,
    )


def further_ahead(*, project: Project, n_images: int, overlap: int, schema: LabelSchema | None) -> WorkAhead:
    """Return what a batch of further captions would ask."""
    asked = further_captions(project=project, n_images=n_images, schema=schema)
    n_captions = sum(len(further.version_ids) for further in asked)
    return work_ahead(
        project=project,
        n_images=len(asked),
        n_captions=n_captions,
        n_annotators=overlap,
        n_judgments=n_captions * overlap,
    )


def calibration_ahead(*, project: Project, n_images: int) -> WorkAhead:
    """Return what a calibration of so many images would ask, by the mean pool of the project."""
    pools = Caption.objects.in_pool().filter(project=project).order_by()
    sizes = pools.values("image").annotate(n=Count("pk")).values_list("n", flat=True)
    shown = [min(n, project.captions_at_once) for n in sizes]
    mean = sum(shown) / len(shown) if shown else 0.0
    n_people = running_annotators(project).count()
    n_captions = round(mean * n_images)
    return work_ahead(
        project=project,
        n_images=n_images,
        n_captions=n_captions,
        n_annotators=n_people,
        n_judgments=n_captions * n_people,
    )


def reannotation_ahead(
    *, project: Project, selection: Selection, taken_by: str, overlap: int
) -> tuple[WorkAhead, Asked]:
    """Return what a re-annotation would ask, and what it found."""
    asked = ask_again(project=project, selection=selection, taken_by=taken_by, overlap=overlap)
    ahead = WorkAhead(
        n_images=asked.n_images,
        n_captions=asked.n_captions,
        n_annotators=asked.n_annotators,
        n_judgments=asked.n_to_give,
        hours=asked.hours,
        is_paced=asked.is_paced,
    )
    return ahead, asked
