"""Judgments through the API: a list by arrival, and the files of the export page, streamed."""

from typing import Any

from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.agreement.ratings import Outcome
from annotation.exchange.exporting import ExportFormat, RaterNames, Which, begin_export
from annotation.exchange.sending import file_of
from annotation.forms.exporting import ExportForm
from annotation.models import Judgment, LabelMeaning
from annotation.models.work import JudgmentMode
from projects.api.door import ProjectApiView
from projects.models import Role, Scope

MAY_EXPORT = (Role.HEAD, Role.RESEARCHER)
BINARY = OpenApiResponse(OpenApiTypes.BINARY)
# A file of JSON is JSON to a client: Label Studio's list of tasks.
TASKS = OpenApiResponse({"type": "array", "items": {"type": "object", "additionalProperties": {}}})
FILES = ("text/csv", "application/x-ndjson", "application/json", "application/xml")


class JudgmentOut(serializers.Serializer[Judgment]):
    """One judgment; who gave it is told by exports alone, under pseudonyms that hold inside one file."""

    id = serializers.UUIDField(source="public_id")
    batch = serializers.UUIDField(source="batch.public_id")
    image = serializers.UUIDField(source="image.public_id")
    caption = serializers.UUIDField(source="caption.public_id")
    version = serializers.UUIDField(source="version.public_id")
    label = serializers.CharField(allow_null=True, help_text="Null where the judgment before it was undone.")  # type: ignore[assignment]
    meaning = serializers.ChoiceField(choices=LabelMeaning.choices, allow_null=True)
    mode = serializers.ChoiceField(choices=JudgmentMode.choices)
    is_revision = serializers.BooleanField()
    is_current = serializers.BooleanField()
    is_gold = serializers.BooleanField()
    is_demo = serializers.BooleanField()
    duration_ms = serializers.IntegerField()
    made_at = serializers.DateTimeField()
    received_at = serializers.DateTimeField()


class JudgmentQuery(serializers.Serializer[Any]):
    """Which judgments."""

    batch = serializers.UUIDField(required=False)
    image = serializers.UUIDField(required=False)
    label = serializers.CharField(required=False, max_length=40)  # type: ignore[assignment]
    is_current = serializers.BooleanField(required=False, allow_null=True, default=None)
    received_after = serializers.DateTimeField(required=False)


class JudgmentList(ProjectApiView):
    """The judgments of the project in the order they were received."""

    serializer_class = JudgmentOut
    read_rule = MAY_EXPORT
    read_scope = Scope.JUDGMENTS
    query = JudgmentQuery
    oldest_first = True

    @extend_schema(operation_id="judgments_list", parameters=[JudgmentQuery])
    def get(self, request: Request, project_slug: str) -> Response:
        """List the judgments."""
        wanted = self.asked()
        found = Judgment.objects.filter(project=self.access.project).select_related(
            "batch", "image", "caption", "version"
        )
        places = {
            "batch": "batch__public_id",
            "image": "image__public_id",
            "label": "label",
            "received_after": "received_at__gt",
        }
        found = found.filter(**{places[name]: value for name, value in wanted.items() if name in places})
        if wanted["is_current"] is not None:
            found = found.filter(is_current=wanted["is_current"])
        return self.get_paginated_response(self.get_serializer(self.paginate_queryset(found), many=True).data)


class ExportIn(serializers.Serializer[Any]):
    """Which file: docs/algorithms/judgment-formats.md."""

    format = serializers.ChoiceField(choices=ExportFormat.choices, default=ExportFormat.LONG_CSV)
    batch = serializers.UUIDField(required=False, help_text="All batches where none is named.")
    which = serializers.ChoiceField(choices=Which.choices, default=Which.RATINGS)
    outcome = serializers.ChoiceField(choices=Outcome.choices, default=Outcome.LABELS)
    names = serializers.ChoiceField(
        choices=RaterNames.choices, default=RaterNames.PSEUDONYMS, help_text="Sign-in names: admins only."
    )
    with_keys = serializers.BooleanField(default=True)
    with_mode = serializers.BooleanField(default=False)
    with_edits = serializers.BooleanField(default=False)
    image_address = serializers.CharField(max_length=400, default="", allow_blank=True)


class JudgmentExport(ProjectApiView):
    """Judgments as a file, written while it is sent; each export is noted in the history."""

    serializer_class = ExportIn
    read_rule = write_rule = MAY_EXPORT
    read_scope = write_scope = Scope.JUDGMENTS

    @extend_schema(
        operation_id="judgments_export",
        responses={(200, kind): TASKS if kind == "application/json" else BINARY for kind in FILES},
    )
    def post(self, request: Request, project_slug: str) -> HttpResponseBase:
        """Send the file."""
        access = self.access
        form = ExportForm(dict(self.sent()), project=access.project, may_name=access.may_act_as(Role.ADMIN))
        if not form.is_valid():
            raise serializers.ValidationError(
                {name: [str(error) for error in errors] for name, errors in form.errors.items()}
            )
        return file_of(request, access, begin_export(access=access, request=form.wanted))
