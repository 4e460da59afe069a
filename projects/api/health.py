"""Whether the installation is well, through the API: for tokens of site admins."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from projects import health
from projects.access import site_admin
from projects.api.door import ApiView
from projects.http import SITE_ADMIN
from projects.models import Scope, WorkerHeartbeat


class PartOfTheWhole(serializers.Serializer[Any]):
    """The database, the broker, or the workers of one queue; `beat` is the scheduler."""

    name = serializers.CharField()
    is_well = serializers.BooleanField()


class ProcessOut(serializers.Serializer[WorkerHeartbeat]):
    """A process that gave a sign of life, and the queues that it serves."""

    name = serializers.CharField()
    queues = serializers.ListField(child=serializers.CharField())
    started_at = serializers.DateTimeField()
    seen_at = serializers.DateTimeField()


class HealthOut(serializers.Serializer[Any]):
    """All parts and processes."""

    is_well = serializers.BooleanField()
    parts = PartOfTheWhole(many=True)
    processes = ProcessOut(many=True)


class Health(ApiView):
    """The installation as its page of health shows it."""

    serializer_class = HealthOut
    read_scope = Scope.PROJECTS
    read_rule = (SITE_ADMIN,)

    @extend_schema(operation_id="health")
    def get(self, request: Request) -> Response:
        """Return every part; what is gone is told with 200 too."""
        site_admin(self.person)
        parts = [{"name": name, "is_well": state == health.OK} for name, state in health.examine().items()]
        told = {
            "is_well": all(part["is_well"] for part in parts),
            "parts": parts,
            "processes": WorkerHeartbeat.objects.order_by("name"),
        }
        return Response(self.get_serializer(told).data)
