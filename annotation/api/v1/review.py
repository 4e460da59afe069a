"""Edits, review, adjudication and questions through the API; who did it is told by the pages alone."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.access import question_of, review_round_of, visible_versions
from annotation.models import (
    Adjudication,
    CaptionVersion,
    EditKind,
    LabelMeaning,
    Question,
    QuestionState,
    ReviewItem,
    ReviewRound,
    VersionState,
)
from annotation.models.reviews import ReviewDraw, ReviewState
from annotation.review.review_showing import rounds_of
from projects.api.door import ProjectApiView
from projects.models import Role, Scope

SEES_EDITS = (Role.HEAD, Role.RESEARCHER, Role.ADMIN)


class EditOut(serializers.Serializer[CaptionVersion]):
    """A text that was proposed in place of another one of the same caption."""

    id = serializers.UUIDField(source="public_id")
    image = serializers.UUIDField(source="image.public_id")
    caption = serializers.UUIDField(source="caption.public_id")
    made_from = serializers.SerializerMethodField()
    text = serializers.CharField()
    kinds = serializers.ListField(child=serializers.ChoiceField(choices=EditKind.choices))
    state = serializers.ChoiceField(choices=VersionState.choices)
    reason = serializers.CharField(
        allow_blank=True, help_text="Why the caption went back to an earlier text."
    )
    is_own = serializers.SerializerMethodField()
    is_demo = serializers.BooleanField()
    made_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)

    def get_made_from(self, version: CaptionVersion) -> UUID | None:
        """Return the version that it was made of; null where the person of the token may not see that one."""
        parent = version.parent
        access = self.context["view"].access
        if parent is None:
            return None
        is_open = parent.state in {VersionState.BASE, VersionState.ACCEPTED}
        may_see = access.may_act_as(Role.HEAD) or is_open or parent.author_id == access.user.pk
        return parent.public_id if may_see else None

    def get_is_own(self, version: CaptionVersion) -> bool:
        """Say whether the person of the token made it."""
        return bool(version.author_id == self.context["view"].access.user.pk)


class EditQuery(serializers.Serializer[Any]):
    """Which edits."""

    state = serializers.ChoiceField(choices=VersionState.choices, required=False)
    caption = serializers.UUIDField(required=False)
    image = serializers.UUIDField(required=False)


class EditList(ProjectApiView):
    """The edits that the person of the token may see, newest first: researchers see accepted ones and their own."""

    serializer_class = EditOut
    read_rule = SEES_EDITS
    query = EditQuery

    @extend_schema(operation_id="edits_list", parameters=[EditQuery])
    def get(self, request: Request, project_slug: str) -> Response:
        """List the edits."""
        places = {"state": "state", "caption": "caption__public_id", "image": "image__public_id"}
        wanted = {places[name]: value for name, value in self.asked().items()}
        found = visible_versions(self.access).filter(**wanted).exclude(state=VersionState.BASE)
        return self.paged(found.select_related("image", "caption", "parent"))


class RoundOut(serializers.Serializer[ReviewRound]):
    """A round of review and how far it is, in judgments; error rates come from random draws alone."""

    id = serializers.UUIDField(source="public_id")
    batch = serializers.UUIDField(source="batch.public_id")
    draw = serializers.ChoiceField(choices=ReviewDraw.choices)
    share = serializers.FloatField()
    filter = serializers.CharField(allow_blank=True, help_text="unsure, edited, disagreed, fast, or empty.")
    seed = serializers.IntegerField()
    opened_at = serializers.DateTimeField()
    n_items = serializers.IntegerField()
    n_open = serializers.IntegerField()
    n_returned = serializers.IntegerField()
    n_decided = serializers.IntegerField()


class RoundList(ProjectApiView):
    """The rounds of review, newest first."""

    serializer_class = RoundOut
    read_rule = (Role.HEAD,)

    @extend_schema(operation_id="review_rounds_list")
    def get(self, request: Request, project_slug: str) -> Response:
        """List the rounds."""
        return self.paged(rounds_of(self.access.project))


class ItemOut(serializers.Serializer[ReviewItem]):
    """A judgment under review, with the comment on it and the reply; `revision` is the judgment made after it."""

    id = serializers.UUIDField(source="public_id")
    judgment = serializers.UUIDField(source="judgment.public_id")
    revision = serializers.UUIDField(source="revision.public_id", allow_null=True, default=None)
    image = serializers.UUIDField(source="judgment.image.public_id")
    caption = serializers.UUIDField(source="judgment.caption.public_id")
    version = serializers.UUIDField(source="judgment.version.public_id")
    state = serializers.ChoiceField(choices=ReviewState.choices)
    comment = serializers.CharField(allow_blank=True)
    guideline_section = serializers.CharField(allow_blank=True)
    reply = serializers.CharField(allow_blank=True)
    decided_at = serializers.DateTimeField(allow_null=True)
    revised_at = serializers.DateTimeField(allow_null=True)


def with_item_rows(items: QuerySet[ReviewItem]) -> QuerySet[ReviewItem]:
    """Return items with the rows that their ids are taken from."""
    return items.select_related("judgment__image", "judgment__caption", "judgment__version", "revision")


class ItemQuery(serializers.Serializer[Any]):
    """Which items."""

    state = serializers.ChoiceField(choices=ReviewState.choices, required=False)


class ItemList(ProjectApiView):
    """The judgments of a round in the order they were drawn."""

    serializer_class = ItemOut
    read_rule = (Role.HEAD,)
    read_scope = Scope.JUDGMENTS
    query = ItemQuery
    oldest_first = True

    @extend_schema(operation_id="review_items_list", parameters=[ItemQuery])
    def get(self, request: Request, project_slug: str, round_id: UUID) -> Response:
        """List the judgments under review."""
        return self.paged(with_item_rows(review_round_of(self.access, round_id).items.filter(**self.asked())))


class AdjudicationOut(serializers.Serializer[Adjudication]):
    """The final label of a pair in one set of labels; `is_current` is false once a later one took its place."""

    image = serializers.UUIDField(source="version.image.public_id")
    caption = serializers.UUIDField(source="version.caption.public_id")
    version = serializers.UUIDField(source="version.public_id")
    schema = serializers.UUIDField(source="schema.public_id")
    label = serializers.CharField()  # type: ignore[assignment]
    meaning = serializers.ChoiceField(choices=LabelMeaning.choices)
    note = serializers.CharField(allow_blank=True)
    is_current = serializers.BooleanField()
    is_demo = serializers.BooleanField()
    made_at = serializers.DateTimeField()


class AdjudicationQuery(serializers.Serializer[Any]):
    """Which final labels."""

    image = serializers.UUIDField(required=False)
    schema = serializers.UUIDField(required=False)
    is_current = serializers.BooleanField(required=False, allow_null=True, default=None)


class AdjudicationList(ProjectApiView):
    """The final labels of the project, newest first."""

    serializer_class = AdjudicationOut
    read_rule = (Role.HEAD,)
    read_scope = Scope.JUDGMENTS
    query = AdjudicationQuery

    @extend_schema(operation_id="adjudications_list", parameters=[AdjudicationQuery])
    def get(self, request: Request, project_slug: str) -> Response:
        """List the final labels."""
        places = {
            "image": "version__image__public_id",
            "schema": "schema__public_id",
            "is_current": "is_current",
        }
        wanted = {places[name]: value for name, value in self.asked().items() if value is not None}
        found = Adjudication.objects.filter(project=self.access.project, **wanted)
        return self.paged(found.select_related("version__image", "version__caption", "schema"))


class QuestionOut(serializers.Serializer[Question]):
    """What was asked about a pair, and the answer once there is one."""

    id = serializers.UUIDField(source="public_id")
    batch = serializers.UUIDField(source="batch.public_id")
    image = serializers.UUIDField(source="image.public_id")
    caption = serializers.UUIDField(source="caption.public_id")
    version = serializers.UUIDField(source="version.public_id")
    text = serializers.CharField()
    state = serializers.ChoiceField(choices=QuestionState.choices)
    answer = serializers.CharField(allow_blank=True)
    precedent = serializers.SerializerMethodField()
    asked_at = serializers.DateTimeField()
    answered_at = serializers.DateTimeField(allow_null=True)

    def get_precedent(self, question: Question) -> UUID | None:
        """Return the precedent that its answer became."""
        precedent = getattr(question, "precedent", None)
        return precedent.public_id if precedent is not None else None


class QuestionQuery(serializers.Serializer[Any]):
    """Which questions."""

    state = serializers.ChoiceField(choices=QuestionState.choices, required=False)


def with_rows(questions: QuerySet[Question]) -> QuerySet[Question]:
    """Return questions with the rows that their ids are taken from."""
    return questions.select_related("batch", "image", "caption", "version", "precedent")


class QuestionList(ProjectApiView):
    """The questions of annotators, newest first; withdrawn ones are left out."""

    serializer_class = QuestionOut
    read_rule = (Role.HEAD,)
    query = QuestionQuery

    @extend_schema(operation_id="questions_list", parameters=[QuestionQuery])
    def get(self, request: Request, project_slug: str) -> Response:
        """List the questions."""
        found = Question.objects.filter(project=self.access.project, **self.asked())
        return self.paged(with_rows(found.exclude(state=QuestionState.WITHDRAWN)))


class QuestionDetail(ProjectApiView):
    """One question."""

    serializer_class = QuestionOut
    read_rule = (Role.HEAD,)

    @extend_schema(operation_id="questions_retrieve")
    def get(self, request: Request, project_slug: str, question_id: UUID) -> Response:
        """Return the question."""
        return Response(self.get_serializer(question_of(self.access, question_id)).data)
