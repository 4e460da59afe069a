"""Taking down what a release may not hold, and withdrawing a release, through the API."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.models.reviews import ReportKind
from projects.api.door import ProjectApiView
from projects.models import Role, Scope
from releases.access import release_of
from releases.api import ReleaseOut
from releases.taking_down import LONGEST_REASON, take_down_caption, take_down_image, withdraw_release


class TakeDownImageIn(serializers.Serializer[Any]):
    """Which image, and why; the reason stays in the project and is in no release: name nobody."""

    image_key = serializers.CharField(max_length=200)
    why = serializers.CharField(max_length=LONGEST_REASON)


class TakeDownCaptionIn(serializers.Serializer[Any]):
    """Which caption, on which ground, and why; the reason is in no release: name nobody."""

    caption_key = serializers.CharField(max_length=200)
    kind = serializers.ChoiceField(choices=ReportKind.choices)
    why = serializers.CharField(max_length=LONGEST_REASON)


class TakenDownOut(serializers.Serializer[Any]):
    """What was taken down."""

    key = serializers.CharField()


class TakeDownView(ProjectApiView):
    """What admins take back; it needs the scope review."""

    read_rule = write_rule = (Role.ADMIN,)
    write_scope = Scope.REVIEW


class TakeDownImage(TakeDownView):
    """Taking an image down."""

    serializer_class = TakeDownImageIn

    @extend_schema(operation_id="takedowns_image", request=TakeDownImageIn, responses=TakenDownOut)
    def post(self, request: Request, project_slug: str) -> Response:
        """Take an image out with all its captions; the next release leaves them out and says so."""
        given = self.sent()
        taken = take_down_image(
            project=self.access.project, key=given["image_key"], actor=self.person, why=given["why"]
        )
        return Response({"key": taken.key})


class TakeDownCaption(TakeDownView):
    """Taking a caption down."""

    serializer_class = TakeDownCaptionIn

    @extend_schema(operation_id="takedowns_caption", request=TakeDownCaptionIn, responses=TakenDownOut)
    def post(self, request: Request, project_slug: str) -> Response:
        """Take a caption down; the next release leaves it out and says so."""
        given = dict(self.sent())
        key = given.pop("caption_key")
        taken = take_down_caption(project=self.access.project, key=key, actor=self.person, **given)
        return Response({"key": taken.key})


class WithdrawIn(serializers.Serializer[Any]):
    """Why a release is withdrawn."""

    why = serializers.CharField(max_length=LONGEST_REASON)


class ReleaseWithdraw(TakeDownView):
    """Withdrawing a release."""

    serializer_class = WithdrawIn

    @extend_schema(operation_id="releases_withdraw", request=WithdrawIn, responses=ReleaseOut)
    def post(self, request: Request, project_slug: str, release_id: UUID) -> Response:
        """Withdraw it: its file is given out no more, what it held and its checksums stay listed."""
        release = release_of(self.access, release_id)
        withdraw_release(release=release, actor=self.person, **self.sent())
        return Response(ReleaseOut(release_of(self.access, release_id)).data)
