"""Reports on judgments: stored rows that a worker computes and pages show."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from annotation.models.schemas import LabelSchema
from annotation.models.work import Batch
from projects.models import Job, Project


class AgreementReport(models.Model):
    """Agreement in one scope at one time, with the parameters and code version that made it.

    `scope` is the key of a set of labels and, where not all its batches count, of the batches; `batch` is set where
    there is just one. `figures` is the verbatim result of `measures.agreement` for this report; what pages sort by are
    columns, and the captions behind each figure are rows of their own.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="agreement_reports")
    schema = models.ForeignKey(LabelSchema, on_delete=models.PROTECT, related_name="agreement_reports")
    scope = models.CharField(max_length=80)
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, null=True, related_name="agreement_reports")
    batches = models.ManyToManyField(Batch, related_name="+")
    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="agreement_report")
    unsure = models.CharField(max_length=20)
    n_items = models.PositiveIntegerField()
    n_ratings = models.PositiveIntegerField()
    n_raters = models.PositiveIntegerField()
    includes_demo = models.BooleanField(default=False)
    code_version = models.CharField(max_length=40)
    figures = models.JSONField()
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["project", "scope", "-id"], name="agreement_report_newest")]

    def __str__(self) -> str:
        return f"{self.project} {self.made_at:%Y-%m-%d %H:%M}"


class CellKind(models.TextChoices):
    """Which figure of a report the captions stand behind."""

    DIFFER = "differ", _("Two annotators differ")
    BOTH = "both", _("Two annotators judged it")
    ANSWERS = "answers", _("Two answers meet")
    MAJORITY = "majority", _("An annotator differs from most of the others")
    PERIOD = "period", _("Annotators differ, in one period")


class AgreementCell(models.Model):
    """The captions behind one figure of a report: how many, and the first of them in the order of their images.

    Without annotators the cell is of any two, with one of that one and anybody. `row` and `column` are answers,
    `period` the key of a point of the trend.
    """

    report = models.ForeignKey(AgreementReport, on_delete=models.CASCADE, related_name="cells")
    kind = models.CharField(max_length=8, choices=CellKind.choices)
    first = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    second = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    row = models.CharField(max_length=80, blank=True, default="")
    column = models.CharField(max_length=80, blank=True, default="")
    period = models.CharField(max_length=40, blank=True, default="")
    n_items = models.PositiveIntegerField()
    version_ids = ArrayField(models.BigIntegerField(), default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["report", "kind", "first", "second", "row", "column", "period"],
                nulls_distinct=False,
                name="agreement_cell_once",
            ),
            models.CheckConstraint(condition=Q(kind__in=CellKind.values), name="agreement_cell_kind_known"),
            models.CheckConstraint(
                condition=Q(first__isnull=False) | Q(second__isnull=True), name="agreement_cell_first_first"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.report_id} {self.kind} {self.n_items}"


class QualityKind(models.TextChoices):
    """What a quality report tells."""

    FEEDBACK = "feedback", _("Whether feedback helped")
    DRIFT = "drift", _("Control charts")


class QualityReport(models.Model):
    """Figures over time of one set of labels: the series of calibration sets, or the control charts of annotators.

    `figures` is the verbatim result with its parameters; the newest row of a kind is shown.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="quality_reports")
    kind = models.CharField(max_length=8, choices=QualityKind.choices)
    schema = models.ForeignKey(LabelSchema, on_delete=models.PROTECT, related_name="+")
    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="quality_report")
    n_judgments = models.PositiveIntegerField()
    last_judgment = models.BigIntegerField(default=0)
    includes_demo = models.BooleanField(default=False)
    code_version = models.CharField(max_length=40)
    figures = models.JSONField()
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=QualityKind.values), name="quality_report_kind_known"
            ),
        ]
        indexes = [
            models.Index(fields=["project", "kind", "schema", "-id"], name="quality_report_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.project} {self.kind} {self.made_at:%Y-%m-%d %H:%M}"
