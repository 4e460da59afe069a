"""People of a project, their roles, its history and one's own tokens through the API."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from projects.access import membership_of
from projects.api.door import ProjectApiView
from projects.api.once import kept, once
from projects.founding import end_membership, set_role
from projects.models import ApiToken, Event, Membership, Role, Scope
from projects.people import let_in


class PersonOut(serializers.Serializer[Membership]):
    """Somebody who works in the project, or did until `ended_at`."""

    id = serializers.UUIDField(source="user.public_id")
    username = serializers.CharField(source="user.username", help_text="The name to sign in with.")
    role = serializers.ChoiceField(choices=Role.choices)
    joined_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class PersonQuery(serializers.Serializer[Any]):
    """Which people."""

    role = serializers.ChoiceField(choices=Role.choices, required=False)
    is_running = serializers.BooleanField(
        required=False, allow_null=True, default=None, help_text="Whether they work here now."
    )


class PersonList(ProjectApiView):
    """The people of the project in the order they came."""

    serializer_class = PersonOut
    read_rule = (Role.ADMIN,)
    query = PersonQuery
    oldest_first = True

    @extend_schema(operation_id="people_list", parameters=[PersonQuery])
    def get(self, request: Request, project_slug: str) -> Response:
        """List the people."""
        wanted = self.asked()
        found = Membership.objects.filter(project=self.access.project).select_related("user")
        if "role" in wanted:
            found = found.filter(role=wanted["role"])
        if wanted["is_running"] is not None:
            found = found.filter(ended_at__isnull=wanted["is_running"])
        return self.paged(found)


class LetInIn(serializers.Serializer[Any]):
    """Somebody with an account, and the role they get."""

    username = serializers.CharField(max_length=60, help_text="The name to sign in with.")
    role = serializers.ChoiceField(choices=Role.choices)


class PeopleAndNew(PersonList):
    """The people of the project, and letting somebody in."""

    write_rule = (Role.ADMIN,)
    write_scope = Scope.PEOPLE

    @kept
    @extend_schema(operation_id="people_create", request=LetInIn, responses={201: PersonOut})
    def post(self, request: Request, project_slug: str) -> Response:
        """Let somebody who has an account work here, for the first time or again."""
        given = LetInIn(data=request.data)
        given.is_valid(raise_exception=True)
        return once(request, lambda: self._let_in(given.validated_data))

    def _let_in(self, values: dict[str, Any]) -> Response:
        made = let_in(project=self.access.project, actor=self.person, **values)
        return Response(PersonOut(made).data, status=201)


class RoleIn(serializers.Serializer[Any]):
    """Another role."""

    role = serializers.ChoiceField(choices=Role.choices)


class PersonAct(ProjectApiView):
    """What an admin does with somebody's membership."""

    serializer_class = PersonOut
    read_rule = write_rule = (Role.ADMIN,)
    write_scope = Scope.PEOPLE


class PersonRole(PersonAct):
    """Giving somebody another role."""

    @extend_schema(operation_id="people_role", request=RoleIn, responses=PersonOut)
    def post(self, request: Request, project_slug: str, user_id: UUID) -> Response:
        """Give the role; somebody whose work had ended is in again."""
        user = membership_of(self.access, user_id).user
        given = RoleIn(data=request.data)
        given.is_valid(raise_exception=True)
        changed = set_role(project=self.access.project, user=user, actor=self.person, **given.validated_data)
        return Response(PersonOut(changed).data)


class PersonEnd(PersonAct):
    """Ending somebody's work in the project."""

    @extend_schema(operation_id="people_end", request=None, responses=PersonOut)
    def post(self, request: Request, project_slug: str, user_id: UUID) -> Response:
        """End it; their judgments stay theirs."""
        user = membership_of(self.access, user_id).user
        end_membership(project=self.access.project, user=user, actor=self.person)
        return Response(PersonOut(membership_of(self.access, user_id)).data)


class EventOut(serializers.Serializer[Event]):
    """Who did what to which row when; `person` and `username` are null for what the system did by itself."""

    at = serializers.DateTimeField()
    person = serializers.UUIDField(source="actor.public_id", allow_null=True, default=None)
    username = serializers.CharField(source="actor.username", allow_null=True, default=None)
    act = serializers.CharField()
    row_type = serializers.CharField()
    row_id = serializers.IntegerField()
    fields_changed = serializers.CharField(
        source="fields", allow_blank=True, help_text="Names of columns with commas; never what they hold."
    )


class EventQuery(serializers.Serializer[Any]):
    """Which events."""

    act = serializers.CharField(required=False, max_length=60)
    person = serializers.UUIDField(required=False)
    happened_after = serializers.DateTimeField(required=False)


class EventList(ProjectApiView):
    """The history of the project, newest first."""

    serializer_class = EventOut
    read_rule = (Role.ADMIN,)
    query = EventQuery

    @extend_schema(operation_id="history_list", parameters=[EventQuery])
    def get(self, request: Request, project_slug: str) -> Response:
        """List the events."""
        places = {"act": "act", "person": "actor__public_id", "happened_after": "at__gt"}
        wanted = {places[name]: value for name, value in self.asked().items()}
        found = Event.objects.filter(project=self.access.project, **wanted)
        return self.paged(found.select_related("actor"))


class TokenOut(serializers.Serializer[ApiToken]):
    """A token without its secret, which is kept nowhere."""

    id = serializers.UUIDField(source="public_id")
    name = serializers.CharField()
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=Scope.choices))
    made_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    revoked_at = serializers.DateTimeField(allow_null=True)
    used_on = serializers.DateField(allow_null=True, help_text="The last day it was used.")


class TokenList(ProjectApiView):
    """One's own tokens for the project, newest first."""

    serializer_class = TokenOut

    @extend_schema(operation_id="tokens_list")
    def get(self, request: Request, project_slug: str) -> Response:
        """List the tokens of the person whose token is sent."""
        return self.paged(ApiToken.objects.filter(user=self.person, project=self.access.project))
