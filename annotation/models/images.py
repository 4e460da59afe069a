"""Images of a project and the smaller pictures made from them."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from projects.models import Job, Project, StoredFile


class ImageState(models.TextChoices):
    """Whether an image is worked on, waits to replace one that cannot reach five, was not chosen, or was taken out."""

    ACTIVE = "active", _("Active")
    RESERVE = "reserve", _("Reserve")
    SET_ASIDE = "set_aside", _("Set aside")
    RETIRED = "retired", _("Retired")


class Image(models.Model):
    """A photograph. `key` is its natural key in the project; the original stays untouched in the file store.

    `sampling_rank` is its place in the choice of images that is applied; reserves come in by it.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="images")
    key = models.CharField(max_length=200)
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="images")
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    position = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=10, choices=ImageState.choices, default=ImageState.ACTIVE)
    sampling_rank = models.PositiveIntegerField(null=True)
    title = models.CharField(max_length=300, blank=True)
    author = models.CharField(max_length=300, blank=True)
    source = models.CharField(max_length=300, blank=True)
    source_url = models.URLField(max_length=600, blank=True)
    licence = models.CharField(max_length=120, blank=True)
    licence_url = models.URLField(max_length=600, blank=True)
    attribution = models.TextField(blank=True)
    may_redistribute = models.BooleanField(default=False)
    # The address that a worker fetched the bytes from; empty where they came in a file.
    fetched_from = models.CharField(max_length=2000, blank=True)
    imported_by = models.ForeignKey(Job, on_delete=models.PROTECT, null=True, related_name="+")
    imported_at = models.DateTimeField(auto_now_add=True)
    retired_at = models.DateTimeField(null=True)
    retired_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    retired_why = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["project", "key"], name="image_key_once_per_project"),
            models.UniqueConstraint(fields=["id", "project"], name="image_of_project"),
            models.CheckConstraint(condition=Q(state__in=ImageState.values), name="image_state_known"),
            models.CheckConstraint(condition=Q(width__gt=0, height__gt=0), name="image_has_size"),
            models.CheckConstraint(
                condition=Q(state="retired", retired_at__isnull=False) | ~Q(state="retired"),
                name="image_retired_when",
            ),
        ]

    def __str__(self) -> str:
        return self.title or self.key


class DerivativeKind(models.TextChoices):
    """The sizes in which a page shows an image; longest side in pixels."""

    THUMBNAIL = "thumbnail", "thumbnail"
    DISPLAY = "display", "display"


class ImageDerivative(models.Model):
    """A picture for the screen: orientation applied, metadata dropped, at an address that never changes."""

    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="derivatives")
    kind = models.CharField(max_length=12, choices=DerivativeKind.choices)
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["image", "kind"], name="derivative_once_per_kind"),
            models.CheckConstraint(condition=Q(kind__in=DerivativeKind.values), name="derivative_kind_known"),
        ]

    def __str__(self) -> str:
        return f"{self.image_id} {self.kind}"
