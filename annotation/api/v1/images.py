"""Images through the API."""

from typing import Any
from uuid import UUID

from django.http import FileResponse, HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.access import image_of
from annotation.models import Image, ImageState
from annotation.progress.progress import images_that_cannot, images_that_reached
from projects.api.door import ProjectApiView
from projects.models import Role
from projects.storage import open_stored

SEES_IMAGES = (Role.HEAD, Role.RESEARCHER, Role.ADMIN)

TARGETS = [("reached", "reached"), ("cannot", "cannot")]
FOUND = {"reached": images_that_reached, "cannot": images_that_cannot}


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
    target = serializers.ChoiceField(
        choices=TARGETS,
        required=False,
        help_text="Active images that have reached it, or that cannot any more.",
    )


class ImageList(ProjectApiView):
    """The images of the project in the order they came."""

    serializer_class = ImageOut
    read_rule = SEES_IMAGES
    query = ImageQuery
    oldest_first = True

    @extend_schema(operation_id="images_list", parameters=[ImageQuery])
    def get(self, request: Request, project_slug: str) -> Response:
        """List the images."""
        wanted = self.asked()
        target = wanted.pop("target", None)
        images = (
            FOUND[target](self.access.project)
            if target
            else Image.objects.filter(project=self.access.project)
        )
        return self.paged(images.filter(**wanted).select_related("file"))


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
