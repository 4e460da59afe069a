"""Pairs whose right label is known: examples, training, qualification, gold; and the way of a newcomer through them."""

import uuid
from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from annotation.models.captions import CaptionVersion
from annotation.models.schemas import Guideline, LabelSchema
from projects.models import Project


class KnownUse(models.TextChoices):
    """What a pair with a known label is for; it has one use at a time, so that nobody is tested on what they read."""

    EXAMPLE = "example", _("Example beside the guidelines")
    TRAINING = "training", _("Training")
    QUALIFICATION = "qualification", _("Qualification")
    GOLD = "gold", _("Gold, mixed into production")


class KnownSource(models.TextChoices):
    """Where a known label comes from."""

    ADJUDICATION = "adjudication", _("Final label")
    PERSON = "person", _("Chosen by hand")


class KnownAnswerQuerySet(models.QuerySet["KnownAnswer"]):
    """Named filters over known answers."""

    def in_use(self) -> Self:
        """Keep those that are not retired."""
        return self.filter(retired_at=None)


class KnownAnswer(models.Model):
    """One pair with its right label in one set of labels, and why; retired, never deleted.

    On an ordered set an answer counts as right up to `tolerance` steps away.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="known_answers")
    version = models.ForeignKey(CaptionVersion, on_delete=models.PROTECT, related_name="known_answers")
    schema = models.ForeignKey(LabelSchema, on_delete=models.PROTECT, related_name="known_answers")
    label = models.CharField(max_length=40)
    explanation = models.TextField(blank=True)
    tolerance = models.PositiveSmallIntegerField(default=0)
    use = models.CharField(max_length=14, choices=KnownUse.choices)
    source = models.CharField(max_length=14, choices=KnownSource.choices)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)
    retired_at = models.DateTimeField(null=True)
    retired_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    objects = KnownAnswerQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["id", "project"], name="known_answer_of_project"),
            models.UniqueConstraint(
                fields=["version", "schema"], condition=Q(retired_at=None), name="known_answer_once"
            ),
            models.CheckConstraint(condition=Q(use__in=KnownUse.values), name="known_answer_use_known"),
            models.CheckConstraint(
                condition=Q(source__in=KnownSource.values), name="known_answer_source_known"
            ),
            models.CheckConstraint(
                condition=Q(retired_at=None, retired_by=None)
                | Q(retired_at__isnull=False, retired_by__isnull=False),
                name="known_answer_retired_by_someone",
            ),
        ]
        indexes = [
            models.Index(fields=["project", "use"], condition=Q(retired_at=None), name="known_answer_by_use")
        ]

    def __str__(self) -> str:
        return f"{self.version_id}: {self.label} ({self.use})"


class OnboardingPlan(models.Model):
    """What a project asks of newcomers, and which share of images carries a gold pair; no row: nothing of either."""

    project = models.OneToOneField(Project, on_delete=models.PROTECT, related_name="onboarding_plan")
    is_asked = models.BooleanField(_("newcomers are trained and tested first"), default=False)
    n_training = models.PositiveSmallIntegerField(
        _("training pairs"), default=10, validators=[MaxValueValidator(200)]
    )
    n_qualification = models.PositiveSmallIntegerField(
        _("qualification pairs"), default=20, validators=[MinValueValidator(1), MaxValueValidator(200)]
    )
    pass_percent = models.PositiveSmallIntegerField(
        _("pass mark in %"), default=80, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    most_attempts = models.PositiveSmallIntegerField(
        _("attempts"), default=2, validators=[MinValueValidator(1), MaxValueValidator(10)]
    )
    gold_percent = models.PositiveSmallIntegerField(
        _("images with a gold pair in %"), default=0, validators=[MaxValueValidator(20)]
    )
    seed = models.BigIntegerField(default=0)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(pass_percent__gte=1, pass_percent__lte=100), name="onboarding_pass_mark_range"
            ),
            models.CheckConstraint(
                condition=Q(n_qualification__gte=1, most_attempts__gte=1), name="onboarding_asks_something"
            ),
            models.CheckConstraint(condition=Q(gold_percent__lte=20), name="onboarding_gold_share_range"),
        ]

    def __str__(self) -> str:
        return f"{self.project_id}: {'asked' if self.is_asked else 'not asked'}, gold {self.gold_percent}%"


class GuidelineReading(models.Model):
    """Somebody's word that they have read a version of the guidelines."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="guideline_readings")
    guideline = models.ForeignKey(Guideline, on_delete=models.PROTECT, related_name="readings")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    read_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "guideline"], name="guideline_read_once"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.guideline_id}"


class OnboardingState(models.TextChoices):
    """training -> qualification -> passed or failed; all but passed -> waived by a head annotator."""

    TRAINING = "training", _("In training")
    QUALIFICATION = "qualification", _("In qualification")
    PASSED = "passed", _("Passed")
    FAILED = "failed", _("Not passed")
    WAIVED = "waived", _("Waved through")


RUNNING_STATES = (OnboardingState.TRAINING, OnboardingState.QUALIFICATION)
ADMITTED_STATES = (OnboardingState.PASSED, OnboardingState.WAIVED)


class OnboardingRun(models.Model):
    """One attempt of one person: the pairs drawn for it and the pass mark it is held to, both fixed when it begins."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="onboarding_runs")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    guideline = models.ForeignKey(Guideline, on_delete=models.PROTECT, related_name="+")
    attempt = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=14, choices=OnboardingState.choices)
    pass_percent = models.PositiveSmallIntegerField()
    seed = models.BigIntegerField()
    training_ids = ArrayField(models.BigIntegerField(), default=list)
    qualification_ids = ArrayField(models.BigIntegerField(), default=list)
    started_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)
    waived_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["id", "project"], name="onboarding_run_of_project"),
            models.UniqueConstraint(
                fields=["project", "person", "guideline", "attempt"], name="onboarding_attempt_once"
            ),
            models.UniqueConstraint(
                fields=["project", "person"],
                condition=Q(state__in=["training", "qualification"]),
                name="onboarding_one_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(state__in=OnboardingState.values), name="onboarding_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["training", "qualification"], ended_at=None)
                | Q(state__in=["passed", "failed", "waived"], ended_at__isnull=False),
                name="onboarding_state_fits",
            ),
            models.CheckConstraint(
                condition=Q(state="waived", waived_by__isnull=False)
                | (~Q(state="waived") & Q(waived_by=None)),
                name="onboarding_waived_by_someone",
            ),
            models.CheckConstraint(
                condition=Q(waived_by=None) | ~Q(waived_by=F("person")),
                name="onboarding_not_waived_by_oneself",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.attempt} {self.state}"


class OnboardingAnswer(models.Model):
    """A newcomer's label of one known pair; no judgment: it never counts for the pair."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="+")
    run = models.ForeignKey(OnboardingRun, on_delete=models.PROTECT, related_name="answers")
    known_answer = models.ForeignKey(KnownAnswer, on_delete=models.PROTECT, related_name="answers")
    stage = models.CharField(max_length=14, choices=KnownUse.choices)
    label = models.CharField(max_length=40)
    is_right = models.BooleanField()
    given_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["run", "known_answer"], name="onboarding_answer_once"),
            models.CheckConstraint(
                condition=Q(stage__in=["training", "qualification"]), name="onboarding_answer_stage_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run_id} {self.known_answer_id}: {self.label}"
