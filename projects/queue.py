"""Asking for work by name: the row is written first, the message is only a wake-up sent after commit."""

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from celery import current_app
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from polyannot.kernel.errors import Conflict, Invalid
from projects.history import append_event
from projects.models import Job, JobChunk, Project
from projects.models.jobs import ACTIVE_STATES, JobQueue, JobState

# How long a job may lie without a sign before it is called again.
WAKE_AFTER = timedelta(seconds=20)
# Wake-ups sent for one job at a time: as many workers as this join in.
MOST_WAKE_UPS = 8


@dataclass(frozen=True, slots=True)
class JobKind:
    """A kind of job that somebody may ask for: its name, its queue and what people call it."""

    name: str
    queue: JobQueue
    title: str


KINDS: dict[str, JobKind] = {}


def register_kind(name: str, queue: JobQueue, title: str) -> None:
    """Make a kind known to everybody who may ask for it; the code that runs it is found by the worker."""
    KINDS[name] = JobKind(name, queue, title)


def task_name(queue: str) -> str:
    """Return the Celery task that runs jobs of a queue."""
    return "projects.run_job" if queue == JobQueue.DEFAULT else "ml_workers.run_job"


def fingerprint(kind: str, project: Project | None, parameters: dict[str, Any]) -> str:
    """Return the SHA-256 under which asking twice is noticed."""
    told = json.dumps([kind, project.pk if project else None, parameters], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()


def enqueue(
    *, kind: str, project: Project | None, parameters: dict[str, Any], asked_by: User | None, seed: int = 0
) -> Job:
    """Write the job and wake a worker after commit; asking again while it is active returns the same job.

    Raises Invalid for an unknown kind.
    """
    if kind not in KINDS:
        raise Invalid("job_kind_unknown", _("There is no kind of job named %(kind)s.") % {"kind": kind})
    mark = fingerprint(kind, project, parameters)
    if (active := Job.objects.filter(fingerprint=mark, state__in=ACTIVE_STATES).first()) is not None:
        return active
    try:
        with transaction.atomic():
            job = Job.objects.create(
                kind=kind,
                project=project,
                queue=KINDS[kind].queue,
                parameters=parameters,
                fingerprint=mark,
                seed=seed,
                asked_by=asked_by,
                woken_at=timezone.now(),
            )
            append_event(actor=asked_by, act="job_asked", row=job, project=project)
    except IntegrityError:
        return Job.objects.get(fingerprint=mark, state__in=ACTIVE_STATES)
    transaction.on_commit(lambda: wake(job))
    return job


def wake(job: Job, times: int = 1) -> None:
    """Send wake-ups for a job; losing them does no harm, sending too many neither."""
    signature = current_app.signature(task_name(job.queue), kwargs={"job_id": job.pk})
    for _time in range(min(times, MOST_WAKE_UPS)):
        signature.apply_async(queue=job.queue, retry=False)


def wake_waiting_jobs() -> int:
    """Call again every active job that nobody works on; return how many."""
    now = timezone.now()
    live = JobChunk.objects.filter(state=JobState.RUNNING, lease_until__gt=now).values("job_id")
    waiting = (
        Job.objects.filter(state__in=ACTIVE_STATES)
        .filter(Q(lease_until=None) | Q(lease_until__lte=now))
        .exclude(pk__in=live)
        .filter(Q(woken_at=None) | Q(woken_at__lt=now - WAKE_AFTER))
    )
    jobs = list(waiting[:100])
    for job in jobs:
        if Job.objects.filter(pk=job.pk, woken_at=job.woken_at).update(woken_at=now):
            wake(job)
    return len(jobs)


def cancel_job(*, job: Job, actor: User) -> None:
    """End an active job; what it had written stays and is written again by the next one. Raises Conflict."""
    with transaction.atomic():
        changed = Job.objects.filter(pk=job.pk, state__in=ACTIVE_STATES).update(
            state=JobState.CANCELLED, ended_at=timezone.now(), lease_until=None, lease_token=None
        )
        if not changed:
            raise Conflict("job_ended", _("The job had already ended; nothing was changed."))
        JobChunk.objects.filter(job=job, state=JobState.WAITING).update(state=JobState.CANCELLED)
        append_event(actor=actor, act="job_cancelled", row=job)


def retry_job(*, job: Job, actor: User) -> Job:
    """Ask for the same work again after it failed or was cancelled; finished items are not repeated by upserts.

    Raises Conflict while it is active.
    """
    if job.is_active:
        raise Conflict("job_active", _("The job is still at work."))
    return enqueue(
        kind=job.kind, project=job.project, parameters=job.parameters, asked_by=actor, seed=job.seed
    )
