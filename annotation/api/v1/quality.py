"""Quality through the API: estimated labels, reports over time, generic captions, reported pairs."""

from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.access import label_estimate_run_of, quality_report_of
from annotation.models import (
    CheckOrigin,
    GenericnessCheck,
    GenericnessDecision,
    LabelEstimate,
    LabelEstimateRun,
    PairReport,
    QualityKind,
    QualityReport,
)
from annotation.models.reviews import ReportKind, ReportState
from annotation.progress.tallying import settle_tallies
from annotation.progress.verdicts import Verdict
from annotation.quality.genericness import counted
from annotation.quality.telling import told_quality
from projects.api.door import ProjectApiView
from projects.models import Role, Scope

SEES_QUALITY = (Role.HEAD, Role.RESEARCHER)


class EstimateRunOut(serializers.Serializer[LabelEstimateRun]):
    """Labels estimated by Dawid and Skene's model; `n_sparse` items had too few ratings and took no part."""

    id = serializers.UUIDField(source="public_id")
    job = serializers.UUIDField(source="job.public_id")
    schema = serializers.UUIDField(source="schema.public_id")
    outcome = serializers.CharField()
    unsure = serializers.CharField()
    n_items = serializers.IntegerField()
    n_sparse = serializers.IntegerField()
    n_ratings = serializers.IntegerField()
    n_raters = serializers.IntegerField()
    includes_demo = serializers.BooleanField()
    code_version = serializers.CharField()
    made_at = serializers.DateTimeField()


class EstimateRunDetailOut(EstimateRunOut):
    """Estimated labels with the rates of the labels and each annotator's confusion, annotators by their ids."""

    figures = serializers.DictField()


class EstimateRunList(ProjectApiView):
    """The runs of estimated labels, newest first."""

    serializer_class = EstimateRunOut
    read_rule = (Role.HEAD,)

    @extend_schema(operation_id="label_estimates_list")
    def get(self, request: Request, project_slug: str) -> Response:
        """List the runs."""
        found = LabelEstimateRun.objects.filter(project=self.access.project)
        return self.paged(found.select_related("schema", "job"))


class EstimateRunDetail(ProjectApiView):
    """One run."""

    serializer_class = EstimateRunDetailOut
    read_rule = (Role.HEAD,)
    read_scope = Scope.JUDGMENTS

    @extend_schema(operation_id="label_estimates_retrieve")
    def get(self, request: Request, project_slug: str, estimate_run_id: UUID) -> Response:
        """Return the run."""
        return Response(self.get_serializer(label_estimate_run_of(self.access, estimate_run_id)).data)


class EstimateOut(serializers.Serializer[LabelEstimate]):
    """The most probable label of one caption beside the one that most gave (empty for a tie) and the verdict."""

    image = serializers.UUIDField(source="version.image.public_id")
    caption = serializers.UUIDField(source="version.caption.public_id")
    version = serializers.UUIDField(source="version.public_id")
    label = serializers.CharField()  # type: ignore[assignment]
    probability = serializers.FloatField()
    most_given = serializers.CharField(source="majority", allow_blank=True)
    n_most_given = serializers.IntegerField(source="n_majority")
    n_ratings = serializers.IntegerField()
    verdict = serializers.ChoiceField(
        source="version.tally.verdict", choices=Verdict.choices, allow_null=True, default=None
    )


class EstimateList(ProjectApiView):
    """The estimated labels of a run in the order of their captions."""

    serializer_class = EstimateOut
    read_rule = (Role.HEAD,)
    oldest_first = True

    @extend_schema(operation_id="label_estimates_labels_list")
    def get(self, request: Request, project_slug: str, estimate_run_id: UUID) -> Response:
        """List the labels."""
        run = label_estimate_run_of(self.access, estimate_run_id)
        settle_tallies(self.access.project)
        return self.paged(
            run.estimates.select_related("version__image", "version__caption", "version__tally")
        )


class QualityReportOut(serializers.Serializer[QualityReport]):
    """A report over time: `drift` are the control charts of annotators, `feedback` the series of calibration sets."""

    id = serializers.UUIDField(source="public_id")
    kind = serializers.ChoiceField(choices=QualityKind.choices)
    job = serializers.UUIDField(source="job.public_id")
    schema = serializers.UUIDField(source="schema.public_id")
    n_judgments = serializers.IntegerField()
    includes_demo = serializers.BooleanField()
    code_version = serializers.CharField()
    made_at = serializers.DateTimeField()


class QualityReportDetailOut(QualityReportOut):
    """A report with all its figures, annotators by their ids."""

    figures = serializers.SerializerMethodField()

    def get_figures(self, report: QualityReport) -> dict[str, Any]:
        """Return the figures."""
        return told_quality(report)


class QualityQuery(serializers.Serializer[Any]):
    """Which reports."""

    kind = serializers.ChoiceField(choices=QualityKind.choices, required=False)
    schema = serializers.UUIDField(required=False)


class QualityReportList(ProjectApiView):
    """The reports on quality over time, newest first."""

    serializer_class = QualityReportOut
    read_rule = SEES_QUALITY
    query = QualityQuery

    @extend_schema(operation_id="quality_reports_list", parameters=[QualityQuery])
    def get(self, request: Request, project_slug: str) -> Response:
        """List the reports."""
        places = {"kind": "kind", "schema": "schema__public_id"}
        wanted = {places[name]: value for name, value in self.asked().items()}
        found = QualityReport.objects.filter(project=self.access.project, **wanted)
        return self.paged(found.select_related("schema", "job"))


class QualityReportDetail(ProjectApiView):
    """One report on quality over time."""

    serializer_class = QualityReportDetailOut
    read_rule = SEES_QUALITY
    read_scope = Scope.JUDGMENTS

    @extend_schema(operation_id="quality_reports_retrieve")
    def get(self, request: Request, project_slug: str, quality_id: UUID) -> Response:
        """Return the report."""
        return Response(self.get_serializer(quality_report_of(self.access, str(quality_id))).data)


class GenericCheckOut(serializers.Serializer[GenericnessCheck]):
    """A caption that was shown with other images: how many answers said that it fits them, and what was decided."""

    id = serializers.UUIDField(source="public_id")
    image = serializers.UUIDField(source="image.public_id")
    caption = serializers.UUIDField(source="caption.public_id")
    version = serializers.UUIDField(source="version.public_id")
    origin = serializers.ChoiceField(choices=CheckOrigin.choices)
    seed = serializers.IntegerField()
    n_yes = serializers.IntegerField()
    n_no = serializers.IntegerField()
    n_unsure = serializers.IntegerField()
    n_open = serializers.IntegerField(help_text="Images that nobody has answered yet.")
    is_removed = serializers.SerializerMethodField()
    opened_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)

    def get_is_removed(self, check: GenericnessCheck) -> bool | None:
        """Return whether the caption was removed; null while nothing is decided."""
        decision = next(iter(check.decisions.all()), None)
        return decision.is_removed if decision is not None else None


def check_rows(checks: QuerySet[GenericnessCheck]) -> QuerySet[GenericnessCheck]:
    """Return checks with their counts and the rows that their ids and decisions are taken from."""
    standing = Prefetch("decisions", GenericnessDecision.objects.filter(undone_at=None))
    return counted(checks).select_related("image", "caption", "version").prefetch_related(standing)


class GenericCheckList(ProjectApiView):
    """The checks of captions that may say too little, newest first."""

    serializer_class = GenericCheckOut
    read_rule = SEES_QUALITY

    @extend_schema(operation_id="genericness_list")
    def get(self, request: Request, project_slug: str) -> Response:
        """List the checks."""
        return self.paged(check_rows(GenericnessCheck.objects.filter(project=self.access.project)))


class PairReportOut(serializers.Serializer[PairReport]):
    """A caption that somebody took out of circulation, until it was taken down for good or put back."""

    id = serializers.UUIDField(source="public_id")
    image = serializers.UUIDField(source="image.public_id")
    caption = serializers.UUIDField(source="caption.public_id")
    kind = serializers.ChoiceField(choices=ReportKind.choices)
    text = serializers.CharField(allow_blank=True)
    state = serializers.ChoiceField(choices=ReportState.choices)
    made_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)


class PairReportQuery(serializers.Serializer[Any]):
    """Which reports."""

    state = serializers.ChoiceField(choices=ReportState.choices, required=False)


class PairReportList(ProjectApiView):
    """The reported pairs, newest first."""

    serializer_class = PairReportOut
    read_rule = (Role.HEAD,)
    query = PairReportQuery

    @extend_schema(operation_id="pair_reports_list", parameters=[PairReportQuery])
    def get(self, request: Request, project_slug: str) -> Response:
        """List the reports."""
        found = PairReport.objects.filter(project=self.access.project, **self.asked())
        return self.paged(found.select_related("image", "caption"))
