"""Running a job: plan it once, work on its chunks under claims, finish it once; safe to be killed anywhere."""

import logging
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from polyannot.kernel.errors import DomainError
from projects.claims import claim_chunk, claimant, release_dead_claims, renewed
from projects.models import HookKind, Job, JobChunk, JobFailure
from projects.models.jobs import ACTIVE_STATES, JobState
from projects.queue import wake
from projects.telling import tell_job

log = logging.getLogger(__name__)

# After this long a worker lets others have a turn: other jobs, and somebody who looks for words and waits. With chunks
# of under 5 minutes a task stays under 15.
SHIFT_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class ChunkPlan:
    """One chunk: the items it will treat; chunks of a later phase wait for all earlier ones."""

    items: Sequence[int]
    phase: int = 0


@dataclass(frozen=True, slots=True)
class ChunkOutcome:
    """What a chunk came to: items left out with the reason that a person can act on."""

    failures: Sequence[tuple[str, str]] = field(default_factory=tuple)


class JobRunner(Protocol):
    """The code of one kind of job. Everything it writes is an upsert: running twice is harmless."""

    def plan(self, job: Job) -> Sequence[ChunkPlan]:
        """Return the chunks; called once, inside a transaction."""

    def run(self, job: Job, chunk: JobChunk) -> ChunkOutcome:
        """Treat the items of one chunk and write the result."""

    def finish(self, job: Job) -> dict[str, Any]:
        """Conclude after the last chunk, inside a transaction; the returned figures are stored with the job."""


RUNNERS: dict[str, JobRunner] = {}


def register_runner(kind: str, runner: JobRunner) -> None:
    """Make this worker able to run a kind of job."""
    RUNNERS[kind] = runner


def run_job(job_id: int, *, worker: str = "") -> None:
    """Work on a job until nothing of it can be claimed or the shift is over.

    Ends quietly when others hold the rest; a failure is written on the job. Raises OperationalError or
    InterfaceError when the database goes away: the job is then as it was, and is called again.
    """
    job = Job.objects.select_related("project").filter(pk=job_id, state__in=ACTIVE_STATES).first()
    if job is None:
        return
    runner = RUNNERS.get(job.kind)
    if runner is None:
        _fail(
            job,
            _("This worker cannot run jobs of the kind %(kind)s: start one that serves queue %(queue)s.")
            % {"kind": job.kind, "queue": job.queue},
        )
        return
    try:
        release_dead_claims()
        if _plan(job, runner) and _work(job, runner, claimant(worker)):
            _finish(job, runner)
    except (OperationalError, InterfaceError):
        raise
    except DomainError as error:
        _fail(job, str(error.message))
    except Exception as error:
        reference = secrets.token_hex(4)
        log.exception("job %s failed, reference %s", job.public_id, reference)
        _fail(
            job,
            _("%(error)s. The log of the worker says more under reference %(reference)s.")
            % {"error": f"{type(error).__name__}: {error}".rstrip("."), "reference": reference},
        )


def _plan(job: Job, runner: JobRunner) -> bool:
    """Write the plan if nobody has; return whether there is one now."""
    with transaction.atomic():
        locked = Job.objects.select_for_update(no_key=True, of=("self",)).get(pk=job.pk)
        if locked.state not in ACTIVE_STATES:
            return False
        if not locked.is_planned:
            chunks = runner.plan(job)
            JobChunk.objects.bulk_create(
                [
                    JobChunk(job=job, position=position, items=list(chunk.items), phase=chunk.phase)
                    for position, chunk in enumerate(chunks)
                ]
            )
            Job.objects.filter(pk=job.pk).update(
                is_planned=True,
                state=JobState.RUNNING,
                started_at=timezone.now(),
                items_total=sum(len(chunk.items) for chunk in chunks),
            )
            first = min((chunk.phase for chunk in chunks), default=0)
            _call_others(job, sum(chunk.phase == first for chunk in chunks))
    job.refresh_from_db()
    return True


def _call_others(job: Job, chunks: int) -> None:
    """Call as many other workers as there are chunks for, once the transaction holds."""
    if chunks > 1:
        transaction.on_commit(lambda: wake(job, chunks - 1))


def _work(job: Job, runner: JobRunner, holder: str) -> bool:
    """Work on chunks until none can be claimed; return whether the job may be finished."""
    ends_at = time.monotonic() + SHIFT_SECONDS
    while (chunk := claim_chunk(job, holder)) is not None:
        with renewed(chunk):
            outcome = runner.run(job, chunk)
        if not _complete_chunk(job, chunk, outcome):
            return False
        if time.monotonic() >= ends_at:
            wake(job)
            return False
    return True


def _complete_chunk(job: Job, chunk: JobChunk, outcome: ChunkOutcome) -> bool:
    """Mark the chunk done if the claim is still ours; return whether the job goes on."""
    with transaction.atomic():
        ours = JobChunk.objects.filter(
            pk=chunk.pk, state=JobState.RUNNING, lease_token=chunk.lease_token
        ).update(state=JobState.DONE, lease_token=None, lease_until=None, ended_at=timezone.now())
        if ours:
            JobFailure.objects.bulk_create(
                [JobFailure(job=job, item=item[:200], reason=reason) for item, reason in outcome.failures],
                ignore_conflicts=True,
            )
            # The job's row is locked from here on, so that two workers count the failures one after the other.
            Job.objects.filter(pk=job.pk).update(
                items_done=F("items_done") + len(chunk.items), woken_at=timezone.now()
            )
            Job.objects.filter(pk=job.pk).update(items_failed=job.failures.count())
            _begin_next_phase(job, chunk.phase)
    return Job.objects.filter(pk=job.pk, state=JobState.RUNNING).exists()


def _begin_next_phase(job: Job, phase: int) -> None:
    """Call the workers that had found nothing left in this phase, when the next one begins."""
    unfinished = JobChunk.objects.filter(job=job).exclude(state=JobState.DONE)
    if unfinished.filter(phase__lte=phase).exists():
        return
    following = unfinished.order_by("phase", "position").values_list("phase", flat=True).first()
    if following is not None:
        _call_others(job, unfinished.filter(phase=following).count())


def _finish(job: Job, runner: JobRunner) -> None:
    """Conclude the job if every chunk is done; the row lock lets exactly one worker do it."""
    with transaction.atomic():
        locked = Job.objects.select_for_update(no_key=True, of=("self",)).get(pk=job.pk)
        if locked.state != JobState.RUNNING or locked.chunks.exclude(state=JobState.DONE).exists():
            return
        result = runner.finish(locked)
        locked.state, locked.result, locked.ended_at = JobState.DONE, result, timezone.now()
        locked.save(update_fields=["state", "result", "ended_at"])
        tell_job(locked, HookKind.JOB_DONE)


def _fail(job: Job, message: str) -> None:
    """Put the reason on the job and end it; what was written stays."""
    with transaction.atomic():
        ended = Job.objects.filter(pk=job.pk, state__in=ACTIVE_STATES).update(
            state=JobState.FAILED, error=message, ended_at=timezone.now(), attempts=F("attempts") + 1
        )
        if ended:
            job.refresh_from_db()
            tell_job(job, HookKind.JOB_FAILED)
