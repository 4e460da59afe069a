"""Work for Celery workers: the row is the truth, the message only a wake-up."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from projects.models.projects import Project


class JobState(models.TextChoices):
    """The life of a job: waiting -> running -> done, failed or cancelled."""

    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


ACTIVE_STATES = (JobState.WAITING, JobState.RUNNING)


class JobQueue(models.TextChoices):
    """Which workers may take a job; `cpu`, `gpu` and `interactive` load torch."""

    DEFAULT = "default", "default"
    CPU = "cpu", "cpu"
    GPU = "gpu", "gpu"
    INTERACTIVE = "interactive", "interactive"


class Job(models.Model):
    """One piece of work that a person or a schedule asked for.

    `parameters` is the snapshot that the job runs with; `fingerprint` is the hash of kind, project and parameters:
    asking twice while it is active is one job.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, null=True, related_name="jobs")
    kind = models.CharField(max_length=60)
    queue = models.CharField(max_length=12, choices=JobQueue.choices)
    parameters = models.JSONField(default=dict)
    fingerprint = models.CharField(max_length=64)
    seed = models.BigIntegerField(default=0)
    state = models.CharField(max_length=10, choices=JobState.choices, default=JobState.WAITING)
    is_planned = models.BooleanField(default=False)
    lease_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    items_total = models.BigIntegerField(default=0)
    items_done = models.BigIntegerField(default=0)
    items_failed = models.BigIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)
    result = models.JSONField(default=dict)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    asked_at = models.DateTimeField(auto_now_add=True)
    woken_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=JobState.values), name="job_state_known"),
            models.CheckConstraint(condition=Q(queue__in=JobQueue.values), name="job_queue_known"),
            models.UniqueConstraint(
                fields=["fingerprint"], condition=Q(state__in=["waiting", "running"]), name="job_active_once"
            ),
            models.CheckConstraint(
                condition=Q(items_done__lte=F("items_total")), name="job_done_within_total"
            ),
        ]
        indexes = [models.Index(fields=["state", "lease_until"], name="job_by_state")]

    def __str__(self) -> str:
        return f"{self.kind} {self.public_id}"

    @property
    def is_active(self) -> bool:
        """Say whether the job still waits or runs."""
        return self.state in ACTIVE_STATES

    @property
    def percent(self) -> int:
        """Return finished items as a whole per cent of all, 0 before the plan is known."""
        return 100 * self.items_done // self.items_total if self.items_total else 0


class JobChunk(models.Model):
    """A part of a job of under five minutes, claimed by one worker under a lease and done exactly once."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="chunks")
    position = models.PositiveIntegerField()
    items = ArrayField(models.BigIntegerField(), default=list)
    # Chunks of a later phase wait until all of the earlier ones are done.
    phase = models.PositiveSmallIntegerField(default=0)
    state = models.CharField(max_length=10, choices=JobState.choices, default=JobState.WAITING)
    lease_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    worker = models.CharField(max_length=120, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["job", "position"], name="job_chunk_position_once"),
            models.CheckConstraint(condition=Q(state__in=JobState.values), name="job_chunk_state_known"),
        ]

    def __str__(self) -> str:
        return f"{self.job_id}/{self.position}"


class JobFailure(models.Model):
    """An item that a job had to leave out, with the reason a person can act on."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="failures")
    item = models.CharField(max_length=200)
    reason = models.TextField()

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["job", "item"], name="job_failure_once_per_item")]

    def __str__(self) -> str:
        return f"{self.item}: {self.reason}"


class WorkerHeartbeat(models.Model):
    """The last sign of life of a worker; written every few seconds beside its work, so a busy worker is not gone."""

    name = models.CharField(max_length=160, unique=True)
    queues = ArrayField(models.CharField(max_length=20))
    host = models.CharField(max_length=120)
    pid = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
