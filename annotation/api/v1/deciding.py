"""What head annotators decide through the API, by the acts of their pages: tokens with the scope review may."""

import secrets
from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.access import (
    batch_of,
    known_answer_of,
    label_schema_of,
    pair_report_of,
    question_of,
    version_of,
)
from annotation.api.v1.quality import PairReportOut
from annotation.api.v1.review import (
    AdjudicationList,
    AdjudicationOut,
    EditOut,
    QuestionOut,
    RoundList,
    RoundOut,
    with_rows,
)
from annotation.api.v1.rules import (
    SETS_RULES,
    GuidelineDetailOut,
    GuidelineList,
    KnownAnswerList,
    KnownAnswerOut,
    with_answers,
)
from annotation.captions.editing import decide_edit
from annotation.models import KnownAnswer, KnownUse, Question
from annotation.models.reviews import ReviewDraw, ReviewFilter
from annotation.review.adjudicating import adjudicate, decide_report
from annotation.review.asking import LONGEST_ANSWER, answer_question
from annotation.review.review_showing import rounds_of
from annotation.review.reviewing import LONGEST_COMMENT, open_round
from annotation.rules.known_answers import LONGEST_EXPLANATION, make_known_answer, retire_known_answer
from annotation.rules.starting import publish_guidelines
from projects.api.door import ProjectApiView
from projects.api.once import kept, once
from projects.models import Role, Scope

SEED_LIMIT = 2**31
LONGEST_GUIDELINES = 200_000


class DecisionView(ProjectApiView):
    """What all decisions on one row have in common."""

    read_rule: ClassVar[tuple[str, ...]] = (Role.HEAD,)
    write_rule: ClassVar[tuple[str, ...]] = (Role.HEAD,)
    write_scope = Scope.REVIEW


class EditDecisionIn(serializers.Serializer[Any]):
    """Whether the text takes the place of the one that it was made from."""

    accept = serializers.BooleanField()


class EditDecision(DecisionView):
    """Accepting and rejecting an edit."""

    serializer_class = EditDecisionIn

    @extend_schema(operation_id="edits_decide", request=EditDecisionIn, responses=EditOut)
    def post(self, request: Request, project_slug: str, version_id: UUID) -> Response:
        """Decide on somebody else's edit; the same decision again changes nothing."""
        version = version_of(self.access, version_id)
        decided = decide_edit(version=version, reviewer=self.person, accept=self.sent()["accept"])
        return Response(EditOut(decided, context=self.get_serializer_context()).data)


class AdjudicationIn(serializers.Serializer[Any]):
    """A final label; without `schema` in the set of labels in which the version was judged."""

    version = serializers.UUIDField()
    label = serializers.CharField(max_length=40)  # type: ignore[assignment]
    schema = serializers.UUIDField(required=False)
    note = serializers.CharField(max_length=LONGEST_COMMENT, default="", allow_blank=True)
    seen = serializers.CharField(
        max_length=40,
        required=False,
        allow_blank=True,
        help_text="The final label as it was read, empty for none: refused where another stands meanwhile.",
    )


class AdjudicationsAndNew(AdjudicationList):
    """The final labels of the project, and giving one."""

    write_rule = (Role.HEAD,)
    write_scope = Scope.REVIEW

    @kept
    @extend_schema(
        operation_id="adjudications_create", request=AdjudicationIn, responses={201: AdjudicationOut}
    )
    def post(self, request: Request, project_slug: str) -> Response:
        """Give a final label; it takes the place of an earlier one, the same one again changes nothing."""
        given = AdjudicationIn(data=request.data)
        given.is_valid(raise_exception=True)
        return once(request, lambda: self._adjudicated(dict(given.validated_data)))

    def _adjudicated(self, values: dict[str, Any]) -> Response:
        version = version_of(self.access, values.pop("version"))
        schema = values.pop("schema", None)
        chosen = label_schema_of(self.access, schema) if schema else None
        row = adjudicate(version=version, head=self.person, schema=chosen, **values)
        return Response(AdjudicationOut(row).data, status=201)


class AnswerIn(serializers.Serializer[Any]):
    """An answer, which its reader finds on the page of feedback."""

    answer = serializers.CharField(max_length=LONGEST_ANSWER)
    seen = serializers.CharField(
        max_length=LONGEST_ANSWER,
        required=False,
        allow_blank=True,
        help_text="The answer as it was read, empty for none: refused where another stands meanwhile.",
    )


class QuestionAnswer(DecisionView):
    """Answering a question."""

    serializer_class = AnswerIn

    @extend_schema(operation_id="questions_answer", request=AnswerIn, responses=QuestionOut)
    def post(self, request: Request, project_slug: str, question_id: UUID) -> Response:
        """Answer, or give a better answer; the same one again changes nothing."""
        row = question_of(self.access, question_id)
        answer_question(question=row, head=self.person, **self.sent())
        return Response(QuestionOut(with_rows(Question.objects.all()).get(pk=row.pk)).data)


class ReportDecisionIn(serializers.Serializer[Any]):
    """Whether the caption goes for good; else it goes back into the pool."""

    take_down = serializers.BooleanField()


class PairReportDecision(DecisionView):
    """Deciding on a reported pair."""

    serializer_class = ReportDecisionIn

    @extend_schema(operation_id="pair_reports_decide", request=ReportDecisionIn, responses=PairReportOut)
    def post(self, request: Request, project_slug: str, report_id: UUID) -> Response:
        """Take the caption down or put it back; the same decision again changes nothing."""
        report = pair_report_of(self.access, report_id)
        decided = decide_report(report=report, head=self.person, take_down=self.sent()["take_down"])
        return Response(PairReportOut(decided).data)


class KnownAnswerIn(serializers.Serializer[Any]):
    """A pair with its right label; without a tolerance that which is usual for the set."""

    version = serializers.UUIDField()
    schema = serializers.UUIDField()
    label = serializers.CharField(max_length=40)  # type: ignore[assignment]
    use = serializers.ChoiceField(choices=KnownUse.choices)
    explanation = serializers.CharField(max_length=LONGEST_EXPLANATION, default="", allow_blank=True)
    tolerance = serializers.IntegerField(min_value=0, max_value=5, required=False)


class KnownAnswersAndNew(KnownAnswerList):
    """The known answers in use, and making one."""

    write_rule = SETS_RULES
    write_scope = Scope.REVIEW

    @kept
    @extend_schema(
        operation_id="known_answers_create", request=KnownAnswerIn, responses={201: KnownAnswerOut}
    )
    def post(self, request: Request, project_slug: str) -> Response:
        """Keep a pair with its right label."""
        given = KnownAnswerIn(data=request.data)
        given.is_valid(raise_exception=True)
        return once(request, lambda: self._made(dict(given.validated_data)))

    def _made(self, values: dict[str, Any]) -> Response:
        version = version_of(self.access, values.pop("version"))
        schema = label_schema_of(self.access, values.pop("schema"))
        made = make_known_answer(version=version, schema=schema, actor=self.person, **values)
        return Response(
            KnownAnswerOut(with_answers(KnownAnswer.objects.all()).get(pk=made.pk)).data, status=201
        )


class KnownAnswerRetire(DecisionView):
    """Using a known answer no more."""

    read_rule = write_rule = SETS_RULES
    serializer_class = KnownAnswerOut

    @extend_schema(operation_id="known_answers_retire", request=None, responses=KnownAnswerOut)
    def post(self, request: Request, project_slug: str, known_id: UUID) -> Response:
        """Retire it; what people answered to it stays."""
        known = known_answer_of(self.access, known_id)
        retire_known_answer(known=known, actor=self.person)
        return Response(KnownAnswerOut(with_answers(KnownAnswer.objects.all()).get(pk=known.pk)).data)


class RoundIn(serializers.Serializer[Any]):
    """What a round looks at: a random share of a batch's judgments, or those that a filter finds."""

    batch = serializers.UUIDField()
    draw = serializers.ChoiceField(choices=ReviewDraw.choices, default=ReviewDraw.RANDOM.value)
    share = serializers.FloatField(
        min_value=0.001, max_value=1, default=0.1, help_text="Of a random draw, above 0 and up to 1."
    )
    filter = serializers.ChoiceField(
        choices=[(value, name) for value, name in ReviewFilter.choices if value],
        required=False,
        help_text="For a draw by filter; without one it looks at all.",
    )
    seed = serializers.IntegerField(min_value=0, max_value=SEED_LIMIT - 1, required=False)


class RoundsAndNew(RoundList):
    """The rounds of review, and opening one."""

    write_rule = (Role.HEAD,)
    write_scope = Scope.REVIEW

    @kept
    @extend_schema(operation_id="review_rounds_create", request=RoundIn, responses={201: RoundOut})
    def post(self, request: Request, project_slug: str) -> Response:
        """Draw a round of judgments that are under no review yet; its seed is stored with it."""
        given = RoundIn(data=request.data)
        given.is_valid(raise_exception=True)
        return once(request, lambda: self._opened(given.validated_data))

    def _opened(self, values: dict[str, Any]) -> Response:
        is_random = values["draw"] == ReviewDraw.RANDOM
        opened = open_round(
            batch=batch_of(self.access, values["batch"]),
            head=self.person,
            draw=values["draw"],
            share=values["share"] if is_random else 1.0,
            chosen_filter="" if is_random else values.get("filter", ""),
            seed=values.get("seed", secrets.randbelow(SEED_LIMIT)),
        )
        return Response(RoundOut(rounds_of(self.access.project).get(pk=opened.pk)).data, status=201)


class GuidelineIn(serializers.Serializer[Any]):
    """The text of the next version."""

    text = serializers.CharField(max_length=LONGEST_GUIDELINES, help_text="Markdown.")
    change_note = serializers.CharField(max_length=500, default="", allow_blank=True)
    is_major = serializers.BooleanField(default=False)
    based_on = serializers.IntegerField(
        min_value=0,
        max_value=SEED_LIMIT - 1,
        help_text="The number of the version that the text was made from: refused where another followed it.",
    )


class GuidelinesAndNew(GuidelineList):
    """The versions of the guidelines, and publishing the next."""

    write_rule = (Role.HEAD,)
    write_scope = Scope.REVIEW

    @kept
    @extend_schema(operation_id="guidelines_create", request=GuidelineIn, responses={201: GuidelineDetailOut})
    def post(self, request: Request, project_slug: str) -> Response:
        """Publish the next version; batches opened from then on follow it."""
        given = GuidelineIn(data=request.data)
        given.is_valid(raise_exception=True)
        return once(request, lambda: self._published(given.validated_data))

    def _published(self, values: dict[str, Any]) -> Response:
        made = publish_guidelines(project=self.access.project, author=self.person, **values)
        return Response(GuidelineDetailOut(made).data, status=201)
