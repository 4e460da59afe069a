"""Reports of model jobs through the API, and scores from elsewhere beside a benchmark."""

from typing import Any
from uuid import UUID

from django.db.models import Count
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.api.v1.difficulty import SEES_MODELS
from annotation.machine.reports import machine_report_of, whole_reports
from annotation.machine.scores.comparing import comparison_of
from annotation.models import MachineReport, MachineReportKind, ScoreComparison, ScoreFigure, ScoreSet
from projects.api.door import ProjectApiView


class MachineReportOut(serializers.Serializer[MachineReport]):
    """A report of models on `n_items` pairs: calibration, robustness of difficulty, or polysemy beside a corpus."""

    id = serializers.UUIDField(source="public_id")
    job = serializers.UUIDField(source="job.public_id")
    kind = serializers.ChoiceField(choices=MachineReportKind.choices)
    n_items = serializers.IntegerField()
    parameters = serializers.DictField(source="job.parameters")
    seed = serializers.IntegerField(source="job.seed")
    made_at = serializers.DateTimeField()


class MachineReportDetailOut(MachineReportOut):
    """A report with every figure, as docs/algorithms describes those of its kind."""

    figures = serializers.DictField()


class MachineReportQuery(serializers.Serializer[Any]):
    """Which reports."""

    kind = serializers.ChoiceField(choices=MachineReportKind.choices, required=False)


class MachineReportList(ProjectApiView):
    """The reports of finished jobs, newest first."""

    serializer_class = MachineReportOut
    read_rule = SEES_MODELS
    query = MachineReportQuery

    @extend_schema(operation_id="machine_reports_list", parameters=[MachineReportQuery])
    def get(self, request: Request, project_slug: str) -> Response:
        """List the reports."""
        return self.paged(whole_reports(self.access.project).filter(**self.asked()))


class MachineReportDetail(ProjectApiView):
    """One report."""

    serializer_class = MachineReportDetailOut
    read_rule = SEES_MODELS

    @extend_schema(operation_id="machine_reports_retrieve")
    def get(self, request: Request, project_slug: str, machine_report_id: UUID) -> Response:
        """Return the report."""
        return Response(self.get_serializer(machine_report_of(self.access.project, machine_report_id)).data)


class ScoreSetOut(serializers.Serializer[ScoreSet]):
    """Scores of pairs that were made elsewhere, under one name."""

    id = serializers.UUIDField(source="public_id")
    name = serializers.CharField()
    n_scores = serializers.IntegerField()
    imported_at = serializers.DateTimeField()


class ScoreSetList(ProjectApiView):
    """The sets of scores, newest first."""

    serializer_class = ScoreSetOut
    read_rule = SEES_MODELS

    @extend_schema(operation_id="score_sets_list")
    def get(self, request: Request, project_slug: str) -> Response:
        """List the sets."""
        found = ScoreSet.objects.filter(project=self.access.project)
        return self.paged(found.annotate(n_scores=Count("scores")))


class ScoreComparisonOut(serializers.Serializer[ScoreComparison]):
    """Scores beside the encoders of a benchmark, over the `n_good` and `n_negative` pairs that have all of them."""

    id = serializers.UUIDField(source="public_id")
    benchmark = serializers.UUIDField(source="run.public_id")
    score_set = serializers.UUIDField(source="score_set.public_id")
    scores = serializers.CharField(source="score_set.name")
    job = serializers.UUIDField(source="job.public_id")
    n_good = serializers.IntegerField()
    n_negative = serializers.IntegerField()
    seed = serializers.IntegerField()
    made_at = serializers.DateTimeField()


class ComparisonQuery(serializers.Serializer[Any]):
    """Which comparisons."""

    benchmark = serializers.UUIDField(required=False)


class ComparisonList(ProjectApiView):
    """The comparisons of scores, newest first."""

    serializer_class = ScoreComparisonOut
    read_rule = SEES_MODELS
    query = ComparisonQuery

    @extend_schema(operation_id="score_comparisons_list", parameters=[ComparisonQuery])
    def get(self, request: Request, project_slug: str) -> Response:
        """List the comparisons."""
        found = ScoreComparison.objects.filter(run__project=self.access.project)
        if benchmark := self.asked().get("benchmark"):
            found = found.filter(run__public_id=benchmark)
        return self.paged(found.select_related("run", "score_set", "job"))


class ScoreFigureOut(serializers.Serializer[ScoreFigure]):
    """One figure: of the scores by themselves (no encoder), or of one encoder beside them over the same pairs."""

    encoder = serializers.CharField(source="encoder.name", allow_null=True, default=None)
    level = serializers.CharField(allow_blank=True, help_text="Level of difficulty; empty for all pairs.")
    figure = serializers.CharField(source="name")
    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    n = serializers.IntegerField()
    n_other = serializers.IntegerField(allow_null=True)


class ScoreFigureList(ProjectApiView):
    """Every figure of a comparison in the order it was computed."""

    serializer_class = ScoreFigureOut
    read_rule = SEES_MODELS
    oldest_first = True

    @extend_schema(operation_id="score_comparisons_figures_list")
    def get(self, request: Request, project_slug: str, comparison_id: UUID) -> Response:
        """List the figures."""
        made = comparison_of(self.access.project, comparison_id)
        return self.paged(made.figures.select_related("encoder"))
