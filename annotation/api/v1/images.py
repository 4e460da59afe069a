"""Images and imports through the API."""

from typing import Any
from uuid import UUID

from django.http import FileResponse, HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.access import image_of
from annotation.forms.images import LARGEST_UPLOAD, given_file
from annotation.importing.requesting import request_import
from annotation.models import Image, ImageState
from projects.api.door import ProjectApiView
from projects.api.nouns import JobOut, asked
from projects.api.once import kept, once
from projects.models import Role
from projects.storage import open_stored

SEES_IMAGES = (Role.HEAD, Role.RESEARCHER, Role.ADMIN)
IMPORTS = (Role.HEAD, Role.ADMIN)


class ImageOut(serializers.Serializer[Image]):
    """An image; `sha256` is that of the original."""

    id = serializers.UUIDField(source="public_id")
    key = serializers.CharField()
    state = serializers.ChoiceField(choices=ImageState.choices)
    position = serializers.IntegerField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    sha256 = serializers.CharField(source="file.sha256")
    bytes = serializers.IntegerField(source="file.size")
    media_type = serializers.CharField(source="file.media_type")
    title = serializers.CharField()
    author = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]
    source_url = serializers.CharField()
    licence = serializers.CharField()
    licence_url = serializers.CharField()
    attribution = serializers.CharField()
    may_redistribute = serializers.BooleanField()
    imported_at = serializers.DateTimeField()


class ImageQuery(serializers.Serializer[Any]):
    """Which images."""

    state = serializers.ChoiceField(choices=ImageState.choices, required=False)
    key = serializers.CharField(required=False, max_length=200)
    licence = serializers.CharField(required=False, max_length=120)


class ImageList(ProjectApiView):
    """The images of the project in the order they came."""

    serializer_class = ImageOut
    read_rule = SEES_IMAGES
    query = ImageQuery
    oldest_first = True

    @extend_schema(operation_id="images_list", parameters=[ImageQuery])
    def get(self, request: Request, project_slug: str) -> Response:
        """List the images."""
        images = Image.objects.filter(project=self.access.project, **self.asked()).select_related("file")
        return self.get_paginated_response(
            self.get_serializer(self.paginate_queryset(images), many=True).data
        )


class ImageDetail(ProjectApiView):
    """One image."""

    serializer_class = ImageOut
    read_rule = SEES_IMAGES

    @extend_schema(operation_id="images_retrieve")
    def get(self, request: Request, project_slug: str, image_id: UUID) -> Response:
        """Return the image."""
        return Response(self.get_serializer(image_of(self.access, image_id)).data)


class ImageFile(ProjectApiView):
    """The original picture of an image, untouched."""

    read_rule = SEES_IMAGES

    @extend_schema(
        operation_id="images_file",
        responses={(200, "image/*"): OpenApiResponse(OpenApiTypes.BINARY)},
    )
    def get(self, request: Request, project_slug: str, image_id: UUID) -> HttpResponseBase:
        """Send the bytes."""
        stored = image_of(self.access, image_id).file
        response = FileResponse(open_stored(stored), content_type=stored.media_type)
        response.headers["Content-Length"] = str(stored.size)
        return response


TABLES = ("metadata", "captions", "addresses")


class ImportIn(serializers.Serializer[Any]):
    """Files to import; at least one of the four. The columns of tables: docs/algorithms/import.md."""

    images = serializers.ListField(
        child=serializers.FileField(),
        required=False,
        max_length=100,
        help_text="One archive (also an image folder, webdataset or COCO), or pictures.",
    )
    metadata = serializers.FileField(required=False, help_text="The table of images.")
    captions = serializers.FileField(
        required=False, help_text="The table of captions, COCO captions (.json) or a metadata.jsonl."
    )
    addresses = serializers.FileField(
        required=False, help_text="A list of web addresses of images, fetched by a worker."
    )
    trial = serializers.BooleanField(
        default=False, help_text="Say what the import would come to, and bring nothing in."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Hold the limit on the whole upload."""
        files = [*attrs.get("images", ()), *(attrs.get(name) for name in TABLES)]
        if sum(file.size for file in files if file is not None) > LARGEST_UPLOAD:
            raise serializers.ValidationError("This is more than 4 GiB; send it in parts.")
        return attrs


class ImportNew(ProjectApiView):
    """Importing images, what is known about them, and captions."""

    serializer_class = ImportIn
    parser_classes = [MultiPartParser]
    read_rule = write_rule = IMPORTS

    @kept
    @extend_schema(operation_id="imports_create", responses={202: JobOut})
    def post(self, request: Request, project_slug: str) -> Response:
        """Store the files and ask a worker to import them, or to try it; natural keys make a second import harmless."""
        given = self.sent()
        return once(request, lambda: self._asked(given))

    def _asked(self, given: dict[str, Any]) -> Response:
        tables = {name: given_file(given[name]) for name in TABLES if name in given}
        job = request_import(
            project=self.access.project,
            actor=self.person,
            images=[given_file(file) for file in given.get("images", ())],
            metadata=tables.get("metadata"),
            captions=tables.get("captions"),
            addresses=tables.get("addresses"),
            is_trial=given["trial"],
        )
        return asked(job)
