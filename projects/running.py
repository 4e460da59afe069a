"""Running a job: plan it once, claim its chunks under leases, finish it once; safe to be killed anywhere."""

import logging
import secrets
import socket
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F, Min, Q
from django.utils import timezone

from polyannot.kernel.errors import DomainError
from projects.models import Job, JobChunk, JobFailure
from projects.models.jobs import ACTIVE_STATES, JobState
from projects.queue import wake

log = logging.getLogger(__name__)

# A claim lasts this long without a sign of life, and is renewed this often while the work goes on.
LEASE = timedelta(seconds=20)
RENEW_SECONDS = 5.0
# A part whose worker died this often is given up, so that a poisonous item cannot kill workers for ever.
MOST_ATTEMPTS = 30


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
    """Work on a job until nothing of it can be claimed; ends quietly when others hold the rest."""
    worker = worker or socket.gethostname()
    job = Job.objects.select_related("project").filter(pk=job_id, state__in=ACTIVE_STATES).first()
    if job is None:
        return
    runner = RUNNERS.get(job.kind)
    if runner is None:
        _fail(
            job,
            f"This worker cannot run jobs of the kind {job.kind!r}: start one that serves queue {job.queue}.",
        )
        return
    try:
        if not _plan(job, runner):
            return
        while (chunk := _claim_chunk(job, worker)) is not None:
            with _renewed(JobChunk, chunk.pk, chunk.lease_token):
                outcome = runner.run(job, chunk)
            if not _complete_chunk(job, chunk, outcome):
                return
        _finish(job, runner)
    except (OperationalError, InterfaceError):
        # The database went away: the job is as it was, and the task is tried again.
        raise
    except DomainError as error:
        _fail(job, str(error.message))
    except Exception as error:
        reference = secrets.token_hex(4)
        log.exception("job %s failed, reference %s", job.public_id, reference)
        _fail(job, f"{type(error).__name__}: {error} (reference {reference})")


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
            others = len(chunks) - 1
            transaction.on_commit(lambda: wake(job, others))
    job.refresh_from_db()
    return True


def _claimable(job: Job, now: datetime) -> Q:
    return Q(job=job) & (Q(state=JobState.WAITING) | Q(state=JobState.RUNNING, lease_until__lte=now))


def _claim_chunk(job: Job, worker: str) -> JobChunk | None:
    """Take the next chunk of the earliest unfinished phase, or None."""
    now = timezone.now()
    unfinished = JobChunk.objects.filter(job=job).exclude(state=JobState.DONE)
    phase = unfinished.aggregate(first=Min("phase"))["first"]
    with transaction.atomic():
        if not Job.objects.filter(pk=job.pk, state=JobState.RUNNING).exists():
            return None
        chunk = (
            JobChunk.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(_claimable(job, now), phase=phase)
            .order_by("position")
            .first()
        )
        if chunk is None:
            return None
        if chunk.attempts >= MOST_ATTEMPTS:
            raise RuntimeError(f"Part {chunk.position} was given up after {chunk.attempts} attempts.")
        chunk.state = JobState.RUNNING
        chunk.lease_token = uuid.uuid4()
        chunk.lease_until = now + LEASE
        chunk.worker = worker
        chunk.attempts += 1
        chunk.started_at = now
        chunk.save(update_fields=["state", "lease_token", "lease_until", "worker", "attempts", "started_at"])
    return chunk


@contextmanager
def _renewed(model: type[JobChunk] | type[Job], pk: int, token: uuid.UUID | None) -> Iterator[None]:
    """Keep the lease alive from a thread of its own while the work goes on."""
    stop = threading.Event()

    def renew() -> None:
        try:
            while not stop.wait(RENEW_SECONDS):
                model._base_manager.filter(pk=pk, lease_token=token).update(
                    lease_until=timezone.now() + LEASE
                )
        finally:
            connection.close()

    thread = threading.Thread(target=renew, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _complete_chunk(job: Job, chunk: JobChunk, outcome: ChunkOutcome) -> bool:
    """Mark the chunk done if the lease is still ours; return whether the job goes on."""
    with transaction.atomic():
        ours = JobChunk.objects.filter(
            pk=chunk.pk, state=JobState.RUNNING, lease_token=chunk.lease_token
        ).update(state=JobState.DONE, lease_token=None, lease_until=None, ended_at=timezone.now())
        if ours:
            JobFailure.objects.bulk_create(
                [JobFailure(job=job, item=item[:200], reason=reason) for item, reason in outcome.failures],
                ignore_conflicts=True,
            )
            Job.objects.filter(pk=job.pk).update(
                items_done=F("items_done") + len(chunk.items),
                items_failed=F("items_failed") + len(outcome.failures),
                woken_at=timezone.now(),
            )
    return Job.objects.filter(pk=job.pk, state=JobState.RUNNING).exists()


def _finish(job: Job, runner: JobRunner) -> None:
    """Conclude the job if every chunk is done; the row lock lets exactly one worker do it."""
    with transaction.atomic():
        locked = Job.objects.select_for_update(no_key=True, of=("self",)).get(pk=job.pk)
        if locked.state != JobState.RUNNING or locked.chunks.exclude(state=JobState.DONE).exists():
            return
        result = runner.finish(locked)
        Job.objects.filter(pk=job.pk).update(state=JobState.DONE, result=result, ended_at=timezone.now())


def _fail(job: Job, message: str) -> None:
    """Put the reason on the job and end it; what was written stays."""
    Job.objects.filter(pk=job.pk, state__in=ACTIVE_STATES).update(
        state=JobState.FAILED, error=message, ended_at=timezone.now(), attempts=F("attempts") + 1
    )
