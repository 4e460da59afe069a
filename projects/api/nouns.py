"""Projects and jobs through the API."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from projects.access import job_in_hand, job_of, projects_of
from projects.api.door import ApiView, ProjectApiView
from projects.api.once import kept, once
from projects.asking import ask_for_job, askable_kinds
from projects.models import Job, JobChunk, JobFailure, Project, Role
from projects.models.jobs import JobState
from projects.queue import cancel_job, retry_job

SEES_JOBS = (Role.HEAD, Role.RESEARCHER, Role.ADMIN)


class ProjectOut(serializers.Serializer[Project]):
    """A project, and what the person of the token is in it."""

    id = serializers.UUIDField(source="public_id")
    slug = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    is_demo = serializers.BooleanField()
    judged_target = serializers.IntegerField()
    good_target = serializers.IntegerField()
    shown_at_once = serializers.IntegerField(allow_null=True, help_text="Captions of an image; null for all.")
    created_at = serializers.DateTimeField()


class ProjectList(ApiView):
    """The projects that the token reaches."""

    serializer_class = ProjectOut

    def get_queryset(self) -> QuerySet[Project]:
        """Return the token's project, while its person works in it."""
        mine = projects_of(self.person).values("project")
        return Project.objects.filter(pk__in=mine, pk=self.token.project_id)

    @extend_schema(operation_id="projects_list")
    def get(self, request: Request) -> Response:
        """List the project that this token is for."""
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class ProjectDetail(ProjectApiView):
    """One project."""

    serializer_class = ProjectOut

    @extend_schema(operation_id="projects_retrieve")
    def get(self, request: Request, project_slug: str) -> Response:
        """Return the project."""
        return Response(self.get_serializer(self.access.project).data)


class JobOut(serializers.Serializer[Job]):
    """A job: how far it is and what it came to; `result` depends on the kind."""

    id = serializers.UUIDField(source="public_id")
    kind = serializers.CharField()
    state = serializers.ChoiceField(choices=JobState.choices)
    items_total = serializers.IntegerField()
    items_done = serializers.IntegerField()
    items_failed = serializers.IntegerField()
    error = serializers.CharField(allow_blank=True)
    parameters = serializers.DictField()
    seed = serializers.IntegerField()
    result = serializers.DictField()
    asked_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)


class JobIn(serializers.Serializer[Any]):
    """A kind of job with its parameters; those left out have their defaults."""

    kind = serializers.CharField(max_length=60, help_text="One of job-kinds/.")
    parameters = serializers.DictField(
        required=False, help_text="Words, numbers, yes or no, or lists of these; docs/algorithms/jobs.md."
    )
    seed = serializers.IntegerField(
        required=False, min_value=0, max_value=2**53, help_text="That of the project where none is given."
    )


class JobQuery(serializers.Serializer[Any]):
    """Which jobs."""

    kind = serializers.CharField(required=False, max_length=60)
    state = serializers.ChoiceField(choices=JobState.choices, required=False)


class JobList(ProjectApiView):
    """The jobs of the project, newest first."""

    serializer_class = JobOut
    read_rule = write_rule = SEES_JOBS
    query = JobQuery

    @extend_schema(operation_id="jobs_list", parameters=[JobQuery])
    def get(self, request: Request, project_slug: str) -> Response:
        """List the jobs."""
        page = self.paginate_queryset(Job.objects.filter(project=self.access.project, **self.asked()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @kept
    @extend_schema(operation_id="jobs_create", request=JobIn, responses={202: JobOut})
    def post(self, request: Request, project_slug: str) -> Response:
        """Ask for a job by its kind and parameters; while one with the same ones is active, it is that one."""
        given = JobIn(data=request.data)
        given.is_valid(raise_exception=True)
        values = {"parameters": {}, **given.validated_data}
        return once(request, lambda: asked(ask_for_job(access=self.access, **values)))


class JobKindOut(serializers.Serializer[Any]):
    """A kind of job, the workers that do it, and whether the person of the token may ask for it."""

    kind = serializers.CharField(source="name")
    title = serializers.CharField()
    queue = serializers.CharField()
    may_ask = serializers.SerializerMethodField()

    def get_may_ask(self, kind: Any) -> bool:
        """Say whether the role of the person fits."""
        return bool(self.context["view"].access.may_act_as(*kind.roles))


class JobKindsOut(serializers.Serializer[Any]):
    """All kinds that are asked for by parameters alone."""

    kinds = JobKindOut(many=True)


class JobKindList(ProjectApiView):
    """The kinds of job; imports, releases and results of studies have addresses of their own."""

    serializer_class = JobKindsOut
    read_rule = SEES_JOBS

    @extend_schema(operation_id="job_kinds")
    def get(self, request: Request, project_slug: str) -> Response:
        """Return the kinds."""
        return Response(self.get_serializer({"kinds": askable_kinds()}).data)


class JobDetail(ProjectApiView):
    """One job; ask again until its state is done, failed or cancelled."""

    serializer_class = JobOut
    read_rule = SEES_JOBS

    @extend_schema(operation_id="jobs_retrieve")
    def get(self, request: Request, project_slug: str, job_id: UUID) -> Response:
        """Return the job."""
        return Response(self.get_serializer(job_of(self.access, job_id)).data)


class FailureOut(serializers.Serializer[JobFailure]):
    """Something that a job left out, with the reason."""

    item = serializers.CharField()
    reason = serializers.CharField()


class JobLeftOut(ProjectApiView):
    """What a job left out, in the order it was met."""

    serializer_class = FailureOut
    read_rule = SEES_JOBS
    oldest_first = True

    @extend_schema(operation_id="jobs_left_out_list")
    def get(self, request: Request, project_slug: str, job_id: UUID) -> Response:
        """List what was left out."""
        page = self.paginate_queryset(JobFailure.objects.filter(job=job_of(self.access, job_id)))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class PartOut(serializers.Serializer[JobChunk]):
    """A part of a job that one worker does at a time; a later phase waits for the earlier ones."""

    position = serializers.IntegerField()
    phase = serializers.IntegerField()
    state = serializers.ChoiceField(choices=JobState.choices)
    n_items = serializers.SerializerMethodField()
    attempts = serializers.IntegerField()
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)

    def get_n_items(self, part: JobChunk) -> int:
        """Return how many items it holds."""
        return len(part.items)


class JobLog(ProjectApiView):
    """What a job did so far, part by part."""

    serializer_class = PartOut
    read_rule = SEES_JOBS
    oldest_first = True

    @extend_schema(operation_id="jobs_log_list")
    def get(self, request: Request, project_slug: str, job_id: UUID) -> Response:
        """List the parts in their order."""
        page = self.paginate_queryset(JobChunk.objects.filter(job=job_of(self.access, job_id)))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class JobCancel(ProjectApiView):
    """Stopping a job: one's own, or any for an admin."""

    serializer_class = JobOut
    read_rule = write_rule = SEES_JOBS

    @extend_schema(operation_id="jobs_cancel", request=None, responses=JobOut)
    def post(self, request: Request, project_slug: str, job_id: UUID) -> Response:
        """Stop the job."""
        job = job_in_hand(self.access, job_id)
        cancel_job(job=job, actor=self.person)
        job.refresh_from_db()
        return Response(self.get_serializer(job).data)


class JobRetry(ProjectApiView):
    """Asking for the same work again after it failed or was stopped."""

    serializer_class = JobOut
    read_rule = write_rule = SEES_JOBS

    @kept
    @extend_schema(operation_id="jobs_retry", request=None, responses={202: JobOut})
    def post(self, request: Request, project_slug: str, job_id: UUID) -> Response:
        """Ask again."""
        job = job_in_hand(self.access, job_id)
        return once(request, lambda: asked(retry_job(job=job, actor=self.person)))


def asked(job: Job) -> Response:
    """Answer with a job that was asked for: 202, and the row to follow."""
    return Response(JobOut(job).data, status=202)
