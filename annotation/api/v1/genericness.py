"""Checks of captions that may say too little, through the API: opened, decided on the answers of people, undone."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.access import genericness_check_of, version_of
from annotation.api.v1.deciding import SEED_LIMIT, DecisionView
from annotation.api.v1.quality import GenericCheckList, GenericCheckOut, check_rows
from annotation.models import GenericnessCheck
from annotation.quality.genericness import (
    ANSWERS_WANTED,
    IMAGES_PER_CHECK,
    MOST_CHECKS,
    SEED,
    decide_check,
    open_checks,
    suspect,
    undo_decision,
)
from projects.api.once import kept, once
from projects.models import Role, Scope


class ChecksIn(serializers.Serializer[Any]):
    """How many suggested captions and random ones, to compare with, are shown with how many other images."""

    n_hubs = serializers.IntegerField(min_value=0, max_value=MOST_CHECKS)
    n_baseline = serializers.IntegerField(min_value=0, max_value=MOST_CHECKS)
    n_images = serializers.IntegerField(min_value=1, max_value=20, default=IMAGES_PER_CHECK)
    answers_wanted = serializers.IntegerField(min_value=1, max_value=10, default=ANSWERS_WANTED)
    seed = serializers.IntegerField(min_value=0, max_value=SEED_LIMIT - 1, default=SEED)


class ChecksOut(serializers.Serializer[Any]):
    """The checks that were opened."""

    checks = GenericCheckOut(many=True)


class ChecksAndNew(GenericCheckList):
    """The checks, and opening some."""

    write_rule = (Role.HEAD,)
    write_scope = Scope.REVIEW

    @kept
    @extend_schema(operation_id="genericness_create", request=ChecksIn, responses={201: ChecksOut})
    def post(self, request: Request, project_slug: str) -> Response:
        """Open checks of the strongest suggestions and of random captions, asked mixed."""
        given = ChecksIn(data=request.data)
        given.is_valid(raise_exception=True)
        return once(request, lambda: self._opened(given.validated_data))

    def _opened(self, values: dict[str, Any]) -> Response:
        opened = open_checks(project=self.access.project, actor=self.person, **values)
        found = check_rows(GenericnessCheck.objects.filter(pk__in=[check.pk for check in opened]))
        return Response(ChecksOut({"checks": found.order_by("pk")}).data, status=201)


def told(check: GenericnessCheck, status: int = 200) -> Response:
    """Answer with a check as it is now."""
    found = check_rows(GenericnessCheck.objects.all()).get(pk=check.pk)
    return Response(GenericCheckOut(found).data, status=status)


class SuspectIn(serializers.Serializer[Any]):
    """A version that somebody suspects."""

    version = serializers.UUIDField()


class CheckSuspect(DecisionView):
    """Suspecting one caption."""

    serializer_class = SuspectIn

    @kept
    @extend_schema(operation_id="genericness_suspect", request=SuspectIn, responses={201: GenericCheckOut})
    def post(self, request: Request, project_slug: str) -> Response:
        """Show the caption with other images; one that is open already stays the one check."""
        public_id = self.sent()["version"]
        return once(
            request, lambda: told(suspect(version=version_of(self.access, public_id), actor=self.person), 201)
        )


class CheckDecisionIn(serializers.Serializer[Any]):
    """Whether the caption is removed as too generic."""

    remove = serializers.BooleanField()
    note = serializers.CharField(max_length=300, default="", allow_blank=True)


class CheckDecide(DecisionView):
    """Concluding a check."""

    serializer_class = CheckDecisionIn

    @extend_schema(operation_id="genericness_decide", request=CheckDecisionIn, responses=GenericCheckOut)
    def post(self, request: Request, project_slug: str, check_id: UUID) -> Response:
        """Remove the caption, once people have answered for all images, or keep it; the same again changes nothing."""
        check = genericness_check_of(self.access, check_id)
        given = self.sent()
        decide_check(check=check, head=self.person, is_removed=given["remove"], note=given["note"])
        return told(check)


class CheckUndo(DecisionView):
    """Taking a decision back."""

    serializer_class = GenericCheckOut

    @extend_schema(operation_id="genericness_undo", request=None, responses=GenericCheckOut)
    def post(self, request: Request, project_slug: str, check_id: UUID) -> Response:
        """Put the caption where it was; its check is open again."""
        return told(undo_decision(check=genericness_check_of(self.access, check_id), head=self.person))
