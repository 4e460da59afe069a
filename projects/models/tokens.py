"""Tokens with which a script works in a person's name, and what it was answered when it might ask again."""

import uuid
from datetime import timedelta

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from projects.models.projects import Project

# A token that ends within this is marked.
SOON = timedelta(days=14)


class Scope(models.TextChoices):
    """What a token may be used for; it never lets a person do more than they may on the pages."""

    READ = "read", _("Look: images, captions, batches, jobs, reports, studies, releases")
    JUDGMENTS = "judgments", _("Read and export single judgments")
    WRITE = (
        "write",
        _("Act: import, open batches, ask for reports and releases, stop jobs, open and close studies"),
    )
    REVIEW = (
        "review",
        _(
            "Decide: edits, find-and-fix, final labels, questions, known answers, reported pairs, reviews, guidelines, "
            "onboarding"
        ),
    )
    PEOPLE = "people", _("Let people in, give them roles, end their work here (project admins)")
    PROJECTS = "projects", _("Make projects, see the health of the site (site admins)")


class ApiToken(models.Model):
    """A secret of one person for one project, kept as its SHA-256; without a project it only makes projects."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="api_tokens")
    project = models.ForeignKey(Project, on_delete=models.PROTECT, null=True, related_name="api_tokens")
    name = models.CharField(_("name"), max_length=80)
    secret_hash = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=10, choices=Scope.choices))
    made_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    # To the day: enough to see which ones nobody uses any more.
    used_on = models.DateField(null=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(scopes__contained_by=Scope.values) & ~Q(scopes=[]), name="api_token_scopes_known"
            ),
            models.CheckConstraint(
                condition=Q(project__isnull=False) & ~Q(scopes__contains=["projects"])
                | Q(project__isnull=True, scopes=["projects"]),
                name="api_token_of_project_or_site",
            ),
            models.CheckConstraint(condition=Q(expires_at__gt=F("made_at")), name="api_token_ends"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_over(self) -> bool:
        """Say whether its time has run out."""
        return self.expires_at <= timezone.now()

    @property
    def is_running(self) -> bool:
        """Say whether it works."""
        return self.revoked_at is None and not self.is_over

    @property
    def ends_soon(self) -> bool:
        """Say whether whoever uses it should make a new one now."""
        return self.is_running and self.expires_at <= timezone.now() + SOON


class KeptAnswer(models.Model):
    """What a request that makes something was answered, by the key that its sender gave it; empty while it is at work.

    A secret that was shown once is not kept.
    """

    token = models.ForeignKey(ApiToken, on_delete=models.CASCADE, related_name="kept_answers")
    key = models.CharField(max_length=80)
    request_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["token", "key"], name="kept_answer_once")]
        indexes = [models.Index(fields=["made_at"], name="kept_answer_by_age")]

    def __str__(self) -> str:
        return self.key
