"""Reports of agreement through the API."""

from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.access import agreement_report_of
from annotation.agreement.ratings import Outcome
from annotation.agreement.reports import MOST_REPLICATES, REPLICATES, SEED, request_report
from annotation.agreement.telling import told_report
from annotation.models import AgreementReport, Batch, LabelSchema
from measures.agreement import TREATMENTS
from polyannot.kernel.errors import Missing
from projects.api.door import ProjectApiView
from projects.api.nouns import JobOut, asked
from projects.api.once import kept, once
from projects.models import Role

SEES_AGREEMENT = (Role.HEAD, Role.RESEARCHER)
MOST_BATCHES = 500


class ReportOut(serializers.Serializer[AgreementReport]):
    """A stored report without its figures."""

    id = serializers.UUIDField(source="public_id")
    schema = serializers.UUIDField(source="schema.public_id")
    unsure = serializers.CharField()
    n_items = serializers.IntegerField()
    n_ratings = serializers.IntegerField()
    n_raters = serializers.IntegerField()
    includes_demo = serializers.BooleanField()
    code_version = serializers.CharField()
    made_at = serializers.DateTimeField()


class ReportDetail(ReportOut):
    """A stored report with every figure, its interval and its n, as the file of the page has them."""

    figures = serializers.SerializerMethodField()

    def get_figures(self, report: AgreementReport) -> dict[str, Any]:
        """Return the figures."""
        return told_report(report)


class ReportIn(serializers.Serializer[Any]):
    """What to compute agreement over; docs/algorithms/agreement.md explains the parameters."""

    schema = serializers.UUIDField(required=False)
    batches = serializers.ListField(child=serializers.UUIDField(), default=list, max_length=MOST_BATCHES)
    outcome = serializers.ChoiceField(choices=Outcome.choices, required=False)
    unsure = serializers.ChoiceField(choices=[(name, name) for name in TREATMENTS], default=TREATMENTS[0])
    replicates = serializers.IntegerField(min_value=100, max_value=MOST_REPLICATES, default=REPLICATES)
    seed = serializers.IntegerField(min_value=0, max_value=2**31 - 1, default=SEED)


class ReportList(ProjectApiView):
    """The reports of the project, newest first."""

    serializer_class = ReportOut
    read_rule = write_rule = SEES_AGREEMENT

    @extend_schema(operation_id="agreement_list")
    def get(self, request: Request, project_slug: str) -> Response:
        """List the reports."""
        found = AgreementReport.objects.filter(project=self.access.project).select_related("schema")
        return self.get_paginated_response(self.get_serializer(self.paginate_queryset(found), many=True).data)

    @kept
    @extend_schema(operation_id="agreement_create", request=ReportIn, responses={202: JobOut})
    def post(self, request: Request, project_slug: str) -> Response:
        """Ask a worker for a report; the job's result names it."""
        given = ReportIn(data=request.data)
        given.is_valid(raise_exception=True)
        return once(request, lambda: self._asked(dict(given.validated_data)))

    def _asked(self, values: dict[str, Any]) -> Response:
        project = self.access.project
        wanted = set(values.pop("batches"))
        batches = list(Batch.objects.filter(project=project, public_id__in=wanted))
        if len(batches) != len(wanted):
            raise Missing("batch_missing", _("One of these batches is not in this project."))
        schema = None
        if public_id := values.pop("schema", None):
            schema = LabelSchema.objects.filter(project=project, public_id=public_id).first()
            if schema is None:
                raise Missing("schema_missing", _("There is no such set of labels in this project."))
        job = request_report(project=project, asked_by=self.person, schema=schema, batches=batches, **values)
        return asked(job)


class ReportOne(ProjectApiView):
    """One report."""

    serializer_class = ReportDetail
    read_rule = SEES_AGREEMENT

    @extend_schema(operation_id="agreement_retrieve")
    def get(self, request: Request, project_slug: str, agreement_id: UUID) -> Response:
        """Return the report."""
        return Response(self.get_serializer(agreement_report_of(self.access, agreement_id)).data)
