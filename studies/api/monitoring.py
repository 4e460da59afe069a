"""What participants say beside their answers, through the API: counted about themselves, and about pairs."""

from datetime import date
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from projects.api.door import ProjectApiView
from projects.models import Role
from studies.access import reports_of, study_of
from studies.models import PairReport, PairRole, ReportReason
from studies.taking.saying import SMALLEST_CELL, background_counts


class SaidOut(serializers.Serializer[Any]):
    """How many people gave an answer."""

    answer = serializers.CharField()
    n = serializers.IntegerField()


class BackgroundQuestionOut(serializers.Serializer[Any]):
    """A question about oneself: n people were asked; answers that too few gave are counted together in `n_rare`."""

    question = serializers.CharField(help_text="language, country or age_band.")
    n = serializers.IntegerField()
    answers = SaidOut(many=True)
    n_rare = serializers.IntegerField()


class BackgroundsOut(serializers.Serializer[Any]):
    """What people said about themselves, joined to no answer; only answers of `smallest_cell` people stand alone."""

    smallest_cell = serializers.IntegerField()
    questions = BackgroundQuestionOut(many=True)


class StudyBackgrounds(ProjectApiView):
    """What participants say about themselves."""

    serializer_class = BackgroundsOut
    read_rule = (Role.RESEARCHER,)

    @extend_schema(operation_id="studies_backgrounds")
    def get(self, request: Request, project_slug: str, study_id: UUID) -> Response:
        """Return the counts over everybody who finished."""
        asked = background_counts(study_of(self.access, study_id))
        questions = [
            {
                "question": row.name,
                "n": row.n,
                "answers": [{"answer": str(answer), "n": n} for answer, n in row.counts],
                "n_rare": row.rare,
            }
            for row in asked
        ]
        return Response({"smallest_cell": SMALLEST_CELL, "questions": questions})


class StudyReportOut(serializers.Serializer[PairReport]):
    """What somebody reported about a pair on one day; it does not say who."""

    role = serializers.ChoiceField(source="card.pair.role", choices=PairRole.choices)
    number = serializers.IntegerField(source="card.pair.position")
    image = serializers.UUIDField(source="card.pair.image.public_id")
    image_key = serializers.CharField(source="card.pair.image.key")
    text = serializers.CharField(source="card.pair.version.text")
    reason = serializers.ChoiceField(choices=ReportReason.choices)
    note = serializers.CharField(allow_blank=True)
    made_on = serializers.SerializerMethodField()

    def get_made_on(self, report: PairReport) -> date:
        """Return the day on which it came, in UTC."""
        return report.made_at.date()


class StudyReports(ProjectApiView):
    """Pairs that participants reported, newest first."""

    serializer_class = StudyReportOut
    read_rule = (Role.RESEARCHER,)

    @extend_schema(operation_id="studies_reports_list")
    def get(self, request: Request, project_slug: str, study_id: UUID) -> Response:
        """List the reports."""
        return self.paged(reports_of(study_of(self.access, study_id)))
