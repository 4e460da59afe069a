"""Scores of pairs that were made elsewhere, and what they come to beside the cosines of a benchmark."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from annotation.models.captions import CaptionVersion
from annotation.models.evaluations import EvaluationRun
from annotation.models.machine import DifficultyLevel, Encoder
from projects.models import Job, Project


class ScoreSet(models.Model):
    """Scores under one name, such as VQAScore; higher says that the caption fits better."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="score_sets")
    name = models.CharField(max_length=80)
    imported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    imported_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="score_set_once_per_project"),
            models.CheckConstraint(condition=~Q(name=""), name="score_set_named"),
        ]

    def __str__(self) -> str:
        return self.name


class ExternalScore(models.Model):
    """The score of one version; a later import of the same set replaces it."""

    score_set = models.ForeignKey(ScoreSet, on_delete=models.CASCADE, related_name="scores")
    version = models.ForeignKey(CaptionVersion, on_delete=models.PROTECT, related_name="+")
    value = models.FloatField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["score_set", "version"], name="external_score_once"),
        ]

    def __str__(self) -> str:
        return f"{self.score_set_id} {self.version_id} {self.value:g}"


class ScoreComparison(models.Model):
    """One look at a set of scores beside the encoders of a benchmark, over the pairs that have all of them."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    run = models.ForeignKey(EvaluationRun, on_delete=models.CASCADE, related_name="comparisons")
    score_set = models.ForeignKey(ScoreSet, on_delete=models.CASCADE, related_name="comparisons")
    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="score_comparison")
    n_good = models.PositiveIntegerField()
    n_negative = models.PositiveIntegerField()
    seed = models.BigIntegerField()
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.score_set_id} {self.run_id}"


class ScoreFigure(models.Model):
    """One figure of a comparison: of the scores by themselves, or beside or of one encoder over the same pairs.

    `level` empty for all pairs, `value` empty where it is undefined.
    """

    comparison = models.ForeignKey(ScoreComparison, on_delete=models.CASCADE, related_name="figures")
    encoder = models.ForeignKey(Encoder, on_delete=models.PROTECT, null=True, related_name="+")
    level = models.CharField(max_length=6, choices=DifficultyLevel.choices, blank=True)
    name = models.CharField(max_length=40)
    value = models.FloatField(null=True)
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    n = models.PositiveIntegerField()
    n_other = models.PositiveIntegerField(null=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["comparison", "encoder", "level", "name"],
                nulls_distinct=False,
                name="score_figure_once",
            ),
            models.CheckConstraint(
                condition=Q(level__in=["", *DifficultyLevel.values]), name="score_figure_level_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.encoder_id} {self.level} {self.name}"


class ScoreDrawing(models.Model):
    """One drawing of a comparison in its forms, with a text alternative and its data."""

    comparison = models.ForeignKey(ScoreComparison, on_delete=models.CASCADE, related_name="drawings")
    name = models.CharField(max_length=60)
    title = models.CharField(max_length=240)
    alt = models.TextField()
    svg = models.TextField()
    pdf = models.BinaryField()
    png = models.BinaryField()
    csv = models.TextField()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["comparison", "name"], name="score_drawing_once"),
        ]

    def __str__(self) -> str:
        return f"{self.comparison_id} {self.name}"
