"""Changing what a project is told to do, through the API."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from projects.api.nouns import ProjectDetail, ProjectOut
from projects.changing import CHANGEABLE, change_settings
from projects.forms import SettingsForm
from projects.models import Project, Role

LARGEST = 32767


class ProjectSettingsIn(serializers.Serializer[Any]):
    """What is to change; what is left out stays."""

    name = serializers.CharField(required=False, max_length=120)
    description = serializers.CharField(required=False, max_length=5000, allow_blank=True)
    judged_target = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST)
    good_target = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST)
    shown_at_once = serializers.IntegerField(
        required=False, min_value=1, max_value=LARGEST, allow_null=True, help_text="Null for all of them."
    )


class ProjectAndSettings(ProjectDetail):
    """One project, and changing its name, description and targets."""

    write_rule = (Role.ADMIN,)

    @extend_schema(operation_id="projects_change", request=ProjectSettingsIn, responses=ProjectOut)
    def post(self, request: Request, project_slug: str) -> Response:
        """Change the settings; judgments made before stay as they are."""
        given = ProjectSettingsIn(data=request.data)
        given.is_valid(raise_exception=True)
        row = Project.objects.get(pk=self.access.project.pk)
        values = {name: getattr(row, name) for name in CHANGEABLE} | dict(given.validated_data)
        form = SettingsForm(values, instance=row)
        if not form.is_valid():
            raise serializers.ValidationError(
                {name: [str(error) for error in errors] for name, errors in form.errors.items()}
            )
        change_settings(project=self.access.project, actor=self.person, values=form.cleaned_data)
        return Response(ProjectOut(Project.objects.get(pk=row.pk)).data)
