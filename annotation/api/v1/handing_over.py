"""What somebody has in hand, and handing it over once they have left, through the API."""

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.working.handing_over import InHand, hand_over, in_hand
from projects.access import membership_of
from projects.api.door import ProjectApiView
from projects.models import Role


class InHandOut(serializers.Serializer[InHand]):
    """Images and questions that wait for one person."""

    n_untouched = serializers.IntegerField(help_text="Leased images of which nothing is judged.")
    n_begun = serializers.IntegerField(help_text="Leased images that are partly judged.")
    n_kept = serializers.IntegerField(help_text="Slots of re-annotations that wait for them alone.")
    n_returned = serializers.IntegerField(help_text="Judgments that came back to them.")
    n_questions = serializers.IntegerField(help_text="Questions of theirs that wait for an answer.")


class HandOverIn(serializers.Serializer[Any]):
    """Who takes over what waited for the person alone; nobody in particular where none is named."""

    successor = serializers.UUIDField(required=False)


class HandOver(ProjectApiView):
    """What a person has in hand, and moving it on."""

    serializer_class = InHandOut
    read_rule: ClassVar[tuple[str, ...]] = (Role.HEAD, Role.ADMIN)
    write_rule: ClassVar[tuple[str, ...]] = (Role.HEAD, Role.ADMIN)

    @extend_schema(operation_id="people_in_hand")
    def get(self, request: Request, project_slug: str, user_id: UUID) -> Response:
        """Return the counts that a handover would move."""
        person = membership_of(self.access, user_id).user
        return Response(InHandOut(in_hand(project=self.access.project, person=person)).data)

    @extend_schema(operation_id="people_hand_over", request=HandOverIn, responses=InHandOut)
    def post(self, request: Request, project_slug: str, user_id: UUID) -> Response:
        """Move on what somebody who left has in hand, and return what moved; again it finds nothing."""
        leaver = membership_of(self.access, user_id).user
        given = HandOverIn(data=request.data)
        given.is_valid(raise_exception=True)
        named = given.validated_data.get("successor")
        moved = hand_over(
            project=self.access.project,
            leaver=leaver,
            actor=self.person,
            successor=membership_of(self.access, named).user if named else None,
        )
        return Response(InHandOut(moved).data)
