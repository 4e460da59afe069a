"""Studies through the API: aggregates only, nothing of single participants."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from polyannot.kernel.errors import Missing
from projects.api.door import ProjectApiView
from projects.api.nouns import JobOut, asked
from projects.api.once import kept, once
from projects.models import Role
from studies.access import latest_result, studies_of, study_of
from studies.drafting.launching import close_study, launch_study, pause_study, resume_study
from studies.job_kinds import ask_for_results
from studies.models import Study, StudyDesign, StudyKind, StudyState
from studies.results.computing import without_single_people
from studies.results.exporting import told_figures
from studies.taking.monitoring import standing_of


class StudyOut(serializers.Serializer[Study]):
    """A study as it was designed."""

    id = serializers.UUIDField(source="public_id")
    slug = serializers.CharField()
    title = serializers.CharField()
    state = serializers.ChoiceField(choices=StudyState.choices)
    kind = serializers.ChoiceField(
        choices=StudyKind.choices,
        help_text="What is asked of each pair: whether it fits, or a grade from 0 to 5.",
    )
    design = serializers.ChoiceField(choices=StudyDesign.choices)
    hard_pairs = serializers.IntegerField()
    medium_pairs = serializers.IntegerField()
    easy_pairs = serializers.IntegerField()
    paraphrase_pairs = serializers.IntegerField()
    graders_per_pair = serializers.IntegerField()
    pairs_per_participant = serializers.IntegerField()
    target_participants = serializers.IntegerField()
    seed = serializers.IntegerField()
    launched_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    target_reached_at = serializers.DateTimeField(
        allow_null=True, help_text="When every pair was first seen to have its answers."
    )


class StudyDetailOut(StudyOut):
    """A study with its numbers of people and answers, null before the launch."""

    standing = serializers.SerializerMethodField()

    def get_standing(self, study: Study) -> dict[str, Any] | None:
        """Return how many arrived, agreed, finished, withdrew, and the answers for each pair."""
        if study.launched_at is None:
            return None
        standing = standing_of(study)
        return {**asdict(standing), "consented": standing.consented}


class FiguresOut(serializers.Serializer[Any]):
    """The figures computed last, as what may be published has them: nothing of single people."""

    figures = serializers.DictField()


class StudyList(ProjectApiView):
    """The studies of the project, newest first."""

    serializer_class = StudyOut
    read_rule = (Role.RESEARCHER,)

    @extend_schema(operation_id="studies_list")
    def get(self, request: Request, project_slug: str) -> Response:
        """List the studies."""
        page = self.paginate_queryset(studies_of(self.access))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class StudyDetail(ProjectApiView):
    """One study."""

    serializer_class = StudyDetailOut
    read_rule = (Role.RESEARCHER,)

    @extend_schema(operation_id="studies_retrieve")
    def get(self, request: Request, project_slug: str, study_id: UUID) -> Response:
        """Return the study."""
        return Response(self.get_serializer(study_of(self.access, study_id)).data)


class StudyAct(ProjectApiView):
    """What all acts on a study have in common; each answers with the study as it is after it."""

    serializer_class = StudyOut
    read_rule = write_rule = (Role.RESEARCHER,)

    def done(self, act: Callable[..., object], study_id: UUID) -> Response:
        """Do the act on the study of the address."""
        act(study=study_of(self.access, study_id), actor=self.person)
        return Response(self.get_serializer(study_of(self.access, study_id)).data)


class StudyLaunch(StudyAct):
    """Launching a study."""

    @extend_schema(operation_id="studies_launch", request=None, responses=StudyOut)
    def post(self, request: Request, project_slug: str, study_id: UUID) -> Response:
        """Freeze pairs, texts and rules and open the link; refused while something is missing."""
        return self.done(launch_study, study_id)


class StudyPause(StudyAct):
    """Pausing a study."""

    @extend_schema(operation_id="studies_pause", request=None, responses=StudyOut)
    def post(self, request: Request, project_slug: str, study_id: UUID) -> Response:
        """Let nobody new begin for now."""
        return self.done(pause_study, study_id)


class StudyResume(StudyAct):
    """Going on with a study."""

    @extend_schema(operation_id="studies_resume", request=None, responses=StudyOut)
    def post(self, request: Request, project_slug: str, study_id: UUID) -> Response:
        """Let new people begin again."""
        return self.done(resume_study, study_id)


class StudyClose(StudyAct):
    """Closing a study."""

    @extend_schema(operation_id="studies_close", request=None, responses=StudyOut)
    def post(self, request: Request, project_slug: str, study_id: UUID) -> Response:
        """Let nobody new begin any more; those who have begun may finish."""
        return self.done(close_study, study_id)


class StudyFigures(ProjectApiView):
    """The results of a study."""

    serializer_class = FiguresOut
    read_rule = write_rule = (Role.RESEARCHER,)

    @extend_schema(operation_id="studies_figures")
    def get(self, request: Request, project_slug: str, study_id: UUID) -> Response:
        """Return the figures computed last; 404 where there are none yet."""
        study = study_of(self.access, study_id)
        if (result := latest_result(study)) is None:
            raise Missing("result_missing", _("No figures have been computed yet."))
        return Response({"figures": without_single_people(told_figures(study, result))})

    @kept
    @extend_schema(operation_id="studies_compute", request=None, responses={202: JobOut})
    def post(self, request: Request, project_slug: str, study_id: UUID) -> Response:
        """Ask a worker for the figures of now."""
        study = study_of(self.access, study_id)
        return once(request, lambda: asked(ask_for_results(study=study, actor=self.person)))
