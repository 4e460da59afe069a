"""The log of a job: the parts that workers took up, when, how long each took, and which were begun again."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Func, IntegerField

from projects.models import Job, JobChunk
from projects.outlook import in_words


@dataclass(frozen=True, slots=True)
class ShownPart:
    """A part of a job: how many items it holds, and how long it took in words, empty while it is at work."""

    part: JobChunk
    n_items: int
    took: str


@dataclass(frozen=True, slots=True)
class JobLog:
    """Parts that were begun, the latest first; of `n` in all `n_begun` were, `n_again` of them more than once."""

    parts: Sequence[ShownPart]
    n: int
    n_begun: int
    n_again: int


def log_of(job: Job, most: int) -> JobLog:
    """Return the log of a job with its latest parts, at most so many."""
    begun = job.chunks.exclude(started_at=None)
    latest = begun.annotate(n_items=Func("items", function="cardinality", output_field=IntegerField()))
    shown = latest.defer("items").order_by("-started_at", "-position")[:most]
    return JobLog(
        [ShownPart(part, part.n_items, _took(part)) for part in shown],
        job.chunks.count(),
        begun.count(),
        begun.filter(attempts__gt=1).count(),
    )


def _took(part: JobChunk) -> str:
    if part.started_at is None or part.ended_at is None:
        return ""
    return in_words(part.ended_at - part.started_at)
