"""Releases through the API: what is missing, asking for one, its files, its download, what changed."""

from typing import Any
from uuid import UUID

from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.progress.tallying import settle_tallies
from projects.api.door import ProjectApiView
from projects.api.nouns import JobOut, asked
from projects.api.once import kept, once
from projects.models import Role
from releases.access import release_of
from releases.comparing import compare_in_order
from releases.extras import Extras
from releases.findings import Finding
from releases.freezing import ask_for_release
from releases.models import Release, ReleaseState
from releases.preflight import preflight
from releases.sending import bundle_of

SEES_RELEASES = (Role.RESEARCHER, Role.HEAD)


class ReleaseOut(serializers.Serializer[Release]):
    """A release; `sha256` is that of its file, null until it is built."""

    id = serializers.UUIDField(source="public_id")
    number = serializers.CharField()
    state = serializers.ChoiceField(choices=ReleaseState.choices)
    licence = serializers.CharField()
    notes = serializers.CharField()
    canary = serializers.UUIDField()
    seed = serializers.IntegerField()
    contains_demo = serializers.BooleanField()
    with_free_text = serializers.BooleanField()
    with_demographics = serializers.BooleanField()
    n_images = serializers.IntegerField()
    n_captions = serializers.IntegerField()
    sha256 = serializers.CharField(source="bundle.sha256", allow_null=True, default=None)
    bytes = serializers.IntegerField(source="bundle.size", allow_null=True, default=None)
    frozen_at = serializers.DateTimeField()
    built_at = serializers.DateTimeField(allow_null=True)


class FileOut(serializers.Serializer[Any]):
    """A file of a release."""

    path = serializers.CharField()
    size = serializers.IntegerField()
    sha256 = serializers.CharField()


class ReleaseDetailOut(ReleaseOut):
    """A release with its files."""

    files = FileOut(many=True)


class ReleaseIn(serializers.Serializer[Any]):
    """What to release: the number follows semantic versioning and is used once."""

    number = serializers.RegexField(r"^[0-9]{1,5}\.[0-9]{1,5}\.[0-9]{1,5}$")
    licence = serializers.CharField(
        max_length=120, help_text="Of captions and labels, for example CC-BY-4.0."
    )
    notes = serializers.CharField(max_length=20_000, default="", allow_blank=True)
    with_shards = serializers.BooleanField(
        default=False, help_text="The pictures once more as webdataset shards."
    )
    with_free_text = serializers.BooleanField(
        default=False,
        help_text="What people wrote while they worked, word for word. It may name or describe somebody: ask the"
        " preflight with the same parameter first, and have the consent of those who wrote.",
    )
    with_demographics = serializers.BooleanField(
        default=False,
        help_text="What participants said of themselves, as counts of at least five people for each study.",
    )


class ReleaseList(ProjectApiView):
    """The releases of the project, the one frozen last first."""

    serializer_class = ReleaseOut
    read_rule = SEES_RELEASES
    write_rule = (Role.ADMIN,)

    @extend_schema(operation_id="releases_list")
    def get(self, request: Request, project_slug: str) -> Response:
        """List the releases."""
        found = Release.objects.filter(project=self.access.project).select_related("bundle")
        return self.get_paginated_response(self.get_serializer(self.paginate_queryset(found), many=True).data)

    @kept
    @extend_schema(operation_id="releases_create", request=ReleaseIn, responses={202: JobOut})
    def post(self, request: Request, project_slug: str) -> Response:
        """Ask a worker to freeze and build a release; refused while the preflight has something that blocks."""
        given = ReleaseIn(data=request.data)
        given.is_valid(raise_exception=True)
        return once(
            request,
            lambda: asked(
                ask_for_release(project=self.access.project, asked_by=self.person, **given.validated_data)
            ),
        )


class FindingOut(serializers.Serializer[Finding]):
    """One thing that is missing or doubtful."""

    code = serializers.CharField()
    count = serializers.IntegerField()
    is_blocking = serializers.BooleanField()
    text = serializers.CharField()


class PreflightOut(serializers.Serializer[Any]):
    """What is missing or doubtful; nothing is left out of it."""

    findings = FindingOut(many=True)


class ExtrasIn(serializers.Serializer[Any]):
    """What the release is to hold beside what every release holds."""

    with_free_text = serializers.BooleanField(default=False)
    with_demographics = serializers.BooleanField(default=False)


class ReleasePreflight(ProjectApiView):
    """What to know before a release."""

    serializer_class = PreflightOut
    read_rule = (Role.ADMIN,)

    @extend_schema(operation_id="releases_preflight", parameters=[ExtrasIn])
    def get(self, request: Request, project_slug: str) -> Response:
        """Return the findings, blocking ones first; of free text and demographics where they are asked for."""
        given = ExtrasIn(data=request.query_params)
        given.is_valid(raise_exception=True)
        settle_tallies(self.access.project)
        findings = preflight(self.access.project, Extras.of(given.validated_data))
        return Response(self.get_serializer({"findings": findings}).data)


class ReleaseDetail(ProjectApiView):
    """One release."""

    serializer_class = ReleaseDetailOut
    read_rule = SEES_RELEASES

    @extend_schema(operation_id="releases_retrieve")
    def get(self, request: Request, project_slug: str, release_id: UUID) -> Response:
        """Return the release."""
        release = release_of(self.access, release_id)
        told = {**ReleaseOut(release).data, "files": FileOut(release.files.all(), many=True).data}
        return Response(told)


class ReleaseFileDownload(ProjectApiView):
    """The file of a release."""

    read_rule = SEES_RELEASES

    @extend_schema(
        operation_id="releases_download",
        responses={(200, "application/zip"): OpenApiResponse(OpenApiTypes.BINARY)},
    )
    def get(self, request: Request, project_slug: str, release_id: UUID) -> HttpResponseBase:
        """Send the file; 404 until it is built or after it was withdrawn."""
        return bundle_of(release_of(self.access, release_id))


class ChangeOut(serializers.Serializer[Any]):
    """One caption that differs: added, removed, text or difficulty."""

    caption_key = serializers.CharField()
    image_key = serializers.CharField()
    kind = serializers.CharField()
    before = serializers.CharField()
    after = serializers.CharField()


class ComparisonOut(serializers.Serializer[Any]):
    """What changed between two releases, older to newer."""

    older = serializers.CharField()
    newer = serializers.CharField()
    n_unchanged = serializers.IntegerField()
    changes = ChangeOut(many=True)


class ReleaseComparison(ProjectApiView):
    """Two releases of the project, compared caption by caption."""

    serializer_class = ComparisonOut
    read_rule = SEES_RELEASES

    @extend_schema(operation_id="releases_compare")
    def get(self, request: Request, project_slug: str, release_id: UUID, other_id: UUID) -> Response:
        """Return the changes, from the lower number to the higher one."""
        one, other = release_of(self.access, release_id), release_of(self.access, other_id)
        return Response(compare_in_order(one, other).to_json())
