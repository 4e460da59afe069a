"""Results of a study, stored as they were computed."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from projects.models import Job
from studies.models.studies import Study

# Raised when the stored figures come to mean something else.
FIGURES_FORMAT = "polyannot-study-figures/3"


class StudyResult(models.Model):
    """The figures of a study at one time; `figures` is the verbatim result of `studies.results.analysis`."""

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


class FigureName(models.TextChoices):
    """What is drawn of a result."""

    PAIRS = "pairs", _("Share good of each pair")
    SIMILARITY = "similarity", _("Share good against similarity")
    POSITIONS = "positions", _("Share good by place in the sequence")
    ALARMS = "alarms", _("False alarms by participant")
    FLOW = "flow", _("From the link to the analysis")


class StudyFigure(models.Model):
    """One drawing of a result in its forms, with a text alternative and its data.

    The bytes lie in the row and not in the file store, because a drawing goes with its result, and because what it says
    about single people has to be erasable when somebody withdraws.
    """

    result = models.ForeignKey(StudyResult, on_delete=models.CASCADE, related_name="drawings")
    name = models.CharField(max_length=10, choices=FigureName.choices)
    title = models.CharField(max_length=120)
    alt = models.TextField()
    svg = models.TextField()
    pdf = models.BinaryField()
    png = models.BinaryField()
    csv = models.TextField()

    class Meta:
        ordering = ["result", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["result", "name"], name="study_figure_once_per_result"),
            models.CheckConstraint(
                condition=models.Q(name__in=FigureName.values), name="study_figure_name_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.result}: {self.name}"
