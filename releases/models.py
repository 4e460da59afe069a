"""A release: a frozen snapshot, its files and what it holds."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from annotation.models import CaptionVersion, Image
from projects.models import Job, Project, StoredFile


class ReleaseState(models.TextChoices):
    """frozen -> built or failed; built -> withdrawn (the row and its checksums stay)."""

    FROZEN = "frozen", _("Being built")
    BUILT = "built", _("Built")
    FAILED = "failed", _("Failed")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class Release(models.Model):
    """One numbered version; the snapshot is the only source that a build reads, so it can be built again alike."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="releases")
    major = models.PositiveIntegerField()
    minor = models.PositiveIntegerField()
    patch = models.PositiveIntegerField()
    notes = models.TextField(_("notes"), blank=True)
    licence = models.CharField(_("licence of the captions and labels"), max_length=120, blank=True)
    state = models.CharField(max_length=10, choices=ReleaseState.choices, default=ReleaseState.FROZEN)
    canary = models.UUIDField(default=uuid.uuid4, editable=False)
    seed = models.BigIntegerField(default=0)
    contains_demo = models.BooleanField(default=False)
    with_free_text = models.BooleanField(default=False)
    with_demographics = models.BooleanField(default=False)
    snapshot = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    bundle = models.ForeignKey(StoredFile, on_delete=models.PROTECT, null=True, related_name="+")
    job = models.ForeignKey(Job, on_delete=models.PROTECT, null=True, related_name="+")
    n_images = models.PositiveIntegerField(default=0)
    n_captions = models.PositiveIntegerField(default=0)
    frozen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    frozen_at = models.DateTimeField(auto_now_add=True)
    built_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    withdrawn_why = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        ordering = ["-major", "-minor", "-patch"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "major", "minor", "patch"], name="release_number_once"
            ),
            models.UniqueConstraint(fields=["id", "project"], name="release_of_project"),
            models.CheckConstraint(condition=Q(state__in=ReleaseState.values), name="release_state_known"),
            models.CheckConstraint(
                condition=~Q(state="built") | Q(bundle__isnull=False, built_at__isnull=False),
                name="release_built_has_bundle",
            ),
            models.CheckConstraint(
                condition=Q(state="withdrawn", withdrawn_at__isnull=False) & ~Q(withdrawn_why="")
                | ~Q(state="withdrawn") & Q(withdrawn_at=None),
                name="release_withdrawn_says_why",
            ),
        ]

    def __str__(self) -> str:
        return f"v{self.number}"

    @property
    def number(self) -> str:
        """Return the semantic version, such as 1.0.0."""
        return f"{self.major}.{self.minor}.{self.patch}"


class ReleaseFile(models.Model):
    """One file of a built release, for the page and for checking a download."""

    release = models.ForeignKey(Release, on_delete=models.CASCADE, related_name="files")
    path = models.CharField(max_length=300)
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()

    class Meta:
        ordering = ["path"]
        constraints = [models.UniqueConstraint(fields=["release", "path"], name="release_file_once")]

    def __str__(self) -> str:
        return self.path


class ReleaseCaption(models.Model):
    """One released version: tells which releases a takedown or withdrawal concerns."""

    release = models.ForeignKey(Release, on_delete=models.CASCADE, related_name="captions")
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="+")
    image = models.ForeignKey(Image, on_delete=models.PROTECT, related_name="+")
    version = models.ForeignKey(CaptionVersion, on_delete=models.PROTECT, related_name="released_in")
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["image_id", "position"]
        constraints = [models.UniqueConstraint(fields=["release", "version"], name="release_caption_once")]

    def __str__(self) -> str:
        return f"{self.release_id} {self.version_id}"
