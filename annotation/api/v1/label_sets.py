"""Making, changing and retiring sets of labels through the API."""

from typing import Any, ClassVar
from uuid import UUID

from django.utils.text import slugify
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.access import label_schema_of
from annotation.api.v1.rules import SETS_RULES, LabelSetDetail, LabelSetList, LabelSetOut, counted
from annotation.models import LabelColor, LabelMeaning, LabelSchema, MeasurementLevel
from annotation.rules.label_presets import GivenLabel
from annotation.rules.label_schemas import (
    FEWEST_LABELS,
    MOST_LABELS,
    change_schema,
    make_schema,
    restore_schema,
    retire_schema,
)
from projects.api.door import ProjectApiView
from projects.api.once import kept, once
from projects.models import Scope


class LabelIn(serializers.Serializer[Any]):
    """One answer; a key in the data that is left out is made from the name."""

    name = serializers.CharField(max_length=80)
    shortcut = serializers.RegexField(
        r"^[a-z0-9]$", help_text="The key on the keyboard; some letters are the workspace's own."
    )
    key = serializers.RegexField(r"^[a-z0-9_]{1,40}$", required=False)
    meaning = serializers.ChoiceField(choices=LabelMeaning.choices, default=LabelMeaning.NEUTRAL.value)
    color = serializers.ChoiceField(choices=LabelColor.choices, default=LabelColor.PLAIN.value)
    description = serializers.CharField(max_length=300, default="", allow_blank=True)


class LabelSetIn(serializers.Serializer[Any]):
    """A set of labels with its labels in their order, lowest first where they have one."""

    name = serializers.CharField(max_length=80)
    level = serializers.ChoiceField(choices=MeasurementLevel.choices)
    labels = serializers.ListField(child=LabelIn(), min_length=FEWEST_LABELS, max_length=MOST_LABELS)
    allows_edits = serializers.BooleanField(default=False)
    compares_paraphrases = serializers.BooleanField(default=False)
    description = serializers.CharField(max_length=2000, default="", allow_blank=True)


def checked(request: Request) -> dict[str, Any]:
    """Return what was sent, with labels as the acts take them. Raises ValidationError."""
    given = LabelSetIn(data=request.data)
    given.is_valid(raise_exception=True)
    values = dict(given.validated_data)
    labels = [{"key": slugify(row["name"]).replace("-", "_")[:40], **row} for row in values["labels"]]
    return values | {"labels": [GivenLabel(**row) for row in labels]}


def told(schema: LabelSchema) -> dict[str, Any]:
    """Return a set as it is now."""
    return dict(LabelSetOut(counted(LabelSchema.objects.all()).get(pk=schema.pk)).data)


class LabelSetsAndNew(LabelSetList):
    """The sets of labels, and making one."""

    write_rule = SETS_RULES
    write_scope = Scope.REVIEW

    @kept
    @extend_schema(operation_id="label_sets_create", request=LabelSetIn, responses={201: LabelSetOut})
    def post(self, request: Request, project_slug: str) -> Response:
        """Add a set of labels, which new batches can ask for."""
        values = checked(request)
        return once(request, lambda: self._made(values))

    def _made(self, values: dict[str, Any]) -> Response:
        made = make_schema(project=self.access.project, actor=self.person, **values)
        return Response(told(made), status=201)


class LabelSetChange(LabelSetDetail):
    """One set of labels, and changing it."""

    write_rule = SETS_RULES
    write_scope = Scope.REVIEW

    @extend_schema(operation_id="label_sets_change", request=LabelSetIn, responses=LabelSetOut)
    def post(self, request: Request, project_slug: str, schema_id: UUID) -> Response:
        """Write the set anew; one that a batch uses keeps keys, meanings and order of its labels."""
        schema = label_schema_of(self.access, schema_id)
        return Response(told(change_schema(schema=schema, actor=self.person, **checked(request))))


class LabelSetOffer(ProjectApiView):
    """Whether new batches are offered a set."""

    serializer_class = LabelSetOut
    read_rule: ClassVar[tuple[str, ...]] = SETS_RULES
    write_rule: ClassVar[tuple[str, ...]] = SETS_RULES
    write_scope = Scope.REVIEW


class LabelSetRetire(LabelSetOffer):
    """Retiring a set."""

    @extend_schema(operation_id="label_sets_retire", request=None, responses=LabelSetOut)
    def post(self, request: Request, project_slug: str, schema_id: UUID) -> Response:
        """Offer the set to no new batch; running ones go on."""
        schema = label_schema_of(self.access, schema_id)
        retire_schema(schema=schema, actor=self.person)
        return Response(told(schema))


class LabelSetRestore(LabelSetOffer):
    """Offering a retired set again."""

    @extend_schema(operation_id="label_sets_restore", request=None, responses=LabelSetOut)
    def post(self, request: Request, project_slug: str, schema_id: UUID) -> Response:
        """Offer the set to new batches again."""
        schema = label_schema_of(self.access, schema_id)
        restore_schema(schema=schema, actor=self.person)
        return Response(told(schema))
