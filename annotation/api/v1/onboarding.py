"""The way in of newcomers through the API: what is asked of them, where everybody stands, letting somebody go on."""

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.forms.known_answers import PlanForm
from annotation.models import OnboardingPlan, OnboardingRun, OnboardingState
from annotation.rules.onboarding import (
    CHANGEABLE,
    Score,
    change_plan,
    plan_of,
    wave_through,
    wave_through_experienced,
)
from annotation.rules.onboarding_showing import PersonRow, people_rows
from projects.access import membership_of
from projects.api.door import ProjectApiView
from projects.models import Role, Scope

STEPS = [(step, step) for step in ("not_begun", "on_the_way", "free")]
LARGEST = 32767


class OnboardingView(ProjectApiView):
    """What all addresses of onboarding have in common."""

    read_rule: ClassVar[tuple[str, ...]] = (Role.HEAD, Role.ADMIN)
    write_rule: ClassVar[tuple[str, ...]] = (Role.HEAD, Role.ADMIN)
    write_scope = Scope.REVIEW


class OnboardingPlanOut(serializers.Serializer[OnboardingPlan]):
    """What the project asks of newcomers, and the share of images with a gold pair."""

    is_asked = serializers.BooleanField()
    n_training = serializers.IntegerField()
    n_qualification = serializers.IntegerField()
    pass_percent = serializers.IntegerField()
    most_attempts = serializers.IntegerField()
    gold_percent = serializers.IntegerField()


class OnboardingPlanIn(serializers.Serializer[Any]):
    """What is to change; what is left out stays."""

    is_asked = serializers.BooleanField(required=False)
    n_training = serializers.IntegerField(required=False, min_value=0, max_value=LARGEST)
    n_qualification = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST)
    pass_percent = serializers.IntegerField(required=False, min_value=1, max_value=100)
    most_attempts = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST)
    gold_percent = serializers.IntegerField(required=False, min_value=0, max_value=100)


class Plan(OnboardingView):
    """What is asked of newcomers."""

    serializer_class = OnboardingPlanOut

    @extend_schema(operation_id="onboarding_retrieve")
    def get(self, request: Request, project_slug: str) -> Response:
        """Return the plan; a project that never said anything asks nothing."""
        return Response(OnboardingPlanOut(plan_of(self.access.project)).data)

    @extend_schema(operation_id="onboarding_change", request=OnboardingPlanIn, responses=OnboardingPlanOut)
    def post(self, request: Request, project_slug: str) -> Response:
        """Change the plan; attempts that have begun keep their pairs and pass mark."""
        given = OnboardingPlanIn(data=request.data)
        given.is_valid(raise_exception=True)
        plan = plan_of(self.access.project)
        values = {name: getattr(plan, name) for name in CHANGEABLE} | dict(given.validated_data)
        form = PlanForm(values, instance=plan)
        if not form.is_valid():
            raise serializers.ValidationError(
                {name: [str(error) for error in errors] for name, errors in form.errors.items()}
            )
        changed = change_plan(project=self.access.project, actor=self.person, values=form.cleaned_data)
        return Response(OnboardingPlanOut(changed).data)


class ScoreOut(serializers.Serializer[Score]):
    """Right answers out of n, with the 95% Wilson interval of their share."""

    n = serializers.IntegerField()
    n_right = serializers.IntegerField()
    share = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()


class StandingOut(serializers.Serializer[PersonRow]):
    """Where an annotator stands; scores are null where nothing was answered."""

    person = serializers.UUIDField(source="person.public_id")
    step = serializers.ChoiceField(choices=STEPS)
    attempts = serializers.IntegerField(help_text="Since the last major change of the guidelines.")
    qualification = ScoreOut(source="score", allow_null=True)
    pass_percent = serializers.IntegerField(allow_null=True)
    last_at = serializers.DateTimeField(allow_null=True)
    gold = ScoreOut(allow_null=True)
    may_be_waved = serializers.BooleanField()


class StandingsOut(serializers.Serializer[Any]):
    """Everybody who annotates here."""

    people = StandingOut(many=True)


class Standings(OnboardingView):
    """Where everybody stands, by the ids of people/."""

    serializer_class = StandingsOut
    read_scope = Scope.JUDGMENTS

    @extend_schema(operation_id="onboarding_people")
    def get(self, request: Request, project_slug: str) -> Response:
        """Return everybody, those on their way in first."""
        return Response(StandingsOut({"people": people_rows(self.access.project)}).data)


class RunOut(serializers.Serializer[OnboardingRun]):
    """Somebody's attempt, as it is now."""

    person = serializers.UUIDField(source="person.public_id")
    attempt = serializers.IntegerField()
    state = serializers.ChoiceField(choices=OnboardingState.choices)


class Wave(OnboardingView):
    """Letting somebody in without a pass."""

    serializer_class = RunOut

    @extend_schema(operation_id="onboarding_wave", request=None, responses=RunOut)
    def post(self, request: Request, project_slug: str, person_id: UUID) -> Response:
        """Let the person work in every batch; the history keeps who did it."""
        member = membership_of(self.access, person_id)
        run = wave_through(project=self.access.project, person=member.user, head=self.person)
        return Response(RunOut(run).data)


class WavedOut(serializers.Serializer[Any]):
    """How many people may go on."""

    n = serializers.IntegerField()


class WaveExperienced(OnboardingView):
    """Letting in everybody who worked here before onboarding was asked."""

    serializer_class = WavedOut

    @extend_schema(operation_id="onboarding_wave_experienced", request=None, responses=WavedOut)
    def post(self, request: Request, project_slug: str) -> Response:
        """Let everybody go on who has judged here before."""
        return Response({"n": wave_through_experienced(project=self.access.project, head=self.person)})
