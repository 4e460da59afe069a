"""Asking for work by name: the row is written first, the message is only a wake-up sent after commit."""

import hashlib
import json
import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from celery import current_app
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

from accounts.models import User
from polyannot.kernel.errors import Conflict, Invalid
from projects.history import append_event
from projects.models import Job, JobChunk, Project
from projects.models.jobs import ACTIVE_STATES, JobQueue, JobState

log = logging.getLogger(__name__)

Parameters = dict[str, Any]

# How long a job may lie without a sign before it is called again.
WAKE_AFTER = timedelta(seconds=20)
# Wake-ups sent for one job at a time: as many workers as this join in.
MOST_WAKE_UPS = 8


def _nothing_to_check(_project: Project, _parameters: Parameters) -> None:
    """Parameters that name no row need no check beside `completed`."""


@dataclass(frozen=True, slots=True)
class JobKind:
    """A kind of job that somebody may ask for: its name, its queue and what people call it.

    `completed` takes the parameters as asked for and returns all of them with their defaults; it raises Invalid.
    `roles` may ask for it by its parameters alone; without roles it has an act of its own (files, rows to choose).
    `check` raises a DomainError for parameters that name what the project does not have.
    """

    name: str
    queue: JobQueue
    title: str | Promise
    completed: Callable[[Mapping[str, Any]], Parameters] = dict
    roles: frozenset[str] = frozenset()
    check: Callable[[Project, Parameters], object] = _nothing_to_check


KINDS: dict[str, JobKind] = {}


def register_kind(
    name: str,
    queue: JobQueue,
    title: str | Promise,
    completed: Callable[[Mapping[str, Any]], Parameters] = dict,
    roles: Collection[str] = (),
    check: Callable[[Project, Parameters], object] = _nothing_to_check,
) -> None:
    """Make a kind known to everybody who may ask for it; the code that runs it is found by the worker."""
    KINDS[name] = JobKind(name, queue, title, completed, frozenset(roles), check)


def task_name(queue: str) -> str:
    """Return the Celery task that runs jobs of a queue."""
    return "projects.run_job" if queue == JobQueue.DEFAULT else "ml_workers.run_job"


def fingerprint(kind: str, project: Project | None, parameters: Parameters) -> str:
    """Return the SHA-256 under which asking twice is noticed."""
    told = json.dumps([kind, project.pk if project else None, parameters], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()


def enqueue(
    *, kind: str, project: Project | None, parameters: Mapping[str, Any], asked_by: User | None, seed: int = 0
) -> Job:
    """Write the job and wake a worker after commit; asking again while it is active returns the same job.

    Raises Invalid for an unknown kind and for parameters that the kind does not take.
    """
    if kind not in KINDS:
        raise Invalid("job_kind_unknown", _("There is no kind of job named %(kind)s.") % {"kind": kind})
    complete = KINDS[kind].completed(parameters)
    mark = fingerprint(kind, project, complete)
    if (active := Job.objects.filter(fingerprint=mark, state__in=ACTIVE_STATES).first()) is not None:
        return active
    try:
        with transaction.atomic():
            job = Job.objects.create(
                kind=kind,
                project=project,
                queue=KINDS[kind].queue,
                parameters=complete,
                fingerprint=mark,
                seed=seed,
                asked_by=asked_by,
                woken_at=timezone.now(),
            )
            append_event(actor=asked_by, act="job_asked", row=job, project=project)
    except IntegrityError:
        # Somebody asked for the same at the same moment; it may even have ended since.
        return Job.objects.filter(fingerprint=mark).latest("pk")
    transaction.on_commit(lambda: wake(job))
    return job


def wake(job: Job, times: int = 1) -> None:
    """Send wake-ups for a job; losing them does no harm, nor does a broker that is away: beat calls again."""
    signature = current_app.signature(task_name(job.queue), kwargs={"job_id": job.pk})
    try:
        for _time in range(min(times, MOST_WAKE_UPS)):
            signature.apply_async(queue=job.queue, retry=False)
    except (BrokerError, RedisError, OSError) as error:
        log.warning("job %s waits: the broker could not be told (%s)", job.public_id, error)


def wake_waiting_jobs(*, unheard_for: timedelta = WAKE_AFTER) -> int:
    """Call again every active job that nobody works on and that was last called so long ago; return how many."""
    live = JobChunk.objects.filter(state=JobState.RUNNING, lease_until__gt=Now()).values("job_id")
    waiting = (
        Job.objects.filter(state__in=ACTIVE_STATES)
        .exclude(pk__in=live)
        .filter(Q(woken_at=None) | Q(woken_at__lte=Now() - unheard_for))
    )
    jobs = list(waiting.order_by("pk")[:100])
    for job in jobs:
        if Job.objects.filter(pk=job.pk, woken_at=job.woken_at).update(woken_at=timezone.now()):
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
