"""What is done to a study through the API: launching, pausing, closing, extending, pilots and test runs."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from projects.api.door import ProjectApiView
from projects.api.nouns import JobOut, asked
from projects.api.once import kept, once
from projects.models import Role
from studies.access import study_of
from studies.api.studies import StudyOut
from studies.drafting.building import MOST_PARTICIPANTS
from studies.drafting.launching import close_study, extend_study, launch_study, pause_study, resume_study
from studies.drafting.piloting import delete_pilot, run_pilot
from studies.drafting.trying import begin_test_run, delete_test_runs
from studies.job_kinds import ask_for_results
from studies.views.visits import personal_address

LONGEST_REASON = 400


class StudyAct(ProjectApiView):
    """What all acts on a study have in common; each answers with the study as it is after it."""

    serializer_class: type[serializers.Serializer[Any]] = StudyOut
    read_rule = write_rule = (Role.RESEARCHER,)

    def done(self, act: Callable[..., object], study_id: UUID) -> Response:
        """Do the act on the study of the address."""
        act(study=study_of(self.access, study_id), actor=self.person)
        return Response(StudyOut(study_of(self.access, study_id)).data)


class StudyLaunch(StudyAct):
    """Launching a study."""

    @extend_schema(operation_id="studies_launch", request=None, responses=StudyOut)
    def post(self, request: Request, project_slug: str, study_id: UUID) -> Response:
        """Freeze pairs, texts and rules and open the link; refused while something is missing."""
        return self.done(launch_study, study_id)


class StudyPause(StudyAct):
    """Pausing a study."""

    @extend_schema(operation_id="studies_pause", request=None, responses=StudyOut)
    def post(self, request: Request, project_slug: str, study_id: UUID) -> Response:
        """Let nobody new begin for now."""
        return self.done(pause_study, study_id)


class StudyResume(StudyAct):
    """Going on with a study."""

    @extend_schema(operation_id="studies_resume", request=None, responses=StudyOut)
    def post(self, request: Request, project_slug: str, study_id: UUID) -> Response:
        """Let new people begin again."""
        return self.done(resume_study, study_id)


class StudyClose(StudyAct):
    """Closing a study."""

    @extend_schema(operation_id="studies_close", request=None, responses=StudyOut)
    def post(self, request: Request, project_slug: str, study_id: UUID) -> Response:
        """Let nobody new begin any more; those who have begun may finish."""
        return self.done(close_study, study_id)


class ExtensionIn(serializers.Serializer[Any]):
    """Another number of participants than declared, and why."""

    participants = serializers.IntegerField(min_value=1, max_value=MOST_PARTICIPANTS)
    why = serializers.CharField(max_length=LONGEST_REASON)


class StudyExtend(StudyAct):
    """Asking for more or fewer participants."""

    @extend_schema(operation_id="studies_extend", request=ExtensionIn, responses=StudyOut)
    def post(self, request: Request, project_slug: str, study_id: UUID) -> Response:
        """Change the number of participants of a running study; it is logged as a deviation."""
        study = study_of(self.access, study_id)
        given = ExtensionIn(data=request.data)
        given.is_valid(raise_exception=True)
        extend_study(study=study, actor=self.person, **given.validated_data)
        return Response(StudyOut(study_of(self.access, study_id)).data)


class PeopleDeletedOut(serializers.Serializer[Any]):
    """How many people went, with all their answers."""

    n_deleted = serializers.IntegerField()


class StudyPilot(StudyAct):
    """Trying the analysis on made-up people."""

    @kept
    @extend_schema(operation_id="studies_pilot", request=None, responses={202: JobOut})
    def post(self, request: Request, project_slug: str, study_id: UUID) -> Response:
        """Simulate participants over the draft and have the figures computed from them; an earlier pilot goes."""
        study = study_of(self.access, study_id)

        def run() -> Response:
            run_pilot(study=study, actor=self.person)
            return asked(ask_for_results(study=study, actor=self.person))

        return once(request, run)


class StudyPilotDelete(StudyAct):
    """Deleting made-up people."""

    serializer_class = PeopleDeletedOut

    @extend_schema(operation_id="studies_pilot_delete", request=None, responses=PeopleDeletedOut)
    def post(self, request: Request, project_slug: str, study_id: UUID) -> Response:
        """Delete the simulated participants and what was computed from them."""
        count = delete_pilot(study=study_of(self.access, study_id), actor=self.person)
        return Response({"n_deleted": count})


class TestRunOut(serializers.Serializer[Any]):
    """The link of a test run, told once; it counts nowhere."""

    link = serializers.CharField(allow_null=True, help_text="Null where the request is sent again.")


class StudyTests(StudyAct):
    """Going through a study as a test run."""

    serializer_class = TestRunOut

    @kept
    @extend_schema(operation_id="studies_tests_create", request=None, responses={201: TestRunOut})
    def post(self, request: Request, project_slug: str, study_id: UUID) -> Response:
        """Make a link with which somebody goes through the study without an account."""
        study = study_of(self.access, study_id)

        def begun() -> Response:
            secret = begin_test_run(study=study, actor=self.person)
            link = personal_address(request, study, secret)
            return Response({"link": link}, status=201, headers={"Cache-Control": "no-store"})

        return once(request, begun, secret_fields=("link",))


class StudyTestsDelete(StudyAct):
    """Deleting test runs."""

    serializer_class = PeopleDeletedOut

    @extend_schema(operation_id="studies_tests_delete", request=None, responses=PeopleDeletedOut)
    def post(self, request: Request, project_slug: str, study_id: UUID) -> Response:
        """Delete all test runs with their answers."""
        count = delete_test_runs(study=study_of(self.access, study_id), actor=self.person)
        return Response({"n_deleted": count})
