"""Labels estimated by Dawid and Skene's model: stored rows that a worker computes, beside the verdict."""

import uuid

from django.db import models
from django.db.models import Q

from annotation.models.captions import CaptionVersion
from annotation.models.schemas import LabelSchema
from annotation.models.work import Batch
from projects.models import Job, Project


class LabelEstimateRun(models.Model):
    """One estimation in one scope at one time, with the parameters and code version that made it.

    `scope` names the set of labels and, where not all of its batches count, the batches. `n_sparse` items had fewer
    ratings than the model needs and took no part. `figures` holds the rates of the labels and each annotator's
    confusion; annotators by their public ids.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="label_estimate_runs")
    scope = models.CharField(max_length=80)
    batches = models.ManyToManyField(Batch, related_name="+")
    schema = models.ForeignKey(LabelSchema, on_delete=models.PROTECT, related_name="+")
    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="label_estimate_run")
    outcome = models.CharField(max_length=12)
    unsure = models.CharField(max_length=12)
    n_items = models.PositiveIntegerField()
    n_sparse = models.PositiveIntegerField()
    n_ratings = models.PositiveIntegerField()
    n_raters = models.PositiveIntegerField()
    includes_demo = models.BooleanField(default=False)
    code_version = models.CharField(max_length=40)
    figures = models.JSONField(default=dict)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["id", "project"], name="label_estimate_run_of_project"),
        ]
        indexes = [models.Index(fields=["project", "scope", "-id"], name="label_estimate_run_newest")]

    def __str__(self) -> str:
        return f"{self.project} {self.made_at:%Y-%m-%d %H:%M}"


class LabelEstimate(models.Model):
    """The most probable label of one caption version in one run, and the label that most raters gave ("" for a tie)."""

    run = models.ForeignKey(LabelEstimateRun, on_delete=models.CASCADE, related_name="estimates")
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="+")
    version = models.ForeignKey(CaptionVersion, on_delete=models.PROTECT, related_name="label_estimates")
    label = models.CharField(max_length=40)
    probability = models.FloatField()
    majority = models.CharField(max_length=40, blank=True)
    n_majority = models.PositiveSmallIntegerField()
    n_ratings = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["run", "version"], name="label_estimate_once"),
            models.CheckConstraint(
                condition=Q(probability__gte=0, probability__lte=1), name="label_estimate_probability_range"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version_id}: {self.label}"
