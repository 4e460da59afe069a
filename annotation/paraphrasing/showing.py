"""What the page of paraphrases shows: where captions would go, how many wait, and what each job brought."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Count, QuerySet

from annotation.models import Caption
from annotation.paraphrasing.asking import KIND, PRESETS
from annotation.paraphrasing.collecting import n_good_edits, versions_to_ask_for
from annotation.paraphrasing.endpoint import configured_endpoint
from polyannot.kernel.errors import Conflict
from projects.models import Job, Project
from projects.models.jobs import ACTIVE_STATES, JobState


@dataclass(frozen=True, slots=True)
class ShownEndpoint:
    """Where the captions of a job would be sent, or why none can be asked for (`trouble`)."""

    host: str = ""
    model: str = ""
    per_minute: int = 0
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many good captions a preset would ask for by its defaults: those with fewer than `enough` candidates."""

    preset: str
    n: int
    enough: int


@dataclass(frozen=True, slots=True)
class ShownJob:
    """A job that asked, and how many candidates it brought that stand in the project."""

    job: Job
    n_candidates: int


def shown_endpoint() -> ShownEndpoint:
    """Return the endpoint of the settings, never its key."""
    try:
        endpoint = configured_endpoint()
    except Conflict as error:
        return ShownEndpoint(trouble=str(error.message))
    return ShownEndpoint(endpoint.host, settings.PARAPHRASE_MODEL, endpoint.per_minute)


def waiting_captions(project: Project) -> tuple[Sequence[Waiting], int]:
    """Return what each preset would ask for now, and how many good edits no job asks for."""
    found = []
    for name, preset in PRESETS.items():
        enough = preset.runs * len(preset.prompts)
        found.append(Waiting(name, len(versions_to_ask_for(project, enough)), enough))
    return found, n_good_edits(project)


def active_job(project: Project) -> Job | None:
    """Return the job that asks now, or failed last."""
    job = jobs_of(project).first()
    return job if job is not None and job.state in {*ACTIVE_STATES, JobState.FAILED} else None


def jobs_of(project: Project) -> QuerySet[Job]:
    """Return the jobs that asked for paraphrases, the newest first."""
    return Job.objects.filter(project=project, kind=KIND).order_by("-pk")


def shown_jobs(project: Project, jobs: Sequence[Job]) -> list[ShownJob]:
    """Return jobs with what they brought."""
    brought = dict(
        Caption.objects.filter(project=project, imported_by__in=[job.pk for job in jobs])
        .order_by()
        .values_list("imported_by")
        .annotate(n=Count("pk"))
    )
    return [ShownJob(job, brought.get(job.pk, 0)) for job in jobs]
