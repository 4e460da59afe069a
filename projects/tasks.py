"""The tasks of the default queue: jobs, and waking those that nobody works on."""

import logging
from datetime import timedelta

from celery import shared_task
from celery.signals import worker_ready
from django.db import Error, InterfaceError, OperationalError

from projects import claims, delivering, queue, running, telling

log = logging.getLogger(__name__)


@shared_task(
    name="projects.run_job",
    bind=True,
    autoretry_for=(OperationalError, InterfaceError),
    max_retries=5,
    retry_backoff=2,
    time_limit=900,
)
def run_job(self, *, job_id: int) -> None:  # type: ignore[no-untyped-def]
    """Work on a job of the default queue."""
    running.run_job(job_id, worker=self.request.hostname or "")


@shared_task(name="projects.wake_waiting_jobs")
def wake_waiting_jobs() -> int:
    """Call again every job that lost its worker or its message."""
    claims.release_dead_claims()
    return queue.wake_waiting_jobs()


@shared_task(
    name="projects.send_webhooks",
    autoretry_for=(OperationalError, InterfaceError),
    max_retries=5,
    retry_backoff=2,
    time_limit=180,
)
def send_webhooks(*, webhook_id: int) -> int:
    """Send what a webhook waits for."""
    return delivering.send_due(webhook_id)


@shared_task(name="projects.call_due_webhooks")
def call_due_webhooks() -> int:
    """Call again every webhook that has something due."""
    return telling.call_due()


@worker_ready.connect
def wake_at_start(**_kwargs: object) -> None:
    """A worker that starts takes up what its predecessor left and calls what waits, whatever the broker forgot."""
    try:
        claims.release_dead_claims()
        queue.wake_waiting_jobs(unheard_for=timedelta(0))
        telling.call_due()
    except Error:
        log.exception("nothing could be called at the start; the scheduler will do it")
