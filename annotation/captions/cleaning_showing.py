"""What the pages of cleanings show: counts by step, and each caption before and after, with why."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Func, Q, QuerySet

from annotation.captions.editing import WordChange, word_difference
from annotation.models import Cleaning, CleaningItem, CleaningOutcome, CleaningStep
from annotation.models.cleaning import STEPS
from projects.models import Job, Project
from projects.models.jobs import ACTIVE_STATES, JobState

SHOWN_A_PAGE = 25
# Captions that may be taken back alone.
OPEN = (CleaningOutcome.DROPPED, CleaningOutcome.CHANGED)
COLUMNS = (
    "image_key", "caption_key", "source", "outcome", "step", "reason", "repaired_by", "held_because", "text_before",
    "text_after", "says_the_same",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step: how many captions came to it, and how many it repaired, dropped, would have dropped, was undone of."""

    step: str
    name: str
    n_came: int
    n_changed: int
    n_dropped: int
    n_held: int
    n_undone: int


@dataclass(frozen=True, slots=True)
class ShownCleaning:
    """A cleaning with its counts."""

    cleaning: Cleaning
    counts: dict[str, int]

    @property
    def n_dropped(self) -> int:
        """Return how many captions it dropped that are still out."""
        return self.counts.get(CleaningOutcome.DROPPED, 0)

    @property
    def n_changed(self) -> int:
        """Return how many texts it repaired that are still in force."""
        return self.counts.get(CleaningOutcome.CHANGED, 0) + self.counts.get(CleaningOutcome.KEPT, 0)

    @property
    def n_held(self) -> int:
        """Return how many it left as they are because people work with them."""
        return self.counts.get(CleaningOutcome.HELD, 0)

    @property
    def n_untouched(self) -> int:
        """Return how many it found nothing to do about."""
        return self.cleaning.n_given - sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class ShownCaption:
    """What became of one caption: its words before and after."""

    item: CleaningItem
    changes: Sequence[WordChange]
    repairs: Sequence[str]
    may_undo: bool


def active_cleaning(project: Project) -> Job | None:
    """Return the cleaning that runs, or failed last, of the project."""
    job = Job.objects.filter(project=project, kind="cleaning").order_by("-pk").first()
    return job if job is not None and job.state in {*ACTIVE_STATES, JobState.FAILED} else None


def cleanings_of(project: Project) -> QuerySet[Cleaning]:
    """Return the cleanings of the project, the newest first."""
    return (
        Cleaning.objects.filter(project=project, job__kind="cleaning").select_related("job").order_by("-pk")
    )


def shown_cleaning(cleaning: Cleaning) -> ShownCleaning:
    """Return a cleaning with how many captions came to each outcome."""
    rows = cleaning.items.order_by().values_list("outcome").annotate(n=Count("pk"))
    return ShownCleaning(cleaning, dict(rows))


def step_rows(cleaning: Cleaning) -> list[StepRow]:
    """Return the steps that the cleaning took, in their order; a caption may be repaired by several."""
    fates = Counter(
        {
            (step, outcome): n
            for step, outcome, n in cleaning.items.exclude(step="")
            .order_by()
            .values_list("step", "outcome")
            .annotate(n=Count("pk"))
        }
    )
    changed = cleaning.items.filter(outcome__in=[CleaningOutcome.CHANGED, CleaningOutcome.KEPT])
    repairs = Counter(
        changed.annotate(repair=Func(F("changed_by"), function="unnest")).values_list("repair", flat=True)
    )
    rows = []
    n_came = cleaning.n_cleaned
    for step in STEPS:
        if step == CleaningStep.NEAR_DUPLICATES:
            n_came += cleaning.n_given - cleaning.n_cleaned
        of_step = {outcome: fates[step.value, outcome.value] for outcome in CleaningOutcome}
        if step not in cleaning.job.parameters["without"]:
            rows.append(
                StepRow(
                    step=step.value,
                    name=str(step.label),
                    n_came=n_came,
                    n_changed=repairs[step.value],
                    n_dropped=of_step[CleaningOutcome.DROPPED],
                    n_held=of_step[CleaningOutcome.HELD],
                    n_undone=of_step[CleaningOutcome.UNDONE],
                )
            )
        n_came -= sum(of_step.values())
    return rows


def _found(cleaning: Cleaning, outcome: str, step: str) -> QuerySet[CleaningItem]:
    items = cleaning.items.select_related("caption", "version__image", "made", "twin")
    if outcome:
        items = items.filter(outcome=outcome)
    if step:
        items = items.filter(Q(step=step) | Q(changed_by__contains=[step]))
    return items.order_by("version__image__position", "version__image", "caption__key", "pk")


def captions_of(
    cleaning: Cleaning, outcome: str, step: str, number: str | int
) -> tuple["Page[CleaningItem]", list[ShownCaption]]:
    """Return a page of the captions with one outcome, or that one step touched; empty words filter nothing."""
    page = Paginator(_found(cleaning, outcome, step), SHOWN_A_PAGE).get_page(number)
    return page, [
        ShownCaption(
            item=item,
            changes=word_difference(item.version.text, after) if (after := text_after(item)) else [],
            repairs=[str(CleaningStep(repair).label) for repair in item.changed_by],
            may_undo=item.outcome in OPEN,
        )
        for item in page.object_list
    ]


def text_after(item: CleaningItem) -> str:
    """Return the text that the repairs made, or would have made; empty where they changed nothing."""
    return item.made.text if item.made is not None else item.text


def csv_rows(cleaning: Cleaning) -> Iterator[tuple[object, ...]]:
    """Yield every caption that the cleaning touched or would have touched, in the order of images and keys."""
    for item in _found(cleaning, "", "").iterator(chunk_size=2000):
        yield (
            item.version.image.key,
            item.caption.key,
            item.caption.source,
            item.outcome,
            item.step,
            item.reason,
            " ".join(item.changed_by),
            item.hold,
            item.version.text,
            text_after(item) or item.version.text,
            item.twin.text if item.twin is not None else "",
        )
