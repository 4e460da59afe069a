"""Corpora on the server and what searches in them found, through the API; asking for either is a job."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.machine.corpora.neighbours import SEARCH, corpora, search_of
from annotation.machine.corpora.pools_showing import ProposedThreshold, ThresholdRow, shown_search
from projects.api.door import ProjectApiView
from projects.models import Job, Role
from projects.models.jobs import JobState

SEES_POOLS = (Role.HEAD, Role.ADMIN)


class CorporaOut(serializers.Serializer[Any]):
    """The corpora that candidate captions may be taken from, by name."""

    corpora = serializers.ListField(child=serializers.CharField())


class CorpusList(ProjectApiView):
    """The corpora on this server."""

    serializer_class = CorporaOut
    read_rule = SEES_POOLS

    @extend_schema(operation_id="corpora")
    def get(self, request: Request, project_slug: str) -> Response:
        """Return their names; a job of the kind `neighbours` searches one."""
        return Response(self.get_serializer({"corpora": corpora()}).data)


class SearchOut(serializers.Serializer[Job]):
    """A finished search for the nearest images of a corpus."""

    id = serializers.UUIDField(source="public_id")
    corpus = serializers.CharField(source="parameters.corpus", default="")
    encoder = serializers.CharField(source="parameters.encoder", default="")
    radius = serializers.IntegerField(source="parameters.radius", default=0)
    seed = serializers.IntegerField()
    asked_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class SearchList(ProjectApiView):
    """The finished searches of the project, newest first."""

    serializer_class = SearchOut
    read_rule = SEES_POOLS

    @extend_schema(operation_id="searches_list")
    def get(self, request: Request, project_slug: str) -> Response:
        """List the searches."""
        done = Job.objects.filter(project=self.access.project, kind=SEARCH, state=JobState.DONE)
        return self.get_paginated_response(self.get_serializer(self.paginate_queryset(done), many=True).data)


class ThresholdOut(serializers.Serializer[ThresholdRow]):
    """What a threshold would bring: captions in all, and for an image the fewest, the median and the most.

    `full` counts images at the search's limit, which may have more.
    """

    threshold = serializers.FloatField()
    pairs = serializers.IntegerField()
    lowest = serializers.IntegerField()
    median = serializers.FloatField()
    highest = serializers.IntegerField()
    full = serializers.IntegerField()


class ProposedOut(serializers.Serializer[ProposedThreshold]):
    """The threshold at which the median image has `rank` captions."""

    rank = serializers.IntegerField()
    percentile = serializers.FloatField()
    threshold = serializers.FloatField(source="row.threshold")


class RecallOut(serializers.Serializer[Any]):
    """The share of the exact neighbours that was found, with its 95% interval over so many images."""

    share = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()
    lowest = serializers.FloatField()
    images = serializers.IntegerField()
    radius = serializers.IntegerField()


class SearchDetailOut(serializers.Serializer[Any]):
    """A search with what each threshold would bring; `recall` is null where every row was looked at."""

    id = serializers.UUIDField(source="job.public_id")
    images = serializers.IntegerField()
    rows = serializers.IntegerField()
    is_exact = serializers.BooleanField()
    recall = RecallOut(allow_null=True)
    thresholds = ThresholdOut(many=True)
    proposed = ProposedOut(many=True)


class SearchDetail(ProjectApiView):
    """One finished search."""

    serializer_class = SearchDetailOut
    read_rule = SEES_POOLS

    @extend_schema(operation_id="searches_retrieve")
    def get(self, request: Request, project_slug: str, job_id: UUID) -> Response:
        """Return what it found; a job of the kind `pools` takes the captions from a threshold on."""
        found = shown_search(search_of(self.access.project, str(job_id)))
        return Response(self.get_serializer(found).data)
