"""Benchmarks of encoders on a project's own pairs: which pairs took part, and every figure that came out."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from annotation.models.captions import CaptionVersion
from annotation.models.machine import DifficultyLevel, DifficultyRun, Encoder
from projects.models import Job, Project


class EvaluatedCaptions(models.TextChoices):
    """Which captions are benchmarked."""

    GOOD = "good", _("All good captions")
    CHOSEN = "chosen", _("The chosen captions, as a release takes them")


class EvaluationRun(models.Model):
    """One benchmark of some encoders on one set of pairs, with the vote whose levels it uses."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="evaluation_runs")
    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="evaluation_run")
    captions = models.CharField(max_length=6, choices=EvaluatedCaptions.choices)
    difficulty_run = models.ForeignKey(
        DifficultyRun, on_delete=models.PROTECT, null=True, related_name="evaluations"
    )
    seed = models.BigIntegerField()
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["id", "project"], name="evaluation_run_of_project"),
            models.CheckConstraint(
                condition=Q(captions__in=EvaluatedCaptions.values), name="evaluation_captions_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.project} {self.made_at:%Y-%m-%d %H:%M}"


class EvaluationPair(models.Model):
    """A version that took part: a good pair, or a negative that people found bad for its image."""

    run = models.ForeignKey(EvaluationRun, on_delete=models.CASCADE, related_name="pairs")
    version = models.ForeignKey(CaptionVersion, on_delete=models.PROTECT, related_name="+")
    is_negative = models.BooleanField()
    level = models.CharField(max_length=6, choices=DifficultyLevel.choices, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["run", "version"], name="evaluation_pair_once"),
            models.CheckConstraint(
                condition=Q(level__in=["", *DifficultyLevel.values]), name="evaluation_pair_level_known"
            ),
            models.CheckConstraint(
                condition=Q(is_negative=False) | Q(level=""), name="evaluation_negative_has_no_level"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run_id} {self.version_id}"


class EvaluationParaphrase(models.Model):
    """A paraphrase that took part beside its original, both as imported.

    `grade` is the mean of `n_grades` grades 0 to 5 by people, if there are any; `is_drawn` marks the one perfect
    paraphrase that was drawn of each original.
    """

    run = models.ForeignKey(EvaluationRun, on_delete=models.CASCADE, related_name="paraphrases")
    original = models.ForeignKey(CaptionVersion, on_delete=models.PROTECT, related_name="+")
    version = models.ForeignKey(CaptionVersion, on_delete=models.PROTECT, related_name="+")
    grade = models.FloatField(null=True)
    n_grades = models.PositiveIntegerField(default=0)
    is_drawn = models.BooleanField(default=False)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["run", "version"], name="evaluation_paraphrase_once"),
            models.CheckConstraint(
                condition=Q(grade=None, n_grades=0) | Q(grade__gte=0, grade__lte=5, n_grades__gt=0),
                name="evaluation_paraphrase_graded",
            ),
            models.CheckConstraint(
                condition=~Q(original=models.F("version")), name="evaluation_paraphrase_is_another"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run_id} {self.version_id}"


class EvaluationScore(models.Model):
    """What one encoder made of one pair of a benchmark: its cosine, and for a good pair both ranks, from 1.

    `image_rank` is that of the image where the caption asks, `caption_rank` that of the caption where the image asks.
    """

    run = models.ForeignKey(EvaluationRun, on_delete=models.CASCADE, related_name="scores")
    encoder = models.ForeignKey(Encoder, on_delete=models.PROTECT, related_name="+")
    version = models.ForeignKey(CaptionVersion, on_delete=models.PROTECT, related_name="+")
    cosine = models.FloatField()
    image_rank = models.PositiveIntegerField(null=True)
    caption_rank = models.PositiveIntegerField(null=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["run", "encoder", "version"], name="evaluation_score_once"),
            models.CheckConstraint(
                condition=Q(cosine__gte=-1.0001, cosine__lte=1.0001), name="evaluation_score_range"
            ),
            models.CheckConstraint(
                condition=Q(image_rank=None, caption_rank=None) | Q(image_rank__gte=1, caption_rank__gte=1),
                name="evaluation_score_ranks",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.encoder_id} {self.version_id} {self.cosine:.3f}"


class Direction(models.TextChoices):
    """What is asked for by what; empty for figures of pairs."""

    IMAGE_TO_TEXT = "i2t", _("Image to text")
    TEXT_TO_IMAGE = "t2i", _("Text to image")


class EvaluationFigure(models.Model):
    """One figure of one encoder: `level` empty for all pairs, `value` empty where it is undefined.

    Shares are 0 to 1, ranks 1-based. `n` are the queries, ranks or positive pairs that it is made of, `n_other` the
    gallery or the negatives. With `leaves_out_own` the levels are those of the vote without this encoder.
    """

    run = models.ForeignKey(EvaluationRun, on_delete=models.CASCADE, related_name="figures")
    encoder = models.ForeignKey(Encoder, on_delete=models.PROTECT, related_name="+")
    direction = models.CharField(max_length=3, choices=Direction.choices, blank=True)
    level = models.CharField(max_length=6, choices=DifficultyLevel.choices, blank=True)
    leaves_out_own = models.BooleanField(default=False)
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
                fields=["run", "encoder", "direction", "level", "leaves_out_own", "name"],
                name="evaluation_figure_once",
            ),
            models.CheckConstraint(
                condition=Q(direction__in=["", *Direction.values]), name="evaluation_direction_known"
            ),
            models.CheckConstraint(
                condition=Q(level__in=["", *DifficultyLevel.values]), name="evaluation_figure_level_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.encoder_id} {self.direction} {self.level} {self.name}"
