"""Addresses that are told what happened, and what each was told: the outbox of the webhooks."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from projects.models.projects import Project


class HookKind(models.TextChoices):
    """What an address may be told of."""

    JOB_DONE = "job.done", _("A job is done")
    JOB_FAILED = "job.failed", _("A job has failed")
    BATCH_DONE = "batch.done", _("A batch is done, or was closed")
    STUDY_TARGET = "study.target_reached", _("A study has all the answers that it was planned with")
    RELEASE_BUILT = "release.built", _("A release is built")


# Sent when somebody asks for it, whatever an address is told of.
TEST_KIND = "webhook.test"


class OffReason(models.TextChoices):
    """Why an address is told nothing; empty while it is."""

    NONE = "", _("on")
    PERSON = "person", _("switched off")
    FAILING = "failing", _("switched off: it failed for too long")
    GONE = "gone", _("switched off: it said that it is gone")


class Webhook(models.Model):
    """An address of somebody's server that is told of events in a project, signed with a secret of its own.

    The secret signs, so it cannot be hashed: it is sealed with the keys of the settings. `claimed_until` and
    `claim_token` are the lease of the one worker that talks to the address.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="webhooks")
    name = models.CharField(_("name"), max_length=80)
    url = models.CharField(_("address"), max_length=2000)
    kinds = ArrayField(models.CharField(max_length=24, choices=HookKind.choices))
    secret_sealed = models.TextField()
    off_reason = models.CharField(max_length=8, choices=OffReason.choices, blank=True, default="")
    # Failures are counted from here on.
    on_since = models.DateTimeField(default=timezone.now)
    off_at = models.DateTimeField(null=True)
    claim_token = models.UUIDField(null=True)
    claimed_until = models.DateTimeField(null=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kinds__contained_by=HookKind.values) & ~Q(kinds=[]), name="webhook_kinds_known"
            ),
            models.CheckConstraint(condition=Q(off_reason__in=OffReason.values), name="webhook_off_known"),
            models.CheckConstraint(
                condition=Q(off_reason="", off_at=None) | ~Q(off_reason="") & Q(off_at__isnull=False),
                name="webhook_off_when",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_on(self) -> bool:
        """Say whether the address is told of what happens."""
        return self.off_reason == OffReason.NONE

    @property
    def is_off_by_itself(self) -> bool:
        """Say whether it was switched off without anybody having asked for it."""
        return self.off_reason in {OffReason.FAILING, OffReason.GONE}


class DeliveryState(models.TextChoices):
    """waiting -> delivered or failed; failed -> waiting when somebody asks for it."""

    WAITING = "waiting", _("waiting")
    DELIVERED = "delivered", _("delivered")
    FAILED = "failed", _("given up")


class WebhookDelivery(models.Model):
    """One thing that one address is told: written with the thing itself, sent later, kept for a while.

    `body` is what is sent, to the byte. `public_id` is in the header `webhook-id`, the same at every try.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    kind = models.CharField(max_length=24)
    body = models.TextField()
    state = models.CharField(max_length=9, choices=DeliveryState.choices, default=DeliveryState.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)
    tried_at = models.DateTimeField(null=True)
    # What the address answered last; null where it answered nothing, and `error` says why.
    answer_status = models.PositiveSmallIntegerField(null=True)
    error = models.TextField(blank=True)
    made_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "webhook deliveries"
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=[*HookKind.values, TEST_KIND]), name="webhook_delivery_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(state="waiting", ended_at=None)
                | Q(state__in=["delivered", "failed"], ended_at__isnull=False),
                name="webhook_delivery_ended_when",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state="waiting"), name="webhook_delivery_due"),
            models.Index(fields=["webhook", "ended_at"], name="webhook_delivery_ended"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.public_id}"

    @property
    def message_id(self) -> str:
        """Return the id under which a receiver knows a second copy."""
        return f"msg_{self.public_id.hex}"
