"""Results of a study, stored as they were computed."""

from django.db import models

from projects.models import Job
from studies.models.studies import Study

# Raised when the stored figures come to mean something else.
FIGURES_FORMAT = "polyannot-study-figures/2"


class StudyResult(models.Model):
    """The figures of a study at one time; `figures` is the verbatim result of `studies.analysis`."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="results")
    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="study_result")
    n_participants = models.PositiveIntegerField()
    n_answers = models.PositiveIntegerField()
    n_simulated = models.PositiveIntegerField(default=0)
    seed = models.BigIntegerField()
    code_version = models.CharField(max_length=40)
    figures = models.JSONField()
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.study} {self.made_at:%Y-%m-%d %H:%M}"
