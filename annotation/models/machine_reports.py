"""Reports of model jobs whose figures are read as a whole."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from projects.models import Job, Project


class MachineReportKind(models.TextChoices):
    """What a report tells."""

    CALIBRATION = "calibration", _("Calibration")
    ROBUSTNESS = "robustness", _("Robustness of difficulty")
    POLYSEMY = "polysemy", _("Polysemy")


class MachineReport(models.Model):
    """The result of one job, verbatim in `figures`; its parameters and seed are the job's.

    `n_items` are the pairs that it rests on. Until the job is done, `figures` hold the parts that workers left.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="machine_reports")
    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="machine_report")
    kind = models.CharField(max_length=12, choices=MachineReportKind.choices)
    n_items = models.PositiveIntegerField()
    figures = models.JSONField()
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=MachineReportKind.values), name="machine_report_kind_known"
            ),
        ]
        indexes = [models.Index(fields=["project", "kind", "-id"], name="machine_report_newest")]

    def __str__(self) -> str:
        return f"{self.project} {self.kind} {self.made_at:%Y-%m-%d %H:%M}"
