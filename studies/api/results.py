"""Results of a study through the API."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from polyannot.kernel.errors import Denied, Missing
from projects.api.door import ProjectApiView
from projects.api.nouns import JobOut, asked
from projects.api.once import kept, once
from projects.models import Role, Scope
from studies.access import drawings_of, latest_result, study_of
from studies.job_kinds import ask_for_results
from studies.models import FigureName, Study, StudyFigure, StudyResult
from studies.results.computing import GROUPS, without_single_people
from studies.results.exporting import (
    FIGURE_TYPES,
    answers_archive,
    computed_result,
    drawn,
    primary_pairs_csv,
    public_archive,
    told_figures,
)
from studies.results.perfect import perfect_csv, perfect_paraphrases
from studies.showing import ShownPair, answered_pairs, graded_pairs


class DrawingOut(serializers.Serializer[StudyFigure]):
    """A drawing of the figures; `alt` says what it shows."""

    name = serializers.ChoiceField(choices=FigureName.choices)
    title = serializers.CharField()
    alt = serializers.CharField()


class FiguresOut(serializers.Serializer[Any]):
    """The figures computed last; under `figures/` nothing of single people, as what may be published."""

    figures = serializers.DictField()


class StudyFigures(ProjectApiView):
    """The results of a study."""

    serializer_class = FiguresOut
    read_rule = write_rule = (Role.RESEARCHER,)

    @extend_schema(operation_id="studies_figures")
    def get(self, request: Request, project_slug: str, study_id: UUID) -> Response:
        """Return the figures computed last; 404 where there are none yet."""
        study = study_of(self.access, study_id)
        result = computed_result(latest_result(study))
        return Response({"figures": without_single_people(told_figures(study, result))})

    @kept
    @extend_schema(operation_id="studies_compute", request=None, responses={202: JobOut})
    def post(self, request: Request, project_slug: str, study_id: UUID) -> Response:
        """Ask a worker for the figures of now."""
        study = study_of(self.access, study_id)
        return once(request, lambda: asked(ask_for_results(study=study, actor=self.person)))


class StudyResultOut(serializers.Serializer[StudyResult]):
    """Over how many people and answers the figures were computed last, by which job, and what is drawn of them."""

    job = serializers.UUIDField(source="job.public_id")
    n_participants = serializers.IntegerField()
    n_answers = serializers.IntegerField()
    n_simulated = serializers.IntegerField(help_text="Made-up people among them.")
    seed = serializers.IntegerField()
    code_version = serializers.CharField(allow_blank=True)
    made_at = serializers.DateTimeField()
    drawings = serializers.SerializerMethodField()

    @extend_schema_field(DrawingOut(many=True))
    def get_drawings(self, result: StudyResult) -> Any:
        """Return the drawings by name."""
        return DrawingOut(list(drawings_of(result)), many=True).data  # type: ignore[arg-type]


class ResultView(ProjectApiView):
    """What all addresses of results have in common: they are missing until figures were computed."""

    serializer_class: type[serializers.Serializer[Any]] | None = None
    read_rule = write_rule = (Role.RESEARCHER,)

    def computed(self, study_id: UUID) -> tuple[Study, StudyResult]:
        """Return the study and the figures computed last. Raises Missing where there are none."""
        study = study_of(self.access, study_id)
        return study, computed_result(latest_result(study))


class StudyResultDetail(ResultView):
    """The result of a study."""

    serializer_class = StudyResultOut

    @extend_schema(operation_id="studies_result")
    def get(self, request: Request, project_slug: str, study_id: UUID) -> Response:
        """Return what the figures rest on; the figures themselves are under `figures/`."""
        return Response(self.get_serializer(self.computed(study_id)[1]).data)


class SpanOut(serializers.Serializer[Any]):
    """An interval at 95%."""

    low = serializers.FloatField()
    high = serializers.FloatField()


class SharedPairOut(serializers.Serializer[Any]):
    """A measured pair with its n answers: `good` of them, or of paraphrases the `grades` 0 to 5 counted.

    `share` has Wilson's interval and one that holds for all pairs at once; null without answers, and of the other kind.
    """

    number = serializers.IntegerField()
    image = serializers.UUIDField()
    image_key = serializers.CharField()
    caption_key = serializers.CharField()
    text = serializers.CharField()
    original_key = serializers.CharField(allow_blank=True)
    difficulty = serializers.CharField(allow_blank=True)
    cosine = serializers.FloatField(allow_null=True)
    n = serializers.IntegerField()
    good = serializers.IntegerField(allow_null=True)
    share = serializers.FloatField(allow_null=True)
    interval = SpanOut(allow_null=True)
    simultaneous = SpanOut(allow_null=True)
    grades = serializers.ListField(child=serializers.IntegerField(), allow_null=True)
    mean = serializers.FloatField(allow_null=True)
    is_perfect = serializers.BooleanField(allow_null=True)


class SharedPairsOut(serializers.Serializer[Any]):
    """The primary figures of every pair, over `primary` people as it was declared."""

    primary = serializers.ChoiceField(choices=[(name, name) for name in GROUPS])
    is_simulated = serializers.BooleanField()
    pairs = SharedPairOut(many=True)


class StudyResultPairs(ResultView):
    """The figures of pairs."""

    serializer_class = SharedPairsOut

    @extend_schema(operation_id="studies_result_pairs")
    def get(self, request: Request, project_slug: str, study_id: UUID) -> Response:
        """Return every measured pair in the order of the study."""
        study, result = self.computed(study_id)
        group = result.figures["primary"]
        primary = result.figures[group]
        pairs = graded_pairs(study, primary) if study.is_graded else answered_pairs(study, primary)
        rows = [_told(pair) for pair in sorted(pairs, key=lambda pair: pair.number)]
        return Response({"primary": group, "is_simulated": result.figures["is_simulated"], "pairs": rows})


def _told(pair: ShownPair) -> dict[str, Any]:
    share, grades = pair.share or {}, pair.grades or {}
    return {
        "number": pair.number,
        "image": pair.image_id,
        "image_key": pair.image_key,
        "caption_key": pair.caption_key,
        "text": pair.text,
        "original_key": pair.original_key,
        "difficulty": pair.level,
        "cosine": pair.cosine,
        "n": share.get("n") or grades.get("n") or 0,
        "good": share.get("good"),
        "share": share.get("share"),
        "interval": _span(share.get("interval")),
        "simultaneous": _span(share.get("simultaneous")),
        "grades": grades.get("counts"),
        "mean": grades.get("mean"),
        "is_perfect": grades.get("is_perfect"),
    }


def _span(interval: Mapping[str, Any] | None) -> dict[str, float] | None:
    return {"low": interval["low"], "high": interval["high"]} if interval else None


CSV = {(200, "text/csv"): OpenApiResponse(OpenApiTypes.BINARY)}
ZIP = {(200, "application/zip"): OpenApiResponse(OpenApiTypes.BINARY)}


class StudyFiguresFile(ResultView):
    """All figures as they were computed."""

    serializer_class = FiguresOut
    # Some of them are of one person each, by a running number.
    read_scope = Scope.JUDGMENTS

    @extend_schema(operation_id="studies_result_figures")
    def get(self, request: Request, project_slug: str, study_id: UUID) -> Response:
        """Return the figures with what they say about one person each, by a running number."""
        return Response({"figures": told_figures(*self.computed(study_id))})


class StudyPairsFile(ResultView):
    """The figures of pairs as a file."""

    @extend_schema(operation_id="studies_result_pairs_csv", responses=CSV)
    def get(self, request: Request, project_slug: str, study_id: UUID) -> HttpResponse:
        """Send the primary figures of every pair as CSV."""
        study, result = self.computed(study_id)
        return HttpResponse(primary_pairs_csv(study, result), content_type="text/csv; charset=utf-8")


class StudyPerfectFile(ResultView):
    """Perfect paraphrases as a file."""

    @extend_schema(operation_id="studies_result_perfect_csv", responses=CSV)
    def get(self, request: Request, project_slug: str, study_id: UUID) -> HttpResponse:
        """Send the paraphrases that all of their graders found to mean the same; 404 for another kind of study."""
        study = study_of(self.access, study_id)
        if not study.is_graded:
            raise Missing("study_not_graded", _("In this study no paraphrases are graded."))
        content = perfect_csv(perfect_paraphrases(study))
        return HttpResponse(content, content_type="text/csv; charset=utf-8")


class StudyPublicFile(ResultView):
    """What may be published, as a file."""

    @extend_schema(operation_id="studies_result_public", responses=ZIP)
    def get(self, request: Request, project_slug: str, study_id: UUID) -> HttpResponse:
        """Send aggregates, drawings and the pre-registration as a zip; nothing about one person each."""
        study, result = self.computed(study_id)
        return HttpResponse(public_archive(study=study, result=result), content_type="application/zip")


class StudyAnswersFile(ResultView):
    """Every answer, as a file."""

    write_scope = Scope.JUDGMENTS

    @extend_schema(operation_id="studies_result_answers", request=None, responses=ZIP)
    def post(self, request: Request, project_slug: str, study_id: UUID) -> HttpResponse:
        """Send every answer under random names, with the script that computes the figures again; it is noted."""
        study, result = self.computed(study_id)
        content = answers_archive(study=study, result=result, actor=self.person)
        headers = {"Cache-Control": "no-store"}
        return HttpResponse(content, content_type="application/zip", headers=headers)


class StudyDrawing(ResultView):
    """A drawing of the figures."""

    @extend_schema(
        operation_id="studies_result_drawing",
        responses={
            (200, kind.partition(";")[0]): OpenApiResponse(OpenApiTypes.BINARY)
            for kind in FIGURE_TYPES.values()
        },
    )
    def get(
        self, request: Request, project_slug: str, study_id: UUID, drawing: str, form: str
    ) -> HttpResponse:
        """Send it as svg, pdf or png, or its data as csv; `alarms`, a dot for each person, needs `judgments`."""
        result = self.computed(study_id)[1]
        if drawing == FigureName.ALARMS and Scope.JUDGMENTS not in self.token.scopes:
            raise Denied(
                "scope_needed", _("This token lacks the scope %(scope)s.") % {"scope": Scope.JUDGMENTS}
            )
        content, kind = drawn(result, drawing, form)
        return HttpResponse(content, content_type=kind)
