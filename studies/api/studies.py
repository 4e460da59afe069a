"""Studies through the API: listing them, making and copying them, each with its numbers of people and answers."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from projects.api.door import ProjectApiView
from projects.api.once import kept, once
from projects.models import Role
from studies.access import studies_of, study_of
from studies.api.designs import LONGEST_TITLE, DesignIn, given_design, refusals_by_field
from studies.drafting.building import copy_study, title_of_copy
from studies.drafting.travelling import create_with_design
from studies.models import Study, StudyDesign, StudyKind, StudyState
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


class StudyIn(DesignIn):
    """A new study; what `design/` tells of another one fits here, of this project or another."""

    kind = serializers.ChoiceField(choices=StudyKind.choices, default=StudyKind.FIT)
    title = serializers.CharField(max_length=LONGEST_TITLE)


class StudyList(ProjectApiView):
    """The studies of the project, newest first."""

    serializer_class = StudyOut
    read_rule = write_rule = (Role.RESEARCHER,)

    @extend_schema(operation_id="studies_list")
    def get(self, request: Request, project_slug: str) -> Response:
        """List the studies."""
        return self.paged(studies_of(self.access))

    @kept
    @extend_schema(operation_id="studies_create", request=StudyIn, responses={201: StudyOut})
    def post(self, request: Request, project_slug: str) -> Response:
        """Make a draft; what is not given of its design fits the project."""
        given = StudyIn(data=request.data)
        given.is_valid(raise_exception=True)
        return once(request, lambda: self._made(dict(given.validated_data)))

    def _made(self, values: dict[str, Any]) -> Response:
        title, kind = values.pop("title"), values.pop("kind")
        with refusals_by_field():
            study = create_with_design(
                project=self.access.project,
                title=title,
                kind=kind,
                given=given_design(values),
                actor=self.person,
            )
        return Response(StudyOut(study).data, status=201)


class StudyDetail(ProjectApiView):
    """One study."""

    serializer_class = StudyDetailOut
    read_rule = (Role.RESEARCHER,)

    @extend_schema(operation_id="studies_retrieve")
    def get(self, request: Request, project_slug: str, study_id: UUID) -> Response:
        """Return the study."""
        return Response(self.get_serializer(study_of(self.access, study_id)).data)


class CopyIn(serializers.Serializer[Any]):
    """The title of the copy; without one it says of what it is a copy."""

    title = serializers.CharField(max_length=LONGEST_TITLE, required=False)


class StudyCopy(ProjectApiView):
    """A study as a template."""

    serializer_class = StudyOut
    read_rule = write_rule = (Role.RESEARCHER,)

    @kept
    @extend_schema(operation_id="studies_copy", request=CopyIn, responses={201: StudyOut})
    def post(self, request: Request, project_slug: str, study_id: UUID) -> Response:
        """Make a draft with the same design and texts; seed and platform codes are its own."""
        study = study_of(self.access, study_id)
        given = CopyIn(data=request.data)
        given.is_valid(raise_exception=True)
        title = given.validated_data.get("title") or title_of_copy(study)

        def made() -> Response:
            copy = copy_study(study=study, title=title, actor=self.person)
            return Response(StudyOut(copy).data, status=201)

        return once(request, made)
