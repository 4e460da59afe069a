"""The rules of the work through the API: guidelines, sets of labels, known answers, precedents."""

from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.access import guideline_of, label_schema_of
from annotation.models import (
    EditKind,
    Guideline,
    KnownAnswer,
    KnownSource,
    KnownUse,
    LabelMeaning,
    LabelSchema,
    MeasurementLevel,
    Precedent,
)
from annotation.review.ruling import precedents_of
from projects.api.door import ProjectApiView
from projects.models import Role

SETS_RULES = (Role.HEAD, Role.ADMIN)


class GuidelineOut(serializers.Serializer[Guideline]):
    """A version of the guidelines; the highest number is in force."""

    number = serializers.IntegerField()
    change_note = serializers.CharField(allow_blank=True)
    is_major = serializers.BooleanField(help_text="Whether judgments made before may need another look.")
    published_at = serializers.DateTimeField()


class GuidelineDetailOut(GuidelineOut):
    """A version of the guidelines with its text."""

    text = serializers.CharField(help_text="Markdown.")


class GuidelineList(ProjectApiView):
    """The versions of the guidelines, newest first."""

    serializer_class = GuidelineOut

    @extend_schema(operation_id="guidelines_list")
    def get(self, request: Request, project_slug: str) -> Response:
        """List the versions."""
        return self.paged(Guideline.objects.filter(project=self.access.project))


class GuidelineDetail(ProjectApiView):
    """One version of the guidelines."""

    serializer_class = GuidelineDetailOut

    @extend_schema(operation_id="guidelines_retrieve")
    def get(self, request: Request, project_slug: str, number: int) -> Response:
        """Return the version."""
        return Response(self.get_serializer(guideline_of(self.access, number)).data)


class LabelOut(serializers.Serializer[Any]):
    """One answer of a set: its key in the data, its name on the page, its key on the keyboard."""

    key = serializers.CharField()
    name = serializers.CharField()
    shortcut = serializers.CharField()
    position = serializers.IntegerField()
    meaning = serializers.ChoiceField(choices=LabelMeaning.choices)
    color = serializers.CharField()
    description = serializers.CharField(allow_blank=True)


class LabelSetOut(serializers.Serializer[LabelSchema]):
    """A set of labels with its labels in their order; a retired one is offered to no new batch."""

    id = serializers.UUIDField(source="public_id")
    name = serializers.CharField()
    level = serializers.ChoiceField(choices=MeasurementLevel.choices)
    description = serializers.CharField(allow_blank=True)
    allows_edits = serializers.BooleanField()
    compares_paraphrases = serializers.BooleanField()
    n_batches = serializers.IntegerField()
    labels = LabelOut(many=True)
    made_at = serializers.DateTimeField()
    retired_at = serializers.DateTimeField(allow_null=True)


def counted(schemas: QuerySet[LabelSchema]) -> QuerySet[LabelSchema]:
    """Return sets with their labels and the number of batches that use them."""
    return schemas.annotate(n_batches=Count("batches")).prefetch_related("labels")


class LabelSetList(ProjectApiView):
    """The sets of labels of the project in the order they were made."""

    serializer_class = LabelSetOut
    read_rule = SETS_RULES
    oldest_first = True

    @extend_schema(operation_id="label_sets_list")
    def get(self, request: Request, project_slug: str) -> Response:
        """List the sets."""
        return self.paged(counted(LabelSchema.objects.filter(project=self.access.project)))


class LabelSetDetail(ProjectApiView):
    """One set of labels."""

    serializer_class = LabelSetOut
    read_rule = SETS_RULES

    @extend_schema(operation_id="label_sets_retrieve")
    def get(self, request: Request, project_slug: str, schema_id: UUID) -> Response:
        """Return the set."""
        schema = label_schema_of(self.access, schema_id)
        return Response(self.get_serializer(counted(LabelSchema.objects.all()).get(pk=schema.pk)).data)


class KnownAnswerOut(serializers.Serializer[KnownAnswer]):
    """A pair with its right label, and how many of the answers given to it were right."""

    id = serializers.UUIDField(source="public_id")
    use = serializers.ChoiceField(choices=KnownUse.choices)
    image = serializers.UUIDField(source="version.image.public_id")
    caption = serializers.UUIDField(source="version.caption.public_id")
    version = serializers.UUIDField(source="version.public_id")
    schema = serializers.UUIDField(source="schema.public_id")
    label = serializers.CharField()  # type: ignore[assignment]
    tolerance = serializers.IntegerField(help_text="Steps by which an answer may differ and still be right.")
    explanation = serializers.CharField(allow_blank=True)
    source = serializers.ChoiceField(choices=KnownSource.choices)  # type: ignore[assignment]
    n_answers = serializers.IntegerField()
    n_right = serializers.IntegerField()
    made_at = serializers.DateTimeField()


def with_answers(known: QuerySet[KnownAnswer]) -> QuerySet[KnownAnswer]:
    """Return known answers with their rows and the numbers of answers given to them."""
    return known.select_related("version__image", "version__caption", "schema").annotate(
        n_answers=Count("answers"), n_right=Count("answers", filter=Q(answers__is_right=True))
    )


class KnownAnswerQuery(serializers.Serializer[Any]):
    """Which known answers."""

    use = serializers.ChoiceField(choices=KnownUse.choices, required=False)
    schema = serializers.UUIDField(required=False)


class KnownAnswerList(ProjectApiView):
    """The known answers in use, newest first."""

    serializer_class = KnownAnswerOut
    read_rule = SETS_RULES
    query = KnownAnswerQuery

    @extend_schema(operation_id="known_answers_list", parameters=[KnownAnswerQuery])
    def get(self, request: Request, project_slug: str) -> Response:
        """List the known answers."""
        places = {"use": "use", "schema": "schema__public_id"}
        wanted = {places[name]: value for name, value in self.asked().items()}
        found = KnownAnswer.objects.in_use().filter(project=self.access.project, **wanted)
        return self.paged(with_answers(found))


class PrecedentOut(serializers.Serializer[Precedent]):
    """A ruling that holds for similar pairs; its own pair is null while somebody may still judge it."""

    id = serializers.UUIDField(source="public_id")
    title = serializers.CharField()
    ruling = serializers.CharField()
    guideline_section = serializers.CharField(allow_blank=True)
    kinds = serializers.ListField(child=serializers.ChoiceField(choices=EditKind.choices))
    image = serializers.SerializerMethodField()
    version = serializers.SerializerMethodField()
    text = serializers.SerializerMethodField()
    made_at = serializers.DateTimeField()

    def get_image(self, precedent: Any) -> UUID | None:
        """Return the image of its pair."""
        return None if precedent.is_pair_blind else precedent.image.public_id

    def get_version(self, precedent: Any) -> UUID | None:
        """Return the text of its pair by id."""
        return None if precedent.is_pair_blind else precedent.version.public_id

    def get_text(self, precedent: Any) -> str | None:
        """Return the text of its pair."""
        return None if precedent.is_pair_blind else precedent.version.text


class PrecedentQuery(serializers.Serializer[Any]):
    """Which precedents."""

    q = serializers.CharField(
        required=False, max_length=100, help_text="Words that stand in title, ruling or section."
    )


class PrecedentList(ProjectApiView):
    """The precedents in force, newest first."""

    serializer_class = PrecedentOut
    query = PrecedentQuery

    @extend_schema(operation_id="precedents_list", parameters=[PrecedentQuery])
    def get(self, request: Request, project_slug: str) -> Response:
        """List the precedents."""
        return self.paged(precedents_of(self.access.project, query=self.asked().get("q", "")))
