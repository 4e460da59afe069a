"""People of a project, its history and one's own tokens through the API."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from projects.api.door import ProjectApiView
from projects.models import ApiToken, Event, Membership, Role, Scope


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
