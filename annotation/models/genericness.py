"""Captions that say too little: hubs that a machine suggests, and what people answer about them on other images."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from annotation.models.captions import Caption, CaptionVersion
from annotation.models.images import Image
from annotation.models.machine import Encoder
from projects.models import Job, Project


class CaptionHub(models.Model):
    """A caption that is near to unusually many images: `occurrences` of `n_images` have it among their `k` nearest.

    A suggestion to ask people, never a verdict; whether the caption is near to its own image plays no part.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="caption_hubs")
    job = models.ForeignKey(Job, on_delete=models.PROTECT, related_name="caption_hubs")
    encoder = models.ForeignKey(Encoder, on_delete=models.PROTECT, related_name="+")
    version = models.ForeignKey(CaptionVersion, on_delete=models.CASCADE, related_name="hubs")
    k = models.PositiveSmallIntegerField()
    n_images = models.PositiveIntegerField()
    occurrences = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["job", "version"], name="caption_hub_once_per_job"),
            models.CheckConstraint(
                condition=Q(occurrences__lte=F("n_images")), name="caption_hub_counts_fit"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version_id}: {self.occurrences} of {self.n_images}"


class CheckOrigin(models.TextChoices):
    """Why a caption is shown with other images."""

    HUB = "hub", _("Suggested: near to unusually many images")
    PERSON = "person", _("Suspected by a person")
    BASELINE = "baseline", _("Drawn at random, to compare with")


class GenericnessCheck(models.Model):
    """A caption to be shown blind with a seeded draw of other images, until a head annotator decides about it."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="genericness_checks")
    image = models.ForeignKey(Image, on_delete=models.PROTECT, related_name="+")
    caption = models.ForeignKey(Caption, on_delete=models.PROTECT, related_name="genericness_checks")
    version = models.ForeignKey(CaptionVersion, on_delete=models.PROTECT, related_name="genericness_checks")
    origin = models.CharField(max_length=8, choices=CheckOrigin.choices)
    seed = models.BigIntegerField()
    answers_wanted = models.PositiveSmallIntegerField(default=2)
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    opened_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["id", "project"], name="genericness_check_of_project"),
            models.UniqueConstraint(
                fields=["caption"], condition=Q(closed_at=None), name="genericness_check_open_once"
            ),
            models.CheckConstraint(
                condition=Q(origin__in=CheckOrigin.values), name="genericness_check_origin_known"
            ),
            models.CheckConstraint(
                condition=Q(answers_wanted__gte=1), name="genericness_check_answers_positive"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.caption_id} {self.origin}"


class GenericnessQuestion(models.Model):
    """One other image that the caption of a check is shown with."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="genericness_questions")
    check_row = models.ForeignKey(
        GenericnessCheck, on_delete=models.PROTECT, related_name="questions", db_column="check_id"
    )
    image = models.ForeignKey(Image, on_delete=models.PROTECT, related_name="+")
    # A seeded number: questions of all checks are asked mixed, in this order.
    place = models.BigIntegerField()

    class Meta:
        ordering = ["place", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["id", "project"], name="genericness_question_of_project"),
            models.UniqueConstraint(fields=["check_row", "image"], name="genericness_question_once"),
        ]
        indexes = [models.Index(fields=["project", "place"], name="genericness_question_order")]

    def __str__(self) -> str:
        return f"{self.check_row_id} with {self.image_id}"


class Fits(models.TextChoices):
    """Whether the caption fits an image that is not its own."""

    YES = "yes", _("Yes")
    NO = "no", _("No")
    UNSURE = "unsure", _("Unsure")


class GenericnessAnswer(models.Model):
    """One annotator's answer; no judgment: it enters no verdict and no agreement and is never a negative."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="genericness_answers")
    question = models.ForeignKey(GenericnessQuestion, on_delete=models.PROTECT, related_name="answers")
    annotator = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="genericness_answers"
    )
    fits = models.CharField(max_length=6, choices=Fits.choices)
    is_demo = models.BooleanField(default=False)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["question", "annotator"], name="genericness_answer_once"),
            models.CheckConstraint(condition=Q(fits__in=Fits.values), name="genericness_answer_known"),
        ]

    def __str__(self) -> str:
        return f"{self.question_id} {self.fits}"


class GenericnessDecision(models.Model):
    """What a head annotator concluded from a check; undoing keeps the row."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="genericness_decisions")
    check_row = models.ForeignKey(
        GenericnessCheck, on_delete=models.PROTECT, related_name="decisions", db_column="check_id"
    )
    is_removed = models.BooleanField()
    note = models.CharField(max_length=300, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(auto_now_add=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    undone_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["check_row"], condition=Q(undone_at=None), name="genericness_decided_once"
            ),
            models.CheckConstraint(
                condition=Q(undone_at__isnull=False) | Q(undone_by=None), name="genericness_undone_fits"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.check_row_id} {'removed' if self.is_removed else 'kept'}"
