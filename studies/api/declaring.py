"""What a study declares, through the API: a second person's approval, the pre-registration, departures from it."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from projects.api.door import ProjectApiView
from projects.api.once import kept, once
from projects.models import Role
from studies.access import declared_of, study_of
from studies.drafting.approving import approve_study, needs_approval, set_policy
from studies.drafting.launching import note_deviation
from studies.models import Deviation, Preregistration

LONGEST_DEVIATION = 20_000


class PolicyOut(serializers.Serializer[Any]):
    """Whether somebody else has to approve a study before it is launched."""

    needs_approval = serializers.BooleanField()


class StudyPolicyView(ProjectApiView):
    """What the project asks of its studies; admins decide it."""

    serializer_class = PolicyOut
    read_rule = (Role.RESEARCHER,)
    write_rule = (Role.ADMIN,)

    @extend_schema(operation_id="studies_policy")
    def get(self, request: Request, project_slug: str) -> Response:
        """Return the policy."""
        return Response({"needs_approval": needs_approval(self.access.project)})

    @extend_schema(operation_id="studies_policy_set", request=PolicyOut, responses=PolicyOut)
    def post(self, request: Request, project_slug: str) -> Response:
        """Decide it; studies that are launched already stay so."""
        wanted = self.sent()["needs_approval"]
        set_policy(project=self.access.project, needs_approval=wanted, actor=self.person)
        return Response({"needs_approval": wanted})


class ApproveIn(serializers.Serializer[Any]):
    """The fingerprint of what was read, as `plan/` tells it."""

    fingerprint = serializers.CharField(max_length=64)


class ApprovedOut(serializers.Serializer[Any]):
    """An approval; it ends with the next change of the draft."""

    fingerprint = serializers.CharField()
    approved_at = serializers.DateTimeField()


class StudyApprove(ProjectApiView):
    """Approving a draft."""

    serializer_class = ApprovedOut
    read_rule = write_rule = (Role.RESEARCHER,)

    @extend_schema(operation_id="studies_approve", request=ApproveIn, responses=ApprovedOut)
    def post(self, request: Request, project_slug: str, study_id: UUID) -> Response:
        """Approve the draft as it was read; 409 where it was changed since. Launching takes another person's."""
        study = study_of(self.access, study_id)
        given = ApproveIn(data=request.data)
        given.is_valid(raise_exception=True)
        approval = approve_study(study=study, actor=self.person, **given.validated_data)
        return Response(self.get_serializer(approval).data)


class DeclaredOut(serializers.Serializer[Preregistration]):
    """What was declared at launch; `sha256` is that of the document as JSON with sorted keys."""

    document = serializers.DictField()
    markdown = serializers.CharField()
    sha256 = serializers.CharField()
    made_at = serializers.DateTimeField()


class StudyDeclared(ProjectApiView):
    """The pre-registration of a study."""

    serializer_class = DeclaredOut
    read_rule = (Role.RESEARCHER,)

    @extend_schema(operation_id="studies_preregistration")
    def get(self, request: Request, project_slug: str, study_id: UUID) -> Response:
        """Return the pre-registration; 404 before the launch."""
        return Response(self.get_serializer(declared_of(study_of(self.access, study_id))).data)


class DeviationIn(serializers.Serializer[Any]):
    """What was done otherwise, and why."""

    text = serializers.CharField(max_length=LONGEST_DEVIATION)


class DeviationOut(serializers.Serializer[Deviation]):
    """A departure from what was declared; it is printed with the results and cannot be removed."""

    text = serializers.CharField()
    noted_at = serializers.DateTimeField()


class StudyDeviations(ProjectApiView):
    """Departures from what a study declared, in the order they were noted."""

    serializer_class = DeviationOut
    read_rule = write_rule = (Role.RESEARCHER,)
    oldest_first = True

    @extend_schema(operation_id="studies_deviations_list")
    def get(self, request: Request, project_slug: str, study_id: UUID) -> Response:
        """List the departures."""
        return self.paged(study_of(self.access, study_id).deviations.all())

    @kept
    @extend_schema(
        operation_id="studies_deviations_create", request=DeviationIn, responses={201: DeviationOut}
    )
    def post(self, request: Request, project_slug: str, study_id: UUID) -> Response:
        """Log a departure."""
        study = study_of(self.access, study_id)
        given = DeviationIn(data=request.data)
        given.is_valid(raise_exception=True)

        def noted() -> Response:
            row = note_deviation(study=study, actor=self.person, **given.validated_data)
            return Response(self.get_serializer(row).data, status=201)

        return once(request, noted)
