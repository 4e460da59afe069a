"""Scores of pairs that were made elsewhere, brought in through the API."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.forms.images import given_file
from annotation.forms.scores import LARGEST_TABLE
from annotation.machine.scores.importing import LONGEST_NAME, ImportedScores, import_scores
from projects.api.door import ProjectApiView
from projects.api.once import kept, once
from projects.models import Role

MAY_SCORE = (Role.HEAD, Role.RESEARCHER)


class ScoresIn(serializers.Serializer[Any]):
    """A CSV or TSV with the columns score and version, or caption_key, or image_key and text."""

    scores = serializers.FileField()
    name = serializers.CharField(
        max_length=LONGEST_NAME,
        default="",
        allow_blank=True,
        help_text="What they are called, where no column name says so.",
    )

    def validate_scores(self, file: Any) -> Any:
        """Hold the limit on the upload."""
        if file.size > LARGEST_TABLE:
            raise serializers.ValidationError(_("This is more than 64 MiB; send it in parts."))
        return file


class RefusedLineOut(serializers.Serializer[Any]):
    """A line that was left out."""

    line = serializers.IntegerField()
    reason = serializers.CharField()


class ImportedScoresOut(serializers.Serializer[ImportedScores]):
    """What the file came to: lines that are new, took the place of others, were there already, or were refused."""

    names = serializers.ListField(child=serializers.CharField())
    n_new = serializers.IntegerField()
    n_changed = serializers.IntegerField()
    n_same = serializers.IntegerField()
    refused = RefusedLineOut(many=True)


class ScoreImport(ProjectApiView):
    """Bringing scores in."""

    serializer_class = ScoresIn
    parser_classes = [MultiPartParser]
    read_rule = write_rule = MAY_SCORE

    @kept
    @extend_schema(operation_id="score_sets_import", responses={201: ImportedScoresOut})
    def post(self, request: Request, project_slug: str) -> Response:
        """Keep the scores of a table at once; a second time it changes nothing."""
        given = self.sent()
        return once(request, lambda: self._imported(given))

    def _imported(self, given: dict[str, Any]) -> Response:
        file = given_file(given["scores"])
        came = import_scores(project=self.access.project, actor=self.person, file=file, name=given["name"])
        return Response(ImportedScoresOut(came).data, status=201)
