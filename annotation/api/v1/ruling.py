"""Precedents made of answers, and captions that go back to an earlier text, through the API."""

from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.access import caption_of, precedent_of, question_of, version_of
from annotation.api.v1.deciding import DecisionView
from annotation.api.v1.review import EditOut
from annotation.api.v1.reviewing import LONGEST_SECTION, check_section
from annotation.api.v1.rules import PrecedentOut
from annotation.captions.reverting import LONGEST_REASON, revert_to_version
from annotation.models import Caption, EditKind, Precedent, Question
from annotation.review.ruling import (
    LONGEST_RULING,
    LONGEST_TITLE,
    Ruling,
    in_blind_work,
    make_precedent,
    retire_precedent,
)
from polyannot.kernel.errors import Invalid
from projects.api.once import kept, once


def told(precedent: Precedent) -> dict[str, Any]:
    """Return a precedent as the list of those in force has it."""
    found = in_blind_work(Precedent.objects.filter(pk=precedent.pk)).select_related("version", "image")
    return dict(PrecedentOut(found.get()).data)


class PrecedentIn(serializers.Serializer[Any]):
    """A ruling for similar pairs; speak of the rule, not of the label of this pair."""

    title = serializers.CharField(max_length=LONGEST_TITLE)
    ruling = serializers.CharField(max_length=LONGEST_RULING)
    guideline_section = serializers.CharField(
        max_length=LONGEST_SECTION,
        default="",
        allow_blank=True,
        help_text="A heading of the newest guidelines.",
    )
    kinds = serializers.ListField(
        child=serializers.ChoiceField(choices=EditKind.choices), default=list, max_length=len(EditKind)
    )


class QuestionPrecedent(DecisionView):
    """Making a precedent of an answered question."""

    serializer_class = PrecedentIn

    @kept
    @extend_schema(operation_id="questions_precedent", request=PrecedentIn, responses={201: PrecedentOut})
    def post(self, request: Request, project_slug: str, question_id: UUID) -> Response:
        """Put a ruling beside the guidelines; a question becomes one precedent, making it again returns that one."""
        question = question_of(self.access, question_id)
        given = self.sent()
        check_section(given["guideline_section"], self.access.project.guidelines.order_by("-number").first())
        return once(request, lambda: self._made(question, given))

    def _made(self, question: Question, given: dict[str, Any]) -> Response:
        made = make_precedent(
            version=question.version, head=self.person, given=Ruling(**given), question=question
        )
        return Response(told(made), status=201)


class PrecedentRetire(DecisionView):
    """Taking a precedent out of force."""

    serializer_class = PrecedentOut

    @extend_schema(operation_id="precedents_retire", request=None, responses=PrecedentOut)
    def post(self, request: Request, project_slug: str, precedent_id: UUID) -> Response:
        """Take it out of force; it is kept."""
        precedent = precedent_of(self.access, precedent_id)
        retire_precedent(precedent=precedent, head=self.person)
        return Response(told(precedent))


class RevertIn(serializers.Serializer[Any]):
    """Which version's text is to stand again, and why."""

    version = serializers.UUIDField()
    reason = serializers.CharField(max_length=LONGEST_REASON)


class CaptionRevert(DecisionView):
    """Going back to an earlier text of a caption."""

    serializer_class = RevertIn

    @kept
    @extend_schema(operation_id="captions_revert", request=RevertIn, responses={201: EditOut})
    def post(self, request: Request, project_slug: str, caption_id: UUID) -> Response:
        """Make the text of a version stand again, as a new version that a second person confirms."""
        caption = caption_of(self.access, caption_id)
        given = self.sent()
        return once(request, lambda: self._reverted(caption, given))

    def _reverted(self, caption: Caption, given: dict[str, Any]) -> Response:
        version = version_of(self.access, given["version"])
        if version.caption_id != caption.pk:
            raise Invalid(
                "version_of_another", _("This version belongs to another caption; nothing was changed.")
            )
        made = revert_to_version(version=version, actor=self.person, reason=given["reason"])
        return Response(EditOut(made, context=self.get_serializer_context()).data, status=201)
