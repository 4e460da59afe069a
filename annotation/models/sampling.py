"""Which of the imported images are worked on: a choice by a model worker, and what became of it."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from annotation.models.images import Image, ImageState
from annotation.models.machine import DistanceSpace, Encoder
from projects.models import Job, Project


class SamplingMethod(models.TextChoices):
    """How images are chosen (IMP C.1 and §4.1)."""

    FARTHEST = "farthest", _("Farthest points: no two chosen images look alike")
    RANDOM = "random", _("At random")


class ImageSampling(models.Model):
    """An order of images; the first `n_chosen` are chosen, the next `n_reserve` in reserve, the rest set aside.

    `spreads` is the verbatim result of `measures.spread` for the choice and for random ones. At most one choice of a
    project is applied at a time.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="image_samplings")
    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="image_sampling")
    encoder = models.ForeignKey(Encoder, on_delete=models.PROTECT, related_name="+")
    method = models.CharField(max_length=8, choices=SamplingMethod.choices)
    space = models.CharField(max_length=8, choices=DistanceSpace.choices)
    seed = models.BigIntegerField()
    n_images = models.PositiveIntegerField()
    n_chosen = models.PositiveIntegerField()
    n_reserve = models.PositiveIntegerField()
    n_in_batches = models.PositiveIntegerField()
    spreads = models.JSONField()
    made_at = models.DateTimeField(auto_now_add=True)
    applied_at = models.DateTimeField(null=True)
    applied_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["id", "project"], name="image_sampling_of_project"),
            models.UniqueConstraint(
                fields=["project"],
                condition=Q(applied_at__isnull=False, undone_at=None),
                name="image_sampling_applied_once",
            ),
            models.CheckConstraint(
                condition=Q(method__in=SamplingMethod.values), name="image_sampling_method_known"
            ),
            models.CheckConstraint(
                condition=Q(space__in=DistanceSpace.values), name="image_sampling_space_known"
            ),
            models.CheckConstraint(
                condition=Q(n_images__gte=models.F("n_chosen") + models.F("n_reserve")),
                name="image_sampling_counts_fit",
            ),
            models.CheckConstraint(
                condition=Q(applied_at=None, applied_by=None)
                | Q(applied_at__isnull=False, applied_by__isnull=False),
                name="image_sampling_applied_by_someone",
            ),
            models.CheckConstraint(
                condition=Q(undone_at=None, undone_by=None)
                | Q(undone_at__isnull=False, undone_by__isnull=False, applied_at__isnull=False),
                name="image_sampling_undone_by_someone",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.project} {self.made_at:%Y-%m-%d %H:%M}"

    @property
    def n_aside(self) -> int:
        """Return how many images are neither chosen nor in reserve."""
        return self.n_images - self.n_chosen - self.n_reserve

    @property
    def is_applied(self) -> bool:
        """Say whether the images stand as the choice says."""
        return self.applied_at is not None and self.undone_at is None


class SampledImage(models.Model):
    """An image's rank in a choice (from 1), its place on the plane, and what applying the choice changed of it.

    `state_after` is empty where the image was left as it was; then `state_before` and `rank_before` are empty too.
    """

    sampling = models.ForeignKey(ImageSampling, on_delete=models.CASCADE, related_name="images")
    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="samplings")
    rank = models.PositiveIntegerField()
    x = models.FloatField(null=True)
    y = models.FloatField(null=True)
    state_before = models.CharField(max_length=10, choices=ImageState.choices, blank=True, default="")
    state_after = models.CharField(max_length=10, choices=ImageState.choices, blank=True, default="")
    rank_before = models.PositiveIntegerField(null=True)

    class Meta:
        ordering = ["sampling", "rank"]
        constraints = [
            models.UniqueConstraint(fields=["sampling", "image"], name="sampled_image_once"),
            models.UniqueConstraint(fields=["sampling", "rank"], name="sampled_image_rank_once"),
            models.CheckConstraint(condition=Q(rank__gte=1), name="sampled_image_rank_from_one"),
            models.CheckConstraint(
                condition=Q(x=None, y=None) | Q(x__isnull=False, y__isnull=False), name="sampled_image_place"
            ),
            models.CheckConstraint(
                condition=Q(state_before="", state_after="", rank_before=None)
                | Q(state_before__in=ImageState.values, state_after__in=ImageState.values),
                name="sampled_image_states_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sampling_id} {self.rank}"
