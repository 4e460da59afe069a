"""Captions through the API: each with the text that stands now."""

from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.access import caption_of
from annotation.captions.searching import CaptionFilter, captions_found
from annotation.forms.captions import read_filter
from annotation.models import CaptionVersion
from annotation.progress.verdicts import Verdict, with_verdict
from projects.access import Access
from projects.api.door import ProjectApiView
from projects.models import Role

SEES_CAPTIONS = (Role.HEAD, Role.RESEARCHER, Role.ADMIN)
LONGEST_FILTER = 1000


class CaptionOut(serializers.Serializer[CaptionVersion]):
    """A caption with the text that stands now (`version`), its verdict and the counts behind it."""

    id = serializers.UUIDField(source="caption.public_id")
    key = serializers.CharField(source="caption.key")
    image = serializers.UUIDField(source="image.public_id")
    image_key = serializers.CharField(source="image.key")
    version = serializers.UUIDField(source="public_id")
    text = serializers.CharField()
    imported_text = serializers.CharField(source="caption.verbatim")
    is_edited = serializers.SerializerMethodField()
    verdict = serializers.ChoiceField(choices=Verdict.choices)
    n_judgments = serializers.IntegerField()
    n_good = serializers.IntegerField()
    n_bad = serializers.IntegerField()
    n_unsure = serializers.IntegerField()
    source = serializers.CharField(source="caption.source")  # type: ignore[assignment]
    source_key = serializers.CharField(source="caption.source_key")
    source_url = serializers.CharField(source="caption.source_url")
    licence = serializers.CharField(source="caption.licence")
    drop_reason = serializers.CharField(source="caption.drop_reason", allow_blank=True)
    imported_at = serializers.DateTimeField(source="caption.imported_at")

    def get_is_edited(self, version: CaptionVersion) -> bool:
        """Say whether the text is another than the imported one."""
        return not version.is_base


class CaptionQuery(serializers.Serializer[Any]):
    """Which captions."""

    image = serializers.UUIDField(required=False)
    source = serializers.CharField(required=False, max_length=120)  # type: ignore[assignment]
    verdict = serializers.ChoiceField(choices=Verdict.choices, required=False)
    in_pool = serializers.BooleanField(required=False, allow_null=True, default=None)
    search = serializers.CharField(
        required=False,
        max_length=LONGEST_FILTER,
        help_text="What stands in the address of the page of captions, as in: q=heron&drop=in_pool.",
    )


def filter_asked(access: Access, query: str, field: str) -> CaptionFilter:
    """Return the filter that a query of the page of captions names. Raises ValidationError for names that are none."""
    found, wrong = read_filter(access, query)
    if wrong:
        raise serializers.ValidationError({field: wrong})
    return found


def standing_captions(project_id: int) -> QuerySet[Any]:
    """Return the versions that stand now, one a caption, with their verdicts."""
    current = CaptionVersion.objects.filter(project=project_id).current()
    return with_verdict(current).select_related("caption", "image")


class CaptionList(ProjectApiView):
    """The captions of the project in the order their texts came."""

    serializer_class = CaptionOut
    read_rule = SEES_CAPTIONS
    query = CaptionQuery
    oldest_first = True

    @extend_schema(operation_id="captions_list", parameters=[CaptionQuery])
    def get(self, request: Request, project_slug: str) -> Response:
        """List the captions."""
        wanted = self.asked()
        found = standing_captions(self.access.project.pk)
        if "search" in wanted:
            searched = filter_asked(self.access, wanted["search"], "search")
            found = found.filter(caption__in=captions_found(self.access, searched).order_by().values("pk"))
        if "image" in wanted:
            found = found.filter(image__public_id=wanted["image"])
        if "source" in wanted:
            found = found.filter(caption__source=wanted["source"])
        if "verdict" in wanted:
            found = found.filter(verdict=wanted["verdict"])
        if wanted["in_pool"] is not None:
            in_pool = Q(caption__drop_reason="")
            found = found.filter(in_pool if wanted["in_pool"] else ~in_pool)
        return self.get_paginated_response(self.get_serializer(self.paginate_queryset(found), many=True).data)


class CaptionDetail(ProjectApiView):
    """One caption."""

    serializer_class = CaptionOut
    read_rule = SEES_CAPTIONS

    @extend_schema(operation_id="captions_retrieve")
    def get(self, request: Request, project_slug: str, caption_id: UUID) -> Response:
        """Return the caption."""
        caption = caption_of(self.access, caption_id)
        version = standing_captions(self.access.project.pk).get(caption=caption)
        return Response(self.get_serializer(version).data)
