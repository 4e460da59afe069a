"""Agreement reports: stored rows that a worker computes and pages show."""

import uuid

from django.db import models

from annotation.models.work import Batch
from projects.models import Job, Project


class AgreementReport(models.Model):
    """Agreement in one scope at one time, with the parameters and code version that made it.

    `figures` is the verbatim result of `measures.agreement` for this report; what pages sort by are columns.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="agreement_reports")
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, null=True, related_name="agreement_reports")
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

    def __str__(self) -> str:
        return f"{self.project} {self.made_at:%Y-%m-%d %H:%M}"
