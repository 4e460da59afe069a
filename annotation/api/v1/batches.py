"""Batches through the API."""

import secrets
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.access import batch_of
from annotation.forms.batches import MOST_ANNOTATORS
from annotation.models import Batch, BatchPurpose, LabelSchema
from annotation.working.closing import close_batch, give_on_interrupted, reopen_batch
from annotation.working.opening import free_images, open_batch, open_calibration
from polyannot.kernel.errors import Missing
from projects.api.door import ProjectApiView
from projects.api.once import kept, once
from projects.models import Role

STEERS_BATCHES = (Role.HEAD, Role.ADMIN)
SEED_LIMIT = 2**31
MOST_IMAGES = 1_000_000
OPENED_HERE = [
    (BatchPurpose.PRODUCTION.value, "production"),
    (BatchPurpose.CALIBRATION.value, "calibration"),
]


class BatchOut(serializers.Serializer[Batch]):
    """A batch and how far it is, counted in images for one annotator."""

    id = serializers.UUIDField(source="public_id")
    name = serializers.CharField()
    purpose = serializers.ChoiceField(choices=BatchPurpose.choices)
    overlap = serializers.IntegerField()
    schema = serializers.UUIDField(source="schema.public_id")
    guideline = serializers.IntegerField(source="guideline.number")
    seed = serializers.IntegerField()
    opened_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)
    n_slots = serializers.IntegerField()
    n_done = serializers.IntegerField()


class BatchQuery(serializers.Serializer[Any]):
    """Which batches."""

    purpose = serializers.ChoiceField(choices=BatchPurpose.choices, required=False)
    is_open = serializers.BooleanField(required=False, allow_null=True, default=None)


class BatchIn(serializers.Serializer[Any]):
    """A new batch of images: the next free ones for production, a random draw for calibration."""

    name = serializers.CharField(max_length=120)
    purpose = serializers.ChoiceField(choices=OPENED_HERE, default=BatchPurpose.PRODUCTION.value)
    n_images = serializers.IntegerField(min_value=1, max_value=MOST_IMAGES)
    overlap = serializers.IntegerField(
        min_value=1,
        max_value=MOST_ANNOTATORS,
        default=2,
        help_text="Annotators per image; of production alone.",
    )
    schema = serializers.UUIDField(
        required=False, help_text="Labels; the project's first set where none is named."
    )


def counted(batches: QuerySet[Batch]) -> QuerySet[Batch]:
    """Return batches with the numbers of their slots."""
    work = Q(assignments__is_gold=False)
    return batches.select_related("schema", "guideline").annotate(
        n_slots=Count("assignments", filter=work & ~Q(assignments__state="skipped")),
        n_done=Count("assignments", filter=work & Q(assignments__state="done")),
    )


class BatchList(ProjectApiView):
    """The batches of the project, newest first."""

    serializer_class = BatchOut
    read_rule = write_rule = STEERS_BATCHES
    query = BatchQuery

    @extend_schema(operation_id="batches_list", parameters=[BatchQuery])
    def get(self, request: Request, project_slug: str) -> Response:
        """List the batches."""
        wanted = self.asked()
        found = counted(Batch.objects.filter(project=self.access.project))
        if "purpose" in wanted:
            found = found.filter(purpose=wanted["purpose"])
        if wanted["is_open"] is not None:
            found = found.filter(closed_at__isnull=wanted["is_open"])
        return self.get_paginated_response(self.get_serializer(self.paginate_queryset(found), many=True).data)

    @kept
    @extend_schema(operation_id="batches_create", request=BatchIn, responses={201: BatchOut})
    def post(self, request: Request, project_slug: str) -> Response:
        """Open a batch under the guidelines in force."""
        given = BatchIn(data=request.data)
        given.is_valid(raise_exception=True)
        return once(request, lambda: self._opened(given.validated_data))

    def _opened(self, values: dict[str, Any]) -> Response:
        project = self.access.project
        schema = self._schema(values.get("schema"))
        shared = {
            "project": project,
            "name": values["name"],
            "actor": self.person,
            "seed": secrets.randbelow(SEED_LIMIT),
            "schema": schema,
        }
        if values["purpose"] == BatchPurpose.CALIBRATION:
            batch = open_calibration(**shared, n_images=values["n_images"])
        else:
            first = project.label_schemas.offered().order_by("pk").first()
            images = list(free_images(project, schema or first)[: values["n_images"]])
            batch = open_batch(**shared, images=images, overlap=values["overlap"])
        return Response(self.get_serializer(counted(Batch.objects.all()).get(pk=batch.pk)).data, status=201)

    def _schema(self, public_id: UUID | None) -> LabelSchema | None:
        if public_id is None:
            return None
        found = self.access.project.label_schemas.offered().filter(public_id=public_id).first()
        if found is None:
            raise Missing("schema_missing", _("This project offers no such set of labels."))
        return found


class BatchDetail(ProjectApiView):
    """One batch."""

    serializer_class = BatchOut
    read_rule = STEERS_BATCHES

    @extend_schema(operation_id="batches_retrieve")
    def get(self, request: Request, project_slug: str, batch_id: UUID) -> Response:
        """Return the batch."""
        return told(self, batch_of(self.access, batch_id))


def told(view: ProjectApiView, batch: Batch) -> Response:
    """Answer with a batch as it is now."""
    return Response(view.get_serializer(counted(Batch.objects.all()).get(pk=batch.pk)).data)


class BatchClose(ProjectApiView):
    """Ending a batch."""

    serializer_class = BatchOut
    read_rule = write_rule = STEERS_BATCHES

    @extend_schema(operation_id="batches_close", request=None, responses=BatchOut)
    def post(self, request: Request, project_slug: str, batch_id: UUID) -> Response:
        """End the batch; all that was judged stays."""
        batch = batch_of(self.access, batch_id)
        close_batch(batch=batch, actor=self.person)
        return told(self, batch)


class BatchReopen(ProjectApiView):
    """Opening a closed batch again."""

    serializer_class = BatchOut
    read_rule = write_rule = STEERS_BATCHES

    @extend_schema(operation_id="batches_reopen", request=None, responses=BatchOut)
    def post(self, request: Request, project_slug: str, batch_id: UUID) -> Response:
        """Let the annotators go on."""
        batch = batch_of(self.access, batch_id)
        reopen_batch(batch=batch, actor=self.person)
        return told(self, batch)


class GivenOnOut(serializers.Serializer[Any]):
    """How many images were given on."""

    n = serializers.IntegerField()


class BatchGiveOn(ProjectApiView):
    """Giving on what people left half done."""

    serializer_class = GivenOnOut
    read_rule = write_rule = STEERS_BATCHES

    @extend_schema(operation_id="batches_give_on", request=None, responses=GivenOnOut)
    def post(self, request: Request, project_slug: str, batch_id: UUID) -> Response:
        """Open every image again whose annotator let the lease run out; what they judged stays theirs."""
        return Response({"n": give_on_interrupted(batch=batch_of(self.access, batch_id), actor=self.person)})
