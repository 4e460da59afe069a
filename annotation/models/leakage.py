"""Leakage: images of a project that a corpus holds too (IMP C.6)."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from annotation.models.cleaning import Cleaning
from annotation.models.images import Image
from projects.models import Project, StoredFile


class LeakCheck(models.TextChoices):
    """How a row of a corpus was found to show an image of the project."""

    IDENTICAL = "identical", _("Identical file")
    PERCEPTUAL = "perceptual", _("Perceptual hash")
    EMBEDDING = "embedding", _("Embedding")


class LeakQuerySet(models.QuerySet["Leak"]):
    """Named filters over leaks."""

    def standing(self) -> "LeakQuerySet":
        """Keep those that nobody has put aside, alone or with their whole search."""
        return self.filter(dismissed_by=None, cleaning__undone_at=None)


class Leak(models.Model):
    """An image of the project and a row of a corpus that shows the same picture, by one check.

    `score` is 1 for an identical file, the differing bits for a perceptual hash, the cosine for an embedding. `row_key`
    is the row's name as captions keep it; `picture` is a small copy of the corpus picture where there is one.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="leaks")
    cleaning = models.ForeignKey(Cleaning, on_delete=models.PROTECT, related_name="leaks")
    image = models.ForeignKey(Image, on_delete=models.PROTECT, related_name="leaks")
    row_key = models.CharField(max_length=300)
    caption = models.TextField(blank=True)
    url = models.CharField(max_length=600, blank=True)
    check_made = models.CharField(max_length=10, choices=LeakCheck.choices)
    score = models.FloatField()
    picture = models.ForeignKey(StoredFile, on_delete=models.PROTECT, null=True, related_name="+")
    dismissed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    dismissed_at = models.DateTimeField(null=True)

    objects = LeakQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["cleaning", "image", "row_key", "check_made"], name="leak_once_by_check"
            ),
            models.CheckConstraint(condition=Q(check_made__in=LeakCheck.values), name="leak_check_known"),
            models.CheckConstraint(
                condition=Q(dismissed_by=None, dismissed_at=None)
                | Q(dismissed_by__isnull=False, dismissed_at__isnull=False),
                name="leak_dismissed_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.image_id} {self.row_key}"
