"""Taking images out and bringing others in through the API: one by one, or reserves swapped in as one act."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.access import image_of
from annotation.api.v1.images import ImageOut
from annotation.api.v1.stocks import STEERS_IMAGES, SwapList, SwapOut
from annotation.models import Image
from annotation.progress.stocking import LONGEST_REASON, activate_image, reserve_image, retire_image
from annotation.progress.swapping import SwapsUndone, swap_images, undo_swaps
from polyannot.kernel.errors import Missing
from projects.api.door import ProjectApiView
from projects.api.once import kept, once

MOST_SWAPPED = 1000


class SwapIn(serializers.Serializer[Any]):
    """The images that go, and why."""

    images = serializers.ListField(child=serializers.UUIDField(), allow_empty=False, max_length=MOST_SWAPPED)
    why = serializers.CharField(max_length=LONGEST_REASON)


class SwapActOut(serializers.Serializer[Any]):
    """One act with its swaps; it is undone by `act`."""

    act = serializers.UUIDField()
    swaps = SwapOut(many=True)


class SwapsAndNew(SwapList):
    """The swaps of the project, and swapping images."""

    write_rule = STEERS_IMAGES

    @kept
    @extend_schema(operation_id="swaps_create", request=SwapIn, responses={201: SwapActOut})
    def post(self, request: Request, project_slug: str) -> Response:
        """Take the images out and bring the next reserves in, one for each; all of them or none."""
        given = SwapIn(data=request.data)
        given.is_valid(raise_exception=True)
        return once(request, lambda: self._swapped(given.validated_data))

    def _swapped(self, values: dict[str, Any]) -> Response:
        named = set(values["images"])
        found = list(Image.objects.filter(project=self.access.project, public_id__in=named))
        if len(found) != len(named):
            raise Missing("row_missing", _("One of the images is not in this project; nothing was changed."))
        made = swap_images(
            project=self.access.project,
            images=found,
            n_named=len(named),
            why=values["why"],
            actor=self.person,
        )
        return Response(SwapActOut({"act": made[0].act_id, "swaps": made}).data, status=201)


class SwapsUndoneOut(serializers.Serializer[SwapsUndone]):
    """Swaps that were taken back, and those whose new image somebody works on."""

    n_undone = serializers.IntegerField()
    n_kept = serializers.IntegerField()


class SwapUndo(ProjectApiView):
    """Taking the swaps of one act back."""

    serializer_class = SwapsUndoneOut
    read_rule = write_rule = STEERS_IMAGES

    @extend_schema(operation_id="swaps_undo", request=None, responses=SwapsUndoneOut)
    def post(self, request: Request, project_slug: str, act_id: UUID) -> Response:
        """Take back the swaps whose new image nobody has begun."""
        undone = undo_swaps(project=self.access.project, act_id=act_id, actor=self.person)
        return Response(SwapsUndoneOut(undone).data)


class ImageMove(ProjectApiView):
    """What changes the state of one image."""

    serializer_class = ImageOut
    read_rule = write_rule = STEERS_IMAGES

    def moved(self, image_id: UUID, act: Callable[..., None], **more: str) -> Response:
        """Do the act and answer with the image as it is now."""
        act(image=image_of(self.access, image_id), actor=self.person, **more)
        return Response(ImageOut(image_of(self.access, image_id)).data)


class RetireIn(serializers.Serializer[Any]):
    """Why an image is taken out."""

    why = serializers.CharField(max_length=LONGEST_REASON)


class ImageRetire(ImageMove):
    """Taking an image out."""

    @extend_schema(operation_id="images_retire", request=RetireIn, responses=ImageOut)
    def post(self, request: Request, project_slug: str, image_id: UUID) -> Response:
        """Take the image out of the work; its judgments stay."""
        image_of(self.access, image_id)
        given = RetireIn(data=request.data)
        given.is_valid(raise_exception=True)
        return self.moved(image_id, retire_image, **given.validated_data)


class ImageActivate(ImageMove):
    """Bringing an image in."""

    @extend_schema(operation_id="images_activate", request=None, responses=ImageOut)
    def post(self, request: Request, project_slug: str, image_id: UUID) -> Response:
        """Bring a reserve, set aside or retired image into the work."""
        return self.moved(image_id, activate_image)


class ImageReserve(ImageMove):
    """Making a reserve of an image."""

    @extend_schema(operation_id="images_reserve", request=None, responses=ImageOut)
    def post(self, request: Request, project_slug: str, image_id: UUID) -> Response:
        """Set an active image aside that is in no batch yet."""
        return self.moved(image_id, reserve_image)
