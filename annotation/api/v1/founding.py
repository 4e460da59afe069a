"""Making a project through the API."""

from typing import Any

from django.core.validators import validate_slug
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.rules.starting import start_project
from polyannot.kernel.errors import Denied
from projects.api.nouns import ProjectList, ProjectOut
from projects.api.once import kept, once
from projects.http import SITE_ADMIN
from projects.models import Scope
from projects.tokens import make_token

# What the token of a new project may be used for: all that a project admin may do.
ALL = (Scope.READ, Scope.JUDGMENTS, Scope.WRITE, Scope.REVIEW, Scope.PEOPLE)
DAYS = 90


class ProjectIn(serializers.Serializer[Any]):
    """A new project."""

    name = serializers.CharField(max_length=120)
    slug = serializers.CharField(
        max_length=60, validators=[validate_slug], help_text="Stands in addresses, and stays."
    )
    description = serializers.CharField(max_length=5000, default="", allow_blank=True)


class NewProject(ProjectOut):
    """A new project with the secret of a token for it: shown here and never again."""

    token = serializers.CharField(allow_null=True)


class ProjectsAndNew(ProjectList):
    """The projects of the token; a site admin's token makes new ones."""

    write_scope = Scope.PROJECTS
    write_rule = (SITE_ADMIN,)

    @kept
    @extend_schema(operation_id="projects_create", request=ProjectIn, responses={201: NewProject})
    def post(self, request: Request) -> Response:
        """Make a project whose admin is the person of the token; the answer holds the secret of a token for it."""
        given = ProjectIn(data=request.data)
        given.is_valid(raise_exception=True)
        if not self.person.is_site_admin:
            raise Denied("site_admin_needed", _("Only administrators of the site make projects."))
        return once(request, lambda: self._made(given.validated_data), secret_fields=("token",))

    def _made(self, values: dict[str, Any]) -> Response:
        project = start_project(admin=self.person, actor=self.person, **values)
        _row, secret = make_token(
            user=self.person, project=project, name="Made with the project", scopes=ALL, days=DAYS
        )
        told = {**ProjectOut(project).data, "token": secret}
        return Response(told, status=201)
